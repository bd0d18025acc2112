//! A realm file that is looked at and not served.

use std::path::Path;

use cambist::{
    claims::MapperKinds,
    client_policy::ClientPolicyKinds,
    facts::User,
    policy::PolicyKinds,
    realm::{
        Features, Realm,
        build::{BuildOptions, users_of},
    },
};
use cambist_analysis::Parties;
use cambist_ring::RingProvider;

use super::Failure;
use crate::loading::read_with;

/// A realm with its users, and what reading it brought up.
pub(super) struct Studied {
    realm: Realm,
    users: Vec<User>,
    /// What an import could not carry over, and what variables are not set.
    pub(super) remarks: Vec<String>,
}

impl Studied {
    /// Reads and builds. No secret is needed: one that is only named and not set stands for itself, and a realm
    /// without the private keys that it names is studied without keys.
    pub(super) fn read(path: &Path, features: Features) -> Result<Self, Failure> {
        let mut unset = Vec::new();
        let (mut document, not_carried) = read_with(path, |name| {
            Some(std::env::var(name).unwrap_or_else(|_| {
                unset.push(name.to_owned());
                name.to_owned()
            }))
        })?;
        document.complete(features);
        if !unset.is_empty() {
            document.keys.clear();
        }
        let options = BuildOptions {
            version: 1,
            features,
            provider: &RingProvider,
            mappers: &MapperKinds::builtin(),
            policies: &PolicyKinds::builtin(),
            client_policies: &ClientPolicyKinds::builtin(),
        };
        let realm = Realm::build(&document, &options)?;
        let users = users_of(&document, &realm)?;
        let lost = not_carried
            .iter()
            .map(|loss| format!("not carried over: {loss}"));
        let remarks = unset
            .iter()
            .map(|name| format!("environment variable {name:?} is not set"));
        Ok(Self {
            users: users.into_iter().map(|new| new.user).collect(),
            remarks: lost.chain(remarks).collect(),
            realm,
        })
    }

    pub(super) fn parties(&self) -> Parties<'_> {
        Parties::with_users(&self.realm, &self.users)
    }

    pub(super) fn realm(&self) -> &Realm {
        &self.realm
    }
}
