//! What was judged, as the trace keeps it: by value, but for credentials, which are kept as digests.

use alloc::{
    borrow::ToOwned,
    boxed::Box,
    string::{String, ToString},
    sync::Arc,
    vec::Vec,
};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    client_auth::{ClientAuthMethod, ClientProof},
    crypto::{Algorithm, CryptoProvider, HashAlgorithm},
    facts::{ActorFacts, Facts, User, UserQuery, UserSession},
    flow::FlowRequest,
    jose::base64url,
    moment::Moment,
    proof::Possession,
    subject::ReadToken,
};

/// Parameters whose values are kept. A value of any other is kept as its digest: it may be a credential.
const PUBLIC: [&str; 11] = [
    "grant_type",
    "client_id",
    "scope",
    "audience",
    "resource",
    "requested_token_type",
    "subject_token_type",
    "actor_token_type",
    "subject_issuer",
    "requested_issuer",
    "requested_subject",
];

/// A parameter of the form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Its value, where it can hold no credential.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Otherwise the SHA-256 of its value, base64url.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

/// A token that was read: its signature, issuer, type and times held.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecordedToken {
    /// SHA-256 of the token, base64url.
    pub sha256: String,
    /// Its claims. Without the signature they open nothing.
    pub claims: Map<String, Value>,
}

/// What was judged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecordedInputs {
    /// The realm's issuer.
    pub issuer: String,
    /// `client_id` of the requester, which had proved itself.
    pub requester: String,
    /// How it had (Keycloak's name).
    pub authenticated_by: String,
    /// The algorithm of its assertion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assertion_algorithm: Option<String>,
    /// Thumbprint of the key that it showed (RFC 9449).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof_key: Option<String>,
    /// Thumbprint of the certificate that it showed (RFC 8705).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
    /// Address of the caller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_address: Option<String>,
    /// The instant.
    pub moment: Moment,
    /// The form, in order.
    pub parameters: Vec<Parameter>,
    /// How many checks came before the flow: those of the client and the form, which stand on credentials and
    /// are not made again by a replay.
    pub checks_before: usize,
    /// The subject token, when there is one and it was good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject_token: Option<RecordedToken>,
    /// The actor token, when there is one and it was good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor_token: Option<RecordedToken>,
    /// What was true then of session and users; absent where the decision came before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub facts: Option<RecordedFacts>,
}

impl RecordedInputs {
    pub(crate) fn of(request: &FlowRequest<'_>, checks_before: usize) -> Self {
        let pairs = request.parameters.form().pairs();
        let parameters = pairs.map(|(name, value)| {
            let public = PUBLIC.contains(&name);
            Parameter {
                name: name.into(),
                value: public.then(|| value.to_owned()),
                sha256: (!public).then(|| digest(request.provider, value.as_bytes())),
            }
        });
        let proof = request.authenticated_by;
        Self {
            issuer: request.issuer.into(),
            requester: request.client.client_id().into(),
            authenticated_by: proof.method.authenticator().into(),
            assertion_algorithm: proof.algorithm.map(|algorithm| algorithm.name().into()),
            proof_key: request.possession.key().map(ToOwned::to_owned),
            certificate: request.possession.certificate().map(ToOwned::to_owned),
            remote_address: request.remote_address.map(ToOwned::to_owned),
            moment: request.moment,
            parameters: parameters.collect(),
            checks_before,
            subject_token: None,
            actor_token: None,
            facts: None,
        }
    }

    /// How the requester had proved itself.
    pub(crate) fn client_proof(&self) -> Option<ClientProof> {
        let methods = [
            ClientAuthMethod::None,
            ClientAuthMethod::ClientSecret,
            ClientAuthMethod::PrivateKeyJwt,
            ClientAuthMethod::ClientSecretJwt,
            ClientAuthMethod::Certificate,
            ClientAuthMethod::SelfSignedCertificate,
            ClientAuthMethod::FederatedJwt,
        ];
        let named = |method: &ClientAuthMethod| method.authenticator() == self.authenticated_by;
        Some(ClientProof {
            method: methods.into_iter().find(named)?,
            algorithm: match &self.assertion_algorithm {
                Some(name) => Some(Algorithm::from_name(name)?),
                None => None,
            },
        })
    }

    pub(crate) fn possession(&self) -> Possession {
        Possession {
            key: self.proof_key.as_deref().map(Box::from),
            certificate: self.certificate.as_deref().map(Box::from),
        }
    }
}

impl RecordedToken {
    pub(crate) fn of(token: &ReadToken, text: &str, provider: &dyn CryptoProvider) -> Self {
        Self {
            sha256: digest(provider, text.as_bytes()),
            // The payload was read once when the token was verified.
            claims: serde_json::from_str(&token.payload).unwrap_or_default(),
        }
    }
}

/// What was true of session and users, without passwords, stored tokens and the notes of sessions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RecordedFacts {
    /// The session of the subject token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<UserSession>,
    /// The user of the subject token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<User>,
    /// The user to become.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested: Option<User>,
    /// The service account of the requester.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_account: Option<User>,
    /// The session of the actor token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor_session: Option<UserSession>,
    /// The user of the actor token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<User>,
    /// Users that were named and found.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub named: Vec<(UserQuery, User)>,
    /// Token ids that were revoked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub revoked: Vec<String>,
}

impl RecordedFacts {
    pub(crate) fn of(facts: &Facts, provider: &dyn CryptoProvider) -> Self {
        let user = |user: &Option<Arc<User>>| user.as_deref().map(without_credentials);
        let session = |session: &Option<Arc<UserSession>>| {
            let session = session.as_deref();
            session.map(|session| without_notes(session, provider))
        };
        Self {
            session: session(&facts.session),
            actor_session: session(&facts.actor.session),
            actor: user(&facts.actor.user),
            subject: user(&facts.subject),
            requested: user(&facts.requested),
            service_account: user(&facts.service_account),
            named: facts
                .named
                .iter()
                .map(|(query, user)| (query.clone(), without_credentials(user)))
                .collect(),
            revoked: facts.revoked.iter().map(ToString::to_string).collect(),
        }
    }

    pub(crate) fn facts(&self) -> Facts {
        let user = |user: &Option<User>| user.clone().map(Arc::new);
        Facts {
            session: self.session.clone().map(Arc::new),
            actor: ActorFacts {
                session: self.actor_session.clone().map(Arc::new),
                user: user(&self.actor),
            },
            subject: user(&self.subject),
            requested: user(&self.requested),
            service_account: user(&self.service_account),
            named: self
                .named
                .iter()
                .map(|(query, user)| (query.clone(), Arc::new(user.clone())))
                .collect(),
            revoked: self.revoked.iter().map(|id| id.as_str().into()).collect(),
            ..Facts::default()
        }
    }
}

fn without_credentials(user: &User) -> User {
    User {
        passwords: Vec::new(),
        federated_identities: Vec::new(),
        ..user.clone()
    }
}

/// A note may hold the token of an identity provider. Those of an impersonation are names.
fn without_notes(session: &UserSession, provider: &dyn CryptoProvider) -> UserSession {
    let mut session = session.clone();
    let notes = session.notes.iter_mut();
    for (_, value) in notes.filter(|(name, _)| !name.starts_with("IMPERSONATOR_")) {
        *value = digest(provider, value.as_bytes());
    }
    for client in session.clients.values_mut() {
        for value in client.notes.values_mut() {
            *value = digest(provider, value.as_bytes());
        }
        client.refresh_uses.clear();
        client.derived_from.clear();
    }
    session
}

/// SHA-256, base64url.
pub(super) fn digest(provider: &dyn CryptoProvider, bytes: &[u8]) -> String {
    base64url::encode(provider.hash(HashAlgorithm::Sha256, bytes).as_bytes())
}
