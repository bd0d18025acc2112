//! Carries attempts out: a realm of a document, an engine under worthless cryptography, and whatever stands
//! behind the subject token.

use std::sync::Arc;

use cambist::{
    decision::Decision,
    engine::{AuthenticatedRequest, Engine, TokenRequest},
    facts::{ClientSession, Facts, FactsNeeded, SessionId, SessionKind, UserSession},
    jose::base64url,
    moment::{Moment, Timestamp},
    realm::{
        Features, Realm, RealmError,
        document::{RealmDocument, SecretSource},
    },
    request::Envelope,
};
use serde_json::json;

use crate::{
    attempt::{Attempt, Flaw, SESSION, SubjectToken, TokenSession},
    reference::exchange::{Kind, Reason, decide},
    world::World,
    worthless_crypto::WorthlessProvider,
};

/// The issuer of every trial.
pub const ISSUER: &str = "https://id.example/realms/trial";

/// A realm to try things in.
#[derive(Clone, Debug)]
pub struct Trial {
    document: RealmDocument,
    world: World,
    engine: Engine,
}

impl Trial {
    /// Builds the realm. Its keys protect nothing here, whatever they are.
    ///
    /// # Errors
    ///
    /// What is wrong with the document.
    pub fn new(mut document: RealmDocument) -> Result<Self, RealmError> {
        document.complete(Features::default());
        let world = World::new(document.clone(), &WorthlessProvider)?;
        for client in &mut document.clients {
            let built = world.realm.client_by_id(&client.id);
            client.uuid = built.map(|built| built.uuid().to_owned());
        }
        for user in &mut document.users {
            let mut built = world.users.values();
            let built = built.find(|built| built.username == user.username.to_lowercase());
            user.id = built.map(|built| built.id.clone());
        }
        let provider = Arc::new(WorthlessProvider);
        Ok(Self {
            document,
            world,
            engine: Engine::builder(provider).tracing(true).build(),
        })
    }

    /// The same with decisions traced or not. Default: traced.
    #[must_use]
    pub fn tracing(mut self, tracing: bool) -> Self {
        let provider = Arc::new(WorthlessProvider);
        self.engine = Engine::builder(provider).tracing(tracing).build();
        self
    }

    /// The document, complete and with the internal ids that the realm has.
    #[must_use]
    pub fn document(&self) -> &RealmDocument {
        &self.document
    }

    /// The realm.
    #[must_use]
    pub fn realm(&self) -> &Arc<Realm> {
        &self.world.realm
    }

    /// Lets the engine decide.
    #[must_use]
    pub fn decide(&self, attempt: &Attempt) -> Decision {
        let facts = |needed: &FactsNeeded| self.facts(attempt, needed);
        self.decide_body(self.body(attempt).as_bytes(), attempt.now, facts)
    }

    /// The same for a form that is written already.
    #[must_use]
    pub fn decide_body(
        &self,
        body: &[u8],
        now: i64,
        facts: impl FnOnce(&FactsNeeded) -> Facts,
    ) -> Decision {
        let envelope = Envelope {
            issuer: ISSUER,
            content_type: Some("application/x-www-form-urlencoded"),
            ..Envelope::default()
        };
        let realm = Arc::clone(&self.world.realm);
        let pending = self
            .engine
            .receive(realm, &envelope, body, Moment::utc(now))
            .and_then(TokenRequest::authenticate)
            .and_then(AuthenticatedRequest::begin);
        match pending {
            Ok(pending) => {
                let facts = facts(&pending.facts_needed());
                pending.decide(&facts)
            }
            Err(denial) => Decision::Deny(denial),
        }
    }

    /// What the reference says of the attempt.
    ///
    /// # Errors
    ///
    /// The check that fails.
    pub fn reference(&self, attempt: &Attempt) -> Result<Kind, Reason> {
        attempt.judged(&self.document, decide)
    }

    /// The form.
    #[must_use]
    pub fn body(&self, attempt: &Attempt) -> String {
        let mut form = vec![(
            "grant_type",
            "urn:ietf:params:oauth:grant-type:token-exchange".to_owned(),
        )];
        form.push(("client_id", attempt.requester.clone()));
        if let Some(secret) = self.secret(&attempt.requester) {
            form.push(("client_secret", secret));
        }
        if let Some(token) = &attempt.subject {
            form.push(("subject_token", self.token(token, attempt.now)));
        }
        for (name, value) in [
            ("subject_token_type", &attempt.declared_type),
            ("requested_token_type", &attempt.requested_type),
            ("requested_subject", &attempt.requested_subject),
            ("scope", &attempt.scope),
        ] {
            form.extend(value.iter().map(|value| (name, value.clone())));
        }
        let audiences = attempt.audiences.iter();
        form.extend(audiences.map(|audience| ("audience", audience.clone())));
        let pairs: Vec<String> = form
            .iter()
            .map(|(name, value)| format!("{name}={}", escaped(value)))
            .collect();
        pairs.join("&")
    }

    fn secret(&self, client: &str) -> Option<String> {
        let mut clients = self.document.clients.iter();
        let client = clients.find(|known| known.id == client)?;
        match client.secret.as_ref().filter(|_| !client.public)? {
            SecretSource::Text(secret) => Some(secret.expose().to_owned()),
            SecretSource::Environment(_) => None,
        }
    }

    /// The token in compact form, signed with a key of the realm.
    #[must_use]
    pub fn token(&self, token: &SubjectToken, now: i64) -> String {
        let user = self.user_id(&token.user);
        let claims = token.all_claims(ISSUER, &user, now);
        let mut keys = self.world.realm.keys().all().iter();
        let Some((key, signing)) = keys.find_map(|key| Some((key, key.signing.as_ref()?))) else {
            return String::new();
        };
        let header = json!({"alg": &*key.algorithm, "typ": "JWT", "kid": &*key.kid});
        let mut text = base64url::encode(header.to_string().as_bytes());
        text.push('.');
        let claims = serde_json::Value::Object(claims).to_string();
        base64url::append_encoded(claims.as_bytes(), &mut text);
        let mut signature = Vec::new();
        let signed = signing.signer.sign(text.as_bytes(), &mut signature);
        if signed.is_err() || token.flaw == Some(Flaw::Forged) {
            signature = vec![0; 8];
        }
        text.push('.');
        base64url::append_encoded(&signature, &mut text);
        text
    }

    /// What a store would find for the attempt.
    #[must_use]
    pub fn facts(&self, attempt: &Attempt, needed: &FactsNeeded) -> Facts {
        let mut facts = self.world.facts(needed);
        let Some(token) = &attempt.subject else {
            return facts;
        };
        if needed.session.is_some() {
            facts.session = self.session(token, attempt.now).map(Arc::new);
            let user = self.user_id(&token.user);
            let in_session = facts.session.as_ref();
            facts.subject = in_session.and_then(|_| self.world.users.get(&user).cloned());
        }
        if token.flaw == Some(Flaw::Revoked) {
            facts.revoked.extend(needed.revocations.iter().cloned());
        }
        facts
    }

    fn session(&self, token: &SubjectToken, now: i64) -> Option<UserSession> {
        let (kind, joined) = match token.session {
            TokenSession::Online => (SessionKind::Online, true),
            TokenSession::TransientClient => (SessionKind::Online, false),
            TokenSession::Offline => (SessionKind::Offline, true),
            TokenSession::Transient | TokenSession::Ended => return None,
        };
        let issued = Timestamp(token.issued(now));
        let client = self.world.realm.client_by_id(&token.issued_to);
        let clients = client.filter(|_| joined).map(|client| {
            let mut session = ClientSession::begun(issued);
            session.last_refresh = Timestamp(now);
            (client.uuid().to_owned(), session)
        });
        Some(UserSession {
            id: SessionId(SESSION.into()),
            kind,
            user: self.user_id(&token.user),
            started: issued,
            last_refresh: Timestamp(now),
            method: "openid-connect".into(),
            notes: Default::default(),
            clients: clients.into_iter().collect(),
            version: 1,
        })
    }

    /// The internal id; for a user who is not there, the name.
    fn user_id(&self, name: &str) -> String {
        let mut users = self.world.users.values();
        let user = users.find(|user| user.username == name);
        user.map_or_else(|| name.to_owned(), |user| user.id.clone())
    }
}

/// Every byte but letters, digits and a few harmless signs as an escape (RFC 3986 section 2.1).
fn escaped(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'-' | b'.' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}
