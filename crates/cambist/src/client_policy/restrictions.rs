//! What client policies take from a request that they let pass.

use alloc::{boxed::Box, vec::Vec};

use crate::realm::ClientScope;

/// What is taken from the tokens of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Restrictions {
    /// The scopes that may be seen in a token; `None`: all.
    scopes: Option<Vec<Box<str>>>,
}

impl Restrictions {
    /// Nothing is taken.
    pub const NONE: Self = Self { scopes: None };

    /// No scope but these is given, of those that a token names; and nothing that the client has by itself
    /// and not by a scope. Said twice, what both allow remains.
    pub fn narrow_to(&mut self, scopes: &[Box<str>]) {
        match &mut self.scopes {
            Some(known) => known.retain(|scope| scopes.contains(scope)),
            None => self.scopes = Some(scopes.to_vec()),
        }
    }

    /// Takes what the other takes as well.
    pub fn add(&mut self, other: &Self) {
        if let Some(scopes) = &other.scopes {
            self.narrow_to(scopes);
        }
    }

    /// Whether anything is taken.
    #[must_use]
    pub const fn is_narrowed(&self) -> bool {
        self.scopes.is_some()
    }

    /// Whether the scope stays. A scope that no token names is not the caller's to ask for, and stays.
    #[must_use]
    pub fn allow(&self, scope: &ClientScope) -> bool {
        self.scopes.as_ref().is_none_or(|scopes| {
            !scope.in_token_scope() || scopes.iter().any(|name| **name == *scope.name())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Restrictions;

    #[test]
    fn two_narrowings_leave_what_both_allow() {
        let mut restrictions = Restrictions::NONE;
        assert!(!restrictions.is_narrowed());
        restrictions.narrow_to(&["a".into(), "b".into()]);
        restrictions.narrow_to(&["b".into(), "c".into()]);
        let mut expected = Restrictions::NONE;
        expected.narrow_to(&["b".into()]);
        assert_eq!(restrictions, expected);
    }
}
