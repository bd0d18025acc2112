//! The server: what is opened, in which order, and how it ends.

use std::{
    fs, io,
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use cambist::{crypto::CryptoProvider, engine::Engine, moment::Timestamp};
use cambist_admin::{Admin, AdminAuthenticator, AdminParts, RegistryError};
use cambist_http::{BaseUrl, BaseUrlError, BaseUrls, Service};
use cambist_outbound::{HttpFetchError, Outbound, OutboundOptions};
use cambist_ring::{RingProvider, SystemEntropy};
use cambist_store::{MemoryStore, OpenError, SqliteStore, Store, passwords::PasswordVerifier};
use tokio::{net::TcpListener, task::JoinHandle, time::interval};

use crate::{
    BootstrapError, LoadError, Registry,
    admin_access::AdminAccess,
    app::{App, ManagementHandler},
    bootstrap::bootstrap,
    config::{OutboundAllowance, Settings, StoreChoice},
    listener::{Access as ListenerAccess, Listener},
    loading,
    management::{Management, StoreHandle},
    metrics::{Metrics, TokenRequests},
    outbound::AskByNetwork,
    signing::OffReactor,
    tls::TlsError,
};

const SWEEP_EVERY: Duration = Duration::from_secs(60);

/// A running server.
#[derive(Debug)]
pub struct Server {
    service: Service,
    registry: Arc<Registry>,
    management: Arc<Management>,
    listener: Listener,
    management_listener: Option<Listener>,
    sweeper: JoinHandle<()>,
}

/// Why a server did not start. Nothing is served then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The directory of the store cannot be made.
    #[error("data directory {path}")]
    DataDirectory {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The store cannot be opened.
    #[error("store: {0}")]
    Store(#[from] OpenError),
    /// A stored realm cannot be brought in force.
    #[error("stored realms: {0}")]
    Realms(RegistryError),
    /// Realm master cannot be made.
    #[error(transparent)]
    Bootstrap(#[from] BootstrapError),
    /// A realm file cannot be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// An address cannot be bound.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// A base address cannot be formed.
    #[error(transparent)]
    BaseUrl(#[from] BaseUrlError),
    /// Other servers cannot be asked.
    #[error("outbound: {0}")]
    Outbound(#[from] HttpFetchError),
    /// Metrics cannot be set up.
    #[error("metrics: {0}")]
    Metrics(#[from] metrics_exporter_prometheus::BuildError),
    /// TLS cannot be set up.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// A worker died.
    #[error("a worker died while the server started")]
    Worker,
}

impl Server {
    /// Opens the store, brings realms in force, binds the addresses and serves.
    ///
    /// # Errors
    ///
    /// [`StartError`].
    pub async fn start(settings: Settings) -> Result<Self, StartError> {
        let taken = settings.client_certificates;
        let tls = settings.tls.as_ref().map(|files| files.acceptor(taken));
        let reached = ListenerAccess {
            tls: tls.transpose()?,
            header: settings.client_cert_header.clone(),
            taken,
        };
        // Bound first: a port that is taken is told at once, and callers wait in the backlog meanwhile.
        let socket = bind(settings.listen).await?;
        let management_socket = match settings.management_listen {
            Some(address) => Some(bind(address).await?),
            None => None,
        };
        let address = local_address(&socket, settings.listen)?;
        let bases = if settings.base_urls.is_empty() {
            default_bases(address, settings.tls.is_some())?
        } else {
            BaseUrls::new(settings.base_urls)?
        };

        tracing::info!(store = %settings.store, "opening the store");
        let passwords = PasswordVerifier::new();
        let store = open(settings.store, passwords.clone()).await?;
        let provider: Arc<dyn CryptoProvider> = Arc::new(RingProvider);
        let registry = Registry::load(Arc::clone(&store), Arc::clone(&provider), settings.features)
            .await
            .map_err(StartError::Realms)?;
        let registry = Arc::new(registry);
        bootstrap(&registry, settings.bootstrap_admin.as_ref()).await?;
        for path in &settings.realms {
            loading::load(&registry, path).await?;
        }

        let allow_loopback = settings
            .outbound_allow
            .contains(&OutboundAllowance::Loopback);
        let outbound = Outbound::new(
            Arc::clone(&provider),
            OutboundOptions {
                allow_loopback,
                ..OutboundOptions::default()
            },
        )?;
        let metrics = Arc::new(Metrics::new()?);
        let service = Service::builder(
            Engine::builder(provider)
                .remember_signatures(settings.remember_signatures)
                .build(),
            Arc::clone(&store),
            Arc::clone(&registry) as Arc<dyn cambist_http::Realms>,
            bases.clone(),
            SystemEntropy::new,
        )
        .signer(OffReactor::new())
        .observer(TokenRequests(Arc::clone(&metrics)))
        .outbound(AskByNetwork(outbound))
        .build();
        let access = Arc::new(AdminAccess {
            registry: Arc::clone(&registry),
            store: Arc::clone(&store),
            bases: bases.clone(),
        });
        let app = App {
            service: service.clone(),
            admin: Admin::new(AdminParts {
                store: Arc::clone(&store),
                realms: Arc::clone(&registry) as Arc<dyn cambist_admin::RealmRegistry>,
                authenticator: Arc::clone(&access) as Arc<dyn AdminAuthenticator>,
                passwords,
                engine: service.engine().clone(),
                entropy: Box::new(SystemEntropy::new()),
            }),
            access,
            bases,
            metrics: Arc::clone(&metrics),
        };
        let management = Arc::new(Management {
            metrics,
            registry: Arc::clone(&registry),
            store: StoreHandle(Arc::clone(&store)),
            stopping: AtomicBool::new(false),
        });
        let serving = |address| move |source| StartError::Listen { address, source };
        let listener = Listener::serve(socket, reached, Arc::new(app)).map_err(serving(address))?;
        let management_listener = match management_socket {
            Some(socket) => {
                let handler = Arc::new(ManagementHandler(Arc::clone(&management)));
                Some(
                    Listener::serve(socket, ListenerAccess::default(), handler)
                        .map_err(serving(address))?,
                )
            }
            None => None,
        };
        Ok(Self {
            service,
            registry,
            management,
            listener,
            management_listener,
            sweeper: tokio::spawn(sweep(store)),
        })
    }

    /// The address that is served, with the port that was bound.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.listener.address()
    }

    /// The address of health and metrics.
    #[must_use]
    pub fn management_address(&self) -> Option<SocketAddr> {
        self.management_listener.as_ref().map(Listener::address)
    }

    /// The endpoints, to be called without a socket.
    #[must_use]
    pub fn service(&self) -> &Service {
        &self.service
    }

    /// The realms in force.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// The line that says that the server is ready, and where.
    #[must_use]
    pub fn ready_line(&self) -> String {
        let base = self.service.bases().first();
        let mut line = format!("cambist is ready on {} as {base}", self.address());
        if let Some(management) = self.management_address() {
            line.push_str(&format!(", health and metrics on {management}"));
        }
        line
    }

    /// Takes no new work, finishes what is in flight, and makes durable what was written behind.
    pub async fn stop(self) {
        self.management.stopping.store(true, Ordering::Relaxed);
        self.listener.stop().await;
        self.sweeper.abort();
        if let Err(error) = self.service.store().flush().await {
            tracing::error!(%error, "times of last use were not written");
        }
        if let Some(management) = self.management_listener {
            management.stop().await;
        }
    }
}

/// The time of the machine.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp(i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}

async fn bind(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address)
        .await
        .map_err(|source| StartError::Listen { address, source })
}

fn local_address(socket: &TcpListener, asked: SocketAddr) -> Result<SocketAddr, StartError> {
    socket.local_addr().map_err(|source| StartError::Listen {
        address: asked,
        source,
    })
}

/// The address served on, and on loopback `localhost` too. Who listens on every address must say under
/// which one the server is reached; until then it is reached from this machine only.
fn default_bases(address: SocketAddr, tls: bool) -> Result<BaseUrls, BaseUrlError> {
    let port = address.port();
    let scheme = if tls { "https" } else { "http" };
    let everywhere = address.ip().is_unspecified();
    if everywhere {
        tracing::warn!("listening on every address without a base-url: issuers name localhost");
    }
    let host = match address.ip() {
        IpAddr::V4(ip) if everywhere || ip.is_loopback() => "127.0.0.1".to_owned(),
        IpAddr::V6(ip) if everywhere || ip.is_loopback() => "[::1]".to_owned(),
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    };
    let mut bases = vec![BaseUrl::parse(&format!("{scheme}://{host}:{port}"))?];
    if everywhere || address.ip().is_loopback() {
        bases.push(BaseUrl::parse(&format!("{scheme}://localhost:{port}"))?);
    }
    BaseUrls::new(bases)
}

async fn open(
    choice: StoreChoice,
    passwords: PasswordVerifier,
) -> Result<Arc<dyn Store>, StartError> {
    let path = match choice {
        StoreChoice::Memory => return Ok(Arc::new(MemoryStore::with_passwords(passwords))),
        StoreChoice::Sqlite(path) => path,
    };
    if let Some(directory) = path.parent().filter(|path| !path.as_os_str().is_empty()) {
        make_private(directory).map_err(|source| StartError::DataDirectory {
            path: directory.to_owned(),
            source,
        })?;
    }
    let opened = tokio::task::spawn_blocking(move || {
        cambist_store::SqliteOptions::new(path)
            .passwords(passwords)
            .open()
    })
    .await
    .map_err(|_| StartError::Worker)?;
    let store: SqliteStore = opened?;
    Ok(Arc::new(store))
}

/// Until when things may be forgotten. What was swept does not come back when a clock that ran ahead is put right, so the
/// time that has passed since the start bounds what the clock of the machine says.
fn swept_until(began: Timestamp, elapsed: Duration, clock: Timestamp) -> Timestamp {
    let elapsed = i64::try_from(elapsed.as_secs()).unwrap_or(i64::MAX);
    clock.min(began.after(elapsed))
}

/// Private keys are kept there, so a directory that we make is ours alone.
fn make_private(directory: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
}

async fn sweep(store: Arc<dyn Store>) {
    let (began, since) = (now(), Instant::now());
    let mut ticks = interval(SWEEP_EVERY);
    ticks.tick().await;
    loop {
        ticks.tick().await;
        match store
            .sweep(swept_until(began, since.elapsed(), now()))
            .await
        {
            Ok(swept) => tracing::debug!(?swept, "swept"),
            Err(error) => tracing::error!(%error, "cannot sweep"),
        }
    }
}

#[cfg(test)]
mod tests {
    use cambist::{
        effects::{Effect, SingleUse},
        realm::document::RealmDocument,
    };
    use cambist_store::{EffectSink as _, RealmSource as _, Upkeep as _};

    use super::*;

    const BEGAN: Timestamp = Timestamp(1_800_000_000);

    #[tokio::test]
    async fn t078_a_clock_that_runs_ahead_lets_nothing_be_forgotten() {
        let store = MemoryStore::new();
        let realm = RealmDocument::named("r");
        store.insert_realm(realm, Vec::new()).await.unwrap();
        let mark = [Effect::UseOnce {
            purpose: SingleUse::DpopProof,
            id: "one".into(),
            until: BEGAN.after(300),
        }];
        store.apply("r", &mark, BEGAN).await.unwrap();
        let day = BEGAN.after(86_400);
        let sweep = async |elapsed, clock| {
            let until = swept_until(BEGAN, Duration::from_secs(elapsed), clock);
            store.sweep(until).await.unwrap().single_use
        };
        // A day ahead after a minute, put right after two, gone back after three.
        assert_eq!(sweep(60, day).await, 0);
        assert_eq!(sweep(120, BEGAN.after(120)).await, 0);
        assert_eq!(sweep(180, BEGAN.after(-86_400)).await, 0);
        assert!(store.apply("r", &mark, BEGAN.after(200)).await.is_err());
        assert_eq!(sweep(360, BEGAN.after(360)).await, 1);
        // By the clock alone the first sweep would have taken it.
        store.apply("r", &mark, BEGAN).await.unwrap();
        assert_eq!(store.sweep(day).await.unwrap().single_use, 1);
    }
}
