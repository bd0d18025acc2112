//! The questions about one user and another: who may act for whom, and who may see whom.
//!
//! The permissions are those on users, in Keycloak's terms: on the resource of one user (named by its id), else
//! on `Users`, and on the resources of the user's groups, else on `Groups`, there with a scope of its own. All are
//! closed until a permission opens them.

use super::{
    Answer, EvaluationContext, GateAction, GateRefusal, Identity,
    gates::{Gate, pass},
    kinds::Evaluation,
    numbers::{ResourceNo, ScopeMask},
    possible::Door,
    store::{NOWHERE, PolicyStore},
    trace::TraceSink,
};
use crate::{
    facts::User,
    realm::{Profile, Realm, Role, RoleNo},
};

/// Whether the actor may act for the subject: `delegate` on the subject, or `delegate-members` on one of its
/// groups. The identity judged is the actor; `kc.client.id` is the client that asks on the actor's behalf.
pub fn can_delegate(
    realm: &Realm,
    subject: &User,
    actor: &Identity<'_>,
    context: &EvaluationContext<'_>,
    record: bool,
) -> Answer {
    let gate = Gate::of(GateAction::Delegate, &subject.id, context);
    if record {
        gate.recorded(realm, actor, |evaluation, trace| {
            over(evaluation, subject, DELEGATE, trace)
        })
    } else {
        gate.silent(realm, actor, |evaluation, trace| {
            over(evaluation, subject, DELEGATE, trace)
        })
    }
}

/// Whether a token of the subject may name the actor as one who may act for it (`may_act`).
///
/// In profile `strict` that is [`can_delegate`]. In profile `keycloak` it is what Keycloak asks: the admin role
/// `impersonation` of the *actor*, or, with fine-grained permissions of version 2, `impersonate` on the subject or
/// `impersonate-members` on one of its groups, with the *subject* as the identity that is judged.
pub fn can_be_acted_for(
    realm: &Realm,
    subject: &User,
    actor: &User,
    context: &EvaluationContext<'_>,
    record: bool,
) -> Answer {
    if realm.profile() == Profile::Strict {
        return can_delegate(
            realm,
            subject,
            &Identity::stored_user(actor),
            context,
            record,
        );
    }
    let gate = Gate::of(GateAction::Impersonate, &subject.id, context);
    let actor = Identity::stored_user(actor);
    let identity = Identity::stored_user(subject);
    let right = Right {
        admin: holds_any(realm, &actor, &["impersonation"]),
        by_role: "the actor's admin role impersonation",
        ..IMPERSONATE
    };
    if record {
        gate.recorded(realm, &identity, |evaluation, trace| {
            administered(evaluation, subject, right, trace)
        })
    } else {
        gate.silent(realm, &identity, |evaluation, trace| {
            administered(evaluation, subject, right, trace)
        })
    }
}

/// Whether one user may see another: the admin roles `view-users` and `manage-users`, or, with fine-grained
/// permissions of version 2, `view` on the other or `view-members` on one of its groups.
pub fn can_view(
    realm: &Realm,
    viewer: &User,
    viewed: &User,
    context: &EvaluationContext<'_>,
    record: bool,
) -> Answer {
    let gate = Gate::of(GateAction::View, &viewed.id, context);
    let identity = Identity::stored_user(viewer);
    let right = Right {
        admin: holds_any(realm, &identity, &["view-users", "manage-users"]),
        by_role: "an admin role that sees users",
        ..VIEW
    };
    if record {
        gate.recorded(realm, &identity, |evaluation, trace| {
            administered(evaluation, viewed, right, trace)
        })
    } else {
        gate.silent(realm, &identity, |evaluation, trace| {
            administered(evaluation, viewed, right, trace)
        })
    }
}

/// A right over a user: its scope on the user, and its scope on the groups of the user.
#[derive(Clone, Copy)]
struct Right {
    on_user: fn(&PolicyStore) -> Option<ScopeMask>,
    on_group: fn(&PolicyStore) -> Option<ScopeMask>,
    /// An admin role gives it.
    admin: bool,
    by_role: &'static str,
}

const DELEGATE: Right = Right {
    on_user: |store| store.over_users.delegate,
    on_group: |store| store.over_users.delegate_members,
    admin: false,
    by_role: "",
};

const IMPERSONATE: Right = Right {
    on_user: |store| store.impersonate,
    on_group: |store| store.over_users.impersonate_members,
    ..DELEGATE
};

const VIEW: Right = Right {
    on_user: |store| store.over_users.view,
    on_group: |store| store.over_users.view_members,
    ..DELEGATE
};

fn administered<T: TraceSink>(
    evaluation: &Evaluation<'_>,
    user: &User,
    right: Right,
    trace: &mut T,
) -> Result<(), GateRefusal> {
    if right.admin {
        trace.opened_by(right.by_role);
        return Ok(());
    }
    if !evaluation.realm.policies().over_users.fine_grained {
        return Err(GateRefusal::NoPermission);
    }
    over(evaluation, user, right, trace)
}

fn over<T: TraceSink>(
    evaluation: &Evaluation<'_>,
    user: &User,
    right: Right,
    trace: &mut T,
) -> Result<(), GateRefusal> {
    let store = evaluation.realm.policies();
    let named = |id: &str, all: u32| {
        let number = store.over_users.resources.get(id).copied().unwrap_or(all);
        (number != NOWHERE).then_some(ResourceNo(number))
    };
    let on_user = named(&user.id, store.users.resource).zip((right.on_user)(store));
    let on_groups = user
        .groups
        .iter()
        .filter_map(|group| named(group, store.over_users.groups).zip((right.on_group)(store)));
    let mut refusal = GateRefusal::NoPermission;
    for (resource, scope) in on_user.into_iter().chain(on_groups) {
        let door = Door {
            resource,
            asked: scope,
            needed: scope,
        };
        match pass(evaluation, door, trace) {
            Ok(()) => return Ok(()),
            Err(refused) => refusal = refused,
        }
    }
    Err(refusal)
}

/// Whether the identity has one of these admin roles of the realm.
fn holds_any(realm: &Realm, identity: &Identity<'_>, names: &[&str]) -> bool {
    let Some(management) = realm.client_by_id("realm-management") else {
        return false;
    };
    names
        .iter()
        .filter_map(|name| realm.client_role(management.number(), name))
        .map(Role::number)
        .any(|role: RoleNo| identity.has_role(realm, role))
}
