//! The little of DER (X.690) that keys and certificates need.

use alloc::vec::Vec;

use zeroize::Zeroizing;

use crate::crypto::KeyError;

pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const NULL: u8 = 0x05;
pub(super) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const CONTEXT_0: u8 = 0xa0;
pub(super) const CONTEXT_1: u8 = 0xa1;
pub(super) const CONTEXT_1_PRIMITIVE: u8 = 0x81;

pub(super) const OID_RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
pub(super) const OID_EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
pub(super) const OID_P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
pub(super) const OID_P384: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];
pub(super) const OID_ED25519: &[u8] = &[0x2b, 0x65, 0x70];

pub(super) const MALFORMED: KeyError = KeyError::Malformed { reason: "der" };

/// Reads elements one after the other.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The content of the next element, which must have this tag.
    pub(super) fn read(&mut self, tag: u8) -> Result<&'a [u8], KeyError> {
        let (found, content) = self.read_any()?;
        if found == tag {
            Ok(content)
        } else {
            Err(MALFORMED)
        }
    }

    /// The content of the next element if it has this tag, else nothing is read.
    pub(super) fn read_optional(&mut self, tag: u8) -> Result<Option<&'a [u8]>, KeyError> {
        if self.rest.first() == Some(&tag) {
            self.read(tag).map(Some)
        } else {
            Ok(None)
        }
    }

    /// A reader over the content of the next element, which must be a SEQUENCE.
    pub(super) fn sequence(&mut self) -> Result<Self, KeyError> {
        self.read(SEQUENCE).map(Self::new)
    }

    /// The next element must be an INTEGER of no negative value; leading zeros are taken off.
    pub(super) fn unsigned(&mut self) -> Result<&'a [u8], KeyError> {
        let content = self.read(INTEGER)?;
        match content {
            [] => Err(MALFORMED),
            [0, rest @ ..] if rest.first().is_some_and(|byte| *byte >= 0x80) => Ok(rest),
            [0] => Ok(&[]),
            [0, ..] => Err(MALFORMED),
            [first, ..] if *first >= 0x80 => Err(MALFORMED),
            _ => Ok(content),
        }
    }

    /// The bytes of the next element, which must be a BIT STRING of whole bytes.
    pub(super) fn bit_string(&mut self, tag: u8) -> Result<&'a [u8], KeyError> {
        match self.read(tag)? {
            [0, bytes @ ..] => Ok(bytes),
            _ => Err(MALFORMED),
        }
    }

    /// Nothing may be left.
    pub(super) fn finish(self) -> Result<(), KeyError> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(MALFORMED)
        }
    }

    pub(super) fn read_any(&mut self) -> Result<(u8, &'a [u8]), KeyError> {
        let (&tag, rest) = self.rest.split_first().ok_or(MALFORMED)?;
        // Tags above 30 take several bytes; no key has one.
        if tag & 0x1f == 0x1f {
            return Err(MALFORMED);
        }
        let (length, rest) = length(rest)?;
        let (content, rest) = rest.split_at_checked(length).ok_or(MALFORMED)?;
        self.rest = rest;
        Ok((tag, content))
    }
}

/// A definite length in its shortest form.
fn length(bytes: &[u8]) -> Result<(usize, &[u8]), KeyError> {
    match bytes {
        [short @ 0..=0x7f, rest @ ..] => Ok((usize::from(*short), rest)),
        [0x81, length @ 0x80..=0xff, rest @ ..] => Ok((usize::from(*length), rest)),
        [0x82, high @ 1..=0xff, low, rest @ ..] => {
            Ok((usize::from(u16::from_be_bytes([*high, *low])), rest))
        }
        _ => Err(MALFORMED),
    }
}

/// Writes one element of the joined parts; wiped when dropped, since the parts may be secret.
pub(super) fn element(tag: u8, parts: &[&[u8]]) -> Zeroizing<Vec<u8>> {
    let length = parts
        .iter()
        .fold(0_usize, |sum, part| sum.saturating_add(part.len()));
    let mut bytes = Zeroizing::new(Vec::with_capacity(length.saturating_add(6)));
    bytes.push(tag);
    let octets = length.to_be_bytes();
    let significant = octets.iter().skip_while(|octet| **octet == 0);
    if length >= 0x80 {
        let count = u8::try_from(significant.clone().count()).unwrap_or(u8::MAX);
        bytes.push(0x80 | count);
        bytes.extend(significant);
    } else {
        bytes.push(octets.last().copied().unwrap_or_default());
    }
    for part in parts {
        bytes.extend_from_slice(part);
    }
    bytes
}

/// Writes an INTEGER from a big-endian number without sign.
pub(super) fn unsigned(number: &[u8]) -> Zeroizing<Vec<u8>> {
    let number = without_leading_zeros(number);
    match number.first() {
        None => element(INTEGER, &[&[0]]),
        Some(0x80..) => element(INTEGER, &[&[0], number]),
        Some(_) => element(INTEGER, &[number]),
    }
}

pub(super) fn without_leading_zeros(number: &[u8]) -> &[u8] {
    let start = number
        .iter()
        .position(|byte| *byte != 0)
        .unwrap_or(number.len());
    number.get(start..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    #[test]
    fn elements_of_every_length_are_read_as_written() {
        for length in [0, 1, 127, 128, 255, 256, 65_535] {
            let content = vec![7; length];
            let written = element(OCTET_STRING, &[&content]);
            let mut reader = Reader::new(&written);
            assert_eq!(reader.read(OCTET_STRING).unwrap(), content);
            assert!(reader.finish().is_ok());
        }
    }

    #[test]
    fn long_forms_of_short_lengths_and_cut_elements_are_refused() {
        for bytes in [
            &[0x04, 0x81, 0x01, 0x00][..],
            &[0x04, 0x82, 0x00, 0x80],
            &[0x04, 0x80, 0x00, 0x00],
            &[0x04, 0x83, 0x01, 0x00, 0x00],
            &[0x04, 0x02, 0x00],
            &[0x04],
            &[],
            &[0x1f, 0x01, 0x00],
        ] {
            assert!(Reader::new(bytes).read_any().is_err(), "{bytes:x?}");
        }
    }

    #[test]
    fn integers_keep_one_form() {
        for (number, form) in [
            (&[0_u8][..], &[0x02, 0x01, 0x00][..]),
            (&[0, 0, 1], &[0x02, 0x01, 0x01]),
            (&[0x80], &[0x02, 0x02, 0x00, 0x80]),
        ] {
            assert_eq!(unsigned(number).as_slice(), form);
            let read = Reader::new(form).unsigned().unwrap();
            assert_eq!(read, without_leading_zeros(number));
        }
        for form in [
            &[0x02, 0x00][..],
            &[0x02, 0x01, 0x80],
            &[0x02, 0x02, 0x00, 0x01],
        ] {
            assert!(Reader::new(form).unsigned().is_err(), "{form:x?}");
        }
    }
}
