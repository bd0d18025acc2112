//! Textual encoding of keys and certificates, RFC 7468, and Keycloak's bare variant of it.

use alloc::vec::Vec;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

use crate::crypto::KeyError;

const MALFORMED: KeyError = KeyError::Malformed { reason: "pem" };

/// The first block of the text: its label, none for bare base64, and its bytes.
pub(super) fn decode(text: &str) -> Result<(Option<&str>, Zeroizing<Vec<u8>>), KeyError> {
    let Some((_, rest)) = text.split_once("-----BEGIN ") else {
        return Ok((None, decode_body(text)?));
    };
    let (label, rest) = rest.split_once("-----").ok_or(MALFORMED)?;
    let (body, rest) = rest.split_once("-----END ").ok_or(MALFORMED)?;
    let (end_label, _) = rest.split_once("-----").ok_or(MALFORMED)?;
    if end_label != label {
        return Err(MALFORMED);
    }
    // RFC 1421 headers, as in "Proc-Type: 4,ENCRYPTED".
    if body.contains(':') || label.contains("ENCRYPTED") {
        return Err(KeyError::Unsupported {
            reason: "encrypted pem",
        });
    }
    Ok((Some(label), decode_body(body)?))
}

fn decode_body(body: &str) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let mut compact = Zeroizing::new(Vec::with_capacity(body.len()));
    compact.extend(body.bytes().filter(|byte| !byte.is_ascii_whitespace()));
    if compact.is_empty() {
        return Err(MALFORMED);
    }
    STANDARD
        .decode(&compact)
        .map(Zeroizing::new)
        .map_err(|_| MALFORMED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn armour_is_optional_and_must_match() {
        let (label, bytes) = decode("x\n-----BEGIN A B-----\nAQ\nID\n-----END A B-----\n").unwrap();
        assert_eq!((label, bytes.as_slice()), (Some("A B"), &[1, 2, 3][..]));
        let (label, bytes) = decode("AQID\n").unwrap();
        assert_eq!((label, bytes.as_slice()), (None, &[1, 2, 3][..]));
        for text in [
            "",
            "-----BEGIN A-----AQID",
            "-----BEGIN A-----AQID-----END B-----",
            "-----BEGIN A-----AQ*D-----END A-----",
            "-----BEGIN A-----AQI-----END A-----",
        ] {
            assert_eq!(decode(text).unwrap_err(), MALFORMED, "{text}");
        }
    }

    #[test]
    fn encrypted_keys_are_not_supported() {
        for text in [
            "-----BEGIN ENCRYPTED PRIVATE KEY-----AQID-----END ENCRYPTED PRIVATE KEY-----",
            "-----BEGIN A-----\nProc-Type: 4,ENCRYPTED\n\nAQID-----END A-----",
        ] {
            assert!(matches!(decode(text), Err(KeyError::Unsupported { .. })));
        }
    }
}
