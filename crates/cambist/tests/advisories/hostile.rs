//! Tokens of strange make, signed as they should be: what does not parse in one way only is refused, whoever signed it.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use cambist::{
    crypto::Algorithm,
    jose::{
        JsonLimits,
        claims::{Strictness, TokenClaims},
    },
};
use serde_json::{Value, json};

use crate::shop::{Shop, told};

/// A token of these very bytes, signed by the realm's own key.
fn signed(shop: &Shop, header: &[u8], payload: &[u8]) -> String {
    let input = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header),
        URL_SAFE_NO_PAD.encode(payload)
    );
    let key = shop.world.realm.keys().active(Algorithm::EdDsa).unwrap();
    let mut signature = Vec::new();
    let signing = key.signing.as_ref().unwrap();
    signing
        .signer
        .sign(input.as_bytes(), &mut signature)
        .unwrap();
    format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// Header and payload of a good token.
fn parts(shop: &Shop, token: &str) -> (String, String) {
    let header = json!({"alg": "EdDSA", "typ": "JWT", "kid": "ed"}).to_string();
    (header, Value::Object(shop.claims(token)).to_string())
}

/// The payload with more members.
fn with(payload: &str, more: &str) -> Vec<u8> {
    format!("{},{more}}}", payload.strip_suffix('}').unwrap()).into_bytes()
}

fn refused(shop: &mut Shop, token: &str) -> bool {
    let answer = shop.exchange("stock", token, &[]);
    answer.is_err() && told(answer).2 == "Invalid token"
}

#[test]
fn t058_no_member_stands_twice_at_any_depth() {
    let mut shop = Shop::new();
    let token = shop.login().access_token;
    let (header, payload) = parts(&shop, &token);
    assert!(!refused(&mut shop, &token));
    let good = with(&payload, r#""x":{"a":1,"b":[{"a":1},{"a":1}]}"#);
    let good = signed(&shop, header.as_bytes(), &good);
    assert!(!refused(&mut shop, &good));
    for more in [
        r#""azp":"till""#,
        r#""exp":9999999999"#,
        r#""\u0061zp":"stock""#,
        r#""x":1,"x":1"#,
        r#""x":{"a":1,"a":2}"#,
        r#""x":[[{"y":{"a":1,"a":2}}]]"#,
    ] {
        let bad = signed(&shop, header.as_bytes(), &with(&payload, more));
        assert!(refused(&mut shop, &bad), "{more}");
    }
    for more in [
        r#""alg":"EdDSA""#,
        r#""kid":"other""#,
        r#""x":{"a":1,"a":1}"#,
    ] {
        let bad = signed(&shop, &with(&header, more), payload.as_bytes());
        assert!(refused(&mut shop, &bad), "{more}");
    }
}

#[test]
fn t059_nesting_has_an_end_and_costs_no_stack() {
    let mut shop = Shop::new();
    let token = shop.login().access_token;
    let (header, payload) = parts(&shop, &token);
    // The payload itself is one level.
    for (depth, good) in [(15, true), (16, false), (2_000, false)] {
        for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
            let nested = format!(r#""x":{}1{}"#, open.repeat(depth), close.repeat(depth));
            let token = signed(&shop, header.as_bytes(), &with(&payload, &nested));
            assert_eq!(!refused(&mut shop, &token), good, "{depth} of {open}");
        }
    }
    let deep = format!(r#"{{"x":{}"#, "[".repeat(100_000));
    let limits = JsonLimits::DEFAULT;
    assert!(TokenClaims::parse_within(&deep, Strictness::Keycloak, &limits).is_err());
}

#[test]
fn t061_bytes_that_are_no_plain_json_are_refused() {
    let mut shop = Shop::new();
    let token = shop.login().access_token;
    let (header, payload) = parts(&shop, &token);
    let plain = payload.as_bytes();
    let surround = |before: &[u8], after: &[u8]| [before, plain, after].concat();
    let member = |value: &[u8]| {
        let start = plain.strip_suffix(b"}").unwrap();
        [start, br#","x":""#, value, br#""}"#].concat()
    };
    let good = [
        surround(b" ", b"\n"),
        member("\u{e4}\\ud83d\\ude00".as_bytes()),
    ];
    for payload in good {
        let token = signed(&shop, header.as_bytes(), &payload);
        assert!(!refused(&mut shop, &token));
    }
    for payload in [
        surround("\u{feff}".as_bytes(), b""),
        surround(b"", b"\0"),
        surround(b"", b"{}"),
        surround(b"", b"x"),
        surround(b"/* */", b""),
        surround(b"", b"// end"),
        surround(b"[", b"]"),
        member(b"\xff"),
        member(b"\xc0\xaf"),
        member(b"\xed\xa0\x80"),
        member(b"\xf4\x90\x80\x80"),
        member(b"\\ud800"),
        member(b"\\ude00\\ud83d"),
        member(b"\0"),
        member(b"\n"),
        member(b"\\x41"),
        b"".to_vec(),
        b"null".to_vec(),
    ] {
        let bad = signed(&shop, header.as_bytes(), &payload);
        assert!(
            refused(&mut shop, &bad),
            "{}",
            String::from_utf8_lossy(&payload)
        );
    }
    for header in [
        &b"\xef\xbb\xbf{\"alg\":\"EdDSA\",\"kid\":\"ed\"}"[..],
        b"{\"alg\":\"EdDSA\",\"kid\":\"\xff\"}",
    ] {
        let bad = signed(&shop, header, plain);
        assert!(refused(&mut shop, &bad));
    }
}

/// RFC 7515 section 7.2: there is no header beside the signed one, as there is no form that could have it.
#[test]
fn t066_no_unprotected_header_is_read() {
    let mut shop = Shop::new();
    let token = shop.login().access_token;
    let (header, payload, signature) = {
        let mut parts = token.split('.');
        (
            parts.next().unwrap(),
            parts.next().unwrap(),
            parts.next().unwrap(),
        )
    };
    let bare = URL_SAFE_NO_PAD.encode(r#"{"kid":"ed"}"#);
    let one = |protected: &str, unprotected: Value| json!({"protected": protected, "header": unprotected, "signature": signature});
    let flattened = |mut signature: Value| {
        signature["payload"] = json!(payload);
        signature.to_string()
    };
    for bad in [
        flattened(one(header, json!({}))),
        flattened(one(header, json!({"alg": "none"}))),
        flattened(one("", json!({"alg": "EdDSA", "kid": "ed"}))),
        flattened(one(&bare, json!({"alg": "EdDSA"}))),
        json!({"payload": payload, "signatures": [one(header, json!({}))]}).to_string(),
        json!({"payload": payload, "signatures": [one("", json!({"alg": "EdDSA"}))]}).to_string(),
        // And a signed one without `alg` stands for nothing.
        format!("{bare}.{payload}.{signature}"),
    ] {
        assert!(refused(&mut shop, &bad), "{bad}");
        let encoded = URL_SAFE_NO_PAD.encode(&bad);
        assert!(refused(&mut shop, &encoded), "{bad}");
    }
    assert!(!refused(&mut shop, &token));
}
