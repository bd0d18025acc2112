//! The entry: who calls, which realm, which call.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use cambist::{crypto::Entropy, engine::Engine, realm::document::RealmDocument};
use cambist_store::{Conflict, Store, StoreError, passwords::PasswordVerifier};
use http::{Response, StatusCode};

use crate::{
    AdminAuthenticator, AdminCaller, LoadedRealm, RealmRegistry, RegistryError, Rights,
    answer::{Answer, Failure},
    request::{AdminRequest, percent_encoded},
    routes,
};

/// How often a change is tried again when somebody else changed the realm meanwhile.
const ATTEMPTS: usize = 8;

/// What the administration is made of.
pub struct AdminParts {
    /// Users and sessions.
    pub store: Arc<dyn Store>,
    /// The realms in force.
    pub realms: Arc<dyn RealmRegistry>,
    /// Verifies bearer tokens.
    pub authenticator: Arc<dyn AdminAuthenticator>,
    /// Hashes new passwords, within the same bounds as logins.
    pub passwords: PasswordVerifier,
    /// Explains exchanges ([`EXPLAIN_EXCHANGE`](crate::EXPLAIN_EXCHANGE)).
    pub engine: Engine,
    /// Internal ids, secrets and salts come from here.
    pub entropy: Box<dyn Entropy + Send>,
}

impl fmt::Debug for AdminParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdminParts").finish_non_exhaustive()
    }
}

/// The administration of all realms of a server.
pub struct Admin {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) realms: Arc<dyn RealmRegistry>,
    authenticator: Arc<dyn AdminAuthenticator>,
    pub(crate) passwords: PasswordVerifier,
    pub(crate) engine: Engine,
    entropy: Mutex<Box<dyn Entropy + Send>>,
}

impl fmt::Debug for Admin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admin").finish_non_exhaustive()
    }
}

impl Admin {
    /// An administration of these parts.
    #[must_use]
    pub fn new(parts: AdminParts) -> Self {
        Self {
            store: parts.store,
            realms: parts.realms,
            authenticator: parts.authenticator,
            passwords: parts.passwords,
            engine: parts.engine,
            entropy: Mutex::new(parts.entropy),
        }
    }

    /// Answers one call. Every refusal is an answer too.
    pub async fn handle(&self, request: AdminRequest) -> Response<Bytes> {
        match self.judge(&request).await {
            Ok(answer) => answer,
            Err(failure) => failure.answer(),
        }
    }

    async fn judge(&self, request: &AdminRequest) -> Result<Answer, Failure> {
        if request.path.contains("//") {
            return Err(Failure::Error {
                status: StatusCode::BAD_REQUEST,
                error: "missingNormalization".to_owned(),
                description: Some("Request path not normalized".to_owned()),
            });
        }
        let unauthorized = Failure::Status(StatusCode::UNAUTHORIZED);
        let bearer = request.bearer().ok_or_else(|| unauthorized.clone())?;
        let caller = self
            .authenticator
            .authenticate(bearer)
            .await
            .ok_or(unauthorized)?;
        let segments = request
            .segments()
            .ok_or(Failure::Status(StatusCode::NOT_FOUND))?;
        if !request.accepts_json() {
            return Err(Failure::Status(StatusCode::NOT_ACCEPTABLE));
        }
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        match segments.split_first() {
            None => routes::all_realms(self, request, &caller).await,
            Some((realm, rest)) => {
                let loaded = self
                    .realms
                    .realm(realm)
                    .ok_or_else(|| Failure::not_found("Realm not found."))?;
                let rights = self.rights(&caller, realm)?;
                if !rights.is_some() {
                    return Err(Failure::Status(StatusCode::FORBIDDEN));
                }
                let call = Call {
                    admin: self,
                    request,
                    rights,
                    name: (*realm).to_owned(),
                    loaded,
                };
                routes::one_realm(&call, rest).await
            }
        }
    }

    pub(crate) fn rights(&self, caller: &AdminCaller, realm: &str) -> Result<Rights, Failure> {
        let own = self
            .realms
            .realm(&caller.realm)
            .ok_or(Failure::Status(StatusCode::UNAUTHORIZED))?;
        Ok(Rights::of(caller, &own.realm, realm))
    }

    /// A new internal id: a random UUID (RFC 9562 section 5.4).
    pub(crate) fn new_id(&self) -> Result<String, Failure> {
        let mut bytes = [0_u8; 16];
        self.fill(&mut bytes)?;
        let number = u128::from_be_bytes(bytes);
        // Version 4 and the variant of RFC 9562.
        let number = number & !(0xF << 76) & !(0x3 << 62) | (0x4 << 76) | (0x2 << 62);
        let hex = format!("{number:032x}");
        let mut id = String::with_capacity(36);
        for (place, digit) in hex.chars().enumerate() {
            if matches!(place, 8 | 12 | 16 | 20) {
                id.push('-');
            }
            id.push(digit);
        }
        Ok(id)
    }

    /// A new client secret: 32 letters and digits, as Keycloak makes them.
    pub(crate) fn new_secret(&self) -> Result<String, Failure> {
        const LETTERS: &[u8; 62] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        let mut secret = String::with_capacity(32);
        while secret.len() < 32 {
            let mut bytes = [0_u8; 32];
            self.fill(&mut bytes)?;
            // Bytes of 248 and above would make the first letters likelier.
            let letters = bytes
                .iter()
                .filter(|byte| **byte < 248)
                .filter_map(|byte| LETTERS.get(usize::from(byte % 62)));
            for letter in letters.take(32_usize.saturating_sub(secret.len())) {
                secret.push(char::from(*letter));
            }
        }
        Ok(secret)
    }

    pub(crate) fn fill(&self, bytes: &mut [u8]) -> Result<(), Failure> {
        let mut entropy = self.entropy.lock().unwrap_or_else(PoisonError::into_inner);
        entropy.fill(bytes).map_err(|_| Failure::internal())
    }

    /// Changes a realm: the next document is built, stored and put in force, or nothing changes.
    pub(crate) async fn change<T>(
        &self,
        realm: &str,
        change: impl Fn(&mut RealmDocument) -> Result<T, Failure>,
    ) -> Result<(T, Arc<LoadedRealm>), Failure> {
        for _ in 0..ATTEMPTS {
            let loaded = self
                .realms
                .realm(realm)
                .ok_or_else(|| Failure::not_found("Realm not found."))?;
            let mut document = RealmDocument::clone(&loaded.document);
            let made = change(&mut document)?;
            match self.realms.put(realm, document, loaded.version).await {
                Ok(loaded) => return Ok((made, loaded)),
                Err(RegistryError::Store(StoreError::Conflict(Conflict::Version { .. }))) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Failure::Status(StatusCode::SERVICE_UNAVAILABLE))
    }
}

/// One call within a realm.
pub(crate) struct Call<'a> {
    pub(crate) admin: &'a Admin,
    pub(crate) request: &'a AdminRequest,
    pub(crate) rights: Rights,
    pub(crate) name: String,
    pub(crate) loaded: Arc<LoadedRealm>,
}

impl Call<'_> {
    /// The caller must have one of these roles.
    pub(crate) fn require(&self, roles: &[&str]) -> Result<(), Failure> {
        if self.rights.has_any(roles) {
            Ok(())
        } else {
            Err(Failure::Status(StatusCode::FORBIDDEN))
        }
    }

    /// The caller must be allowed to hand on each of these roles, by internal id.
    pub(crate) fn require_hand_on<'r>(
        &self,
        roles: impl IntoIterator<Item = &'r str>,
    ) -> Result<(), Failure> {
        let realm = &self.loaded.realm;
        let allowed = roles
            .into_iter()
            .filter_map(|id| realm.role_by_id(id))
            .all(|role| self.rights.may_hand_on(realm, role));
        if allowed {
            Ok(())
        } else {
            Err(Failure::Status(StatusCode::FORBIDDEN))
        }
    }

    pub(crate) fn document(&self) -> &RealmDocument {
        &self.loaded.document
    }

    pub(crate) fn store(&self) -> &dyn Store {
        &*self.admin.store
    }

    /// Changes this realm, without caring for the snapshot that comes of it.
    pub(crate) async fn change<T>(
        &self,
        change: impl Fn(&mut RealmDocument) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        self.admin
            .change(&self.name, change)
            .await
            .map(|(made, _)| made)
    }

    /// The address of a thing in this realm.
    pub(crate) fn location(&self, parts: &[&str]) -> String {
        let mut location = format!(
            "{}/admin/realms/{}",
            self.request.base,
            percent_encoded(&self.name)
        );
        for part in parts {
            location.push('/');
            location.push_str(&percent_encoded(part));
        }
        location
    }
}
