//! Every recorded answer of the area `claims`, against what is composed here: claims of access token, ID
//! token, userinfo and introspection, and the scope texts.

extern crate std;

use alloc::{
    borrow::ToOwned,
    collections::BTreeMap,
    format,
    string::{String, ToString},
    vec::Vec,
};

use serde_json::{Map, Value, json};

use super::{
    ClaimTarget,
    test_world::{Login, World, parity},
};

/// Claims that the engine writes.
const OF_THE_ENGINE: &[&str] = &[
    "iss",
    "exp",
    "iat",
    "jti",
    "typ",
    "sid",
    "scope",
    "at_hash",
    "active",
    "client_id",
    "token_type",
    "username",
];

/// Answers that claims alone do not decide, with the reason.
const NOT_COMPARED: &[(&str, &str)] = &[
    (
        "hard-clash",
        "Keycloak answers 500; here the two claims are joined",
    ),
    (
        "scopes-builtin-absent",
        "refused; see the tests of scopes::check",
    ),
];

#[test]
fn claims_are_what_keycloak_wrote() {
    let cases = parity("cases/claims.json");
    let answers = parity("answers/claims.json");
    let mut worlds: BTreeMap<String, World> = BTreeMap::new();
    let mut problems = Vec::new();
    let mut compared = 0;
    for case in cases["cases"].as_array().unwrap() {
        let id = case["id"].as_str().unwrap();
        let answer = &answers["cases"][id];
        let login = &case["steps"][0];
        let granted = &answer["login"];
        if NOT_COMPARED.iter().any(|(left_out, _)| *left_out == id)
            || granted["json"]["access_token"].is_null()
        {
            continue;
        }
        let realm = login["realm"].as_str().unwrap_or("ep-claims");
        let world = worlds
            .entry(realm.to_owned())
            .or_insert_with(|| World::recorded(realm));
        let mut check = Check {
            id,
            problems: &mut problems,
        };
        check.case(world, login, answer);
        compared += 1;
    }
    assert!(
        problems.is_empty(),
        "{} differences:\n{}",
        problems.len(),
        problems.join("\n")
    );
    assert!(compared > 60, "only {compared} cases were compared");
}

struct Check<'a> {
    id: &'a str,
    problems: &'a mut Vec<String>,
}

impl Check<'_> {
    fn case(&mut self, world: &World, step: &Value, answer: &Value) {
        let client_id = step["client"].as_str().unwrap();
        let username = match step["form"]["username"].as_str() {
            Some(username) => username.to_owned(),
            None => format!("service-account-{client_id}"),
        };
        let requested = step["form"]["scope"].as_str().unwrap_or_default();
        let granted = &answer["login"]["json"];
        let token = &granted["access_token"]["jwt"]["claims"];

        let mut login = world.login(client_id, &username, requested);
        self.same(
            "scope",
            &granted["scope"],
            &scope_set(&login.scopes.token_text()),
        );
        let refresh = &granted["refresh_token"]["jwt"]["claims"]["scope"];
        if !refresh.is_null() {
            self.same(
                "refresh scope",
                refresh,
                &scope_set(&login.scopes.full_text()),
            );
        }
        if step["form"]["username"].is_null() {
            for (name, value) in [
                ("clientHost", "127.0.0.1"),
                ("clientAddress", "127.0.0.1"),
                ("client_id", client_id),
            ] {
                login.notes.push((name.into(), value.to_owned().into()));
            }
        }

        let lightweight = login.client.tokens().lightweight;
        let mut access_token = written(&login, ClaimTarget::AccessToken, lightweight);
        access_token
            .entry("azp")
            .or_insert_with(|| client_id.into());
        self.claims("access token", token, &access_token);

        let id_token = &granted["id_token"]["jwt"]["claims"];
        if !id_token.is_null() {
            let composed = login.compose(ClaimTarget::IdToken, false);
            let mut claims = written(&login, ClaimTarget::IdToken, false);
            claims.entry("azp").or_insert_with(|| client_id.into());
            claims
                .entry("sub")
                .or_insert_with(|| login.user.id.clone().into());
            let own = if composed.audience_replaced {
                &[][..]
            } else {
                &[client_id]
            };
            let audience = own
                .iter()
                .copied()
                .chain(composed.audience.iter().map(|value| &**value));
            claims.insert(
                "aud".into(),
                one_or_more(audience.map(ToOwned::to_owned).collect()),
            );
            self.claims("ID token", id_token, &claims);
        }

        // Later questions know of the token only what it says: its `scope` without hidden scopes, and
        // none of the notes of a session that is stored nowhere.
        let shown = login.scopes.token_text();
        let later = world.login(client_id, &username, &shown);
        let info = &answer["info"];
        if info["status"] == 200 && info["json"].is_object() {
            let mut claims = written(&later, ClaimTarget::UserInfo, false);
            claims
                .entry("sub")
                .or_insert_with(|| login.user.id.clone().into());
            if let Some(audience) = claims.get("aud") {
                let list = list_of(audience);
                claims.insert("aud".into(), list);
            }
            self.claims("userinfo", &info["json"], &claims);
        }
        let check = &answer["check"]["json"];
        if check["active"] == true {
            let mut claims = written(&later, ClaimTarget::Introspection, false);
            claims.entry("azp").or_insert_with(|| client_id.into());
            if let Some(subject) = access_token.get("sub") {
                claims.entry("sub").or_insert_with(|| subject.clone());
            }
            let mut audience: Vec<String> = Vec::new();
            for value in access_token.get("aud").into_iter().chain(claims.get("aud")) {
                for value in list_of(value).as_array().unwrap() {
                    let value = value.as_str().unwrap().to_owned();
                    if !audience.contains(&value) {
                        audience.push(value);
                    }
                }
            }
            claims.insert("aud".into(), one_or_more(audience));
            self.claims("introspection", check, &claims);
        }

        let response = login.compose(ClaimTarget::TokenResponse, false);
        for (name, value) in response.claims.iter() {
            self.same(name, &granted[name], &serde_json::to_value(value).unwrap());
        }
        self.same(
            "in-response",
            &granted["in-response"],
            &response
                .claims
                .value("in-response")
                .map_or(Value::Null, |value| serde_json::to_value(value).unwrap()),
        );
    }

    fn claims(&mut self, place: &str, recorded: &Value, composed: &Map<String, Value>) {
        let recorded = recorded.as_object().unwrap();
        for name in recorded.keys().chain(composed.keys()) {
            if OF_THE_ENGINE.contains(&name.as_str())
                // A relative redirect address counts as the server's own, which no snapshot knows.
                || (self.id == "origins" && name == "allowed-origins")
            {
                continue;
            }
            let null = Value::Null;
            let (recorded, composed) = (
                recorded.get(name).unwrap_or(&null),
                composed.get(name).unwrap_or(&null),
            );
            self.same(&format!("{place} {name}"), recorded, composed);
        }
    }

    fn same(&mut self, what: &str, recorded: &Value, composed: &Value) {
        let composed = normal(composed);
        if !matches(recorded, &composed) {
            let problem = format!(
                "{}: {what}: recorded {recorded}, composed {composed}",
                self.id
            );
            if !self.problems.contains(&problem) {
                self.problems.push(problem);
            }
        }
    }
}

fn written(login: &Login<'_>, target: ClaimTarget, lightweight: bool) -> Map<String, Value> {
    let Value::Object(mut claims) = login.written(target, lightweight) else {
        return Map::new();
    };
    if let Some(audience) = claims.get("aud") {
        let values = list_of(audience);
        let values = values
            .as_array()
            .unwrap()
            .iter()
            .map(|value| value.as_str().unwrap().to_owned());
        let audience = one_or_more(values.collect());
        claims.insert("aud".into(), audience);
    }
    claims
}

fn list_of(audience: &Value) -> Value {
    if audience.is_array() {
        audience.clone()
    } else {
        json!([audience])
    }
}

fn one_or_more(mut audience: Vec<String>) -> Value {
    if audience.len() == 1 {
        audience.remove(0).into()
    } else {
        json!(audience)
    }
}

fn scope_set(text: &str) -> Value {
    json!(
        text.split(' ')
            .filter(|name| !name.is_empty())
            .collect::<Vec<_>>()
    )
}

/// Lists of texts become sets, as in the recorded answers.
fn normal(value: &Value) -> Value {
    match value {
        Value::Array(items) if items.iter().all(Value::is_string) => {
            let mut items: Vec<String> = items
                .iter()
                .map(|item| item.as_str().unwrap().to_string())
                .collect();
            items.sort();
            json!({ "set": items })
        }
        Value::Array(items) => items.iter().map(normal).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(name, member)| (name.clone(), normal(member)))
            .collect(),
        other => other.clone(),
    }
}

/// A name in angle brackets stands for anything.
fn matches(recorded: &Value, composed: &Value) -> bool {
    match (recorded, composed) {
        (Value::String(pattern), _) if pattern.starts_with('<') => !composed.is_null(),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter()
                    .all(|(name, a)| b.get(name).is_some_and(|b| matches(a, b)))
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| matches(a, b))
        }
        _ => recorded == composed,
    }
}
