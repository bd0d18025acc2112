//! Subject tokens of other issuers: from a text to somebody at an identity provider, and from there to a
//! user of the realm.
//!
//! A token goes the way that the provider's kind lays out ([`ProviderKind::route`]): its signature is
//! checked, the provider is asked about it, or both. What comes of it is a [`BrokeredIdentity`], and every
//! way ends at the same gate (`gate.rs`), so that no way can leave out what another one checks. Mappers and
//! the realm's rules then make or find the [`User`](crate::facts::User) (`user.rs`).

mod claims;
mod error;
mod examination;
mod gate;
mod identity;
mod jwt;
mod kinds;
pub(super) mod mappers;
mod user;

pub use self::{
    error::{BrokerError, ExternalTokenError},
    identity::{BrokeredIdentity, Evidence},
    kinds::{Intake, ProviderKind, Route, RouteStep},
    mappers::{IdentityMapper, IdentityMapping},
};
pub(crate) use self::{
    examination::{Examination, Examined, Identified},
    kinds::builtin as builtin_kinds,
    user::{
        Admitted, FEDERATED_ACCESS_TOKEN, FEDERATED_ID_TOKEN, SESSION_PROVIDER, admit, link_query,
    },
};
