//! `application/x-www-form-urlencoded`, strictly.

use alloc::{string::String, vec::Vec};
use core::ops::Range;

use thiserror::Error;

use crate::scan;

/// Why a body is no form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FormError {
    /// The body is longer than the limit.
    #[error("the body has {length} bytes, more than {limit}")]
    TooLong {
        /// Bytes.
        length: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// There are more parameters than the limit.
    #[error("more than {limit} parameters")]
    TooMany {
        /// Parameters allowed.
        limit: usize,
    },
    /// A percent sign without two hexadecimal digits behind it.
    #[error("broken percent escape at byte {at}")]
    Escape {
        /// Where.
        at: usize,
    },
    /// What the escapes spell is not UTF-8.
    #[error("not UTF-8 at byte {at}")]
    Encoding {
        /// Where the parameter begins.
        at: usize,
    },
}

/// Decoded parameters in order, in one buffer.
#[derive(Clone, Default)]
pub struct Form {
    text: String,
    pairs: Vec<(Range<u32>, Range<u32>)>,
}

impl Form {
    /// Reads a body. Empty pieces between two `&` are passed over; a name without `=` has an empty value.
    ///
    /// # Errors
    ///
    /// A body over the limits, a broken escape, or text that is not UTF-8. Nothing is decoded lossily.
    pub fn parse(body: &[u8], max_bytes: usize, max_pairs: usize) -> Result<Self, FormError> {
        if body.len() > max_bytes {
            return Err(FormError::TooLong {
                length: body.len(),
                limit: max_bytes,
            });
        }
        let mut bytes: Vec<u8> = Vec::with_capacity(body.len());
        let mut pairs = Vec::with_capacity(12);
        let mut at = 0_usize;
        let mut rest = Some(body);
        while let Some(unread) = rest {
            let end = scan::position(unread, |byte| byte == b'&').unwrap_or(unread.len());
            let (piece, behind) = unread.split_at_checked(end).unwrap_or((unread, &[]));
            rest = behind.split_first().map(|(_, behind)| behind);
            let begins = at;
            at = at.saturating_add(piece.len()).saturating_add(1);
            if piece.is_empty() {
                continue;
            }
            if pairs.len() >= max_pairs {
                return Err(FormError::TooMany { limit: max_pairs });
            }
            let (name, value) = match piece.iter().position(|byte| *byte == b'=') {
                Some(equals) => piece.split_at(equals),
                None => (piece, &[][..]),
            };
            let value = value.strip_prefix(b"=").unwrap_or(value);
            let name = decode(name, begins, &mut bytes)?;
            let value_begins = begins
                .saturating_add(piece.len())
                .saturating_sub(value.len());
            let value = decode(value, value_begins, &mut bytes)?;
            pairs.push((name, value));
        }
        let text = String::from_utf8(bytes).map_err(|error| FormError::Encoding {
            at: error.utf8_error().valid_up_to(),
        })?;
        // Every boundary must fall between characters: two halves of one character in two parameters
        // would be UTF-8 together and not apart.
        for (name, value) in &pairs {
            if slice(&text, name).is_none() || slice(&text, value).is_none() {
                return Err(FormError::Encoding {
                    at: name.start as usize,
                });
            }
        }
        Ok(Self { text, pairs })
    }

    /// A form of these parameters, in order.
    #[must_use]
    pub fn of<'p>(parameters: impl IntoIterator<Item = (&'p str, &'p str)>) -> Self {
        let mut form = Self::default();
        for (name, value) in parameters {
            let mut add = |part: &str| {
                let begins = u32::try_from(form.text.len()).unwrap_or(u32::MAX);
                form.text.push_str(part);
                begins..u32::try_from(form.text.len()).unwrap_or(u32::MAX)
            };
            let (name, value) = (add(name), add(value));
            form.pairs.push((name, value));
        }
        form
    }

    /// The pairs, in order.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs.iter().map(|(name, value)| {
            (
                slice(&self.text, name).unwrap_or_default(),
                slice(&self.text, value).unwrap_or_default(),
            )
        })
    }

    /// The first value under this name.
    #[must_use]
    pub fn first(&self, name: &str) -> Option<&str> {
        let (_, value) = self
            .pairs
            .iter()
            .find(|(known, _)| self.reads(known, name))?;
        slice(&self.text, value)
    }

    /// All values under this name, in order.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.pairs
            .iter()
            .filter(move |(known, _)| self.reads(known, name))
            .filter_map(|(_, value)| slice(&self.text, value))
    }

    /// Whether these bytes of the text are this name. Most names differ in length already.
    fn reads(&self, range: &Range<u32>, name: &str) -> bool {
        let (start, end) = (range.start as usize, range.end as usize);
        end.saturating_sub(start) == name.len()
            && self.text.as_bytes().get(start..end) == Some(name.as_bytes())
    }
}

impl core::fmt::Debug for Form {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_list()
            .entries(self.pairs().map(|(name, _)| name))
            .finish()
    }
}

fn slice<'a>(text: &'a str, range: &Range<u32>) -> Option<&'a str> {
    text.get(range.start as usize..range.end as usize)
}

fn decode(piece: &[u8], at: usize, out: &mut Vec<u8>) -> Result<Range<u32>, FormError> {
    let start = position(out)?;
    let mut rest = piece;
    while let Some(plain) = scan::position(rest, |byte| byte == b'%' || byte == b'+') {
        let Some((before, [sign, tail @ ..])) = rest.split_at_checked(plain) else {
            break;
        };
        out.extend_from_slice(before);
        rest = tail;
        if *sign == b'+' {
            out.push(b' ');
            continue;
        }
        let (Some(high), Some(low)) = (digit(tail.first()), digit(tail.get(1))) else {
            let behind = piece.len().saturating_sub(tail.len()).saturating_sub(1);
            return Err(FormError::Escape {
                at: at.saturating_add(behind),
            });
        };
        out.push(high << 4 | low);
        rest = tail.get(2..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
    Ok(start..position(out)?)
}

fn position(out: &[u8]) -> Result<u32, FormError> {
    u32::try_from(out.len()).map_err(|_| FormError::TooLong {
        length: out.len(),
        limit: u32::MAX as usize,
    })
}

fn digit(byte: Option<&u8>) -> Option<u8> {
    match byte? {
        byte @ b'0'..=b'9' => byte.checked_sub(b'0'),
        byte @ b'a'..=b'f' => byte.checked_sub(b'a' - 10),
        byte @ b'A'..=b'F' => byte.checked_sub(b'A' - 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use alloc::{format, vec, vec::Vec};

    use super::{Form, FormError};

    fn parse(body: &str) -> Result<Form, FormError> {
        Form::parse(body.as_bytes(), 1_000, 10)
    }

    #[test]
    fn decodes_as_the_standard_says() {
        let form = parse("a=1+2&b=%C3%A9%2B&&c&a=x%26y&=v").unwrap();
        let pairs: Vec<_> = form.pairs().collect();
        assert_eq!(
            pairs,
            vec![
                ("a", "1 2"),
                ("b", "é+"),
                ("c", ""),
                ("a", "x&y"),
                ("", "v")
            ]
        );
        assert_eq!(form.first("a"), Some("1 2"));
        assert_eq!(form.all("a").collect::<Vec<_>>(), ["1 2", "x&y"]);
        assert_eq!(form.first("missing"), None);
    }

    #[test]
    fn broken_escapes_are_refused_with_their_place() {
        for (body, at) in [
            ("a=%", 2),
            ("a=%4", 2),
            ("a=%zz", 2),
            ("a=1&b=2%4g", 7),
            ("%g1=2", 0),
        ] {
            assert_eq!(parse(body).unwrap_err(), FormError::Escape { at }, "{body}");
        }
    }

    #[test]
    fn text_that_is_no_utf8_is_refused() {
        assert!(matches!(
            parse("a=%ff").unwrap_err(),
            FormError::Encoding { .. }
        ));
        assert!(matches!(
            parse("a=%C3&b=%A9").unwrap_err(),
            FormError::Encoding { .. }
        ));
        assert!(matches!(
            parse("a%C3=%A9").unwrap_err(),
            FormError::Encoding { .. }
        ));
    }

    #[test]
    fn limits_hold_at_the_limit_and_one_beyond() {
        assert!(Form::parse(&[b'a'; 1_000], 1_000, 10).is_ok());
        assert_eq!(
            Form::parse(&[b'a'; 1_001], 1_000, 10).unwrap_err(),
            FormError::TooLong {
                length: 1_001,
                limit: 1_000
            }
        );
        assert!(parse(&"a&".repeat(10)).is_ok());
        assert_eq!(
            parse(&"a&".repeat(11)).unwrap_err(),
            FormError::TooMany { limit: 10 }
        );
    }

    #[test]
    fn debug_shows_names_only() {
        let form = parse("client_secret=hunter2").unwrap();
        assert_eq!(format!("{form:?}"), "[\"client_secret\"]");
    }
}
