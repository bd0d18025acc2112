//! Lineage: which tokens a token was made from.
//!
//! A realm that records it writes the claim `derived_from` into what an exchange mints, and carries it on through
//! refreshes. Revoking one token is one write, its id; whoever judges a token looks its ancestors up, at most
//! [`MAX_ANCESTORS`] of them, whatever else the realm has issued.

use alloc::{boxed::Box, vec::Vec};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{ReadToken, SessionCode};
use crate::{
    facts::{Facts, UserSession},
    moment::Timestamp,
    realm::Realm,
};

/// Most tokens that a token may stem from: eight exchanges, each with an actor token.
pub const MAX_ANCESTORS: usize = 16;

/// The tokens that a token was made from, the nearest first; empty for one that a login or a client's own
/// credentials gave.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Lineage(Vec<Ancestor>);

/// One token of a lineage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ancestor {
    /// Its id.
    jti: Box<str>,
    /// Its client, where it stood on a client session of the same user session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    azp: Option<Box<str>>,
}

/// A lineage that this realm has not written, or one that would be too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineageError {
    /// Another shape.
    #[error("the lineage of the token cannot be read")]
    Unreadable,
    /// Too many ancestors.
    #[error("a token may stem from {MAX_ANCESTORS} others, not from {count}")]
    TooLong {
        /// How many there would be.
        count: usize,
    },
}

impl Lineage {
    /// Reads the claim `derived_from`; absent, it is empty.
    ///
    /// # Errors
    ///
    /// [`LineageError`]; nothing is passed over or cut off.
    pub fn read(claim: Option<&Value>) -> Result<Self, LineageError> {
        let Some(claim) = claim else {
            return Ok(Self::default());
        };
        let lineage = Self::deserialize(claim).map_err(|_| LineageError::Unreadable)?;
        lineage.within_bounds()
    }

    /// The lineage of what is made from this token. `in_session`: the new token lives in the session of this one.
    ///
    /// # Errors
    ///
    /// [`LineageError::TooLong`].
    pub fn below(token: &ReadToken, in_session: bool) -> Result<Self, LineageError> {
        let stored = matches!(
            token.id.session,
            SessionCode::Online | SessionCode::Offline | SessionCode::Unknown
        );
        let stands = in_session && stored && token.session.is_some();
        let mut ancestors = Vec::from([Ancestor {
            jti: token.token_id.clone(),
            azp: stands.then(|| token.authorized_party.clone()),
        }]);
        ancestors.extend(token.lineage.0.iter().cloned().map(|earlier| Ancestor {
            azp: earlier.azp.filter(|_| in_session),
            ..earlier
        }));
        Self(ancestors).within_bounds()
    }

    /// This lineage and another one: what is made from two tokens stems from both.
    ///
    /// # Errors
    ///
    /// [`LineageError::TooLong`].
    pub fn joined(mut self, other: Self) -> Result<Self, LineageError> {
        self.0.extend(other.0);
        self.within_bounds()
    }

    fn within_bounds(self) -> Result<Self, LineageError> {
        match self.0.len() {
            0..=MAX_ANCESTORS => Ok(self),
            count => Err(LineageError::TooLong { count }),
        }
    }

    /// Whether there are no ancestors.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The ids (`jti`) of the ancestors, the nearest first.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|ancestor| &*ancestor.jti)
    }

    /// Whether no ancestor is revoked, and every client session that one stood on is there and not begun anew:
    /// revoking a refresh token ends that.
    pub(crate) fn stands(
        &self,
        realm: &Realm,
        facts: &Facts,
        session: Option<&UserSession>,
        issued: Timestamp,
    ) -> bool {
        self.0.iter().all(|ancestor| {
            let there = ancestor.azp.as_deref().is_none_or(|client| {
                realm
                    .client_by_id(client)
                    .zip(session)
                    .and_then(|(client, session)| session.client(client.uuid()))
                    .is_some_and(|client| client.started <= issued)
            });
            there && !facts.is_revoked(&ancestor.jti)
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Lineage, LineageError, MAX_ANCESTORS};

    #[test]
    fn what_the_engine_has_not_written_is_no_lineage() {
        assert_eq!(Lineage::read(None), Ok(Lineage::default()));
        let written = json!([{"jti": "onrtro:1", "azp": "till"}, {"jti": "onrtro:0"}]);
        let lineage = Lineage::read(Some(&written)).unwrap();
        assert_eq!(
            lineage.ids().collect::<alloc::vec::Vec<_>>(),
            ["onrtro:1", "onrtro:0"]
        );
        assert_eq!(serde_json::to_value(&lineage).unwrap(), written);
        for other in [
            json!(null),
            json!("onrtro:1"),
            json!({"jti": "onrtro:1"}),
            json!(["onrtro:1"]),
            json!([{"azp": "till"}]),
            json!([{"jti": "onrtro:1", "exp": 1}]),
            json!([{"jti": 1}]),
        ] {
            let read = Lineage::read(Some(&other));
            assert_eq!(read, Err(LineageError::Unreadable), "{other}");
        }
    }

    #[test]
    fn a_lineage_is_bounded_and_never_cut() {
        let of = |count: usize| json!(alloc::vec![json!({"jti": "a"}); count]);
        assert!(Lineage::read(Some(&of(MAX_ANCESTORS))).is_ok());
        let count = MAX_ANCESTORS + 1;
        assert_eq!(
            Lineage::read(Some(&of(count))),
            Err(LineageError::TooLong { count })
        );
        let one = Lineage::read(Some(&of(1))).unwrap();
        let full = Lineage::read(Some(&of(MAX_ANCESTORS))).unwrap();
        assert_eq!(one.joined(full), Err(LineageError::TooLong { count }));
    }
}
