//! Any text as a DPoP proof under worthless crypto: no panic. What is taken for good is a proof for this very
//! request, and no other text that differs in one bit is.
#![no_main]

use cambist::{
    moment::Timestamp,
    proof::{MAX_PROOF_BYTES, ProofCheck, verify},
};
use cambist_testkit::worthless_crypto::WorthlessProvider;
use libfuzzer_sys::fuzz_target;

const NOW: i64 = 1_800_000_000;

fuzz_target!(|text: &str| {
    let check = ProofCheck {
        method: "POST",
        address: "https://id.example/realms/small/protocol/openid-connect/token",
        access_token: None,
        nonces: None,
        now: Timestamp(NOW),
        provider: &WorthlessProvider,
    };
    let Ok(proof) = verify(text, &check) else {
        return;
    };
    assert!(text.len() <= MAX_PROOF_BYTES);
    assert_eq!(proof.key.len(), 43);
    let at = text.len() / 2;
    let mut bytes = text.as_bytes().to_vec();
    bytes[at] ^= 1;
    assert!(verify(&String::from_utf8_lossy(&bytes), &check).is_err());
});
