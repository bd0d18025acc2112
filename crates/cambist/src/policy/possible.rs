//! What a gate can come to at all, whatever the token says and whenever it is asked.

use super::{
    EvaluationContext, Identity,
    evaluator::{Votes, evaluate_with},
    gates::{GateRefusal, exchange_door, impersonation_door},
    kinds::{Condition, Evaluation, HangsOn, Vote},
    numbers::{ResourceNo, ScopeMask},
    trace::NoTrace,
};
use crate::{
    facts::User,
    moment::Moment,
    realm::{Client, ClientNo, Profile, Realm},
};

/// What a gate can come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Possibility {
    /// No token and no moment opens it.
    Never,
    /// It hangs on the token, the moment or the service account. An upper bound: where two conditions can
    /// never hold together, this is said all the same.
    Depends,
    /// Every token opens it, at every moment. A lower bound in profile `keycloak`: there it is said only when
    /// the answer hangs on nothing at all.
    Always,
}

/// What is known of the service account of the client that asks.
#[derive(Clone, Copy, Debug)]
pub enum ServiceAccount<'a> {
    /// Nothing: it may have any roles and groups, now or later.
    Unknown,
    /// It is this user, or there is none.
    Is(Option<&'a User>),
}

/// Whether the requester can ever exchange a token for one of `target` by permission
/// ([`can_exchange_to`](super::can_exchange_to)).
#[must_use]
pub fn exchange_possibility(
    realm: &Realm,
    requester: &Client,
    account: ServiceAccount<'_>,
    target: ClientNo,
) -> Possibility {
    let door = exchange_door(realm, realm.policies().client_target(target));
    possibility(realm, requester, account, door)
}

/// Whether the requester can ever become a user without a subject token
/// ([`can_client_impersonate`](super::can_client_impersonate)). Which user, is another question.
#[must_use]
pub fn impersonation_possibility(
    realm: &Realm,
    requester: &Client,
    account: ServiceAccount<'_>,
) -> Possibility {
    possibility(realm, requester, account, impersonation_door(realm))
}

/// What is asked of which resource, and what must be granted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Door {
    pub(super) resource: ResourceNo,
    pub(super) asked: ScopeMask,
    pub(super) needed: ScopeMask,
}

fn possibility(
    realm: &Realm,
    requester: &Client,
    account: ServiceAccount<'_>,
    door: Result<Door, GateRefusal>,
) -> Possibility {
    let Ok(door) = door else {
        return Possibility::Never;
    };
    let (known, user) = match account {
        ServiceAccount::Unknown => (HangsOn::NOTHING, None),
        ServiceAccount::Is(user) => (HangsOn::SERVICE_ACCOUNT, user),
    };
    let identity = Identity::client(requester, user, None);
    let context = EvaluationContext {
        client_id: requester.client_id(),
        remote_address: None,
        // No condition is asked that would look at it.
        moment: Moment::utc(0),
    };
    let evaluation = Evaluation {
        realm,
        identity: &identity,
        context: &context,
        client: Some(requester),
    };
    let opens = |doubt_grants| {
        let votes = Known {
            known,
            doubt_grants,
        };
        let granted = evaluate_with(&evaluation, door.resource, door.asked, &votes, &mut NoTrace);
        matches!(granted, Ok(Some(granted)) if granted.contains(door.needed))
    };
    match (opens(false), opens(true)) {
        (true, _) => Possibility::Always,
        (false, true) => Possibility::Depends,
        (false, false) => Possibility::Never,
    }
}

/// Asks only conditions that hang on nothing but what is known.
struct Known {
    known: HangsOn,
    doubt_grants: bool,
}

impl Votes for Known {
    fn of(&self, condition: &dyn Condition, evaluation: &Evaluation<'_>) -> Option<Vote> {
        if condition.hangs_on().within(self.known) {
            return Some(condition.vote(evaluation));
        }
        // In profile keycloak a condition that fails closes the gate whatever the others say. Which ones can
        // fail is not asked, so "always" is said there only where none is in doubt.
        let may_close = evaluation.realm.profile() == Profile::Keycloak && !self.doubt_grants;
        may_close.then_some(Vote::Failed("not known"))
    }

    fn doubt_grants(&self) -> bool {
        self.doubt_grants
    }
}
