//! `ClientRepresentation`.

use cambist::{
    realm::document::{ClientDocument, ClientGrant, SecretSource},
    secret::Secret,
};

use crate::{
    client_scope::merge_attributes,
    error::{ImportError, Report},
    mapper,
    members::Members,
    writer::{Json, Writer},
};

/// Switch of the standard exchange.
pub const STANDARD_EXCHANGE: &str = "standard.token.exchange.enabled";
/// Switch of the JWT authorization grant.
pub const JWT_GRANT: &str = "oauth2.jwt.authorization.grant.enabled";

/// Attribute of a client whose tokens are bound to the key of a DPoP proof.
pub const DPOP_BOUND: &str = "dpop.bound.access.tokens";

const DROPPED: &[&str] = &[
    "access",
    "authenticationFlowBindingOverrides",
    "authorizationSettings",
    "clientTemplate",
    "defaultRoles",
    "directGrantsOnly",
    "nodeReRegistrationTimeout",
    "origin",
    "registeredNodes",
    "registrationAccessToken",
    "type",
    "useTemplateConfig",
    "useTemplateMappers",
    "useTemplateScope",
];

/// Reads a client: enabled, confidential, authorization code allowed unless it says otherwise, and the
/// permission-based exchange always allowed, because in Keycloak the target decides. The permission store in
/// `authorizationSettings` is left to [`crate::authorization`].
///
/// # Errors
///
/// [`ImportError`] for a wrong type or a missing `clientId`.
pub fn read(mut members: Members, report: &mut Report) -> Result<ClientDocument, ImportError> {
    let id = members.required_text("clientId")?;
    let says_full_scope = members.has("fullScopeAllowed");
    let says_origins = members.has("webOrigins");
    let mut client = ClientDocument::named(id);
    client.grants = vec![ClientGrant::AuthorizationCode, ClientGrant::TokenExchange];
    apply(&mut client, members, report)?;
    if !says_full_scope {
        client.full_scope_allowed = !client.consent_required;
    }
    // Keycloak gives a new client the origins of its redirect addresses, unless it names its own.
    if !says_origins {
        let mut origins: Vec<String> = client
            .redirect_uris
            .iter()
            .filter_map(|address| origin(address))
            .collect();
        origins.sort_unstable();
        origins.dedup();
        client.web_origins = origins;
    }
    Ok(client)
}

/// Lays what `members` says over a client; what it leaves out stays, attributes are merged, lists replaced.
///
/// # Errors
///
/// [`ImportError`] for a wrong type.
pub fn apply(
    client: &mut ClientDocument,
    mut members: Members,
    report: &mut Report,
) -> Result<(), ImportError> {
    if let Some(id) = members.text("clientId")?.filter(|id| !id.is_empty()) {
        client.id = id;
    }
    if let Some(uuid) = members.text("id")? {
        client.uuid = Some(uuid);
    }
    for (member, target) in [
        ("name", &mut client.name),
        ("description", &mut client.description),
        ("rootUrl", &mut client.root_url),
        ("baseUrl", &mut client.base_url),
        ("adminUrl", &mut client.admin_url),
    ] {
        if let Some(text) = members.text(member)? {
            *target = Some(text).filter(|text| !text.is_empty());
        }
    }
    for (member, target) in [
        ("enabled", &mut client.enabled),
        (
            "alwaysDisplayInConsole",
            &mut client.always_display_in_console,
        ),
        ("publicClient", &mut client.public),
        ("bearerOnly", &mut client.bearer_only),
        ("fullScopeAllowed", &mut client.full_scope_allowed),
        ("consentRequired", &mut client.consent_required),
        ("surrogateAuthRequired", &mut client.surrogate_auth_required),
        ("frontchannelLogout", &mut client.frontchannel_logout),
        (
            "authorizationServicesEnabled",
            &mut client.authorization_services,
        ),
    ] {
        if let Some(flag) = members.flag(member)? {
            *target = flag;
        }
    }
    for (member, grant) in [
        ("standardFlowEnabled", ClientGrant::AuthorizationCode),
        ("implicitFlowEnabled", ClientGrant::Implicit),
        ("directAccessGrantsEnabled", ClientGrant::Password),
        ("serviceAccountsEnabled", ClientGrant::ClientCredentials),
    ] {
        if let Some(flag) = members.flag(member)? {
            set_grant(client, grant, flag);
        }
    }
    for (member, target) in [
        ("protocol", &mut client.protocol),
        ("clientAuthenticatorType", &mut client.authenticator),
    ] {
        if let Some(text) = members.text(member)?.filter(|text| !text.is_empty()) {
            *target = text;
        }
    }
    if let Some(secret) = members.text("secret")? {
        client.secret = Some(SecretSource::Text(Secret::new(secret)));
    }
    if let Some(seconds) = members.integer("notBefore")? {
        client.not_before = seconds;
    }
    for (member, target) in [
        ("redirectUris", &mut client.redirect_uris),
        ("webOrigins", &mut client.web_origins),
    ] {
        if let Some(list) = members.texts(member)? {
            *target = list;
        }
    }
    // Keycloak takes all scopes away as soon as one of the two lists is given.
    let (default, optional) = (
        members.texts("defaultClientScopes")?,
        members.texts("optionalClientScopes")?,
    );
    if default.is_some() || optional.is_some() {
        client.default_scopes = Some(default.unwrap_or_default());
        client.optional_scopes = Some(optional.unwrap_or_default());
    }
    if let Some(mappers) = mapper::read_list(&mut members, "protocolMappers", report)? {
        client.mappers = mappers;
    }
    merge_attributes(&mut client.attributes, &mut members)?;
    // Whoever writes the attribute says how it is from now on.
    client.dpop_bound &= !client.attributes.contains_key(DPOP_BOUND);
    grants_from_attributes(client);
    members.finish(DROPPED, report);
    Ok(())
}

/// A client in Keycloak's form. Scope lists are written as far as the client has its own; the permission store
/// is not written.
#[must_use]
pub fn to_json(client: &ClientDocument) -> Json {
    let grants = |grant| client.grants.contains(&grant);
    let secret = match &client.secret {
        Some(SecretSource::Text(secret)) => Some(secret.expose().to_owned()),
        _ => None,
    };
    let mut attributes = client.attributes.clone();
    if client.dpop_bound {
        attributes.insert(DPOP_BOUND.into(), "true".into());
    }
    Writer::new()
        .with_some("id", client.uuid.clone())
        .with("clientId", client.id.clone())
        .with_some("name", client.name.clone())
        .with_some("description", client.description.clone())
        .with_some("rootUrl", client.root_url.clone())
        .with_some("adminUrl", client.admin_url.clone())
        .with_some("baseUrl", client.base_url.clone())
        .with("surrogateAuthRequired", client.surrogate_auth_required)
        .with("enabled", client.enabled)
        .with("alwaysDisplayInConsole", client.always_display_in_console)
        .with("clientAuthenticatorType", client.authenticator.clone())
        .with_some("secret", secret)
        .with("redirectUris", client.redirect_uris.clone())
        .with("webOrigins", client.web_origins.clone())
        .with("notBefore", client.not_before)
        .with("bearerOnly", client.bearer_only)
        .with("consentRequired", client.consent_required)
        .with(
            "standardFlowEnabled",
            grants(ClientGrant::AuthorizationCode),
        )
        .with("implicitFlowEnabled", grants(ClientGrant::Implicit))
        .with("directAccessGrantsEnabled", grants(ClientGrant::Password))
        .with(
            "serviceAccountsEnabled",
            grants(ClientGrant::ClientCredentials),
        )
        .with_true(
            "authorizationServicesEnabled",
            client.authorization_services,
        )
        .with("publicClient", client.public)
        .with("frontchannelLogout", client.frontchannel_logout)
        .with("protocol", client.protocol.clone())
        .with_texts("attributes", &attributes)
        .with("fullScopeAllowed", client.full_scope_allowed)
        .with_list(
            "protocolMappers",
            client.mappers.iter().map(mapper::to_json).collect(),
        )
        .with_some("defaultClientScopes", client.default_scopes.clone())
        .with_some("optionalClientScopes", client.optional_scopes.clone())
        .into()
}

/// Whether an attribute is the text `true`, in any letter case.
#[must_use]
pub fn is_on(client: &ClientDocument, attribute: &str) -> bool {
    client
        .attributes
        .get(attribute)
        .is_some_and(|text| text.eq_ignore_ascii_case("true"))
}

/// Scheme, host and port of a web address.
fn origin(address: &str) -> Option<String> {
    let (scheme, rest) = address.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?;
    (matches!(scheme, "http" | "https") && !host.is_empty()).then(|| format!("{scheme}://{host}"))
}

fn grants_from_attributes(client: &mut ClientDocument) {
    let (standard, jwt) = (is_on(client, STANDARD_EXCHANGE), is_on(client, JWT_GRANT));
    set_grant(client, ClientGrant::StandardTokenExchange, standard);
    set_grant(client, ClientGrant::JwtBearer, jwt);
}

fn set_grant(client: &mut ClientDocument, grant: ClientGrant, allowed: bool) {
    client.grants.retain(|other| *other != grant);
    if allowed {
        client.grants.push(grant);
        client.grants.sort_unstable();
    }
}

#[cfg(test)]
mod tests {
    use cambist::realm::document::ClientGrant;
    use serde_json::json;

    use super::{apply, read, to_json};
    use crate::{error::Report, members::Members};

    fn client(value: serde_json::Value) -> cambist::realm::document::ClientDocument {
        read(Members::new("c", value).unwrap(), &mut Report::default()).unwrap()
    }

    #[test]
    fn a_name_is_enough() {
        let client = client(json!({"clientId": "lamp"}));
        assert!(client.enabled && client.full_scope_allowed && !client.public);
        assert_eq!(
            client.grants,
            [ClientGrant::AuthorizationCode, ClientGrant::TokenExchange]
        );
        assert!(client.default_scopes.is_none());
    }

    /// A binding is not lost on the way out and back, and may be taken away.
    #[test]
    fn tokens_that_are_bound_stay_bound() {
        let mut bound = client(json!({"clientId": "lamp"}));
        bound.dpop_bound = true;
        let written = to_json(&bound);
        let written = serde_json::to_value(&written).unwrap();
        assert_eq!(written["attributes"]["dpop.bound.access.tokens"], "true");
        let back = client(written);
        assert_eq!(back.attributes["dpop.bound.access.tokens"], "true");
        let off = json!({"attributes": {"dpop.bound.access.tokens": "false"}});
        apply(
            &mut bound,
            Members::new("c", off).unwrap(),
            &mut Report::default(),
        )
        .unwrap();
        assert!(!bound.dpop_bound);
    }

    #[test]
    fn consent_narrows_the_full_scope_unless_said_otherwise() {
        assert!(!client(json!({"clientId": "a", "consentRequired": true})).full_scope_allowed);
        assert!(
            client(json!({"clientId": "a", "consentRequired": true, "fullScopeAllowed": true}))
                .full_scope_allowed
        );
    }

    #[test]
    fn the_standard_exchange_is_switched_by_an_attribute_in_any_letter_case() {
        let mut it = client(
            json!({"clientId": "a", "attributes": {"standard.token.exchange.enabled": "TRUE"}}),
        );
        assert!(it.grants.contains(&ClientGrant::StandardTokenExchange));
        let off = json!({"attributes": {"standard.token.exchange.enabled": false}});
        apply(
            &mut it,
            Members::new("c", off).unwrap(),
            &mut Report::default(),
        )
        .unwrap();
        assert!(!it.grants.contains(&ClientGrant::StandardTokenExchange));
        assert!(it.grants.contains(&ClientGrant::TokenExchange));
    }

    #[test]
    fn origins_follow_the_redirect_addresses_unless_named() {
        let redirects = json!([
            "http://a.example:8080/*",
            "https://u@b.example/x",
            "/relative",
            "app://c"
        ]);
        let derived = client(json!({"clientId": "a", "redirectUris": redirects}));
        assert_eq!(
            derived.web_origins,
            ["http://a.example:8080", "https://b.example"]
        );
        let named = client(json!({"clientId": "a", "redirectUris": redirects, "webOrigins": []}));
        assert!(named.web_origins.is_empty());
    }

    #[test]
    fn one_scope_list_empties_the_other() {
        let it = client(json!({"clientId": "a", "defaultClientScopes": ["profile"]}));
        assert_eq!(it.optional_scopes.as_deref(), Some(&[][..]));
    }

    #[test]
    fn what_is_written_is_read_again() {
        let written = to_json(&client(json!({
            "id": "1", "clientId": "a", "secret": "s", "redirectUris": ["http://x/*"], "notBefore": 7,
            "serviceAccountsEnabled": true, "attributes": {"k": "v"}, "bearerOnly": false
        })));
        assert_eq!(to_json(&client(written.clone().into())), written);
    }
}
