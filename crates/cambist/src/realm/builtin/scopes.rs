//! The client scopes of a new realm, as Keycloak 26.7 makes them.

use alloc::{borrow::ToOwned, string::String, vec, vec::Vec};

use super::OFFLINE_ACCESS;
use crate::realm::{
    document::{Attributes, ClientScopeDocument, MapperDocument, RoleNames},
    features::{Feature, Features},
};

/// The scope of clients with a service account.
pub const SERVICE_ACCOUNT: &str = "service_account";

const OPENID_CONNECT: &str = "openid-connect";
const SAML: &str = "saml";

const ACCESS: u8 = 1;
const ID: u8 = 2;
const USERINFO: u8 = 4;
const INTROSPECTION: u8 = 8;
const EVERYWHERE: u8 = ACCESS | ID | USERINFO | INTROSPECTION;

const ATTRIBUTE: &str = "oidc-usermodel-attribute-mapper";
const PROPERTY: &str = "oidc-usermodel-property-mapper";
const NOTE: &str = "oidc-usersessionmodel-note-mapper";

/// Names of the scopes that a client of a new realm has by default.
#[must_use]
pub fn default_names() -> Vec<String> {
    [
        "role_list",
        "saml_organization",
        "profile",
        "email",
        "roles",
        "web-origins",
        "acr",
        "basic",
    ]
    .map(ToOwned::to_owned)
    .into()
}

/// Names of the scopes that a client of a new realm may ask for.
#[must_use]
pub fn optional_names() -> Vec<String> {
    [
        OFFLINE_ACCESS,
        "address",
        "phone",
        "microprofile-jwt",
        "organization",
    ]
    .map(ToOwned::to_owned)
    .into()
}

/// All client scopes of a new realm.
#[must_use]
pub fn all(features: Features) -> Vec<ClientScopeDocument> {
    let mut scopes = vec![
        offline_access(),
        profile(),
        email(),
        address(),
        phone(),
        roles(),
        web_origins(),
        microprofile_jwt(),
        acr(),
        basic(),
        service_account(),
        organization(),
        saml_roles(),
        saml_organization(),
    ];
    if features.has(Feature::TokenExchangeDelegation) {
        scopes.push(delegation());
    }
    scopes
}

/// The scope `offline_access`, bound to the role of the same name.
#[must_use]
pub fn offline_access() -> ClientScopeDocument {
    let mut scope = scope(
        OFFLINE_ACCESS,
        "OpenID Connect built-in scope: offline_access",
        &[
            ("consent.screen.text", "${offlineAccessScopeConsentText}"),
            ("display.on.consent.screen", "true"),
        ],
        Vec::new(),
    );
    scope.scope_mappings = RoleNames {
        realm: vec![OFFLINE_ACCESS.to_owned()],
        ..RoleNames::default()
    };
    scope
}

fn profile() -> ClientScopeDocument {
    let attribute =
        |name, attribute, claim| user_value(name, ATTRIBUTE, attribute, claim, "String");
    scope(
        "profile",
        "OpenID Connect built-in scope: profile",
        &shown("${profileScopeConsentText}"),
        vec![
            mapper("full name", "oidc-full-name-mapper", EVERYWHERE, &[]),
            attribute("family name", "lastName", "family_name"),
            attribute("given name", "firstName", "given_name"),
            attribute("middle name", "middleName", "middle_name"),
            attribute("nickname", "nickname", "nickname"),
            attribute("username", "username", "preferred_username"),
            attribute("profile", "profile", "profile"),
            attribute("picture", "picture", "picture"),
            attribute("website", "website", "website"),
            attribute("gender", "gender", "gender"),
            attribute("birthdate", "birthdate", "birthdate"),
            attribute("zoneinfo", "zoneinfo", "zoneinfo"),
            attribute("locale", "locale", "locale"),
            user_value("updated at", ATTRIBUTE, "updatedAt", "updated_at", "long"),
        ],
    )
}

fn email() -> ClientScopeDocument {
    scope(
        "email",
        "OpenID Connect built-in scope: email",
        &shown("${emailScopeConsentText}"),
        vec![
            user_value("email", ATTRIBUTE, "email", "email", "String"),
            user_value(
                "email verified",
                PROPERTY,
                "emailVerified",
                "email_verified",
                "boolean",
            ),
        ],
    )
}

fn address() -> ClientScopeDocument {
    let parts = [
        ("user.attribute.formatted", "formatted"),
        ("user.attribute.street", "street"),
        ("user.attribute.locality", "locality"),
        ("user.attribute.region", "region"),
        ("user.attribute.postal_code", "postal_code"),
        ("user.attribute.country", "country"),
    ];
    scope(
        "address",
        "OpenID Connect built-in scope: address",
        &shown("${addressScopeConsentText}"),
        vec![mapper("address", "oidc-address-mapper", EVERYWHERE, &parts)],
    )
}

fn phone() -> ClientScopeDocument {
    scope(
        "phone",
        "OpenID Connect built-in scope: phone",
        &shown("${phoneScopeConsentText}"),
        vec![
            user_value(
                "phone number",
                ATTRIBUTE,
                "phoneNumber",
                "phone_number",
                "String",
            ),
            user_value(
                "phone number verified",
                ATTRIBUTE,
                "phoneNumberVerified",
                "phone_number_verified",
                "boolean",
            ),
        ],
    )
}

fn roles() -> ClientScopeDocument {
    let role_mapper = |name, kind, claim| {
        mapper(
            name,
            kind,
            ACCESS | INTROSPECTION,
            &[
                ("user.attribute", "foo"),
                ("claim.name", claim),
                ("jsonType.label", "String"),
                ("multivalued", "true"),
            ],
        )
    };
    scope(
        "roles",
        "OpenID Connect scope for add user roles to the access token",
        &[
            ("include.in.token.scope", "false"),
            ("display.on.consent.screen", "true"),
            ("consent.screen.text", "${rolesScopeConsentText}"),
        ],
        vec![
            role_mapper(
                "realm roles",
                "oidc-usermodel-realm-role-mapper",
                "realm_access.roles",
            ),
            role_mapper(
                "client roles",
                "oidc-usermodel-client-role-mapper",
                "resource_access.${client_id}.roles",
            ),
            mapper(
                "audience resolve",
                "oidc-audience-resolve-mapper",
                ACCESS | INTROSPECTION,
                &[],
            ),
        ],
    )
}

fn web_origins() -> ClientScopeDocument {
    scope(
        "web-origins",
        "OpenID Connect scope for add allowed web origins to the access token",
        &[
            ("include.in.token.scope", "false"),
            ("display.on.consent.screen", "false"),
            ("consent.screen.text", ""),
        ],
        vec![mapper(
            "allowed web origins",
            "oidc-allowed-origins-mapper",
            ACCESS | INTROSPECTION,
            &[],
        )],
    )
}

fn microprofile_jwt() -> ClientScopeDocument {
    scope(
        "microprofile-jwt",
        "Microprofile - JWT built-in scope",
        &[
            ("include.in.token.scope", "true"),
            ("display.on.consent.screen", "false"),
        ],
        vec![
            user_value("upn", ATTRIBUTE, "username", "upn", "String"),
            mapper(
                "groups",
                "oidc-usermodel-realm-role-mapper",
                EVERYWHERE,
                &[
                    ("user.attribute", "foo"),
                    ("claim.name", "groups"),
                    ("jsonType.label", "String"),
                    ("multivalued", "true"),
                ],
            ),
        ],
    )
}

fn acr() -> ClientScopeDocument {
    scope(
        "acr",
        "OpenID Connect scope for add acr (authentication context class reference) to the token",
        &HIDDEN,
        vec![mapper("acr loa level", "oidc-acr-mapper", EVERYWHERE, &[])],
    )
}

fn basic() -> ClientScopeDocument {
    scope(
        "basic",
        "OpenID Connect scope for add all basic claims to the token",
        &HIDDEN,
        vec![
            note("auth_time", "AUTH_TIME", "auth_time", "long"),
            mapper("sub", "oidc-sub-mapper", ACCESS | INTROSPECTION, &[]),
        ],
    )
}

fn service_account() -> ClientScopeDocument {
    scope(
        SERVICE_ACCOUNT,
        "Specific scope for a client enabled for service accounts",
        &HIDDEN,
        vec![
            note("Client ID", "client_id", "client_id", "String"),
            note("Client Host", "clientHost", "clientHost", "String"),
            note(
                "Client IP Address",
                "clientAddress",
                "clientAddress",
                "String",
            ),
        ],
    )
}

fn organization() -> ClientScopeDocument {
    scope(
        "organization",
        "Additional claims about the organization a subject belongs to",
        &shown("${organizationScopeConsentText}"),
        vec![mapper(
            "organization",
            "oidc-organization-membership-mapper",
            EVERYWHERE,
            &[
                ("claim.name", "organization"),
                ("jsonType.label", "String"),
                ("multivalued", "true"),
            ],
        )],
    )
}

/// Made in a realm with feature `token-exchange-delegation`; no client has it unless given.
fn delegation() -> ClientScopeDocument {
    scope(
        "delegation",
        "",
        &[
            ("include.in.token.scope", "true"),
            ("display.on.consent.screen", "true"),
            ("always.display.consent", "true"),
            ("is.parameterized.scope", "true"),
            ("parameterized.scope.type", "delegation"),
        ],
        vec![mapper(
            "may_act.sub id",
            "oidc-parameterized-scope-user-property-mapper",
            ACCESS | ID | INTROSPECTION,
            &[
                ("user.attribute", "id"),
                ("claim.name", "may_act.sub"),
                ("jsonType.label", "String"),
                ("multivalued", "false"),
            ],
        )],
    )
}

fn saml_roles() -> ClientScopeDocument {
    saml_scope(
        "role_list",
        "SAML role list",
        &[
            ("consent.screen.text", "${samlRoleListScopeConsentText}"),
            ("display.on.consent.screen", "true"),
        ],
        "role list",
        "saml-role-list-mapper",
        &[
            ("single", "false"),
            ("attribute.nameformat", "Basic"),
            ("attribute.name", "Role"),
        ],
    )
}

fn saml_organization() -> ClientScopeDocument {
    saml_scope(
        "saml_organization",
        "Organization Membership",
        &[("display.on.consent.screen", "false")],
        "organization",
        "saml-organization-membership-mapper",
        &[],
    )
}

const HIDDEN: [(&str, &str); 2] = [
    ("include.in.token.scope", "false"),
    ("display.on.consent.screen", "false"),
];

fn shown(consent: &str) -> [(&str, &str); 3] {
    [
        ("include.in.token.scope", "true"),
        ("display.on.consent.screen", "true"),
        ("consent.screen.text", consent),
    ]
}

fn scope(
    name: &str,
    description: &str,
    attributes: &[(&str, &str)],
    mappers: Vec<MapperDocument>,
) -> ClientScopeDocument {
    ClientScopeDocument {
        name: name.to_owned(),
        id: None,
        description: (!description.is_empty()).then(|| description.to_owned()),
        protocol: OPENID_CONNECT.to_owned(),
        scope_mappings: RoleNames::default(),
        mappers,
        attributes: texts(attributes),
    }
}

fn saml_scope(
    name: &str,
    description: &str,
    attributes: &[(&str, &str)],
    mapper_name: &str,
    kind: &str,
    config: &[(&str, &str)],
) -> ClientScopeDocument {
    let mapper = MapperDocument {
        name: mapper_name.to_owned(),
        id: None,
        kind: kind.to_owned(),
        protocol: SAML.to_owned(),
        config: texts(config),
    };
    let mut scope = scope(name, description, attributes, vec![mapper]);
    SAML.clone_into(&mut scope.protocol);
    scope
}

/// A claim from a value of the user, written everywhere.
pub(super) fn user_value(
    name: &str,
    kind: &str,
    value: &str,
    claim: &str,
    json: &str,
) -> MapperDocument {
    mapper(
        name,
        kind,
        EVERYWHERE,
        &[
            ("user.attribute", value),
            ("claim.name", claim),
            ("jsonType.label", json),
        ],
    )
}

fn note(name: &str, note: &str, claim: &str, json: &str) -> MapperDocument {
    mapper(
        name,
        NOTE,
        EVERYWHERE,
        &[
            ("user.session.note", note),
            ("claim.name", claim),
            ("jsonType.label", json),
        ],
    )
}

pub(super) fn mapper(
    name: &str,
    kind: &str,
    targets: u8,
    config: &[(&str, &str)],
) -> MapperDocument {
    let mut config = texts(config);
    for (bit, key) in [
        (ACCESS, "access.token.claim"),
        (ID, "id.token.claim"),
        (USERINFO, "userinfo.token.claim"),
        (INTROSPECTION, "introspection.token.claim"),
    ] {
        if targets & bit != 0 {
            config.insert(key.to_owned(), "true".to_owned());
        }
    }
    MapperDocument {
        name: name.to_owned(),
        id: None,
        kind: kind.to_owned(),
        protocol: OPENID_CONNECT.to_owned(),
        config,
    }
}

pub(super) fn texts(pairs: &[(&str, &str)]) -> Attributes {
    pairs
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}
