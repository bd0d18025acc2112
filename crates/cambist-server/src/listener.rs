//! One listening socket: accepting, reading requests whole, answering, and an orderly end.

use std::{
    convert::Infallible, fmt, future::Future, io, net::SocketAddr, sync::Arc, time::Duration,
};

use bytes::Bytes;
use cambist::request::ClientCertificate;
use cambist_http::{OverTls, Peer, PeerCertificate};
use http::{Request, Response, StatusCode, request::Parts};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{
        conn::auto,
        graceful::{GracefulShutdown, Watcher},
    },
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    task::JoinHandle,
    time::{sleep, timeout},
};
use tokio_rustls::TlsAcceptor;

use crate::{
    certificate::{self, CertificateHeader},
    tls::ClientCertificates,
};

/// A caller who has not finished the TLS handshake in this time is hung up on.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(15);

/// A caller who has not sent a whole head in this time is hung up on.
const HEAD_TIMEOUT: Duration = Duration::from_secs(15);
/// A caller who has not sent a whole body in this time gets 408.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);
/// Open connections at once; further ones wait in the backlog.
const CONNECTIONS: usize = 8_192;
/// What is in flight may take this long when the server stops.
const GRACE: Duration = Duration::from_secs(30);

/// Answers requests.
pub(crate) trait Handler: Send + Sync + 'static {
    /// Bytes of body that are read at most for this head.
    fn body_limit(&self, head: &Parts) -> impl Future<Output = usize> + Send;

    /// Answers a request. The body is `None` when it is longer than the limit.
    fn answer(
        &self,
        head: Parts,
        body: Option<Bytes>,
    ) -> impl Future<Output = Response<Bytes>> + Send;
}

/// How callers reach a socket, beside TCP.
#[derive(Clone, Default)]
pub(crate) struct Access {
    /// Ends TLS.
    pub(crate) tls: Option<TlsAcceptor>,
    /// Where proxies hand client certificates over.
    pub(crate) header: Option<CertificateHeader>,
    /// Which client certificates are taken.
    pub(crate) taken: ClientCertificates,
}

impl Access {
    fn trusts(&self) -> bool {
        self.taken == ClientCertificates::Verified
    }
}

/// A socket that is being served.
pub(crate) struct Listener {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Listener {
    /// Serves the socket until [`stop`](Self::stop).
    pub(crate) fn serve(
        socket: TcpListener,
        access: Access,
        handler: Arc<impl Handler>,
    ) -> io::Result<Self> {
        let address = socket.local_addr()?;
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(accept(socket, access, handler, stopped));
        Ok(Self {
            address,
            stop,
            task,
        })
    }

    /// The address bound.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no further connection, finishes what is in flight, for half a minute at most.
    pub(crate) async fn stop(self) {
        self.stop.send_replace(true);
        // A task that died has nothing left to finish.
        let _ = self.task.await;
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

async fn accept(
    socket: TcpListener,
    access: Access,
    handler: Arc<impl Handler>,
    mut stopped: watch::Receiver<bool>,
) {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(256);
    let connections = Arc::new(Semaphore::new(CONNECTIONS));
    let graceful = GracefulShutdown::new();
    loop {
        let permit = tokio::select! {
            permit = Arc::clone(&connections).acquire_owned() => permit,
            _ = stopped.changed() => break,
        };
        let Ok(permit) = permit else { break };
        let (stream, peer) = tokio::select! {
            accepted = socket.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of file descriptors, mostly: what is open must end first.
                    tracing::warn!(%error, "cannot accept");
                    sleep(Duration::from_millis(100)).await;
                    continue;
                }
            },
            _ = stopped.changed() => break,
        };
        // Answers are small and whole: waiting for more to send would only delay them.
        let _ = stream.set_nodelay(true);
        let line = Line {
            builder: builder.clone(),
            handler: Arc::clone(&handler),
            access: access.clone(),
            peer,
            certificate: None,
        };
        let watcher = graceful.watcher();
        tokio::spawn(async move {
            let _permit = permit;
            line.open(stream, watcher).await;
        });
    }
    drop(socket);
    if timeout(GRACE, graceful.shutdown()).await.is_err() {
        tracing::warn!(
            "requests were still in flight after {} seconds",
            GRACE.as_secs()
        );
    }
}

/// One connection.
struct Line<H> {
    builder: auto::Builder<TokioExecutor>,
    handler: Arc<H>,
    access: Access,
    peer: SocketAddr,
    /// What the caller showed in the handshake.
    certificate: Option<Arc<ClientCertificate>>,
}

impl<H: Handler> Line<H> {
    async fn open(mut self, stream: TcpStream, watcher: Watcher) {
        let Some(acceptor) = self.access.tls.clone() else {
            return self.serve(stream, watcher).await;
        };
        let stream = match timeout(HANDSHAKE_TIMEOUT, acceptor.accept(stream)).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => {
                tracing::debug!(%error, "no handshake");
                return;
            }
            Err(_) => return,
        };
        let shown = stream.get_ref().1.peer_certificates();
        if let Some(first) = shown.and_then(<[_]>::first) {
            match certificate::read(first, self.access.trusts()) {
                Ok(read) => self.certificate = Some(read),
                Err(error) => {
                    tracing::debug!(%error, "hung up");
                    return;
                }
            }
        }
        self.serve(stream, watcher).await;
    }

    async fn serve<S>(self, stream: S, watcher: Watcher)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let builder = self.builder.clone();
        let line = Arc::new(self);
        let service = service_fn(move |request| {
            let line = Arc::clone(&line);
            async move { Ok::<_, Infallible>(line.answer(request).await) }
        });
        let connection = builder.serve_connection(TokioIo::new(stream), service);
        // A connection that breaks is the caller's business.
        if let Err(error) = watcher.watch(connection.into_owned()).await {
            tracing::debug!(%error, "connection ended");
        }
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (mut head, body) = request.into_parts();
        let Ok(certificate) = self.certificate_for(&head) else {
            return bare(StatusCode::BAD_REQUEST);
        };
        head.extensions.insert(Peer(self.peer));
        if self.access.tls.is_some() {
            head.extensions.insert(OverTls);
        }
        if let Some(certificate) = certificate {
            head.extensions.insert(PeerCertificate(certificate));
        }
        let limit = self.handler.body_limit(&head).await;
        let body = match timeout(BODY_TIMEOUT, Limited::new(body, limit).collect()).await {
            Ok(Ok(body)) => Some(body.to_bytes()),
            Ok(Err(error)) if error.is::<LengthLimitError>() => None,
            // The caller hung up, or took too long.
            Ok(Err(_)) => return bare(StatusCode::BAD_REQUEST),
            Err(_) => return bare(StatusCode::REQUEST_TIMEOUT),
        };
        self.handler.answer(head, body).await.map(Full::new)
    }

    /// That of a listed proxy's caller, else that of the connection.
    fn certificate_for(
        &self,
        head: &Parts,
    ) -> Result<Option<Arc<ClientCertificate>>, certificate::Unreadable> {
        let handed = match &self.access.header {
            Some(header) => header.read(&head.headers, self.peer.ip(), self.access.trusts())?,
            None => None,
        };
        Ok(handed.or_else(|| self.certificate.clone()))
    }
}

fn bare(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}
