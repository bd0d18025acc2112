//! Holds `docs/realm-document.md` to the format that it describes: every key of every table is there, in the
//! section of its table, and the guide's realm is the one in `examples`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use std::{fs, path::Path};

use cambist::realm::document::RealmDocument;
use serde_json::{Value, json};

fn file(name: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    fs::read_to_string(root.join(name)).unwrap()
}

/// The text between this heading, of any depth, and the next one.
fn section<'p>(page: &'p str, heading: &str) -> &'p str {
    let mut parts = page.split("\n#").filter_map(|part| part.split_once('\n'));
    let part = parts.find(|(line, _)| line.trim_start_matches('#').trim() == heading);
    part.unwrap().1
}

/// The keys that a table knows, as the reader lists them when it meets another one.
fn known_keys(document: Value) -> Vec<String> {
    let error = serde_json::from_value::<RealmDocument>(document).unwrap_err();
    let text = error.to_string();
    let list = text.split_once("expected").unwrap().1;
    let names = list.split('`').skip(1).step_by(2);
    names.map(str::to_owned).collect()
}

#[test]
fn every_key_is_on_the_page() {
    let page = file("docs/realm-document.md");
    let wrong = || json!({"nonsense": 1});
    let within = |list: &str, entry: Value| json!({"realm": "r", list: [entry]});
    let mapper = json!({"id": "a", "mappers": [wrong()]});
    let tables = [
        ("The realm", json!({"realm": "r", "nonsense": 1})),
        ("`tokens`", json!({"realm": "r", "tokens": wrong()})),
        ("`sessions`", json!({"realm": "r", "sessions": wrong()})),
        ("`login`", json!({"realm": "r", "login": wrong()})),
        (
            "`brute_force`",
            json!({"realm": "r", "brute_force": wrong()}),
        ),
        (
            "`authorization`",
            json!({"realm": "r", "authorization": wrong()}),
        ),
        (
            "`authorization`",
            json!({"realm": "r", "authorization": {"resources": [wrong()]}}),
        ),
        (
            "`authorization`",
            json!({"realm": "r", "authorization": {"scopes": [wrong()]}}),
        ),
        ("`clients`", within("clients", wrong())),
        ("`client_scopes`", within("client_scopes", wrong())),
        ("Mappers", within("clients", mapper)),
        (
            "Role names",
            within("roles", json!({"name": "a", "composites": wrong()})),
        ),
        ("`roles`", within("roles", wrong())),
        ("`groups`", within("groups", wrong())),
        ("`organizations`", within("organizations", wrong())),
        ("`policies`", within("policies", wrong())),
        ("`permissions`", within("permissions", wrong())),
        ("`users`", within("users", wrong())),
        ("`keys`", within("keys", wrong())),
        (
            "`identity_providers`",
            within("identity_providers", wrong()),
        ),
    ];
    for (heading, document) in tables {
        let text = section(&page, heading);
        let keys = known_keys(document);
        assert!(keys.len() > 1, "{heading}");
        for key in keys {
            let told = [format!("`{key}`"), format!("{key} = ")];
            assert!(
                told.iter().any(|key| text.contains(key)),
                "{key} of {heading}"
            );
        }
    }
}

#[test]
fn the_realm_of_the_guide_is_the_one_in_the_examples() {
    let page = file("docs/realm-document.md");
    let shown = page
        .split("```toml\n")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    let guide = file("examples/guide.toml");
    let bare: Vec<&str> = guide
        .lines()
        .filter(|line| !line.starts_with('#'))
        .collect();
    assert_eq!(shown.trim(), bare.join("\n").trim());
}
