use alloc::format;

use super::*;

const RSA: &str = include_str!("../../../tests/vectors/keys/rs256.pkcs1.pem");
const EC: &str = include_str!("../../../tests/vectors/keys/es256.pkcs8.pem");
const EC_WITHOUT_PUBLIC: &str = include_str!("../../../tests/vectors/keys/es256.java.txt");
const ED25519: &str = include_str!("../../../tests/vectors/keys/ed25519.pkcs8.pem");

fn public(pem: &str) -> PublicKey {
    PublicKey::from_pem(pem).unwrap()
}

fn rsa_public() -> PublicKey {
    public(include_str!("../../../tests/vectors/keys/rs256.spki.pem"))
}

fn ec_public() -> PublicKey {
    public(include_str!("../../../tests/vectors/keys/es256.spki.pem"))
}

fn ed25519_public() -> PublicKey {
    public(include_str!("../../../tests/vectors/keys/ed25519.spki.pem"))
}

#[test]
fn rsa_keys_come_as_pkcs1_or_pkcs8_armoured_or_bare() {
    let key = PrivateKey::from_pem(RSA).unwrap();
    assert_eq!(key.kind(), PrivateKeyKind::Rsa);
    assert_eq!(key.embedded_public_key(), Some(&rsa_public()));
    let pkcs8 = include_str!("../../../tests/vectors/keys/rs256.pkcs8.txt");
    assert_eq!(
        key.expose_pkcs8_der(),
        pem::decode(pkcs8).unwrap().1.as_slice()
    );
    for text in [
        pkcs8,
        include_str!("../../../tests/vectors/keys/rs256.pkcs1.txt"),
    ] {
        let same = PrivateKey::from_pem(text).unwrap();
        assert_eq!(same.expose_pkcs8_der(), key.expose_pkcs8_der());
    }
}

#[test]
fn ec_keys_come_as_pkcs8_or_sec1() {
    let key = PrivateKey::from_pem(EC).unwrap();
    assert_eq!(key.kind(), PrivateKeyKind::Ec(EcCurve::P256));
    assert_eq!(key.embedded_public_key(), Some(&ec_public()));
    assert_eq!(
        key.expose_pkcs8_der(),
        pem::decode(EC).unwrap().1.as_slice()
    );
    let sec1 =
        PrivateKey::from_pem(include_str!("../../../tests/vectors/keys/es256.sec1.pem")).unwrap();
    assert_eq!(sec1.expose_pkcs8_der(), key.expose_pkcs8_der());
}

#[test]
fn an_ec_key_without_its_public_half_can_be_completed() {
    let bare = PrivateKey::from_pem(EC_WITHOUT_PUBLIC).unwrap();
    assert_eq!(bare.embedded_public_key(), None);
    let complete = bare.clone().with_public_key(&ec_public()).unwrap();
    let whole = PrivateKey::from_pem(EC).unwrap();
    assert_eq!(complete.expose_pkcs8_der(), whole.expose_pkcs8_der());
    assert_eq!(complete.embedded_public_key(), Some(&ec_public()));
    assert!(bare.with_public_key(&rsa_public()).is_err());
}

#[test]
fn another_public_half_is_refused() {
    let other = EcPublicKey::new(EcCurve::P256, &[1; 32], &[2; 32]).unwrap();
    let key = PrivateKey::from_pem(EC).unwrap();
    assert!(key.clone().with_public_key(&PublicKey::Ec(other)).is_err());
    assert!(key.with_public_key(&ec_public()).is_ok());
    let rsa = PrivateKey::from_pem(RSA).unwrap();
    assert!(rsa.with_public_key(&ec_public()).is_err());
}

#[test]
fn ed25519_keys_come_with_or_without_their_public_half() {
    let key = PrivateKey::from_pem(ED25519).unwrap();
    assert_eq!(key.kind(), PrivateKeyKind::Ed25519);
    assert_eq!(key.embedded_public_key(), None);
    assert_eq!(
        key.expose_pkcs8_der(),
        pem::decode(ED25519).unwrap().1.as_slice()
    );
    let complete = key.with_public_key(&ed25519_public()).unwrap();
    assert_eq!(complete.embedded_public_key(), Some(&ed25519_public()));
}

#[test]
fn each_kind_has_its_algorithms() {
    for pem in [RSA, EC, ED25519] {
        let key = PrivateKey::from_pem(pem).unwrap();
        let public = match key.kind() {
            PrivateKeyKind::Rsa => rsa_public(),
            PrivateKeyKind::Ec(_) => ec_public(),
            PrivateKeyKind::Ed25519 => ed25519_public(),
        };
        for algorithm in Algorithm::ALL {
            assert_eq!(key.kind().supports(algorithm), public.supports(algorithm));
        }
    }
}

#[test]
fn cut_and_prolonged_keys_are_refused() {
    for pem in [EC, EC_WITHOUT_PUBLIC, ED25519] {
        let der = pem::decode(pem).unwrap().1;
        for length in 0..der.len() {
            assert!(PrivateKey::from_der(&der[..length]).is_err(), "{length}");
        }
        assert!(PrivateKey::from_der(&[der.as_slice(), &[0]].concat()).is_err());
    }
}

#[test]
fn encrypted_keys_and_public_keys_are_not_private_keys() {
    let encrypted = include_str!("../../../tests/vectors/keys/encrypted.pem");
    assert!(matches!(
        PrivateKey::from_pem(encrypted),
        Err(KeyError::Unsupported { .. })
    ));
    for text in [
        include_str!("../../../tests/vectors/keys/rs256.spki.pem"),
        include_str!("../../../tests/vectors/keys/rs256.certificate.txt"),
        "",
        "AAAA",
    ] {
        assert!(PrivateKey::from_pem(text).is_err());
    }
}

#[test]
fn scalars_are_padded_and_bounded() {
    let short = PrivateKey::from_ec_scalar(EcCurve::P256, &[7], None).unwrap();
    let padded = [&[0; 31][..], &[7]].concat();
    let long = PrivateKey::from_ec_scalar(EcCurve::P256, &padded, None).unwrap();
    assert_eq!(short.expose_pkcs8_der(), long.expose_pkcs8_der());
    assert!(PrivateKey::from_ec_scalar(EcCurve::P256, &[7; 33], None).is_err());
    assert!(PrivateKey::from_ed25519_seed(&[7; 31], None).is_err());
}

#[test]
fn debug_shows_nothing_of_the_key() {
    let shown = format!("{:?}", PrivateKey::from_pem(ED25519).unwrap());
    assert_eq!(shown, "PrivateKey(Ed25519, ..)");
}
