use alloc::{format, vec};

use super::*;

const RSA: &str = include_str!("../../../tests/vectors/keys/rs256.spki.pem");
const EC: &str = include_str!("../../../tests/vectors/keys/es256.spki.pem");
const ED25519: &str = include_str!("../../../tests/vectors/keys/ed25519.spki.pem");

fn spki(pem: &str) -> Vec<u8> {
    pem::decode(pem).unwrap().1.to_vec()
}

fn modulus(bits: usize) -> Vec<u8> {
    let mut modulus = vec![0; bits.div_ceil(8)];
    modulus[0] = 1 << (bits.wrapping_sub(1) % 8);
    *modulus.last_mut().unwrap() |= 1;
    modulus
}

#[test]
fn subject_public_key_info_is_written_as_it_was_read() {
    for pem in [RSA, EC, ED25519] {
        let key = PublicKey::from_pem(pem).unwrap();
        assert_eq!(key.to_spki_der(), spki(pem));
        assert_eq!(PublicKey::from_spki_der(&spki(pem)).unwrap(), key);
    }
}

#[test]
fn all_forms_of_a_key_are_the_same_key() {
    let key = PublicKey::from_pem(RSA).unwrap();
    for text in [
        include_str!("../../../tests/vectors/keys/rs256.pkcs1-public.pem"),
        include_str!("../../../tests/vectors/keys/rs256.certificate.pem"),
        include_str!("../../../tests/vectors/keys/rs256.certificate.txt"),
    ] {
        assert_eq!(PublicKey::from_pem(text).unwrap(), key);
    }
}

#[test]
fn each_type_has_its_algorithms() {
    let names = |pem: &str| {
        let key = PublicKey::from_pem(pem).unwrap();
        let all = Algorithm::ALL.into_iter();
        all.filter(|algorithm| key.supports(*algorithm))
            .map(Algorithm::name)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        names(RSA),
        ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"]
    );
    assert_eq!(names(EC), ["ES256"]);
    assert_eq!(names(ED25519), ["EdDSA"]);
    let p384 = EcPublicKey::new(EcCurve::P384, &[1; 48], &[2; 48]).unwrap();
    assert!(PublicKey::Ec(p384.clone()).supports(Algorithm::Es384));
    assert!(!PublicKey::Ec(p384).supports(Algorithm::Es256));
}

#[test]
fn weak_and_unsupported_keys_are_refused_as_such() {
    for (text, refused) in [
        (
            include_str!("../../../tests/vectors/keys/rsa1024.spki.pem"),
            KeyError::RsaModulusSize { bits: 1_024 },
        ),
        (
            include_str!("../../../tests/vectors/keys/rsa-exponent-3.spki.pem"),
            KeyError::RsaExponent,
        ),
        (
            include_str!("../../../tests/vectors/keys/p521.spki.pem"),
            KeyError::Unsupported { reason: "curve" },
        ),
        (
            include_str!("../../../tests/vectors/keys/ed25519.pkcs8.pem"),
            KeyError::Unsupported {
                reason: "pem label",
            },
        ),
    ] {
        assert_eq!(PublicKey::from_pem(text).unwrap_err(), refused);
    }
}

#[test]
fn a_cut_or_prolonged_key_is_malformed() {
    for pem in [RSA, EC, ED25519] {
        let der = spki(pem);
        for length in 0..der.len() {
            assert!(
                PublicKey::from_spki_der(&der[..length]).is_err(),
                "{length}"
            );
        }
        let longer = [der.as_slice(), &[0]].concat();
        assert_eq!(
            PublicKey::from_spki_der(&longer).unwrap_err(),
            der::MALFORMED
        );
    }
}

#[test]
fn rsa_moduli_have_2048_to_8192_bits_and_are_odd() {
    let new = |modulus: &[u8]| RsaPublicKey::new(modulus, &[1, 0, 1]).map(|key| key.bits());
    for bits in [2_048, 2_049, 3_072, 4_096, 8_192] {
        assert_eq!(new(&modulus(bits)), Ok(bits));
        assert_eq!(new(&[&[0, 0], modulus(bits).as_slice()].concat()), Ok(bits));
    }
    for bits in [1, 512, 1_024, 2_047, 8_193, 819_200] {
        assert_eq!(new(&modulus(bits)), Err(KeyError::RsaModulusSize { bits }));
    }
    assert_eq!(new(&[]), Err(KeyError::RsaModulusSize { bits: 0 }));
    let mut even = modulus(2_048);
    *even.last_mut().unwrap() = 2;
    assert_eq!(new(&even), Err(KeyError::RsaModulusEven));
}

#[test]
fn rsa_exponents_are_65537_or_odd_by_leave() {
    let modulus = modulus(2_048);
    assert!(RsaPublicKey::new(&modulus, &[0, 1, 0, 1]).is_ok());
    for exponent in [
        &[3][..],
        &[17],
        &[1, 0, 3],
        &[1],
        &[2],
        &[0],
        &[],
        &[1, 0, 1, 0, 1],
    ] {
        assert_eq!(
            RsaPublicKey::new(&modulus, exponent).unwrap_err(),
            KeyError::RsaExponent
        );
    }
    for exponent in [&[3][..], &[17], &[1, 0, 1], &[255, 255, 255, 255]] {
        assert!(RsaPublicKey::with_unusual_exponent(&modulus, exponent).is_ok());
    }
    for exponent in [&[1][..], &[0, 1], &[2], &[], &[1, 0, 0, 0, 1]] {
        assert_eq!(
            RsaPublicKey::with_unusual_exponent(&modulus, exponent).unwrap_err(),
            KeyError::RsaExponent
        );
    }
}

#[test]
fn a_modulus_of_the_broken_generator_is_refused() {
    // 1 in every small residue class, as a power of 65537 would be: 1 plus a multiple of them all.
    let primes = [
        2_u32, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83,
        89, 97, 101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
    ];
    let mut number = modulus(1_900);
    for prime in primes {
        let mut carry = 0;
        for byte in number.iter_mut().rev() {
            let product = u32::from(*byte) * prime + carry;
            *byte = product.to_le_bytes()[0];
            carry = product >> 8;
        }
        number.insert(0, u8::try_from(carry).unwrap());
    }
    *number.last_mut().unwrap() += 1;
    assert_eq!(
        RsaPublicKey::new(&number, &[1, 0, 1]).unwrap_err(),
        KeyError::RsaRoca
    );
}

#[test]
fn points_have_one_form_and_length() {
    let malformed = |point: &[u8]| EcPublicKey::from_point(EcCurve::P256, point).is_err();
    let key = EcPublicKey::new(EcCurve::P256, &[1; 32], &[2; 32]).unwrap();
    assert_eq!((key.x(), key.y()), (&[1; 32][..], &[2; 32][..]));
    assert!(!malformed(key.point()));
    assert!(malformed(&[key.point(), &[0]].concat()));
    assert!(malformed(&key.point()[..64]));
    assert!(malformed(&[&[2], key.x()].concat()));
    assert!(malformed(&[0]));
    assert!(malformed(&[]));
    for length in [0, 31, 33, 48] {
        let coordinate = vec![1; length];
        assert!(EcPublicKey::new(EcCurve::P256, &coordinate, &[2; 32]).is_err());
        assert!(EcPublicKey::new(EcCurve::P256, &[1; 32], &coordinate).is_err());
    }
    for length in [0, 31, 33, 64] {
        assert!(Ed25519PublicKey::from_slice(&vec![1; length]).is_err());
    }
}

#[test]
fn debug_is_short() {
    let shown = format!("{:?}", PublicKey::from_pem(RSA).unwrap());
    assert_eq!(shown, "Rsa(RsaPublicKey(2048 bits))");
}
