//! Client credentials as presented.

use alloc::{borrow::ToOwned, boxed::Box, string::String};

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::Form;
use crate::secret::Secret;

/// Who the client says it is and what it shows for it. Nothing is verified yet.
///
/// Keycloak lays the body over the `Authorization` header member by member: an id or a secret in the body
/// counts before the one in the header (recorded in the area `client-auth`). The registered method decides
/// later what is looked at.
#[derive(Clone, Debug, Default)]
pub struct PresentedCredentials {
    /// `client_id`.
    pub client_id: Option<Box<str>>,
    /// `client_secret`.
    pub secret: Option<Secret>,
    /// The secret in the header as it stands, where it differs when form-decoded. RFC 6749 section 2.3.1
    /// wants it encoded; curl and others send it raw.
    pub raw_secret: Option<Secret>,
    /// `client_assertion` (RFC 7521 section 4.2).
    pub assertion: Option<Box<str>>,
    /// `client_assertion_type`.
    pub assertion_type: Option<Box<str>>,
    /// The header is `Basic` but cannot be read.
    pub unreadable: bool,
    /// The header is `Basic`, and the body names another client than it does.
    pub two_clients: bool,
    /// How many credentials there are: a `Basic` header, a secret in the body, an assertion.
    pub shown: usize,
}

impl PresentedCredentials {
    /// Reads header and form.
    #[must_use]
    pub fn read(authorization: Option<&str>, form: &Form) -> Self {
        let header = authorization.and_then(basic);
        let given = |name| form.first(name).is_some_and(|value| !value.is_empty());
        let shown = [
            header.is_some(),
            given("client_secret"),
            given("client_assertion"),
        ];
        let mut presented = header.unwrap_or_default();
        presented.shown = shown.into_iter().filter(|shown| *shown).count();
        if let Some(id) = form.first("client_id") {
            let named = presented.client_id.as_deref();
            presented.two_clients = named.is_some_and(|named| *named != *id);
            presented.client_id = Some(id.into());
        }
        if let Some(secret) = form.first("client_secret") {
            presented.secret = Some(Secret::new(secret));
            presented.raw_secret = None;
        }
        presented.assertion = form.first("client_assertion").map(Into::into);
        presented.assertion_type = form.first("client_assertion_type").map(Into::into);
        presented
    }
}

/// RFC 7617, with the parts form-encoded as RFC 6749 section 2.3.1 says.
fn basic(header: &str) -> Option<PresentedCredentials> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let unreadable = PresentedCredentials {
        unreadable: true,
        ..PresentedCredentials::default()
    };
    let Some(text) = STANDARD
        .decode(encoded.trim())
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
    else {
        return Some(unreadable);
    };
    let Some((id, secret)) = text.split_once(':') else {
        return Some(unreadable);
    };
    let Some(decoded_id) = form_decoded(id) else {
        return Some(unreadable);
    };
    Some(match form_decoded(secret) {
        Some(decoded) => PresentedCredentials {
            client_id: Some(decoded_id.into()),
            raw_secret: (decoded != secret).then(|| Secret::new(secret)),
            secret: Some(Secret::new(decoded)),
            ..PresentedCredentials::default()
        },
        None => PresentedCredentials {
            client_id: Some(decoded_id.into()),
            raw_secret: Some(Secret::new(secret)),
            ..PresentedCredentials::default()
        },
    })
}

fn form_decoded(text: &str) -> Option<String> {
    // A part may hold `&` and `=` literally, which a form could not.
    if !text.contains(['%', '+']) {
        return Some(text.to_owned());
    }
    let escaped = text.replace('&', "%26").replace('=', "%3D");
    let form = Form::parse(escaped.as_bytes(), escaped.len(), 1).ok()?;
    form.pairs().next().map(|(name, _)| name.to_owned())
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use base64::{Engine as _, engine::general_purpose::STANDARD};

    use super::PresentedCredentials;
    use crate::request::Form;

    fn read(header: Option<&str>, body: &str) -> PresentedCredentials {
        let header = header.map(|plain| format!("Basic {}", STANDARD.encode(plain)));
        PresentedCredentials::read(
            header.as_deref(),
            &Form::parse(body.as_bytes(), 1_000, 10).unwrap(),
        )
    }

    #[test]
    fn body_lies_over_header_member_by_member() {
        let both = read(Some("a:one"), "client_id=b");
        assert_eq!(both.client_id.as_deref(), Some("b"));
        assert_eq!(both.secret.unwrap().expose(), "one");
        let both = read(Some("a:one"), "client_secret=two");
        assert_eq!(both.client_id.as_deref(), Some("a"));
        assert_eq!(both.secret.unwrap().expose(), "two");
    }

    #[test]
    fn t022_both_dialects_of_basic_are_read() {
        let encoded = read(Some("a:one%2Btwo"), "");
        assert_eq!(encoded.secret.unwrap().expose(), "one+two");
        assert_eq!(encoded.raw_secret.unwrap().expose(), "one%2Btwo");
        let raw = read(Some("a:100%"), "");
        assert!(raw.secret.is_none());
        assert_eq!(raw.raw_secret.unwrap().expose(), "100%");
        let colon = read(Some("a:b:c=&d"), "");
        assert_eq!(colon.secret.unwrap().expose(), "b:c=&d");
    }

    #[test]
    fn t022_what_is_no_basic_is_marked_or_passed_over() {
        let form = Form::default();
        assert!(PresentedCredentials::read(Some("Basic ***"), &form).unreadable);
        assert!(PresentedCredentials::read(Some("Basic YQ=="), &form).unreadable);
        assert!(
            PresentedCredentials::read(Some("Bearer abc"), &form)
                .client_id
                .is_none()
        );
    }
}
