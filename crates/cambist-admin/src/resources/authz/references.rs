//! Names and ids of what policies and permissions point at. Documents may hold either; answers show ids,
//! exports names.

use cambist::realm::document::{
    AuthorizationScopeDocument, ClientDocument, ClientScopeDocument, PermissionDocument,
    PolicyDocument, RealmDocument, ResourceDocument,
};

use crate::find::{self, Found, Owner, Placed};

pub(crate) fn client<'d>(
    document: &'d RealmDocument,
    reference: &str,
) -> Option<&'d ClientDocument> {
    let by_id = document
        .clients
        .iter()
        .find(|client| client.id == reference);
    by_id.or_else(|| {
        document
            .clients
            .iter()
            .find(|client| client.uuid.as_deref() == Some(reference))
    })
}

/// By id, as `client/role`, or by the name of a realm role.
pub(crate) fn role<'d>(document: &'d RealmDocument, reference: &str) -> Option<Found<'d>> {
    find::role(document, reference).or_else(|| {
        find::roles(document).find(|found| match &found.owner {
            Owner::Realm => found.role.name == reference,
            Owner::Client(client) => {
                reference
                    .strip_prefix(client.as_str())
                    .and_then(|rest| rest.strip_prefix('/'))
                    == Some(found.role.name.as_str())
            }
        })
    })
}

/// By id or by path.
pub(crate) fn group<'d>(document: &'d RealmDocument, reference: &str) -> Option<Placed<'d>> {
    find::groups(document)
        .into_iter()
        .find(|placed| placed.group.id.as_deref() == Some(reference) || placed.path == reference)
}

pub(crate) fn client_scope<'d>(
    document: &'d RealmDocument,
    reference: &str,
) -> Option<&'d ClientScopeDocument> {
    document
        .client_scopes
        .iter()
        .flatten()
        .find(|scope| scope.name == reference || scope.id.as_deref() == Some(reference))
}

pub(crate) fn resource<'d>(
    document: &'d RealmDocument,
    reference: &str,
) -> Option<&'d ResourceDocument> {
    let store = document.authorization.as_ref()?;
    store
        .resources
        .iter()
        .find(|resource| resource.id.as_deref() == Some(reference) || resource.name == reference)
}

pub(crate) fn scope<'d>(
    document: &'d RealmDocument,
    reference: &str,
) -> Option<&'d AuthorizationScopeDocument> {
    let store = document.authorization.as_ref()?;
    store
        .scopes
        .iter()
        .find(|scope| scope.id.as_deref() == Some(reference) || scope.name == reference)
}

pub(crate) fn policy<'d>(
    document: &'d RealmDocument,
    reference: &str,
) -> Option<&'d PolicyDocument> {
    document
        .policies
        .iter()
        .find(|policy| policy.id.as_deref() == Some(reference) || policy.name == reference)
}

/// By id only.
pub(crate) fn permission<'d>(
    document: &'d RealmDocument,
    id: &str,
) -> Option<&'d PermissionDocument> {
    document
        .permissions
        .iter()
        .find(|permission| permission.id.as_deref() == Some(id))
}

/// Whether a policy or a permission has the name.
pub(crate) fn name_is_taken(document: &RealmDocument, name: &str, except: Option<&str>) -> bool {
    let policies = document
        .policies
        .iter()
        .map(|policy| (&policy.name, &policy.id));
    let permissions = document
        .permissions
        .iter()
        .map(|permission| (&permission.name, &permission.id));
    policies
        .chain(permissions)
        .any(|(other, id)| other == name && (except.is_none() || id.as_deref() != except))
}
