//! Settings that a person should know of.

use std::collections::BTreeMap;

use cambist::{
    policy::{EnforcementMode, Possibility},
    realm::{Client, Profile, settings::SslRequired},
};
use serde::Serialize;

use crate::{
    Hop, Impersonator, Parties, Way,
    hops::{can_ask, exchanges_by_permission, exchanges_by_scope, hops},
    impersonators,
};

/// The longest life of an access token that goes without a word, in seconds.
const LONG_LIFE: i64 = 3_600;

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingKind {
    /// The law of narrowing is not enforced: profile `keycloak` mints as Keycloak does.
    NarrowingNotEnforced,
    /// Where no permission applies, everything is granted.
    PermissiveEnforcement,
    /// Tokens are taken and given over plain HTTP from anywhere.
    PlainHttp,
    /// Access tokens live for more than an hour.
    LongLife,
    /// Every client that can ask can exchange to this one.
    OpenToAll,
    /// A permission stands before this client, and no client can ever pass it.
    OpenToNobody,
    /// A client without credentials can exchange.
    PublicExchange,
    /// A client that exchanges puts all roles of its users into its tokens.
    FullScope,
    /// A client can become any user that is not closed, whatever the moment.
    UnboundImpersonation,
    /// A client may use standard exchange, and its scopes reach no other client.
    ReachesNobody,
    /// The build of the realm left a note.
    Note,
}

impl FindingKind {
    /// What is wrong with it, and what to do.
    #[must_use]
    pub const fn advice(self) -> &'static str {
        match self {
            Self::NarrowingNotEnforced => {
                "exchanged tokens may be wider than what they are made from: set profile = \"strict\" when the trace shows no widening that you need"
            }
            Self::PermissiveEnforcement => "set authorization.enforcement = \"enforcing\"",
            Self::PlainHttp => "set ssl_required = \"external\" or \"all\"",
            Self::LongLife => "a stolen token is good for that long: shorten it and refresh",
            Self::OpenToAll => {
                "name the clients that may: a policy with negative logic lets in every client that is made later"
            }
            Self::OpenToNobody => {
                "the party judged is the client that asks: a policy on users, or on claims other than scope, never votes for it"
            }
            Self::PublicExchange => {
                "whoever has a user's token can exchange it: give the client a secret"
            }
            Self::FullScope => {
                "set full_scope_allowed = false and name the roles in scope_mappings"
            }
            Self::UnboundImpersonation => {
                "add policies to the permission, and a permission for user-impersonated"
            }
            Self::ReachesNobody => {
                "give it a client scope with an audience mapper for each target, or take the grant away"
            }
            Self::Note => "read it",
        }
    }
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What.
    pub kind: FindingKind,
    /// Where: a `client_id`, or the realm's name.
    pub place: String,
    /// The facts, in one line.
    pub detail: String,
}

/// Everything found, in a fixed order. Nothing found does not mean that a realm is safe.
#[must_use]
pub fn findings(parties: &Parties<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    let steps = Steps::count(&hops(parties));
    of_realm(parties, &mut found);
    of_targets(parties, &steps, &mut found);
    of_clients(parties, &steps, &mut found);
    for impersonator in impersonators(parties) {
        if let Impersonator::Client {
            client,
            possibility: Possibility::Always,
        } = impersonator
        {
            let detail = "it can become another user at any time".to_owned();
            found.push(finding(FindingKind::UnboundImpersonation, client, detail));
        }
    }
    let realm = parties.realm();
    let notes = realm.notes().iter().chain(realm.policies().notes());
    for note in notes {
        found.push(finding(FindingKind::Note, realm.name(), note.clone()));
    }
    found.sort_by(|a, b| (a.kind, &a.place, &a.detail).cmp(&(b.kind, &b.place, &b.detail)));
    found.dedup();
    found
}

fn finding(kind: FindingKind, place: impl Into<String>, detail: String) -> Finding {
    Finding {
        kind,
        place: place.into(),
        detail,
    }
}

/// How many steps of each kind end and begin at a client.
#[derive(Default)]
struct Steps {
    into: BTreeMap<(Way, String), usize>,
    out_of: BTreeMap<(Way, String), usize>,
}

impl Steps {
    fn count(hops: &[Hop]) -> Self {
        let mut steps = Self::default();
        // What a client exchanges for itself opens nothing.
        for hop in hops.iter().filter(|hop| hop.from != hop.to) {
            for (counts, client) in [(&mut steps.into, &hop.to), (&mut steps.out_of, &hop.from)] {
                let count = counts.entry((hop.way, client.clone())).or_default();
                *count = count.saturating_add(1);
            }
        }
        steps
    }

    fn of(counts: &BTreeMap<(Way, String), usize>, way: Way, client_id: &str) -> usize {
        let key = (way, client_id.to_owned());
        counts.get(&key).copied().unwrap_or_default()
    }
}

fn of_realm(parties: &Parties<'_>, found: &mut Vec<Finding>) {
    let realm = parties.realm();
    let mut note = |kind, detail: &str| found.push(finding(kind, realm.name(), detail.to_owned()));
    if realm.profile() == Profile::Keycloak {
        note(FindingKind::NarrowingNotEnforced, "profile keycloak");
    }
    match realm.policies().enforcement() {
        EnforcementMode::Enforcing => {}
        EnforcementMode::Permissive => note(FindingKind::PermissiveEnforcement, "permissive"),
        EnforcementMode::Disabled => note(FindingKind::PermissiveEnforcement, "disabled"),
    }
    if realm.ssl_required() == SslRequired::None {
        note(FindingKind::PlainHttp, "ssl_required none");
    }
    let life = realm.tokens().access_token_lifespan;
    if life > LONG_LIFE {
        note(FindingKind::LongLife, &format!("{life} s"));
    }
}

/// Clients that a permission opens.
fn of_targets(parties: &Parties<'_>, steps: &Steps, found: &mut Vec<Finding>) {
    let realm = parties.realm();
    let asking: Vec<&Client> = realm
        .clients()
        .iter()
        .filter(|client| can_ask(client) && exchanges_by_permission(realm, client))
        .collect();
    for target in realm.clients().iter().filter(|client| client.enabled()) {
        if !realm.policies().guards(target.number()) {
            continue;
        }
        let others = asking
            .iter()
            .filter(|client| client.number() != target.number())
            .count();
        let place = target.client_id();
        let open = Steps::of(&steps.into, Way::PermissionBased, place);
        if open == 0 {
            let detail = format!("none of {others} clients");
            found.push(finding(FindingKind::OpenToNobody, place, detail));
        } else if open == others && others > 1 {
            let detail = format!("all of {others} clients");
            found.push(finding(FindingKind::OpenToAll, place, detail));
        }
    }
}

fn of_clients(parties: &Parties<'_>, steps: &Steps, found: &mut Vec<Finding>) {
    let realm = parties.realm();
    for client in realm.clients().iter().filter(|client| can_ask(client)) {
        let place = client.client_id();
        let by_permission = Steps::of(&steps.out_of, Way::PermissionBased, place);
        let by_scope = Steps::of(&steps.out_of, Way::Standard, place);
        if client.is_public() && by_permission > 0 {
            let detail = format!("to {by_permission} clients");
            found.push(finding(FindingKind::PublicExchange, place, detail));
        }
        let by_either = by_permission.saturating_add(by_scope);
        if client.full_scope_allowed() && by_either > 0 && !Parties::is_built_in(place) {
            let detail = "full_scope_allowed".to_owned();
            found.push(finding(FindingKind::FullScope, place, detail));
        }
        if exchanges_by_scope(realm, client) && by_scope == 0 {
            let detail = "no audience mapper among its scopes".to_owned();
            found.push(finding(FindingKind::ReachesNobody, place, detail));
        }
        let life = client
            .attributes()
            .get("access.token.lifespan")
            .and_then(|life| life.parse::<i64>().ok());
        if let Some(life) = life.filter(|life| *life > LONG_LIFE) {
            found.push(finding(FindingKind::LongLife, place, format!("{life} s")));
        }
    }
}
