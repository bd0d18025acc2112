//! `group`: groups that the identity is in.

use alloc::{boxed::Box, string::String, vec::Vec};

use serde_json::Value;

use super::{BuildContext, Condition, Evaluation, HangsOn, PolicyKind, Settings, Vote};
use crate::{
    policy::{PolicyError, identity::IdentityClaim},
    realm::{Group, GroupNo, Realm, document::PolicyDocument},
};

pub(super) struct GroupKind;

impl PolicyKind for GroupKind {
    fn name(&self) -> &'static str {
        "group"
    }

    fn build(
        &self,
        document: &PolicyDocument,
        context: &BuildContext<'_>,
    ) -> Result<Box<dyn Condition>, PolicyError> {
        let settings = Settings::new(document, context, &["groups", "groupsClaim"])?;
        let realm = context.realm();
        let mut groups = Vec::new();
        for reference in settings.references("groups", &["path", "id"], "extendChildren")? {
            let by_path = || {
                realm
                    .groups()
                    .iter()
                    .find(|group| group.path() == reference.name)
            };
            match realm.group_by_id(&reference.name).or_else(by_path) {
                Some(group) => groups.push((group.number(), reference.flag)),
                None => context.unresolved(&document.name, "group", &reference.name)?,
            }
        }
        Ok(Box::new(GroupCondition {
            groups: groups.into_boxed_slice(),
            claim: settings.text("groupsClaim")?,
        }))
    }
}

#[derive(Debug)]
struct GroupCondition {
    /// Each with whether the groups below it count as well.
    groups: Box<[(GroupNo, bool)]>,
    claim: Option<String>,
}

impl Condition for GroupCondition {
    fn hangs_on(&self) -> HangsOn {
        HangsOn::SERVICE_ACCOUNT.and(HangsOn::TOKEN)
    }

    fn vote(&self, evaluation: &Evaluation<'_>) -> Vote {
        let realm = evaluation.realm;
        if evaluation.identity.user().is_none() {
            return Vote::Failed("a group condition, and the client has no service account");
        }
        let claim = self
            .claim
            .as_deref()
            .and_then(|name| evaluation.identity.claim(name))
            .filter(|claim| !is_empty(claim));
        let mut wanted = self
            .groups
            .iter()
            .filter_map(|(number, below)| Some((realm.group(*number)?, *below)));
        let granted = wanted.any(|(group, below)| {
            let member = evaluation
                .identity
                .groups(realm)
                .into_iter()
                .flatten()
                .any(|of| within(realm, of, group, below));
            // A claim can only leave groups out: it never makes a member.
            member
                && claim
                    .as_ref()
                    .is_none_or(|claim| names(claim, group, below))
        });
        match granted {
            _ if self.groups.is_empty() => Vote::Nothing,
            true => Vote::Grant,
            false => Vote::Deny,
        }
    }
}

/// Whether `member` is the group, or, where those count, one below it.
fn within(realm: &Realm, member: GroupNo, group: &Group, below: bool) -> bool {
    let mut next = Some(member);
    while let Some(number) = next {
        if number == group.number() {
            return true;
        }
        // Parents have lower numbers than children, so this ends.
        next = if below {
            realm
                .group(number)
                .and_then(Group::parent)
                .filter(|parent| *parent < number)
        } else {
            None
        };
    }
    false
}

fn is_empty(claim: &IdentityClaim<'_>) -> bool {
    match claim {
        IdentityClaim::Text(text) => text.is_empty(),
        IdentityClaim::Json(value) => match &**value {
            Value::Null => true,
            Value::String(text) => text.is_empty(),
            Value::Array(list) => list.is_empty(),
            _ => false,
        },
    }
}

fn names(claim: &IdentityClaim<'_>, group: &Group, below: bool) -> bool {
    match claim {
        IdentityClaim::Text(text) => is_named(text, group, below),
        IdentityClaim::Json(value) => match &**value {
            Value::String(text) => is_named(text, group, below),
            Value::Array(list) => list
                .iter()
                .filter_map(Value::as_str)
                .any(|text| is_named(text, group, below)),
            _ => false,
        },
    }
}

/// A value with a slash is a path, any other a name.
fn is_named(value: &str, group: &Group, below: bool) -> bool {
    if !value.contains('/') {
        return value == group.name();
    }
    match value.strip_prefix(group.path()) {
        Some("") => true,
        Some(rest) => below && rest.starts_with('/'),
        None => false,
    }
}
