//! The core of Cambist, an engine for OAuth 2.0 Token Exchange (RFC 8693).
//!
//! A server that links this crate hands it the bytes of a token request and gets back a decision, the reasons
//! for it, and a token that is ready to be signed. The crate decides as Keycloak does: permissions, policies
//! and decision strategies say who may exchange a token of one client for a token of another. It does no
//! I/O, is `no_std` with `alloc`, reads no clock and draws no random numbers: time, entropy, keys, users
//! and sessions come in as values, and what has to be stored goes out as values.
//!
//! # The path of a request
//!
//! ```text
//! bytes --receive--> TokenRequest --authenticate--> AuthenticatedRequest --begin--> PendingRequest
//!                                                                                        |
//!       the caller loads session and user  <--facts_needed-------------------------------+
//!                                                                                        |
//!       Facts ------------------------------------------------------------------decide---+
//!                                                                                        v
//! TokenResponse <--commit-- Outcome <--sign-- UnsignedExchange <--prepare-- Decision::Permit(Grant)
//!                                                                           Decision::Deny(Denial)
//! ```
//!
//! Each step takes the value before it, so none can be left out, done twice or done in another order. Values
//! that wait are owned, `Send` and `'static`. Only [`decision`] can make a [`Grant`](decision::Grant), so
//! every grant passes the same last check of realm, clients, session and user. A refusal carries its
//! [`DecisionTrace`](trace::DecisionTrace) as a permit does.
//!
//! # A login and an exchange
//!
//! Here `cambist-testkit` keeps users and sessions, and `cambist-ring` brings signatures and entropy.
//!
//! ```
//! use std::sync::Arc;
//!
//! use cambist::{decision::Decision, engine::Engine, moment::Moment, request::Envelope};
//! use cambist_ring::{RingProvider, SystemEntropy};
//! use cambist_testkit::world::World;
//! # use cambist::{
//! #     jose::{JwsLimits, UnverifiedJws},
//! #     response::TokenResponse,
//! # };
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let document = serde_json::from_str(
//!     r#"{
//!         "realm": "demo",
//!         "clients": [
//!             {"id": "service-a", "secret": "s3cret", "grants": ["password", "token-exchange"]},
//!             {"id": "service-b"}
//!         ],
//!         "policies": [{"name": "only service-a", "kind": "client", "clients": ["service-a"]}],
//!         "permissions": [{
//!             "name": "exchange to service-b", "action": "token-exchange", "client": "service-b",
//!             "policies": ["only service-a"]
//!         }],
//!         "users": [{
//!             "username": "ada", "password": "engine", "email": "ada@example.com",
//!             "first_name": "Ada", "last_name": "Lovelace"
//!         }]
//!     }"#,
//! )?;
//! let mut world = World::new(document, &RingProvider)?;
//! let engine = Engine::new(Arc::new(RingProvider));
//!
//! let mut ask = |form: &str| -> Result<_, Box<dyn std::error::Error>> {
//!     let envelope = Envelope {
//!         issuer: "https://id.example/realms/demo",
//!         content_type: Some("application/x-www-form-urlencoded"),
//!         ..Envelope::default()
//!     };
//!     let moment = Moment::utc(1_800_000_000);
//!     let pending = engine
//!         .receive(world.realm.clone(), &envelope, form.as_bytes(), moment)
//!         .and_then(|request| request.authenticate())
//!         .and_then(|request| request.begin())
//!         .map_err(|denial| denial.refusal().to_string())?;
//!     let facts = world.facts(&pending.facts_needed());
//!     match pending.decide(&facts) {
//!         Decision::Permit(grant) => {
//!             let outcome = grant.prepare(&mut SystemEntropy::new())?.sign()?;
//!             // The answer can be read once its effects are stored.
//!             outcome.commit(|effects| Ok(world.apply(effects)))
//!         }
//!         Decision::Deny(denial) => Err(denial.refusal().to_string().into()),
//!     }
//! };
//!
//! let login = ask(
//!     "grant_type=password&client_id=service-a&client_secret=s3cret&username=ada&password=engine",
//! )?;
//! let exchanged = ask(&format!(
//!     "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange\
//!      &client_id=service-a&client_secret=s3cret&subject_token={}&audience=service-b",
//!     login.access_token
//! ))?;
//! # let claims = |answer: &TokenResponse| -> serde_json::Value {
//! #     let token = UnverifiedJws::parse(&answer.access_token, &JwsLimits::default()).unwrap();
//! #     let key = world.realm.keys().verifier(token.key_id().unwrap()).unwrap();
//! #     serde_json::from_str(token.verify(key).unwrap().payload()).unwrap()
//! # };
//!
//! let (before, after) = (claims(&login), claims(&exchanged));
//! assert_eq!(after["aud"], "service-b");
//! assert_eq!(after["azp"], "service-a");
//! assert_eq!(after["sub"], before["sub"]);
//! # Ok(())
//! # }
//! ```
//!
//! [`Engine::handle`](engine::Engine::handle) does all steps in one call. For keys that are not in the
//! process, [`UnsignedExchange::signing_input`](mint::UnsignedExchange::signing_input) and
//! [`attach`](mint::UnsignedExchange::attach) stand in the place of
//! [`sign`](mint::UnsignedExchange::sign). Both stories are whole programs in this crate's `examples`.
//!
//! # What is here
//!
//! * Grants: password, client credentials, refresh token, and token exchange of two kinds: with a permission on
//!   the target (what Keycloak calls legacy or V1), also to become another user (`requested_subject`), and by
//!   the requester's scopes and the subject's audience (standard, V2).
//! * The answers of introspection, userinfo, revocation and logout, in [`endpoint`].
//! * Policies of the kinds `client`, `role`, `user`, `group`, `time`, `regex`, `client-scope` and
//!   `aggregate`; the strategies unanimous, affirmative and consensus. See [`policy`].
//! * Keycloak's protocol mappers and its built-in client scopes. See [`claims`].
//! * Compact JWS with RSA, ECDSA, Ed25519 and HMAC keys; a key brings its algorithm, a token's header never
//!   chooses one. See [`jose`]; the cryptography itself is in a provider crate.
//! * Sets that are open to the embedder: grants and kinds of exchange
//!   ([`EngineBuilder`](engine::EngineBuilder)), policies ([`PolicyKinds`](policy::PolicyKinds)), mappers
//!   ([`MapperKinds`](claims::MapperKinds)).
//!
//! # What is not here
//!
//! * The authorization code flow, login pages, consent pages: a browser never meets this crate.
//! * HTTP, storage, password hashing: `cambist-http` and `cambist-store` have them.
//! * Exchange with identity providers and JWT grants are not answered yet.
//!   `actor_token` and `resource` are not read: nobody acts for somebody else here, and only a client is a
//!   target.
//! * Encrypted tokens, unsigned tokens, and SAML.
//!
//! # Where it differs from Keycloak
//!
//! A realm has a [`Profile`](realm::Profile). In `keycloak`, decisions and wire answers are Keycloak's. In
//! `strict`, the default of a document written by hand, a token from an exchange never outlives its subject
//! token, a policy that fails or says nothing never helps to permit, and a client must be registered for the
//! exchange. In both profiles a token without `exp`, with `crit`, with lax base64url or with the `sub` of
//! another user is refused, where Keycloak takes it. `docs/parity.md` in the repository has the rule, and
//! `parity/deviations.json` every case.
#![no_std]

extern crate alloc;

pub mod claims;
pub mod client_auth;
pub mod client_policy;
pub mod crypto;
pub mod decision;
pub mod effects;
pub mod endpoint;
pub mod engine;
pub mod event;
pub mod facts;
pub mod flow;
pub mod jose;
pub mod limits;
pub mod mint;
pub mod moment;
pub mod narrowing;
pub mod outcome;
pub mod outside;
pub mod policy;
pub mod proof;
pub mod realm;
pub mod refusal;
pub mod request;
pub mod response;
mod scan;
pub mod secret;
pub mod subject;
pub mod trace;
