//! Passwords: Keycloak's parameters, checked off the async threads with bounded concurrency.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, LazyLock},
};

use argon2::{Algorithm, Argon2, Params, Version};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use cambist::{
    crypto::{Entropy, ProviderError},
    facts::{PasswordCredential, User},
    moment::Timestamp,
    secret::Secret,
};
use ring::pbkdf2;
use subtle::ConstantTimeEq;
use tokio::sync::Semaphore;

use crate::{StoreError, Unavailable};

/// Bytes of salt that [`hash`] wants.
pub const SALT_LEN: usize = 16;

const ITERATIONS: u32 = 5;
const MEMORY_KIB: u32 = 7_168;
const PARALLELISM: u32 = 1;
const HASH_LEN: usize = 32;

/// Hard bounds on what an imported credential may ask of the machine that checks it.
const MAX_MEMORY_KIB: u32 = 262_144;
const MAX_PASSES: u32 = 100;
const MAX_PARALLELISM: u32 = 16;
const MAX_ROUNDS: u32 = 10_000_000;
const MAX_HASH_LEN: usize = 512;

/// Why a stored password can never match.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialError {
    /// The algorithm is none of `argon2`, `pbkdf2`, `pbkdf2-sha256`, `pbkdf2-sha512`.
    #[error("password algorithm {algorithm:?} is not supported")]
    Algorithm {
        /// Its name.
        algorithm: String,
    },
    /// Salt or hash is no base64, empty, or too long.
    #[error("{member} of a password is not base64 of a sensible length")]
    Encoding {
        /// `salt` or `hash`.
        member: &'static str,
    },
    /// A number is missing where it must not be, no number, or out of bounds.
    #[error("{member} of a password is out of bounds")]
    Parameter {
        /// The parameter.
        member: &'static str,
    },
}

/// Draws a salt for [`hash`].
///
/// # Errors
///
/// When the source has no entropy to give.
pub fn fresh_salt(entropy: &mut dyn Entropy) -> Result<[u8; SALT_LEN], ProviderError> {
    let mut salt = [0; SALT_LEN];
    entropy.fill(&mut salt)?;
    Ok(salt)
}

/// Hashes a password as a new Keycloak does: argon2id, version 1.3, 7168 KiB, 5 iterations, parallelism 1,
/// 32 bytes. Takes about 15 ms of processor time, so call it off the async threads
/// ([`PasswordVerifier::hash`]). Every password needs a salt of its own ([`fresh_salt`]).
///
/// # Errors
///
/// [`CredentialError::Parameter`] when the password is longer than argon2 takes (4 GiB).
pub fn hash(
    password: &Secret,
    salt: [u8; SALT_LEN],
    now: Timestamp,
) -> Result<PasswordCredential, CredentialError> {
    let mut derived = [0; HASH_LEN];
    Recipe::current().derive_argon2(password.expose().as_bytes(), &salt, &mut derived)?;
    Ok(PasswordCredential {
        created: now,
        ..current_credential(&salt, &derived)
    })
}

/// Whether the credential can be checked at all: what an import asks before it keeps one.
///
/// # Errors
///
/// What is wrong with it.
pub fn check(credential: &PasswordCredential) -> Result<(), CredentialError> {
    Prepared::of(credential).map(|_| ())
}

/// Whether this is the password. A credential that [`check`] refuses matches none. Takes as long as its
/// author wanted, so call it off the async threads.
#[must_use]
pub fn verify(credential: &PasswordCredential, password: &Secret) -> bool {
    let Ok(prepared) = Prepared::of(credential) else {
        return false;
    };
    prepared.matches(password.expose().as_bytes())
}

/// Checks passwords off the async threads, a few at once. Clones share the bounds.
#[derive(Clone)]
pub struct PasswordVerifier {
    running: Arc<Semaphore>,
    admitted: Arc<Semaphore>,
}

impl PasswordVerifier {
    /// As many at once as the machine has cores, and 64 waiting for each of them: about a second's work.
    #[must_use]
    pub fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self::with_bounds(cores, cores.saturating_mul(64))
    }

    /// At most `running` at once and `waiting` more in the queue; whoever comes then is refused.
    #[must_use]
    pub fn with_bounds(running: usize, waiting: usize) -> Self {
        let running = running.clamp(1, Semaphore::MAX_PERMITS);
        let admitted = running.saturating_add(waiting).min(Semaphore::MAX_PERMITS);
        Self {
            running: Arc::new(Semaphore::new(running)),
            admitted: Arc::new(Semaphore::new(admitted)),
        }
    }

    /// Whether this is the user's password. Without a user, or for one without a password, it takes as
    /// long as for a password of today's parameters and is false.
    ///
    /// # Errors
    ///
    /// [`Unavailable::Busy`] when too many wait already.
    pub async fn verify(
        &self,
        user: Option<Arc<User>>,
        password: Secret,
    ) -> Result<bool, StoreError> {
        self.run(move || match &user {
            Some(user) if !user.passwords.is_empty() => user
                .passwords
                .iter()
                .any(|credential| verify(credential, &password)),
            _ => {
                let _never = verify(&NOBODY, &password);
                false
            }
        })
        .await
    }

    /// Hashes a password within the same bounds; see [`hash`].
    ///
    /// # Errors
    ///
    /// [`Unavailable::Busy`] when too many wait already.
    pub async fn hash(
        &self,
        password: Secret,
        salt: [u8; SALT_LEN],
        now: Timestamp,
    ) -> Result<PasswordCredential, StoreError> {
        self.run(move || hash(&password, salt, now))
            .await?
            .map_err(|error| {
                Unavailable::Failed {
                    reason: error.to_string(),
                }
                .into()
            })
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, StoreError> {
        let admitted = Arc::clone(&self.admitted)
            .try_acquire_owned()
            .map_err(|_| StoreError::from(Unavailable::Busy))?;
        let running = Arc::clone(&self.running)
            .acquire_owned()
            .await
            .map_err(|_| StoreError::from(Unavailable::Closed))?;
        // The permits go along: a caller who stops waiting does not stop the work.
        let work = move || {
            let _permits = (admitted, running);
            work()
        };
        if tokio::runtime::Handle::try_current().is_err() {
            return Ok(work());
        }
        tokio::task::spawn_blocking(work).await.map_err(|error| {
            Unavailable::Failed {
                reason: error.to_string(),
            }
            .into()
        })
    }
}

impl Default for PasswordVerifier {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for PasswordVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordVerifier")
            .field("free", &self.running.available_permits())
            .finish_non_exhaustive()
    }
}

/// Stands in for a user that does not exist; no password is known to match.
static NOBODY: LazyLock<PasswordCredential> =
    LazyLock::new(|| current_credential(&[0; SALT_LEN], &[0; HASH_LEN]));

fn current_credential(salt: &[u8], hash: &[u8]) -> PasswordCredential {
    let parameters = [
        ("type", "id".to_owned()),
        ("version", "1.3".to_owned()),
        ("memory", MEMORY_KIB.to_string()),
        ("parallelism", PARALLELISM.to_string()),
        ("hashLength", HASH_LEN.to_string()),
    ];
    PasswordCredential {
        id: String::new(),
        algorithm: "argon2".to_owned(),
        iterations: ITERATIONS,
        salt: STANDARD.encode(salt),
        hash: STANDARD.encode(hash),
        parameters: parameters
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
        temporary: false,
        created: Timestamp::EPOCH,
    }
}

/// A credential, decoded and within bounds.
struct Prepared {
    salt: Vec<u8>,
    hash: Vec<u8>,
    recipe: Recipe,
}

enum Recipe {
    Argon2 {
        algorithm: Algorithm,
        version: Version,
        memory: u32,
        passes: u32,
        parallelism: u32,
    },
    Pbkdf2 {
        algorithm: pbkdf2::Algorithm,
        rounds: std::num::NonZeroU32,
    },
}

impl Prepared {
    fn of(credential: &PasswordCredential) -> Result<Self, CredentialError> {
        let salt = decode(&credential.salt, "salt")?;
        let hash = decode(&credential.hash, "hash")?;
        let recipe = match credential.algorithm.as_str() {
            "argon2" => Recipe::argon2(credential, hash.len())?,
            "pbkdf2" => Recipe::pbkdf2(pbkdf2::PBKDF2_HMAC_SHA1, credential.iterations)?,
            "pbkdf2-sha256" => Recipe::pbkdf2(pbkdf2::PBKDF2_HMAC_SHA256, credential.iterations)?,
            "pbkdf2-sha512" => Recipe::pbkdf2(pbkdf2::PBKDF2_HMAC_SHA512, credential.iterations)?,
            other => {
                return Err(CredentialError::Algorithm {
                    algorithm: other.to_owned(),
                });
            }
        };
        Ok(Self { salt, hash, recipe })
    }

    fn matches(&self, password: &[u8]) -> bool {
        match &self.recipe {
            Recipe::Argon2 { .. } => {
                let mut derived = vec![0; self.hash.len()];
                self.recipe
                    .derive_argon2(password, &self.salt, &mut derived)
                    .is_ok()
                    && bool::from(derived.ct_eq(&self.hash))
            }
            // ring compares in constant time.
            Recipe::Pbkdf2 { algorithm, rounds } => {
                pbkdf2::verify(*algorithm, *rounds, &self.salt, password, &self.hash).is_ok()
            }
        }
    }
}

impl Recipe {
    const fn current() -> Self {
        Self::Argon2 {
            algorithm: Algorithm::Argon2id,
            version: Version::V0x13,
            memory: MEMORY_KIB,
            passes: ITERATIONS,
            parallelism: PARALLELISM,
        }
    }

    fn argon2(credential: &PasswordCredential, len: usize) -> Result<Self, CredentialError> {
        let text = |member: &str| credential.parameters.get(member).map(String::as_str);
        let algorithm = match text("type") {
            None | Some("id") => Algorithm::Argon2id,
            Some("i") => Algorithm::Argon2i,
            Some("d") => Algorithm::Argon2d,
            Some(_) => return Err(CredentialError::Parameter { member: "type" }),
        };
        let version = match text("version") {
            None | Some("1.3") => Version::V0x13,
            Some("1.0") => Version::V0x10,
            Some(_) => return Err(CredentialError::Parameter { member: "version" }),
        };
        if let Some(said) = text("hashLength")
            && said.parse() != Ok(len)
        {
            return Err(CredentialError::Parameter {
                member: "hashLength",
            });
        }
        let recipe = Self::Argon2 {
            algorithm,
            version,
            memory: number(&credential.parameters, "memory", MEMORY_KIB, MAX_MEMORY_KIB)?,
            passes: bounded("iterations", credential.iterations, MAX_PASSES)?,
            parallelism: number(
                &credential.parameters,
                "parallelism",
                PARALLELISM,
                MAX_PARALLELISM,
            )?,
        };
        recipe.params(len)?;
        Ok(recipe)
    }

    fn pbkdf2(algorithm: pbkdf2::Algorithm, rounds: u32) -> Result<Self, CredentialError> {
        let rounds = std::num::NonZeroU32::new(bounded("iterations", rounds, MAX_ROUNDS)?).ok_or(
            CredentialError::Parameter {
                member: "iterations",
            },
        )?;
        Ok(Self::Pbkdf2 { algorithm, rounds })
    }

    fn params(&self, len: usize) -> Result<Params, CredentialError> {
        let Self::Argon2 {
            memory,
            passes,
            parallelism,
            ..
        } = self
        else {
            return Err(CredentialError::Parameter {
                member: "algorithm",
            });
        };
        Params::new(*memory, *passes, *parallelism, Some(len))
            .map_err(|_| CredentialError::Parameter { member: "memory" })
    }

    fn derive_argon2(
        &self,
        password: &[u8],
        salt: &[u8],
        derived: &mut [u8],
    ) -> Result<(), CredentialError> {
        let params = self.params(derived.len())?;
        let (algorithm, version) = match self {
            Self::Argon2 {
                algorithm, version, ..
            } => (*algorithm, *version),
            Self::Pbkdf2 { .. } => {
                return Err(CredentialError::Parameter {
                    member: "algorithm",
                });
            }
        };
        Argon2::new(algorithm, version, params)
            .hash_password_into(password, salt, derived)
            .map_err(|_| CredentialError::Parameter { member: "salt" })
    }
}

fn decode(text: &str, member: &'static str) -> Result<Vec<u8>, CredentialError> {
    let error = CredentialError::Encoding { member };
    match STANDARD.decode(text) {
        Ok(bytes) if !bytes.is_empty() && bytes.len() <= MAX_HASH_LEN => Ok(bytes),
        _ => Err(error),
    }
}

fn number(
    parameters: &BTreeMap<String, String>,
    member: &'static str,
    default: u32,
    max: u32,
) -> Result<u32, CredentialError> {
    match parameters.get(member) {
        None => Ok(default),
        Some(text) => {
            let value = text
                .parse()
                .map_err(|_| CredentialError::Parameter { member })?;
            bounded(member, value, max)
        }
    }
}

fn bounded(member: &'static str, value: u32, max: u32) -> Result<u32, CredentialError> {
    if (1..=max).contains(&value) {
        Ok(value)
    } else {
        Err(CredentialError::Parameter { member })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credential(
        algorithm: &str,
        iterations: u32,
        salt: &[u8],
        hash: &[u8],
    ) -> PasswordCredential {
        PasswordCredential {
            parameters: BTreeMap::new(),
            algorithm: algorithm.into(),
            iterations,
            ..current_credential(salt, hash)
        }
    }

    #[test]
    fn a_hashed_password_matches_itself_only() {
        let stored = hash(&Secret::new("password123"), [7; SALT_LEN], Timestamp(5)).unwrap();
        assert_eq!(stored.algorithm, "argon2");
        assert_eq!(stored.parameters["memory"], "7168");
        assert_eq!(stored.created, Timestamp(5));
        assert!(verify(&stored, &Secret::new("password123")));
        assert!(!verify(&stored, &Secret::new("password124")));
        assert!(!verify(&stored, &Secret::new("")));
    }

    /// RFC 6070 (SHA-1) and the same input for SHA-256 and SHA-512, as widely published.
    #[test]
    fn pbkdf2_known_answers() {
        let sha1 = [
            0x4b, 0x00, 0x79, 0x01, 0xb7, 0x65, 0x48, 0x9a, 0xbe, 0xad, 0x49, 0xd9, 0x26, 0xf7,
            0x21, 0xd0, 0x65, 0xa4, 0x29, 0xc1,
        ];
        let sha256 = [
            0xc5, 0xe4, 0x78, 0xd5, 0x92, 0x88, 0xc8, 0x41, 0xaa, 0x53, 0x0d, 0xb6, 0x84, 0x5c,
            0x4c, 0x8d, 0x96, 0x28, 0x93, 0xa0, 0x01, 0xce, 0x4e, 0x11, 0xa4, 0x96, 0x38, 0x73,
            0xaa, 0x98, 0x13, 0x4a,
        ];
        for (algorithm, hash) in [("pbkdf2", &sha1[..]), ("pbkdf2-sha256", &sha256[..])] {
            let stored = credential(algorithm, 4096, b"salt", hash);
            assert!(verify(&stored, &Secret::new("password")), "{algorithm}");
            assert!(!verify(&stored, &Secret::new("Password")), "{algorithm}");
        }
    }

    #[test]
    fn sha512_matches_what_ring_derives() {
        let mut hash = [0; 64];
        let rounds = std::num::NonZeroU32::new(1000).unwrap();
        pbkdf2::derive(
            pbkdf2::PBKDF2_HMAC_SHA512,
            rounds,
            b"salt",
            b"password",
            &mut hash,
        );
        let stored = credential("pbkdf2-sha512", 1000, b"salt", &hash);
        assert!(verify(&stored, &Secret::new("password")));
        assert!(!verify(&stored, &Secret::new("passwor")));
    }

    #[test]
    fn what_would_hurt_the_machine_is_refused() {
        let good = hash(&Secret::new("x"), [1; SALT_LEN], Timestamp(0)).unwrap();
        assert_eq!(check(&good), Ok(()));
        for (member, value) in [
            ("memory", "262145"),
            ("memory", "4294967296"),
            ("memory", "0"),
            ("parallelism", "17"),
            ("hashLength", "31"),
            ("type", "ix"),
            ("version", "2"),
        ] {
            let mut bad = good.clone();
            bad.parameters.insert(member.into(), value.into());
            assert!(check(&bad).is_err(), "{member} {value}");
            assert!(!verify(&bad, &Secret::new("x")), "{member} {value}");
        }
        for iterations in [0, 10_000_001] {
            assert!(check(&credential("pbkdf2", iterations, b"salt", b"hash")).is_err());
        }
        assert!(check(&credential("bcrypt", 1, b"salt", b"hash")).is_err());
        assert!(check(&credential("pbkdf2", 1, b"salt", b"")).is_err());
    }

    #[tokio::test]
    async fn a_full_queue_is_busy() {
        let verifier = PasswordVerifier::with_bounds(1, 1);
        let once = || verifier.verify(None, Secret::new("x"));
        let (one, two, three) = tokio::join!(once(), once(), once());
        assert_eq!((one, two), (Ok(false), Ok(false)));
        assert_eq!(three, Err(Unavailable::Busy.into()));
        assert_eq!(once().await, Ok(false), "free again");
    }

    #[tokio::test]
    async fn nobody_takes_as_long_as_somebody() {
        let verifier = PasswordVerifier::with_bounds(1, 0);
        let stored = hash(&Secret::new("x"), [1; SALT_LEN], Timestamp(0)).unwrap();
        let user = Arc::new(User {
            passwords: vec![stored],
            ..User::default()
        });
        let mut best = [std::time::Duration::MAX; 2];
        for _ in 0..5 {
            for (slot, who) in best.iter_mut().zip([None, Some(&user)]) {
                let start = std::time::Instant::now();
                assert!(
                    !verifier
                        .verify(who.cloned(), Secret::new("y"))
                        .await
                        .unwrap()
                );
                *slot = start.elapsed().min(*slot);
            }
        }
        let [nobody, somebody] = best;
        assert!(
            nobody > somebody / 2 && somebody > nobody / 2,
            "{nobody:?} {somebody:?}"
        );
    }
}
