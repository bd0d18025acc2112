//! What a client is told that is not believed.

use super::{OAuthErrorCode, WireError, wire};
use crate::client_auth::{AssertionError, AssertionKind, ClientAuthError};

/// Of a client that is not there or does not show who it is.
const NOT_BELIEVED: &str = "Invalid client or Invalid client credentials";

pub(super) fn client_wire(error: ClientAuthError) -> WireError {
    use OAuthErrorCode::{InvalidClient, InvalidRequest, UnauthorizedClient};
    match error {
        ClientAuthError::Missing
        | ClientAuthError::Unknown
        | ClientAuthError::Disabled
        | ClientAuthError::CertificateMissing
        | ClientAuthError::OtherCertificate
        | ClientAuthError::Federated(_)
        | ClientAuthError::UnsupportedMethod => wire(401, InvalidClient, NOT_BELIEVED),
        ClientAuthError::SeveralClients => {
            wire(401, InvalidClient, "More than one client is named")
        }
        ClientAuthError::SeveralMethods => wire(
            400,
            InvalidRequest,
            "More than one method of client authentication",
        ),
        ClientAuthError::WrongSecret => wire(401, UnauthorizedClient, NOT_BELIEVED),
        ClientAuthError::Undecodable => wire(
            400,
            UnauthorizedClient,
            "Unexpected error when authenticating client",
        ),
        ClientAuthError::Assertion(error) => assertion_wire(error),
        ClientAuthError::WrongProtocol => wire(400, InvalidClient, "Wrong client protocol."),
        ClientAuthError::BearerOnly => wire(400, InvalidClient, "Bearer-only not allowed"),
    }
}

fn assertion_wire(error: AssertionError) -> WireError {
    use OAuthErrorCode::{InvalidClient, UnauthorizedClient};
    let description = match error {
        AssertionError::OtherClient => return wire(401, InvalidClient, NOT_BELIEVED),
        AssertionError::TypeMissing => "Parameter client_assertion_type is missing",
        AssertionError::WrongType => "Parameter client_assertion_type has an unexpected value",
        AssertionError::Missing => "client_assertion parameter missing",
        AssertionError::Unreadable => {
            "Client authentication with signed JWT failed: java.lang.IllegalArgumentException: Parsing error"
        }
        AssertionError::Algorithm => "Invalid signature algorithm",
        AssertionError::UnknownKey => "Unable to load public key",
        AssertionError::Signature(AssertionKind::PrivateKey) => {
            "Client authentication with signed JWT failed: Signature on JWT token failed validation"
        }
        // Keycloak's words, with its two blanks here and one there.
        AssertionError::Signature(AssertionKind::ClientSecret) => {
            return wire(
                400,
                UnauthorizedClient,
                "Client authentication with client secret signed JWT failed: Signature on JWT token by client secret  failed validation",
            );
        }
        AssertionError::PublicKeyAlgorithm => {
            return wire(
                400,
                UnauthorizedClient,
                "Client authentication with client secret signed JWT failed: Signature on JWT token by client secret failed validation",
            );
        }
        AssertionError::Audience => "Invalid token audience",
        AssertionError::SeveralAudiences => "Multiple audiences not allowed",
        AssertionError::ExpiryMissing => "Token exp claim is required",
        AssertionError::NotActive => "Token is not active",
        AssertionError::ExpiryTooFar => {
            "Token expiration is too far in the future and iat claim not present in token"
        }
        AssertionError::IssuedInFuture => "Token was issued in the future",
        AssertionError::IssuedTooLongAgo => "Token was issued too far in the past to be used now",
        AssertionError::IdMissing => "Token jti claim is required",
    };
    wire(400, InvalidClient, description)
}
