//! Organizations: where the realm has them switched on.

use super::{Unique, check_count, check_name, ids::IdSource};
use crate::realm::{
    document::RealmDocument,
    error::{At, RealmError},
    organization::{Organization, Organizations},
};

/// Keycloak's switch, among the attributes of the realm.
const ENABLED: &str = "organizationsEnabled";

/// Whether scopes may name organizations.
pub(super) fn enabled(document: &RealmDocument) -> bool {
    document
        .attributes
        .get(ENABLED)
        .is_some_and(|on| on == "true")
}

pub(super) fn build(
    document: &RealmDocument,
    ids: &IdSource<'_>,
) -> Result<Organizations, RealmError> {
    let list = At::Root("organizations");
    check_count(&list, document.organizations.len())?;
    let mut aliases = Unique::new("organization", &list, "alias", document.organizations.len());
    let mut unique = Unique::new("internal id", &list, "id", document.organizations.len());
    let mut built = Organizations::default();
    for (place, document) in document.organizations.iter().enumerate() {
        let at = list.item(place);
        check_name(&at.member("alias"), document.alias())?;
        let id = ids.organization(document).into_owned();
        check_name(&at.member("id"), &id)?;
        aliases.add(place, document.alias())?;
        unique.add(place, id.clone())?;
        built.add(Organization {
            id: id.into(),
            alias: document.alias().into(),
            enabled: document.enabled,
            attributes: document.attributes.clone(),
        });
    }
    Ok(built)
}
