//! Patterns of `java.util.regex`, carried over to an engine that takes linear time.
//!
//! The two languages look alike and differ in places that matter to a condition: `\d`, `\w`, `\s` and `\b`
//! know only ASCII in Java, a dot stops at more line ends, a letter without regard to case is an ASCII
//! letter, and `a++` gives nothing back. What means the same is carried over, what can be said in other
//! words is, and everything else is refused with its place rather than matched in another sense.

use alloc::string::String;

use regex::{Regex, RegexBuilder};

/// Largest compiled pattern, in bytes: a bound on memory, far above what a hand-written pattern needs.
const SIZE_LIMIT: usize = 1 << 20;

/// Deepest nesting of groups and classes.
const NEST_LIMIT: u32 = 64;

/// Why a pattern is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PatternError {
    /// Java takes it, or may; the engine here cannot say the same.
    Unsupported {
        /// What is not taken.
        reason: &'static str,
        /// The byte at which it stands.
        place: usize,
    },
    /// Not a pattern in either language.
    Malformed,
}

/// Compiles a translated pattern.
pub(crate) fn compile(pattern: &str) -> Result<Regex, PatternError> {
    RegexBuilder::new(pattern)
        .size_limit(SIZE_LIMIT)
        .nest_limit(NEST_LIMIT)
        .build()
        .map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => PatternError::Unsupported {
                reason: "the compiled pattern is too large",
                place: 0,
            },
            _ => PatternError::Malformed,
        })
}

/// The pattern in the engine's language, tied to both ends of the text.
pub(crate) fn translate(pattern: &str) -> Result<String, PatternError> {
    let (any_case, start) = if pattern.starts_with("(?i)") {
        (true, 4)
    } else {
        (false, 0)
    };
    let mut translation = Translation {
        pattern,
        place: start,
        any_case,
        output: String::from(r"\A(?:"),
        class_depth: 0,
    };
    translation.run()?;
    translation.output.push_str(r")\z");
    Ok(translation.output)
}

/// Whether the character means something to the engine, in a class or outside.
const fn is_sign(character: char) -> bool {
    matches!(
        character,
        '\\' | '.'
            | '+'
            | '*'
            | '?'
            | '('
            | ')'
            | '|'
            | '['
            | ']'
            | '{'
            | '}'
            | '^'
            | '$'
            | '#'
            | '&'
            | '-'
            | '~'
    )
}

struct Translation<'p> {
    pattern: &'p str,
    place: usize,
    any_case: bool,
    output: String,
    class_depth: usize,
}

/// Every line end at which Java's dot stops.
const DOT: &str = r"[^\n\r\x{85}\x{2028}\x{2029}]";

impl Translation<'_> {
    fn run(&mut self) -> Result<(), PatternError> {
        // Whether what came last may be followed by a quantifier, or is one.
        let mut after_quantifier = false;
        while let Some(character) = self.next() {
            let quantifier = match character {
                '\\' => {
                    self.escape(false)?;
                    false
                }
                '[' => {
                    self.class()?;
                    false
                }
                '.' => {
                    self.output.push_str(DOT);
                    false
                }
                '(' => {
                    self.group()?;
                    false
                }
                '+' if after_quantifier => return Err(self.unsupported("a possessive quantifier")),
                '?' if after_quantifier => {
                    self.output.push('?');
                    // A third sign is not a quantifier in Java either.
                    false
                }
                '*' if after_quantifier => return Err(PatternError::Malformed),
                '*' | '+' | '?' => {
                    self.output.push(character);
                    true
                }
                '{' => {
                    if after_quantifier {
                        return Err(PatternError::Malformed);
                    }
                    self.repetition()?;
                    true
                }
                '^' => {
                    self.output.push_str(r"\A");
                    false
                }
                // Java's dollar also stands before a line end at the end of the text; a whole match cannot
                // leave that line end out, so the two come to the same.
                '$' => {
                    self.output.push_str(r"\z");
                    false
                }
                '|' | ')' => {
                    self.output.push(character);
                    false
                }
                _ => {
                    self.literal(character);
                    false
                }
            };
            after_quantifier = quantifier;
        }
        Ok(())
    }

    fn next(&mut self) -> Option<char> {
        let character = self.peek()?;
        self.place = self.place.saturating_add(character.len_utf8());
        Some(character)
    }

    fn rest(&self) -> &str {
        self.pattern.get(self.place..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// What was read last is not taken.
    fn unsupported(&self, reason: &'static str) -> PatternError {
        PatternError::Unsupported {
            reason,
            place: self.place.saturating_sub(1),
        }
    }

    fn literal(&mut self, character: char) {
        if self.any_case && character.is_ascii_alphabetic() {
            for form in [
                '[',
                character.to_ascii_lowercase(),
                character.to_ascii_uppercase(),
                ']',
            ] {
                self.output.push(form);
            }
        } else if is_sign(character) {
            self.output.push('\\');
            self.output.push(character);
        } else {
            self.output.push(character);
        }
    }

    fn group(&mut self) -> Result<(), PatternError> {
        let rest = self.rest();
        if !rest.starts_with('?') {
            self.output.push('(');
        } else if rest.starts_with("?:") {
            self.output.push_str("(?:");
            self.place = self.place.saturating_add(2);
        } else if rest.starts_with("?<") && !rest.starts_with("?<=") && !rest.starts_with("?<!") {
            // Nothing can refer to the name.
            let end = rest.find('>').ok_or(PatternError::Malformed)?;
            self.output.push('(');
            self.place = self.place.saturating_add(end).saturating_add(1);
        } else if rest.starts_with("?=") || rest.starts_with("?!") || rest.starts_with("?<") {
            return Err(self.unsupported("looking ahead or behind"));
        } else if rest.starts_with("?>") {
            return Err(self.unsupported("an atomic group"));
        } else {
            return Err(self.unsupported("a flag other than (?i) at the start"));
        }
        Ok(())
    }

    fn repetition(&mut self) -> Result<(), PatternError> {
        let end = self.rest().find('}').ok_or(PatternError::Malformed)?;
        let counts = self.rest().get(..end).unwrap_or_default();
        let well_formed = counts.split(',').count() <= 2
            && counts.starts_with(|first: char| first.is_ascii_digit())
            && counts
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte == b',');
        if !well_formed {
            return Err(PatternError::Malformed);
        }
        let counts = String::from(counts);
        self.output.push('{');
        self.output.push_str(&counts);
        self.output.push('}');
        self.place = self.place.saturating_add(end).saturating_add(1);
        Ok(())
    }

    /// What follows a backslash.
    fn escape(&mut self, in_class: bool) -> Result<(), PatternError> {
        let character = self.next().ok_or(PatternError::Malformed)?;
        let plain = match (character, in_class) {
            ('d', false) => "[0-9]",
            ('d', true) => "0-9",
            ('D', _) => "[^0-9]",
            ('w', false) => "[0-9A-Za-z_]",
            ('w', true) => "0-9A-Za-z_",
            ('W', _) => "[^0-9A-Za-z_]",
            ('s', false) => r"[ \t\n\x0B\f\r]",
            ('s', true) => r" \t\n\x0B\f\r",
            ('S', _) => r"[^ \t\n\x0B\f\r]",
            ('b', false) => r"(?-u:\b)",
            ('A', false) => r"\A",
            ('z', false) => r"\z",
            ('t', _) => r"\t",
            ('n', _) => r"\n",
            ('r', _) => r"\r",
            ('f', _) => r"\f",
            ('a', _) => r"\x07",
            ('e', _) => r"\x1B",
            _ => "",
        };
        if !plain.is_empty() {
            self.output.push_str(plain);
            return Ok(());
        }
        match character {
            '1'..='9' | 'k' => Err(self.unsupported("a reference to an earlier group")),
            'p' | 'P' => self.category(character),
            'u' => self.code(4),
            'x' => self.code(2),
            _ if character.is_ascii_alphanumeric() => {
                Err(self.unsupported("an escape that is not known here"))
            }
            _ => {
                self.literal(character);
                Ok(())
            }
        }
    }

    /// A general category of one or two letters; the other properties of the two languages differ.
    fn category(&mut self, letter: char) -> Result<(), PatternError> {
        let rest = self.rest();
        let (name, length) = match rest
            .strip_prefix('{')
            .and_then(|inner| inner.split_once('}'))
        {
            Some((name, _)) => (name, name.len().saturating_add(2)),
            None => (rest.get(..1).unwrap_or_default(), 1),
        };
        let known = (1..=2).contains(&name.len())
            && name.starts_with(|first: char| "LMNPSZC".contains(first))
            && name.bytes().skip(1).all(|byte| byte.is_ascii_lowercase());
        if !known || self.any_case {
            return Err(self.unsupported("a character property other than a general category"));
        }
        let name = String::from(name);
        self.output.push('\\');
        self.output.push(letter);
        self.output.push('{');
        self.output.push_str(&name);
        self.output.push('}');
        self.place = self.place.saturating_add(length);
        Ok(())
    }

    /// A character by its code: so many hexadecimal digits.
    fn code(&mut self, digits: usize) -> Result<(), PatternError> {
        let text = self
            .rest()
            .get(..digits)
            .ok_or_else(|| self.unsupported("a character code of another form"))?;
        let code = u32::from_str_radix(text, 16)
            .ok()
            .filter(|_| text.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let character = code
            .and_then(char::from_u32)
            .ok_or_else(|| self.unsupported("a character code of another form"))?;
        self.place = self.place.saturating_add(digits);
        self.literal(character);
        Ok(())
    }

    fn class(&mut self) -> Result<(), PatternError> {
        if self.any_case {
            return self.any_case_class();
        }
        self.class_depth = self.class_depth.saturating_add(1);
        if self.class_depth > 1 {
            return Err(self.unsupported("a class within a class"));
        }
        self.output.push('[');
        if self.peek() == Some('^') {
            self.next();
            self.output.push('^');
        }
        let mut first = true;
        // Whether what came last is more than one character, so that no range can begin there.
        let mut after_set = false;
        loop {
            let character = self.next().ok_or(PatternError::Malformed)?;
            let set =
                character == '\\' && self.peek().is_some_and(|next| "dDwWsSpP".contains(next));
            match character {
                ']' if first => self.output.push_str(r"\]"),
                ']' => break,
                '[' => return Err(self.unsupported("a class within a class")),
                '&' if self.peek() == Some('&') => {
                    return Err(self.unsupported("an intersection of classes"));
                }
                '\\' => self.escape(true)?,
                // The only sign that is left to mean something is the dash of a range.
                '-' if !first && !after_set && self.peek() != Some(']') => {
                    let end = self
                        .rest()
                        .strip_prefix('\\')
                        .and_then(|rest| rest.chars().next());
                    if end.is_some_and(|end| "dDwWsSpP".contains(end)) {
                        return Err(self.unsupported("a range that ends in a class"));
                    }
                    self.output.push('-');
                }
                character => self.literal(character),
            }
            first = false;
            after_set = set;
        }
        self.output.push(']');
        self.class_depth = 0;
        Ok(())
    }

    /// Without regard to case a class is taken when it is made of ASCII letters, digits and ranges of them.
    fn any_case_class(&mut self) -> Result<(), PatternError> {
        let end = self.rest().find(']').ok_or(PatternError::Malformed)?;
        let members = self.rest().get(..end).unwrap_or_default();
        let plain = !members.is_empty()
            && members.bytes().all(|byte| {
                byte.is_ascii_alphanumeric()
                    || matches!(byte, b'-' | b'_' | b'.' | b'@' | b'+' | b' ')
            });
        // A range such as `9-A` would take in signs whose case is another matter.
        let ranges_plain = members.as_bytes().windows(3).all(|three| match three {
            [low, b'-', high] => {
                (low.is_ascii_digit() && high.is_ascii_digit())
                    || (low.is_ascii_lowercase() && high.is_ascii_lowercase())
                    || (low.is_ascii_uppercase() && high.is_ascii_uppercase())
            }
            _ => true,
        });
        if !plain || !ranges_plain {
            return Err(self.unsupported(
                "with (?i), a class of anything but ASCII letters, digits and ranges of them",
            ));
        }
        let members = String::from(members);
        self.output.push('[');
        for form in [members.to_ascii_lowercase(), members.to_ascii_uppercase()] {
            self.output.push_str(&form);
        }
        self.output.push(']');
        self.place = self.place.saturating_add(end).saturating_add(1);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        compile(&translate(pattern).unwrap())
            .unwrap()
            .is_match(text)
    }

    fn refused(pattern: &str) -> usize {
        match translate(pattern) {
            Err(PatternError::Unsupported { place, .. }) => place,
            other => panic!("{pattern}: {other:?}"),
        }
    }

    #[test]
    fn the_whole_text_must_match() {
        assert!(matches("red|green", "green"));
        assert!(!matches("red|green", "greenish"));
        assert!(!matches("red", "red\n"));
        assert!(!matches("red$", "red\n"));
        assert!(matches(r".*\bred\b.*", "openid red email"));
        assert!(!matches(r".*\bred\b.*", "openid redder email"));
        assert!(matches("^a.c$", "abc"));
        assert!(matches("", ""));
    }

    #[test]
    fn shorthands_know_only_ascii() {
        assert!(matches(r"\d+", "0123"));
        assert!(!matches(r"\d+", "٣"));
        assert!(matches(r"[\d]+", "12"));
        assert!(!matches(r"\w", "é"));
        assert!(matches(r"\W", "é"));
        assert!(!matches(r"\s", "\u{a0}"));
        assert!(matches(r"[\s]", "\t"));
        assert!(!matches("a.b", "a\u{2028}b"));
        assert!(!matches(r"[^\d]", "7"));
    }

    #[test]
    fn letters_without_case_are_ascii() {
        assert!(matches("(?i)kelvin", "KELVIN"));
        assert!(!matches("(?i)k", "\u{212a}"));
        assert!(!matches("(?i)s", "\u{17f}"));
        assert!(matches("(?i)[a-f0-9]+", "aF9"));
        assert!(!matches("(?i)[a-f0-9]+", "g"));
        assert!(matches(r"(?i).*@example\.com", "Ada@Example.COM"));
        assert_eq!(refused("(?i)[^a]"), 4);
        assert_eq!(refused("(?i)[9-A]"), 4);
    }

    #[test]
    fn what_the_engine_cannot_say_is_refused_with_its_place() {
        assert_eq!(refused("a++"), 2);
        assert_eq!(refused("a*+b"), 2);
        assert_eq!(refused("a{2}+"), 4);
        assert_eq!(refused("(a)x\\1"), 5);
        assert_eq!(refused("x(?=a)"), 1);
        assert_eq!(refused("x(?<!a)b"), 1);
        assert_eq!(refused("(?>a)"), 0);
        assert_eq!(refused("a(?i)b"), 1);
        assert_eq!(refused("[a&&b]"), 2);
        assert_eq!(refused("[a[b]]"), 2);
        assert_eq!(refused(r"[+-\w]"), 2);
        refused(r"\Qa\E");
        refused(r"\p{Alpha}");
        refused(r"\R");
    }

    #[test]
    fn ordinary_patterns_are_carried_over() {
        assert!(matches("a{2,3}", "aaa"));
        assert!(matches("a{2,}?b", "aaab"));
        assert!(matches("(?<year>[0-9]{4})-[0-9]{2}", "2030-01"));
        assert!(matches(r"[a\-z]+", "a-z"));
        assert!(matches("[]a]+", "]a"));
        assert!(matches("[^a-c]", "d"));
        assert!(matches(r"https://example\.com/.*", "https://example.com/x"));
        assert!(matches(r"\u0041\x42", "AB"));
        assert!(matches(r"\p{Lu}\p{L}*", "Émile"));
        assert!(matches("(a|b)*", "abba"));
        assert!(matches("a~b#c d", "a~b#c d"));
        assert!(matches("[a~~b]", "~"));
        assert!(matches("[+--]", ","));
        assert!(matches("<a>b", "<a>b"));
        assert!(matches(r"\<a\>", "<a>"));
        assert!(matches(r"[\w-.]+@[\w-.]+", "a-b@c.d"));
        assert!(!matches(r"[\w-z]", "`"));
    }

    #[test]
    fn what_is_no_pattern_is_told_apart() {
        for pattern in [
            "(", "a)", "*a", "[a", "a{x}", "a**", "a{2,1}", "[a--]", "\\",
        ] {
            let result = translate(pattern).and_then(|pattern| compile(&pattern).map(|_| ()));
            assert_eq!(result, Err(PatternError::Malformed), "{pattern}");
        }
    }

    #[test]
    fn a_pattern_that_would_take_too_much_memory_is_refused() {
        let pattern = translate("(((a{100}){100}){100}){100}").unwrap();
        assert!(matches!(
            compile(&pattern),
            Err(PatternError::Unsupported { .. })
        ));
    }
}
