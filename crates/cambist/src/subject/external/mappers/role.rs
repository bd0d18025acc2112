//! Roles: given to all, or to those with certain claims.

use alloc::{boxed::Box, string::String, sync::Arc, vec, vec::Vec};

use super::{Brokering, Built, IdentityMapper, Settings, Write, claim_match::ClaimMatch};
use crate::{
    facts::User,
    realm::{Realm, Role, SyncMode},
};

pub(super) fn fixed(settings: &Settings<'_>) -> Built {
    build(settings, Vec::new())
}

pub(super) fn by_claim(settings: &Settings<'_>) -> Built {
    let claim = settings.required("claim")?;
    let value = settings.text("claim.value").unwrap_or_default();
    build(settings, vec![ClaimMatch::equal(claim, value)])
}

pub(super) fn by_claims(settings: &Settings<'_>) -> Built {
    build(settings, ClaimMatch::list(settings)?)
}

fn build(settings: &Settings<'_>, claims: Vec<ClaimMatch>) -> Built {
    Ok(Arc::new(Mapper {
        role: settings.required("role")?.into(),
        claims,
    }))
}

#[derive(Debug)]
struct Mapper {
    /// `role` of the realm, or `client.role`.
    role: Box<str>,
    /// All must match; none: everybody.
    claims: Vec<ClaimMatch>,
}

impl IdentityMapper for Mapper {
    fn write(&self, context: &Brokering<'_>, user: &mut User, when: Write) {
        let Some(role) = find(context.realm, &self.role).map(|role| String::from(role.id())) else {
            return;
        };
        let applies = self
            .claims
            .iter()
            .all(|claim| claim.found(context.evidence).is_some());
        let has = user.roles.contains(&role);
        match (applies, when) {
            (true, Write::New | Write::Linked(SyncMode::Force)) if !has => user.roles.push(role),
            // A role that hangs on a claim goes with it.
            (false, Write::Linked(SyncMode::Force | SyncMode::Legacy)) => {
                user.roles.retain(|other| *other != role);
            }
            _ => {}
        }
    }
}

fn find<'r>(realm: &'r Realm, name: &str) -> Option<&'r Role> {
    // A realm role with a dot in its name goes first; then the last dot parts client and role.
    realm.realm_role(name).or_else(|| {
        let (client, role) = name.rsplit_once('.')?;
        realm.client_role(realm.client_by_id(client)?.number(), role)
    })
}
