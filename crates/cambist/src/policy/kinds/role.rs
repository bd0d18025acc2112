//! `role`: roles that the identity has; some may be required.

use alloc::{boxed::Box, vec::Vec};

use super::{BuildContext, Condition, Evaluation, HangsOn, PolicyKind, Settings, Vote};
use crate::{
    policy::PolicyError,
    realm::{Realm, Role, RoleNo, document::PolicyDocument},
};

pub(super) struct RoleKind;

impl PolicyKind for RoleKind {
    fn name(&self) -> &'static str {
        "role"
    }

    fn build(
        &self,
        document: &PolicyDocument,
        context: &BuildContext<'_>,
    ) -> Result<Box<dyn Condition>, PolicyError> {
        let settings = Settings::new(document, context, &["roles", "fetchRoles"])?;
        let mut roles = Vec::new();
        for reference in settings.references("roles", &["id"], "required")? {
            match resolve(context.realm(), &reference.name) {
                Some(role) => roles.push((role.number(), reference.flag)),
                None => context.unresolved(&document.name, "role", &reference.name)?,
            }
        }
        Ok(Box::new(RoleCondition {
            roles: roles.into_boxed_slice(),
            stored: settings.flag("fetchRoles")?,
        }))
    }
}

/// A realm role by name, a client role as `client/role`, or either by id.
fn resolve<'r>(realm: &'r Realm, name: &str) -> Option<&'r Role> {
    if let Some(role) = realm.role_by_id(name).or_else(|| realm.realm_role(name)) {
        return Some(role);
    }
    let (client, role) = name.split_once('/')?;
    realm.client_role(realm.client_by_id(client)?.number(), role)
}

#[derive(Debug)]
struct RoleCondition {
    roles: Box<[(RoleNo, bool)]>,
    stored: bool,
}

impl Condition for RoleCondition {
    fn hangs_on(&self) -> HangsOn {
        HangsOn::SERVICE_ACCOUNT
    }

    fn vote(&self, evaluation: &Evaluation<'_>) -> Vote {
        let mut vote = if self.roles.is_empty() {
            Vote::Nothing
        } else {
            Vote::Deny
        };
        for (role, required) in &*self.roles {
            let held = if self.stored {
                // A client is no stored user, so nothing is known of its roles there.
                match evaluation.identity.stored_role(evaluation.realm, *role) {
                    Some(held) => held,
                    None => return Vote::Nothing,
                }
            } else {
                evaluation.identity.has_role(evaluation.realm, *role)
            };
            if held {
                vote = Vote::Grant;
            } else if *required {
                return Vote::Deny;
            }
        }
        vote
    }
}
