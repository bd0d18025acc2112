//! Requests over the network.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use cambist::outside::OutsideFailure;
use reqwest::{
    Client,
    dns::{Addrs, Name, Resolve, Resolving},
    header::{ACCEPT, AUTHORIZATION, HeaderValue},
    redirect,
};
use rustls_platform_verifier::BuilderVerifierExt as _;

use crate::{
    Fetch, FetchFuture, FetchRequest, Fetched, Target,
    target::{is_localhost, may_lead_to},
};

/// Fetches over HTTPS, from public addresses only.
#[derive(Clone, Debug)]
pub struct HttpFetch {
    client: Client,
    loopback: bool,
}

/// Why nothing can be fetched at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HttpFetchError {
    /// Transport security cannot be set up.
    #[error("transport security: {0}")]
    Tls(#[from] rustls::Error),
    /// The client cannot be made.
    #[error("client: {0}")]
    Client(#[from] reqwest::Error),
}

impl HttpFetch {
    /// A client with the machine's trusted certificates. `loopback`: whether loopback may be asked, over
    /// plain HTTP too; `timeout`: for a whole answer.
    ///
    /// # Errors
    ///
    /// [`HttpFetchError`].
    pub fn new(loopback: bool, timeout: Duration) -> Result<Self, HttpFetchError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_platform_verifier()?
            .with_no_client_auth();
        let client = Client::builder()
            .tls_backend_preconfigured(tls)
            .https_only(!loopback)
            .redirect(redirect::Policy::none())
            .no_proxy()
            .referer(false)
            .connect_timeout(timeout)
            .timeout(timeout)
            .pool_max_idle_per_host(4)
            .user_agent(concat!("cambist/", env!("CARGO_PKG_VERSION")))
            .dns_resolver(GuardedResolver { loopback })
            .build()?;
        Ok(Self { client, loopback })
    }

    async fn get(&self, request: FetchRequest) -> Result<Fetched, OutsideFailure> {
        let target = Target::parse(&request.url, self.loopback).map_err(|reason| {
            tracing::warn!(url = %request.url, %reason, "an address may not be asked");
            OutsideFailure::Forbidden
        })?;
        let mut get = self
            .client
            .get(target.url().clone())
            .header(ACCEPT, request.accept);
        if let Some(bearer) = &request.bearer {
            let value = HeaderValue::from_str(&format!("Bearer {}", bearer.expose()));
            // A token that is no header value is no token of anybody.
            let mut value = value.map_err(|_| OutsideFailure::Unusable)?;
            value.set_sensitive(true);
            get = get.header(AUTHORIZATION, value);
        }
        let mut response = get.send().await.map_err(|error| {
            let forbidden = is_forbidden(&error);
            // The address of the error may carry what the configuration has in its query.
            let error = error.without_url();
            tracing::warn!(host = target.url().host_str(), %error, "cannot ask");
            match forbidden {
                true => OutsideFailure::Forbidden,
                false => OutsideFailure::Unreachable,
            }
        })?;
        let status = response.status().as_u16();
        let limit = request.limit;
        if response
            .content_length()
            .is_some_and(|length| usize::try_from(length).map_or(true, |length| length > limit))
        {
            return Err(OutsideFailure::TooLong);
        }
        let mut body = Vec::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|_| OutsideFailure::Unreachable)?
        {
            if body.len().saturating_add(chunk.len()) > limit {
                return Err(OutsideFailure::TooLong);
            }
            body.extend_from_slice(&chunk);
        }
        let body = String::from_utf8(body).map_err(|_| OutsideFailure::Unusable)?;
        Ok(Fetched { status, body })
    }
}

impl Fetch for HttpFetch {
    fn fetch(&self, request: FetchRequest) -> FetchFuture<'_> {
        Box::pin(self.get(request))
    }
}

/// Resolves a host name and hands on only what may be connected to; the connection is made to one of these
/// and the name is not asked again.
#[derive(Clone, Copy, Debug)]
struct GuardedResolver {
    loopback: bool,
}

/// A host name that leads to no address that may be asked.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the host has no address that may be asked")]
struct NoPublicAddress;

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let loopback = self.loopback;
        Box::pin(async move {
            let host = name.as_str();
            if is_localhost(host) && !loopback {
                return Err(NoPublicAddress.into());
            }
            let found: Vec<SocketAddr> = tokio::net::lookup_host((host, 0))
                .await?
                .filter(|found| may_lead_to(host, found.ip(), loopback))
                .collect();
            if found.is_empty() {
                return Err(NoPublicAddress.into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

fn is_forbidden(error: &reqwest::Error) -> bool {
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        if error.is::<NoPublicAddress>() {
            return true;
        }
        cause = error.source();
    }
    false
}
