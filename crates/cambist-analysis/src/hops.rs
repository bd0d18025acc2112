//! Single steps from one client to another.

use cambist::{
    policy::{Possibility, exchange_possibility},
    realm::{Client, ClientAccess, ClientNo, Feature, Realm, document::ClientGrant},
};
use serde::Serialize;

use crate::{Parties, audiences::audiences};

/// How a token comes from one client to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// Mappers put the target into the audience of a token that is made with the client's own scopes.
    Audience,
    /// The client exchanges a token that it holds, and a permission on the target lets it; for a token of its
    /// own it needs none.
    PermissionBased,
    /// The client exchanges a token that it holds, and its own scopes reach the target.
    Standard,
}

/// One step that can ever be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Hop {
    /// `client_id` of who has the token.
    pub from: String,
    /// `client_id` of whom the new one is for.
    pub to: String,
    /// How.
    pub way: Way,
    /// Whether always or depending on token, moment or user. Never `Never`.
    pub possibility: Possibility,
    /// Names of the client scopes that the new token can carry: of the target where a permission opens it,
    /// of the client that asks otherwise.
    pub scopes: Vec<String>,
}

/// All steps of a realm, by client and then by target. Takes time in proportion to the number of clients
/// that can ask, times the number of clients that can be asked for.
pub(crate) fn hops(parties: &Parties<'_>) -> Vec<Hop> {
    let realm = parties.realm();
    let mut hops = Vec::new();
    for client in realm.clients().iter().filter(|client| can_ask(client)) {
        let named = audiences(realm, client);
        let targets = named
            .iter()
            .filter_map(|(number, possibility)| Some((realm.client(*number)?, *possibility)));
        for (target, possibility) in targets.filter(|(target, _)| target.enabled()) {
            let hop = |way| hop(realm, client, target, way, possibility);
            if target.number() != client.number() {
                hops.push(hop(Way::Audience));
            }
            if exchanges_by_scope(realm, client) {
                hops.push(hop(Way::Standard));
            }
        }
        if exchanges_by_permission(realm, client) {
            if !client.is_public() {
                // Only from a token that names it in the audience.
                let (way, possibility) = (Way::PermissionBased, Possibility::Depends);
                hops.push(hop(realm, client, client, way, possibility));
            }
            for target in realm.clients() {
                let possibility = by_permission(parties, client, target.number());
                if target.enabled()
                    && target.number() != client.number()
                    && possibility != Possibility::Never
                {
                    let way = Way::PermissionBased;
                    hops.push(hop(realm, client, target, way, possibility));
                }
            }
        }
    }
    hops.sort_by(|a, b| (&a.from, &a.to, a.way).cmp(&(&b.from, &b.to, b.way)));
    hops
}

fn by_permission(parties: &Parties<'_>, client: &Client, target: ClientNo) -> Possibility {
    let account = parties.service_account(client);
    exchange_possibility(parties.realm(), client, account, target)
}

fn hop(realm: &Realm, client: &Client, target: &Client, way: Way, possibility: Possibility) -> Hop {
    let carrier = match way {
        Way::PermissionBased => target,
        Way::Audience | Way::Standard => client,
    };
    let mut scopes: Vec<String> = carrier
        .default_scopes()
        .iter()
        .chain(carrier.optional_scopes())
        .filter_map(|number| realm.scope(*number))
        .map(|scope| scope.name().to_owned())
        .collect();
    scopes.sort();
    scopes.dedup();
    Hop {
        from: client.client_id().to_owned(),
        to: target.client_id().to_owned(),
        way,
        possibility,
        scopes,
    }
}

/// Whether the client ever sends a request for a token.
pub(crate) fn can_ask(client: &Client) -> bool {
    client.enabled() && !client.is_saml() && client.access() != ClientAccess::BearerOnly
}

pub(crate) fn exchanges_by_permission(realm: &Realm, client: &Client) -> bool {
    realm.features().has(Feature::TokenExchange) && realm.admits_to_exchange(client)
}

pub(crate) fn exchanges_by_scope(realm: &Realm, client: &Client) -> bool {
    realm.features().has(Feature::TokenExchangeStandard)
        && client.may(ClientGrant::StandardTokenExchange)
        && !client.is_public()
}
