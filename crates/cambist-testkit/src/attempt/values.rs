//! An exchange as plain values: names looked up, permissions asked.

/// Everything that the outcome of an exchange depends on, names looked up and permissions asked. Both kinds
/// of exchange are on; the requester has proved who it is and needs no proof of a key.
#[derive(Clone, Copy, Debug)]
pub struct State<'a> {
    /// Profile `strict`.
    pub strict: bool,
    /// Seconds since the epoch.
    pub now: i64,
    /// The client that asks.
    pub requester: Requester,
    /// `subject_token_type`.
    pub declared: Option<&'a str>,
    /// `subject_token`.
    pub subject: Option<Subject<'a>>,
    /// `actor_token` or `actor_token_type` is there, and no good.
    pub actor: bool,
    /// `requested_subject` is there, and whether that user may be become.
    pub impersonation: Option<bool>,
    /// `requested_token_type`.
    pub requested: Option<&'a str>,
    /// `audience`, in order.
    pub targets: &'a [Target],
    /// `scope`.
    pub scope: Scope,
}

/// The client that asks.
#[derive(Clone, Copy, Debug, Default)]
pub struct Requester {
    /// It is enabled, and not one that only takes tokens; another one cannot prove who it is.
    pub enabled: bool,
    /// It has no credentials.
    pub public: bool,
    /// Standard exchange is on for it.
    pub standard: bool,
    /// It is registered for permission-based exchange; counts in profile `strict`.
    pub permission_based: bool,
    /// A standard exchange may give it refresh tokens.
    pub refreshes: bool,
    /// It needs consent.
    pub consent_required: bool,
}

/// A subject token, and what is true of what it names.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The realm signed it.
    pub signed: bool,
    /// `iss` is this realm.
    pub own_issuer: bool,
    /// `typ`.
    pub typ: &'a str,
    /// `jti`.
    pub id: &'a str,
    /// `iat`.
    pub issued: i64,
    /// `exp`.
    pub expires: Option<i64>,
    /// `nbf`.
    pub not_before: Option<i64>,
    /// There is a `cnf`.
    pub bound: bool,
    /// There is an `act` or a `may_act`.
    pub acts: bool,
    /// Its id is revoked.
    pub revoked: bool,
    /// `azp` is the requester.
    pub held: bool,
    /// `aud` has the requester.
    pub in_audience: bool,
    /// The client of `azp` is there and enabled: the later not-before of the realm's and its own.
    pub party: Option<i64>,
    /// There is a `sid`.
    pub in_session: bool,
    /// The live session of that id and of the kind that the token id says.
    pub session: Option<Session>,
    /// The user of the session; without `sid`, the user that the token names.
    pub user: Option<User>,
}

/// A live user session.
#[derive(Clone, Copy, Debug)]
pub struct Session {
    /// Offline.
    pub offline: bool,
    /// When it began.
    pub started: i64,
    /// When the live client session of `azp` in it began.
    pub client: Option<i64>,
    /// It was made by an impersonation that `azp` asked for.
    pub impersonated: bool,
}

/// The user of a subject token.
#[derive(Clone, Copy, Debug)]
pub struct User {
    /// Not switched off.
    pub enabled: bool,
    /// Tokens from before are refused.
    pub not_before: i64,
    /// `sub` is absent or names this user.
    pub is_sub: bool,
}

/// One `audience`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Target {
    /// A client has this id.
    pub known: bool,
    /// It is enabled.
    pub enabled: bool,
    /// It needs consent.
    pub consent_required: bool,
    /// It is the requester.
    pub itself: bool,
    /// The permissions let the requester exchange for it.
    pub permitted: bool,
    /// The requester's own mappers put it into `aud`.
    pub available: bool,
}

impl Target {
    /// The requester, where no `audience` is named.
    #[must_use]
    pub fn itself(requester: Requester) -> Self {
        Self {
            known: true,
            enabled: requester.enabled,
            itself: true,
            consent_required: requester.consent_required,
            ..Self::default()
        }
    }
}

/// `scope`, looked up.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scope {
    /// Something in it is no scope of the requester.
    pub unknown: bool,
    /// It asks for offline access.
    pub offline: bool,
    /// The user's consent to a scope of the requester that needs one is missing.
    pub unconsented: bool,
    /// It asks for a scope of the requester that the subject token lacks.
    pub widens: bool,
}
