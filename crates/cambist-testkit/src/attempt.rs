//! One request for a token exchange, with everything that its outcome depends on beside the realm: the
//! subject token, the session and the user behind it, the moment.
//!
//! An attempt is plain data. [`Trial`](crate::trial::Trial) carries it out, the reference judges it
//! by its [`State`], and [`generate`](crate::generate) makes it at random.

mod state;
mod values;

use serde_json::{Map, Value, json};

pub use self::values::{Requester, Scope, Session, State, Subject, Target, User};

/// A request for a token exchange.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Attempt {
    /// `client_id` of the client that asks; it proves itself with its secret where it has one.
    pub requester: String,
    /// The subject token; `None` for none.
    pub subject: Option<SubjectToken>,
    /// `subject_token_type`.
    pub declared_type: Option<String>,
    /// `requested_token_type`.
    pub requested_type: Option<String>,
    /// `requested_subject`: the user to become.
    pub requested_subject: Option<String>,
    /// `audience`, in order.
    pub audiences: Vec<String>,
    /// `scope`.
    pub scope: Option<String>,
    /// Seconds since the epoch.
    pub now: i64,
}

/// A subject token, and what stands behind it.
#[derive(Clone, Debug, PartialEq)]
pub struct SubjectToken {
    /// `azp`: the client that it was issued to.
    pub issued_to: String,
    /// Login name of its user.
    pub user: String,
    /// `typ`.
    pub kind: String,
    /// `aud`.
    pub audience: Vec<String>,
    /// `scope`.
    pub scope: Option<String>,
    /// The session that it lives in.
    pub session: TokenSession,
    /// Seconds since it was issued.
    pub age: i64,
    /// Seconds from its issue to its end.
    pub lifetime: i64,
    /// What is wrong with it.
    pub flaw: Option<Flaw>,
    /// Further claims, such as `cnf`.
    pub claims: Map<String, Value>,
}

/// The session that a token lives in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenSession {
    /// An online session in which its client has a part.
    Online,
    /// An online session; its client's part is stored nowhere.
    TransientClient,
    /// A session that is stored nowhere, as a service account's.
    Transient,
    /// An offline session in which its client has a part.
    Offline,
    /// An online session that has ended.
    Ended,
}

impl TokenSession {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Online,
        Self::TransientClient,
        Self::Transient,
        Self::Offline,
        Self::Ended,
    ];

    const fn code(self) -> &'static str {
        match self {
            Self::Online | Self::Ended => "onrtro",
            Self::TransientClient => "ntrtte",
            Self::Transient => "trrtcc",
            Self::Offline => "ofrtro",
        }
    }
}

/// What is wrong with a subject token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Flaw {
    /// It has run out.
    Expired,
    /// Its `nbf` lies ahead.
    NotYetValid,
    /// Its signature is not the realm's.
    Forged,
    /// Another issuer stands in `iss`.
    ForeignIssuer,
    /// Its id is revoked.
    Revoked,
}

impl Flaw {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Expired,
        Self::NotYetValid,
        Self::Forged,
        Self::ForeignIssuer,
        Self::Revoked,
    ];
}

/// `sid` of every session of an attempt.
pub(crate) const SESSION: &str = "AAAAAAAAAAAAAAAAAAAAAAAA";

/// Seconds by which a flawed `exp` or `nbf` is off.
const OFF: i64 = 60;

impl SubjectToken {
    /// A token without flaw of an online session, five minutes long, ten seconds old.
    #[must_use]
    pub fn of(user: impl Into<String>, issued_to: impl Into<String>) -> Self {
        Self {
            issued_to: issued_to.into(),
            user: user.into(),
            kind: "Bearer".into(),
            audience: Vec::new(),
            scope: Some("openid".into()),
            session: TokenSession::Online,
            age: 10,
            lifetime: 300,
            flaw: None,
            claims: Map::new(),
        }
    }

    /// `jti`.
    #[must_use]
    pub fn id(&self) -> String {
        format!(
            "{}:{}",
            self.session.code(),
            "00000000-0000-4000-8000-000000000001"
        )
    }

    /// `iat`.
    #[must_use]
    pub fn issued(&self, now: i64) -> i64 {
        now.saturating_sub(self.age)
    }

    /// `exp`.
    #[must_use]
    pub fn expires(&self, now: i64) -> i64 {
        match self.flaw {
            Some(Flaw::Expired) => now.saturating_sub(OFF),
            _ => self.issued(now).saturating_add(self.lifetime),
        }
    }

    /// `nbf`.
    #[must_use]
    pub fn not_before(&self, now: i64) -> Option<i64> {
        (self.flaw == Some(Flaw::NotYetValid)).then(|| now.saturating_add(OFF))
    }

    /// Every claim; `user` is the internal id of the token's user.
    #[must_use]
    pub fn all_claims(&self, issuer: &str, user: &str, now: i64) -> Map<String, Value> {
        let mut claims = self.claims.clone();
        let issuer = match self.flaw {
            Some(Flaw::ForeignIssuer) => "https://elsewhere.example/realms/other",
            _ => issuer,
        };
        claims.insert("exp".into(), json!(self.expires(now)));
        claims.insert("iat".into(), json!(self.issued(now)));
        claims.insert("jti".into(), json!(self.id()));
        claims.insert("iss".into(), json!(issuer));
        claims.insert("sub".into(), json!(user));
        claims.insert("typ".into(), json!(self.kind));
        claims.insert("azp".into(), json!(self.issued_to));
        if let Some(not_before) = self.not_before(now) {
            claims.insert("nbf".into(), json!(not_before));
        }
        if self.session != TokenSession::Transient {
            claims.insert("sid".into(), json!(SESSION));
        }
        if !self.audience.is_empty() {
            claims.insert("aud".into(), json!(self.audience));
        }
        if let Some(scope) = &self.scope {
            claims.insert("scope".into(), json!(scope));
        }
        claims
    }
}
