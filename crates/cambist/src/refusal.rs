//! Refusals: why a request got no token, whose fault it is, and what the wire says.

mod client;
mod delegation;
mod elsewhere;
mod handover;
mod identity_assertion;
mod jwt_grant;
mod refresh;
mod resource;

use alloc::{
    borrow::Cow,
    boxed::Box,
    format,
    string::{String, ToString},
};

use thiserror::Error;

pub use self::{
    delegation::DelegationError, elsewhere::ElsewhereError, handover::HandoverError,
    identity_assertion::IdentityAssertionError, jwt_grant::JwtGrantError, refresh::RefreshError,
    resource::ResourceError,
};
use crate::{
    client_auth::ClientAuthError,
    client_policy::ClientPolicyRefusal,
    crypto::ProviderError,
    narrowing::Dimension,
    outside::OutsideFailure,
    policy::GateRefusal,
    proof::{BindingError, ProofError},
    request::RequestError,
    subject::{BrokerError, ExternalTokenError, LivenessError, SubjectTokenError},
};

/// An OAuth error code, as it stands in `error` (RFC 6749 section 5.2, RFC 8693 section 2.2.2, and those
/// that only Keycloak sends).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OAuthErrorCode {
    /// RFC 6749.
    InvalidRequest,
    /// RFC 6749.
    InvalidClient,
    /// RFC 6749.
    InvalidGrant,
    /// RFC 6749.
    UnauthorizedClient,
    /// RFC 6749.
    UnsupportedGrantType,
    /// RFC 6749.
    InvalidScope,
    /// RFC 6749 section 4.1.2.1; Keycloak sends it at the token endpoint.
    AccessDenied,
    /// RFC 8693.
    InvalidTarget,
    /// RFC 6750; Keycloak sends it for external tokens.
    InvalidToken,
    /// Keycloak: the subject's issuer is unknown.
    InvalidIssuer,
    /// Keycloak: a scope that the user or the client may not have.
    NotAllowed,
    /// Keycloak: no token of the provider is at hand for the user.
    NotLinked,
    /// Keycloak: the token of the provider has run out.
    TokenExpired,
    /// RFC 6749 section 4.1.2.1.
    ServerError,
    /// Keycloak: the server failed.
    UnknownError,
    /// RFC 9449 section 8: the proof must carry the nonce that comes with the answer.
    UseDpopNonce,
    /// Keycloak: the whole answer is this text under `error`, without a description.
    InvalidOrigin,
}

impl OAuthErrorCode {
    /// The text on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::InvalidScope => "invalid_scope",
            Self::AccessDenied => "access_denied",
            Self::InvalidTarget => "invalid_target",
            Self::InvalidToken => "invalid_token",
            Self::InvalidIssuer => "invalid_issuer",
            Self::NotAllowed => "not_allowed",
            Self::NotLinked => "not_linked",
            Self::TokenExpired => "token_expired",
            Self::ServerError => "server_error",
            Self::UnknownError => "unknown_error",
            Self::UseDpopNonce => "use_dpop_nonce",
            Self::InvalidOrigin => "Invalid origin",
        }
    }
}

/// What a caller is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WireError {
    /// HTTP status.
    pub status: u16,
    /// `error`.
    pub code: OAuthErrorCode,
    /// `error_description`; absent where Keycloak sends none.
    pub description: Option<Cow<'static, str>>,
}

const fn wire(status: u16, code: OAuthErrorCode, description: &'static str) -> WireError {
    WireError {
        status,
        code,
        description: Some(Cow::Borrowed(description)),
    }
}

/// Why a password login failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PasswordError {
    /// The client may not use the grant.
    #[error("the client may not use the password grant")]
    GrantNotAllowed,
    /// The client needs the user's consent, which this grant cannot ask for.
    #[error("the client requires consent")]
    ConsentRequired,
    /// No user name was sent.
    #[error("no user name was sent")]
    MissingUsername,
    /// Unknown user, wrong password, or a user who is locked out: told alike.
    #[error("unknown user or wrong password")]
    WrongCredentials,
    /// The user is disabled.
    #[error("the user is disabled")]
    UserDisabled,
    /// The user must do something first, or lacks name or e-mail address.
    #[error("the account is not fully set up")]
    NotSetUp,
}

/// Why a client got no token for itself.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ClientCredentialsError {
    /// A public client.
    #[error("a public client asks for its service account")]
    PublicClient,
    /// The client has no service account.
    #[error("the client has no service account")]
    NoServiceAccount,
    /// The service account is disabled.
    #[error("the service account `{username}` is disabled")]
    UserDisabled {
        /// Its user name.
        username: String,
    },
}

/// Why a token exchange failed.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum ExchangeError {
    /// The client is not registered for the grant (profile `strict` only).
    #[error("the client may not use the token exchange grant")]
    GrantNotAllowed,
    /// No flow takes such a request; the reason is that of the last flow asked.
    #[error("no exchange flow takes the request: {0}")]
    Unsupported(&'static str),
    /// Neither a subject token nor a requested subject.
    #[error("there is neither a subject token nor a requested subject")]
    NoSubject,
    /// The subject token is said to be something other than an access token.
    #[error("the subject token is not said to be an access token")]
    SubjectTokenType,
    /// The subject token was not taken.
    #[error("the subject token was not taken: {0}")]
    SubjectToken(#[from] SubjectTokenError),
    /// Nobody issues such subject tokens.
    #[error("the subject token's issuer is unknown")]
    SubjectIssuer,
    /// The user to become is unknown, disabled, or may not be become: told alike.
    #[error("the requested subject may not be impersonated: {0}")]
    Impersonation(ImpersonationError),
    /// `requested_issuer` names no identity provider.
    #[error("the requested issuer is unknown")]
    RequestedIssuer,
    /// No token of an identity provider is handed over.
    #[error("{0}")]
    Handover(#[from] HandoverError),
    /// A token type that this exchange does not give.
    #[error("the requested token type is not given")]
    RequestedTokenType,
    /// A SAML assertion for a target that has no address to take one.
    #[error("the target `{0}` has no assertion consumer address")]
    NoAssertionConsumer(Box<str>),
    /// `audience` names no client.
    #[error("audience `{0}` is unknown")]
    UnknownAudience(Box<str>),
    /// `resource`, which is not read (profile `strict`).
    #[error("a resource is asked for, and none is given")]
    Resource,
    /// The target needs consent.
    #[error("the target `{0}` requires consent")]
    TargetConsent(Box<str>),
    /// The target is disabled.
    #[error("the target `{0}` is disabled")]
    TargetDisabled(Box<str>),
    /// In profile `strict`: why a target cannot be had is not told.
    #[error("{0}")]
    HiddenTarget(Box<ExchangeError>),
    /// A public client at a standard exchange.
    #[error("a public client asks for a standard exchange")]
    PublicClient,
    /// The subject token is bound to a key or certificate that the requester has not shown.
    #[error("{0}")]
    Binding(BindingError),
    /// The subject token is bound to a key, and was issued to another client.
    #[error("the subject token is bound to a key of another client")]
    BoundToAnother,
    /// A refresh token would need a session of its own.
    #[error("a refresh token would need a new session")]
    NeedsNewSession,
    /// A refresh token with `offline_access`.
    #[error("offline access is not given by an exchange")]
    OfflineNotAllowed,
    /// The user has not consented to every scope of the client.
    #[error("the user has not consented to all scopes of `{0}`")]
    ConsentMissing(Box<str>),
    /// No mapper puts these audiences into the token.
    #[error("audiences that cannot be had: {0}")]
    AudienceUnavailable(String),
    /// A public client that does not hold the token.
    #[error("the client does not hold the token")]
    NotHolder,
    /// The client is neither holder nor in the audience.
    #[error("the client is not within the token's audience")]
    NotInAudience,
    /// No permission grants the exchange.
    #[error("no permission on `{target}` grants the exchange: {reason}")]
    NotPermitted {
        /// `client_id` of the target.
        target: Box<str>,
        /// Why.
        reason: GateRefusal,
    },
    /// Nobody acts for the subject.
    #[error("{0}")]
    Delegation(#[from] DelegationError),
    /// No ID-JAG is issued.
    #[error("{0}")]
    IdentityAssertion(#[from] IdentityAssertionError),
    /// A token of an identity provider was not taken.
    #[error("the external token was not taken: {0}")]
    ExternalToken(ExternalTokenError),
    /// Whoever the token stands for is nobody here.
    #[error("the external token leads to no user: {0}")]
    Broker(BrokerError),
    /// Another server would have to be asked.
    #[error("{0}")]
    Outside(OutsideFailure),
    /// What would be minted is not below what it is made from, and nothing grants that (profile `strict`).
    #[error("the exchange would widen {0}, and nothing grants that")]
    Widening(Dimension),
    /// The subject token ends now, so a token that ends with it would be dead (profile `strict`).
    #[error("nothing is left of the subject token's life")]
    NoLifeLeft,
}

/// Why somebody may not be become.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ImpersonationError {
    /// No such user, or a disabled one.
    #[error("no such user")]
    NoUser,
    /// A public client without a subject token.
    #[error("a public client may not impersonate by itself")]
    PublicClient,
    /// Nothing allows the impersonator to.
    #[error("the impersonator has no right to: {0}")]
    NotPermitted(GateRefusal),
    /// The subject is somebody who was impersonated already (profile `strict`).
    #[error("who was become becomes nobody else")]
    AlreadyImpersonated,
    /// The user may not be impersonated.
    #[error("the user may not be impersonated: {0}")]
    NotImpersonatable(GateRefusal),
}

/// What is wrong with the scopes asked for.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ScopeError {
    /// The client has no such scopes. Holds the text as sent.
    #[error("invalid scopes: {0}")]
    Invalid(String),
    /// The user may not have offline tokens.
    #[error("offline tokens are not allowed for the user or the client")]
    OfflineNotAllowed,
}

/// Why a request got no token.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The request itself: the caller's fault.
    #[error("{0}")]
    Request(#[from] RequestError),
    /// The client: the caller's fault.
    #[error("{0}")]
    Client(#[from] ClientAuthError),
    /// The proof of possession: the caller's fault.
    #[error("{0}")]
    Proof(#[from] ProofError),
    /// What the client, or the token that it exchanges, must be bound to was not shown.
    #[error("{0}")]
    Binding(#[from] BindingError),
    /// A password login.
    #[error("{0}")]
    Password(#[from] PasswordError),
    /// A client credentials grant.
    #[error("{0}")]
    ClientCredentials(#[from] ClientCredentialsError),
    /// A refresh.
    #[error("{0}")]
    Refresh(#[from] RefreshError),
    /// An exchange.
    #[error("{0}")]
    Exchange(#[from] ExchangeError),
    /// An assertion of another issuer.
    #[error("{0}")]
    JwtGrant(#[from] JwtGrantError),
    /// The scopes asked for.
    #[error("{0}")]
    Scope(#[from] ScopeError),
    /// The resource asked for.
    #[error("{0}")]
    Resource(#[from] ResourceError),
    /// A grant that begins elsewhere.
    #[error("{0}")]
    Elsewhere(#[from] ElsewhereError),
    /// A client policy of the realm.
    #[error("{0}")]
    ClientPolicy(#[from] ClientPolicyRefusal),
    /// The gate that every grant passes found something dead that the grant's own checks had passed.
    #[error("{0}")]
    Gate(#[from] LivenessError),
    /// Keys or entropy: the server's fault.
    #[error("{0}")]
    Provider(#[from] ProviderError),
    /// The realm has no active key for the algorithm: the operator's fault.
    #[error("the realm has no active key for {0}")]
    NoSigningKey(&'static str),
    /// A setting of the client with which nothing can be minted: the operator's fault.
    #[error("the client is misconfigured: {0}")]
    Misconfigured(&'static str),
    /// A claim that cannot be written as JSON: the fault of a mapper of the embedder's own.
    #[error("the claims cannot be written")]
    Unwritable,
}

impl Refusal {
    /// What the caller is told. The texts are Keycloak's; none of them repeats input but the scope text
    /// and the names of parameters, as Keycloak does.
    #[must_use]
    pub fn wire(&self) -> WireError {
        match self {
            Self::Request(error) => request_wire(error),
            Self::Client(error) => client::client_wire(*error),
            Self::Proof(error) => proof_wire(error),
            Self::Binding(error) => binding_wire(OAuthErrorCode::InvalidRequest, *error),
            Self::Password(error) => password_wire(*error),
            Self::ClientCredentials(error) => client_credentials_wire(error),
            Self::Refresh(error) => error.wire(),
            Self::Exchange(error) => exchange_wire(error),
            Self::JwtGrant(error) => error.wire(),
            Self::Scope(ScopeError::Invalid(text)) => WireError {
                status: 400,
                code: OAuthErrorCode::InvalidScope,
                description: Some(Cow::Owned(format!("Invalid scopes: {text}"))),
            },
            Self::Scope(ScopeError::OfflineNotAllowed) => wire(
                400,
                OAuthErrorCode::NotAllowed,
                "Offline tokens not allowed for the user or client",
            ),
            Self::Resource(error) => error.wire(),
            Self::Elsewhere(error) => error.wire(),
            Self::ClientPolicy(refusal) => refusal.wire(),
            Self::Gate(_) => wire(400, OAuthErrorCode::InvalidGrant, "Session not active"),
            Self::Misconfigured(_) => wire(
                500,
                OAuthErrorCode::UnknownError,
                "For more on this error consult the server log.",
            ),
            Self::Provider(_) | Self::NoSigningKey(_) | Self::Unwritable => wire(
                500,
                OAuthErrorCode::ServerError,
                "The token could not be signed",
            ),
        }
    }
}

fn request_wire(error: &RequestError) -> WireError {
    use OAuthErrorCode::{AccessDenied, InvalidOrigin, InvalidRequest, UnsupportedGrantType};
    match error {
        RequestError::HttpsRequired => wire(403, InvalidRequest, "HTTPS required"),
        RequestError::RealmDisabled => wire(403, AccessDenied, "Realm not enabled"),
        RequestError::Form(_) => wire(400, InvalidRequest, "Malformed form"),
        RequestError::Missing(name) => WireError {
            status: 400,
            code: InvalidRequest,
            description: Some(Cow::Owned(format!("Missing form parameter: {name}"))),
        },
        RequestError::UnsupportedGrant => wire(400, UnsupportedGrantType, "Unsupported grant_type"),
        RequestError::Duplicated(_) => wire(400, InvalidRequest, "duplicated parameter"),
        RequestError::TooLong { name, .. } => WireError {
            status: 400,
            code: InvalidRequest,
            description: Some(Cow::Owned(format!(
                "The size of OIDC parameter '{name}' is longer than allowed."
            ))),
        },
        RequestError::TooManyTargets { .. } => wire(400, InvalidRequest, "Too many targets"),
        RequestError::InvalidOrigin => WireError {
            status: 403,
            code: InvalidOrigin,
            description: None,
        },
    }
}

fn proof_wire(error: &ProofError) -> WireError {
    use OAuthErrorCode::{InvalidRequest, ServerError, UseDpopNonce};
    let told = |start: &str, name: &str| WireError {
        status: 400,
        code: InvalidRequest,
        description: Some(Cow::Owned([start, name].concat())),
    };
    match error {
        ProofError::Empty => wire(400, InvalidRequest, "DPoP proof is missing"),
        ProofError::Header => wire(400, InvalidRequest, "DPoP header verification failure"),
        ProofError::Type(name) => told(
            "Invalid or missing type in DPoP header: ",
            name.as_deref().unwrap_or("null"),
        ),
        ProofError::Algorithm(name) => told("Unsupported DPoP algorithm: ", name),
        ProofError::KeyMissing => wire(400, InvalidRequest, "No JWK in DPoP header"),
        ProofError::PrivateKey => wire(
            400,
            InvalidRequest,
            "The JWK in DPoP header holds a private key",
        ),
        ProofError::Key => wire(400, InvalidRequest, "The JWK in DPoP header cannot be used"),
        ProofError::Signature => wire(
            400,
            InvalidRequest,
            "DPoP verification failure: \
             org.keycloak.exceptions.TokenSignatureInvalidException: Invalid token signature",
        ),
        ProofError::Claims => wire(400, InvalidRequest, "DPoP verification failure"),
        ProofError::ClaimsMissing => wire(400, InvalidRequest, "DPoP mandatory claims are missing"),
        ProofError::Method => wire(400, InvalidRequest, "DPoP HTTP method mismatch"),
        ProofError::Address => wire(400, InvalidRequest, "DPoP HTTP URL mismatch"),
        ProofError::NotActive => wire(400, InvalidRequest, "DPoP proof is not active"),
        ProofError::Nonce => wire(400, UseDpopNonce, "DPoP proof requires a nonce"),
        ProofError::AccessToken => wire(
            400,
            InvalidRequest,
            "DPoP proof is not for this access token",
        ),
        ProofError::Provider(_) => wire(500, ServerError, "The proof could not be checked"),
    }
}

fn binding_wire(code: OAuthErrorCode, error: BindingError) -> WireError {
    wire(
        400,
        code,
        match error {
            BindingError::ProofMissing => "DPoP proof is missing",
            BindingError::OtherKey => "DPoP confirmation doesn't match DPoP proof",
            BindingError::Certificate => {
                "Client certificate missing, or its thumbprint and one in the token did NOT match"
            }
            BindingError::CertificateMissing => {
                "Client Certification missing for MTLS HoK Token Binding"
            }
            BindingError::Unknown => "Token is bound in a way that is not supported",
        },
    )
}

fn password_wire(error: PasswordError) -> WireError {
    use OAuthErrorCode::{InvalidClient, InvalidGrant, InvalidRequest, UnauthorizedClient};
    match error {
        PasswordError::GrantNotAllowed => wire(
            400,
            UnauthorizedClient,
            "Client not allowed for direct access grants",
        ),
        PasswordError::ConsentRequired => wire(400, InvalidClient, "Client requires user consent"),
        PasswordError::MissingUsername => wire(401, InvalidRequest, "Missing parameter: username"),
        PasswordError::WrongCredentials => wire(400, InvalidGrant, "Invalid user credentials"),
        PasswordError::UserDisabled => wire(400, InvalidGrant, "Account disabled"),
        PasswordError::NotSetUp => wire(400, InvalidGrant, "Account is not fully set up"),
    }
}

fn client_credentials_wire(error: &ClientCredentialsError) -> WireError {
    use OAuthErrorCode::{InvalidRequest, UnauthorizedClient};
    match error {
        ClientCredentialsError::PublicClient => wire(
            401,
            UnauthorizedClient,
            "Public client not allowed to retrieve service account",
        ),
        ClientCredentialsError::NoServiceAccount => wire(
            401,
            UnauthorizedClient,
            "Client not enabled to retrieve service account",
        ),
        ClientCredentialsError::UserDisabled { username } => WireError {
            status: 401,
            code: InvalidRequest,
            description: Some(Cow::Owned(format!("User '{username}' disabled"))),
        },
    }
}

fn exchange_wire(error: &ExchangeError) -> WireError {
    use OAuthErrorCode::{
        AccessDenied, InvalidClient, InvalidIssuer, InvalidRequest, InvalidScope, InvalidTarget,
        InvalidToken, UnauthorizedClient,
    };
    const NOT_ALLOWED: &str = "Client not allowed to exchange";
    match error {
        ExchangeError::GrantNotAllowed => wire(400, UnauthorizedClient, NOT_ALLOWED),
        ExchangeError::Unsupported(reason) => wire(400, InvalidRequest, reason),
        // Keycloak fails here with 500; there is nothing to exchange.
        ExchangeError::NoSubject => wire(400, InvalidRequest, "Missing parameter: subject_token"),
        ExchangeError::SubjectTokenType => wire(
            400,
            InvalidRequest,
            "Invalid token type, must be access token",
        ),
        ExchangeError::SubjectToken(_) => wire(400, InvalidRequest, "Invalid token"),
        ExchangeError::SubjectIssuer => {
            wire(400, InvalidIssuer, "Invalid subject_issuer parameter")
        }
        // Keycloak fails with 500 where a policy cannot be evaluated; here nothing is granted.
        ExchangeError::Impersonation(_)
        | ExchangeError::NotPermitted { .. }
        | ExchangeError::HiddenTarget(_) => wire(403, AccessDenied, NOT_ALLOWED),
        ExchangeError::RequestedIssuer => wire(400, InvalidRequest, "Invalid issuer"),
        ExchangeError::Handover(error) => error.wire(),
        ExchangeError::RequestedTokenType => {
            wire(400, InvalidRequest, "requested_token_type unsupported")
        }
        ExchangeError::NoAssertionConsumer(_) => wire(
            400,
            InvalidClient,
            "Client requires assertion consumer url set up",
        ),
        ExchangeError::Resource => {
            wire(400, InvalidTarget, "Parameter 'resource' is not supported")
        }
        ExchangeError::UnknownAudience(_) => wire(400, InvalidClient, "Audience not found"),
        ExchangeError::TargetConsent(_) => wire(400, InvalidClient, "Client requires user consent"),
        ExchangeError::TargetDisabled(_) => wire(400, InvalidClient, "Client disabled"),
        ExchangeError::PublicClient => wire(
            400,
            InvalidClient,
            "Public client is not allowed to exchange token",
        ),
        ExchangeError::Binding(error) => binding_wire(InvalidRequest, *error),
        ExchangeError::BoundToAnother => wire(
            400,
            InvalidRequest,
            "Sender-constrained token exchange rejected as the token was not issued for the \
             requesting client",
        ),
        ExchangeError::NeedsNewSession => wire(
            400,
            InvalidRequest,
            "Refresh token not valid as requested_token_type because creating a new session is \
             needed",
        ),
        ExchangeError::OfflineNotAllowed => wire(
            400,
            InvalidRequest,
            "Scope offline_access not allowed for token exchange",
        ),
        ExchangeError::ConsentMissing(client) => WireError {
            status: 400,
            code: InvalidScope,
            description: Some(Cow::Owned(format!(
                "Missing consents for Token Exchange in client {client}"
            ))),
        },
        ExchangeError::AudienceUnavailable(missing) => WireError {
            status: 400,
            code: InvalidRequest,
            description: Some(Cow::Owned(format!(
                "Requested audience not available: {missing}"
            ))),
        },
        ExchangeError::NotHolder => {
            wire(403, AccessDenied, "Client is not the holder of the token")
        }
        ExchangeError::NotInAudience => {
            wire(403, AccessDenied, "Client is not within the token audience")
        }
        ExchangeError::NoLifeLeft => wire(400, InvalidRequest, "Invalid token"),
        ExchangeError::Delegation(error) => error.wire(),
        ExchangeError::IdentityAssertion(error) => error.wire(),
        ExchangeError::ExternalToken(error) => error.wire(),
        ExchangeError::Broker(error) => error.wire(),
        ExchangeError::Outside(_) => wire(400, InvalidToken, "invalid token"),
        ExchangeError::Widening(dimension) => WireError {
            status: 400,
            code: match dimension {
                Dimension::Scope => InvalidScope,
                Dimension::Audience | Dimension::Resource => InvalidTarget,
                _ => InvalidRequest,
            },
            description: Some(Cow::Owned(format!("Exchange would widen {dimension}"))),
        },
    }
}

impl WireError {
    /// The JSON body.
    #[must_use]
    pub fn body(&self) -> String {
        let mut object = serde_json::Map::new();
        object.insert("error".to_string(), self.code.as_str().into());
        if let Some(description) = &self.description {
            object.insert("error_description".to_string(), description.as_ref().into());
        }
        serde_json::Value::Object(object).to_string()
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::{ExchangeError, Refusal, ScopeError};

    #[test]
    fn body_is_what_keycloak_sends() {
        assert_eq!(
            Refusal::from(ExchangeError::NotInAudience).wire().body(),
            r#"{"error":"access_denied","error_description":"Client is not within the token audience"}"#
        );
        let scope = Refusal::from(ScopeError::Invalid("email colour".to_string()));
        assert_eq!(
            scope.wire().body(),
            r#"{"error":"invalid_scope","error_description":"Invalid scopes: email colour"}"#
        );
    }
}
