//! Whether two addresses are the same place (RFC 9449 section 4.3, check 9).

use alloc::{string::String, vec::Vec};

/// Whether both texts are absolute addresses of one place: without query and fragment, and normalised as
/// RFC 3986 sections 6.2.2 and 6.2.3 say. Dots in a path are not resolved; the endpoints have none.
pub(super) fn same_place(one: &str, other: &str) -> bool {
    matches!((normalized(one), normalized(other)), (Some(one), Some(other)) if one == other)
}

/// Scheme and authority in small letters, no default port, escapes in capitals and only where needed.
fn normalized(address: &str) -> Option<String> {
    let address = address.split(['?', '#']).next()?;
    let (scheme, rest) = address.split_once("://")?;
    let scheme = scheme.to_ascii_lowercase();
    let default_port = match scheme.as_str() {
        "http" => ":80",
        "https" => ":443",
        _ => return None,
    };
    let (authority, path) = match rest.find('/') {
        Some(at) => rest.split_at_checked(at)?,
        None => (rest, "/"),
    };
    let authority = authority.to_ascii_lowercase();
    let authority = authority.strip_suffix(default_port).unwrap_or(&authority);
    if authority.is_empty() || authority.contains('@') {
        return None;
    }
    Some([scheme.as_str(), "://", authority, &unescaped(path)?].concat())
}

/// Escapes of unreserved characters undone (RFC 3986 section 6.2.2.2), the others in capitals. `None` for
/// what is no path: a broken escape, a blank, a control character, or anything beyond ASCII.
fn unescaped(path: &str) -> Option<String> {
    let mut bytes = path.bytes();
    let mut out: Vec<u8> = Vec::with_capacity(path.len());
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            if !byte.is_ascii_graphic() {
                return None;
            }
            out.push(byte);
            continue;
        }
        let digits = [bytes.next()?, bytes.next()?].map(|digit| digit.to_ascii_uppercase());
        let value = core::str::from_utf8(&digits)
            .ok()
            .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
            .and_then(|digits| u8::from_str_radix(digits, 16).ok())?;
        if value.is_ascii_alphanumeric() || matches!(value, b'-' | b'.' | b'_' | b'~') {
            out.push(value);
        } else {
            out.push(b'%');
            out.extend_from_slice(&digits);
        }
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use super::same_place;

    const HERE: &str = "https://id.example/realms/a%20b/protocol/openid-connect/token";

    #[test]
    fn spelling_does_not_count() {
        for address in [
            HERE,
            "HTTPS://ID.example/realms/a%20b/protocol/openid-connect/token",
            "https://id.example:443/realms/a%20b/protocol/openid-connect/token",
            "https://id.example/realms/%61%20b/protocol/openid%2Dconnect/token",
            "https://id.example/realms/a%20b/protocol/openid-connect/token?x=1#y",
            "https://id.example/realms/a%20b/protocol/openid-connect/token#y?x",
        ] {
            assert!(same_place(address, HERE), "{address}");
        }
    }

    #[test]
    fn anything_else_is_another_place() {
        for address in [
            "",
            "token",
            "/realms/a%20b/protocol/openid-connect/token",
            "http://id.example/realms/a%20b/protocol/openid-connect/token",
            "https://id.example:8443/realms/a%20b/protocol/openid-connect/token",
            "https://id.example:80/realms/a%20b/protocol/openid-connect/token",
            "https://user@id.example/realms/a%20b/protocol/openid-connect/token",
            "https://id.example/realms/a%20b/protocol/openid-connect/token/",
            "https://id.example/realms/A%20b/protocol/openid-connect/token",
            "https://id.example/realms/a b/protocol/openid-connect/token",
            "https://id.example/realms/a%2/protocol/openid-connect/token",
            "https://id.example/realms/a%+0b/protocol/openid-connect/token",
            "https://id.example/x/../realms/a%20b/protocol/openid-connect/token",
            "https://id.example/realms/a%20b%2Fprotocol/openid-connect/token",
        ] {
            assert!(!same_place(address, HERE), "{address}");
        }
        assert!(!same_place("ftp://a/b", "ftp://a/b"));
        assert!(!same_place("nothing", "nothing"));
    }
}
