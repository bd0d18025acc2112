//! Strict JSON: what RFC 8259 leaves open is refused here.
//!
//! Two members of one name in an object are refused at any depth (RFC 7515 section 4, RFC 7519
//! section 4), and so is what exceeds [`JsonLimits`]. A first pass finds these; it holds no
//! recursion, so deep nesting costs no stack. Then `serde_json` judges the grammar and fills the
//! type. The first pass need only be right about texts that pass the second.

use alloc::{borrow::Cow, string::String, vec::Vec};

use serde::Deserialize;
use serde_json::Value;

use crate::scan;

/// Bounds on a JSON text. What exceeds one is refused, never cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JsonLimits {
    depth: usize,
    members: usize,
    string_bytes: usize,
}

impl JsonLimits {
    /// The hard maximum of nesting.
    pub const MAX_DEPTH: usize = 32;
    /// The hard maximum of members in one object.
    pub const MAX_MEMBERS: usize = 1_024;
    /// The hard maximum of bytes in one string.
    pub const MAX_STRING_BYTES: usize = 32 * 1_024;
    /// The defaults: 16 levels, 256 members in an object, 8 KiB in a string.
    pub const DEFAULT: Self = Self {
        depth: 16,
        members: 256,
        string_bytes: 8 * 1_024,
    };

    /// Other bounds than the default; nothing when one exceeds its hard maximum.
    ///
    /// `depth` counts arrays and objects around a value, the outermost being 1. `string_bytes` counts
    /// a string as it is written, with its escapes.
    pub const fn new(depth: usize, members: usize, string_bytes: usize) -> Option<Self> {
        if depth > Self::MAX_DEPTH
            || members > Self::MAX_MEMBERS
            || string_bytes > Self::MAX_STRING_BYTES
        {
            return None;
        }
        Some(Self {
            depth,
            members,
            string_bytes,
        })
    }
}

impl Default for JsonLimits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Reads a text into a tree of values.
///
/// # Errors
///
/// See [`JsonError`].
pub fn parse(text: &str, limits: &JsonLimits) -> Result<Value, JsonError> {
    from_str(text, limits)
}

/// Reads a text into a type that may borrow from it.
///
/// Members that the type does not know are checked like the others.
///
/// A derived structure also reads from an array; where the outermost value is to be an object, use
/// [`object_from_str`].
///
/// # Errors
///
/// See [`JsonError`].
pub fn from_str<'t, T: Deserialize<'t>>(
    text: &'t str,
    limits: &JsonLimits,
) -> Result<T, JsonError> {
    check(text, limits)?;
    // The error of serde_json quotes the input, so only its kind is kept.
    serde_json::from_str(text).map_err(|error| match error.is_data() {
        true => JsonError::UnexpectedType,
        false => JsonError::Syntax,
    })
}

/// As [`from_str`], for a text whose outermost value must be an object.
///
/// # Errors
///
/// See [`JsonError`].
pub fn object_from_str<'t, T: Deserialize<'t>>(
    text: &'t str,
    limits: &JsonLimits,
) -> Result<T, JsonError> {
    let value: T = from_str(text, limits)?;
    if text
        .trim_start_matches([' ', '\t', '\n', '\r'])
        .starts_with('{')
    {
        Ok(value)
    } else {
        Err(JsonError::UnexpectedType)
    }
}

/// A JSON text was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JsonError {
    /// The text is not JSON, or a number in it is out of range.
    #[error("malformed json")]
    Syntax,
    /// A value is not of the type that belongs there.
    #[error("json value of an unexpected type")]
    UnexpectedType,
    /// An object has two members of one name.
    #[error("duplicate json member")]
    DuplicateMember,
    /// Arrays and objects nest deeper than allowed.
    #[error("json nests deeper than {limit}")]
    TooDeep {
        /// Deepest nesting allowed.
        limit: usize,
    },
    /// An object has more members than allowed.
    #[error("json object has more than {limit} members")]
    TooManyMembers {
        /// Most members allowed.
        limit: usize,
    },
    /// A string is longer than allowed.
    #[error("json string is longer than {limit} bytes")]
    StringTooLong {
        /// Longest string allowed, in bytes as written.
        limit: usize,
    },
    /// A string contains the character U+0000.
    #[error("json string contains nul")]
    Nul,
}

/// Finds what `serde_json` would let pass: equal names, and too much of anything.
fn check(text: &str, limits: &JsonLimits) -> Result<(), JsonError> {
    let mut scan = Scan { text, position: 0 };
    let mut open = OpenValues::default();
    // Room for the names of a usual token, so that the list does not grow.
    let mut names: Vec<Cow<'_, str>> = Vec::with_capacity(32);
    let mut name_expected = false;
    while let Some(byte) = scan.next_structural() {
        match byte {
            b'{' => {
                open.push(Some(names.len()), limits)?;
                name_expected = true;
            }
            b'[' => {
                open.push(None, limits)?;
                name_expected = false;
            }
            b'}' | b']' => {
                if let Some(first) = open.pop() {
                    names.truncate(first);
                }
                name_expected = false;
            }
            b',' => name_expected = open.innermost_object().is_some(),
            _ => {
                let string = scan.string(limits)?;
                if !name_expected {
                    continue;
                }
                name_expected = false;
                let first = open.innermost_object().unwrap_or_default();
                let siblings = names.get(first..).unwrap_or_default();
                if siblings.len() >= limits.members {
                    return Err(JsonError::TooManyMembers {
                        limit: limits.members,
                    });
                }
                if siblings.contains(&string) {
                    return Err(JsonError::DuplicateMember);
                }
                names.push(string);
            }
        }
    }
    Ok(())
}

/// The arrays and objects around the current place; for an object, where its names begin.
#[derive(Default)]
struct OpenValues {
    values: [Option<usize>; JsonLimits::MAX_DEPTH],
    depth: usize,
}

impl OpenValues {
    fn push(&mut self, object: Option<usize>, limits: &JsonLimits) -> Result<(), JsonError> {
        let too_deep = JsonError::TooDeep {
            limit: limits.depth,
        };
        if self.depth >= limits.depth {
            return Err(too_deep);
        }
        *self.values.get_mut(self.depth).ok_or(too_deep)? = object;
        self.depth = self.depth.saturating_add(1);
        Ok(())
    }

    fn pop(&mut self) -> Option<usize> {
        self.depth = self.depth.checked_sub(1)?;
        self.values.get(self.depth).copied().flatten()
    }

    fn innermost_object(&self) -> Option<usize> {
        let innermost = self.depth.checked_sub(1)?;
        self.values.get(innermost).copied().flatten()
    }
}

struct Scan<'t> {
    text: &'t str,
    position: usize,
}

impl<'t> Scan<'t> {
    /// The next bracket, comma or quotation mark; the position is then behind it.
    fn next_structural(&mut self) -> Option<u8> {
        loop {
            let byte = self.next_byte()?;
            if matches!(byte, b'{' | b'}' | b'[' | b']' | b',' | b'"') {
                return Some(byte);
            }
        }
    }

    #[inline]
    fn next_byte(&mut self) -> Option<u8> {
        let byte = *self.text.as_bytes().get(self.position)?;
        self.position = self.position.saturating_add(1);
        Some(byte)
    }

    /// The string whose opening mark was just passed.
    fn string(&mut self, limits: &JsonLimits) -> Result<Cow<'t, str>, JsonError> {
        let start = self.position;
        let mut escaped = false;
        let end = loop {
            let rest = self.text.as_bytes().get(self.position..);
            let ahead = rest
                .and_then(|rest| scan::position(rest, |byte| byte == b'"' || byte == b'\\'))
                .ok_or(JsonError::Syntax)?;
            self.position = self.position.saturating_add(ahead);
            let end = self.position;
            if self.next_byte() == Some(b'"') {
                break end;
            }
            escaped = true;
            self.next_byte();
        };
        if end.saturating_sub(start) > limits.string_bytes {
            return Err(JsonError::StringTooLong {
                limit: limits.string_bytes,
            });
        }
        if escaped {
            return self.decode(start, end);
        }
        self.text
            .get(start..end)
            .map(Cow::Borrowed)
            .ok_or(JsonError::Syntax)
    }

    /// Resolves escapes. It also refuses lone surrogates, which `serde_json` lets pass in a string
    /// that no field asks for.
    fn decode(&self, start: usize, end: usize) -> Result<Cow<'t, str>, JsonError> {
        let quoted = start
            .checked_sub(1)
            .and_then(|start| self.text.get(start..=end))
            .ok_or(JsonError::Syntax)?;
        let string: String = serde_json::from_str(quoted).map_err(|_| JsonError::Syntax)?;
        if string.contains('\0') {
            return Err(JsonError::Nul);
        }
        Ok(Cow::Owned(string))
    }
}

#[cfg(test)]
mod tests;
