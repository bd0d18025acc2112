//! Who acts, and who may (RFC 8693 sections 4.1 and 4.4).

use alloc::{boxed::Box, vec::Vec};

use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::{Map, Value};

/// Most actors of a chain, the one who acts now counted in.
pub const MAX_ACTORS: usize = 8;

/// Who acts, and who acted before: `act`, nested, the newest outermost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActorChain(Vec<Actor>);

/// One actor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// `iss`: who the actor's token was issued by.
    pub issuer: Box<str>,
    /// `sub`: internal id of the actor's user.
    pub subject: Box<str>,
    /// `client_id`: the client that asked on the actor's behalf.
    pub client: Box<str>,
}

/// An `act` that this realm has not written: another shape or issuer, an actor without a client, or more of them
/// than [`MAX_ACTORS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ActorChainError {
    /// Another shape.
    #[error("the chain of actors cannot be read")]
    Unreadable,
    /// Too many actors.
    #[error("a chain of {depth} actors is longer than {MAX_ACTORS}")]
    TooDeep {
        /// How many there are, the new one counted in.
        depth: usize,
    },
}

impl ActorChain {
    /// Reads the claim `act` of a token that `issuer` has issued.
    ///
    /// # Errors
    ///
    /// [`ActorChainError`]; nothing is cut off.
    pub fn read(claim: &Value, issuer: &str) -> Result<Self, ActorChainError> {
        let mut actors = Vec::new();
        let mut next = Some(claim);
        while let Some(claim) = next {
            if actors.len() == MAX_ACTORS {
                let depth = MAX_ACTORS.saturating_add(1);
                return Err(ActorChainError::TooDeep { depth });
            }
            let members = claim.as_object().ok_or(ActorChainError::Unreadable)?;
            let known = |name: &str| matches!(name, "iss" | "sub" | "client_id" | "act");
            let actor = Actor {
                issuer: text(members, "iss")?,
                subject: text(members, "sub")?,
                client: text(members, "client_id")?,
            };
            if *actor.issuer != *issuer || !members.keys().all(|name| known(name)) {
                return Err(ActorChainError::Unreadable);
            }
            actors.push(actor);
            next = members.get("act");
        }
        Ok(Self(actors))
    }

    /// The chain of an actor who acts where `before` acted.
    ///
    /// # Errors
    ///
    /// [`ActorChainError::TooDeep`].
    pub fn extended(actor: Actor, before: Option<Self>) -> Result<Self, ActorChainError> {
        let mut actors = Vec::from([actor]);
        actors.extend(before.into_iter().flat_map(|chain| chain.0));
        if actors.len() > MAX_ACTORS {
            let depth = actors.len();
            return Err(ActorChainError::TooDeep { depth });
        }
        Ok(Self(actors))
    }

    /// The actors, the newest first.
    #[must_use]
    pub fn actors(&self) -> &[Actor] {
        &self.0
    }
}

fn text(
    members: &Map<alloc::string::String, Value>,
    name: &str,
) -> Result<Box<str>, ActorChainError> {
    members
        .get(name)
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty())
        .map(Box::from)
        .ok_or(ActorChainError::Unreadable)
}

impl Serialize for ActorChain {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Link(&self.0).serialize(serializer)
    }
}

/// An actor and those before.
struct Link<'a>(&'a [Actor]);

impl Serialize for Link<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some((actor, before)) = self.0.split_first() {
            map.serialize_entry("iss", &actor.issuer)?;
            map.serialize_entry("sub", &actor.subject)?;
            map.serialize_entry("client_id", &actor.client)?;
            if !before.is_empty() {
                map.serialize_entry("act", &Self(before))?;
            }
        }
        map.end()
    }
}

/// Whom a token names as one who may act for its subject: `may_act`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MayAct {
    /// `iss`; absent where it is the issuer of the token.
    pub issuer: Option<Box<str>>,
    /// `sub`.
    pub subject: Box<str>,
    /// `client_id`: the only client that may ask on the actor's behalf.
    pub client: Option<Box<str>>,
}

impl MayAct {
    /// Reads the claim. `None` for anything that names nobody, and for a member that is not understood here:
    /// it may be a condition, and would otherwise be passed over.
    #[must_use]
    pub fn read(claim: &Value) -> Option<Self> {
        let members = claim.as_object()?;
        let known =
            |name: &alloc::string::String| matches!(name.as_str(), "iss" | "sub" | "client_id");
        if !members.keys().all(known) {
            return None;
        }
        let optional = |name| match members.get(name) {
            None => Some(None),
            Some(_) => text(members, name).ok().map(Some),
        };
        Some(Self {
            issuer: optional("iss")?,
            subject: text(members, "sub").ok()?,
            client: optional("client_id")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn actor(subject: &str) -> Actor {
        Actor {
            issuer: "https://a/r".into(),
            subject: subject.into(),
            client: "desk".into(),
        }
    }

    fn chain(length: usize) -> ActorChain {
        let mut chain = None;
        for number in 0..length {
            let next = actor(&alloc::format!("a{number}"));
            chain = Some(ActorChain::extended(next, chain).unwrap());
        }
        chain.unwrap()
    }

    /// toolhive #5815: the second hop must not overwrite the first.
    #[test]
    fn r49_a_chain_is_nested_with_the_newest_outermost() {
        assert_eq!(
            serde_json::to_value(chain(2)).unwrap(),
            json!({ "iss": "https://a/r", "sub": "a1", "client_id": "desk",
                    "act": { "iss": "https://a/r", "sub": "a0", "client_id": "desk" } })
        );
    }

    #[test]
    fn t144_a_chain_is_read_as_it_was_written_and_never_cut() {
        for length in 1..=MAX_ACTORS {
            let written = serde_json::to_value(chain(length)).unwrap();
            assert_eq!(ActorChain::read(&written, "https://a/r"), Ok(chain(length)));
        }
        let depth = MAX_ACTORS + 1;
        assert_eq!(
            ActorChain::extended(actor("late"), Some(chain(MAX_ACTORS))),
            Err(ActorChainError::TooDeep { depth })
        );
        let mut deep = serde_json::to_value(actor_json("late")).unwrap();
        deep["act"] = serde_json::to_value(chain(MAX_ACTORS)).unwrap();
        assert_eq!(
            ActorChain::read(&deep, "https://a/r"),
            Err(ActorChainError::TooDeep { depth })
        );
    }

    fn actor_json(subject: &str) -> Value {
        json!({ "iss": "https://a/r", "sub": subject, "client_id": "desk" })
    }

    /// The law of the chain: the result is the actor and then all that was there.
    #[test]
    fn p19_the_result_is_the_actor_and_the_chain_before() {
        for length in 1..MAX_ACTORS {
            let before = chain(length);
            let after = ActorChain::extended(actor("now"), Some(before.clone())).unwrap();
            let (newest, rest) = after.actors().split_first().unwrap();
            assert_eq!((newest, rest), (&actor("now"), before.actors()));
        }
    }

    #[test]
    fn a_chain_of_another_hand_is_not_read() {
        for wrong in [
            json!("a0"),
            json!({}),
            json!({ "sub": "a0" }),
            json!({ "iss": "https://b/r", "sub": "a0", "client_id": "desk" }),
            json!({ "iss": "https://a/r", "sub": "", "client_id": "desk" }),
            json!({ "iss": "https://a/r", "sub": "a0", "client_id": "desk", "act": null }),
            json!({ "iss": "https://a/r", "sub": "a0", "client_id": "desk", "more": 1 }),
        ] {
            assert_eq!(
                ActorChain::read(&wrong, "https://a/r"),
                Err(ActorChainError::Unreadable),
                "{wrong}"
            );
        }
    }

    #[test]
    fn what_names_nobody_is_no_may_act() {
        assert!(MayAct::read(&json!({ "sub": "a" })).is_some());
        for wrong in [
            json!("a"),
            json!({}),
            json!({ "sub": 1 }),
            json!({ "sub": "a", "iss": null }),
            json!({ "sub": "a", "client_id": ["x"] }),
            json!({ "sub": "a", "aud": "elsewhere" }),
            json!({ "subs": ["a"] }),
        ] {
            assert_eq!(MayAct::read(&wrong), None, "{wrong}");
        }
    }
}
