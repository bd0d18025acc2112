//! Roles: numbering, lookup by name, and what each of them comes with.

use alloc::{borrow::Cow, boxed::Box, vec, vec::Vec};

use hashbrown::HashMap;

use super::{check_count, check_name, ids::IdSource, number};
use crate::realm::{
    ClientNo, Role, RoleNo, RoleOwner, RoleSet,
    document::{RealmDocument, RoleDocument, RoleNames},
    error::{At, DocumentPath, RealmError, RealmProblem},
};

/// Most members of all role closures together: bounds what chains of composites can cost.
pub(super) const MAX_CLOSURE_MEMBERS: usize = 16_000_000;

/// All roles of a realm in the making, and how to find them by name.
pub(super) struct RoleIndex<'d, 'c> {
    clients: &'c HashMap<&'d str, ClientNo>,
    realm: HashMap<&'d str, RoleNo>,
    of_clients: HashMap<(ClientNo, &'d str), RoleNo>,
    /// By client: its roles are numbered one after the other, from the first number to before the second.
    spans: Vec<(u32, u32)>,
    by_id: HashMap<Box<str>, RoleNo>,
    roles: Vec<Role>,
}

/// The roles of a finished index: all of them, by id, and the realm's by name.
pub(super) type Roles = (
    Vec<Role>,
    HashMap<Box<str>, RoleNo>,
    HashMap<Box<str>, RoleNo>,
);

/// Numbers the roles, realm roles first, and works out what each comes with.
pub(super) fn build<'d, 'c>(
    document: &'d RealmDocument,
    ids: &IdSource<'_>,
    clients: &'c HashMap<&'d str, ClientNo>,
) -> Result<RoleIndex<'d, 'c>, RealmError> {
    let of_clients: usize = document
        .clients
        .iter()
        .map(|client| client.roles.len())
        .sum();
    check_count(
        &At::Root("roles"),
        document.roles.len().saturating_add(of_clients),
    )?;
    let mut index = RoleIndex {
        clients,
        realm: HashMap::with_capacity(document.roles.len()),
        of_clients: HashMap::with_capacity(of_clients),
        spans: Vec::with_capacity(document.clients.len()),
        by_id: HashMap::new(),
        roles: Vec::with_capacity(document.roles.len().saturating_add(of_clients)),
    };
    index.number_all(document, ids)?;
    index.close(document)?;
    Ok(index)
}

impl<'d> RoleIndex<'d, '_> {
    /// The roles of these names.
    pub(super) fn resolve(
        &self,
        at: &At<'_>,
        names: &RoleNames,
    ) -> Result<Vec<RoleNo>, RealmError> {
        let mut roles = Vec::new();
        let list = at.member("realm");
        for (place, name) in names.realm.iter().enumerate() {
            let role = self.realm.get(name.as_str());
            roles.push(*role.ok_or_else(|| list.item(place).unknown("realm role", name))?);
        }
        let clients = at.member("clients");
        for (client, names) in &names.clients {
            let list = clients.member(client);
            let owner = self.clients.get(client.as_str());
            let owner = *owner.ok_or_else(|| list.unknown("client", client))?;
            for (place, name) in names.iter().enumerate() {
                let role = self.of_clients.get(&(owner, name.as_str()));
                roles.push(*role.ok_or_else(|| list.item(place).unknown("client role", name))?);
            }
        }
        Ok(roles)
    }

    /// The roles of these names and all that come with them.
    pub(super) fn expand(&self, at: &At<'_>, names: &RoleNames) -> Result<RoleSet, RealmError> {
        let named = self.resolve(at, names)?;
        let closures = named.iter().filter_map(|role| self.roles.get(role.index()));
        Ok(closures.flat_map(|role| role.closure.iter()).collect())
    }

    /// The roles of one client, in the order of the document.
    pub(super) fn of_client(&self, client: ClientNo) -> Box<[RoleNo]> {
        let (first, end) = self.spans.get(client.index()).copied().unwrap_or_default();
        (first..end).map(RoleNo).collect()
    }

    /// Gives up the roles.
    pub(super) fn into_roles(self) -> Roles {
        let by_name = self
            .realm
            .into_iter()
            .map(|(name, role)| (Box::from(name), role))
            .collect();
        (self.roles, self.by_id, by_name)
    }

    fn number_all(
        &mut self,
        document: &'d RealmDocument,
        ids: &IdSource<'_>,
    ) -> Result<(), RealmError> {
        let list = At::Root("roles");
        for (place, role) in document.roles.iter().enumerate() {
            let at = list.item(place);
            let number = self.push(&at, role, ids.realm_role(role), RoleOwner::Realm)?;
            if let Some(first) = self.realm.insert(&role.name, number) {
                return Err(duplicate(&at, role, list.item(first.index()).path()));
            }
        }
        let clients = At::Root("clients");
        for (place, client) in document.clients.iter().enumerate() {
            let owner = ClientNo(number(place));
            let first_number = number(self.roles.len());
            let client_at = clients.item(place);
            let list = client_at.member("roles");
            for (place, role) in client.roles.iter().enumerate() {
                let at = list.item(place);
                let id = ids.client_role(&client.id, role);
                let number = self.push(&at, role, id, RoleOwner::Client(owner))?;
                if let Some(first) = self.of_clients.insert((owner, &role.name), number) {
                    let first = first.0.saturating_sub(first_number) as usize;
                    return Err(duplicate(&at, role, list.item(first).path()));
                }
            }
            self.spans.push((first_number, number(self.roles.len())));
        }
        Ok(())
    }

    fn push(
        &mut self,
        at: &At<'_>,
        role: &RoleDocument,
        id: Cow<'_, str>,
        owner: RoleOwner,
    ) -> Result<RoleNo, RealmError> {
        check_name(&at.member("name"), &role.name)?;
        check_name(&at.member("id"), &id)?;
        let number = RoleNo(number(self.roles.len()));
        if let Some(first) = self.by_id.insert(Box::from(&*id), number) {
            let first = self.place(first);
            let name = id.into_owned();
            let problem = RealmProblem::Duplicate {
                what: "internal id",
                name,
                first,
            };
            return Err(at.member("id").error(problem));
        }
        self.roles.push(Role {
            number,
            id: id.into(),
            name: role.name.as_str().into(),
            owner,
            closure: RoleSet::new(),
        });
        Ok(number)
    }

    /// Where the document has a role that is already numbered.
    fn place(&self, role: RoleNo) -> DocumentPath {
        let RoleOwner::Client(client) = self
            .roles
            .get(role.index())
            .map_or(RoleOwner::Realm, |role| role.owner)
        else {
            return At::Root("roles").item(role.index()).path();
        };
        let first = self
            .roles
            .iter()
            .position(|other| other.owner == RoleOwner::Client(client))
            .unwrap_or_default();
        let clients = At::Root("clients");
        let client = clients.item(client.index());
        client
            .member("roles")
            .item(role.index().saturating_sub(first))
            .path()
    }

    /// Works out the closure of every role.
    fn close(&mut self, document: &'d RealmDocument) -> Result<(), RealmError> {
        let parts = self.parts(document)?;
        let mut closer = Closer {
            parts: &parts,
            seen: vec![None; self.roles.len()],
        };
        let mut members = 0usize;
        for place in 0..self.roles.len() {
            let role = RoleNo(number(place));
            let closure = closer.closure(role);
            members = members.saturating_add(closure.len());
            if members > MAX_CLOSURE_MEMBERS {
                let limit = MAX_CLOSURE_MEMBERS;
                return Err(At::Root("roles").error(RealmProblem::TooMany { limit }));
            }
            if let Some(role) = self.roles.get_mut(place) {
                role.closure = closure;
            }
        }
        Ok(())
    }

    /// What each composite role names directly.
    fn parts(&self, document: &RealmDocument) -> Result<HashMap<RoleNo, Vec<RoleNo>>, RealmError> {
        let mut parts = HashMap::new();
        let mut role_number = 0u32;
        let mut add = |at: &At<'_>, role: &RoleDocument| {
            let number = RoleNo(role_number);
            role_number = role_number.saturating_add(1);
            if !role.composites.is_empty() {
                parts.insert(
                    number,
                    self.resolve(&at.member("composites"), &role.composites)?,
                );
            }
            Ok(())
        };
        let list = At::Root("roles");
        for (place, role) in document.roles.iter().enumerate() {
            add(&list.item(place), role)?;
        }
        let clients = At::Root("clients");
        for (place, client) in document.clients.iter().enumerate() {
            let client_at = clients.item(place);
            let list = client_at.member("roles");
            for (place, role) in client.roles.iter().enumerate() {
                add(&list.item(place), role)?;
            }
        }
        Ok(parts)
    }
}

/// Follows composites; a role seen in the present round is not followed again, so cycles end.
struct Closer<'p> {
    parts: &'p HashMap<RoleNo, Vec<RoleNo>>,
    seen: Vec<Option<RoleNo>>,
}

impl Closer<'_> {
    fn closure(&mut self, start: RoleNo) -> RoleSet {
        if !self.parts.contains_key(&start) {
            return [start].into_iter().collect();
        }
        let mut found = vec![start];
        let mut next = 0;
        self.see(start, start);
        while let Some(role) = found.get(next).copied() {
            next = next.saturating_add(1);
            for part in self.parts.get(&role).into_iter().flatten() {
                if self.see(*part, start) {
                    found.push(*part);
                }
            }
        }
        found.into_iter().collect()
    }

    /// Marks a role; false when it was marked in this round already.
    fn see(&mut self, role: RoleNo, round: RoleNo) -> bool {
        match self.seen.get_mut(role.index()) {
            Some(mark) if *mark != Some(round) => {
                *mark = Some(round);
                true
            }
            _ => false,
        }
    }
}

fn duplicate(at: &At<'_>, role: &RoleDocument, first: DocumentPath) -> RealmError {
    let name = role.name.clone();
    at.member("name").error(RealmProblem::Duplicate {
        what: "role",
        name,
        first,
    })
}
