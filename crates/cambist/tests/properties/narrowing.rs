//! The law of narrowing, held by somebody who reads tokens and knows nothing of how they were made.

use std::collections::BTreeSet;

use cambist::{
    narrowing::{Dimension, Grantor, Widening},
    refusal::{ExchangeError, Refusal},
};
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, TestRunner},
};
use serde_json::Value;

use crate::{
    cases::{Case, cases, cases_of},
    names,
    teller::{Came, Minted, Step, walk},
    worthless,
};

/// What of `after` is not in `before`, by dimension; lifetimes apart.
fn growth(
    before: &Value,
    after: &Value,
    realm: &cambist::realm::Realm,
) -> BTreeSet<(Dimension, String)> {
    let mut grown = BTreeSet::new();
    for name in names(&after["scope"]).difference(&names(&before["scope"])) {
        grown.insert((Dimension::Scope, (*name).to_owned()));
    }
    let mut reach = list(&before["aud"]);
    reach.extend(before["azp"].as_str().map(str::to_owned));
    for value in list(&after["aud"]).difference(&reach) {
        let dimension = match realm.client_by_id(value) {
            Some(_) => Dimension::Audience,
            None => Dimension::Resource,
        };
        grown.insert((dimension, value.clone()));
    }
    for role in roles(after).difference(&roles(before)) {
        grown.insert((Dimension::Roles, role.clone()));
    }
    if before["sub"].is_string() && after["sub"].is_string() && before["sub"] != after["sub"] {
        grown.insert((
            Dimension::Subject,
            after["sub"].as_str().unwrap().to_owned(),
        ));
    }
    grown
}

fn list(value: &Value) -> BTreeSet<String> {
    let one = value.as_str().into_iter();
    let several = value
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str);
    one.chain(several).map(str::to_owned).collect()
}

fn roles(claims: &Value) -> BTreeSet<String> {
    let mut roles = list(&claims["realm_access"]["roles"]);
    for (client, access) in claims["resource_access"].as_object().into_iter().flatten() {
        roles.extend(
            list(&access["roles"])
                .iter()
                .map(|role| format!("{client}/{role}")),
        );
    }
    roles
}

/// Whether the grantor is there in the document and may grant this in profile `strict`.
fn is_true_grant(case: &Case, minted: &Minted, widening: &Widening) -> bool {
    let clients = case.document["clients"].as_array().unwrap();
    let target = format!("c{}", minted.plan.target.index());
    let client = clients.iter().find(|client| client["id"] == *target);
    match &widening.granted_by {
        Grantor::Permission { target, name, .. } => {
            let permissions = case.document["permissions"].as_array().unwrap();
            let known = permissions.iter().any(|known| {
                Some(known["name"].as_str().unwrap()) == name.as_deref()
                    && (known["client"] == **target || target == "Users")
            });
            match widening.dimension {
                Dimension::Audience => known,
                Dimension::Subject | Dimension::Roles => known && target == "Users",
                _ => false,
            }
        }
        Grantor::Setting {
            name,
            client: owner,
        } => {
            let client = client.unwrap();
            let listed = client["attributes"][name].as_str().unwrap_or_default();
            *owner == target && listed.split(' ').any(|listed| listed == widening.added)
        }
        Grantor::Mapper { mapper, fixed, .. } => {
            let client = client.unwrap();
            match &**mapper {
                "oidc-audience-mapper" => {
                    let named = &client["mappers"][0]["config"]["included.client.audience"];
                    *fixed && *named == *widening.added
                }
                "oidc-hardcoded-role-mapper" => *fixed && widening.added == "r1",
                _ => false,
            }
        }
        _ => false,
    }
}

/// Where the law does not hold between the two tokens of a step.
fn breaches(case: &Case, strict: bool, step: &Step, minted: &Minted) -> Vec<(Dimension, String)> {
    let before = step.before.claims(&step.subject);
    let after = step.before.claims(&minted.answer.access_token);
    let widenings = &minted.trace.widenings;
    let mut breaches = Vec::new();
    for (dimension, added) in growth(&before, &after, &step.before.world.realm) {
        let named = widenings
            .iter()
            .find(|known| known.dimension == dimension && known.added == added);
        match named {
            None => breaches.push((dimension, format!("{added} came in silence"))),
            Some(named) if strict && !is_true_grant(case, minted, named) => {
                breaches.push((dimension, format!("{added} came by {}", named.granted_by)));
            }
            Some(_) => {}
        }
    }
    let (was, is) = (before["exp"].as_i64(), after["exp"].as_i64());
    let named = widenings
        .iter()
        .any(|known| known.dimension == Dimension::Lifetime);
    if is > was && (strict || !named) {
        breaches.push((Dimension::Lifetime, format!("{is:?} after {was:?}")));
    }
    breaches
}

proptest! {
    #![proptest_config(Config::with_cases(192))]

    /// Nothing grows in silence in either profile, and nothing grows without a grant in `strict`.
    #[test]
    fn nothing_widens_in_silence(case in cases()) {
        for step in walk(&case, worthless()) {
            let Some(minted) = step.exchanged() else { continue };
            let breaches = breaches(&case, case.is_strict(), &step, minted);
            prop_assert!(breaches.is_empty(), "{:?}: {:?}", breaches, minted.trace);
        }
    }

    /// What the trace names is so: each named name is in the new token and not in the old one.
    #[test]
    fn no_widening_is_made_up(case in cases()) {
        for step in walk(&case, worthless()) {
            let Some(minted) = step.exchanged() else { continue };
            let before = step.before.claims(&step.subject);
            let after = step.before.claims(&minted.answer.access_token);
            let grown = growth(&before, &after, &step.before.world.realm);
            for widening in &minted.trace.widenings {
                let true_to_life = match widening.dimension {
                    Dimension::Lifetime => after["exp"].as_i64() > before["exp"].as_i64(),
                    // Not every token of these realms has a `sub`.
                    Dimension::Subject => *minted.plan.user.id == *widening.added,
                    // An ID token that comes along is for the target.
                    Dimension::Audience if minted.answer.id_token.is_some() => true,
                    // One that comes in the place of an access token names no scope.
                    Dimension::Scope if after["typ"] == "ID" => true,
                    dimension => grown.contains(&(dimension, widening.added.clone())),
                };
                prop_assert!(true_to_life, "{:?} of {} and {}", widening, before, after);
            }
        }
    }

    /// `exp` is within every bound and after `iat`, `expires_in` says the same, and nothing begins later than
    /// it is issued.
    #[test]
    fn p16_lifetimes_are_within_every_bound(case in cases()) {
        for step in walk(&case, worthless()) {
            let Some(minted) = step.exchanged() else { continue };
            let now = step.before.now;
            let realm = &step.before.world.realm;
            let after = step.before.claims(&minted.answer.access_token);
            let exp = after["exp"].as_i64().unwrap();
            prop_assert_eq!(after["iat"].as_i64(), Some(now));
            prop_assert!(exp > now || !case.is_strict(), "dead at birth: {}", after);
            prop_assert_eq!(minted.answer.expires_in, exp - now);
            prop_assert!(after["nbf"].as_i64().is_none_or(|nbf| nbf <= now));
            let target = realm.client(minted.plan.target).unwrap();
            let lifespan = target.tokens().access_token_lifespan.unwrap_or(300);
            let most = if lifespan == -1 { realm.sessions().max } else { lifespan };
            prop_assert!(exp <= now + most, "{} + {} < {}", now, most, exp);
            if case.is_strict() {
                prop_assert!(exp <= step.before.claims(&step.subject)["exp"].as_i64().unwrap());
            }
        }
    }

    /// Along a chain of at most eight exchanges nothing grows beyond the first token but what a grant along
    /// the chain named, and in `strict` the end never moves.
    #[test]
    fn p17_chains_never_grow(case in cases_of(8)) {
        let mut first: Option<(Value, BTreeSet<(Dimension, String)>)> = None;
        for step in walk(&case, worthless()) {
            let Came::Minted(minted) = &step.came else { continue };
            let realm = &step.before.world.realm;
            let after = step.before.claims(&minted.answer.access_token);
            if !step.is_exchange() {
                // A login or a refresh begins a chain of its own.
                first = Some((after, BTreeSet::new()));
                continue;
            }
            let (root, granted) = first.as_mut().unwrap();
            granted.extend(minted.trace.widenings.iter().map(|widening| (widening.dimension, widening.added.clone())));
            // The parties along the way were in reach from the start.
            granted.insert((Dimension::Audience, after["azp"].as_str().unwrap().to_owned()));
            for grown in growth(root, &after, realm) {
                let known = granted.contains(&grown) || grown.0 == Dimension::Subject;
                prop_assert!(known, "{:?} beyond {} in {}", grown, root, after);
            }
            if case.is_strict() {
                prop_assert!(after["exp"].as_i64() <= root["exp"].as_i64(), "{} after {}", after, root);
            }
        }
    }

    /// The user stays the same, but for a right to impersonate, and then the trace names the right.
    #[test]
    fn p18_nobody_is_become_without_a_right(case in cases()) {
        for step in walk(&case, worthless()) {
            let Some(minted) = step.exchanged() else { continue };
            let before = step.before.claims(&step.subject);
            let session = before["sid"].as_str().and_then(|sid| step.before.world.sessions.get(sid));
            let Some(session) = session else { continue };
            let asked = step.request.as_ref().unwrap().requested_subject;
            if minted.plan.user.id != session.user {
                let expected = format!("u{}", asked.unwrap());
                prop_assert_eq!(&minted.plan.user.username, &expected);
                let named = minted.trace.widenings.iter().any(|widening| {
                    widening.dimension == Dimension::Subject && widening.is_granted()
                });
                prop_assert!(named, "{:?}", minted.trace);
            } else if let Some(asked) = asked {
                let expected = format!("u{asked}");
                prop_assert_eq!(&minted.plan.user.username, &expected);
            }
        }
    }
}

/// The properties above can fail: with profile `keycloak` in the place of `strict` the same checks find a
/// breach in every dimension that these realms can breach.
#[test]
fn a_faulty_twin_is_caught() {
    let mut runner = TestRunner::deterministic();
    let mut caught = BTreeSet::new();
    for _ in 0..768 {
        let mut case = cases().new_tree(&mut runner).unwrap().current();
        case.document["profile"] = "keycloak".into();
        for step in walk(&case, worthless()) {
            let Some(minted) = step.exchanged() else {
                continue;
            };
            let breaches = breaches(&case, true, &step, minted);
            caught.extend(breaches.into_iter().map(|(dimension, _)| dimension));
        }
    }
    let expected = [
        Dimension::Scope,
        Dimension::Audience,
        Dimension::Roles,
        Dimension::Lifetime,
    ];
    assert_eq!(caught, BTreeSet::from(expected));
}

/// The law refuses, and it does so in every dimension that these realms can breach; and it permits.
#[test]
fn strict_refuses_in_each_dimension() {
    let mut runner = TestRunner::deterministic();
    let mut refused = std::collections::BTreeMap::<Dimension, usize>::new();
    let mut granted = std::collections::BTreeMap::<Dimension, usize>::new();
    for _ in 0..1_024 {
        let mut case = cases().new_tree(&mut runner).unwrap().current();
        case.document["profile"] = "strict".into();
        for step in walk(&case, worthless())
            .iter()
            .filter(|step| step.is_exchange())
        {
            if let Some(minted) = step.exchanged() {
                for widening in &minted.trace.widenings {
                    *granted.entry(widening.dimension).or_default() += 1;
                }
            } else if let cambist::decision::Decision::Deny(denial) = step.before.decide(&step.form)
                && let Refusal::Exchange(ExchangeError::Widening(dimension)) = denial.refusal()
            {
                *refused.entry(*dimension).or_default() += 1;
            }
        }
    }
    for dimension in [Dimension::Scope, Dimension::Audience, Dimension::Roles] {
        assert!(
            refused.get(&dimension) >= Some(&3),
            "{dimension}: {refused:?}"
        );
    }
    for dimension in [
        Dimension::Subject,
        Dimension::Scope,
        Dimension::Audience,
        Dimension::Roles,
    ] {
        assert!(
            granted.get(&dimension) >= Some(&3),
            "{dimension}: {granted:?}"
        );
    }
}
