//! The little of an HTTP client that the demo needs.

use bytes::Bytes;
use http::{
    Method, Request,
    header::{AUTHORIZATION, CONTENT_TYPE, LOCATION},
};
use http_body_util::{BodyExt as _, Full};
use hyper_util::{
    client::legacy::{Client as HyperClient, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::Value;

use super::Failure;

/// Talks to one server.
pub(in crate::commands) struct Client {
    base: String,
    http: HyperClient<HttpConnector, Full<Bytes>>,
}

/// What came back.
pub(in crate::commands) struct Reply {
    pub(in crate::commands) status: u16,
    pub(in crate::commands) body: Value,
    /// Last part of `Location`: the id of what was made.
    pub(in crate::commands) made: Option<String>,
}

impl Client {
    pub(in crate::commands) fn new(base: impl Into<String>) -> Self {
        Self {
            base: base.into(),
            http: HyperClient::builder(TokioExecutor::new()).build_http(),
        }
    }

    /// Posts a form.
    pub(in crate::commands) async fn form(
        &self,
        path: &str,
        fields: &[(&str, &str)],
    ) -> Result<Reply, Failure> {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let request = Request::post(self.address(path))
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Full::from(body))?;
        self.send(request).await
    }

    /// Gets a public document.
    pub(in crate::commands) async fn get(&self, path: &str) -> Result<Reply, Failure> {
        self.send(Request::get(self.address(path)).body(Full::default())?)
            .await
    }

    /// Calls the administration.
    pub(in crate::commands) async fn admin(
        &self,
        method: Method,
        path: &str,
        token: &str,
        body: Option<&Value>,
    ) -> Result<Reply, Failure> {
        let request = Request::builder()
            .method(method)
            .uri(self.address(path))
            .header(AUTHORIZATION, format!("Bearer {token}"));
        let request = match body {
            Some(body) => request
                .header(CONTENT_TYPE, "application/json")
                .body(Full::from(body.to_string()))?,
            None => request.body(Full::default())?,
        };
        self.send(request).await
    }

    fn address(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    async fn send(&self, request: Request<Full<Bytes>>) -> Result<Reply, Failure> {
        let response = self.http.request(request).await?;
        let status = response.status().as_u16();
        let made = response
            .headers()
            .get(LOCATION)
            .and_then(|location| location.to_str().ok()?.rsplit('/').next())
            .map(str::to_owned);
        let body = response.into_body().collect().await?.to_bytes();
        let body = if body.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&body)?
        };
        Ok(Reply { status, body, made })
    }
}

impl Reply {
    /// A text member of the body.
    pub(in crate::commands) fn text(&self, pointer: &str) -> Result<&str, Failure> {
        self.body
            .pointer(pointer)
            .and_then(Value::as_str)
            .ok_or_else(|| format!("the answer (HTTP {}) has no {pointer}", self.status).into())
    }

    /// The same reply, unless it is an error.
    pub(in crate::commands) fn good(self, what: &str) -> Result<Self, Failure> {
        if self.status < 300 {
            return Ok(self);
        }
        let error = self
            .body
            .get("error_description")
            .or_else(|| self.body.get("error"));
        let error = error
            .or_else(|| self.body.get("errorMessage"))
            .and_then(Value::as_str);
        Err(format!(
            "{what}: HTTP {} {}",
            self.status,
            error.unwrap_or("without a reason")
        )
        .into())
    }
}
