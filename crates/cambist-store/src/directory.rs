//! Users, for administration.

use std::{collections::BTreeMap, sync::Arc};

use cambist::facts::{User, UserQuery};

use crate::{StoreError, StoreFuture};

/// A part of a sorted list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// How many to leave out. Default 0.
    pub first: u64,
    /// How many to return at most. `None` (default): all the rest.
    pub max: Option<u64>,
}

impl Page {
    /// Everything.
    pub const ALL: Self = Self {
        first: 0,
        max: None,
    };

    /// The part of `items` that is on the page.
    pub(crate) fn of<T>(self, items: impl Iterator<Item = T>) -> Vec<T> {
        let skip = usize::try_from(self.first).unwrap_or(usize::MAX);
        let take = self
            .max
            .map_or(usize::MAX, |max| usize::try_from(max).unwrap_or(usize::MAX));
        items.skip(skip).take(take).collect()
    }
}

impl Default for Page {
    fn default() -> Self {
        Self::ALL
    }
}

/// Reads and writes users. Every method answers [`StoreError::UnknownRealm`] when there is no such realm.
///
/// Login names and e-mail addresses are kept in small letters, whatever letters they come in, and are found
/// in any. A login name is unique in its realm; so is an e-mail address unless the realm's
/// `login.duplicate_emails` allows two.
pub trait UserDirectory: Send + Sync {
    /// Keeps a new user and returns it as kept, with version 1.
    ///
    /// # Errors
    ///
    /// [`Conflict::UserIdTaken`](crate::Conflict::UserIdTaken),
    /// [`UsernameTaken`](crate::Conflict::UsernameTaken) or [`EmailTaken`](crate::Conflict::EmailTaken).
    fn insert_user<'a>(
        &'a self,
        realm: &'a str,
        user: User,
    ) -> StoreFuture<'a, Result<Arc<User>, StoreError>>;

    /// Replaces the user with the same internal id, who must still have the version `expected`, and returns
    /// the user as kept, with the next version.
    ///
    /// # Errors
    ///
    /// [`Conflict::UserGone`](crate::Conflict::UserGone), [`Version`](crate::Conflict::Version),
    /// [`UsernameTaken`](crate::Conflict::UsernameTaken) or [`EmailTaken`](crate::Conflict::EmailTaken).
    fn update_user<'a>(
        &'a self,
        realm: &'a str,
        user: User,
        expected: u64,
    ) -> StoreFuture<'a, Result<Arc<User>, StoreError>>;

    /// Deletes a user with all sessions and login failures. Says whether there was one.
    ///
    /// # Errors
    ///
    /// When the store cannot write.
    fn delete_user<'a>(
        &'a self,
        realm: &'a str,
        id: &'a str,
    ) -> StoreFuture<'a, Result<bool, StoreError>>;

    /// One user.
    ///
    /// # Errors
    ///
    /// When the store cannot read.
    fn find_user<'a>(
        &'a self,
        realm: &'a str,
        query: &'a UserQuery,
    ) -> StoreFuture<'a, Result<Option<Arc<User>>, StoreError>>;

    /// Users that match, by login name.
    ///
    /// # Errors
    ///
    /// When the store cannot read.
    fn search_users<'a>(
        &'a self,
        realm: &'a str,
        search: &'a UserSearch,
        page: Page,
    ) -> StoreFuture<'a, Result<Vec<Arc<User>>, StoreError>>;

    /// How many users match.
    ///
    /// # Errors
    ///
    /// When the store cannot read.
    fn count_users<'a>(
        &'a self,
        realm: &'a str,
        search: &'a UserSearch,
    ) -> StoreFuture<'a, Result<u64, StoreError>>;

    /// Users who are in the group with this internal id itself, by login name.
    ///
    /// # Errors
    ///
    /// When the store cannot read.
    fn group_members<'a>(
        &'a self,
        realm: &'a str,
        group: &'a str,
        page: Page,
    ) -> StoreFuture<'a, Result<Vec<Arc<User>>, StoreError>>;

    /// Users to whom the role with this internal id was given itself, by login name.
    ///
    /// # Errors
    ///
    /// When the store cannot read.
    fn role_users<'a>(
        &'a self,
        realm: &'a str,
        role: &'a str,
        page: Page,
    ) -> StoreFuture<'a, Result<Vec<Arc<User>>, StoreError>>;
}

/// Which users are looked for, in the terms of Keycloak's `GET /admin/realms/{realm}/users`. Every member
/// that is set must match; the default matches everyone but service accounts. Letter case does not matter,
/// except in `attributes` and the provider's members.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserSearch {
    /// Words, each of which must match login name, e-mail address, given name or family name: `word` and
    /// `word*` as a beginning, a star anywhere stands for anything, `"word"` is the whole.
    pub search: Option<String>,
    /// Part of the login name; all of it with `exact`.
    pub username: Option<String>,
    /// Part of the e-mail address; all of it with `exact`.
    pub email: Option<String>,
    /// Part of the given name; all of it with `exact`.
    pub first_name: Option<String>,
    /// Part of the family name; all of it with `exact`.
    pub last_name: Option<String>,
    /// Whether the four members above must match whole.
    pub exact: bool,
    /// Enabled or disabled.
    pub enabled: Option<bool>,
    /// E-mail address proved or not.
    pub email_verified: Option<bool>,
    /// Attributes of which one value must be equal.
    pub attributes: BTreeMap<String, String>,
    /// Linked to the identity provider with this alias.
    pub provider: Option<String>,
    /// Linked as this user of a provider.
    pub provider_user: Option<String>,
    /// Whether service accounts are found too.
    pub service_accounts: bool,
}

impl UserSearch {
    /// The search made ready for matching.
    pub(crate) fn plan(&self) -> SearchPlan<'_> {
        let small = |text: &Option<String>| text.as_deref().map(str::to_lowercase);
        SearchPlan {
            words: self
                .search
                .iter()
                .flat_map(|words| words.split_whitespace())
                .map(Word::parse)
                .collect(),
            username: small(&self.username),
            email: small(&self.email),
            first_name: small(&self.first_name),
            last_name: small(&self.last_name),
            search: self,
        }
    }
}

/// A search with its texts in small letters.
#[derive(Debug)]
pub(crate) struct SearchPlan<'a> {
    pub(crate) words: Vec<Word>,
    pub(crate) username: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) first_name: Option<String>,
    pub(crate) last_name: Option<String>,
    pub(crate) search: &'a UserSearch,
}

impl SearchPlan<'_> {
    pub(crate) fn matches(&self, user: &User) -> bool {
        let search = self.search;
        let first = user
            .first_name
            .as_deref()
            .unwrap_or_default()
            .to_lowercase();
        let last = user.last_name.as_deref().unwrap_or_default().to_lowercase();
        let email = user.email.as_deref().unwrap_or_default();
        let fields = [user.username.as_str(), email, &first, &last];
        (search.service_accounts || user.service_account_client.is_none())
            && search.enabled.is_none_or(|enabled| enabled == user.enabled)
            && search
                .email_verified
                .is_none_or(|verified| verified == user.email_verified)
            && self.part(self.username.as_deref(), &user.username)
            && self.part(self.email.as_deref(), email)
            && self.part(self.first_name.as_deref(), &first)
            && self.part(self.last_name.as_deref(), &last)
            && self
                .words
                .iter()
                .all(|word| fields.iter().any(|field| word.matches(field)))
            && self.record_matches(user)
    }

    /// Whether attributes and links match: what only the whole record tells.
    pub(crate) fn record_matches(&self, user: &User) -> bool {
        let search = self.search;
        search.attributes.iter().all(|(name, value)| {
            user.attributes
                .get(name)
                .is_some_and(|values| values.contains(value))
        }) && (search.provider.is_none() && search.provider_user.is_none()
            || user.federated_identities.iter().any(|link| {
                search
                    .provider
                    .as_ref()
                    .is_none_or(|alias| *alias == link.provider)
                    && search
                        .provider_user
                        .as_ref()
                        .is_none_or(|id| *id == link.user_id)
            }))
    }

    /// Whether [`record_matches`](Self::record_matches) can refuse anyone.
    #[cfg(feature = "sqlite")]
    pub(crate) fn needs_record(&self) -> bool {
        let search = self.search;
        !search.attributes.is_empty() || search.provider.is_some() || search.provider_user.is_some()
    }

    fn part(&self, wanted: Option<&str>, field: &str) -> bool {
        match wanted {
            None => true,
            Some(wanted) if self.search.exact => field == wanted,
            Some(wanted) => field.contains(wanted),
        }
    }
}

/// One word of a search, in small letters.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Word {
    /// `"word"`.
    Whole(String),
    /// The pieces between stars; the first is the beginning of the field, the last one, unless empty, is its
    /// end only in the sense that anything may follow.
    Pieces(Vec<String>),
}

impl Word {
    fn parse(word: &str) -> Self {
        let word = word.to_lowercase();
        if let Some(whole) = word
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'))
        {
            return Self::Whole(whole.to_owned());
        }
        Self::Pieces(word.split('*').map(str::to_owned).collect())
    }

    fn matches(&self, field: &str) -> bool {
        let pieces = match self {
            Self::Whole(whole) => return field == whole,
            Self::Pieces(pieces) => pieces,
        };
        let mut rest = field;
        for (number, piece) in pieces.iter().enumerate() {
            let after = if number == 0 {
                rest.strip_prefix(piece.as_str())
            } else {
                rest.split_once(piece.as_str()).map(|(_, after)| after)
            };
            match after {
                Some(after) => rest = after,
                None => return false,
            }
        }
        true
    }
}

/// Puts login name and e-mail address in small letters, as they are kept; an empty address is none.
pub(crate) fn normalise(user: &mut User) {
    user.username = user.username.to_lowercase();
    user.email = user
        .email
        .take()
        .map(|email| email.to_lowercase())
        .filter(|email| !email.is_empty());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mira() -> User {
        User {
            id: "1".into(),
            username: "mira.k".into(),
            enabled: true,
            email: Some("mira@example.org".into()),
            first_name: Some("Mira".into()),
            last_name: Some("Kovač".into()),
            attributes: [("team".to_owned(), vec!["blue".to_owned(), "red".to_owned()])].into(),
            ..User::default()
        }
    }

    fn found(search: UserSearch) -> bool {
        search.plan().matches(&mira())
    }

    fn words(words: &str) -> bool {
        found(UserSearch {
            search: Some(words.into()),
            ..UserSearch::default()
        })
    }

    #[test]
    fn words_match_as_in_keycloak() {
        for hit in [
            "mira",
            "MIRA*",
            "kov",
            "KOVAČ",
            "*ira*",
            "*.k",
            "m*k",
            "mira kov",
            "\"mira.k\"",
            "",
        ] {
            assert!(words(hit), "{hit}");
        }
        for miss in ["ira", "\"mira.\"", "mira smith", "k*mira", "*z*"] {
            assert!(!words(miss), "{miss}");
        }
    }

    #[test]
    fn members_match_inside_or_whole() {
        let by = |username: &str, exact| {
            found(UserSearch {
                username: Some(username.into()),
                exact,
                ..UserSearch::default()
            })
        };
        assert!(by("IRA", false));
        assert!(!by("ira", true));
        assert!(by("Mira.K", true));
        assert!(!by("*", false), "a star is a star here");
    }

    #[test]
    fn attributes_match_one_value() {
        let by = |value: &str| {
            found(UserSearch {
                attributes: [("team".to_owned(), value.to_owned())].into(),
                ..UserSearch::default()
            })
        };
        assert!(by("red"));
        assert!(!by("Red"));
    }

    #[test]
    fn service_accounts_are_found_when_asked_for() {
        let mut account = mira();
        account.service_account_client = Some("c".into());
        assert!(!UserSearch::default().plan().matches(&account));
        let all = UserSearch {
            service_accounts: true,
            ..UserSearch::default()
        };
        assert!(all.plan().matches(&account));
    }
}
