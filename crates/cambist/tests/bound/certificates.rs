//! Client certificates (RFC 8705): as proof of the client, and as what a token is bound to.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cambist::{
    client_auth::{ClientAuthError, ClientAuthMethod},
    crypto::{CryptoProvider, HashAlgorithm},
    engine::{Engine, TokenRequest},
    jose::base64url,
    moment::Moment,
    proof::BindingError,
    realm::{Profile, document::RealmDocument},
    refusal::{ExchangeError, Refusal},
    request::{AlternativeName, ClientCertificate, Envelope},
};
use cambist_ring::RingProvider;
use cambist_testkit::world::World;
use serde_json::{Value, json};

use crate::bench::{Bench, ISSUER, NOW, claims, login, permission_based, refresh, standard};

fn certificate(der: &[u8]) -> ClientCertificate {
    ClientCertificate {
        der: der.to_vec(),
        subject: "CN=till 7,O=Tills".into(),
        alternatives: vec![AlternativeName::Dns("till7.example".into())],
        trusted: true,
    }
}

fn thumbprint(der: &[u8]) -> String {
    base64url::encode(RingProvider.hash(HashAlgorithm::Sha256, der).as_bytes())
}

/// A realm with one client that proves itself by a certificate.
fn proves(
    authenticator: &str,
    attributes: Value,
    shown: Option<&ClientCertificate>,
) -> Result<ClientAuthMethod, ClientAuthError> {
    let mut document: RealmDocument = serde_json::from_value(json!({
        "realm": "bound",
        "clients": [{"id": "till", "authenticator": authenticator, "secret": "s3cret",
                     "grants": ["client-credentials"], "attributes": attributes}],
    }))
    .unwrap();
    document.profile = Profile::Keycloak;
    let world = World::new(document, &RingProvider).unwrap();
    let envelope = Envelope {
        issuer: ISSUER,
        content_type: Some("application/x-www-form-urlencoded"),
        certificate: shown,
        ..Envelope::default()
    };
    let body = b"grant_type=client_credentials&client_id=till&client_secret=s3cret";
    let asked = Engine::new(Arc::new(RingProvider))
        .receive(Arc::clone(&world.realm), &envelope, body, Moment::utc(NOW))
        .and_then(TokenRequest::authenticate);
    match asked {
        Ok(request) => Ok(request.method()),
        Err(denial) => match denial.refusal() {
            Refusal::Client(error) => Err(*error),
            other => panic!("{other}"),
        },
    }
}

#[test]
fn a_certificate_of_an_authority_proves_the_client_it_names() {
    let shown = certificate(b"one");
    for attributes in [
        json!({"x509.subjectdn": "CN=till 7, O=Tills"}),
        json!({"tls_client_auth_san_dns": "till7.example"}),
    ] {
        let proved = proves("client-x509", attributes, Some(&shown));
        assert_eq!(proved, Ok(ClientAuthMethod::Certificate));
    }
    for attributes in [
        json!({"x509.subjectdn": "CN=till 8,O=Tills"}),
        json!({"x509.subjectdn": "CN=till 7"}),
        json!({"tls_client_auth_san_dns": "till8.example"}),
        json!({"tls_client_auth_san_uri": "till7.example"}),
    ] {
        let refused = proves("client-x509", attributes.clone(), Some(&shown));
        assert_eq!(
            refused,
            Err(ClientAuthError::OtherCertificate),
            "{attributes}"
        );
    }
    let named = json!({"x509.subjectdn": "CN=till 7,O=Tills"});
    let refused = proves("client-x509", named.clone(), None);
    assert_eq!(refused, Err(ClientAuthError::CertificateMissing));
    let mut untrusted = certificate(b"one");
    untrusted.trusted = false;
    let refused = proves("client-x509", named, Some(&untrusted));
    assert_eq!(refused, Err(ClientAuthError::OtherCertificate));
}

#[test]
fn a_pattern_must_match_the_whole_subject_as_java_writes_it() {
    const PATTERN: &str = "x509.allow.regex.pattern.comparison";
    let shown = certificate(b"one");
    let with = |pattern: &str, shown: &ClientCertificate| {
        let attributes = json!({"x509.subjectdn": pattern, PATTERN: "true"});
        proves("client-x509", attributes, Some(shown))
    };
    for pattern in [
        "CN=till [0-9]+, O=Tills",
        "CN=till 7.*",
        "(?i)cn=TILL 7, o=tills",
    ] {
        assert_eq!(
            with(pattern, &shown),
            Ok(ClientAuthMethod::Certificate),
            "{pattern}"
        );
    }
    for pattern in [
        "CN=till 7",
        "till",
        "CN=till 7,O=Tills",
        "CN=till 8.*",
        "O=Tills",
    ] {
        let refused = with(pattern, &shown);
        assert_eq!(refused, Err(ClientAuthError::OtherCertificate), "{pattern}");
    }
    // A value with a comma of its own cannot pass for two parts.
    let mut forged = certificate(b"two");
    forged.subject = r"CN=till 7\, O=Tills,O=Elsewhere".into();
    let refused = with("CN=till 7, O=Tills.*", &forged);
    assert_eq!(refused, Err(ClientAuthError::OtherCertificate));
    let mut untrusted = certificate(b"one");
    untrusted.trusted = false;
    let refused = with("CN=till 7.*", &untrusted);
    assert_eq!(refused, Err(ClientAuthError::OtherCertificate));
    // What matches anybody names nobody.
    for pattern in ["(.*?)(?:$)", ".*", "(", ""] {
        let refused = with(pattern, &shown);
        assert_eq!(
            refused,
            Err(ClientAuthError::UnsupportedMethod),
            "{pattern}"
        );
    }
}

#[test]
fn a_rule_that_cannot_be_read_proves_nobody() {
    let shown = certificate(b"one");
    for attributes in [
        json!({}),
        json!({"x509.subjectdn": ""}),
        json!({"x509.subjectdn": "till 7"}),
        json!({"x509.subjectdn": "(.*?)(?:$)", "x509.allow.regex.pattern.comparison": "true"}),
        json!({"x509.subjectdn": "CN=till 7,O=Tills", "tls_client_auth_san_dns": "till7.example"}),
    ] {
        let refused = proves("client-x509", attributes.clone(), Some(&shown));
        assert_eq!(
            refused,
            Err(ClientAuthError::UnsupportedMethod),
            "{attributes}"
        );
    }
}

#[test]
fn a_registered_certificate_proves_its_client_whoever_signed_it() {
    let mut key = json!({"kty": "OKP", "crv": "Ed25519",
                         "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
    let mut shown = certificate(b"one");
    shown.trusted = false;
    let prove = |key: &Value, shown: Option<&ClientCertificate>| {
        let keys = json!({"keys": [key]}).to_string();
        proves(
            "client-x509-self-signed",
            json!({"jwks.string": keys}),
            shown,
        )
    };
    let other = Err(ClientAuthError::OtherCertificate);
    assert_eq!(prove(&key, Some(&shown)), other);
    key["x5t#S256"] = thumbprint(b"one").into();
    let own = Ok(ClientAuthMethod::SelfSignedCertificate);
    assert_eq!(prove(&key, Some(&shown)), own);
    key["x5t#S256"] = thumbprint(b"two").into();
    assert_eq!(prove(&key, Some(&shown)), other);
    key["x5c"] = json!([STANDARD.encode(b"one"), STANDARD.encode(b"authority")]);
    assert_eq!(prove(&key, Some(&shown)), own);
    let authority = certificate(b"authority");
    assert_eq!(prove(&key, Some(&authority)), other);
    assert_eq!(prove(&key, None), Err(ClientAuthError::CertificateMissing));
}

#[test]
fn t149_a_client_that_must_show_a_certificate_gets_nothing_without() {
    for profile in [Profile::Keycloak, Profile::Strict] {
        let mut bench = Bench::new(profile);
        let shown = certificate(b"one");
        let subject = bench.login("shop", None).access_token;
        let cnf = |token: &str| claims(token)["cnf"].clone();
        let bound = json!({"x5t#S256": thumbprint(b"one")});
        bench.certificate = Some(shown);
        let logged_in = bench.login("card", None);
        assert_eq!(cnf(&logged_in.access_token), bound);
        assert_eq!(logged_in.token_type, "Bearer");
        let refresh_token = logged_in.refresh_token.unwrap();
        let forms = [
            login("card"),
            refresh("card", &refresh_token),
            standard("card", &subject),
            permission_based("card", &subject),
        ];
        for form in &forms {
            let response = bench.ask(form, None).unwrap().response;
            assert_eq!(cnf(&response.access_token), bound, "{form}");
        }
        bench.certificate = None;
        for form in &forms {
            let missing = Refusal::Binding(BindingError::CertificateMissing);
            assert_eq!(bench.refusal(form, None), missing, "{form}");
        }
        // A client that is not set to it gets unbound tokens over the same connection.
        bench.certificate = Some(certificate(b"one"));
        let plain = bench.login("shop", None).access_token;
        assert_eq!(cnf(&plain), Value::Null);
    }
}

#[test]
fn t148_a_subject_bound_to_a_certificate_is_exchanged_with_it_only() {
    let mut bench = Bench::new(Profile::Keycloak);
    bench.certificate = Some(certificate(b"one"));
    let subject = bench.login("card", None).access_token;
    bench.certificate = Some(certificate(b"two"));
    for form in [
        standard("card", &subject),
        permission_based("card", &subject),
    ] {
        let other = ExchangeError::Binding(BindingError::Certificate);
        assert_eq!(bench.refusal(&form, None), other.into(), "{form}");
    }
    let refusal = bench.refusal(&standard("shop", &subject), None);
    assert_eq!(refusal, ExchangeError::BoundToAnother.into());
    // With the certificate the result is bound too, though this client is not set to it.
    bench.certificate = Some(certificate(b"one"));
    let response = bench
        .ask(&permission_based("shop", &subject), None)
        .unwrap();
    let bound = claims(&response.response.access_token)["cnf"].clone();
    assert_eq!(bound, json!({"x5t#S256": thumbprint(b"one")}));
    // And with a proof as well it is bound to both.
    let own = bench.own.clone();
    let proof = bench.fresh(&own);
    let response = bench
        .ask(&standard("card", &subject), Some(&proof))
        .unwrap();
    let bound = claims(&response.response.access_token)["cnf"].clone();
    assert_eq!(bound["x5t#S256"], thumbprint(b"one"));
    assert_eq!(bound["jkt"], own.thumbprint());
}

#[test]
fn userinfo_wants_the_certificate_that_a_token_is_bound_to() {
    let mut bench = Bench::new(Profile::Keycloak);
    bench.certificate = Some(certificate(b"one"));
    let token = bench.login("card", None).access_token;
    let authorization = format!("Bearer {token}");
    let (one, two) = (certificate(b"one"), certificate(b"two"));
    for (shown, status) in [(Some(&one), 200), (Some(&two), 401), (None, 401)] {
        let envelope = Envelope {
            issuer: ISSUER,
            authorization: Some(&authorization),
            certificate: shown,
            ..Envelope::default()
        };
        let realm = Arc::clone(&bench.world.realm);
        let sealed = bench
            .engine
            .user_info(realm, &envelope, b"", Moment::utc(NOW))
            .map(|pending| {
                let facts = bench.world.facts(&pending.facts_needed());
                pending.answer(&facts)
            })
            .unwrap_or_else(|refused| refused);
        let (effects, open) = sealed.into_parts();
        assert_eq!(open(effects.committed()).status, status);
    }
}
