//! The kinds of protocol mappers, one file each, under Keycloak's names.

pub mod claim_path;
pub mod claim_rule;
pub mod writes;

mod acr;
mod address;
mod allowed_origins;
mod audience;
mod audience_resolve;
mod full_name;
mod group_membership;
mod hardcoded_claim;
mod hardcoded_role;
mod name_uuid;
mod nonce;
mod organization;
mod pairwise_subject;
mod role_claim;
mod role_name;
mod role_ref;
mod scope_parameter;
mod session_note;
mod subject;
mod user_attribute;
mod user_property;

use alloc::{boxed::Box, collections::BTreeMap, sync::Arc};
use core::fmt;

use super::{Habits, MapperInstance, ProtocolMapper};
use crate::realm::document::{Attributes, MapperDocument};

/// What a kind makes of the settings of one mapper.
pub type BuiltMapper = Result<Arc<dyn ProtocolMapper>, MapperError>;

/// Makes a mapper of a built-in kind.
type Build = fn(&Attributes) -> BuiltMapper;

/// Makes mappers of one kind.
type Builder = Arc<dyn Fn(&Attributes) -> BuiltMapper + Send + Sync>;

/// The built-in kinds. A new one is a file beside this one and a line here.
const BUILTIN: &[(&str, Build)] = &[
    ("oidc-acr-mapper", acr::build),
    ("oidc-address-mapper", address::build),
    ("oidc-allowed-origins-mapper", allowed_origins::build),
    ("oidc-audience-mapper", audience::build),
    ("oidc-audience-resolve-mapper", audience_resolve::build),
    ("oidc-full-name-mapper", full_name::build),
    ("oidc-group-membership-mapper", group_membership::build),
    ("oidc-hardcoded-claim-mapper", hardcoded_claim::build),
    ("oidc-hardcoded-role-mapper", hardcoded_role::build),
    ("oidc-nonce-backwards-compatible-mapper", nonce::build),
    ("oidc-organization-membership-mapper", organization::build),
    ("oidc-parameterized-scope-mapper", scope_parameter::build),
    (
        "oidc-parameterized-scope-user-property-mapper",
        scope_parameter::build_for_user,
    ),
    ("oidc-role-name-mapper", role_name::build),
    ("oidc-sha256-pairwise-sub-mapper", pairwise_subject::build),
    ("oidc-sub-mapper", subject::build),
    ("oidc-usermodel-attribute-mapper", user_attribute::build),
    (
        "oidc-usermodel-client-role-mapper",
        role_claim::build_for_clients,
    ),
    ("oidc-usermodel-property-mapper", user_property::build),
    (
        "oidc-usermodel-realm-role-mapper",
        role_claim::build_for_realm,
    ),
    ("oidc-usersessionmodel-note-mapper", session_note::build),
];

/// Why a mapper or a kind of mappers was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MapperError {
    /// No kind has this name.
    #[error("unknown kind of mapper {kind:?}")]
    UnknownKind {
        /// The name.
        kind: Box<str>,
    },
    /// A kind of this name is registered already.
    #[error("kind of mapper {kind:?} is registered twice")]
    DuplicateKind {
        /// The name.
        kind: Box<str>,
    },
    /// A setting has a value that the kind cannot work with.
    #[error("setting {setting:?} of the mapper: {problem}")]
    Setting {
        /// Name of the setting.
        setting: &'static str,
        /// What is wrong.
        problem: &'static str,
    },
    /// The name of a claim has too many parts.
    #[error("claim name with more than {limit} parts")]
    ClaimTooDeep {
        /// The most parts that are taken.
        limit: usize,
    },
}

/// The kinds of mappers that a realm may use.
#[derive(Clone)]
pub struct MapperKinds(BTreeMap<Box<str>, Builder>);

impl MapperKinds {
    /// No kind at all.
    #[must_use]
    pub const fn empty() -> Self {
        Self(BTreeMap::new())
    }

    /// The kinds that come with the engine.
    #[must_use]
    pub fn builtin() -> Self {
        let kinds = BUILTIN
            .iter()
            .map(|(name, build)| (Box::from(*name), Arc::new(*build) as Builder));
        Self(kinds.collect())
    }

    /// Adds a kind of the embedder's own.
    ///
    /// # Errors
    ///
    /// [`MapperError::DuplicateKind`] when the name is taken; the kinds are then as they were.
    pub fn register(
        &mut self,
        kind: &str,
        build: impl Fn(&Attributes) -> BuiltMapper + Send + Sync + 'static,
    ) -> Result<(), MapperError> {
        if self.0.contains_key(kind) {
            return Err(MapperError::DuplicateKind { kind: kind.into() });
        }
        self.0.insert(kind.into(), Arc::new(build));
        Ok(())
    }

    /// Makes a mapper as the document says.
    ///
    /// # Errors
    ///
    /// [`MapperError::UnknownKind`], or what the kind finds wrong with the settings.
    pub fn build(&self, document: &MapperDocument) -> Result<MapperInstance, MapperError> {
        let kind = &*document.kind;
        let build = self
            .0
            .get(kind)
            .ok_or_else(|| MapperError::UnknownKind { kind: kind.into() })?;
        let mapper = build(&document.config)?;
        Ok(MapperInstance {
            name: document.name.as_str().into(),
            kind: kind.into(),
            habits: Habits::of(&*mapper),
            mapper,
            config: Arc::new(document.config.clone()),
        })
    }

    /// The names of all kinds, in the order of letters.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(|name| &**name)
    }
}

impl Default for MapperKinds {
    fn default() -> Self {
        Self::builtin()
    }
}

impl fmt::Debug for MapperKinds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use alloc::{string::ToString, vec::Vec};

    use super::*;

    fn document(kind: &str) -> MapperDocument {
        MapperDocument {
            name: "m".into(),
            id: None,
            kind: kind.into(),
            protocol: "openid-connect".into(),
            config: Attributes::new(),
        }
    }

    #[test]
    fn every_builtin_kind_builds_from_no_settings_at_all() {
        let kinds = MapperKinds::builtin();
        for kind in kinds.names().map(ToString::to_string).collect::<Vec<_>>() {
            let mapper = kinds.build(&document(&kind)).unwrap();
            assert_eq!((mapper.name(), mapper.kind()), ("m", &*kind));
        }
        assert_eq!(
            kinds.names().count(),
            BUILTIN.len(),
            "a name stands twice in the list"
        );
    }

    #[test]
    fn an_unknown_kind_is_named() {
        let error = MapperKinds::builtin()
            .build(&document("oidc-made-up-mapper"))
            .unwrap_err();
        assert_eq!(
            error,
            MapperError::UnknownKind {
                kind: "oidc-made-up-mapper".into()
            }
        );
        assert_eq!(
            error.to_string(),
            r#"unknown kind of mapper "oidc-made-up-mapper""#
        );
    }

    #[test]
    fn a_name_can_be_registered_only_once() {
        let mut kinds = MapperKinds::builtin();
        assert_eq!(
            kinds.register("oidc-sub-mapper", hardcoded_claim::build),
            Err(MapperError::DuplicateKind {
                kind: "oidc-sub-mapper".into()
            })
        );
        kinds.register("own", hardcoded_claim::build).unwrap();
        assert!(kinds.build(&document("own")).is_ok());
    }

    #[test]
    fn a_claim_name_that_is_too_deep_is_refused_by_the_build() {
        let mut deep = document("oidc-hardcoded-claim-mapper");
        deep.config.insert("claim.name".into(), "a.".repeat(100));
        assert_eq!(
            MapperKinds::builtin().build(&deep).unwrap_err(),
            MapperError::ClaimTooDeep {
                limit: claim_path::ClaimPath::MAX_PARTS
            }
        );
    }
}
