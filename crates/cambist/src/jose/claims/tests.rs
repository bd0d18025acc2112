use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use proptest::prelude::*;
use serde_json::json;

use super::*;

const TEXT_CLAIMS: [&str; 12] = [
    "iss",
    "sub",
    "jti",
    "typ",
    "azp",
    "sid",
    "scope",
    "nonce",
    "acr",
    "client_id",
    "preferred_username",
    "prov",
];
const TIME_CLAIMS: [&str; 4] = ["exp", "nbf", "iat", "auth_time"];
const LIST_CLAIMS: [&str; 3] = ["aud", "aud_x", "req-aud"];
const OBJECT_CLAIMS: [&str; 3] = ["cnf", "act", "may_act"];

fn strict(payload: &str) -> Result<TokenClaims<'_>, ClaimsError> {
    TokenClaims::parse(payload, Strictness::Strict)
}

fn keycloak(payload: &str) -> Result<TokenClaims<'_>, ClaimsError> {
    TokenClaims::parse(payload, Strictness::Keycloak)
}

#[test]
fn every_claim_is_read_and_texts_are_borrowed() {
    let payload = r#"{"iss":"i","sub":"s","aud":["a","b"],"exp":3,"nbf":1,"iat":2,"jti":"j",
        "typ":"Bearer","azp":"z","sid":"d","scope":"x y","nonce":"n","acr":"1","client_id":"c",
        "preferred_username":"p","auth_time":4,"cnf":{"jkt":"k"},"act":{"sub":"t"},
        "may_act":{"sub":"u"},"reuse_id":"r","prov":"default","aud_x":"q","req-aud":[],
        "realm_access":{"roles":["admin"]},"email":"e","more":[1,null,{"x":-1.5e3}]}"#;
    let claims = strict(payload).unwrap();
    assert_eq!(claims.iss.as_deref(), Some("i"));
    assert!(matches!(claims.sub, Some(Cow::Borrowed("s"))));
    assert_eq!(claims.aud.as_deref().unwrap(), ["a", "b"]);
    assert_eq!(
        (claims.exp, claims.nbf, claims.iat),
        (Some(3), Some(1), Some(2))
    );
    assert_eq!(
        (claims.jti.as_deref(), claims.typ.as_deref()),
        (Some("j"), Some("Bearer"))
    );
    assert_eq!(
        (claims.azp.as_deref(), claims.sid.as_deref()),
        (Some("z"), Some("d"))
    );
    assert_eq!(
        (claims.scope.as_deref(), claims.nonce.as_deref()),
        (Some("x y"), Some("n"))
    );
    assert_eq!(
        (claims.acr.as_deref(), claims.client_id.as_deref()),
        (Some("1"), Some("c"))
    );
    assert_eq!(claims.preferred_username.as_deref(), Some("p"));
    assert_eq!(claims.auth_time, Some(4));
    assert_eq!(claims.cnf, Some(json!({"jkt": "k"})));
    assert_eq!(claims.act, Some(json!({"sub": "t"})));
    assert_eq!(claims.may_act, Some(json!({"sub": "u"})));
    assert_eq!(
        (claims.reuse_id.as_deref(), claims.prov.as_deref()),
        (Some("r"), Some("default"))
    );
    assert_eq!(claims.aud_x.as_deref().unwrap(), ["q"]);
    assert_eq!(claims.req_aud.as_deref(), Some(&[][..]));
    assert!(claims.has_audience("b"));
    assert!(!claims.has_audience("q"));
}

#[test]
fn no_claim_is_needed_but_an_object_is() {
    assert_eq!(strict("{}").unwrap(), TokenClaims::default());
    assert!(!strict("{}").unwrap().has_audience(""));
    for payload in ["[]", "null", "\"\"", "1", "[\"i\",\"s\"]"] {
        let refused = Err(ClaimsError::Json(JsonError::UnexpectedType));
        assert_eq!(strict(payload), refused, "{payload}");
        assert_eq!(keycloak(payload), refused, "{payload}");
    }
    assert_eq!(strict(""), Err(ClaimsError::Json(JsonError::Syntax)));
    assert_eq!(strict("{} {}"), Err(ClaimsError::Json(JsonError::Syntax)));
}

#[test]
fn a_wrong_type_is_an_error_that_names_the_claim() {
    let wrong_everywhere = |name: &'static str, values: &[&str]| {
        for value in values {
            let payload = format!("{{\"{name}\":{value}}}");
            let refused = Err(ClaimsError::WrongType { name });
            assert_eq!(strict(&payload), refused, "{payload}");
            assert_eq!(keycloak(&payload), refused, "{payload}");
        }
    };
    for name in TEXT_CLAIMS {
        wrong_everywhere(name, &["1", "1.5", "true", "[]", "[\"a\"]", "{}"]);
    }
    for name in TIME_CLAIMS {
        wrong_everywhere(
            name,
            &["true", "[]", "[1]", "{}", "\"\"", "\"soon\"", "1e300"],
        );
        wrong_everywhere(
            name,
            &["9223372036854775808", "\"9223372036854775808\"", "\"1 2\""],
        );
    }
    for name in LIST_CLAIMS {
        wrong_everywhere(
            name,
            &[
                "1",
                "1.5",
                "-1",
                "true",
                "{}",
                "[1]",
                "[\"a\",1]",
                "[\"a\",null]",
            ],
        );
        wrong_everywhere(name, &["[[\"a\"]]", "[{\"a\":1}]"]);
    }
    for name in OBJECT_CLAIMS {
        wrong_everywhere(name, &["1", "true", "[]", "[{}]", "\"x\""]);
    }
}

#[test]
fn null_is_wrong_in_strict_and_absent_for_keycloak() {
    for name in [&TEXT_CLAIMS[..], &TIME_CLAIMS, &LIST_CLAIMS, &OBJECT_CLAIMS].concat() {
        let payload = format!("{{\"{name}\":null}}");
        assert_eq!(strict(&payload), Err(ClaimsError::WrongType { name }));
        assert_eq!(keycloak(&payload).unwrap(), TokenClaims::default());
    }
}

#[test]
fn strict_times_are_whole_numbers_from_zero_to_two_to_the_53() {
    let exp = |value: &str| strict(&format!("{{\"exp\":{value}}}")).map(|claims| claims.exp);
    assert_eq!(exp("0"), Ok(Some(0)));
    assert_eq!(exp("9007199254740991"), Ok(Some(9_007_199_254_740_991)));
    for value in [
        "9007199254740992",
        "-1",
        "-0",
        "1.0",
        "1.5",
        "1e3",
        "18446744073709551616",
        "\"1\"",
        "9223372036854775807",
    ] {
        assert_eq!(
            exp(value),
            Err(ClaimsError::WrongType { name: "exp" }),
            "{value}"
        );
    }
    for value in ["01", "+1", "NaN", "Infinity", "1e400", "0x10", "1_000"] {
        assert_eq!(
            exp(value),
            Err(ClaimsError::Json(JsonError::Syntax)),
            "{value}"
        );
    }
}

#[test]
fn keycloak_reads_times_in_other_writings() {
    let exp = |value: &str| {
        let payload = format!("{{\"exp\":{value}}}");
        let claims = TokenClaims::parse(&payload, Strictness::Keycloak);
        claims.map(|claims| claims.exp.unwrap())
    };
    for (value, seconds) in [
        ("\"1700000000\"", 1_700_000_000),
        ("1700000000.9", 1_700_000_000),
        ("1.7e9", 1_700_000_000),
        ("-1", -1),
        ("-0", 0),
        ("9223372036854775807", i64::MAX),
        ("\"-5\"", -5),
    ] {
        assert_eq!(exp(value), Ok(seconds), "{value}");
    }
    for value in [
        "9.3e18",
        "-9.3e18",
        "\"1.5\"",
        "\"1e3\"",
        "\"NaN\"",
        "18446744073709551615",
    ] {
        assert_eq!(
            exp(value),
            Err(ClaimsError::WrongType { name: "exp" }),
            "{value}"
        );
    }
}

#[test]
fn equal_names_are_refused_in_both_ways_of_reading() {
    for payload in [
        r#"{"exp":1,"exp":2}"#,
        r#"{"x":{"y":1,"y":1}}"#,
        r#"{"sub":"a","\u0073ub":"b"}"#,
    ] {
        let refused = Err(ClaimsError::Json(JsonError::DuplicateMember));
        assert_eq!(strict(payload), refused, "{payload}");
        assert_eq!(keycloak(payload), refused, "{payload}");
    }
}

#[test]
fn audiences_are_bounded() {
    let payload = |count: usize| {
        let values: Vec<String> = (0..count).map(|number| number.to_string()).collect();
        json!({ "aud": values }).to_string()
    };
    assert_eq!(strict(&payload(128)).unwrap().aud.unwrap().len(), 128);
    let refused = Err(ClaimsError::TooManyValues {
        name: "aud",
        limit: 128,
    });
    assert_eq!(strict(&payload(129)), refused);
    assert_eq!(strict(&payload(1_000)), refused);
}

proptest! {
    #[test]
    fn whole_numbers_in_range_are_read_as_they_are(seconds in 0..=MAX_SAFE_INTEGER) {
        let payload = format!("{{\"iat\":{seconds}}}");
        prop_assert_eq!(strict(&payload).unwrap().iat, Some(seconds));
        prop_assert_eq!(keycloak(&payload).unwrap().iat, Some(seconds));
    }

    #[test]
    fn texts_survive_whatever_is_in_them(subject in "[^\0]{0,40}", audience in "[^\0]{0,40}") {
        let payload = json!({"sub": subject, "aud": [audience]}).to_string();
        let claims = strict(&payload).unwrap();
        prop_assert_eq!(claims.sub.as_deref(), Some(subject.as_str()));
        prop_assert!(claims.has_audience(&audience));
    }
}
