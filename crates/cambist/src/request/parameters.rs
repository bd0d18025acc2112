//! The parameters of a token request, typed as far as every grant shares them.

use alloc::{borrow::Cow, boxed::Box, string::String};

use super::{Form, RequestError};
use crate::{limits::RequestLimits, scan};

/// A grant, by the value of `grant_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GrantType(&'static str);

impl GrantType {
    /// RFC 6749 section 4.3.
    pub const PASSWORD: Self = Self("password");
    /// RFC 6749 section 4.4.
    pub const CLIENT_CREDENTIALS: Self = Self("client_credentials");
    /// RFC 6749 section 6.
    pub const REFRESH_TOKEN: Self = Self("refresh_token");
    /// RFC 8693.
    pub const TOKEN_EXCHANGE: Self = Self("urn:ietf:params:oauth:grant-type:token-exchange");

    /// RFC 7523 section 2.1.
    pub const JWT_BEARER: Self = Self("urn:ietf:params:oauth:grant-type:jwt-bearer");

    /// RFC 6749 section 4.1; always refused here.
    pub const AUTHORIZATION_CODE: Self = Self("authorization_code");

    /// RFC 8628; always refused here.
    pub const DEVICE_CODE: Self = Self("urn:ietf:params:oauth:grant-type:device_code");

    /// User-managed access; always refused here.
    pub const UMA_TICKET: Self = Self("urn:ietf:params:oauth:grant-type:uma-ticket");

    /// A grant of an embedder's own.
    #[must_use]
    pub const fn new(value: &'static str) -> Self {
        Self(value)
    }

    /// The value of `grant_type`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

/// Parameters of the protocol that hold no token. Credentials and unknown parameters are bounded by the
/// body alone.
fn is_measured(name: &str) -> bool {
    matches!(
        name,
        "scope"
            | "audience"
            | "resource"
            | "requested_token_type"
            | "subject_token_type"
            | "actor_token_type"
            | "subject_issuer"
            | "requested_issuer"
            | "requested_subject"
            | "refresh_token"
            | "code"
            | "code_verifier"
            | "redirect_uri"
            | "nonce"
            | "state"
            | "device_code"
    )
}

/// Parameters that hold a token.
fn holds_token(name: &str) -> bool {
    matches!(name, "subject_token" | "actor_token" | "assertion")
}

/// The parameters of one request.
///
/// Keycloak takes control characters (and the literal texts `%00` to `%1F` and `%7F`) out of every form
/// value at the token endpoint before it looks at it; so does this, in [`Parameters::value`].
#[derive(Clone, Debug)]
pub struct Parameters {
    form: Form,
}

impl Parameters {
    /// Takes a form over.
    #[must_use]
    pub const fn new(form: Form) -> Self {
        Self { form }
    }

    /// The form as it came.
    #[must_use]
    pub const fn form(&self) -> &Form {
        &self.form
    }

    /// The first value under this name, control characters taken out. An empty value is a value.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<Cow<'_, str>> {
        self.form.first(name).map(cleaned)
    }

    /// All values under this name, control characters taken out.
    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = Cow<'a, str>> {
        self.form.all(name).map(cleaned)
    }

    /// The first value under this name as it came, for credentials.
    #[must_use]
    pub fn raw(&self, name: &str) -> Option<&str> {
        self.form.first(name)
    }

    /// Checks that no parameter occurs twice, except those that may, and that every value keeps within
    /// its limit.
    ///
    /// # Errors
    ///
    /// The first parameter that breaks the rule; repetition is told before length.
    pub fn check(&self, repeatable: &[&str], limits: &RequestLimits) -> Result<(), RequestError> {
        for (place, (name, _)) in self.form.pairs().enumerate() {
            if !repeatable.contains(&name)
                && self
                    .form
                    .pairs()
                    .take(place)
                    .any(|(earlier, _)| earlier == name)
            {
                return Err(RequestError::Duplicated(name.into()));
            }
        }
        for (name, value) in self.form.pairs() {
            let limit = if holds_token(name) {
                limits.token
            } else if is_measured(name) {
                limits.value
            } else {
                continue;
            };
            // Bytes bound characters from above, so most values are not counted.
            if value.len() > limit {
                let length = value.chars().count();
                if length > limit {
                    return Err(RequestError::TooLong {
                        name: Box::from(name),
                        length,
                        limit,
                    });
                }
            }
        }
        for name in ["audience", "resource"] {
            if self.form.all(name).count() > limits.targets {
                return Err(RequestError::TooManyTargets {
                    name,
                    limit: limits.targets,
                });
            }
        }
        Ok(())
    }
}

fn cleaned(value: &str) -> Cow<'_, str> {
    let suspicious = |byte| byte < 0x20 || byte == 0x7f || byte == b'%';
    if !scan::any(value.as_bytes(), suspicious) {
        return Cow::Borrowed(value);
    }
    let mut out = String::with_capacity(value.len());
    let mut rest = value;
    while let Some(character) = rest.chars().next() {
        let skip = if character.is_ascii_control() {
            1
        } else if character == '%' && is_control_escape(rest) {
            3
        } else {
            out.push(character);
            character.len_utf8()
        };
        rest = rest.get(skip..).unwrap_or_default();
    }
    Cow::Owned(out)
}

/// `%00` to `%1F` and `%7F`, left over after decoding.
fn is_control_escape(text: &str) -> bool {
    let Some(digits) = text.get(1..3) else {
        return false;
    };
    u8::from_str_radix(digits, 16).is_ok_and(|value| value < 0x20 || value == 0x7f)
}

#[cfg(test)]
mod tests {
    use alloc::{borrow::Cow, format};

    use super::{Parameters, cleaned};
    use crate::{
        limits::RequestLimits,
        request::{Form, RequestError},
    };

    fn parameters(body: &str) -> Parameters {
        Parameters::new(Form::parse(body.as_bytes(), 1_000_000, 1_000).unwrap())
    }

    #[test]
    fn control_characters_are_taken_out() {
        // endpoint/control-*: `grant_type=pass%00word` works.
        assert_eq!(cleaned("pass\0word"), "password");
        assert_eq!(cleaned("pass%00word%1F%7f"), "password");
        assert_eq!(cleaned("a%20b%zz%"), "a%20b%zz%");
        assert_eq!(cleaned("tab\tline\r\n"), "tabline");
        assert!(matches!(cleaned("plain"), Cow::Borrowed("plain")));
    }

    #[test]
    fn only_listed_names_may_repeat() {
        let limits = RequestLimits::default();
        let twice = parameters("audience=a&audience=b&scope=x");
        assert_eq!(twice.check(&["audience"], &limits), Ok(()));
        assert_eq!(
            twice.check(&[], &limits),
            Err(RequestError::Duplicated("audience".into()))
        );
        let equal = parameters("scope=x&scope=x");
        assert_eq!(
            equal.check(&["audience"], &limits),
            Err(RequestError::Duplicated("scope".into()))
        );
    }

    #[test]
    fn lengths_hold_at_the_limit_and_one_beyond() {
        let limits = RequestLimits::default();
        for (name, limit) in [("scope", limits.value), ("subject_token", limits.token)] {
            let at = parameters(&format!("{name}={}", "a".repeat(limit)));
            assert_eq!(at.check(&[], &limits), Ok(()));
            let beyond = parameters(&format!("{name}={}", "a".repeat(limit + 1)));
            assert_eq!(
                beyond.check(&[], &limits),
                Err(RequestError::TooLong {
                    name: name.into(),
                    length: limit + 1,
                    limit
                })
            );
        }
        for name in ["password", "unknown"] {
            let long = parameters(&format!("{name}={}", "a".repeat(60_000)));
            assert_eq!(long.check(&[], &limits), Ok(()));
        }
    }
}
