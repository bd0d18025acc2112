//! Which client can come to a token for which other, by any number of steps.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, VecDeque},
};

use cambist::{policy::Possibility, realm::document::ClientGrant};
use serde::Serialize;

use crate::{
    Parties,
    hops::{Hop, Way, can_ask, hops},
};

/// A shortest way from one client to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Path {
    /// `client_id` of where a first token is issued.
    pub from: String,
    /// `client_id` of whom the last one is for.
    pub to: String,
    /// Whether every step is always possible.
    pub possibility: Possibility,
    /// The steps, in order.
    pub hops: Vec<Hop>,
}

/// A token, by who holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Held<'a> {
    by: &'a str,
    /// Whether it was made with the scopes of its holder, so that its mappers name further audiences.
    made_for: bool,
}

/// Everything that exchanges can reach.
///
/// A client *holds* a token that was issued to it, or that names it in the audience: it was sent there. From a
/// token that it holds it can exchange; the new token is then held by whom it is for. A realm's reach is what
/// comes of that, from every client at which users or service accounts get a first token.
#[derive(Clone, Debug)]
pub struct Reach {
    hops: Vec<Hop>,
    /// Places in `hops`, by `from`.
    starts: BTreeMap<String, Vec<usize>>,
    /// Clients at which a first token is issued.
    sources: BTreeSet<String>,
}

impl Reach {
    /// The reach of a realm.
    #[must_use]
    pub fn of(parties: &Parties<'_>) -> Self {
        let hops = hops(parties);
        let mut starts: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (place, hop) in hops.iter().enumerate() {
            starts.entry(hop.from.clone()).or_default().push(place);
        }
        let first = [
            ClientGrant::AuthorizationCode,
            ClientGrant::Implicit,
            ClientGrant::Password,
            ClientGrant::ClientCredentials,
            ClientGrant::JwtBearer,
        ];
        let clients = parties.realm().clients().iter();
        let sources = clients
            .filter(|client| can_ask(client) && first.iter().any(|grant| client.may(*grant)))
            .map(|client| client.client_id().to_owned())
            .collect();
        Self {
            hops,
            starts,
            sources,
        }
    }

    /// Every single step that can ever be, whether or not a token ever comes to where it starts.
    #[must_use]
    pub fn hops(&self) -> &[Hop] {
        &self.hops
    }

    /// `client_id`s of the clients at which a first token is issued.
    pub fn sources(&self) -> impl Iterator<Item = &str> {
        self.sources.iter().map(String::as_str)
    }

    /// Everything else that can be reached from a client, each with a shortest path; the nearest first.
    #[must_use]
    pub fn from(&self, client_id: &str) -> Vec<Path> {
        // Breadth first, so that the first way found is a shortest one; among those, one of sure steps.
        let start = Held {
            by: client_id,
            made_for: true,
        };
        let mut ways: BTreeMap<Held<'_>, Vec<usize>> = BTreeMap::from([(start, Vec::new())]);
        let mut found: Vec<(&str, Vec<usize>)> = Vec::new();
        let mut waiting = VecDeque::from([start]);
        while let Some(here) = waiting.pop_front() {
            let way = ways.get(&here).cloned().unwrap_or_default();
            for (place, hop) in self.steps(here) {
                let next = Held {
                    by: &hop.to,
                    made_for: hop.way == Way::PermissionBased,
                };
                if ways.contains_key(&next) {
                    continue;
                }
                let mut longer = way.clone();
                longer.push(place);
                if hop.to != client_id && !found.iter().any(|(to, _)| *to == hop.to) {
                    found.push((&hop.to, longer.clone()));
                }
                ways.insert(next, longer);
                waiting.push_back(next);
            }
        }
        let told = found.iter();
        told.filter_map(|(to, way)| self.told(client_id, to, way))
            .collect()
    }

    /// A shortest path between two clients; `None` when there is none at all.
    #[must_use]
    pub fn path(&self, from: &str, to: &str) -> Option<Path> {
        self.from(from).into_iter().find(|path| path.to == to)
    }

    /// From every client at which a first token is issued, everything that can be reached.
    #[must_use]
    pub fn paths(&self) -> Vec<Path> {
        self.sources()
            .flat_map(|source| self.from(source))
            .collect()
    }

    /// The steps from a token that is held, sure ones first.
    fn steps(&self, held: Held<'_>) -> Vec<(usize, &Hop)> {
        let places = self.starts.get(held.by).map_or(&[][..], Vec::as_slice);
        let mut steps: Vec<(usize, &Hop)> = places
            .iter()
            .filter_map(|place| Some((*place, self.hops.get(*place)?)))
            .filter(|(_, hop)| hop.way != Way::Audience || held.made_for)
            .collect();
        steps.sort_by_key(|(place, hop)| (Reverse(hop.possibility), *place));
        steps
    }

    fn told(&self, from: &str, to: &str, way: &[usize]) -> Option<Path> {
        let hops: Vec<Hop> = way
            .iter()
            .filter_map(|place| self.hops.get(*place).cloned())
            .collect();
        Some(Path {
            from: from.to_owned(),
            to: to.to_owned(),
            possibility: hops.iter().map(|hop| hop.possibility).min()?,
            hops,
        })
    }
}

impl Path {
    /// How many of the steps are exchanges.
    #[must_use]
    pub fn exchanges(&self) -> usize {
        let exchange = |hop: &&Hop| hop.way != Way::Audience;
        self.hops.iter().filter(exchange).count()
    }
}
