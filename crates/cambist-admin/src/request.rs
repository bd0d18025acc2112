//! One call, as plain values.

use bytes::Bytes;
use cambist::moment::Timestamp;
use cambist_keycloak::{ImportError, Loss, Members, Report};
use http::{HeaderMap, Method, StatusCode, header};
use serde_json::Value;

use crate::answer::Failure;

/// One call below `/admin/realms`.
#[derive(Clone, Debug)]
pub struct AdminRequest {
    /// The method.
    pub method: Method,
    /// The path as it came, percent-encoded, from `/admin` on.
    pub path: String,
    /// The query as it came, without the question mark.
    pub query: Option<String>,
    /// The headers; `Authorization`, `Content-Type` and `Accept` count.
    pub headers: HeaderMap,
    /// The body, bounded by whoever read it.
    pub body: Bytes,
    /// Scheme and authority of the server, such as `http://localhost:8080`; `Location` begins with it.
    pub base: String,
    /// When it is judged.
    pub now: Timestamp,
}

impl AdminRequest {
    /// The bearer token (RFC 6750 section 2.1).
    pub(crate) fn bearer(&self) -> Option<&str> {
        let value = self.headers.get(header::AUTHORIZATION)?.to_str().ok()?;
        let (scheme, token) = value.split_once(' ')?;
        scheme
            .eq_ignore_ascii_case("bearer")
            .then(|| token.trim())
            .filter(|token| !token.is_empty())
    }

    /// The parts of the path after `/admin/realms`, decoded; one slash at the end is passed over. `None` for
    /// any other path, and for broken percent-encoding.
    pub(crate) fn segments(&self) -> Option<Vec<String>> {
        let rest = self.path.strip_prefix("/admin/realms")?;
        let rest = match rest.strip_prefix('/') {
            None if rest.is_empty() => return Some(Vec::new()),
            None => return None,
            Some(rest) => rest.strip_suffix('/').unwrap_or(rest),
        };
        if rest.is_empty() {
            return Some(Vec::new());
        }
        rest.split('/').map(percent_decoded).collect()
    }

    /// Whether an answer in JSON is wanted.
    pub(crate) fn accepts_json(&self) -> bool {
        let mut any = false;
        for value in self.headers.get_all(header::ACCEPT) {
            let Ok(value) = value.to_str() else { continue };
            for range in value.split(',') {
                any = true;
                let kind = range.split(';').next().unwrap_or_default().trim();
                if ["*/*", "application/*", "application/json"]
                    .iter()
                    .any(|wanted| kind.eq_ignore_ascii_case(wanted))
                {
                    return true;
                }
            }
        }
        !any
    }

    /// The query.
    pub(crate) fn query(&self) -> Query {
        let text = self.query.as_deref().unwrap_or_default();
        Query(
            form_urlencoded::parse(text.as_bytes())
                .into_owned()
                .collect(),
        )
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Result<Value, Failure> {
        let kind = self
            .headers
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok());
        let is_json = kind
            .and_then(|kind| kind.split(';').next())
            .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"));
        if !is_json {
            return Err(Failure::Error {
                status: StatusCode::UNSUPPORTED_MEDIA_TYPE,
                error: "The content-type header value did not match the value in @Consumes"
                    .to_owned(),
                description: None,
            });
        }
        if self.body.is_empty() {
            return Err(Failure::internal());
        }
        match serde_json::from_slice(&self.body) {
            Ok(Value::Null) => Err(Failure::internal()),
            Ok(value) => Ok(value),
            Err(_) => Err(Failure::Error {
                status: StatusCode::BAD_REQUEST,
                error: "invalid_request".to_owned(),
                description: Some("Cannot parse the JSON".to_owned()),
            }),
        }
    }

    /// The body as one object.
    pub(crate) fn members(&self) -> Result<Members, Failure> {
        Ok(Members::new("", self.json()?)?)
    }

    /// The body as a list of objects.
    pub(crate) fn list(&self) -> Result<Vec<Members>, Failure> {
        Ok(Members::list("", self.json()?)?)
    }

    /// Reads the body as one object of this representation; an unknown member is refused.
    pub(crate) fn read<T>(
        &self,
        representation: &str,
        read: impl FnOnce(Members, &mut Report) -> Result<T, ImportError>,
    ) -> Result<T, Failure> {
        let mut report = Report::default();
        let thing = read(self.members()?, &mut report)?;
        self.check_known(&report, representation)?;
        Ok(thing)
    }

    /// Refuses what Keycloak's representation does not have.
    pub(crate) fn check_known(&self, report: &Report, representation: &str) -> Result<(), Failure> {
        let Some(unknown) = report
            .entries()
            .iter()
            .find(|entry| entry.what == Loss::Unknown)
        else {
            return Ok(());
        };
        let (above, member) = unknown.path.rsplit_once('.').unwrap_or(("", &unknown.path));
        let representation = if above.contains("protocolMappers") {
            "ProtocolMapperRepresentation"
        } else if above.contains("credentials") {
            "CredentialRepresentation"
        } else {
            representation
        };
        let (line, column) = after_value(&self.body, member);
        Err(Failure::bad(format!(
            "Invalid json representation for {representation}. Unrecognized field \"{member}\" at line {line} column \
             {column}."
        )))
    }
}

/// The query of a call.
#[derive(Clone, Debug)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(other, _)| other == name)
            .map(|(_, value)| value.as_str())
    }

    /// Java's reading of a flag: `true` in any letter case, anything else is false.
    pub(crate) fn flag(&self, name: &str) -> Option<bool> {
        self.text(name)
            .map(|text| text.eq_ignore_ascii_case("true"))
    }

    pub(crate) fn is_on(&self, name: &str) -> bool {
        self.flag(name).unwrap_or(false)
    }

    /// `first` and `max`; a negative one counts as left out.
    pub(crate) fn page(&self) -> cambist_store::Page {
        let number = |name| self.text(name).and_then(|text| text.parse::<u64>().ok());
        cambist_store::Page {
            first: number("first").unwrap_or(0),
            max: number("max"),
        }
    }

    /// The part of a list that `first` and `max` ask for.
    pub(crate) fn paged<T>(&self, items: impl IntoIterator<Item = T>) -> Vec<T> {
        let page = self.page();
        let bounded = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        items
            .into_iter()
            .skip(bounded(page.first))
            .take(page.max.map_or(usize::MAX, bounded))
            .collect()
    }
}

/// Decodes `%XX` (RFC 3986 section 2.1).
fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
            let (high, low) = (digit(bytes.next())?, digit(bytes.next())?);
            decoded.push(u8::try_from(high.checked_mul(16)?.checked_add(low)?).ok()?);
        } else {
            decoded.push(byte);
        }
    }
    String::from_utf8(decoded).ok()
}

/// Encodes what a path segment must not hold as it is (RFC 3986 section 3.3).
pub(crate) fn percent_encoded(segment: &str) -> String {
    use std::fmt::Write;

    let mut encoded = String::with_capacity(segment.len());
    for byte in segment.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _infallible = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// Where Keycloak's parser stands when it meets a member it does not know: behind a number or a word, behind
/// the first character of anything else. Lines and columns count from 1.
fn after_value(body: &[u8], member: &str) -> (usize, usize) {
    let text = String::from_utf8_lossy(body);
    let name = Value::from(member).to_string();
    let position = text.match_indices(&name).find_map(|(start, found)| {
        let after = text.get(start.checked_add(found.len())?..)?;
        let value = after.trim_start().strip_prefix(':')?.trim_start();
        let scalar = value
            .find(|c: char| !(c.is_ascii_alphanumeric() || "+-.".contains(c)))
            .unwrap_or(value.len());
        let behind = value.get(scalar.max(1)..)?;
        text.len().checked_sub(behind.len())
    });
    let before = position
        .and_then(|position| text.get(..position))
        .unwrap_or_default();
    let line = before.matches('\n').count().saturating_add(1);
    let column = before
        .rsplit('\n')
        .next()
        .unwrap_or_default()
        .len()
        .saturating_add(1);
    (line, column)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use cambist::moment::Timestamp;
    use http::{HeaderMap, HeaderValue, Method};

    use super::{AdminRequest, after_value, percent_decoded, percent_encoded};

    fn request(path: &str) -> AdminRequest {
        AdminRequest {
            method: Method::GET,
            path: path.to_owned(),
            query: None,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            base: "http://x".to_owned(),
            now: Timestamp(0),
        }
    }

    #[test]
    fn paths_are_taken_apart() {
        let parts = |path: &str| request(path).segments();
        assert_eq!(parts("/admin/realms"), Some(vec![]));
        assert_eq!(parts("/admin/realms/"), Some(vec![]));
        assert_eq!(
            parts("/admin/realms/a%20b/roles/x%2Fy/"),
            Some(vec!["a b".into(), "roles".into(), "x/y".into()])
        );
        assert_eq!(parts("/admin/realmsx"), None);
        assert_eq!(parts("/admin/realms/%zz"), None);
    }

    #[test]
    fn the_column_is_the_one_keycloak_names() {
        assert_eq!(
            after_value(
                br#"{"clientId": "lamp", "noSuchMember": 1}"#,
                "noSuchMember"
            ),
            (1, 39)
        );
        assert_eq!(after_value(b"{\n \"x\": {}}", "x"), (2, 8));
        assert_eq!(after_value(b"", "x"), (1, 1));
    }

    #[test]
    fn bearer_tokens_are_found() {
        let mut call = request("/admin/realms");
        assert_eq!(call.bearer(), None);
        call.headers
            .insert("authorization", HeaderValue::from_static("Basic YQ=="));
        assert_eq!(call.bearer(), None);
        call.headers
            .insert("authorization", HeaderValue::from_static("bearer abc"));
        assert_eq!(call.bearer(), Some("abc"));
    }

    #[test]
    fn json_is_accepted_unless_something_else_is_asked_for() {
        let mut call = request("/admin/realms");
        assert!(call.accepts_json());
        for (value, good) in [
            ("application/xml", false),
            ("*/*", true),
            ("text/html;q=0.9, application/json;q=0.1", true),
            ("application/json, text/plain, */*", true),
        ] {
            call.headers
                .insert("accept", HeaderValue::from_str(value).unwrap());
            assert_eq!(call.accepts_json(), good, "{value}");
        }
    }

    #[test]
    fn percent_encoding_round_trips() {
        assert_eq!(percent_encoded("a b/ü"), "a%20b%2F%C3%BC");
        assert_eq!(percent_decoded("a%20b%2F%C3%BC").as_deref(), Some("a b/ü"));
        assert_eq!(percent_decoded("%4"), None);
        assert_eq!(percent_decoded("%ff"), None);
    }
}
