//! Base64url as RFC 7515 section 2 wants it: no padding, no blanks, no line breaks, and no bits set
//! that encode nothing. So each byte string has exactly one encoding.

use alloc::{string::String, vec::Vec};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

/// Decodes `text` and replaces the content of `bytes`.
///
/// # Errors
///
/// [`Base64UrlError`] for any character outside the alphabet, padding, a length that no byte string
/// has, and set bits after the last byte; `bytes` is then of no use.
pub fn decode_into(text: &str, bytes: &mut Vec<u8>) -> Result<(), Base64UrlError> {
    bytes.clear();
    URL_SAFE_NO_PAD
        .decode_vec(text, bytes)
        .map_err(|_| Base64UrlError)
}

/// Decodes `text` into a new vector.
///
/// # Errors
///
/// As [`decode_into`].
pub fn decode(text: &str) -> Result<Vec<u8>, Base64UrlError> {
    let mut bytes = Vec::new();
    decode_into(text, &mut bytes)?;
    Ok(bytes)
}

/// Appends the encoding of `bytes` to `text`.
pub fn append_encoded(bytes: &[u8], text: &mut String) {
    URL_SAFE_NO_PAD.encode_string(bytes, text);
}

/// Encodes `bytes` into a new string.
pub fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Number of characters that encode `bytes` bytes.
pub const fn encoded_length(bytes: usize) -> usize {
    bytes.saturating_mul(4).div_ceil(3)
}

/// A text is not base64url in the form of RFC 7515 section 2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not base64url without padding")]
pub struct Base64UrlError;

#[cfg(test)]
mod tests {
    use alloc::{format, string::ToString};

    use proptest::prelude::*;

    use super::*;

    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    #[test]
    fn every_tail_of_two_characters_decodes_only_without_stray_bits() {
        for (first_value, first) in ALPHABET.chars().enumerate() {
            for (last_value, last) in ALPHABET.chars().enumerate() {
                let text = format!("{first}{last}");
                let stray = last_value % 16 != 0;
                assert_eq!(decode(&text).is_err(), stray, "{text}");
                if let Ok(bytes) = decode(&text) {
                    assert_eq!(
                        bytes,
                        [u8::try_from(first_value * 4 + last_value / 16).unwrap()]
                    );
                    assert_eq!(encode(&bytes), text);
                }
            }
        }
    }

    #[test]
    fn every_tail_of_three_characters_decodes_only_without_stray_bits() {
        for middle in ALPHABET.chars() {
            for (last_value, last) in ALPHABET.chars().enumerate() {
                let text = format!("AAAAB{middle}{last}");
                assert_eq!(decode(&text).is_err(), last_value % 4 != 0, "{text}");
            }
        }
    }

    #[test]
    fn foreign_characters_padding_and_impossible_lengths_are_refused() {
        for text in [
            "A", "AAAAA", "AA==", "AAA=", "AAAA=", "=", "AA+A", "AA/A", "AA A", "AAAA\n", " AAAA",
            "AA\u{e9}", "AA.A", "AAAA\0", "AA\r\nAA",
        ] {
            assert_eq!(decode(text), Err(Base64UrlError), "{text:?}");
        }
    }

    #[test]
    fn decoding_replaces_what_was_there() {
        let mut bytes = alloc::vec![1, 2, 3];
        decode_into("_w", &mut bytes).unwrap();
        assert_eq!(bytes, [255]);
        decode_into("", &mut bytes).unwrap();
        assert!(bytes.is_empty());
    }

    #[test]
    fn encoding_appends() {
        let mut text = "x.".to_string();
        append_encoded(&[255, 254], &mut text);
        assert_eq!(text, "x.__4");
    }

    proptest! {
        #[test]
        fn decoding_undoes_encoding(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let text = encode(&bytes);
            prop_assert_eq!(text.len(), encoded_length(bytes.len()));
            prop_assert_eq!(decode(&text).unwrap(), bytes);
        }

        #[test]
        fn what_decodes_encodes_to_the_same_text(text in "[A-Za-z0-9_=+/ -]{0,24}") {
            if let Ok(bytes) = decode(&text) {
                prop_assert_eq!(encode(&bytes), text);
            }
        }
    }
}
