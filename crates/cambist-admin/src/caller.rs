//! Who calls, and what they may do.

use std::{collections::BTreeSet, fmt, sync::Arc};

use cambist::{
    claims::effective_roles,
    facts::User,
    realm::{
        Client, Realm, Role, RoleOwner,
        builtin::{
            ADMIN, CREATE_REALM, MASTER,
            clients::{ADMIN_ROLES, REALM_ADMIN},
            management_client_id, master_client_id,
        },
    },
};
use cambist_store::StoreFuture;

/// Whoever presented a good access token.
#[derive(Clone, Debug)]
pub struct AdminCaller {
    /// Name of the realm that issued the token.
    pub realm: String,
    /// The user as stored now; a service account for a client.
    pub user: Arc<User>,
    /// Which of the user's roles the token carries to the administration.
    pub roles: CarriedRoles,
}

/// Which of a user's roles a token carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CarriedRoles {
    /// All that the user has.
    All,
    /// No others than these. Internal ids.
    Only(BTreeSet<String>),
}

impl CarriedRoles {
    fn carry(&self, role: &Role) -> bool {
        match self {
            Self::All => true,
            Self::Only(ids) => ids.contains(role.id()),
        }
    }
}

/// Verifies access tokens of any realm of the server.
pub trait AdminAuthenticator: Send + Sync {
    /// The caller behind a bearer token: signature, issuer, times, session and user must all hold now.
    /// `None` for every reason alike.
    fn authenticate<'a>(&'a self, bearer: &'a str) -> StoreFuture<'a, Option<AdminCaller>>;
}

impl fmt::Debug for dyn AdminAuthenticator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdminAuthenticator").finish_non_exhaustive()
    }
}

/// The administration roles that a caller has in one realm, as they are now and not as the token says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rights {
    roles: BTreeSet<String>,
    creates_realms: bool,
    rules_all: bool,
}

impl Rights {
    /// What the caller may do in the realm called `target`. `own` is the snapshot of the caller's realm.
    #[must_use]
    pub fn of(caller: &AdminCaller, own: &Realm, target: &str) -> Self {
        let mut effective = effective_roles(own, &caller.user);
        effective.retain(|number| {
            own.role(number)
                .is_some_and(|role| caller.roles.carry(role))
        });
        let has_realm_role = |name: &str| {
            own.realm_role(name)
                .is_some_and(|role| effective.contains(role.number()))
        };
        let in_master = caller.realm == MASTER;
        let client = match (in_master, caller.realm == target) {
            (true, false) => master_client_id(target),
            (_, true) => management_client_id(target),
            (false, false) => return Self::default(),
        };
        let mut roles: BTreeSet<String> = own
            .client_by_id(&client)
            .map(|client| {
                let owner = RoleOwner::Client(client.number());
                effective
                    .iter()
                    .filter_map(|number| own.role(number))
                    .filter(|role| role.owner() == owner)
                    .map(|role| role.name().to_owned())
                    .collect()
            })
            .unwrap_or_default();
        let rules_all = in_master && has_realm_role(ADMIN);
        if rules_all {
            roles.extend(ADMIN_ROLES.map(str::to_owned));
        }
        Self {
            roles,
            creates_realms: rules_all || (in_master && has_realm_role(CREATE_REALM)),
            rules_all,
        }
    }

    /// Whether the caller has one of these roles.
    #[must_use]
    pub fn has_any(&self, roles: &[&str]) -> bool {
        roles.iter().any(|role| self.roles.contains(*role))
    }

    /// Whether the caller rules every realm: realm role `admin` of `master`.
    #[must_use]
    pub const fn rules_all(&self) -> bool {
        self.rules_all
    }

    /// Whether the caller may hand the role on. Nobody hands on a role of the administration, or one that it
    /// comes with, without having it.
    #[must_use]
    pub fn may_hand_on(&self, realm: &Realm, role: &Role) -> bool {
        self.rules_all
            || role
                .closure()
                .iter()
                .filter_map(|number| realm.role(number))
                .all(|part| {
                    match part.owner() {
                        RoleOwner::Realm => {
                            realm.name() != MASTER || !matches!(part.name(), ADMIN | CREATE_REALM)
                        }
                        RoleOwner::Client(number) => {
                            let client = realm.client(number).map_or("", Client::client_id);
                            if client == management_client_id(realm.name()) {
                                part.name() == REALM_ADMIN && self.has_all(&ADMIN_ROLES)
                                    || self.roles.contains(part.name())
                            } else {
                                // In realm `master`, the administration of every other realm.
                                realm.name() != MASTER || !client.ends_with("-realm")
                            }
                        }
                    }
                })
    }

    /// Whether the caller has all of these roles.
    #[must_use]
    pub fn has_all(&self, roles: &[&str]) -> bool {
        roles.iter().all(|role| self.roles.contains(*role))
    }

    /// Whether the caller has any role at all in the realm.
    #[must_use]
    pub fn is_some(&self) -> bool {
        !self.roles.is_empty()
    }

    /// Whether the caller may make realms.
    #[must_use]
    pub const fn creates_realms(&self) -> bool {
        self.creates_realms
    }
}
