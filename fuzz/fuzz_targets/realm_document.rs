//! Any text as a realm document or a Keycloak realm: no panic in reading, completing and building.
#![no_main]

use cambist::realm::document::RealmDocument;
use cambist_testkit::{world::World, worthless_crypto::WorthlessProvider};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(document) = serde_json::from_str::<RealmDocument>(text) {
        let _ = World::new(document, &WorthlessProvider);
    }
    if let Ok(import) = cambist_keycloak::import(text) {
        let written = cambist_keycloak::export(&import.document, &import.document.users);
        let _ = cambist_keycloak::import_value(written);
        let _ = World::new(import.document, &WorthlessProvider);
    }
    let _ = cambist_store::document::read_toml(text);
});
