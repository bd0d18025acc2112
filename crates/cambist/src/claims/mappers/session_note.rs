//! A claim from a note of the session (`oidc-usersessionmodel-note-mapper`).

use alloc::{borrow::Cow, boxed::Box, sync::Arc};

use super::{BuiltMapper, claim_rule::ClaimRule, writes::Writes};
use crate::{
    claims::{ClaimContext, ClaimTarget, ComposedClaims, ProtocolMapper},
    facts::UserSession,
    realm::document::Attributes,
};

#[derive(Debug)]
struct SessionNote {
    note: Box<str>,
    rule: ClaimRule,
    writes: Writes,
}

pub(super) fn build(config: &Attributes) -> BuiltMapper {
    Ok(Arc::new(SessionNote {
        note: config
            .get("user.session.note")
            .map_or("", |note| note)
            .into(),
        rule: ClaimRule::read(config)?,
        writes: Writes::read(config),
    }))
}

impl ProtocolMapper for SessionNote {
    fn writes(&self, target: ClaimTarget, lightweight: bool) -> bool {
        self.writes.into_target(target, lightweight)
    }

    fn apply<'a>(
        &'a self,
        context: &ClaimContext<'a>,
        target: ClaimTarget,
        claims: &mut ComposedClaims<'a>,
    ) {
        let session: Option<&'a UserSession> = context.session;
        let transient = context
            .transient_notes
            .iter()
            .find(|(name, _)| **name == *self.note);
        let note = match transient {
            Some((_, value)) => Some(value.clone()),
            None => session
                .and_then(|session| session.notes.get(&*self.note))
                .map(|value| Cow::Borrowed(&**value)),
        };
        if let Some(note) = note {
            self.rule.write_text(claims, target, note);
        }
    }
}
