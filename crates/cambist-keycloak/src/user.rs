//! `UserRepresentation`.

use std::collections::BTreeMap;

use cambist::{
    facts::FederatedIdentity,
    realm::document::{RoleNames, UserDocument},
    secret::Secret,
};

use crate::{
    credential,
    error::{ImportError, Report},
    members::Members,
    role,
    writer::{Json, Writer},
};

/// Members that only an answer carries.
const DERIVED: &[&str] = &[
    "self",
    "access",
    "totp",
    "disableableCredentialTypes",
    "userProfileMetadata",
    "origin",
];

const DROPPED: &[&str] = &[
    "createdTimestamp",
    "federationLink",
    "applicationRoles",
    "socialLinks",
    "verifiableCredentials",
];

/// Reads a user. `enabled` left out means disabled; names and e-mail addresses are kept in small letters.
///
/// # Errors
///
/// [`ImportError`] for a wrong type or a missing name.
pub fn read(mut members: Members, report: &mut Report) -> Result<UserDocument, ImportError> {
    let mut user = UserDocument {
        username: members.required_text("username")?.to_lowercase(),
        id: members.text("id")?,
        enabled: members.flag("enabled")?.unwrap_or(false),
        email: members
            .text("email")?
            .map(|email| email.to_lowercase())
            .filter(|email| !email.is_empty()),
        email_verified: members.flag("emailVerified")?.unwrap_or(false),
        first_name: members.text("firstName")?,
        last_name: members.text("lastName")?,
        password: None,
        credential: None,
        roles: role::read_given(&mut members)?.unwrap_or_default(),
        groups: members.texts("groups")?.unwrap_or_default(),
        organizations: Vec::new(),
        attributes: members.value_map("attributes")?.unwrap_or_default(),
        required_actions: members.texts("requiredActions")?.unwrap_or_default(),
        not_before: members.integer("notBefore")?.unwrap_or(0),
        service_account_of: members.text("serviceAccountClientId")?,
        federated_identities: read_links(&mut members, report)?,
        consents: read_consents(&mut members, report)?,
    };
    for credential in members.objects("credentials")?.unwrap_or_default() {
        credential::read(&mut user, credential, report)?;
    }
    for derived in DERIVED {
        members.value(derived);
    }
    members.finish(DROPPED, report);
    Ok(user)
}

/// A user in Keycloak's form, credentials included.
#[must_use]
pub fn to_json(user: &UserDocument) -> Json {
    let links = user.federated_identities.iter().map(link_to_json).collect();
    let consents = user
        .consents
        .iter()
        .map(|(client, scopes)| {
            Writer::new()
                .with("clientId", client.clone())
                .with("grantedClientScopes", scopes.clone())
                .into()
        })
        .collect();
    let writer = Writer::new()
        .with_some("id", user.id.clone())
        .with("username", user.username.clone())
        .with("enabled", user.enabled)
        .with_some("email", user.email.clone())
        .with("emailVerified", user.email_verified)
        .with_some("firstName", user.first_name.clone())
        .with_some("lastName", user.last_name.clone())
        .with_some("serviceAccountClientId", user.service_account_of.clone())
        .with_list("credentials", credential::to_json(user))
        .with("requiredActions", user.required_actions.clone())
        .with("notBefore", user.not_before)
        .with("groups", user.groups.clone())
        .with_list("federatedIdentities", links)
        .with_list("clientConsents", consents);
    let writer = if user.attributes.is_empty() {
        writer
    } else {
        writer.with_lists("attributes", &user.attributes)
    };
    let RoleNames { realm, clients } = &user.roles;
    let writer = if realm.is_empty() {
        writer
    } else {
        writer.with("realmRoles", realm.clone())
    };
    if clients.is_empty() {
        writer.into()
    } else {
        writer.with_lists("clientRoles", clients).into()
    }
}

/// Reads a link to an identity provider.
///
/// # Errors
///
/// [`ImportError`] for a wrong type, a missing provider or user id.
pub fn read_link(
    mut members: Members,
    report: &mut Report,
) -> Result<FederatedIdentity, ImportError> {
    let link = FederatedIdentity {
        provider: members.required_text("identityProvider")?,
        user_id: members.required_text("userId")?,
        username: members.text("userName")?.unwrap_or_default(),
        token: members.text("token")?.map(Secret::new),
    };
    members.finish(&[], report);
    Ok(link)
}

/// A link to an identity provider in Keycloak's form, without the provider's token.
#[must_use]
pub fn link_to_json(link: &FederatedIdentity) -> Json {
    Writer::new()
        .with("identityProvider", link.provider.clone())
        .with("userId", link.user_id.clone())
        .with("userName", link.username.clone())
        .into()
}

fn read_links(
    members: &mut Members,
    report: &mut Report,
) -> Result<Vec<FederatedIdentity>, ImportError> {
    members
        .objects("federatedIdentities")?
        .unwrap_or_default()
        .into_iter()
        .map(|link| read_link(link, report))
        .collect()
}

fn read_consents(
    members: &mut Members,
    report: &mut Report,
) -> Result<BTreeMap<String, Vec<String>>, ImportError> {
    let mut consents = BTreeMap::new();
    for mut consent in members.objects("clientConsents")?.unwrap_or_default() {
        let client = consent.required_text("clientId")?;
        consents.insert(
            client,
            consent.texts("grantedClientScopes")?.unwrap_or_default(),
        );
        consent.finish(
            &["createdDate", "lastUpdatedDate", "grantedRealmRoles"],
            report,
        );
    }
    Ok(consents)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{read, to_json};
    use crate::{error::Report, members::Members};

    #[test]
    fn a_user_comes_back_as_it_was() {
        let json = json!({
            "id": "1", "username": "ann", "enabled": true, "email": "ann@shop.example", "emailVerified": true,
            "firstName": "Ann", "lastName": "Example", "requiredActions": [], "notBefore": 0,
            "groups": ["/staff"], "attributes": {"k": ["v"]}, "realmRoles": ["buyer"],
            "clientRoles": {"stock": ["read"]},
            "credentials": [{"type": "password", "value": "x", "temporary": false}],
            "federatedIdentities": [{"identityProvider": "p", "userId": "u", "userName": "n"}],
            "clientConsents": [{"clientId": "till", "grantedClientScopes": ["profile"]}]
        });
        let mut report = Report::default();
        let user = read(Members::new("u", json.clone()).unwrap(), &mut report).unwrap();
        assert_eq!(report.entries(), []);
        assert_eq!(to_json(&user), json);
    }

    #[test]
    fn a_user_is_disabled_and_in_small_letters_unless_said_otherwise() {
        let user = read(
            Members::new("u", json!({"username": "LAMP", "email": "A@B.c"})).unwrap(),
            &mut Report::default(),
        )
        .unwrap();
        assert!(!user.enabled);
        assert_eq!(
            (user.username.as_str(), user.email.as_deref()),
            ("lamp", Some("a@b.c"))
        );
    }
}
