//! The subject token: from a text to somebody who is known to be there.
//!
//! One file a kind of token. A token passes two gates: what it says of itself ([`ReadToken`], pure), and
//! what is true of its session and user now ([`VerifiedSubject`], with facts). Only the second lets an
//! exchange go on.

mod actor;
mod assertion;
mod error;
mod external;
mod internal;
mod lineage;
mod liveness;
mod refresh;
mod rights;
mod signature_memory;
mod token_id;
mod workload;

pub use self::{
    actor::{Actor, ActorChain, ActorChainError, MAX_ACTORS, MayAct},
    assertion::{AssertionClass, ID_JAG, MAX_TOKEN_ID_BYTES},
    error::SubjectTokenError,
    external::{
        BrokerError, BrokeredIdentity, Evidence, ExternalTokenError, IdentityMapper,
        IdentityMapping, Intake, ProviderKind, Route, RouteStep,
        mappers::{Brokering, UnusableMapper, Write},
    },
    internal::{ReadToken, TakenTypes, VerifiedSubject, read_access_token},
    lineage::{Lineage, LineageError, MAX_ANCESTORS},
    liveness::{LivenessError, check_session, effective_not_before},
    refresh::{ReadRefreshToken, read_refresh_token},
    token_id::{GrantCode, SessionCode, TokenCode, TokenId},
    workload::WorkloadError,
};
pub(crate) use self::{
    assertion::{UnverifiedAssertion, VerifiedAssertion},
    external::{
        Admitted, Examination, Examined, FEDERATED_ACCESS_TOKEN, FEDERATED_ID_TOKEN, Identified,
        SESSION_PROVIDER, admit, builtin_kinds, link_query,
    },
    internal::IMPERSONATOR_CLIENT,
    liveness::client_session_idle,
    workload::{PRESETS, Preset},
};
pub(crate) use self::{internal::read_remembering, signature_memory::SignatureMemory};
