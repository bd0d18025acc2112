//! Claims: which scopes are active, which roles may enter, and what the mappers write.

mod claim_set;
mod compose;
mod context;
pub mod mappers;
pub(crate) mod organizations;
pub mod parameterized;
#[cfg(test)]
mod recorded;
pub mod roles;
pub mod scopes;
#[cfg(test)]
mod test_world;

use alloc::{boxed::Box, sync::Arc};

pub(crate) use self::compose::compose_watched;
pub use self::{
    claim_set::{ClaimSet, ClaimValue},
    compose::compose,
    context::{ClaimContext, ClaimTarget, ComposedClaims},
    mappers::{MapperError, MapperKinds},
    parameterized::{ActiveParameter, ScopeAsker},
    roles::{effective_roles, token_roles},
    scopes::{ActiveScopes, InvalidScopes},
};
use crate::realm::{ScopeNo, document::Attributes};

/// A protocol mapper: writes claims into a token or an answer.
///
/// Mappers run in ascending priority; within one priority in the order of scopes and then of the document.
/// A mapper cannot write the claims that the engine owns ([`ComposedClaims`] has no place for them), except
/// where a kind is made for one of them, such as the audience mapper.
///
/// Priority, need of roles and targets are asked once, when the realm is built.
pub trait ProtocolMapper: Send + Sync + core::fmt::Debug {
    /// Where it stands among the others: -10 subject, 0 ordinary, 10 role names, 20 hardcoded roles, 30
    /// audience resolve, 40 roles to claims.
    fn priority(&self) -> i32 {
        0
    }

    /// Whether it reads or changes [`realm_roles`](ComposedClaims::realm_roles) or
    /// [`client_roles`](ComposedClaims::client_roles).
    fn needs_roles(&self) -> bool {
        false
    }

    /// Whether what it writes stands in its settings, and does not depend on the user, the session or other
    /// mappers. By the law of narrowing such a mapper grants what it adds: somebody wrote it down. Default:
    /// no.
    fn is_fixed(&self) -> bool {
        false
    }

    /// Whether it writes into this kind of token or answer. `lightweight` is about access tokens only.
    fn writes(&self, target: ClaimTarget, lightweight: bool) -> bool;

    /// The same mapper for a parameterized scope that it stands in, for kinds that read what the scope was named
    /// with; `several` where the scope may be named more than once. Default: it reads nothing of the kind.
    fn standing_in(&self, scope: ScopeNo, several: bool) -> Option<Arc<dyn ProtocolMapper>> {
        let _ = (scope, several);
        None
    }

    /// Writes.
    fn apply<'a>(
        &'a self,
        context: &ClaimContext<'a>,
        target: ClaimTarget,
        claims: &mut ComposedClaims<'a>,
    );
}

/// One mapper as configured in a client or a client scope.
#[derive(Clone, Debug)]
pub struct MapperInstance {
    pub(crate) name: Box<str>,
    pub(crate) kind: Box<str>,
    pub(crate) config: Arc<Attributes>,
    pub(crate) mapper: Arc<dyn ProtocolMapper>,
    pub(crate) habits: Habits,
}

/// What a mapper says of itself, asked once when the realm is built.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Habits {
    pub(crate) priority: i32,
    pub(crate) needs_roles: bool,
    /// A bit for each target, and one for lightweight access tokens.
    targets: u8,
}

impl Habits {
    pub(crate) fn of(mapper: &dyn ProtocolMapper) -> Self {
        let targets = [
            (ClaimTarget::AccessToken, false),
            (ClaimTarget::AccessToken, true),
            (ClaimTarget::IdToken, false),
            (ClaimTarget::UserInfo, false),
            (ClaimTarget::Introspection, false),
            (ClaimTarget::TokenResponse, false),
        ];
        Self {
            priority: mapper.priority(),
            needs_roles: mapper.needs_roles(),
            targets: targets
                .into_iter()
                .filter(|(target, lightweight)| mapper.writes(*target, *lightweight))
                .fold(0, |set, (target, lightweight)| {
                    set | bit(target, lightweight)
                }),
        }
    }

    pub(crate) const fn writes(self, target: ClaimTarget, lightweight: bool) -> bool {
        self.targets & bit(target, lightweight) != 0
    }
}

const fn bit(target: ClaimTarget, lightweight: bool) -> u8 {
    match target {
        ClaimTarget::AccessToken if lightweight => 1,
        ClaimTarget::AccessToken => 1 << 1,
        ClaimTarget::IdToken => 1 << 2,
        ClaimTarget::UserInfo => 1 << 3,
        ClaimTarget::Introspection => 1 << 4,
        ClaimTarget::TokenResponse => 1 << 5,
    }
}

impl MapperInstance {
    /// Lets the mapper know the parameterized scope that it stands in.
    pub(crate) fn stand_in(&mut self, scope: ScopeNo, several: bool) {
        if let Some(mapper) = self.mapper.standing_in(scope, several) {
            self.mapper = mapper;
        }
    }

    /// Name, unique in its client or scope.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The kind, by Keycloak's name.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The settings it was built from.
    #[must_use]
    pub fn config(&self) -> &Attributes {
        &self.config
    }

    /// The mapper itself.
    #[must_use]
    pub fn mapper(&self) -> &dyn ProtocolMapper {
        &*self.mapper
    }
}
