//! `user`: the identity is one of a list of users.

use alloc::{boxed::Box, string::String, vec::Vec};

use super::{BuildContext, Condition, Evaluation, HangsOn, PolicyKind, Settings, Vote};
use crate::{policy::PolicyError, realm::document::PolicyDocument};

pub(super) struct UserKind;

impl PolicyKind for UserKind {
    fn name(&self) -> &'static str {
        "user"
    }

    fn build(
        &self,
        document: &PolicyDocument,
        context: &BuildContext<'_>,
    ) -> Result<Box<dyn Condition>, PolicyError> {
        let settings = Settings::new(document, context, &["users"])?;
        let entries = settings.texts("users", document.users.as_ref())?;
        let names = entries
            .iter()
            .filter(|entry| !is_uuid(entry))
            .map(|entry| entry.to_lowercase());
        Ok(Box::new(UserCondition {
            names: sorted(names.collect()),
            ids: sorted(entries),
        }))
    }
}

/// An entry in the form of a UUID is an id and nothing else: a user who may choose a login name could
/// otherwise take the id of somebody in the list for one.
fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(place, byte)| match place {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

fn sorted(mut entries: Vec<String>) -> Box<[String]> {
    entries.sort_unstable();
    entries.dedup();
    entries.into_boxed_slice()
}

#[derive(Debug)]
struct UserCondition {
    ids: Box<[String]>,
    names: Box<[String]>,
}

impl UserCondition {
    fn has(entries: &[String], entry: &str) -> bool {
        entries
            .binary_search_by(|known| known.as_str().cmp(entry))
            .is_ok()
    }
}

impl Condition for UserCondition {
    fn hangs_on(&self) -> HangsOn {
        HangsOn::NOTHING
    }

    fn vote(&self, evaluation: &Evaluation<'_>) -> Vote {
        let identity = evaluation.identity;
        if self.ids.is_empty() {
            Vote::Nothing
        } else if Self::has(&self.ids, identity.id())
            || identity
                .username()
                .is_some_and(|username| Self::has(&self.names, username))
        {
            Vote::Grant
        } else {
            Vote::Deny
        }
    }
}
