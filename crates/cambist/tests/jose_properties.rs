//! What holds for every token, whatever is in it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::LazyLock;

use cambist::{
    crypto::{Algorithm, CryptoProvider as _, SignatureMismatch},
    jose::{
        JwsLimits, PrivateKey, SigningHeader, SigningInput, SigningKey, SymmetricKey,
        UnverifiedJws, VerificationKey, base64url,
    },
};
use cambist_ring::RingProvider;
use proptest::prelude::*;

struct Pair {
    signing: SigningKey,
    verification: VerificationKey,
}

impl Pair {
    fn private(algorithm: Algorithm, pem: &str) -> Self {
        let key = PrivateKey::from_pem(pem).unwrap();
        let public = key.public_key(&RingProvider).unwrap();
        let signer = RingProvider.signer(algorithm, &key).unwrap();
        let verifier = RingProvider.verifier(algorithm, &public).unwrap();
        let key_id = algorithm.name().to_owned();
        Self {
            signing: SigningKey {
                key_id: key_id.clone(),
                algorithm,
                signer,
            },
            verification: VerificationKey {
                key_id,
                algorithm,
                verifier,
            },
        }
    }

    fn secret(algorithm: Algorithm) -> Self {
        let key = RingProvider
            .hmac(algorithm, &SymmetricKey::new(vec![7; 64]))
            .unwrap();
        let key_id = algorithm.name().to_owned();
        Self {
            signing: SigningKey {
                key_id: key_id.clone(),
                algorithm,
                signer: key.signer,
            },
            verification: VerificationKey {
                key_id,
                algorithm,
                verifier: key.verifier,
            },
        }
    }

    fn token(&self, payload: &str) -> String {
        let header = SigningHeader::new(self.signing.algorithm, Some("k"), Some("JWT"));
        SigningInput::new(&header, payload.as_bytes())
            .sign(&self.signing)
            .unwrap()
    }

    fn accepts(&self, token: &str) -> Option<String> {
        let jws = UnverifiedJws::parse(token, &JwsLimits::DEFAULT).ok()?;
        Some(jws.verify(&self.verification).ok()?.into_payload())
    }
}

static PAIRS: LazyLock<Vec<Pair>> = LazyLock::new(|| {
    let rsa = include_str!("vectors/keys/rs256.pkcs1.pem");
    vec![
        Pair::secret(Algorithm::Hs256),
        Pair::secret(Algorithm::Hs384),
        Pair::secret(Algorithm::Hs512),
        Pair::private(
            Algorithm::EdDsa,
            include_str!("vectors/keys/ed25519.pkcs8.pem"),
        ),
        Pair::private(
            Algorithm::Es256,
            include_str!("vectors/keys/es256.pkcs8.pem"),
        ),
        Pair::private(Algorithm::Rs256, rsa),
        Pair::private(Algorithm::Rs384, rsa),
        Pair::private(Algorithm::Rs512, rsa),
        Pair::private(Algorithm::Ps256, rsa),
        Pair::private(Algorithm::Ps384, rsa),
        Pair::private(Algorithm::Ps512, rsa),
    ]
});

#[test]
fn every_single_changed_bit_is_noticed() {
    for pair in PAIRS.iter().take(5) {
        let token = pair.token(r#"{"sub":"s"}"#);
        assert!(pair.accepts(&token).is_some());
        for place in 0..token.len() {
            for bit in 0..8 {
                let mut bytes = token.clone().into_bytes();
                bytes[place] ^= 1 << bit;
                let Ok(changed) = String::from_utf8(bytes) else {
                    continue;
                };
                assert_eq!(pair.accepts(&changed), None, "{changed}");
            }
        }
    }
}

#[test]
fn no_key_accepts_the_token_of_another() {
    for signing in PAIRS.iter() {
        let token = signing.token("{}");
        let (_, signature) = token.rsplit_once('.').unwrap();
        for verifying in PAIRS.iter() {
            let same = signing.signing.algorithm == verifying.signing.algorithm;
            assert_eq!(verifying.accepts(&token).is_some(), same);
            // The same signature under a header that names the verifying key's algorithm.
            if !same {
                let relabelled = verifying.token("{}");
                let (signed, _) = relabelled.rsplit_once('.').unwrap();
                assert_eq!(verifying.accepts(&format!("{signed}.{signature}")), None);
            }
        }
    }
}

#[test]
fn t052_ecdsa_signatures_have_one_length_and_no_der_form() {
    let pair = &PAIRS[4];
    let mut signature = Vec::new();
    for _ in 0..50 {
        pair.signing.signer.sign(b"m", &mut signature).unwrap();
        assert_eq!(signature.len(), 64);
        assert!(pair.verification.verifier.verify(b"m", &signature).is_ok());
    }
    let (r, s) = signature.split_at(32);
    let number = |bytes: &[u8]| [&[2, 33, 0], bytes].concat();
    let der = [&[0x30, 70], number(r).as_slice(), number(s).as_slice()].concat();
    let zero = [0; 32];
    for wrong in [
        der.as_slice(),
        &signature[..63],
        &[signature.as_slice(), &[0]].concat(),
        &[&zero, s].concat(),
        &[r, &zero].concat(),
        &[&[255; 32], s].concat(),
        &[],
    ] {
        assert_eq!(
            pair.verification.verifier.verify(b"m", wrong),
            Err(SignatureMismatch)
        );
    }
}

#[test]
fn t057_truncated_and_prolonged_tags_are_refused() {
    for pair in &PAIRS[..3] {
        let mut tag = Vec::new();
        pair.signing.signer.sign(b"m", &mut tag).unwrap();
        for length in 0..tag.len() {
            assert!(
                pair.verification
                    .verifier
                    .verify(b"m", &tag[..length])
                    .is_err()
            );
        }
        tag.push(0);
        assert!(pair.verification.verifier.verify(b"m", &tag).is_err());
    }
}

proptest! {
    #[test]
    fn what_is_signed_is_read(index in 0..PAIRS.len(), subject in "\\PC{0,60}") {
        let payload = serde_json::json!({ "sub": subject }).to_string();
        let pair = &PAIRS[index];
        let token = pair.token(&payload);
        prop_assert_eq!(pair.accepts(&token), Some(payload));
    }

    #[test]
    fn any_other_payload_is_refused(index in 0..PAIRS.len(), other in "\\PC{1,60}") {
        prop_assume!(other != "{}");
        let pair = &PAIRS[index];
        let token = pair.token("{}");
        let mut parts: Vec<_> = token.split('.').map(str::to_owned).collect();
        parts[1] = base64url::encode(other.as_bytes());
        prop_assert_eq!(pair.accepts(&parts.join(".")), None);
    }

    #[test]
    fn any_text_is_judged_without_a_panic(text in "[A-Za-z0-9._-]{0,200}") {
        for pair in &PAIRS[..5] {
            prop_assert_eq!(pair.accepts(&text), None);
        }
    }
}
