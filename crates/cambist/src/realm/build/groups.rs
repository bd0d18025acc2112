//! Groups: from a tree to a list, with the roles of the groups above.

use alloc::{borrow::Cow, boxed::Box, format, string::String, vec::Vec};

use hashbrown::{HashMap, HashSet, hash_map::Entry};

use super::{check_count, check_name, ids::IdSource, number, roles::RoleIndex};
use crate::realm::{
    Group, GroupNo, RoleSet,
    document::{GroupDocument, RealmDocument},
    error::{At, RealmError, RealmProblem},
};

/// Deepest nesting of groups.
pub(super) const MAX_GROUP_DEPTH: usize = 64;

pub(super) type Groups = (Vec<Group>, HashMap<Box<str>, GroupNo>);

pub(super) fn build(
    document: &RealmDocument,
    ids: &IdSource<'_>,
    roles: &RoleIndex<'_, '_>,
) -> Result<Groups, RealmError> {
    let mut builder = GroupBuilder {
        ids,
        roles,
        groups: Vec::new(),
        by_id: HashMap::new(),
    };
    builder.add_all(&At::Root("groups"), &document.groups, None, 1)?;
    Ok((builder.groups, builder.by_id))
}

struct GroupBuilder<'b> {
    ids: &'b IdSource<'b>,
    roles: &'b RoleIndex<'b, 'b>,
    groups: Vec<Group>,
    by_id: HashMap<Box<str>, GroupNo>,
}

impl GroupBuilder<'_> {
    fn add_all(
        &mut self,
        list: &At<'_>,
        documents: &[GroupDocument],
        parent: Option<GroupNo>,
        depth: usize,
    ) -> Result<(), RealmError> {
        if !documents.is_empty() && depth > MAX_GROUP_DEPTH {
            return Err(list.error(RealmProblem::TooDeep {
                limit: MAX_GROUP_DEPTH,
            }));
        }
        let mut names = HashSet::with_capacity(documents.len());
        for (place, document) in documents.iter().enumerate() {
            let at = list.item(place);
            check_name(&at.member("name"), &document.name)?;
            if !names.insert(document.name.as_str()) {
                let first = documents
                    .iter()
                    .position(|other| other.name == document.name);
                let problem = RealmProblem::Duplicate {
                    what: "group",
                    name: document.name.clone(),
                    first: list.item(first.unwrap_or_default()).member("name").path(),
                };
                return Err(at.member("name").error(problem));
            }
            let number = self.add(&at, document, parent)?;
            self.add_all(
                &at.member("groups"),
                &document.groups,
                Some(number),
                depth.saturating_add(1),
            )?;
        }
        Ok(())
    }

    fn add(
        &mut self,
        at: &At<'_>,
        document: &GroupDocument,
        parent: Option<GroupNo>,
    ) -> Result<GroupNo, RealmError> {
        check_count(at, self.groups.len())?;
        let above = parent.and_then(|parent| self.groups.get(parent.index()));
        let path = format!(
            "{}/{}",
            above.map_or("", |above| &*above.path),
            document.name
        );
        let mut roles = above.map_or_else(RoleSet::new, |above| above.roles.clone());
        roles.extend(&self.roles.expand(&at.member("roles"), &document.roles)?);

        let id: Cow<'_, str> = self.ids.group(document, &path);
        check_name(&at.member("id"), &id)?;
        let group = GroupNo(number(self.groups.len()));
        match self.by_id.entry(Box::from(&*id)) {
            Entry::Vacant(free) => free.insert(group),
            Entry::Occupied(taken) => {
                let first = self.groups.get(taken.get().index());
                let problem = RealmProblem::Taken {
                    what: "internal id",
                    name: id.clone().into_owned(),
                    by: first
                        .map(|first| String::from(&*first.path))
                        .unwrap_or_default(),
                };
                return Err(at.member("id").error(problem));
            }
        };
        self.groups.push(Group {
            number: group,
            id: id.into(),
            name: document.name.as_str().into(),
            path: path.into(),
            parent,
            roles,
            attributes: document.attributes.clone(),
        });
        Ok(group)
    }
}
