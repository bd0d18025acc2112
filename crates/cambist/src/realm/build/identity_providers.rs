//! Identity providers: their settings read, their keys made ready, their mappers found.

use alloc::{boxed::Box, string::ToString, sync::Arc, vec::Vec};

use super::{BuildOptions, IdSource, Notes, Unique, assertion_rules, check_count, check_name};
use crate::{
    jose::{JwkSet, JwkSetLimits},
    outside::{IssuerKeys, IssuerKeysError},
    realm::{
        Profile,
        document::{IdentityProviderDocument, RealmDocument},
        error::{At, RealmError, RealmProblem},
        identity_provider::{IdentityProvider, ProviderKeys, ProviderTrust, SyncMode},
    },
    subject::IdentityMapping,
};

/// Most seconds by which a provider's clock may be ahead.
const MAX_SKEW: i64 = 3_600;

pub(super) fn build(
    document: &RealmDocument,
    ids: &IdSource<'_>,
    options: &BuildOptions<'_>,
    notes: &mut Notes,
) -> Result<Vec<IdentityProvider>, RealmError> {
    let list = At::Root("identity_providers");
    let documents = &document.identity_providers;
    check_count(&list, documents.len())?;
    let mut aliases = Unique::new("identity provider", &list, "alias", documents.len());
    let mut unique_ids = Unique::new("internal id", &list, "id", documents.len());
    documents
        .iter()
        .enumerate()
        .map(|(place, provider)| {
            let item = list.item(place);
            check_name(&item.member("alias"), &provider.alias)?;
            aliases.add(place, provider.alias.as_str())?;
            let id = ids.provider(provider);
            check_name(&item.member("id"), &id)?;
            unique_ids.add(place, id.clone())?;
            let trust = trust(&item, provider, options, notes)?;
            let assertion_rules =
                assertion_rules::of_provider(&item, provider, &trust.keys, notes)?;
            let client_assertion_rules =
                assertion_rules::for_clients(&item, provider, &trust, notes)?;
            Ok(IdentityProvider {
                id: id.into(),
                alias: provider.alias.as_str().into(),
                kind: provider.kind.as_str().into(),
                enabled: provider.enabled,
                store_token: provider.store_token,
                trust_email: provider.trust_email,
                link_only: provider.link_only,
                sync: setting(provider, "syncMode")
                    .and_then(SyncMode::from_name)
                    .unwrap_or_default(),
                trust,
                mappings: mappings(&item, provider, notes)?,
                config: provider.config.clone(),
                assertion_rules,
                client_assertion_rules,
            })
        })
        .collect()
}

fn setting<'d>(document: &'d IdentityProviderDocument, name: &str) -> Option<&'d str> {
    document
        .config
        .get(name)
        .map(|value| value.trim())
        .filter(|value| !value.is_empty())
}

fn is_on(document: &IdentityProviderDocument, name: &str) -> bool {
    setting(document, name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
}

fn list(document: &IdentityProviderDocument, name: &str) -> Vec<Box<str>> {
    let text = setting(document, name).unwrap_or_default();
    text.split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(Box::from)
        .collect()
}

fn trust(
    at: &At<'_>,
    document: &IdentityProviderDocument,
    options: &BuildOptions<'_>,
    notes: &mut Notes,
) -> Result<ProviderTrust, RealmError> {
    let at = at.member("config");
    // Whoever writes a document by hand and says nothing wants signatures checked.
    let signature = match setting(document, "validateSignature") {
        None => notes.profile == Profile::Strict,
        Some(value) => value.eq_ignore_ascii_case("true"),
    };
    let user_info = setting(document, "userInfoUrl")
        .filter(|_| !is_on(document, "disableUserInfo"))
        .map(Arc::from);
    if let Some(url) = &user_info {
        check_address(&at, "userInfoUrl", url, notes)?;
    }
    let skew = match setting(document, "allowedClockSkew").map(str::parse) {
        None => 0,
        Some(Ok(seconds @ 0..=MAX_SKEW)) => seconds,
        Some(_) => {
            let problem = RealmProblem::Shape {
                expected: "a number of seconds up to 3600",
            };
            notes.tolerate(at.member("allowedClockSkew").error(problem))?;
            0
        }
    };
    let mut audiences = list(document, "audiences");
    audiences.extend(setting(document, "clientId").map(Box::from));
    Ok(ProviderTrust {
        issuers: list(document, "issuer"),
        audiences,
        signature,
        keys: keys(&at, document, options, notes)?,
        user_info,
        access_tokens_are_jwts: is_on(document, "isAccessTokenJWT"),
        type_claim: !is_on(document, "disableTypeClaimCheck"),
        skew,
        hosted_domains: list(document, "hostedDomain"),
    })
}

fn keys(
    at: &At<'_>,
    document: &IdentityProviderDocument,
    options: &BuildOptions<'_>,
    notes: &mut Notes,
) -> Result<ProviderKeys, RealmError> {
    const PEM: &str = "publicKeySignatureVerifier";
    let by_url = match setting(document, "useJwksUrl") {
        Some(value) => value.eq_ignore_ascii_case("true"),
        None => notes.profile == Profile::Strict && setting(document, PEM).is_none(),
    };
    if by_url {
        return match setting(document, "jwksUrl") {
            Some(url) => {
                check_address(at, "jwksUrl", url, notes)?;
                Ok(ProviderKeys::At(url.into()))
            }
            None => Ok(ProviderKeys::None),
        };
    }
    let Some(text) = setting(document, PEM) else {
        return Ok(ProviderKeys::None);
    };
    let key_id = setting(document, "publicKeySignatureVerifierKeyId");
    let read = if text.starts_with('{') {
        JwkSet::parse(text, &JwkSetLimits::DEFAULT)
            .map(|set| IssuerKeys::of(&set, options.provider))
            .map_err(IssuerKeysError::from)
    } else {
        IssuerKeys::pem(text, key_id, options.provider)
    };
    match read {
        Ok(keys) => Ok(ProviderKeys::Inline(Arc::new(keys))),
        Err(error) => {
            let problem = match error {
                IssuerKeysError::Set(reason) => RealmProblem::KeySet(reason),
                IssuerKeysError::Key(reason) => RealmProblem::Key(reason),
            };
            notes.tolerate(at.member(PEM).error(problem))?;
            Ok(ProviderKeys::None)
        }
    }
}

/// Nothing but HTTP is ever spoken. Which hosts may be asked is for whoever asks to say.
pub(super) fn check_address(
    at: &At<'_>,
    name: &'static str,
    url: &str,
    notes: &mut Notes,
) -> Result<(), RealmError> {
    if url.starts_with("https://") || url.starts_with("http://") {
        return Ok(());
    }
    let problem = RealmProblem::Shape {
        expected: "an address that begins with https://",
    };
    notes.tolerate(at.member(name).error(problem))
}

fn mappings(
    at: &At<'_>,
    document: &IdentityProviderDocument,
    notes: &mut Notes,
) -> Result<Vec<IdentityMapping>, RealmError> {
    let list = at.member("mappers");
    let mut mappings = Vec::with_capacity(document.mappers.len());
    for (place, mapper) in document.mappers.iter().enumerate() {
        match IdentityMapping::build(mapper) {
            Ok(mapping) => mappings.push(mapping),
            Err(error) => {
                let problem = RealmProblem::Unknown {
                    what: "identity provider mapper",
                    name: error.to_string(),
                };
                notes.tolerate(list.item(place).member("kind").error(problem))?;
            }
        }
    }
    Ok(mappings)
}
