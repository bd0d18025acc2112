//! What the realm records of where tokens come from.

use crate::realm::{
    Profile,
    document::RealmDocument,
    error::{At, RealmError, RealmProblem},
    settings::RevokedAncestor,
};

/// Realm attribute for documents of Keycloak, which have no place for it.
const ATTRIBUTE: &str = "cambist.tokens.revoked_ancestor";

/// What a revoked ancestor does to a token.
pub(super) fn revoked_ancestor(document: &RealmDocument) -> Result<RevokedAncestor, RealmError> {
    let said = match document.tokens.revoked_ancestor {
        None => attribute(document)?,
        said => said,
    };
    match (document.profile, said) {
        (Profile::Strict, Some(RevokedAncestor::Ignored)) => {
            let problem = RealmProblem::Conflict {
                one: "profile \"strict\"",
                other: "revoked_ancestor = \"ignored\"",
            };
            Err(At::Root("tokens").member("revoked_ancestor").error(problem))
        }
        (_, Some(said)) => Ok(said),
        (Profile::Strict, None) => Ok(RevokedAncestor::NoExchange),
        (Profile::Keycloak, None) => Ok(RevokedAncestor::Ignored),
    }
}

fn attribute(document: &RealmDocument) -> Result<Option<RevokedAncestor>, RealmError> {
    let Some(value) = document.attributes.get(ATTRIBUTE) else {
        return Ok(None);
    };
    let known = RevokedAncestor::ALL
        .into_iter()
        .find(|kind| kind.name() == value.as_str());
    known.map(Some).ok_or_else(|| {
        let problem = RealmProblem::NotOneOf {
            value: value.clone(),
            allowed: "ignored, no-exchange, inactive".into(),
        };
        At::Root("attributes").member(ATTRIBUTE).error(problem)
    })
}
