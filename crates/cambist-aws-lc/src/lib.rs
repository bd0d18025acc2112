//! New keys for Cambist, made by [`aws_lc_rs`], the certificates that Keycloak publishes with them, and
//! a second crypto provider.
//!
//! ring makes no RSA keys, and cannot work the public half of an EC key out; this crate does both.

mod certificate;
mod generate;
mod provider;
mod signer;
mod verifier;

pub use certificate::{CertificateError, attach_certificate, self_signed_certificate};
pub use generate::{
    GenerateError, derive_public_key, generate_ec_p256, generate_ec_p384, generate_ed25519,
    generate_hmac_secret, generate_rsa,
};
pub use provider::AwsLcProvider;
