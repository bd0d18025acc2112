//! Reads what assertions must be from the settings of providers and clients.

use alloc::{borrow::ToOwned, boxed::Box, string::String, vec::Vec};

use hashbrown::{HashMap, hash_map::Entry};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::Notes;
use crate::{
    realm::{
        IdentityProvider,
        assertion_rules::{AssertionRules, ClientAssertions, IssuedAssertions},
        document::{Attributes, ClientDocument, IdentityProviderDocument, RealmDocument},
        error::{At, RealmError, RealmProblem},
        identity_provider::{ProviderKeys, ProviderTrust},
    },
    subject::{PRESETS, Preset},
};

/// The kind of provider that does nothing but vouch in the JWT authorization grant.
const GRANT_ONLY: &str = "jwt-authorization-grant";

/// Kinds whose assertions can be a grant.
const KINDS: [&str; 4] = [GRANT_ONLY, "oidc", "keycloak-oidc", "google"];

const ENABLED: &str = "jwtAuthorizationGrantEnabled";
const SKEW: &str = "allowedClockSkew";
const MAX_LIFE: &str = "jwtAuthorizationGrantMaxAllowedAssertionExpiration";
const DEFAULT_MAX_LIFE: i64 = 300;

/// Whether assertions of the provider may prove clients, and how long they may be good for.
const CLIENTS: &str = "supportsClientAssertions";
const CLIENT_MAX_LIFE: &str = "federatedClientAssertionMaxExpiration";

/// Longest life of an assertion that can be set, in seconds: its id is remembered as long.
const LONGEST_LIFE: i64 = 86_400;

/// Largest skew that can be set, in seconds.
const LARGEST_SKEW: i64 = 60;

const ALLOWED_PROVIDERS: &str = "oauth2.jwt.authorization.grant.idp";
const ALLOWED_AUDIENCES: &str = "oauth2.jwt.authorization.grant.audience";

/// Client attributes for ID-JAGs that are issued to it. Keycloak 26.7.3 issues none and has no names for them.
const ISSUED_FOR: &str = "cambist.id_jag.audiences";
const ISSUED_SCOPES: &str = "cambist.id_jag.scopes";
const ISSUED_CLIENT: &str = "cambist.id_jag.client_id";

/// The rules of a provider whose assertions may be a grant; `None` for any other.
pub(super) fn of_provider(
    at: &At<'_>,
    provider: &IdentityProviderDocument,
    keys: &ProviderKeys,
    notes: &mut Notes,
) -> Result<Option<AssertionRules>, RealmError> {
    let settings = Settings {
        at: at.member("config"),
        config: &provider.config,
    };
    let preset = PRESETS.into_iter().find(|one| one.kind == provider.kind);
    let known = preset.is_some() || KINDS.contains(&provider.kind.as_str());
    if !known || !settings.flag(ENABLED) {
        return Ok(None);
    }
    let reuse = settings.text("jwtAuthorizationGrantAssertionReuseAllowed");
    let max_life = settings.seconds(MAX_LIFE, 1, LONGEST_LIFE, notes)?;
    let skew = if provider.kind == GRANT_ONLY {
        "jwtAuthorizationGrantAllowedClockSkew"
    } else {
        SKEW
    };
    let skew = settings.seconds(skew, 0, LARGEST_SKEW, notes)?;
    let rules = settings.rules(preset, keys, (reuse, max_life, skew), notes)?;
    Ok(rules.map(|rules| AssertionRules {
        algorithm: settings
            .text("jwtAuthorizationGrantAssertionSignatureAlg")
            .map(Box::from),
        limits_access_token: settings.flag("jwtAuthorizationGrantLimitAccessTokenExp"),
        ..rules
    }))
}

/// The rules of a provider whose assertions may prove a client; `None` for any other. Platforms vouch for what runs
/// on them; an OpenID Connect provider does where it is said to.
pub(super) fn for_clients(
    at: &At<'_>,
    provider: &IdentityProviderDocument,
    trust: &ProviderTrust,
    notes: &mut Notes,
) -> Result<Option<AssertionRules>, RealmError> {
    let settings = Settings {
        at: at.member("config"),
        config: &provider.config,
    };
    let preset = PRESETS.into_iter().find(|one| one.kind == provider.kind);
    let said = matches!(provider.kind.as_str(), "oidc" | "keycloak-oidc")
        && settings.flag(CLIENTS)
        && trust.signature;
    if preset.is_none() && !said {
        return Ok(None);
    }
    let reuse = settings.text("supportsClientAssertionReuse");
    let max_life = settings.seconds(CLIENT_MAX_LIFE, 1, LONGEST_LIFE, notes)?;
    let skew = settings.seconds(SKEW, 0, LARGEST_SKEW, notes)?;
    settings.rules(preset, &trust.keys, (reuse, max_life, skew), notes)
}

/// The settings of one provider: texts under Keycloak's names.
struct Settings<'a> {
    at: At<'a>,
    config: &'a Attributes,
}

impl Settings<'_> {
    /// What grant and client have in common. The reuse, the longest life and the skew as they are set.
    fn rules(
        &self,
        preset: Option<&'static Preset>,
        keys: &ProviderKeys,
        set: (Option<&str>, Option<i64>, Option<i64>),
        notes: &mut Notes,
    ) -> Result<Option<AssertionRules>, RealmError> {
        let settings = self;
        let (reuse_allowed, max_life, skew) = set;
        let Some(issuer) = settings.issuer(preset, notes)? else {
            return Ok(None);
        };
        let Some(required) = settings.required(preset, notes)? else {
            return Ok(None);
        };
        let own_audience = settings
            .flag("allowClientIdAsAudience")
            .then(|| settings.text("clientId").unwrap_or_default());
        Ok(Some(AssertionRules {
            issuer: issuer.into(),
            keys: settings.keys(preset, issuer, keys, notes)?,
            max_life: max_life.unwrap_or(preset.map_or(DEFAULT_MAX_LIFE, |preset| preset.max_life)),
            clock_skew: skew.unwrap_or_default(),
            reuse_allowed: match reuse_allowed {
                Some(text) => text.eq_ignore_ascii_case("true"),
                None => preset.is_some_and(|preset| preset.reuse_allowed),
            },
            algorithm: None,
            limits_access_token: false,
            own_audience: own_audience.map(Box::from),
            preset,
            required,
            subject_claim: settings.text("subjectClaim").unwrap_or("sub").into(),
        }))
    }

    /// A text that is not blank.
    fn text(&self, name: &str) -> Option<&str> {
        let text = self.config.get(name)?.trim();
        (!text.is_empty()).then_some(text)
    }

    fn flag(&self, name: &str) -> bool {
        self.text(name)
            .is_some_and(|text| text.eq_ignore_ascii_case("true"))
    }

    /// A number of seconds. Where the profile tolerates it, one beyond the most allowed counts as that, and
    /// any other that cannot be used as not set.
    fn seconds(
        &self,
        name: &str,
        least: i64,
        most: i64,
        notes: &mut Notes,
    ) -> Result<Option<i64>, RealmError> {
        let Some(text) = self.text(name) else {
            return Ok(None);
        };
        let (problem, instead) = match text.parse() {
            Ok(value) if (least..=most).contains(&value) => return Ok(Some(value)),
            Ok(value) => {
                let problem = RealmProblem::OutOfRange { value, least, most };
                (problem, (value > most).then_some(most))
            }
            Err(_) => {
                let expected = "a whole number of seconds";
                (RealmProblem::Shape { expected }, None)
            }
        };
        notes.tolerate(self.at.member(name).error(problem))?;
        Ok(instead)
    }

    /// `iss` of the assertions. Without one that can be, the provider vouches for nobody.
    fn issuer<'s>(
        &'s self,
        preset: Option<&'static Preset>,
        notes: &mut Notes,
    ) -> Result<Option<&'s str>, RealmError> {
        let name = preset.map_or("issuer", |preset| preset.issuer_setting);
        let usual = preset.and_then(|preset| preset.issuer);
        let issuer = self.text(name).or(usual);
        let problem = match issuer {
            None => RealmProblem::Empty,
            Some(text) if preset.is_some_and(|preset| !(preset.is_issuer)(text)) => {
                RealmProblem::Shape {
                    expected: "an issuer as the provider's kind has it",
                }
            }
            Some(text) => return Ok(Some(text)),
        };
        notes.tolerate(self.at.member(name).error(problem))?;
        Ok(None)
    }

    /// What claims must be. Rules that cannot be read, or that leave open what the kind says must not be,
    /// leave a provider that vouches for nobody.
    fn required(
        &self,
        preset: Option<&'static Preset>,
        notes: &mut Notes,
    ) -> Result<Option<Map<String, Value>>, RealmError> {
        const NAME: &str = "requiredClaims";
        let required = match self.text(NAME).map(serde_json::from_str) {
            None => Map::new(),
            Some(Ok(Value::Object(members))) => members,
            Some(_) => {
                let expected = "a JSON object of claims and what they must be";
                let problem = RealmProblem::Shape { expected };
                notes.tolerate(self.at.member(NAME).error(problem))?;
                return Ok(None);
            }
        };
        let demanded = preset.map_or(&[][..], |preset| preset.demanded);
        if !demanded.is_empty() && !demanded.iter().any(|name| required.contains_key(*name)) {
            let expected = "a JSON object that names a repository or its owner";
            let problem = RealmProblem::Shape { expected };
            notes.tolerate(self.at.member(NAME).error(problem))?;
            return Ok(None);
        }
        Ok(Some(required))
    }

    /// The provider's keys; a platform publishes them, unless one is written down.
    fn keys(
        &self,
        preset: Option<&'static Preset>,
        issuer: &str,
        found: &ProviderKeys,
        notes: &mut Notes,
    ) -> Result<ProviderKeys, RealmError> {
        if !matches!(found, ProviderKeys::None) {
            return Ok(found.clone());
        }
        let name = preset.map_or("jwksUrl", |preset| preset.keys_setting);
        let usual = preset
            .and_then(|preset| preset.keys_path)
            .map(|path| [issuer, path].concat());
        let address = preset.and_then(|_| self.text(name).map(String::from).or(usual));
        let problem = match address {
            Some(url) if url.starts_with("https://") || url.starts_with("http://") => {
                return Ok(ProviderKeys::At(url.into()));
            }
            Some(_) => RealmProblem::Shape {
                expected: "an address that begins with https://",
            },
            None => RealmProblem::Empty,
        };
        notes.tolerate(self.at.member(name).error(problem))?;
        Ok(ProviderKeys::None)
    }
}

/// Which assertions a client may bring. A list that cannot be read allows none.
pub(super) fn of_client(
    at: &At<'_>,
    realm: &RealmDocument,
    client: &ClientDocument,
    notes: &mut Notes,
) -> Result<ClientAssertions, RealmError> {
    let at = at.member("attributes");
    let text = |name: &str| client.attributes.get(name).map(String::as_str);
    let providers: Vec<&str> = text(ALLOWED_PROVIDERS)
        .unwrap_or_default()
        .split("##")
        .filter(|alias| !alias.is_empty())
        .collect();
    for alias in &providers {
        if !realm
            .identity_providers
            .iter()
            .any(|one| one.alias == **alias)
        {
            let at = at.member(ALLOWED_PROVIDERS);
            notes.tolerate(at.unknown("identity provider", alias))?;
        }
    }
    let listed = text(ALLOWED_AUDIENCES).filter(|text| !text.trim().is_empty());
    let audiences: Vec<Audience> = match listed.map(serde_json::from_str) {
        None => Vec::new(),
        Some(Ok(audiences)) => audiences,
        Some(Err(_)) => {
            let problem = RealmProblem::Shape {
                expected: r#"JSON such as [{"key": "alias of a provider", "value": "audience"}]"#,
            };
            notes.tolerate(at.member(ALLOWED_AUDIENCES).error(problem))?;
            return Ok(ClientAssertions::default());
        }
    };
    Ok(ClientAssertions {
        providers: providers.into_iter().map(Box::from).collect(),
        audiences: audiences
            .into_iter()
            .map(|audience| (audience.key, audience.value))
            .collect(),
        issued: issued(client),
    })
}

fn issued(document: &ClientDocument) -> Option<IssuedAssertions> {
    let words = |name: &str| -> Box<[Box<str>]> {
        let text = document.attributes.get(name).map_or("", |text| text);
        text.split_ascii_whitespace().map(Box::from).collect()
    };
    let audiences = words(ISSUED_FOR);
    let client_id = document.attributes.get(ISSUED_CLIENT);
    (!audiences.is_empty()).then(|| IssuedAssertions {
        audiences,
        scopes: words(ISSUED_SCOPES),
        client_id: client_id
            .filter(|text| !text.is_empty())
            .map(|text| text.as_str().into()),
    })
}

#[derive(Deserialize)]
struct Audience {
    /// Alias of the provider.
    key: Box<str>,
    value: Box<str>,
}

/// The enabled providers that vouch for somebody, by issuer. Where two have the same one, the first counts.
pub(super) fn by_issuer(
    providers: &[IdentityProvider],
    notes: &mut Notes,
) -> Result<HashMap<Box<str>, usize>, RealmError> {
    let list = At::Root("identity_providers");
    let mut places: HashMap<Box<str>, usize> = HashMap::new();
    for (place, provider) in providers.iter().enumerate() {
        let Some(rules) = provider.assertion_rules().filter(|_| provider.enabled()) else {
            continue;
        };
        match places.entry(rules.issuer().into()) {
            Entry::Vacant(free) => drop(free.insert(place)),
            Entry::Occupied(taken) => {
                let first = list.item(*taken.get());
                let problem = RealmProblem::Duplicate {
                    what: "issuer",
                    name: rules.issuer().to_owned(),
                    first: first.member("config").member("issuer").path(),
                };
                let item = list.item(place);
                let config = item.member("config");
                notes.tolerate(config.member("issuer").error(problem))?;
            }
        }
    }
    Ok(places)
}
