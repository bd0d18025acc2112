//! What callers of the two addresses reach.

use std::{fmt, sync::Arc, time::Instant};

use bytes::Bytes;
use cambist_admin::{Admin, AdminAuthenticator as _, AdminRequest};
use cambist_http::{BaseUrls, MAX_BODY_BYTES, Service};
use http::{
    Response,
    header::{AUTHORIZATION, CONTENT_LENGTH},
    request::Parts,
};

use crate::{
    admin_access::AdminAccess,
    listener::Handler,
    management::Management,
    metrics::{Metrics, Surface},
    server::now,
};

/// Bytes of a body at the administration from a caller with a good token: whole realms come that way.
const MAX_ADMIN_BODY_BYTES: usize = 64 * 1_024 * 1_024;

/// What callers of the main address reach.
pub(crate) struct App {
    pub(crate) service: Service,
    pub(crate) admin: Admin,
    pub(crate) access: Arc<AdminAccess>,
    pub(crate) bases: BaseUrls,
    pub(crate) metrics: Arc<Metrics>,
}

impl App {
    fn surface(head: &Parts) -> Surface {
        let path = head.uri.path();
        let admin = path
            .strip_prefix("/admin")
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        if admin {
            Surface::Admin
        } else {
            Surface::Realms
        }
    }
}

impl Handler for App {
    /// Only an administrator may send a whole realm: nobody else fills the memory.
    async fn body_limit(&self, head: &Parts) -> usize {
        let Surface::Admin = Self::surface(head) else {
            return MAX_BODY_BYTES;
        };
        let length = head
            .headers
            .get(CONTENT_LENGTH)
            .and_then(|value| value.to_str().ok()?.parse().ok());
        if length.is_some_and(|length: usize| length <= MAX_BODY_BYTES) {
            return MAX_BODY_BYTES;
        }
        let bearer = head
            .headers
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok()?.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        let Some((_, token)) = bearer else {
            return MAX_BODY_BYTES;
        };
        match self.access.authenticate(token.trim()).await {
            Some(_) => MAX_ADMIN_BODY_BYTES,
            None => MAX_BODY_BYTES,
        }
    }

    async fn answer(&self, head: Parts, body: Option<Bytes>) -> Response<Bytes> {
        let began = Instant::now();
        let surface = Self::surface(&head);
        let response = match (surface, body) {
            (_, None) => self.service.body_too_large(),
            (Surface::Realms, Some(body)) => self.service.handle(&head, &body).await,
            (Surface::Admin, Some(body)) => {
                let base = self.bases.of(&head).to_string();
                let request = AdminRequest {
                    method: head.method,
                    path: head.uri.path().to_owned(),
                    query: head.uri.query().map(str::to_owned),
                    headers: head.headers,
                    body,
                    base,
                    now: now(),
                };
                let mut response = self.admin.handle(request).await;
                cambist_http::secure(&mut response);
                response
            }
        };
        self.metrics
            .http_request(surface, response.status(), began.elapsed());
        response
    }
}

/// What callers of the management address reach.
pub(crate) struct ManagementHandler(pub(crate) Arc<Management>);

impl Handler for ManagementHandler {
    async fn body_limit(&self, _: &Parts) -> usize {
        0
    }

    async fn answer(&self, head: Parts, _: Option<Bytes>) -> Response<Bytes> {
        self.0.answer(&head)
    }
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App")
            .field("bases", &self.bases)
            .finish_non_exhaustive()
    }
}
