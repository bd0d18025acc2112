//! Mappers of what a provider says about users, under Keycloak's names: one file a kind.

mod attribute;
mod claim_match;
mod group;
mod role;
mod session_note;
mod username;

use alloc::{boxed::Box, collections::BTreeMap, string::String, sync::Arc};

use super::{BrokeredIdentity, Evidence};
use crate::{
    facts::User,
    realm::{
        IdentityProvider, Realm, SyncMode,
        document::{Attributes, MapperDocument},
    },
};

/// What a mapper looks at.
#[derive(Clone, Copy, Debug)]
pub struct Brokering<'a> {
    /// The realm.
    pub realm: &'a Realm,
    /// The provider.
    pub provider: &'a IdentityProvider,
    /// What it said.
    pub evidence: &'a Evidence,
}

/// For whom a mapper writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Write {
    /// For a user that is being made.
    New,
    /// For one who is linked already.
    Linked(SyncMode),
}

/// A mapper of one kind with its settings. Every method does nothing by default.
pub trait IdentityMapper: Send + Sync + core::fmt::Debug {
    /// Changes who somebody is before a user is looked for.
    fn prepare(&self, context: &Brokering<'_>, identity: &mut BrokeredIdentity) {
        let _ = (context, identity);
    }

    /// Writes into the user.
    fn write(&self, context: &Brokering<'_>, user: &mut User, when: Write) {
        let _ = (context, user, when);
    }

    /// Writes notes of the session that begins.
    fn note(&self, context: &Brokering<'_>, notes: &mut BTreeMap<String, String>) {
        let _ = (context, notes);
    }
}

/// What a kind makes of the settings of one mapper.
type Built = Result<Arc<dyn IdentityMapper>, UnusableMapper>;

/// Why a mapper cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnusableMapper {
    /// No kind has this name.
    #[error("{0}")]
    UnknownKind(Box<str>),
    /// A setting is absent or cannot be read.
    #[error("{kind} (setting {setting})")]
    Setting {
        /// The kind.
        kind: Box<str>,
        /// The setting.
        setting: &'static str,
    },
}

/// Builds a mapper from its settings.
type Build = fn(&Settings<'_>) -> Built;

/// The built-in kinds. A new one is a file beside this one and a line here.
const BUILTIN: &[(&str, Build)] = &[
    ("github-user-attribute-mapper", attribute::from_member),
    ("gitlab-user-attribute-mapper", attribute::from_member),
    ("google-user-attribute-mapper", attribute::from_member),
    ("hardcoded-attribute-idp-mapper", attribute::fixed),
    (
        "hardcoded-user-session-attribute-idp-mapper",
        session_note::fixed,
    ),
    ("microsoft-user-attribute-mapper", attribute::from_member),
    ("oidc-advanced-group-idp-mapper", group::by_claims),
    ("oidc-advanced-role-idp-mapper", role::by_claims),
    ("oidc-hardcoded-group-idp-mapper", group::fixed),
    ("oidc-hardcoded-role-idp-mapper", role::fixed),
    ("oidc-role-idp-mapper", role::by_claim),
    ("oidc-user-attribute-idp-mapper", attribute::from_claim),
    ("oidc-user-session-note-idp-mapper", session_note::by_claims),
    ("oidc-username-idp-mapper", username::build),
];

/// A mapper of a provider.
#[derive(Clone, Debug)]
pub struct IdentityMapping {
    sync: Option<SyncMode>,
    mapper: Arc<dyn IdentityMapper>,
}

impl IdentityMapping {
    /// Makes a mapper from its document.
    ///
    /// # Errors
    ///
    /// The kind is unknown, or a setting cannot be used.
    pub fn build(document: &MapperDocument) -> Result<Self, UnusableMapper> {
        let settings = Settings {
            kind: &document.kind,
            config: &document.config,
        };
        let build = BUILTIN.iter().find(|(kind, _)| *kind == document.kind);
        let (_, build) =
            build.ok_or_else(|| UnusableMapper::UnknownKind(document.kind.as_str().into()))?;
        Ok(Self {
            sync: settings.text("syncMode").and_then(SyncMode::from_name),
            mapper: build(&settings)?,
        })
    }

    pub(super) fn mapper(&self) -> &dyn IdentityMapper {
        &*self.mapper
    }

    /// The mapper's own mode, else the provider's.
    pub(super) fn sync(&self, provider: &IdentityProvider) -> SyncMode {
        self.sync.unwrap_or(provider.sync())
    }
}

/// The settings of one mapper.
struct Settings<'d> {
    kind: &'d str,
    config: &'d Attributes,
}

impl<'d> Settings<'d> {
    fn text(&self, name: &str) -> Option<&'d str> {
        self.config
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    fn required(&self, name: &'static str) -> Result<&'d str, UnusableMapper> {
        self.text(name).ok_or_else(|| self.unusable(name))
    }

    fn is_on(&self, name: &str) -> bool {
        self.text(name)
            .is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    fn unusable(&self, setting: &'static str) -> UnusableMapper {
        UnusableMapper::Setting {
            kind: self.kind.into(),
            setting,
        }
    }
}
