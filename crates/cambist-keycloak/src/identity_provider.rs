//! `IdentityProviderRepresentation`.

use cambist::realm::document::{Attributes, IdentityProviderDocument};

use crate::{
    error::{ImportError, Report},
    mapper,
    members::Members,
    writer::{Json, Writer},
};

/// What an answer shows in place of a secret.
pub const MASK: &str = "**********";

const DROPPED: &[&str] = &[
    "addReadTokenRoleOnCreate",
    "authenticateByDefault",
    "firstBrokerLoginFlowAlias",
    "hideOnLogin",
    "organizationId",
    "postBrokerLoginFlowAlias",
    "types",
    "updateProfileFirstLogin",
    "updateProfileFirstLoginMode",
];

/// Reads an identity provider.
///
/// # Errors
///
/// [`ImportError`] for a wrong type, a missing alias or kind.
pub fn read(
    mut members: Members,
    report: &mut Report,
) -> Result<IdentityProviderDocument, ImportError> {
    let mut provider = IdentityProviderDocument {
        alias: members.required_text("alias")?,
        id: members.text("internalId")?,
        kind: members.required_text("providerId")?,
        display_name: None,
        enabled: true,
        store_token: false,
        trust_email: false,
        link_only: false,
        config: Attributes::new(),
        mappers: Vec::new(),
    };
    apply(&mut provider, members, report)?;
    Ok(provider)
}

/// Lays what `members` says over a provider; what it leaves out stays. The configuration is replaced, but a
/// masked secret keeps the one there.
///
/// # Errors
///
/// [`ImportError`] for a wrong type.
pub fn apply(
    provider: &mut IdentityProviderDocument,
    mut members: Members,
    report: &mut Report,
) -> Result<(), ImportError> {
    if let Some(alias) = members.text("alias")?.filter(|alias| !alias.is_empty()) {
        provider.alias = alias;
    }
    if let Some(id) = members.text("internalId")? {
        provider.id = Some(id);
    }
    if let Some(kind) = members.text("providerId")?.filter(|kind| !kind.is_empty()) {
        provider.kind = kind;
    }
    if let Some(name) = members.text("displayName")? {
        provider.display_name = Some(name);
    }
    for (member, target) in [
        ("enabled", &mut provider.enabled),
        ("storeToken", &mut provider.store_token),
        ("trustEmail", &mut provider.trust_email),
        ("linkOnly", &mut provider.link_only),
    ] {
        if let Some(flag) = members.flag(member)? {
            *target = flag;
        }
    }
    if let Some(config) = members.text_map("config")? {
        let mut next = mapper::present(config);
        for (name, text) in &mut next {
            if text == MASK
                && let Some(kept) = provider.config.get(name)
            {
                text.clone_from(kept);
            }
        }
        provider.config = next;
    }
    members.finish(DROPPED, report);
    Ok(())
}

/// An identity provider in Keycloak's form, secrets included. Mappers are a list of their own.
#[must_use]
pub fn to_json(provider: &IdentityProviderDocument) -> Json {
    Writer::new()
        .with("alias", provider.alias.clone())
        .with_some("displayName", provider.display_name.clone())
        .with_some("internalId", provider.id.clone())
        .with("providerId", provider.kind.clone())
        .with("enabled", provider.enabled)
        .with_true("trustEmail", provider.trust_email)
        .with_true("storeToken", provider.store_token)
        .with_true("linkOnly", provider.link_only)
        .with_texts("config", &provider.config)
        .into()
}

/// The same with its secret masked, as answers and partial exports show it.
#[must_use]
pub fn to_masked_json(provider: &IdentityProviderDocument) -> Json {
    let mut masked = provider.clone();
    if let Some(secret) = masked.config.get_mut("clientSecret") {
        MASK.clone_into(secret);
    }
    to_json(&masked)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{apply, read, to_json, to_masked_json};
    use crate::{error::Report, members::Members, writer::Json};

    #[test]
    fn a_masked_secret_keeps_the_one_there() {
        let json = json!({"alias": "p", "internalId": "1", "providerId": "oidc", "enabled": true,
                          "config": {"clientId": "x", "clientSecret": "hidden"}});
        let mut report = Report::default();
        let mut provider = read(Members::new("p", json.clone()).unwrap(), &mut report).unwrap();
        assert_eq!(to_json(&provider), json);
        let masked = to_masked_json(&provider);
        let secret = masked
            .get("config")
            .and_then(|config| config.get("clientSecret"));
        assert_eq!(secret.and_then(Json::as_str), Some("**********"));
        apply(
            &mut provider,
            Members::new("p", masked.into()).unwrap(),
            &mut report,
        )
        .unwrap();
        assert_eq!(to_json(&provider), json);
    }
}
