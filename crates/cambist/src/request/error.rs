//! What is wrong with a request before anybody has asked who sent it.

use alloc::boxed::Box;

use thiserror::Error;

use super::FormError;

/// What is wrong with a request.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RequestError {
    /// The realm takes HTTPS only.
    #[error("plain http is not taken")]
    HttpsRequired,
    /// The realm is disabled.
    #[error("the realm is disabled")]
    RealmDisabled,
    /// The body is no form.
    #[error("the body is no form: {0}")]
    Form(#[from] FormError),
    /// A parameter that must be there is not.
    #[error("parameter `{0}` is missing")]
    Missing(&'static str),
    /// The grant is unknown or its feature is off.
    #[error("the grant type is not supported")]
    UnsupportedGrant,
    /// A parameter occurs twice and may not (RFC 6749 section 3.2).
    #[error("parameter `{0}` occurs more than once")]
    Duplicated(Box<str>),
    /// A value is longer than its limit. Keycloak drops some of these in silence; Cambist refuses.
    #[error("parameter `{name}` has {length} characters, more than {limit}")]
    TooLong {
        /// Which parameter.
        name: Box<str>,
        /// Characters.
        length: usize,
        /// Characters allowed.
        limit: usize,
    },
    /// More targets than allowed.
    #[error("parameter `{name}` occurs more than {limit} times")]
    TooManyTargets {
        /// `audience` or `resource`.
        name: &'static str,
        /// How often it may occur.
        limit: usize,
    },
    /// The `Origin` header names no web origin of the client.
    #[error("the origin is not one of the client's")]
    InvalidOrigin,
}
