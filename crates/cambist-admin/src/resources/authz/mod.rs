//! `/clients/{id}/authz/resource-server`: the permission store.

pub(crate) mod evaluate;
pub(crate) mod permissions;
pub(crate) mod policies;
mod references;
pub(crate) mod resources;
pub(crate) mod scopes;
pub(crate) mod server;
mod translate;

use cambist::realm::{
    builtin::management_client_id,
    document::{AuthorizationDocument, ClientDocument, RealmDocument},
};
use cambist_keycloak::realm::ADMIN_PERMISSIONS;
use http::StatusCode;

use super::clients;
use crate::{admin::Call, answer::Failure, find};

const VIEW: &[&str] = &["view-authorization", "manage-authorization"];
const MANAGE: &[&str] = &["manage-authorization"];

/// The client that carries the realm's permission store.
pub(crate) fn holder(document: &RealmDocument) -> Option<&ClientDocument> {
    let management = management_client_id(&document.realm);
    let carries = |id: &str| {
        document
            .clients
            .iter()
            .find(|client| client.id == id && client.authorization_services)
    };
    document.authorization.as_ref()?;
    carries(&management).or_else(|| carries(ADMIN_PERMISSIONS))
}

/// Checks that the client in the path carries the store, and that the caller may read it.
pub(crate) fn enter<'d>(
    call: &'d Call<'_>,
    client: &str,
) -> Result<(&'d ClientDocument, &'d AuthorizationDocument), Failure> {
    let client = find::client(call.document(), client)?;
    call.require(&[VIEW, clients::VIEW].concat())?;
    match (&call.document().authorization, holder(call.document())) {
        (Some(store), Some(holder)) if holder.uuid == client.uuid => Ok((client, store)),
        _ => Err(not_found()),
    }
}

/// The same, for a change.
pub(crate) fn enter_to_change(call: &Call<'_>, client: &str) -> Result<(), Failure> {
    enter(call, client)?;
    call.require(&[MANAGE, clients::MANAGE].concat())
}

/// The store of a document that is being changed.
pub(crate) fn store_mut(
    document: &mut RealmDocument,
) -> Result<&mut AuthorizationDocument, Failure> {
    document.authorization.as_mut().ok_or_else(not_found)
}

pub(crate) const fn not_found() -> Failure {
    Failure::Status(StatusCode::NOT_FOUND)
}

/// Changes the store. What does not build is a failure of the server here, as with Keycloak.
pub(crate) async fn change<T>(
    call: &Call<'_>,
    change: impl Fn(&mut RealmDocument) -> Result<T, Failure>,
) -> Result<T, Failure> {
    call.change(change).await.map_err(|failure| match failure {
        Failure::Invalid(_) => Failure::internal(),
        other => other,
    })
}
