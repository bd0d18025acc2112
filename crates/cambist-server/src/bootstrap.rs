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

/// Makes realm master where there is none, with client `admin-cli`, and the administrator where the realm
/// has no user yet.
pub(crate) async fn bootstrap(
    registry: &Registry,
    admin: Option<&BootstrapAdmin>,
) -> Result<(), BootstrapError> {
    if RealmRegistry::realm(registry, MASTER).is_none() {
        registry.create(master()).await?;
        tracing::info!("realm master made");
        if admin.is_none() {
            tracing::warn!(
                "realm master has no administrator, so nobody can call the administration: start again with \
                 bootstrap-admin-username and bootstrap-admin-password"
            );
        }
    }
    if let Some(admin) = admin {
        if registry.add_first_user(MASTER, user(admin)).await? {
            tracing::info!(username = admin.username, "first administrator made");
        } else {
            tracing::info!("realm master has users already, no administrator is made");
        }
    }
    Ok(())
}

fn master() -> RealmDocument {
    let mut document = RealmDocument::named(MASTER);
    document.profile = Profile::Keycloak;
    document.display_name = Some("Cambist".to_owned());
    document.tokens.access_token_lifespan = MASTER_ACCESS_TOKEN_SECONDS;
    document
}

fn user(admin: &BootstrapAdmin) -> UserDocument {
    UserDocument {
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
    }
}
