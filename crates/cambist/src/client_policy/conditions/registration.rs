//! Conditions about the registration of clients and about logins in a browser. They are known, so that a
//! realm that has them can be loaded, and have nothing to say of a request for tokens.

use alloc::{boxed::Box, vec::Vec};

use crate::client_policy::{
    ClientPolicyError, Condition, ConditionKind, Match, PolicyRequest, Settings,
};

pub(super) fn kinds() -> Vec<Box<dyn ConditionKind>> {
    const NAMES: [&str; 5] = [
        "acr-condition",
        "client-updater-context",
        "client-updater-source-groups",
        "client-updater-source-host",
        "client-updater-source-roles",
    ];
    NAMES
        .into_iter()
        .map(|name| Box::new(Elsewhere(name)) as Box<dyn ConditionKind>)
        .collect()
}

struct Elsewhere(&'static str);

impl ConditionKind for Elsewhere {
    fn name(&self) -> &'static str {
        self.0
    }

    fn build(&self, _: &Settings<'_>) -> Result<Box<dyn Condition>, ClientPolicyError> {
        Ok(Box::new(NotAsked))
    }
}

#[derive(Debug)]
struct NotAsked;

impl Condition for NotAsked {
    fn matches(&self, _: &PolicyRequest<'_>) -> Match {
        Match::NotAsked
    }
}
