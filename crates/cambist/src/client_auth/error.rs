//! Why a client was not believed.

use thiserror::Error;

use super::{AssertionError, FederatedClientError};

/// Why a client was not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ClientAuthError {
    /// No client is named.
    #[error("no client is named")]
    Missing,
    /// No client has this id.
    #[error("no client has this id")]
    Unknown,
    /// The client is disabled.
    #[error("the client is disabled")]
    Disabled,
    /// Header and body name different clients (profile `strict`).
    #[error("the header names another client than the body")]
    SeveralClients,
    /// More than one method at once (RFC 6749 section 2.3; profile `strict`).
    #[error("the client shows more than one credential")]
    SeveralMethods,
    /// The client speaks another protocol.
    #[error("the client's protocol is not openid-connect")]
    WrongProtocol,
    /// The secret is wrong or missing.
    #[error("the client secret is wrong or missing")]
    WrongSecret,
    /// The `Basic` header cannot be decoded, so there is nothing to compare.
    #[error("the secret in the authorization header is not form-encoded")]
    Undecodable,
    /// The token that the client signed is not good.
    #[error("{0}")]
    Assertion(#[from] AssertionError),
    /// The token of the client's platform is not good.
    #[error("{0}")]
    Federated(#[from] FederatedClientError),
    /// The client proves itself by a certificate, and there is none.
    #[error("there is no client certificate")]
    CertificateMissing,
    /// The certificate is not the client's, or of no authority that is trusted.
    #[error("the certificate is not the client's")]
    OtherCertificate,
    /// The client is registered for a method that this build does not know.
    #[error("the client's authentication method is not supported")]
    UnsupportedMethod,
    /// The client proved who it is, and may not ask.
    #[error("a bearer-only client asks for a token")]
    BearerOnly,
}
