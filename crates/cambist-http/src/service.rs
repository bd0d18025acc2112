//! The service: everything that the endpoints share, and the way from a path to an endpoint.

use std::{
    fmt,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use cambist::{
    crypto::{CryptoProvider, Entropy},
    engine::Engine,
    moment::Moment,
    outside::{IssuerKeys, Outside, OutsideNeeded},
    realm::Realm,
};
use cambist_store::Store;
use http::{Method, StatusCode, request::Parts};

use crate::{
    AskNobody, AskOutside, BaseUrl, BaseUrls, Observer, SignInPlace, Silent, TokenSigner, cors,
    endpoints::{
        authzen, certs, discovery, introspection, logout, realm_facts, revocation, token, userinfo,
    },
    head::Head,
    headers,
    paths::{Place, Route, issuer},
    respond,
};

/// A whole answer.
pub type Response = http::Response<Bytes>;

/// The realms that are served, as snapshots.
pub trait Realms: Send + Sync + fmt::Debug {
    /// The snapshot in force of the realm of this name. Letter case counts. Must not block.
    fn realm(&self, name: &str) -> Option<Arc<Realm>>;
}

/// Where randomness comes from: one source a request.
pub trait EntropySource: Send + Sync {
    /// A source for one request.
    fn entropy(&self) -> Box<dyn Entropy + Send>;
}

impl<E: Entropy + Send + 'static, F: Fn() -> E + Send + Sync> EntropySource for F {
    fn entropy(&self) -> Box<dyn Entropy + Send> {
        Box::new(self())
    }
}

/// Where time comes from.
pub trait Clock: Send + Sync {
    /// The instant at which a request is judged.
    fn moment(&self) -> Moment;
}

impl<F: Fn() -> Moment + Send + Sync> Clock for F {
    fn moment(&self) -> Moment {
        self()
    }
}

/// The clock of the machine, in UTC. A clock before 1970 counts as 1970.
pub(crate) fn system_clock() -> Moment {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Moment::utc(i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}

/// The endpoints over one store and one set of realms. Cheap to clone.
#[derive(Clone)]
pub struct Service(Arc<Shared>);

struct Shared {
    engine: Engine,
    store: Arc<dyn Store>,
    realms: Arc<dyn Realms>,
    bases: BaseUrls,
    entropy: Arc<dyn EntropySource>,
    clock: Arc<dyn Clock>,
    signer: Arc<dyn TokenSigner>,
    observer: Arc<dyn Observer>,
    outbound: Arc<dyn AskOutside>,
}

/// Builds a [`Service`].
pub struct ServiceBuilder(Shared);

impl ServiceBuilder {
    /// Where time comes from. Default: the clock of the machine, in UTC.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.0.clock = Arc::new(clock);
        self
    }

    /// Where signatures are made. Default: [`SignInPlace`].
    #[must_use]
    pub fn signer(mut self, signer: impl TokenSigner + 'static) -> Self {
        self.0.signer = Arc::new(signer);
        self
    }

    /// Who hears of token requests. Default: nobody.
    #[must_use]
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.0.observer = Arc::new(observer);
        self
    }

    /// Who asks other servers. Default: [`AskNobody`].
    #[must_use]
    pub fn outbound(mut self, outbound: impl AskOutside + 'static) -> Self {
        self.0.outbound = Arc::new(outbound);
        self
    }

    /// The service.
    #[must_use]
    pub fn build(self) -> Service {
        Service(Arc::new(self.0))
    }
}

impl Service {
    /// A builder with the machine's clock, signing in place, and no observer.
    pub fn builder(
        engine: Engine,
        store: Arc<dyn Store>,
        realms: Arc<dyn Realms>,
        bases: BaseUrls,
        entropy: impl EntropySource + 'static,
    ) -> ServiceBuilder {
        ServiceBuilder(Shared {
            engine,
            store,
            realms,
            bases,
            entropy: Arc::new(entropy),
            clock: Arc::new(system_clock),
            signer: Arc::new(SignInPlace),
            observer: Arc::new(Silent),
            outbound: Arc::new(AskNobody),
        })
    }

    /// Answers a request under Keycloak's `/realms` paths; whatever else the path is, with 404.
    ///
    /// The body must be whole and at most [`MAX_BODY_BYTES`](crate::MAX_BODY_BYTES) long; for a longer one
    /// see [`Service::body_too_large`]. A [`Peer`](crate::Peer) among the request's extensions says where it
    /// came from.
    pub async fn handle(&self, request: &Parts, body: &[u8]) -> Response {
        let mut response = self.route(request, body).await;
        headers::secure(&mut response);
        if headers::is_chunked(request) {
            headers::close(&mut response);
        }
        response
    }

    /// The answer to a body that is too long to be read.
    #[must_use]
    pub fn body_too_large(&self) -> Response {
        let mut response = respond::too_large();
        headers::secure(&mut response);
        response
    }

    async fn route(&self, request: &Parts, body: &[u8]) -> Response {
        let (name, place) = match Route::of(request.uri.path()) {
            Route::Realm { name, place } => (name, place),
            Route::NotNormalized => {
                return respond::error(
                    StatusCode::BAD_REQUEST,
                    "missingNormalization",
                    Some("Request path not normalized"),
                );
            }
            Route::Nothing => return respond::not_found(),
        };
        let Some(realm) = self.realms().realm(&name) else {
            return respond::no_such_realm();
        };
        let mut call = Call::new(self, request, body, realm);
        if place.is_for_clients() && request.method == Method::POST {
            call.fetch_client_keys().await;
        }
        match place {
            Place::Facts => call.read_only(realm_facts::realm_facts),
            Place::WellKnown(document) => {
                if discovery::NAMES.contains(&document) {
                    call.read_only(discovery::discovery)
                } else if document == authzen::NAME && authzen::is_on(&call.realm) {
                    call.read_only(authzen::discovery)
                } else {
                    respond::not_found()
                }
            }
            Place::Certs => call.read_only(certs::certs),
            Place::Token => match request.method {
                Method::POST => token::token(&call).await,
                Method::OPTIONS => cors::preflight(&request.headers, "POST, OPTIONS"),
                _ => respond::method_not_allowed(),
            },
            Place::Introspection => match request.method {
                Method::POST => introspection::introspection(&call).await,
                Method::OPTIONS => cors::preflight(&request.headers, "POST, OPTIONS"),
                _ => respond::method_not_allowed(),
            },
            Place::Revocation => match request.method {
                Method::POST => revocation::revocation(&call).await,
                Method::OPTIONS => cors::preflight(&request.headers, "POST, OPTIONS"),
                _ => respond::method_not_allowed(),
            },
            Place::Logout => match request.method {
                Method::POST => logout::logout(&call).await,
                Method::OPTIONS => cors::preflight(&request.headers, "POST, OPTIONS"),
                _ => respond::method_not_allowed(),
            },
            Place::UserInfo => match request.method {
                Method::GET | Method::HEAD | Method::POST => userinfo::userinfo(&call).await,
                Method::OPTIONS => cors::preflight(&request.headers, "GET, HEAD, OPTIONS"),
                _ => respond::method_not_allowed(),
            },
            Place::UnknownEndpoint => match request.method {
                Method::OPTIONS => cors::preflight(&request.headers, "GET, HEAD, OPTIONS"),
                _ => respond::method_not_allowed(),
            },
            Place::UnknownProtocol => {
                respond::error(StatusCode::NOT_FOUND, "Protocol not found", None)
            }
            Place::Nothing => respond::not_found(),
        }
    }

    /// The engine.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.0.engine
    }

    /// The crypto provider.
    #[must_use]
    pub fn provider(&self) -> Arc<dyn CryptoProvider> {
        self.0.engine.provider()
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> &dyn Store {
        &*self.0.store
    }

    /// The realms.
    #[must_use]
    pub fn realms(&self) -> &dyn Realms {
        &*self.0.realms
    }

    /// The addresses that the server answers under.
    #[must_use]
    pub fn bases(&self) -> &BaseUrls {
        &self.0.bases
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.0.clock
    }

    pub(crate) fn entropy(&self) -> Box<dyn Entropy + Send> {
        self.0.entropy.entropy()
    }

    pub(crate) fn signer(&self) -> &dyn TokenSigner {
        &*self.0.signer
    }

    pub(crate) fn outbound(&self) -> &dyn AskOutside {
        &*self.0.outbound
    }

    pub(crate) fn observer(&self) -> &dyn Observer {
        &*self.0.observer
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service")
            .field("bases", self.bases())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for ServiceBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceBuilder")
            .field("bases", &self.0.bases)
            .finish_non_exhaustive()
    }
}

/// One request to one realm.
pub(crate) struct Call<'r> {
    pub(crate) service: &'r Service,
    pub(crate) request: &'r Parts,
    pub(crate) body: &'r [u8],
    pub(crate) realm: Arc<Realm>,
    pub(crate) base: &'r BaseUrl,
    pub(crate) issuer: String,
    /// What the client that asks publishes, where it proves itself by that.
    pub(crate) client_keys: Option<Arc<IssuerKeys>>,
}

impl<'r> Call<'r> {
    fn new(service: &'r Service, request: &'r Parts, body: &'r [u8], realm: Arc<Realm>) -> Self {
        let base = service.bases().of(request);
        let issuer = issuer(base.as_str(), realm.name());
        Self {
            service,
            request,
            body,
            realm,
            base,
            issuer,
            client_keys: None,
        }
    }

    /// Brings the keys that the client has registered an address for. Where none come it is not believed.
    async fn fetch_client_keys(&mut self) {
        let needed = self.service.engine().client_keys_needed(
            &self.realm,
            &Head::of(self).envelope(),
            self.body,
        );
        let Some(needed) = needed.map(OutsideNeeded::Keys) else {
            return;
        };
        if let Outside::Keys(keys) = self.service.outbound().ask(&needed).await {
            self.client_keys = Some(keys);
        }
    }

    /// Answers `GET` and `HEAD` with a public document, and `OPTIONS`; every origin may read it.
    fn read_only(&self, document: fn(&Self) -> Response) -> Response {
        match self.request.method {
            Method::GET | Method::HEAD => {
                let mut response = document(self);
                cors::open(&mut response, &self.request.headers);
                response
            }
            Method::OPTIONS => cors::preflight(&self.request.headers, "GET, HEAD, OPTIONS"),
            _ => respond::method_not_allowed(),
        }
    }
}
