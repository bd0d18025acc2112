//! `OrganizationRepresentation`.

use std::collections::HashMap;

use cambist::realm::{document::UserDocument, organization::OrganizationDocument};

use crate::{
    error::{ImportError, Loss, Report},
    members::Members,
    writer::{Json, Writer},
};

/// Where each user is, by login name in small letters.
#[must_use]
pub fn places(users: &[UserDocument]) -> HashMap<String, usize> {
    let named = users.iter().enumerate().rev();
    named
        .map(|(place, user)| (user.username.to_ascii_lowercase(), place))
        .collect()
}

/// Reads an organization, and notes it at the users who are its members; `places` are [theirs](places).
///
/// # Errors
///
/// [`ImportError`] for a wrong type or a missing name.
pub fn read(
    mut members: Members,
    users: &mut [UserDocument],
    places: &HashMap<String, usize>,
    report: &mut Report,
) -> Result<OrganizationDocument, ImportError> {
    let organization = OrganizationDocument {
        name: members.required_text("name")?,
        alias: members.text("alias")?.filter(|alias| !alias.is_empty()),
        id: members.text("id")?,
        enabled: members.flag("enabled")?.unwrap_or(true),
        attributes: members.value_map("attributes")?.unwrap_or_default(),
        domains: read_domains(&mut members)?,
    };
    for mut member in members.objects("members")?.unwrap_or_default() {
        let username = member.required_text("username")?;
        let place = places.get(&username.to_ascii_lowercase());
        match place.and_then(|place| users.get_mut(*place)) {
            Some(user) => user.organizations.push(organization.alias().to_owned()),
            None => report.note(member.at("username"), Loss::DanglingReference),
        }
    }
    members.finish(
        &["description", "groups", "identityProviders", "redirectUrl"],
        report,
    );
    Ok(organization)
}

fn read_domains(members: &mut Members) -> Result<Vec<String>, ImportError> {
    members
        .objects("domains")?
        .unwrap_or_default()
        .into_iter()
        .map(|mut domain| domain.required_text("name"))
        .collect()
}

/// An organization in Keycloak's form, with its members among `users`.
#[must_use]
pub fn to_json(organization: &OrganizationDocument, users: &[UserDocument]) -> Json {
    let alias = organization.alias();
    let domains: Vec<Json> = organization
        .domains
        .iter()
        .map(|name| Writer::new().with("name", name.clone()).into())
        .collect();
    let members: Vec<Json> = users
        .iter()
        .filter(|user| user.organizations.iter().any(|name| name == alias))
        .map(|user| {
            Writer::new()
                .with("username", user.username.clone())
                .with("membershipType", "UNMANAGED")
                .into()
        })
        .collect();
    Writer::new()
        .with_some("id", organization.id.clone())
        .with("name", organization.name.clone())
        .with("alias", alias)
        .with("enabled", organization.enabled)
        .with_lists("attributes", &organization.attributes)
        .with_list("domains", domains)
        .with_list("members", members)
        .into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn members_are_noted_at_the_users_and_come_back() {
        let realm = json!({
            "realm": "r", "organizationsEnabled": true,
            "users": [{"username": "ada"}, {"username": "bo"}],
            "organizations": [
                {"name": "Acme", "alias": "acme", "id": "o-1", "enabled": true,
                 "attributes": {"tier": ["gold"]}, "domains": [{"name": "acme.example"}],
                 "members": [{"username": "ada"}, {"username": "gone"}]},
                {"name": "globex", "enabled": false, "members": [{"username": "ada"}]}
            ]
        });
        let import = crate::import(&realm.to_string()).unwrap();
        let users = &import.document.users;
        assert_eq!(users[0].organizations, ["acme", "globex"]);
        assert!(users[1].organizations.is_empty());
        let losses: Vec<String> = import.not_carried.iter().map(ToString::to_string).collect();
        assert_eq!(
            losses,
            ["organizations[0].members[1].username: names what is not there"]
        );

        let users = import.document.users.clone();
        let json: serde_json::Value =
            serde_json::to_value(super::to_json(&import.document.organizations[0], &users))
                .unwrap();
        assert_eq!(
            json,
            json!({
                "id": "o-1", "name": "Acme", "alias": "acme", "enabled": true,
                "attributes": {"tier": ["gold"]}, "domains": [{"name": "acme.example"}],
                "members": [{"username": "ada", "membershipType": "UNMANAGED"}]
            })
        );
    }
}
