//! Internal ids that a document does not give.
//!
//! An id that is missing is derived: the first 16 bytes of SHA-256 over realm, kind and name, in the
//! shape of a UUID of version 8 (RFC 9562 section 5.8). The same document gets the same ids on every node
//! and at every start. [`assign_ids`] writes them into the document, so that a later renaming keeps them.

use alloc::{borrow::Cow, format, string::String, vec::Vec};
use core::fmt::Write;

use crate::{
    crypto::{CryptoProvider, HashAlgorithm},
    realm::{
        document::{
            ClientDocument, ClientScopeDocument, GroupDocument, IdentityProviderDocument,
            MapperDocument, RealmDocument, RoleDocument,
        },
        organization::OrganizationDocument,
    },
};

/// Between the parts of what is hashed; names hold no control characters.
const SEPARATOR: char = '\0';

/// Derives ids for one realm.
#[derive(Clone, Copy, Debug)]
pub struct IdSource<'p> {
    provider: &'p dyn CryptoProvider,
    realm: &'p str,
}

impl<'p> IdSource<'p> {
    /// Ids for the realm of this name.
    #[must_use]
    pub const fn new(provider: &'p dyn CryptoProvider, realm: &'p str) -> Self {
        Self { provider, realm }
    }

    /// The id of the thing of this kind and name.
    #[must_use]
    pub fn derive(&self, kind: &str, name: &str) -> String {
        let text = format!("{}{SEPARATOR}{kind}{SEPARATOR}{name}", self.realm);
        let hash = self.provider.hash(HashAlgorithm::Sha256, text.as_bytes());
        uuid(hash.as_bytes())
    }

    pub(super) fn client<'d>(&self, client: &'d ClientDocument) -> Cow<'d, str> {
        self.given(client.uuid.as_deref(), "client", &client.id)
    }

    pub(super) fn realm_role<'d>(&self, role: &'d RoleDocument) -> Cow<'d, str> {
        self.given(role.id.as_deref(), "role", &role.name)
    }

    pub(super) fn client_role<'d>(&self, client: &str, role: &'d RoleDocument) -> Cow<'d, str> {
        match &role.id {
            Some(id) => Cow::Borrowed(id),
            None => Cow::Owned(self.of_client("client-role", client, &role.name)),
        }
    }

    pub(super) fn scope<'d>(&self, scope: &'d ClientScopeDocument) -> Cow<'d, str> {
        self.given(scope.id.as_deref(), "client-scope", &scope.name)
    }

    pub(super) fn group<'d>(&self, group: &'d GroupDocument, path: &str) -> Cow<'d, str> {
        self.given(group.id.as_deref(), "group", path)
    }

    pub(super) fn provider<'d>(&self, provider: &'d IdentityProviderDocument) -> Cow<'d, str> {
        self.given(provider.id.as_deref(), "identity-provider", &provider.alias)
    }

    pub(super) fn organization<'d>(&self, organization: &'d OrganizationDocument) -> Cow<'d, str> {
        let id = organization.id.as_deref();
        self.given(id, "organization", organization.alias())
    }

    fn of_client(&self, kind: &str, client: &str, name: &str) -> String {
        self.derive(kind, &format!("{client}{SEPARATOR}{name}"))
    }

    fn given<'d>(&self, given: Option<&'d str>, kind: &str, name: &str) -> Cow<'d, str> {
        match given {
            Some(id) => Cow::Borrowed(id),
            None => Cow::Owned(self.derive(kind, name)),
        }
    }
}

/// Writes the derived id wherever the document has none: clients, roles, client scopes, mappers, groups,
/// organizations, identity providers and their mappers, policies, permissions, resources, scopes of the permission store,
/// users. Ids that are there stay.
pub fn assign_ids(document: &mut RealmDocument, provider: &dyn CryptoProvider) {
    let realm = document.realm.clone();
    let ids = IdSource::new(provider, &realm);
    for role in &mut document.roles {
        fill(&mut role.id, || ids.derive("role", &role.name));
    }
    for scope in document.client_scopes.iter_mut().flatten() {
        fill(&mut scope.id, || ids.derive("client-scope", &scope.name));
        mappers(&ids, "client-scope-mapper", &scope.name, &mut scope.mappers);
    }
    for client in &mut document.clients {
        fill(&mut client.uuid, || ids.derive("client", &client.id));
        for role in &mut client.roles {
            fill(&mut role.id, || {
                ids.of_client("client-role", &client.id, &role.name)
            });
        }
        mappers(&ids, "client-mapper", &client.id, &mut client.mappers);
    }
    groups(&ids, &mut document.groups);
    for organization in &mut document.organizations {
        let derived = ids.organization(organization).into_owned();
        fill(&mut organization.id, || derived);
    }
    for provider in &mut document.identity_providers {
        fill(&mut provider.id, || {
            ids.derive("identity-provider", &provider.alias)
        });
        mappers(
            &ids,
            "identity-provider-mapper",
            &provider.alias,
            &mut provider.mappers,
        );
    }
    for policy in &mut document.policies {
        fill(&mut policy.id, || ids.derive("policy", &policy.name));
    }
    for permission in &mut document.permissions {
        fill(&mut permission.id, || {
            ids.derive("policy", &permission.name)
        });
    }
    if let Some(authorization) = &mut document.authorization {
        for resource in &mut authorization.resources {
            fill(&mut resource.id, || ids.derive("resource", &resource.name));
        }
        for scope in &mut authorization.scopes {
            fill(&mut scope.id, || {
                ids.derive("authorization-scope", &scope.name)
            });
        }
    }
    for user in &mut document.users {
        fill(&mut user.id, || {
            ids.derive("user", &user.username.to_lowercase())
        });
    }
}

fn mappers(ids: &IdSource<'_>, kind: &str, owner: &str, mappers: &mut [MapperDocument]) {
    for mapper in mappers {
        fill(&mut mapper.id, || ids.of_client(kind, owner, &mapper.name));
    }
}

fn groups(ids: &IdSource<'_>, top: &mut [GroupDocument]) {
    let mut waiting: Vec<(String, &mut GroupDocument)> = top
        .iter_mut()
        .map(|group| (format!("/{}", group.name), group))
        .collect();
    while let Some((path, group)) = waiting.pop() {
        fill(&mut group.id, || ids.derive("group", &path));
        for below in &mut group.groups {
            waiting.push((format!("{path}/{}", below.name), below));
        }
    }
}

fn fill(id: &mut Option<String>, derive: impl FnOnce() -> String) {
    if id.is_none() {
        *id = Some(derive());
    }
}

fn uuid(hash: &[u8]) -> String {
    let mut text = String::with_capacity(36);
    for (place, byte) in hash.iter().take(16).enumerate() {
        if matches!(place, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        let byte = match place {
            6 => byte & 0x0f | 0x80,
            8 => byte & 0x3f | 0x80,
            _ => *byte,
        };
        // Writing to a text does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::uuid;

    #[test]
    fn an_id_has_the_shape_of_a_version_8_uuid() {
        assert_eq!(uuid(&[0xff; 32]), "ffffffff-ffff-8fff-bfff-ffffffffffff");
        assert_eq!(uuid(&[0; 32]), "00000000-0000-8000-8000-000000000000");
    }
}
