//! Settings of a client's tokens: from attributes, which are texts, to values.

use alloc::{borrow::ToOwned, boxed::Box, string::String, vec::Vec};

use super::Notes;
use crate::{
    crypto::Algorithm,
    realm::{
        Profile,
        client::{
            ClientTokenSettings, EXCHANGE_ADDS_AUDIENCES, EXCHANGE_ADDS_ROLES,
            EXCHANGE_ADDS_SCOPES, ExchangeAdds, ExchangeRefresh,
        },
        document::{Attributes, ClientDocument, RealmDocument},
        error::{At, RealmError, RealmProblem},
    },
};

/// Longest lifetime, in seconds; Keycloak counts in 32 bits.
pub(super) const MAX_LIFESPAN: i64 = i32::MAX as i64;

/// As long as the session may last.
const SESSION_MAX: i64 = -1;

pub(super) fn read(
    at: &At<'_>,
    realm: &RealmDocument,
    client: &ClientDocument,
    notes: &mut Notes,
) -> Result<ClientTokenSettings, RealmError> {
    if client.attributes.is_empty() {
        return Ok(ClientTokenSettings {
            dpop_bound: client.dpop_bound,
            ..ClientTokenSettings::default()
        });
    }
    let mut reader = Reader {
        at: at.member("attributes"),
        realm,
        client,
        attributes: &client.attributes,
        notes,
        fault: None,
        id_token_fault: None,
    };
    reader.read()
}

struct Reader<'r> {
    at: At<'r>,
    realm: &'r RealmDocument,
    client: &'r ClientDocument,
    attributes: &'r Attributes,
    notes: &'r mut Notes,
    fault: Option<&'static str>,
    id_token_fault: Option<&'static str>,
}

impl Reader<'_> {
    fn read(&mut self) -> Result<ClientTokenSettings, RealmError> {
        let sessions = &self.realm.sessions;
        let offline_max = sessions.offline_max_enabled.then_some(sessions.offline_max);
        let mut settings = ClientTokenSettings {
            access_token_lifespan: self.seconds("access.token.lifespan", SESSION_MAX, None)?,
            session_idle: self.seconds("client.session.idle.timeout", 0, Some(sessions.idle))?,
            session_max: self.seconds("client.session.max.lifespan", 0, Some(sessions.max))?,
            offline_session_idle: self.seconds(
                "client.offline.session.idle.timeout",
                0,
                Some(sessions.offline_idle),
            )?,
            offline_session_max: self.seconds(
                "client.offline.session.max.lifespan",
                0,
                offline_max,
            )?,
            use_refresh_tokens: self.flag("use.refresh.tokens", true)?,
            client_credentials_refresh_token: self
                .flag("client_credentials.use_refresh_token", false)?,
            lower_case_bearer: self.flag("token.response.type.bearer.lower-case", false)?,
            rfc9068_header: self.flag("access.token.header.type.rfc9068", false)?,
            lightweight: self.flag("client.use.lightweight.access.token.enabled", false)?,
            access_token_algorithm: self.algorithm("access.token.signed.response.alg", false)?,
            id_token_algorithm: self.algorithm("id.token.signed.response.alg", true)?,
            introspect_without_audience: self
                .flag("allow.token.introspection.without.audience.check", false)?,
            dpop_bound: self.flag("dpop.bound.access.tokens", self.client.dpop_bound)?
                || self.client.dpop_bound,
            certificate_bound: self.flag("tls.client.certificate.bound.access.tokens", false)?,
            exchange_refresh: self.exchange_refresh()?,
            exchange_adds: ExchangeAdds {
                scopes: self.names(EXCHANGE_ADDS_SCOPES),
                audiences: self.names(EXCHANGE_ADDS_AUDIENCES),
                roles: self.names(EXCHANGE_ADDS_ROLES),
            },
            acr_levels: self.acr_levels()?,
            fault: None,
            id_token_fault: None,
        };
        settings.fault = self.fault;
        settings.id_token_fault = self.id_token_fault;
        Ok(settings)
    }

    /// The value of an attribute. Keycloak takes an empty one for absent.
    fn value(&self, key: &'static str) -> Option<&str> {
        let value = self.attributes.get(key)?;
        let absent = value.trim().is_empty() && self.realm.profile == Profile::Keycloak;
        (!absent).then_some(value)
    }

    fn seconds(
        &mut self,
        key: &'static str,
        least: i64,
        realm_limit: Option<i64>,
    ) -> Result<Option<i64>, RealmError> {
        let Some(text) = self.value(key) else {
            return Ok(None);
        };
        let text = text.to_owned();
        let at = self.at;
        let client = || self.client.id.clone();
        let Ok(value) = text.parse::<i64>() else {
            let problem = RealmProblem::NotANumber {
                client: client(),
                attribute: key,
                value: text,
            };
            return self.unreadable(at.member(key).error(problem), key);
        };
        if !(least..=MAX_LIFESPAN).contains(&value) {
            let problem = RealmProblem::OutOfRange {
                value,
                least,
                most: MAX_LIFESPAN,
            };
            return self.unreadable(at.member(key).error(problem), key);
        }
        if let Some(limit) = realm_limit
            && value > limit
        {
            let client = client();
            let problem = RealmProblem::BeyondRealm {
                client,
                attribute: key,
                value,
                limit,
            };
            self.notes.tolerate(at.member(key).error(problem))?;
        }
        Ok(Some(value))
    }

    fn unreadable<T>(
        &mut self,
        error: RealmError,
        key: &'static str,
    ) -> Result<Option<T>, RealmError> {
        self.notes.tolerate(error)?;
        self.fault.get_or_insert(key);
        Ok(None)
    }

    fn flag(&mut self, key: &'static str, default: bool) -> Result<bool, RealmError> {
        read_flag(&self.at, self.attributes, key, default, self.notes)
    }

    fn algorithm(
        &mut self,
        key: &'static str,
        id_token: bool,
    ) -> Result<Option<Algorithm>, RealmError> {
        let Some(name) = self.value(key) else {
            return Ok(None);
        };
        if let Some(algorithm) = Algorithm::from_name(name) {
            return Ok(Some(algorithm));
        }
        let problem = unknown_algorithm(name);
        self.notes.tolerate(self.at.member(key).error(problem))?;
        let fault = if id_token {
            &mut self.id_token_fault
        } else {
            &mut self.fault
        };
        fault.get_or_insert(key);
        Ok(None)
    }

    /// Names with blanks between.
    fn names(&self, key: &'static str) -> Box<[Box<str>]> {
        let text = self.value(key).unwrap_or_default();
        text.split_ascii_whitespace().map(Box::from).collect()
    }

    fn exchange_refresh(&mut self) -> Result<ExchangeRefresh, RealmError> {
        let key = "standard.token.exchange.enableRefreshRequestedTokenType";
        match self.value(key) {
            None | Some("NO") => Ok(ExchangeRefresh::No),
            Some("SAME_SESSION") => Ok(ExchangeRefresh::SameSession),
            Some(other) => {
                let problem = RealmProblem::NotOneOf {
                    value: other.to_owned(),
                    allowed: "NO, SAME_SESSION".into(),
                };
                self.notes.tolerate(self.at.member(key).error(problem))?;
                Ok(ExchangeRefresh::No)
            }
        }
    }

    fn acr_levels(&mut self) -> Result<Vec<(i64, Box<str>)>, RealmError> {
        let key = "acr.loa.map";
        let Some(text) = self.value(key) else {
            return Ok(Vec::new());
        };
        if let Some(levels) = acr_levels(text) {
            return Ok(levels);
        }
        let problem = RealmProblem::Shape {
            expected: "a JSON object of whole numbers by name, such as {\"silver\":1}",
        };
        self.notes.tolerate(self.at.member(key).error(problem))?;
        Ok(Vec::new())
    }
}

/// Levels by name, the numbers as numbers or texts, from the lowest level up.
fn acr_levels(text: &str) -> Option<Vec<(i64, Box<str>)>> {
    let map: serde_json::Map<String, serde_json::Value> = serde_json::from_str(text).ok()?;
    let mut levels = Vec::with_capacity(map.len());
    for (name, level) in map {
        let level = match &level {
            serde_json::Value::String(text) => text.parse().ok()?,
            other => other.as_i64()?,
        };
        levels.push((level, name.into_boxed_str()));
    }
    levels.sort();
    Some(levels)
}

/// A switch: `true` or `false` in any letter case. Any other text counts as off for Keycloak; in profile
/// `strict` it is refused.
pub(super) fn read_flag(
    at: &At<'_>,
    attributes: &Attributes,
    key: &'static str,
    default: bool,
    notes: &mut Notes,
) -> Result<bool, RealmError> {
    let Some(value) = attributes.get(key) else {
        return Ok(default);
    };
    if value.eq_ignore_ascii_case("true") {
        return Ok(true);
    }
    if !value.eq_ignore_ascii_case("false") {
        let problem = RealmProblem::NotOneOf {
            value: value.clone(),
            allowed: "true, false".into(),
        };
        notes.tolerate(at.member(key).error(problem))?;
    }
    Ok(false)
}

pub(super) fn unknown_algorithm(name: &str) -> RealmProblem {
    RealmProblem::NotOneOf {
        value: name.to_owned(),
        allowed: Algorithm::ALL.map(Algorithm::name).join(", ").into(),
    }
}

#[cfg(test)]
mod tests {
    use super::acr_levels;

    #[test]
    fn levels_are_read_as_numbers_and_as_texts() {
        let levels = acr_levels(r#"{"gold":2,"silver":"1"}"#).unwrap();
        assert_eq!(levels, [(1, "silver".into()), (2, "gold".into())]);
        assert_eq!(acr_levels("{}"), Some([].into()));
        for wrong in ["", "[]", r#"{"a":"x"}"#, r#"{"a":1.5}"#, r#"{"a":null}"#] {
            assert_eq!(acr_levels(wrong), None, "{wrong}");
        }
    }
}
