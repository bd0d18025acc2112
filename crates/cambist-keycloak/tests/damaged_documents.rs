//! Documents with one value replaced by something else: refused with a place, or taken and written again the
//! same; never a panic.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use std::fs;

use cambist_keycloak::{ImportError, export, import, import_value};
use serde_json::{Value, json};

fn document(name: &str) -> Value {
    let path = format!(
        "{}/../../parity/realms/{name}.json",
        env!("CARGO_MANIFEST_DIR")
    );
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// Pointers (RFC 6901) to every value of a document.
fn places(value: &Value, here: &str, found: &mut Vec<String>) {
    found.push(here.to_owned());
    match value {
        Value::Array(items) => {
            for (place, item) in items.iter().enumerate() {
                places(item, &format!("{here}/{place}"), found);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                let name = name.replace('~', "~0").replace('/', "~1");
                places(member, &format!("{here}/{name}"), found);
            }
        }
        _ => {}
    }
}

#[test]
fn any_value_may_be_anything() {
    let odd = [
        json!(null),
        json!(true),
        json!(-1),
        json!(1.5),
        json!(i64::MIN),
        json!(u64::MAX),
        json!(""),
        json!("[\"x\""),
        json!([]),
        json!([[]]),
        json!({}),
        json!({"": {"": null}}),
    ];
    for name in [
        "adm-shop",
        "adm-shop-policies",
        "ep-grants-once",
        "ep-hostile-key",
    ] {
        let whole = document(name);
        let mut all = Vec::new();
        places(&whole, "", &mut all);
        let (mut taken, mut refused) = (0_u32, 0_u32);
        for place in &all {
            for value in &odd {
                let mut damaged = whole.clone();
                *damaged.pointer_mut(place).unwrap() = value.clone();
                match import_value(damaged) {
                    Ok(first) => {
                        taken = taken.saturating_add(1);
                        let written = export(&first.document, &first.document.users);
                        let second = import_value(written.clone())
                            .unwrap_or_else(|error| panic!("{name} {place} {value}: {error}"));
                        let again = export(&second.document, &second.document.users);
                        assert_eq!(again, written, "{name} {place} {value}");
                    }
                    Err(_) => refused = refused.saturating_add(1),
                }
            }
        }
        assert!(
            taken > 100 && refused > 100,
            "{name}: {taken} taken, {refused} refused"
        );
    }
}

#[test]
fn text_that_is_no_json_names_the_place() {
    assert_eq!(
        import("{\n \"realm\": }").unwrap_err(),
        ImportError::NotJson {
            line: 2,
            column: 11
        }
    );
    let deep = "[".repeat(200_000);
    assert!(matches!(import(&deep), Err(ImportError::NotJson { .. })));
    assert!(matches!(import("[]"), Err(ImportError::WrongType { .. })));
    assert!(matches!(
        import("{}"),
        Err(ImportError::Missing {
            member: "realm",
            ..
        })
    ));
}

#[test]
fn no_secret_is_in_an_error_or_a_loss() {
    const CANARY: &str = "canary-3fb1";
    let whole = json!({
        "realm": "r",
        "clients": [{"clientId": "a", "secret": CANARY, "unknown": CANARY}],
        "users": [{"username": "u", "credentials": [{"type": "otp", "secretData": CANARY, "credentialData": "{}"}]}],
        "smtpServer": {"password": CANARY}
    });
    for broken in [
        json!({"realm": "r", "clients": [{"clientId": "a", "secret": {"x": CANARY}}]}),
        json!({"realm": "r", "sslRequired": CANARY}),
        whole.clone(),
    ] {
        let shown = match import_value(broken) {
            Ok(import) => format!("{:?} {:?}", import.not_carried, import.document.clients),
            Err(error) => format!("{error} {error:?}"),
        };
        assert!(!shown.contains(CANARY), "{shown}");
    }
}
