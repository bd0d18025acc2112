//! `ProtocolMapperRepresentation` and `IdentityProviderMapperRepresentation`.

use std::collections::BTreeMap;

use cambist::realm::document::MapperDocument;

use crate::{
    error::{ImportError, Report},
    members::Members,
    writer::{Json, Writer},
};

const DROPPED: &[&str] = &["consentRequired", "consentText"];

/// Reads a protocol mapper.
///
/// # Errors
///
/// [`ImportError`] for a wrong type, a missing name or kind.
pub fn read(mut members: Members, report: &mut Report) -> Result<MapperDocument, ImportError> {
    let mapper = MapperDocument {
        name: members.required_text("name")?,
        id: members.text("id")?,
        kind: members.required_text("protocolMapper")?,
        protocol: members
            .text("protocol")?
            .unwrap_or_else(|| "openid-connect".to_owned()),
        config: config(&mut members)?,
    };
    members.finish(DROPPED, report);
    Ok(mapper)
}

/// Reads a list of protocol mappers.
///
/// # Errors
///
/// As [`read`].
pub fn read_list(
    members: &mut Members,
    name: &str,
    report: &mut Report,
) -> Result<Option<Vec<MapperDocument>>, ImportError> {
    members
        .objects(name)?
        .map(|list| {
            list.into_iter()
                .map(|mapper| read(mapper, report))
                .collect()
        })
        .transpose()
}

/// A protocol mapper in Keycloak's form.
#[must_use]
pub fn to_json(mapper: &MapperDocument) -> Json {
    Writer::new()
        .with_some("id", mapper.id.clone())
        .with("name", mapper.name.clone())
        .with("protocol", mapper.protocol.clone())
        .with("protocolMapper", mapper.kind.clone())
        .with("consentRequired", false)
        .with_texts("config", &mapper.config)
        .into()
}

/// Reads a mapper of an identity provider, with the provider's alias when it says one.
///
/// # Errors
///
/// [`ImportError`] for a wrong type, a missing name or kind.
pub fn read_for_provider(
    mut members: Members,
    report: &mut Report,
) -> Result<(Option<String>, MapperDocument), ImportError> {
    let alias = members.text("identityProviderAlias")?;
    let mapper = MapperDocument {
        name: members.required_text("name")?,
        id: members.text("id")?,
        kind: members.required_text("identityProviderMapper")?,
        protocol: "openid-connect".to_owned(),
        config: config(&mut members)?,
    };
    members.finish(&[], report);
    Ok((alias, mapper))
}

/// A mapper of an identity provider in Keycloak's form.
#[must_use]
pub fn to_provider_json(alias: &str, mapper: &MapperDocument) -> Json {
    Writer::new()
        .with_some("id", mapper.id.clone())
        .with("name", mapper.name.clone())
        .with("identityProviderAlias", alias)
        .with("identityProviderMapper", mapper.kind.clone())
        .with_texts("config", &mapper.config)
        .into()
}

fn config(members: &mut Members) -> Result<BTreeMap<String, String>, ImportError> {
    Ok(present(members.text_map("config")?.unwrap_or_default()))
}

/// The texts that are there.
pub(crate) fn present(texts: BTreeMap<String, Option<String>>) -> BTreeMap<String, String> {
    texts
        .into_iter()
        .filter_map(|(name, text)| text.map(|text| (name, text)))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{read, to_json};
    use crate::{error::Report, members::Members};

    #[test]
    fn placeholders_and_texts_stay_as_they_are() {
        let json = json!({
            "id": "1", "name": "aud", "protocol": "openid-connect", "protocolMapper": "oidc-audience-mapper",
            "consentRequired": false, "config": {"included.custom.audience": "${client_id}", "n": "1"}
        });
        let mut report = Report::default();
        let mapper = read(Members::new("m", json.clone()).unwrap(), &mut report).unwrap();
        assert_eq!(
            mapper
                .config
                .get("included.custom.audience")
                .map(String::as_str),
            Some("${client_id}")
        );
        assert_eq!(to_json(&mapper), json);
    }

    #[test]
    fn a_mapper_needs_a_name_and_a_kind() {
        for bad in [
            json!({"protocolMapper": "x"}),
            json!({"name": "x"}),
            json!({"name": "x", "protocolMapper": ""}),
        ] {
            assert!(read(Members::new("m", bad).unwrap(), &mut Report::default()).is_err());
        }
    }
}
