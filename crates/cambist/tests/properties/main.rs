//! What holds for every exchange, whatever the realm: scopes and lifetimes only narrow, order means nothing,
//! equal input gives equal output, a damaged token is worth nothing, a refusal leaves nothing behind, and
//! whoever is disabled opens no door.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test that cannot go on stops"
)]

mod cases;
mod narrowing;
mod replay;
mod teller;

use std::{collections::BTreeSet, sync::Arc};

use cambist::{
    crypto::CryptoProvider,
    decision::Decision,
    effects::Effect,
    narrowing::Dimension,
    realm::{Profile, Realm, ScopeNo},
    response::TokenResponse,
};
use cambist_ring::RingProvider;
use cambist_testkit::worthless_crypto::WorthlessProvider;
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, TestRunner},
};
use serde_json::{Value, json};

use crate::{
    cases::{Asked, Case, cases},
    teller::{Came, Form, Minted, Step, Teller, encoded, escaped, walk},
};

fn worthless() -> Arc<dyn CryptoProvider> {
    Arc::new(WorthlessProvider)
}

fn names(text: &Value) -> BTreeSet<&str> {
    let text = text.as_str().unwrap_or_default();
    text.split(' ').filter(|name| !name.is_empty()).collect()
}

fn scope_names<'r>(realm: &'r Realm, numbers: &[ScopeNo]) -> BTreeSet<&'r str> {
    let scopes = numbers.iter().filter_map(|number| realm.scope(*number));
    scopes.map(|scope| scope.name()).collect()
}

proptest! {
    #![proptest_config(Config::with_cases(192))]

    /// Where a permission decides, every scope of the new token is one of the subject token or a default
    /// scope of the target, and the trace names each of the latter that was not there before. In a standard
    /// exchange every scope is a default one of the requester, or one of its optional ones that it named.
    #[test]
    fn p13_scopes_never_widen(case in cases()) {
        for step in walk(&case, worthless()) {
            let Some(minted) = step.exchanged() else { continue };
            let realm = &step.before.world.realm;
            let target = realm.client(minted.plan.target).unwrap();
            let default = scope_names(realm, target.default_scopes());
            let subject = step.before.claims(&step.subject);
            let had = names(&subject["scope"]);
            let standard = minted.trace.flow.as_deref() == Some("standard exchange");
            let optional = scope_names(realm, target.optional_scopes());
            let asked = step.request.iter().filter_map(|request| request.scope.as_ref());
            let asked: BTreeSet<&str> = asked.flatten().copied().collect();
            let mut allowed = default.clone();
            if standard {
                allowed.extend(asked.iter().filter(|name| optional.contains(*name)));
                allowed.extend(asked.get("openid"));
                // Keycloak keeps `openid` of the requester's own login where nothing is asked for.
                let session = subject["sid"].as_str();
                let session = session.and_then(|sid| step.before.world.sessions.get(sid));
                let login = session.and_then(|session| session.client(target.uuid()));
                let openid = login.is_some_and(|login| names(&json!(login.scope)).contains("openid"));
                let kept = openid && asked.is_empty() && realm.profile() == Profile::Keycloak;
                allowed.extend(kept.then_some("openid"));
            } else {
                allowed.extend(&had);
            }

            // Scopes that the token does not show run their mappers all the same.
            let active = scope_names(realm, &minted.plan.scopes);
            prop_assert!(active.is_subset(&allowed), "{:?} beyond {:?}", active, allowed);
            prop_assert!(!minted.plan.openid || allowed.contains("openid"));
            let answer = &minted.answer;
            for token in [Some(&answer.access_token), answer.refresh_token.as_ref()] {
                let Some(token) = token else { continue };
                let claims = step.before.claims(token);
                let has = names(&claims["scope"]);
                prop_assert!(has.is_subset(&allowed), "{:?} beyond {:?}", has, allowed);
            }
            let told = json!(answer.scope);
            prop_assert!(names(&told).is_subset(&allowed), "{} beyond {:?}", told, allowed);

            let claims = step.before.claims(&answer.access_token);
            for added in names(&claims["scope"]).difference(&had).filter(|_| !standard) {
                let named = minted.trace.widenings.iter();
                let mut named = named.filter(|widening| widening.dimension == Dimension::Scope);
                prop_assert!(named.any(|widening| widening.added == *added), "{} in silence", added);
            }
        }
    }

    /// In profile `strict` nothing that comes of an exchange outlives its subject token.
    #[test]
    fn lifetimes_never_grow_in_profile_strict(case in cases()) {
        for step in walk(&case, worthless()) {
            let Some(minted) = step.exchanged().filter(|_| case.is_strict()) else { continue };
            let bound = step.before.claims(&step.subject)["exp"].as_i64().unwrap();
            let answer = &minted.answer;
            let tokens = [
                Some(&answer.access_token), answer.refresh_token.as_ref(), answer.id_token.as_ref(),
            ];
            for token in tokens.into_iter().flatten() {
                let claims = step.before.claims(token);
                let expires = claims["exp"].as_i64();
                prop_assert!(expires.is_some_and(|expires| expires <= bound), "{} in {}", bound, claims);
            }
            let end = |seconds: i64| step.before.now + seconds;
            prop_assert!(end(answer.expires_in) <= bound);
            prop_assert!(end(answer.refresh_expires_in) <= bound);
        }
    }

    /// The order of clients, policies, permissions, the lists in them and the parameters of the form does
    /// not matter: the same request gets the same answer.
    #[test]
    fn p07_order_means_nothing(case in cases(), seed in any::<u64>()) {
        let mut deck = Deck(seed);
        let document = deck.reordered(&case.document);
        for step in walk(&case, worthless()) {
            let mut form = step.form.clone();
            deck.reorder_form(&mut form);
            let came = step.before.moved_to(&document).answer(&form);
            match (&step.came, &came) {
                (Came::Minted(one), Came::Minted(other)) => {
                    prop_assert_eq!(settled(&step.before, &one.answer), settled(&step.before, &other.answer));
                }
                (
                    Came::Refused { status, body, effects },
                    Came::Refused { status: other_status, body: other_body, effects: other_effects },
                ) => {
                    prop_assert_eq!((status, body), (other_status, other_body));
                    prop_assert_eq!(effects, other_effects);
                }
                (one, other) => prop_assert!(false, "{:?} became {:?}", one, other),
            }
        }
    }

    /// Equal input, in another snapshot of the same document, gives an equal trace, equal effects and equal
    /// signing inputs.
    #[test]
    fn p01_equal_input_gives_equal_output(case in cases()) {
        for step in walk(&case, worthless()) {
            let twin = step.before.moved_to(&case.document);
            match (step.before.decide(&step.form), twin.decide(&step.form)) {
                (Decision::Permit(one), Decision::Permit(other)) => {
                    prop_assert_eq!(text(one.trace()), text(other.trace()));
                    let ((one, outcome), (other, other_outcome)) =
                        (step.before.signed(one), twin.signed(other));
                    prop_assert_eq!(one, other);
                    prop_assert_eq!(outcome.effects().list(), other_outcome.effects().list());
                }
                (Decision::Deny(one), Decision::Deny(other)) => {
                    prop_assert_eq!(text(one.trace()), text(other.trace()));
                    prop_assert_eq!(one.refusal(), other.refusal());
                }
                (one, other) => prop_assert!(false, "{:?} and {:?}", one, other),
            }
        }
    }

    /// A refusal writes nothing, but a failed login that is counted and the end of a client session whose
    /// refresh token was used too often.
    #[test]
    fn a_refusal_leaves_nothing_behind(case in cases()) {
        let counts = case.document["brute_force"]["enabled"] == true;
        let rotates = case.document["tokens"]["revoke_refresh_token"] == true;
        for step in walk(&case, worthless()) {
            let Came::Refused { effects, .. } = &step.came else { continue };
            let asked = step.request.as_ref().map(|request| request.asked);
            for effect in effects {
                let named = match asked {
                    Some(Asked::WrongPassword) => {
                        counts && matches!(effect, Effect::LoginFailed { .. })
                    }
                    Some(Asked::Refresh) => {
                        rotates && matches!(effect, Effect::EndClientSession { .. })
                    }
                    Some(Asked::Exchange) | None => false,
                };
                prop_assert!(named, "{:?} of {:?}", effect, asked);
            }
            if asked == Some(Asked::WrongPassword) {
                prop_assert_eq!(effects.len(), usize::from(counts));
            }
        }
    }

    /// Disabling anybody turns no refusal into a permit, and an exchange that stands on the one disabled is
    /// refused.
    #[test]
    fn who_is_disabled_opens_no_door(case in cases()) {
        for step in walk(&case, worthless()).iter().filter(|step| step.is_exchange()) {
            let involved = involved(step);
            for who in everybody(&case.document) {
                let permitted = permits_without(step, &case.document, &who);
                let before = step.exchanged().is_some();
                prop_assert!(before || !permitted, "a permit by disabling {}", who);
                prop_assert!(!permitted || !involved.contains(&who), "a permit for {}", who);
            }
        }
    }
}

/// Places in the document that can be disabled, as JSON pointers.
fn everybody(document: &Value) -> Vec<String> {
    let mut all = vec![String::new()];
    for list in ["clients", "users"] {
        let count = document[list].as_array().unwrap().len();
        all.extend((0..count).map(|place| format!("/{list}/{place}")));
    }
    all
}

/// Realm, requester, targets, the client and the user of the subject token, and the user to become.
fn involved(step: &Step) -> BTreeSet<String> {
    let request = step.request.as_ref().unwrap();
    let claims = step.before.claims(&step.subject);
    let party = claims["azp"].as_str().unwrap();
    let user = claims["sid"]
        .as_str()
        .and_then(|session| step.before.world.sessions.get(session));
    let users = user
        .map(|session| session.user.rsplit_once('0').unwrap().1.to_owned())
        .into_iter()
        .chain(request.requested_subject.map(|user| user.to_string()));
    let clients = request
        .audiences
        .iter()
        .chain([&request.requester])
        .map(ToString::to_string)
        .chain([party.trim_start_matches('c').to_owned()]);
    std::iter::once(String::new())
        .chain(users.map(|user| format!("/users/{user}")))
        .chain(clients.map(|client| format!("/clients/{client}")))
        .collect()
}

fn permits_without(step: &Step, document: &Value, who: &str) -> bool {
    let mut document = document.clone();
    document.pointer_mut(who).unwrap()["enabled"] = json!(false);
    let decision = step.before.moved_to(&document).decide(&step.form);
    matches!(decision, Decision::Permit(_))
}

/// An answer with its tokens read, and lists in them in the order of letters: roles stand in the order of
/// the document.
fn settled(teller: &Teller, answer: &TokenResponse) -> Value {
    fn sorted(value: &mut Value) {
        match value {
            Value::Array(items) => items.sort_by_key(ToString::to_string),
            Value::Object(members) => {
                members.remove("at_hash");
                members.values_mut().for_each(sorted);
            }
            _ => {}
        }
    }
    let mut read: Value = serde_json::from_slice(&answer.body()).unwrap();
    for name in ["access_token", "refresh_token", "id_token"] {
        if let Some(token) = read.get_mut(name) {
            *token = teller.claims(token.as_str().unwrap());
            sorted(token);
        }
    }
    read
}

fn text(trace: &cambist::trace::DecisionTrace) -> String {
    serde_json::to_string(trace).unwrap()
}

/// Shuffles, the same way for the same seed.
struct Deck(u64);

impl Deck {
    fn shuffle<T>(&mut self, cards: &mut [T]) {
        for place in (1..cards.len()).rev() {
            self.0 = self.0.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
            cards.swap(place, (self.0 >> 33) as usize % (place + 1));
        }
    }

    fn reordered(&mut self, document: &Value) -> Value {
        let mut document = document.clone();
        for list in ["clients", "policies", "permissions", "roles"] {
            let entries = document[list].as_array_mut().unwrap();
            self.shuffle(entries);
            for entry in entries {
                for member in ["clients", "policies"] {
                    if let Some(inner) = entry.get_mut(member).and_then(Value::as_array_mut) {
                        self.shuffle(inner);
                    }
                }
            }
        }
        document
    }

    /// Values of one name keep their order, as the first target is the one whose mappers count.
    fn reorder_form(&mut self, form: &mut Form) {
        let mut audiences: Vec<_> = form
            .iter()
            .filter(|(name, _)| *name == "audience")
            .cloned()
            .collect();
        audiences.reverse();
        self.shuffle(form);
        for pair in form.iter_mut().filter(|(name, _)| *name == "audience") {
            *pair = audiences.pop().unwrap();
        }
    }
}

/// One bit of a subject token turned, wherever it is, and the token is refused.
#[test]
fn no_bit_of_a_subject_token_can_be_turned() {
    for profile in ["strict", "keycloak"] {
        let case = plain_case(profile);
        let steps = walk(&case, Arc::new(RingProvider));
        let step = &steps[1];
        assert!(step.exchanged().is_some(), "{:?}", step.came);
        let mut token = step.subject.clone().into_bytes();
        let rest: Form = step
            .form
            .iter()
            .filter(|(name, _)| *name != "subject_token")
            .cloned()
            .collect();
        let rest = encoded(&rest);
        for place in 0..token.len() {
            for bit in 0..8 {
                token[place] ^= 1 << bit;
                let body = format!("{rest}&subject_token={}", escaped(&token));
                let decision = step.before.decide_body(&body);
                assert!(
                    matches!(decision, Decision::Deny(_)),
                    "bit {bit} of byte {place}"
                );
                token[place] ^= 1 << bit;
            }
        }
        assert_eq!(token, step.subject.as_bytes());
    }
}

/// A login at `c0` and an exchange by `c0` for `c1` that is permitted.
fn plain_case(profile: &str) -> Case {
    let request = cases::Request {
        asked: Asked::Exchange,
        requester: 0,
        audiences: vec![1],
        scope: None,
        token_type: "urn:ietf:params:oauth:token-type:access_token",
        typed: false,
        requested_subject: None,
        after: 1,
    };
    Case {
        document: json!({
            "realm": "small", "profile": profile,
            "clients": [
                {"id": "c0", "secret": "secret", "grants": ["password", "token-exchange"]},
                {"id": "c1", "secret": "secret"},
            ],
            "policies": [{"name": "p0", "kind": "client", "clients": ["c0"]}],
            "permissions": [
                {"name": "to c1", "action": "token-exchange", "client": "c1", "policies": ["p0"]},
            ],
            "users": [{
                "username": "u0", "password": "right",
                "email": "u@example.com", "first_name": "U", "last_name": "U",
            }],
        }),
        login_scope: vec!["openid"],
        time_of_day: 0,
        requests: vec![request],
    }
}

/// The properties above would hold if nothing were ever permitted, or all of it.
#[test]
fn the_cases_reach_what_the_properties_are_about() {
    let mut runner = TestRunner::deterministic();
    let mut reached = std::collections::BTreeMap::<&str, usize>::new();
    let mut reach = |what, when: bool| *reached.entry(what).or_default() += usize::from(when);
    for _ in 0..768 {
        let case = cases().new_tree(&mut runner).unwrap().current();
        let strict = case.is_strict();
        for step in walk(&case, worthless()) {
            let request = step.request.as_ref();
            let exchanged = step.exchanged();
            let crosses = exchanged.filter(|minted| minted.plan.client != minted.plan.target);
            let standard =
                |minted: &&Minted| minted.trace.flow.as_deref() == Some("standard exchange");
            reach("standard exchange", exchanged.filter(standard).is_some());
            let across = if strict {
                "exchange for another client, strict"
            } else {
                "exchange for another client, keycloak"
            };
            reach(across, crosses.is_some());
            let refused = matches!(step.came, Came::Refused { .. });
            reach("refused exchange", step.is_exchange() && refused);
            let becomes = request.is_some_and(|request| request.requested_subject.is_some());
            reach("impersonation", becomes && exchanged.is_some());
            let widened = |minted: &&Minted| !minted.trace.widenings.is_empty();
            reach("named widening", exchanged.filter(widened).is_some());
            let rests_on_policies = exchanged.is_some_and(|minted| !minted.trace.gates.is_empty());
            reach("permit by policies", rests_on_policies);
            let effects = match &step.came {
                Came::Refused { effects, .. } => effects.len(),
                Came::Minted(_) => 0,
            };
            reach("refusal that writes", effects > 0);
            let shortened = exchanged.filter(|_| strict).is_some_and(|minted| {
                let exp = |token: &str| step.before.claims(token)["exp"].as_i64();
                exp(&minted.answer.access_token) == exp(&step.subject)
            });
            reach("lifetime held to the subject's", shortened);
        }
    }
    for (what, times) in &reached {
        assert!(*times >= 15, "{what}: {times} times in {reached:?}");
    }
}
