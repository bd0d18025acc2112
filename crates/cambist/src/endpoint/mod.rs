//! The token endpoint's siblings: introspection, userinfo, revocation, logout.
//!
//! Each reads a request, says which facts it needs, and answers from them; what it writes comes out as
//! effects, and an answer that rests on a write opens only when that is committed.

mod answer;
mod asked;
mod introspection;
mod logout;
mod mapped_claims;
mod revocation;
mod signed;
mod userinfo;

pub use self::{
    answer::{AnswerBody, EndpointAnswer, SealedAnswer},
    introspection::PendingIntrospection,
    logout::PendingLogout,
    revocation::PendingRevocation,
    userinfo::{PendingUserInfo, used_proof},
};
