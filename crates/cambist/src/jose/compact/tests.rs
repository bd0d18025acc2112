use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use super::*;
use crate::crypto::SignatureMismatch;

/// Signs by copying the last 32 bytes of the message: worthless, but it depends on the message.
#[derive(Debug)]
struct Tail;

fn tail(message: &[u8]) -> Vec<u8> {
    message[message.len().saturating_sub(32)..].to_vec()
}

impl Signer for Tail {
    fn sign(&self, message: &[u8], signature: &mut Vec<u8>) -> Result<(), ProviderError> {
        *signature = tail(message);
        Ok(())
    }
}

impl Verifier for Tail {
    fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), SignatureMismatch> {
        if tail(message) == signature {
            Ok(())
        } else {
            Err(SignatureMismatch)
        }
    }
}

fn signing_key(algorithm: Algorithm) -> SigningKey {
    SigningKey {
        key_id: "k".to_string(),
        algorithm,
        signer: Arc::new(Tail),
    }
}

fn verification_key(algorithm: Algorithm) -> VerificationKey {
    VerificationKey {
        key_id: "k".to_string(),
        algorithm,
        verifier: Arc::new(Tail),
    }
}

fn token(payload: &str) -> String {
    let header = SigningHeader::new(Algorithm::Es256, Some("k"), Some("JWT"));
    SigningInput::new(&header, payload.as_bytes())
        .sign(&signing_key(Algorithm::Es256))
        .unwrap()
}

fn parse(text: &str) -> Result<UnverifiedJws<'_>, JwsError> {
    UnverifiedJws::parse(text, &JwsLimits::DEFAULT)
}

/// A token of these parts, of which header and payload are given as they are before encoding.
fn assemble(header: &[u8], payload: &[u8], signature: &str) -> String {
    format!(
        "{}.{}.{signature}",
        base64url::encode(header),
        base64url::encode(payload)
    )
}

#[test]
fn what_is_signed_verifies() {
    let token = token(r#"{"iss":"i"}"#);
    let jws = parse(&token).unwrap();
    assert_eq!(jws.key_id(), Some("k"));
    assert_eq!(jws.algorithm_name(), "ES256");
    assert_eq!(jws.header_type(), Some("JWT"));
    let verified = jws.verify(&verification_key(Algorithm::Es256)).unwrap();
    assert_eq!(verified.payload(), r#"{"iss":"i"}"#);
    assert_eq!(verified.header().key_id(), Some("k"));
    assert_eq!(verified.into_payload(), r#"{"iss":"i"}"#);
}

#[test]
fn the_key_alone_decides_the_algorithm() {
    let token = token("{}");
    for algorithm in Algorithm::ALL
        .into_iter()
        .filter(|other| *other != Algorithm::Es256)
    {
        assert_eq!(
            parse(&token)
                .unwrap()
                .verify(&verification_key(algorithm))
                .unwrap_err(),
            JwsError::AlgorithmDiffers { key: algorithm }
        );
        let header = SigningHeader::new(Algorithm::Es256, None, None);
        assert_eq!(
            SigningInput::new(&header, b"{}")
                .sign(&signing_key(algorithm))
                .unwrap_err(),
            ProviderError::AlgorithmDiffers {
                header: Algorithm::Es256,
                key: algorithm
            }
        );
    }
}

#[test]
fn a_wrong_signature_is_refused() {
    let header = br#"{"alg":"ES256"}"#;
    let text = assemble(header, b"{}", "AAAA");
    let refused = parse(&text)
        .unwrap()
        .verify(&verification_key(Algorithm::Es256));
    assert_eq!(refused.unwrap_err(), JwsError::SignatureMismatch);
}

#[test]
fn the_form_is_three_parts_with_content() {
    let token = token("{}");
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let (header, payload) = signed.split_once('.').unwrap();
    for text in [
        String::new(),
        ".".to_string(),
        "..".to_string(),
        header.to_string(),
        signed.to_string(),
        format!("{signed}."),
        format!(".{payload}.{signature}"),
        format!("{header}..{signature}"),
        format!("{token}."),
        format!("{token}.AAAA"),
        format!("{token}.AAAA.AAAA"),
        ".".repeat(16_384),
        format!(r#"{{"payload":"{payload}","signature":"{signature}"}}"#),
    ] {
        assert_eq!(parse(&text).unwrap_err(), JwsError::NotCompact, "{text}");
    }
    for text in [
        format!("{header}=.{payload}.{signature}"),
        format!("{header}.{payload}=.{signature}"),
        format!("{header}.{payload}.{signature}="),
        format!("{token}\n"),
        format!(" {token}"),
        format!("{header}.{payload}.+/AA"),
        format!("{header}.{payload}.A"),
        format!("{header}.{payload}.AB"),
    ] {
        assert_eq!(parse(&text).unwrap_err(), JwsError::NotBase64Url, "{text}");
    }
}

#[test]
fn header_and_payload_are_text() {
    let bytes = [0xff, 0xfe];
    let header = br#"{"alg":"ES256"}"#;
    assert_eq!(
        parse(&assemble(header, &bytes, "AA")).unwrap_err(),
        JwsError::NotUtf8
    );
    assert_eq!(
        parse(&assemble(&bytes, b"{}", "AA")).unwrap_err(),
        JwsError::NotUtf8
    );
    let marked = [b"\xef\xbb\xbf".as_slice(), header].concat();
    assert_eq!(
        parse(&assemble(&marked, b"{}", "AA")).unwrap_err(),
        JwsError::HeaderJson(JsonError::Syntax)
    );
}

#[test]
fn an_encrypted_token_is_refused_unparsed() {
    let header = br#"{"alg":"RSA-OAEP","enc":"A128GCM"}"#;
    let five = format!("{}.AA.AA.AA.AA", base64url::encode(header));
    assert_eq!(parse(&five).unwrap_err(), JwsError::NotCompact);
    assert_eq!(
        parse(&assemble(header, b"{}", "AA")).unwrap_err(),
        JwsError::Encryption
    );
}

#[test]
fn each_part_is_bounded() {
    let limits = JwsLimits::new(400, 100, 200).unwrap();
    let refusal = |text: &str| UnverifiedJws::parse(text, &limits).err();
    // 75 bytes encode to 100 characters, 150 to 200.
    let header = |bytes: usize| format!(r#"{{"alg":"ES256","x":"{}"}}"#, "x".repeat(bytes - 22));
    let fitting = header(75);
    assert_eq!(fitting.len(), 75);
    assert_eq!(
        refusal(&assemble(fitting.as_bytes(), &[b'x'; 150], "AAAA")),
        None
    );
    assert_eq!(
        refusal(&assemble(header(76).as_bytes(), b"{}", "AAAA")),
        Some(JwsError::HeaderTooLong { limit: 100 })
    );
    assert_eq!(
        refusal(&assemble(fitting.as_bytes(), &[b'x'; 151], "AAAA")),
        Some(JwsError::PayloadTooLong { limit: 200 })
    );
    let signature = |length: usize| "A".repeat(length - 302);
    assert_eq!(
        refusal(&assemble(fitting.as_bytes(), &[b'x'; 150], &signature(400))),
        None
    );
    for length in [401, 40_000] {
        assert_eq!(
            refusal(&assemble(
                fitting.as_bytes(),
                &[b'x'; 150],
                &signature(length)
            )),
            Some(JwsError::TokenTooLong { limit: 400 })
        );
    }
    assert!(JwsLimits::new(65_537, 1, 1).is_none());
    assert!(JwsLimits::new(1, 8_193, 1).is_none());
    assert!(JwsLimits::new(1, 1, 49_153).is_none());
}

#[test]
fn the_issuer_can_be_peeked_at_and_nothing_else() {
    let peek = |payload: &str| parse(&token(payload)).unwrap().peek_issuer();
    assert_eq!(
        peek(r#"{"iss":"https:\/\/i","sub":1}"#),
        Ok(Some("https://i".to_string()))
    );
    assert_eq!(peek("{}"), Ok(None));
    let long = |length: usize| format!(r#"{{"iss":"{}"}}"#, "i".repeat(length));
    assert!(peek(&long(MAX_PEEKED_ISSUER_BYTES)).is_ok());
    assert_eq!(
        peek(&long(MAX_PEEKED_ISSUER_BYTES + 1)),
        Err(JwsError::IssuerUnreadable)
    );
    for payload in [
        r#"{"iss":null}"#,
        r#"{"iss":1}"#,
        r#"{"iss":["i"]}"#,
        r#"{"iss":{}}"#,
    ] {
        assert_eq!(peek(payload), Err(JwsError::IssuerUnreadable), "{payload}");
    }
    assert_eq!(
        peek(r#"["i"]"#),
        Err(JwsError::PayloadJson(JsonError::UnexpectedType))
    );
    assert_eq!(
        peek(r#"{"iss":"a","iss":"b"}"#),
        Err(JwsError::PayloadJson(JsonError::DuplicateMember))
    );
}

#[test]
fn a_signature_made_elsewhere_can_be_attached() {
    let header = SigningHeader::new(Algorithm::Es256, Some("k"), None);
    let input = SigningInput::new(&header, b"{}");
    let signature = tail(input.as_bytes());
    let token = input.attach(&signature);
    assert!(
        parse(&token)
            .unwrap()
            .verify(&verification_key(Algorithm::Es256))
            .is_ok()
    );
}

#[test]
fn debug_shows_no_part_of_a_token() {
    let token = token(r#"{"sub":"canary"}"#);
    let signed = parse(&token).unwrap();
    let unverified = format!("{signed:?}");
    let verified = format!(
        "{:?}",
        signed.verify(&verification_key(Algorithm::Es256)).unwrap()
    );
    let header = SigningHeader::new(Algorithm::Es256, None, None);
    let input = format!("{:?}", SigningInput::new(&header, b"canary"));
    for shown in [unverified, verified, input] {
        assert!(!shown.contains("canary"), "{shown}");
        assert!(
            token.split('.').all(|part| !shown.contains(part)),
            "{shown}"
        );
    }
}
