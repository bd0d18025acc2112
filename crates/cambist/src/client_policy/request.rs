//! What conditions and executors see of a request.

use alloc::{
    boxed::Box,
    string::{String, ToString},
    vec::Vec,
};
use core::cell::OnceCell;

use serde_json::{Map, Value};

use super::ClientPolicyRefusal;
use crate::{
    claims::scopes::names,
    client_auth::ClientAuthMethod,
    crypto::Algorithm,
    flow::FlowRequest,
    jose::{JwsError, UnverifiedJws},
    proof::Possession,
    realm::{Client, Realm},
    refusal::{ExchangeError, RefreshError},
    request::{GrantType, TokenType},
    subject::{SubjectTokenError, TakenTypes, read_refresh_token},
};

/// A request for tokens, as client policies see it. The client is authenticated.
///
/// What it says of a token holds: the signature is checked before a claim is handed out.
#[derive(Debug)]
pub struct PolicyRequest<'a> {
    request: &'a FlowRequest<'a>,
    grant: GrantType,
    identity_provider: Option<&'a str>,
    assertion: Option<&'a Map<String, Value>>,
    read: OnceCell<Result<Map<String, Value>, NoClaims>>,
}

/// Why there are no claims to look at.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum NoClaims {
    /// The grant brings no token, or the request names none.
    #[error("the request brings no token")]
    NoToken,
    /// The subject token is not said to be an access token.
    #[error("the subject token is not said to be an access token")]
    NoAccessToken,
    /// It is no signed token at all.
    #[error("the token cannot be read")]
    Unreadable,
    /// It is a signed token that does not hold.
    #[error("{0}")]
    Refused(SubjectTokenError),
}

impl<'a> PolicyRequest<'a> {
    /// Of a grant whose tokens, if any, are the realm's own.
    #[must_use]
    pub const fn new(request: &'a FlowRequest<'a>, grant: GrantType) -> Self {
        Self {
            request,
            grant,
            identity_provider: None,
            assertion: None,
            read: OnceCell::new(),
        }
    }

    /// Of a grant that has believed the assertion of an identity provider.
    #[must_use]
    pub const fn with_assertion(
        mut self,
        identity_provider: &'a str,
        claims: &'a Map<String, Value>,
    ) -> Self {
        self.identity_provider = Some(identity_provider);
        self.assertion = Some(claims);
        self
    }

    /// The realm.
    #[must_use]
    pub const fn realm(&self) -> &'a Realm {
        self.request.realm
    }

    /// The requester.
    #[must_use]
    pub const fn client(&self) -> &'a Client {
        self.request.client
    }

    /// The grant.
    #[must_use]
    pub const fn grant(&self) -> GrantType {
        self.grant
    }

    /// How the client has proved itself. A method that was offered and not accepted does not show here.
    #[must_use]
    pub const fn method(&self) -> ClientAuthMethod {
        self.request.authenticated_by.method
    }

    /// The algorithm of the assertion by which the client has proved itself; the one its signature holds under.
    #[must_use]
    pub const fn assertion_algorithm(&self) -> Option<Algorithm> {
        self.request.authenticated_by.algorithm
    }

    /// The key or certificate that the requester has shown to hold.
    #[must_use]
    pub const fn possession(&self) -> &'a Possession {
        self.request.possession
    }

    /// The identity provider whose assertion the request brings.
    #[must_use]
    pub const fn identity_provider(&self) -> Option<&'a str> {
        self.identity_provider
    }

    /// The scopes that the request names.
    #[must_use]
    pub fn requested_scopes(&self) -> Vec<Box<str>> {
        let text = self.request.parameters.value("scope").unwrap_or_default();
        names(&text).map(Box::from).collect()
    }

    /// The scopes that the request is about: those it names, and at a refresh those that were granted.
    ///
    /// # Errors
    ///
    /// The refresh token does not hold.
    pub fn scopes(&self) -> Result<Vec<Box<str>>, ClientPolicyRefusal> {
        let mut scopes = self.requested_scopes();
        if self.grant == GrantType::REFRESH_TOKEN {
            let FlowRequest {
                realm,
                parameters,
                issuer,
                moment,
                jws_limits,
                ..
            } = *self.request;
            let text = parameters
                .value("refresh_token")
                .ok_or(RefreshError::Missing)?;
            let token =
                read_refresh_token(realm, issuer, &text, moment, jws_limits).map_err(|error| {
                    match error {
                        SubjectTokenError::Expired { .. } => RefreshError::Expired,
                        other => RefreshError::Token(other),
                    }
                })?;
            scopes.extend(names(&token.scope).map(Box::from));
        }
        Ok(scopes)
    }

    /// The claims of the token that is exchanged: the subject token, or an assertion that was believed.
    ///
    /// # Errors
    ///
    /// [`NoClaims`].
    pub fn claims(&self) -> Result<&Map<String, Value>, NoClaims> {
        if let Some(claims) = self.assertion {
            return Ok(claims);
        }
        self.read
            .get_or_init(|| self.subject_claims())
            .as_ref()
            .map_err(Clone::clone)
    }

    fn subject_claims(&self) -> Result<Map<String, Value>, NoClaims> {
        let FlowRequest {
            parameters,
            jws_limits,
            ..
        } = *self.request;
        if self.grant != GrantType::TOKEN_EXCHANGE {
            return Err(NoClaims::NoToken);
        }
        let kind = parameters.value("subject_token_type");
        if kind.and_then(|kind| TokenType::from_urn(&kind)) != Some(TokenType::AccessToken) {
            return Err(NoClaims::NoAccessToken);
        }
        let text = parameters.value("subject_token").ok_or(NoClaims::NoToken)?;
        if self.request.read.is_none()
            && let Err(error) = UnverifiedJws::parse(&text, jws_limits)
        {
            return Err(unreadable(error));
        }
        let token = self.request.read_token(&text, TakenTypes::AccessTokens);
        let token = token.map_err(NoClaims::Refused)?;
        serde_json::from_str(&token.payload).map_err(|_| NoClaims::Unreadable)
    }
}

/// Three parts of JSON and a signature make a token that is refused for what it is; anything else is none.
fn unreadable(error: JwsError) -> NoClaims {
    match error {
        JwsError::NotCompact
        | JwsError::NotBase64Url
        | JwsError::NotUtf8
        | JwsError::HeaderJson(_)
        | JwsError::PayloadJson(_) => NoClaims::Unreadable,
        other => NoClaims::Refused(other.into()),
    }
}

impl NoClaims {
    /// The refusal of an executor that needs the claims; `unreadable` is its word for what is no token.
    #[must_use]
    pub fn refusal(self, unreadable: ClientPolicyRefusal) -> ClientPolicyRefusal {
        match self {
            Self::NoAccessToken => ClientPolicyRefusal::SubjectTokenType,
            Self::NoToken | Self::Unreadable => unreadable,
            Self::Refused(error) => ExchangeError::SubjectToken(error).into(),
        }
    }
}

/// The text of a claim that is a text or a number.
pub(super) fn plain_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
