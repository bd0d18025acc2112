//! A request at the token endpoint: from the bytes of a form to typed parameters.

mod certificate;
mod credentials;
mod envelope;
mod error;
mod form;
mod parameters;
mod token_type;

pub use self::{
    certificate::{AlternativeName, ClientCertificate},
    credentials::PresentedCredentials,
    envelope::{Envelope, Transport},
    error::RequestError,
    form::{Form, FormError},
    parameters::{GrantType, Parameters},
    token_type::TokenType,
};
