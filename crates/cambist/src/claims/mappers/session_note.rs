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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::{
        claims::{ClaimTarget, test_world::World},
        facts::UserSession,
    };

    fn session() -> UserSession {
        serde_json::from_value(json!({
            "id": "s", "kind": "online", "user": "u", "started": 1, "last_refresh": 1,
            "method": "impersonate",
            "notes": { "IMPERSONATOR_ID": "boss-id", "clientHost": "stored", "AUTH_TIME": "5" },
        }))
        .unwrap()
    }

    fn claims(settings: &[(&str, &str)], transient: bool) -> Value {
        let mut all = alloc::vec![("access.token.claim", "true")];
        all.extend_from_slice(settings);
        let world =
            World::with_mappers("ep-claims", &[("oidc-usersessionmodel-note-mapper", &all)]);
        let session = session();
        let mut login = world.login("extra", "bo", "");
        login.session = Some(&session);
        if transient {
            login.notes.push(("clientHost".into(), "127.0.0.1".into()));
        }
        login.written(ClaimTarget::AccessToken, false)
    }

    /// v1-impersonation/by-id: a note of the stored session, below a dotted name.
    #[test]
    fn a_note_of_the_session_is_written() {
        let settings = [
            ("user.session.note", "IMPERSONATOR_ID"),
            ("claim.name", "impersonator.id"),
        ];
        assert_eq!(
            claims(&settings, false),
            json!({ "impersonator": { "id": "boss-id" } })
        );
        let settings = [
            ("user.session.note", "AUTH_TIME"),
            ("claim.name", "auth_time"),
            ("jsonType.label", "long"),
        ];
        assert_eq!(claims(&settings, false), json!({ "auth_time": 5 }));
    }

    /// claims/notes: a note of a session that is stored nowhere; one that is not there.
    #[test]
    fn a_transient_note_comes_first_and_a_missing_one_is_left_out() {
        let settings = [("user.session.note", "clientHost"), ("claim.name", "host")];
        assert_eq!(claims(&settings, true), json!({ "host": "127.0.0.1" }));
        assert_eq!(claims(&settings, false), json!({ "host": "stored" }));
        let settings = [("user.session.note", "not-there"), ("claim.name", "absent")];
        assert_eq!(claims(&settings, true), json!({}));
    }
}
