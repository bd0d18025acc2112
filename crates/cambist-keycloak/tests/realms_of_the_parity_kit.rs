//! Every realm document that a real Keycloak took is taken here too, and comes out as it went in.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on stops"
)]

use std::{collections::BTreeMap, fs, path::PathBuf};

use cambist::realm::{
    Features, Profile,
    document::{ClientGrant, RealmDocument, SecretSource},
    settings::SslRequired,
};
use cambist_keycloak::{Import, export, import, import_value};

fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../parity/realms")
}

fn load(name: &str) -> Import {
    let text = fs::read_to_string(directory().join(format!("{name}.json"))).unwrap();
    import(&text).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn all() -> BTreeMap<String, Import> {
    let mut realms = BTreeMap::new();
    for entry in fs::read_dir(directory()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let realm = load(&name);
        realms.insert(name, realm);
    }
    realms
}

/// What is not carried over, of all realms together. Every line here is a promise that there is no other.
const NOT_CARRIED: &[(&str, &[&str])] = &[(
    "ep-grants",
    &["users[3].credentials[0].temporary: kept without effect"],
)];

#[test]
fn exactly_these_members_are_not_carried_over() {
    let expected: BTreeMap<&str, Vec<&str>> = NOT_CARRIED
        .iter()
        .map(|(realm, lines)| (*realm, lines.to_vec()))
        .collect();
    let realms = all();
    assert!(
        realms.len() >= 50,
        "the kit has fifty realms, found {}",
        realms.len()
    );
    let found: BTreeMap<&str, Vec<String>> = realms
        .iter()
        .filter(|(_, import)| !import.not_carried.is_empty())
        .map(|(name, import)| {
            (
                name.as_str(),
                import.not_carried.iter().map(ToString::to_string).collect(),
            )
        })
        .collect();
    let found: BTreeMap<&str, Vec<&str>> = found
        .iter()
        .map(|(name, lines)| (*name, lines.iter().map(String::as_str).collect()))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn an_export_of_an_import_is_the_same_import() {
    for (name, first) in all() {
        let written = export(&first.document, &first.document.users);
        let second =
            import_value(written.clone()).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(plain(&second.document), plain(&first.document), "{name}");
        assert_eq!(
            export(&second.document, &second.document.users),
            written,
            "{name}"
        );
    }
}

#[test]
fn the_guide_is_read_as_it_is_meant() {
    let realm = load("guide").document;
    assert_eq!(
        (realm.realm.as_str(), realm.profile, realm.enabled),
        ("token-exchange-demo", Profile::Keycloak, true)
    );
    assert_eq!(realm.ssl_required, SslRequired::None);
    assert!(realm.client_scopes.is_none(), "the built-in scopes");
    let client = realm
        .clients
        .iter()
        .find(|client| client.id == "service-a")
        .unwrap();
    assert_eq!(
        client.uuid.as_deref(),
        Some("a1a1a1a1-0000-4000-8000-000000000001")
    );
    assert_eq!(
        client.grants,
        [
            ClientGrant::AuthorizationCode,
            ClientGrant::Password,
            ClientGrant::TokenExchange
        ]
    );
    assert_eq!(client.redirect_uris, ["http://localhost:8080/*"]);
    let Some(SecretSource::Text(secret)) = &client.secret else {
        panic!("a secret")
    };
    assert_eq!(secret.expose(), "service-a-secret");
    let user = realm.users.first().unwrap();
    assert_eq!(
        (user.username.as_str(), user.email_verified, user.enabled),
        ("testuser", true, true)
    );
    let Some(SecretSource::Text(password)) = &user.password else {
        panic!("a password")
    };
    assert_eq!(password.expose(), "password123");
}

#[test]
fn permissions_and_policies_part() {
    let realm = load("v1-internal").document;
    let permission = realm
        .permissions
        .iter()
        .find(|permission| {
            permission
                .name
                .starts_with("token-exchange.permission.client.")
        })
        .unwrap();
    assert_eq!(permission.scopes, ["token-exchange"]);
    assert!(
        permission
            .resources
            .iter()
            .all(|name| name.starts_with("client.resource."))
    );
    assert!(!permission.policies.is_empty());
    assert!(
        realm
            .policies
            .iter()
            .any(|policy| policy.kind == "client" && policy.clients.is_some())
    );
    assert!(
        realm
            .policies
            .iter()
            .all(|policy| policy.kind != "scope" && policy.kind != "resource")
    );
}

#[test]
fn scopes_of_its_own_are_the_only_ones() {
    let mut realm = load("v2-standard").document;
    realm.complete(Features::default());
    let scopes = realm.client_scopes.unwrap();
    assert!(scopes.iter().any(|scope| scope.name == "offline_access"));
    assert!(!scopes.iter().any(|scope| scope.name == "phone"));
    assert!(realm.default_scopes.is_some() && realm.optional_scopes.is_some());
}

#[test]
fn a_fixed_key_is_carried() {
    let realm = load("v1-internal-keys").document;
    let key = realm.keys.first().unwrap();
    assert_eq!((key.algorithm.as_str(), key.priority), ("RS256", 200));
    assert!(key.secret.is_some());
}

fn plain(realm: &RealmDocument) -> serde_json::Value {
    serde_json::to_value(realm).unwrap()
}
