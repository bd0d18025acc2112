//! SHA-1 (FIPS 180-4 section 6.1), for one purpose: `x5t`, the certificate thumbprint that RFC 7517
//! section 4.8 defines with it. Nothing is secured by it; providers do not offer it.

use alloc::vec::Vec;

#[expect(
    clippy::arithmetic_side_effects,
    reason = "bounded by the block length of 64 bytes"
)]
pub(super) fn sha1(data: &[u8]) -> [u8; 20] {
    let mut message = Vec::from(data);
    message.push(0x80);
    let padding = (64 + 56 - message.len() % 64) % 64;
    message.resize(message.len() + padding, 0);
    let bits = (data.len() as u64).wrapping_mul(8);
    message.extend_from_slice(&bits.to_be_bytes());

    let mut state = [
        0x6745_2301_u32,
        0xefcd_ab89,
        0x98ba_dcfe,
        0x1032_5476,
        0xc3d2_e1f0,
    ];
    for block in message.as_chunks::<64>().0 {
        compress(&mut state, block);
    }
    let mut hash = [0; 20];
    for (bytes, word) in hash.as_chunks_mut::<4>().0.iter_mut().zip(state) {
        *bytes = word.to_be_bytes();
    }
    hash
}

fn compress(state: &mut [u32; 5], block: &[u8; 64]) {
    // The message schedule runs through a window of 16 words.
    let mut window = [0u32; 16];
    for (word, bytes) in window.iter_mut().zip(block.as_chunks::<4>().0) {
        *word = u32::from_be_bytes(*bytes);
    }
    let [mut a, mut b, mut c, mut d, mut e] = *state;
    for round in 0..80 {
        let [word, _, second, .., eighth, _, _, _, _, thirteenth, _, _] = window;
        let (f, k) = match round {
            0..20 => (b & c | !b & d, 0x5a82_7999),
            20..40 => (b ^ c ^ d, 0x6ed9_eba1),
            40..60 => (b & c | b & d | c & d, 0x8f1b_bcdc_u32),
            _ => (b ^ c ^ d, 0xca62_c1d6),
        };
        let next = a
            .rotate_left(5)
            .wrapping_add(f)
            .wrapping_add(e)
            .wrapping_add(k)
            .wrapping_add(word);
        (a, b, c, d, e) = (next, a, b.rotate_left(30), c, d);
        let scheduled = (thirteenth ^ eighth ^ second ^ word).rotate_left(1);
        window.rotate_left(1);
        if let Some(last) = window.last_mut() {
            *last = scheduled;
        }
    }
    for (word, value) in state.iter_mut().zip([a, b, c, d, e]) {
        *word = word.wrapping_add(value);
    }
}

#[cfg(test)]
mod tests {
    use alloc::{format, string::String, vec};

    use super::sha1;

    fn hex(data: &[u8]) -> String {
        sha1(data)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }

    /// Origin: NIST, examples of FIPS 180.
    #[test]
    fn known_answers() {
        assert_eq!(hex(b""), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
        assert_eq!(hex(b"abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
        assert_eq!(
            hex(b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "84983e441c3bd26ebaae4aa1f95129e5e54670f1"
        );
        assert_eq!(
            hex(&vec![b'a'; 1_000_000]),
            "34aa973cd4c4daa4f61eeb2bdbad27316534016f"
        );
    }
}
