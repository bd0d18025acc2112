//! Distinguished names as text, RFC 4514.

use alloc::{string::String, vec::Vec};

/// A distinguished name, taken apart so that two can be compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DistinguishedName(Vec<Vec<(String, String)>>);

impl DistinguishedName {
    /// Reads the text. Types are compared without letter case and under their short names; values as they
    /// are, but for blanks around them. `None`: it is no such text, or names nobody.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = Vec::new();
        let mut pairs = Vec::new();
        let mut reader = Reader {
            rest: text.as_bytes(),
        };
        loop {
            pairs.push(reader.pair()?);
            match reader.take() {
                Some(b'+') => {}
                Some(b',') => parts.push(sorted(core::mem::take(&mut pairs))),
                None => {
                    parts.push(sorted(pairs));
                    return Some(Self(parts));
                }
                Some(_) => return None,
            }
        }
    }
}

/// The order of several pairs in one part has no meaning.
fn sorted(mut pairs: Vec<(String, String)>) -> Vec<(String, String)> {
    pairs.sort_unstable();
    pairs
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl Reader<'_> {
    fn take(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    /// `type=value`, up to the separator.
    fn pair(&mut self) -> Option<(String, String)> {
        let mut kind = Vec::new();
        loop {
            match self.take()? {
                b'=' => break,
                byte if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b' ') => {
                    kind.push(byte);
                }
                _ => return None,
            }
        }
        let kind = String::from_utf8(kind).ok()?;
        let kind = short(kind.trim())?;
        Some((kind, self.value()?))
    }

    fn value(&mut self) -> Option<String> {
        let mut value = Vec::new();
        // Blanks count only where something follows them, or where they are escaped.
        let mut kept = 0;
        while let Some(byte) = self.rest.first().copied() {
            match byte {
                b',' | b'+' => break,
                b'"' | b';' | b'<' | b'>' | 0 => return None,
                b'\\' => {
                    self.take();
                    value.push(self.escaped()?);
                    kept = value.len();
                }
                // A value in hexadecimal DER.
                b'#' if value.is_empty() => return None,
                b' ' => {
                    self.take();
                    if !value.is_empty() {
                        value.push(b' ');
                    }
                }
                _ => {
                    self.take();
                    value.push(byte);
                    kept = value.len();
                }
            }
        }
        value.truncate(kept);
        String::from_utf8(value)
            .ok()
            .filter(|value| !value.is_empty())
    }

    /// What follows a backslash: a special character, or two hexadecimal digits.
    fn escaped(&mut self) -> Option<u8> {
        let first = self.take()?;
        if b" \"#+,;<=>\\".contains(&first) {
            return Some(first);
        }
        let digits = [first, self.take()?];
        if !digits.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        u8::from_str_radix(core::str::from_utf8(&digits).ok()?, 16).ok()
    }
}

/// The short name of an attribute type in capitals, of those that names are made of; a type without one
/// stays a number.
fn short(kind: &str) -> Option<String> {
    const NAMES: [(&str, &str); 12] = [
        ("2.5.4.3", "CN"),
        ("2.5.4.4", "SN"),
        ("2.5.4.5", "SERIALNUMBER"),
        ("2.5.4.6", "C"),
        ("2.5.4.7", "L"),
        ("2.5.4.8", "ST"),
        ("2.5.4.9", "STREET"),
        ("2.5.4.10", "O"),
        ("2.5.4.11", "OU"),
        ("0.9.2342.19200300.100.1.1", "UID"),
        ("0.9.2342.19200300.100.1.25", "DC"),
        ("1.2.840.113549.1.9.1", "EMAILADDRESS"),
    ];
    if kind.is_empty() || kind.contains(' ') {
        return None;
    }
    let kind = kind.to_ascii_uppercase();
    let number = kind.strip_prefix("OID.").unwrap_or(&kind);
    let known = NAMES.iter().find(|(oid, _)| *oid == number);
    Some(match known {
        Some((_, name)) => String::from(*name),
        None if number == "E" => String::from("EMAILADDRESS"),
        None => String::from(number),
    })
}

#[cfg(test)]
mod tests {
    use super::DistinguishedName;

    fn same(one: &str, other: &str) -> bool {
        let one = DistinguishedName::parse(one).unwrap();
        Some(one) == DistinguishedName::parse(other)
    }

    #[test]
    fn spelling_does_not_count() {
        let name = "CN=till 7,OU=shops,O=Tills\\, Inc.,C=DE";
        for other in [
            "cn=till 7, ou=shops, o=Tills\\, Inc., c=DE",
            "2.5.4.3=till 7,OU=shops,OID.2.5.4.10=Tills\\2C Inc.,C=DE",
            "CN = till 7 ,OU=shops,O=Tills\\, Inc.,C=DE",
        ] {
            assert!(same(name, other), "{other}");
        }
        assert!(same("CN=a+UID=b,O=c", "UID=b+CN=a,O=c"));
        assert!(same("E=a@b", "1.2.840.113549.1.9.1=a@b"));
        assert!(same("CN=a\\ ", "CN=a\\20"));
    }

    #[test]
    fn everything_else_does() {
        let name = "CN=till 7,OU=shops,C=DE";
        for other in [
            "CN=till 7,OU=shops",
            "CN=Till 7,OU=shops,C=DE",
            "CN=till  7,OU=shops,C=DE",
            "C=DE,OU=shops,CN=till 7",
            "CN=till 7+OU=shops,C=DE",
            "CN=till 7,OU=shops,C=DE,O=x",
            "CN=till 7\\,OU=shops,C=DE",
        ] {
            assert!(!same(name, other), "{other}");
        }
        assert!(!same("CN=a\\ ", "CN=a "));
    }

    #[test]
    fn what_is_no_name_is_not_read() {
        for text in [
            "",
            "CN",
            "=a",
            "CN=",
            "CN= ",
            "CN=a,",
            "CN=a,,O=b",
            "CN=a\\",
            "CN=a\\2",
            "CN=a\\zz",
            "CN=\"a\"",
            "CN=#0401",
            "CN=a;O=b",
            "CN=a<b",
            "CN=a\\FF",
            "C N=a",
            "CN=a+",
        ] {
            assert_eq!(DistinguishedName::parse(text), None, "{text}");
        }
    }
}
