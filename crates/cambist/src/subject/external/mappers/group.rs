//! Groups: for all, or for those with certain claims.

use alloc::{boxed::Box, string::String, sync::Arc, vec::Vec};

use super::{Brokering, Built, IdentityMapper, Settings, Write, claim_match::ClaimMatch};
use crate::{facts::User, realm::SyncMode};

pub(super) fn fixed(settings: &Settings<'_>) -> Built {
    build(settings, Vec::new())
}

pub(super) fn by_claims(settings: &Settings<'_>) -> Built {
    build(settings, ClaimMatch::list(settings)?)
}

fn build(settings: &Settings<'_>, claims: Vec<ClaimMatch>) -> Built {
    Ok(Arc::new(Mapper {
        group: settings.required("group")?.into(),
        claims,
    }))
}

#[derive(Debug)]
struct Mapper {
    /// Path of the group.
    group: Box<str>,
    /// All must match; none: everybody.
    claims: Vec<ClaimMatch>,
}

impl IdentityMapper for Mapper {
    fn write(&self, context: &Brokering<'_>, user: &mut User, when: Write) {
        let mut groups = context.realm.groups().iter();
        let Some(group) = groups.find(|group| group.path() == &*self.group) else {
            return;
        };
        let group = String::from(group.id());
        let applies = self
            .claims
            .iter()
            .all(|claim| claim.found(context.evidence).is_some());
        let has = user.groups.contains(&group);
        match (applies, when) {
            (true, Write::New | Write::Linked(SyncMode::Force)) if !has => user.groups.push(group),
            (false, Write::Linked(SyncMode::Force)) => {
                user.groups.retain(|other| *other != group);
            }
            _ => {}
        }
    }
}
