//! `client-roles`: the client itself has a role of one of these names. Whether anybody holds it does not
//! matter; such roles are marks.

use alloc::{boxed::Box, vec::Vec};

use crate::client_policy::{
    ClientPolicyError, Condition, ConditionKind, Match, PolicyRequest, Settings,
};

pub(super) struct ClientRolesKind;

impl ConditionKind for ClientRolesKind {
    fn name(&self) -> &'static str {
        "client-roles"
    }

    fn build(&self, settings: &Settings<'_>) -> Result<Box<dyn Condition>, ClientPolicyError> {
        settings.only(&["roles"])?;
        Ok(Box::new(ClientRoles(settings.texts("roles")?)))
    }
}

#[derive(Debug)]
struct ClientRoles(Vec<Box<str>>);

impl Condition for ClientRoles {
    fn matches(&self, request: &PolicyRequest<'_>) -> Match {
        let realm = request.realm();
        let mut own = request
            .client()
            .roles()
            .iter()
            .filter_map(|number| realm.role(*number));
        own.any(|role| self.0.iter().any(|name| **name == *role.name()))
            .into()
    }
}
