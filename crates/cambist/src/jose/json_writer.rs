//! Writes JSON objects of texts and numbers, which is what tokens and answers are made of.
//!
//! `serde_json` writes the same; this does it in one buffer of the right size, and looks at many bytes of a
//! text at once for the few that need an escape.

use alloc::vec::Vec;

use serde::Serialize;

use crate::{claims::ClaimValue, scan};

/// An object under construction.
pub(crate) struct ObjectWriter {
    bytes: Vec<u8>,
    empty: bool,
}

impl ObjectWriter {
    /// An empty object, with room for so many bytes.
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        let mut bytes = Vec::with_capacity(bytes);
        bytes.push(b'{');
        Self { bytes, empty: true }
    }

    pub(crate) fn text(&mut self, name: &str, value: &str) {
        self.name(name);
        write_text(&mut self.bytes, value);
    }

    pub(crate) fn number(&mut self, name: &str, value: i64) {
        self.name(name);
        write_number(&mut self.bytes, value);
    }

    pub(crate) fn texts<'t>(&mut self, name: &str, values: impl Iterator<Item = &'t str>) {
        self.name(name);
        write_list(&mut self.bytes, values, write_text);
    }

    pub(crate) fn claim(
        &mut self,
        name: &str,
        value: &ClaimValue<'_>,
    ) -> Result<(), serde_json::Error> {
        self.name(name);
        write_claim(&mut self.bytes, value)
    }

    /// Anything else.
    pub(crate) fn value(
        &mut self,
        name: &str,
        value: &impl Serialize,
    ) -> Result<(), serde_json::Error> {
        self.name(name);
        self.bytes.extend_from_slice(&serde_json::to_vec(value)?);
        Ok(())
    }

    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.bytes.push(b'}');
        self.bytes
    }

    fn name(&mut self, name: &str) {
        if !self.empty {
            self.bytes.push(b',');
        }
        self.empty = false;
        write_text(&mut self.bytes, name);
        self.bytes.push(b':');
    }
}

fn write_claim(bytes: &mut Vec<u8>, value: &ClaimValue<'_>) -> Result<(), serde_json::Error> {
    match value {
        ClaimValue::Bool(true) => bytes.extend_from_slice(b"true"),
        ClaimValue::Bool(false) => bytes.extend_from_slice(b"false"),
        ClaimValue::Number(value) => write_number(bytes, *value),
        ClaimValue::Text(text) => write_text(bytes, text),
        ClaimValue::Texts(texts) => {
            write_list(bytes, texts.iter().map(|text| &**text), write_text);
        }
        ClaimValue::List(values) => {
            let mut written = Ok(());
            write_list(bytes, values.iter(), |bytes, value| {
                if written.is_ok() {
                    written = write_claim(bytes, value);
                }
            });
            written?;
        }
        ClaimValue::Object(set) => {
            let mut object = ObjectWriter {
                bytes: core::mem::take(bytes),
                empty: true,
            };
            object.bytes.push(b'{');
            for (name, value) in set.iter() {
                object.claim(name, value)?;
            }
            *bytes = object.finish();
        }
        ClaimValue::Json(value) => bytes.extend_from_slice(&serde_json::to_vec(value)?),
    }
    Ok(())
}

fn write_list<T>(
    bytes: &mut Vec<u8>,
    values: impl Iterator<Item = T>,
    mut write: impl FnMut(&mut Vec<u8>, T),
) {
    bytes.push(b'[');
    for (place, value) in values.enumerate() {
        if place > 0 {
            bytes.push(b',');
        }
        write(bytes, value);
    }
    bytes.push(b']');
}

fn write_number(bytes: &mut Vec<u8>, value: i64) {
    let mut digits = [0_u8; 20];
    let mut rest = value.unsigned_abs();
    let mut length = 0_usize;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' | u8::try_from(rest % 10).unwrap_or_default();
        rest /= 10;
        length = length.saturating_add(1);
        if rest == 0 {
            break;
        }
    }
    if value < 0 {
        bytes.push(b'-');
    }
    let start = digits.len().saturating_sub(length);
    bytes.extend_from_slice(digits.get(start..).unwrap_or_default());
}

/// With the escapes that RFC 8259 section 7 demands, and no others.
fn write_text(bytes: &mut Vec<u8>, text: &str) {
    let escaped = |byte: u8| byte < 0x20 || byte == b'"' || byte == b'\\';
    let mut rest = text.as_bytes();
    bytes.push(b'"');
    while let Some(place) = scan::position(rest, escaped) {
        let Some((plain, [byte, behind @ ..])) = rest.split_at_checked(place) else {
            break;
        };
        bytes.extend_from_slice(plain);
        write_escape(bytes, *byte);
        rest = behind;
    }
    bytes.extend_from_slice(rest);
    bytes.push(b'"');
}

fn write_escape(bytes: &mut Vec<u8>, byte: u8) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let short = match byte {
        b'"' | b'\\' => byte,
        0x08 => b'b',
        0x09 => b't',
        0x0a => b'n',
        0x0c => b'f',
        0x0d => b'r',
        _ => {
            bytes.extend_from_slice(b"\\u00");
            for digit in [byte >> 4, byte & 0x0f] {
                bytes.extend(DIGITS.get(usize::from(digit)));
            }
            return;
        }
    };
    bytes.extend_from_slice(&[b'\\', short]);
}

/// What serde_json makes of the parts, for comparison.
#[cfg(test)]
mod tests {
    use alloc::{
        string::{String, ToString},
        vec,
    };

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::claims::ClaimSet;

    #[test]
    fn every_kind_of_value_is_written() {
        let mut inner = ClaimSet::new();
        inner.set("n", ClaimValue::Number(i64::MIN));
        inner.set("t", ClaimValue::Texts(vec!["a".into(), "b\"".into()]));
        let mut object = ObjectWriter::with_capacity(4);
        object.text("text", "\u{e9}");
        object.number("zero", 0);
        object.texts("none", core::iter::empty());
        object.texts("some", ["x", "y"].into_iter());
        for (name, value) in [
            ("yes", ClaimValue::Bool(true)),
            ("no", ClaimValue::Bool(false)),
            ("list", ClaimValue::List(vec![ClaimValue::Number(-1)])),
            ("object", ClaimValue::Object(inner)),
            ("json", ClaimValue::Json(json!({ "deep": [null] }))),
            ("empty", ClaimValue::Object(ClaimSet::new())),
        ] {
            object.claim(name, &value).unwrap();
        }
        object.value("value", &json!(1.5)).unwrap();
        assert_eq!(
            String::from_utf8(object.finish()).unwrap(),
            concat!(
                "{\"text\":\"\u{e9}\",\"zero\":0,\"none\":[],\"some\":[\"x\",\"y\"],\"yes\":true,\"no\":false,",
                "\"list\":[-1],\"object\":{\"n\":-9223372036854775808,\"t\":[\"a\",\"b\\\"\"]},",
                "\"json\":{\"deep\":[null]},\"empty\":{},\"value\":1.5}"
            )
        );
    }

    proptest! {
        #[test]
        fn texts_and_numbers_are_written_as_serde_json_writes_them(
            text in "(?s).{0,40}", control in "[\u{0}-\u{30}\\\\\"\u{7f}]{0,40}", number: i64,
        ) {
            for text in [&text, &control] {
                let mut bytes = Vec::new();
                write_text(&mut bytes, text);
                prop_assert_eq!(bytes, serde_json::to_vec(text).unwrap());
            }
            let mut bytes = Vec::new();
            write_number(&mut bytes, number);
            prop_assert_eq!(bytes, number.to_string().into_bytes());
        }
    }
}
