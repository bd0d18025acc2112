//! Whole exchanges as data: a realm, requests in order, and what must come of each.
//!
//! A scenario is a TOML file that a person can read beside the text it is taken from. It is told to the
//! engine with a [`World`](crate::world::World) as its store, and held to status, answer, claims, the trace
//! and the effects. The folder `scenarios` of the repository has its own page on the format.
//!
//! ```
//! use std::sync::Arc;
//!
//! use cambist_testkit::{scenario::Scenario, worthless_crypto::WorthlessProvider};
//!
//! let text = r#"
//!     title = "a client speaks for itself"
//!     source = ["RFC 6749 section 4.4"]
//!
//!     [realm]
//!     realm = "small"
//!     [[realm.clients]]
//!     id = "robot"
//!     secret = "beep"
//!     grants = ["client-credentials"]
//!
//!     [[steps]]
//!     name = "login"
//!     client = "robot"
//!     form = { grant_type = "client_credentials" }
//!     expect = { status = 200, claims = { azp = "robot" } }
//! "#;
//! let told = Scenario::read(text)?.tell(Arc::new(WorthlessProvider))?;
//! assert_eq!(told.mismatches, []);
//! # Ok::<(), cambist_testkit::scenario::ScenarioError>(())
//! ```

mod document;
mod expectation;
mod stand_in;
mod teller;
mod tokens;
mod words;

pub use self::{
    document::{Change, Endpoint, Expectation, OneOrMany, Scenario, Step, Value, Values},
    expectation::Mismatch,
    stand_in::{Saying, StandIn},
    teller::Told,
    tokens::{ForeignKey, ForeignToken},
};

/// A scenario that cannot be told. What comes of one that can is a list of [`Mismatch`]es.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScenarioError {
    /// The text is no scenario.
    #[error("no scenario: {0}")]
    Document(#[from] toml::de::Error),
    /// The realm document beside it cannot be used.
    #[error("realm document: {0}")]
    RealmDocument(#[from] cambist_store::document::DocumentError),
    /// The realm is refused.
    #[error("realm: {0}")]
    Realm(#[from] cambist::realm::RealmError),
    /// There is no realm, or there are two.
    #[error("one of realm and realm_file is wanted")]
    RealmMissing,
    /// A file cannot be read.
    #[error("{path}: {error}")]
    File {
        /// Which.
        path: std::path::PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// A step without a secret to send.
    #[error("step {step}: client {client:?} has no secret in clear")]
    Secret {
        /// The step.
        step: String,
        /// The client.
        client: String,
    },
    /// A step or a token is like one that is not there.
    #[error("{name} is like {like:?}, which is none before it")]
    Like {
        /// The step or token.
        name: String,
        /// What it is said to be like.
        like: String,
    },
    /// A token of another issuer that cannot be signed.
    #[error("token {name} cannot be signed")]
    Token {
        /// Its name.
        name: String,
    },
    /// `${…}` names what no earlier step has.
    #[error("step {step}: ${{{word}}} names nothing that an earlier step answered")]
    Word {
        /// The step.
        step: String,
        /// What stands between the braces.
        word: String,
    },
    /// A change names a user or a client that is not there.
    #[error("step {step}: there is no {what} {name:?} to change")]
    Change {
        /// The step.
        step: String,
        /// `user` or `client`.
        what: &'static str,
        /// Its name.
        name: String,
    },
}
