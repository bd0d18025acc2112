//! Bearer tokens at the administration.

use std::sync::Arc;

use cambist::{
    jose::{JwsLimits, UnverifiedJws},
    moment::Moment,
    realm::Profile,
    subject::{TakenTypes, read_access_token},
};
use cambist_admin::{AdminAuthenticator, AdminCaller, CarriedRoles, RealmRegistry as _};
use cambist_http::{
    BaseUrls,
    paths::{Place, Route},
};
use cambist_store::{Store, StoreFuture};

use crate::{registry::Registry, server::now};

/// Verifies access tokens that any realm of this server issued, under any of its addresses.
pub(crate) struct AdminAccess {
    pub(crate) registry: Arc<Registry>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) bases: BaseUrls,
}

impl AdminAccess {
    async fn caller(&self, bearer: &str) -> Option<AdminCaller> {
        let limits = JwsLimits::DEFAULT;
        let moment = Moment::utc(now().0);
        // The issuer of an unverified token only says whose key to look for.
        let issuer = UnverifiedJws::parse(bearer, &limits)
            .ok()?
            .peek_issuer()
            .ok()??;
        let name = self.realm_of(&issuer)?;
        let realm = self
            .registry
            .realm(&name)
            .map(|loaded| Arc::clone(&loaded.realm))?;
        if !realm.enabled() {
            return None;
        }
        let token = read_access_token(
            &realm,
            &issuer,
            bearer,
            TakenTypes::AccessTokens,
            moment,
            &limits,
        )
        .ok()?;
        // A bound token needs a proof of its key, which nothing here could check.
        if token.is_bound() {
            return None;
        }
        let facts = self
            .store
            .load_facts(&name, &token.facts_needed(), moment.now)
            .await
            .ok()?;
        let subject = token.verify(&realm, &facts, moment).ok()?;
        // Whoever was become administers nothing, in profile `strict`.
        if realm.profile() == Profile::Strict && subject.is_impersonated() {
            return None;
        }
        Some(AdminCaller {
            realm: name,
            user: Arc::clone(subject.user()),
            roles: CarriedRoles::Only(
                subject
                    .roles(&realm)
                    .iter()
                    .filter_map(|number| realm.role(number))
                    .map(|role| role.id().to_owned())
                    .collect(),
            ),
        })
    }

    fn realm_of(&self, issuer: &str) -> Option<String> {
        let path = self
            .bases
            .iter()
            .find_map(|base| issuer.strip_prefix(base.as_str()))?;
        match Route::of(path) {
            Route::Realm {
                name,
                place: Place::Facts,
            } => Some(name.into_owned()),
            _ => None,
        }
    }
}

impl AdminAuthenticator for AdminAccess {
    fn authenticate<'a>(&'a self, bearer: &'a str) -> StoreFuture<'a, Option<AdminCaller>> {
        Box::pin(self.caller(bearer))
    }
}
