//! The first start: realm master and the first administrator.

use cambist::realm::{
    Profile,
    builtin::{ADMIN, MASTER, default_role_name},
    document::{RealmDocument, RoleNames, SecretSource, UserDocument},
};
use cambist_admin::{RealmRegistry, RegistryError};

use crate::{config::BootstrapAdmin, registry::Registry};

/// Life of an access token of realm master, as Keycloak's: short, since it may do anything.
const MASTER_ACCESS_TOKEN_SECONDS: i64 = 60;

/// Why realm master could not be made.
#[derive(Debug, thiserror::Error)]
#[error("realm master: {0}")]
pub struct BootstrapError(#[from] RegistryError);

/// Makes realm master where there is none, with client `admin-cli` and, when one is named, the first
/// administrator.
pub(crate) async fn bootstrap(
    registry: &Registry,
    admin: Option<&BootstrapAdmin>,
) -> Result<(), BootstrapError> {
    if RealmRegistry::realm(registry, MASTER).is_some() {
        if admin.is_some() {
            tracing::info!("realm master is there already, no administrator is made");
        }
        return Ok(());
    }
    registry.create(master(admin)).await?;
    match admin {
        Some(admin) => tracing::info!(username = admin.username, "realm master made"),
        None => tracing::warn!(
            "realm master made without an administrator: nobody can call the administration until a realm \
             file or a new start with bootstrap-admin-username and -password brings one"
        ),
    }
    Ok(())
}

fn master(admin: Option<&BootstrapAdmin>) -> RealmDocument {
    let mut document = RealmDocument::named(MASTER);
    document.profile = Profile::Keycloak;
    document.display_name = Some("Cambist".to_owned());
    document.tokens.access_token_lifespan = MASTER_ACCESS_TOKEN_SECONDS;
    document.users.extend(admin.map(|admin| UserDocument {
        username: admin.username.clone(),
        enabled: true,
        // A password login wants a whole profile.
        email: Some("admin@localhost".to_owned()),
        email_verified: true,
        first_name: Some("First".to_owned()),
        last_name: Some("Administrator".to_owned()),
        password: Some(SecretSource::Text(admin.password.clone())),
        roles: RoleNames {
            realm: vec![ADMIN.to_owned(), default_role_name(MASTER)],
            ..RoleNames::default()
        },
        ..UserDocument::default()
    }));
    document
}
