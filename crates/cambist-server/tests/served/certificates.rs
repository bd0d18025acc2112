//! Client certificates over TLS and from a proxy (RFC 8705, RFC 9440).

use std::{net::SocketAddr, path::Path, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cambist_server::{
    Server,
    config::{Layer, Settings},
};
use rcgen::{
    Certificate, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, IsCa, KeyPair,
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{
        ClientConfig, RootCertStore,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer, ServerName},
    },
};

use crate::{
    caller::{Reply, send, token_path},
    instance::settings,
};

const REALM: &str = r#"
realm = "cards"
ssl_required = "external"

[[clients]]
id = "card"
authenticator = "client-x509"
grants = ["client-credentials"]
attributes = { "x509.subjectdn" = "CN=card, O=Tills", "tls.client.certificate.bound.access.tokens" = "true" }
"#;

const FORM: &[u8] = b"grant_type=client_credentials&client_id=card";

/// An authority, and certificates of it.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut parameters = CertificateParams::default();
        parameters.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let pair = KeyPair::generate().unwrap();
        Self(CertifiedIssuer::self_signed(parameters, pair).unwrap())
    }

    /// A certificate with its key, in DER.
    fn issue(&self, names: &[&str], common_name: &str) -> (Vec<u8>, Vec<u8>) {
        let names: Vec<String> = names.iter().map(|&name| name.into()).collect();
        let mut parameters = CertificateParams::new(names).unwrap();
        parameters.distinguished_name = DistinguishedName::new();
        parameters
            .distinguished_name
            .push(DnType::OrganizationName, "Tills");
        parameters
            .distinguished_name
            .push(DnType::CommonName, common_name);
        let pair = KeyPair::generate().unwrap();
        let certificate = parameters.signed_by(&pair, &self.0).unwrap();
        (certificate.der().to_vec(), pair.serialize_der())
    }

    fn der(&self) -> Vec<u8> {
        AsRef::<Certificate>::as_ref(&self.0).der().to_vec()
    }
}

fn pem(label: &str, der: &[u8]) -> String {
    let body = STANDARD.encode(der);
    format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
}

fn write(directory: &TempDir, name: &str, text: &str) -> std::path::PathBuf {
    let path = directory.path().join(name);
    std::fs::write(&path, text).unwrap();
    path
}

async fn start(directory: &TempDir, layer: Layer) -> Server {
    let realm = write(directory, "cards.toml", REALM);
    let plain = settings(cambist_server::config::StoreChoice::Memory, vec![realm]);
    let with = Settings::from_layer(layer).unwrap();
    Server::start(Settings {
        tls: with.tls,
        client_cert_header: with.client_cert_header,
        client_certificates: with.client_certificates,
        ..plain
    })
    .await
    .unwrap()
}

async fn ask(address: SocketAddr, headers: &[(&str, &str)]) -> Reply {
    let mut all = vec![("content-type", "application/x-www-form-urlencoded")];
    all.extend_from_slice(headers);
    send(address, "POST", &token_path("cards"), &all, FORM).await
}

fn bound_to(token: &str) -> serde_json::Value {
    let payload = token.split('.').nth(1).unwrap();
    let payload = cambist::jose::base64url::decode(payload).unwrap();
    serde_json::from_slice::<serde_json::Value>(&payload).unwrap()["cnf"].clone()
}

fn proxied(header: &str, proxy: &str) -> Layer {
    Layer {
        client_cert_header: Some(header.to_owned()),
        client_cert_proxy: Some(vec![proxy.parse().unwrap()]),
        ..Layer::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listed_proxy_hands_a_certificate_over() {
    let authority = Authority::new();
    let (own, _) = authority.issue(&[], "card");
    let (other, _) = authority.issue(&[], "other");
    let structured = |der: &[u8]| format!(":{}:", STANDARD.encode(der));
    let escaped = |der: &[u8]| {
        let pem = pem("CERTIFICATE", der);
        pem.replace(' ', "%20")
            .replace('\n', "%0A")
            .replace('+', "%2B")
    };
    for (header, value, wrong) in [
        ("client-cert", structured(&own), structured(&other)),
        ("ssl-client-cert", escaped(&own), escaped(&other)),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let server = start(&directory, proxied(header, "127.0.0.1")).await;
        let address = server.address();
        let reply = ask(address, &[(header, &value)]).await;
        assert_eq!(reply.status, 200, "{header}: {reply:?}");
        assert!(bound_to(reply.text("access_token"))["x5t#S256"].is_string());
        for (headers, status) in [
            (vec![], 401),
            (vec![(header, "")], 401),
            (vec![(header, wrong.as_str())], 401),
            (vec![(header, "abc")], 400),
            (vec![(header, ":AAAA:")], 400),
            (
                vec![(header, value.as_str()), (header, value.as_str())],
                400,
            ),
        ] {
            let reply = ask(address, &headers).await;
            assert_eq!(reply.status, status, "{header}: {headers:?}");
        }
        server.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn t030_nobody_else_does() {
    let (own, _) = Authority::new().issue(&[], "card");
    let value = format!(":{}:", STANDARD.encode(own));
    for layer in [proxied("client-cert", "192.0.2.1"), Layer::default()] {
        let directory = tempfile::tempdir().unwrap();
        let server = start(&directory, layer).await;
        let reply = ask(server.address(), &[("client-cert", &value)]).await;
        assert_eq!(reply.status, 401);
        server.stop().await;
    }
}

/// Asks over TLS, with a certificate or without.
async fn ask_over_tls(
    address: SocketAddr,
    authority: &Authority,
    shown: Option<(Vec<u8>, Vec<u8>)>,
) -> std::io::Result<String> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(authority.der())).unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let config = match shown {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => builder
            .with_client_auth_cert(
                vec![CertificateDer::from(certificate)],
                PrivateKeyDer::try_from(key).unwrap(),
            )
            .unwrap(),
    };
    let name = ServerName::try_from("localhost").unwrap();
    let stream = TcpStream::connect(address).await?;
    let connector = TlsConnector::from(Arc::new(config));
    let mut stream = connector.connect(name, stream).await?;
    let head = format!(
        "POST {} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {}\r\n\
         content-type: application/x-www-form-urlencoded\r\n\r\n",
        token_path("cards"),
        FORM.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(FORM).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}

fn tls(directory: &TempDir, authority: &Authority) -> Layer {
    let (certificate, key) = authority.issue(&["localhost"], "server");
    let file = |name: &str, label: &str, der: &[u8]| write(directory, name, &pem(label, der));
    Layer {
        tls_cert: Some(file("cert.pem", "CERTIFICATE", &certificate)),
        tls_key: Some(file("key.pem", "PRIVATE KEY", &key)),
        tls_client_ca: Some(file("ca.pem", "CERTIFICATE", &authority.der())),
        ..Layer::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_shows_its_certificate_in_the_handshake() {
    let authority = Authority::new();
    let directory = tempfile::tempdir().unwrap();
    let server = start(&directory, tls(&directory, &authority)).await;
    let address = server.address();
    assert!(
        server.ready_line().contains("https://"),
        "{}",
        server.ready_line()
    );
    let own = authority.issue(&[], "card");
    let answer = ask_over_tls(address, &authority, Some(own)).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    let bound = bound_to(body["access_token"].as_str().unwrap());
    assert!(bound["x5t#S256"].is_string(), "{bound}");

    for shown in [None, Some(authority.issue(&[], "other"))] {
        let answer = ask_over_tls(address, &authority, shown).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    }
    // Of an authority that the server does not know: no connection at all.
    let strange = Authority::new().issue(&[], "card");
    let refused = ask_over_tls(address, &authority, Some(strange)).await;
    assert!(refused.is_err(), "{refused:?}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn any_certificate_is_taken_where_that_is_wanted_and_names_nobody() {
    let authority = Authority::new();
    let directory = tempfile::tempdir().unwrap();
    let layer = Layer {
        client_certificates: Some("any".parse().unwrap()),
        ..tls(&directory, &authority)
    };
    let server = start(&directory, layer).await;
    for issuer in [&authority, &Authority::new()] {
        let shown = issuer.issue(&[], "card");
        let answer = ask_over_tls(server.address(), &authority, Some(shown)).await;
        assert!(answer.unwrap().starts_with("HTTP/1.1 401"));
    }
    server.stop().await;
}

#[test]
fn half_a_setting_is_none() {
    let file = |name: &str| Some(Path::new(name).to_owned());
    for layer in [
        Layer {
            tls_cert: file("a"),
            ..Layer::default()
        },
        Layer {
            tls_key: file("a"),
            ..Layer::default()
        },
        Layer {
            tls_client_ca: file("a"),
            ..Layer::default()
        },
        Layer {
            client_cert_header: Some("client-cert".to_owned()),
            ..Layer::default()
        },
        Layer {
            client_cert_proxy: Some(vec!["192.0.2.1".parse().unwrap()]),
            ..Layer::default()
        },
        proxied("no name", "192.0.2.1"),
    ] {
        assert!(Settings::from_layer(layer).is_err());
    }
}
