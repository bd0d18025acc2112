//! Who may be said to act: in a realm that takes actor tokens the engine alone.

use crate::{
    claims::{MapperInstance, mappers::claim_path::ClaimPath},
    realm::{
        Profile, Realm,
        document::RealmDocument,
        error::{At, RealmError, RealmProblem},
    },
};

/// Realm attribute for documents of Keycloak, which have no place for `delegation`.
const ATTRIBUTE: &str = "cambist.delegation.actor_tokens";

/// The same for `identity_assertions`.
const ISSUE_ATTRIBUTE: &str = "cambist.delegation.identity_assertions";

/// Whether the realm issues ID-JAGs.
pub(super) fn issues_identity_assertions(document: &RealmDocument) -> bool {
    let attribute = document.attributes.get(ISSUE_ATTRIBUTE);
    document.delegation.identity_assertions || attribute.is_some_and(|value| value == "true")
}

/// Whether the realm takes actor tokens.
pub(super) fn takes_actors(document: &RealmDocument) -> Result<bool, RealmError> {
    match (document.profile, document.delegation.actor_tokens) {
        (Profile::Strict, Some(false)) => {
            Err(At::Root("delegation")
                .member("actor_tokens")
                .error(RealmProblem::Conflict {
                    one: "profile \"strict\"",
                    other: "actor_tokens = false",
                }))
        }
        (Profile::Strict, _) => Ok(true),
        (Profile::Keycloak, Some(said)) => Ok(said),
        (Profile::Keycloak, None) => Ok(document
            .attributes
            .get(ATTRIBUTE)
            .is_some_and(|value| value == "true")),
    }
}

/// Refuses mappers that would say who acts or may act, or whose token it is.
pub(super) fn check_mappers(realm: &Realm) -> Result<(), RealmError> {
    if !realm.takes_actors() {
        return Ok(());
    }
    let scopes = At::Root("client_scopes");
    for scope in realm.scopes() {
        let at = scopes.item(scope.number().index());
        check(&at, scope.mappers())?;
    }
    let clients = At::Root("clients");
    for client in realm.clients() {
        let at = clients.item(client.number().index());
        check(&at, client.mappers())?;
    }
    Ok(())
}

fn check(owner: &At<'_>, mappers: &[MapperInstance]) -> Result<(), RealmError> {
    for mapper in mappers {
        let config = mapper.config();
        let Some(claim) = config.get("claim.name") else {
            continue;
        };
        let made_for_it = match ClaimPath::parse(claim)
            .ok()
            .as_ref()
            .and_then(ClaimPath::first)
        {
            Some("act" | "azp") => false,
            // A delegation scope, where the permissions have been asked.
            Some("may_act") => mapper.kind() == "oidc-parameterized-scope-user-property-mapper",
            // What the scope of service accounts tells.
            Some("client_id") => {
                mapper.kind() == "oidc-usersessionmodel-note-mapper"
                    && config
                        .get("user.session.note")
                        .is_some_and(|note| note == "client_id")
            }
            _ => true,
        };
        if !made_for_it {
            let problem = RealmProblem::Mapper {
                kind: mapper.kind().into(),
                reason: alloc::format!(
                    "{claim:?} is for the engine to write, in a realm that takes actor tokens"
                ),
            };
            return Err(owner.member("mappers").member(mapper.name()).error(problem));
        }
    }
    Ok(())
}
