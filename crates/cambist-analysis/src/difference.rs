//! What a change of configuration newly allows, and what it no longer does.

use std::collections::BTreeMap;

use cambist::policy::Possibility;
use serde::Serialize;

use crate::{Impersonator, Parties, Reach, Way, impersonators};

/// One thing that is possible to another degree than before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// `client_id` of who has the token.
    pub from: String,
    /// `client_id` of whom the new one is for.
    pub to: String,
    /// The single step; `None` for "by any number of steps".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub way: Option<Way>,
    /// Before.
    pub before: Possibility,
    /// After.
    pub after: Possibility,
}

impl Change {
    /// Whether more is possible than before.
    #[must_use]
    pub fn allows_more(&self) -> bool {
        self.after > self.before
    }
}

/// What lies between two configurations.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Single steps.
    pub hops: Vec<Change>,
    /// Clients reached by any number of steps, from where first tokens are issued.
    pub reach: Vec<Change>,
    /// Who can become another user and could not.
    pub new_impersonators: Vec<Impersonator>,
    /// Who could and cannot any more.
    pub lost_impersonators: Vec<Impersonator>,
}

impl Difference {
    /// Compares.
    #[must_use]
    pub fn between(before: &Parties<'_>, after: &Parties<'_>) -> Self {
        let (old, new) = (Reach::of(before), Reach::of(after));
        let hops = |reach: &Reach| {
            let hops = reach.hops().iter();
            hops.map(|hop| {
                let key = (hop.from.clone(), hop.to.clone(), Some(hop.way));
                (key, hop.possibility)
            })
            .collect()
        };
        let paths = |reach: &Reach| {
            let paths = reach.paths().into_iter();
            paths
                .map(|path| ((path.from, path.to, None), path.possibility))
                .collect()
        };
        let (were, are) = (impersonators(before), impersonators(after));
        let without = |these: &[Impersonator], those: &[Impersonator]| {
            let new = these.iter().filter(|one| !those.contains(one));
            new.cloned().collect()
        };
        Self {
            hops: changes(hops(&old), hops(&new)),
            reach: changes(paths(&old), paths(&new)),
            new_impersonators: without(&are, &were),
            lost_impersonators: without(&were, &are),
        }
    }

    /// Whether nothing changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether anything is possible that was not, or not to that degree.
    #[must_use]
    pub fn allows_more(&self) -> bool {
        let all = self.hops.iter().chain(&self.reach);
        !self.new_impersonators.is_empty() || all.clone().any(Change::allows_more)
    }
}

type Degrees = BTreeMap<(String, String, Option<Way>), Possibility>;

fn changes(before: Degrees, after: Degrees) -> Vec<Change> {
    let change = |(from, to, way): (String, String, Option<Way>), before, after| Change {
        from,
        to,
        way,
        before,
        after,
    };
    let mut changes: Vec<Change> = before
        .iter()
        .filter(|(key, _)| !after.contains_key(*key))
        .map(|(key, before)| change(key.clone(), *before, Possibility::Never))
        .collect();
    for (key, after) in after {
        let before = before.get(&key).copied().unwrap_or(Possibility::Never);
        if before != after {
            changes.push(change(key, before, after));
        }
    }
    changes.sort_by(|a, b| (&a.from, &a.to, a.way).cmp(&(&b.from, &b.to, b.way)));
    changes
}
