//! `CredentialRepresentation`: a password in clear, or hashed as an export has it.

use std::collections::BTreeMap;

use cambist::{
    facts::PasswordCredential,
    moment::Timestamp,
    realm::document::{SecretSource, UserDocument},
    secret::Secret,
};
use serde_json::{Value, json};

use crate::{
    error::{ImportError, Loss, Report},
    members::{Members, wrong},
    writer::{Json, Writer},
};

/// What a user with a temporary password must do.
pub const UPDATE_PASSWORD: &str = "UPDATE_PASSWORD";

const DROPPED: &[&str] = &[
    "userLabel",
    "priority",
    "device",
    "counter",
    "period",
    "digits",
    "config",
    "federationLink",
];

/// Reads one credential into a user. Only passwords are kept, and of several the first. That one is
/// temporary is noted and changes nothing, as in Keycloak.
///
/// # Errors
///
/// [`ImportError`] for a wrong type or hashed data that is not Keycloak's JSON.
pub fn read(
    user: &mut UserDocument,
    mut members: Members,
    report: &mut Report,
) -> Result<(), ImportError> {
    let kind = members
        .text("type")?
        .unwrap_or_else(|| "password".to_owned());
    let value = members.text("value")?;
    let temporary = members.flag("temporary")?.unwrap_or(false);
    let hashed = read_hashed(&mut members)?;
    if kind != "password" || user.password.is_some() || user.credential.is_some() {
        report.note(members.path(), Loss::Dropped);
        return Ok(());
    }
    match (value, hashed) {
        (Some(value), _) => user.password = Some(SecretSource::Text(Secret::new(value))),
        (None, Some(mut credential)) => {
            credential.temporary = temporary;
            user.credential = Some(credential);
        }
        (None, None) => {
            report.note(members.path(), Loss::Dropped);
            return Ok(());
        }
    }
    if temporary {
        // As in Keycloak, where only a password set by the admin API makes its user change it.
        report.note(members.at("temporary"), Loss::NoEffect);
    }
    members.finish(DROPPED, report);
    Ok(())
}

/// The credentials of a user in Keycloak's form.
#[must_use]
pub fn to_json(user: &UserDocument) -> Vec<Json> {
    let mut list = Vec::new();
    if let Some(SecretSource::Text(password)) = &user.password {
        list.push(
            Writer::new()
                .with("type", "password")
                .with("value", password.expose())
                .with("temporary", false)
                .into(),
        );
    }
    if let Some(credential) = &user.credential {
        list.push(hashed_to_json(credential));
    }
    list
}

/// A hashed password as an export has it.
#[must_use]
pub fn hashed_to_json(credential: &PasswordCredential) -> Json {
    let parameters: serde_json::Map<String, Value> = credential
        .parameters
        .iter()
        .map(|(name, text)| (name.clone(), json!([text])))
        .collect();
    let data = json!({
        "hashIterations": credential.iterations,
        "algorithm": credential.algorithm,
        "additionalParameters": parameters,
    });
    let secret =
        json!({"value": credential.hash, "salt": credential.salt, "additionalParameters": {}});
    Writer::new()
        .with_some(
            "id",
            Some(credential.id.clone()).filter(|id| !id.is_empty()),
        )
        .with("type", "password")
        .with_some(
            "createdDate",
            Some(credential.created.0.saturating_mul(1000)).filter(|millis| *millis != 0),
        )
        .with("credentialData", data.to_string())
        .with("secretData", secret.to_string())
        .with_true("temporary", credential.temporary)
        .into()
}

/// `credentialData` and `secretData` are texts that hold JSON.
fn read_hashed(members: &mut Members) -> Result<Option<PasswordCredential>, ImportError> {
    let id = members.text("id")?.unwrap_or_default();
    let created = members
        .integer("createdDate")?
        .unwrap_or(0)
        .checked_div(1000)
        .unwrap_or(0);
    let (Some(mut data), Some(mut secret)) = (
        embedded(members, "credentialData")?,
        embedded(members, "secretData")?,
    ) else {
        return Ok(None);
    };
    let iterations = data.integer("hashIterations")?.unwrap_or(0);
    let parameters = data
        .value_map("additionalParameters")?
        .unwrap_or_default()
        .into_iter()
        .filter_map(|(name, list)| list.into_iter().next().map(|text| (name, text)))
        .collect::<BTreeMap<_, _>>();
    Ok(Some(PasswordCredential {
        id,
        algorithm: data.required_text("algorithm")?,
        iterations: u32::try_from(iterations).map_err(|_| {
            wrong(
                data.at("hashIterations"),
                "a small whole number",
                &Value::from(iterations),
            )
        })?,
        salt: secret.required_text("salt")?,
        hash: secret.required_text("value")?,
        parameters,
        temporary: false,
        created: Timestamp(created),
    }))
}

fn embedded(members: &mut Members, member: &str) -> Result<Option<Members>, ImportError> {
    let Some(text) = members.text(member)? else {
        return Ok(None);
    };
    let path = members.at(member);
    let value = serde_json::from_str(&text).map_err(|_| {
        wrong(
            path.clone(),
            "a text that holds JSON",
            &Value::String(String::new()),
        )
    })?;
    Members::new(path, value).map(Some)
}

#[cfg(test)]
mod tests {
    use cambist::realm::document::UserDocument;
    use serde_json::json;

    use super::{read, to_json};
    use crate::{
        error::{Loss, Report},
        members::Members,
    };

    fn take(value: serde_json::Value) -> (UserDocument, Report) {
        let (mut user, mut report) = (UserDocument::default(), Report::default());
        read(&mut user, Members::new("c", value).unwrap(), &mut report).unwrap();
        (user, report)
    }

    #[test]
    fn a_temporary_password_of_a_document_lasts_and_is_reported() {
        let (user, report) = take(json!({"type": "password", "value": "x", "temporary": true}));
        assert!(user.required_actions.is_empty());
        assert!(user.password.is_some());
        let noted = report.entries().first().unwrap();
        assert_eq!((&*noted.path, noted.what), ("c.temporary", Loss::NoEffect));
    }

    #[test]
    fn a_hashed_password_comes_back_as_it_was() {
        let json = json!({
            "id": "1", "type": "password", "createdDate": 1_700_000_000_000_i64,
            "credentialData": "{\"hashIterations\":5,\"algorithm\":\"argon2\",\"additionalParameters\":{\"memory\":[\"7168\"]}}",
            "secretData": "{\"value\":\"aGFzaA==\",\"salt\":\"c2FsdA==\",\"additionalParameters\":{}}"
        });
        let (user, report) = take(json);
        assert_eq!(report.entries(), []);
        let credential = user.credential.clone().unwrap();
        assert_eq!(
            (credential.algorithm.as_str(), credential.iterations),
            ("argon2", 5)
        );
        let written = to_json(&user).into_iter().next().unwrap();
        assert_eq!(take(written.into()).0.credential, Some(credential));
    }

    #[test]
    fn other_kinds_are_noted() {
        let (user, report) = take(json!({"type": "otp", "value": "x"}));
        assert!(user.password.is_none());
        assert_eq!(report.entries().len(), 1);
    }

    #[test]
    fn hashed_data_that_is_no_json_is_refused() {
        let mut user = UserDocument::default();
        let bad = json!({"type": "password", "credentialData": "{", "secretData": "{}"});
        assert!(
            read(
                &mut user,
                Members::new("c", bad).unwrap(),
                &mut Report::default()
            )
            .is_err()
        );
    }
}
