//! What grants a widening.

use alloc::{borrow::ToOwned, boxed::Box, string::String};
use core::fmt;

use serde::{Deserialize, Serialize};

use super::{Comparison, Source};
use crate::{
    claims::{ComposedClaims, MapperInstance, compose_watched},
    policy::{GateAction, PermissionTrace},
    trace::DecisionTrace,
};

/// What grants a widening.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
#[non_exhaustive]
pub enum Grantor {
    /// A permission.
    Permission {
        /// What it permits.
        action: GateAction,
        /// On what: a `client_id`, or `Users`.
        target: String,
        /// Its name; absent where the decision was not traced.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
    },
    /// An administration role that stands for a permission.
    Role {
        /// Its name.
        name: String,
    },
    /// A setting that names the value.
    Setting {
        /// Its name.
        name: String,
        /// The client that has it.
        client: String,
    },
    /// A mapper.
    Mapper {
        /// Its name.
        name: String,
        /// Its kind.
        mapper: String,
        /// The client scope that has it; absent for a client's own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        scope: Option<String>,
        /// The client whose token it writes.
        client: String,
        /// Its settings name the value: it does not come from the user, a session or a role.
        fixed: bool,
    },
    /// A mapper that gives a user another `sub` at each group of clients.
    Pairwise {
        /// Its name.
        name: String,
    },
    /// A client scope that is active by default or was asked for.
    ClientScope {
        /// Its name.
        name: String,
        /// The client that has it.
        client: String,
    },
    /// The lifespan of tokens.
    Lifespan {
        /// The client whose lifespan counts, be it its own or the realm's.
        client: String,
    },
    /// Nothing.
    Nothing,
}

impl fmt::Display for Grantor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Permission { action, target, .. } => {
                write!(f, "{action} permission on `{target}`")
            }
            Self::Role { name } => write!(f, "the role `{name}`"),
            Self::Setting { name, client } => write!(f, "setting `{name}` of `{client}`"),
            Self::Mapper {
                name,
                scope: Some(scope),
                client,
                ..
            } => write!(f, "mapper `{name}` of scope `{scope}` at `{client}`"),
            Self::Mapper { name, client, .. } => write!(f, "mapper `{name}` of `{client}`"),
            Self::Pairwise { name } => write!(f, "pairwise mapper `{name}`"),
            Self::ClientScope { name, client } => {
                write!(f, "client scope `{name}` of `{client}`")
            }
            Self::Lifespan { client } => write!(f, "the lifespan of tokens of `{client}`"),
            Self::Nothing => f.write_str("nothing"),
        }
    }
}

/// The permission that let a requester have tokens of this target.
pub(super) fn exchange_permission(trace: &DecisionTrace, target: &str) -> Grantor {
    permission(trace, GateAction::TokenExchange, target)
}

/// What let somebody become another user.
pub(super) fn impersonation(trace: &DecisionTrace) -> Grantor {
    let gate = trace
        .gates
        .iter()
        .find(|gate| gate.action == GateAction::Impersonate);
    match gate {
        Some(gate) if gate.opened_by.is_some() => Grantor::Role {
            name: "impersonation".into(),
        },
        Some(gate) => permission(trace, GateAction::Impersonate, &gate.target),
        None => permission(trace, GateAction::Impersonate, "Users"),
    }
}

fn permission(trace: &DecisionTrace, action: GateAction, target: &str) -> Grantor {
    let decisive = |permission: &&PermissionTrace| permission.decisive;
    let name = trace
        .gates
        .iter()
        .find(|gate| gate.action == action && gate.target == target)
        .and_then(|gate| gate.permissions.iter().find(decisive))
        .map(|permission| permission.permission.clone());
    Grantor::Permission {
        action,
        target: target.to_owned(),
        name,
    }
}

/// A setting of the client whose view the token takes, when it names the value.
pub(super) fn setting(
    comparison: &Comparison<'_>,
    name: &'static str,
    values: &[Box<str>],
    value: &str,
) -> Option<Grantor> {
    let named = values.iter().any(|known| **known == *value);
    named.then(|| Grantor::Setting {
        name: name.into(),
        client: comparison.scene.target.client_id().into(),
    })
}

/// The mapper behind something in the claims: one that says it by its settings alone, else the first after
/// which it is there.
pub(super) fn mapper(
    comparison: &Comparison<'_>,
    source: Source,
    says: impl Fn(&ComposedClaims<'_>) -> bool,
    appears: impl Fn(&ComposedClaims<'_>) -> bool,
) -> Option<Grantor> {
    let target = source.target();
    let lightweight = source == Source::AccessToken && comparison.scene.target.tokens().lightweight;
    let context = &comparison.context;
    let mut fixed = None;
    let mut writer = None;
    compose_watched(context, target, lightweight, |mapper, claims| {
        if fixed.is_none() && mapper.mapper().is_fixed() {
            let mut alone = ComposedClaims::default();
            mapper.mapper().apply(context, target, &mut alone);
            if says(&alone) {
                fixed = Some(named(comparison, mapper, true));
            }
        }
        if writer.is_none() && appears(claims) {
            writer = Some(named(comparison, mapper, false));
        }
    });
    fixed.or(writer)
}

fn named(comparison: &Comparison<'_>, mapper: &MapperInstance, fixed: bool) -> Grantor {
    let scopes = comparison.scene.scopes.iter();
    let owner = scopes
        .filter(|scope| scope.mappers().iter().any(|own| core::ptr::eq(own, mapper)))
        .map(|scope| scope.name().to_owned())
        .next();
    Grantor::Mapper {
        name: mapper.name().into(),
        mapper: mapper.kind().into(),
        scope: owner,
        client: comparison.scene.target.client_id().into(),
        fixed,
    }
}
