//! Why a client policy refuses a request, and what the wire says.

use alloc::{
    borrow::Cow,
    boxed::Box,
    format,
    string::{String, ToString},
    vec::Vec,
};

use crate::refusal::{ExchangeError, OAuthErrorCode, RefreshError, Refusal, WireError};

/// Why a client policy refuses a request.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ClientPolicyRefusal {
    /// A policy rejects such requests.
    #[error("a client policy rejects the request")]
    Rejected,
    /// A policy forbids the password grant.
    #[error("a client policy forbids the password grant")]
    PasswordGrant,
    /// A policy forbids public clients.
    #[error("a client policy forbids public clients")]
    PublicClient,
    /// A policy forbids the way in which the client has proved itself.
    #[error("a client policy forbids the way the client has proved itself")]
    ClientAuthentication,
    /// A policy demands an assertion of the client, signed with a better algorithm.
    #[error("a client policy demands an assertion signed with another algorithm")]
    AssertionAlgorithm,
    /// A policy demands tokens bound to a key (RFC 9449).
    #[error("a client policy demands tokens bound to a key, and there is no proof")]
    ProofRequired,
    /// A policy demands tokens bound to a certificate (RFC 8705).
    #[error("a client policy demands tokens bound to a certificate, and there is none")]
    CertificateRequired,
    /// The subject token is not said to be an access token, and a policy must read it.
    #[error("a client policy reads access tokens only")]
    SubjectTokenType,
    /// The token that a policy must cut to is none.
    #[error("a client policy cannot read the token to narrow to")]
    UnreadableAssertion,
    /// The token whose claims a policy must read is none.
    #[error("a client policy cannot read the token whose claims it demands")]
    UnreadableClaims,
    /// Scopes that the token exchanged does not have.
    #[error("scopes {missing:?} are not among {present:?} of the token exchanged")]
    Scopes {
        /// Those asked for in excess.
        missing: Vec<Box<str>>,
        /// Those of the token.
        present: Vec<Box<str>>,
    },
    /// A demanded claim is not in the token.
    #[error("claim `{0}` is missing from the token")]
    ClaimMissing(Box<str>),
    /// A demanded claim has another value.
    #[error("claim `{0}` has a value that is not allowed")]
    ClaimValue(Box<str>),
    /// A demanded claim is neither a text nor a number.
    #[error("claim `{0}` is neither a text nor a number")]
    ClaimType(Box<str>),
    /// The token exchanged does not hold by itself.
    #[error("{0}")]
    Token(#[from] ExchangeError),
    /// The refresh token does not hold by itself.
    #[error("{0}")]
    RefreshToken(#[from] RefreshError),
    /// What an executor of the embedder's own says.
    #[error("a client policy refuses the request: {}", description.as_deref().unwrap_or_default())]
    Other {
        /// `error`.
        code: OAuthErrorCode,
        /// `error_description`. It must not repeat input.
        description: Option<Cow<'static, str>>,
    },
}

impl ClientPolicyRefusal {
    /// What the caller is told.
    #[must_use]
    pub fn wire(&self) -> WireError {
        use OAuthErrorCode::{InvalidClient, InvalidGrant, InvalidRequest, InvalidScope};
        let say = |code, description: &'static str| WireError {
            status: 400,
            code,
            description: Some(Cow::Borrowed(description)),
        };
        let tell = |code, description: String| WireError {
            status: 400,
            code,
            description: Some(Cow::Owned(description)),
        };
        match self {
            Self::Rejected => say(InvalidRequest, "Request not allowed"),
            Self::PasswordGrant => say(
                InvalidGrant,
                "resource owner password credentials grant is prohibited.",
            ),
            Self::PublicClient => say(InvalidClient, "invalid client access type"),
            Self::ClientAuthentication => say(
                InvalidClient,
                "Configured client authentication method not allowed for client",
            ),
            Self::AssertionAlgorithm => say(InvalidRequest, "not allowed signature algorithm."),
            Self::ProofRequired => say(InvalidRequest, "DPoP proof is missing"),
            Self::CertificateRequired => say(
                InvalidRequest,
                "Client Certification missing for MTLS HoK Token Binding",
            ),
            Self::SubjectTokenType => say(
                InvalidRequest,
                "Parameter 'subject_token' should be access_token for the executor",
            ),
            Self::UnreadableAssertion => {
                say(InvalidRequest, "Assertion contains an invalid access token")
            }
            Self::UnreadableClaims => say(InvalidRequest, "JWT is not valid"),
            Self::Scopes { missing, present } => tell(
                InvalidScope,
                format!(
                    "Scopes [{}] not present in the initial access token [{}]",
                    missing.join(", "),
                    present.join(", ")
                ),
            ),
            Self::ClaimMissing(claim) => tell(
                InvalidRequest,
                format!("Required claim '{claim}' is missing from the token"),
            ),
            Self::ClaimValue(claim) => tell(
                InvalidRequest,
                format!("Value for claim '{claim}' not allowed"),
            ),
            Self::ClaimType(claim) => tell(
                InvalidRequest,
                format!("Value type for claim '{claim}' not allowed"),
            ),
            Self::Token(error) => Refusal::Exchange(error.clone()).wire(),
            Self::RefreshToken(error) => Refusal::Refresh(error.clone()).wire(),
            Self::Other { code, description } => WireError {
                status: 400,
                code: *code,
                description: description
                    .as_ref()
                    .map(|text| Cow::Owned(text.to_string())),
            },
        }
    }
}
