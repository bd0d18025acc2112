//! A plan: what a flow wants minted.

use alloc::{borrow::Cow, boxed::Box, collections::BTreeMap, string::String, sync::Arc, vec::Vec};

use crate::{
    claims::ActiveParameter,
    client_policy::Restrictions,
    effects::Effect,
    facts::{SessionKind, User, UserSession},
    moment::Timestamp,
    narrowing::Inputs,
    proof::Confirmation,
    realm::{ClientNo, ScopeNo},
    request::TokenType,
    subject::{ActorChain, GrantCode, Lineage},
};

/// The session that a token lives in.
#[derive(Clone, Debug)]
pub enum PlannedSession {
    /// None that is stored: a service account, or whatever came from one.
    Transient {
        /// Notes that mappers may read.
        notes: Vec<(Cow<'static, str>, Cow<'static, str>)>,
    },
    /// A new one.
    New {
        /// Online or offline.
        kind: SessionKind,
        /// How the user was authenticated.
        method: &'static str,
        /// Clients that get a client session. Internal ids.
        join: Vec<Box<str>>,
        /// Notes of the session.
        notes: BTreeMap<String, String>,
    },
    /// One that is there.
    Existing {
        /// The session.
        session: Arc<UserSession>,
        /// What the token says it lives in.
        kind: SessionKind,
        /// Clients that get a client session, where they have none. Internal ids.
        join: Vec<Box<str>>,
        /// The client session is not stored, and the token says so.
        transient_client: bool,
        /// Token and answer name the session.
        named: bool,
    },
}

/// What `access_token` of the answer holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// An access token.
    AccessToken,
    /// An ID token, and nothing else.
    IdToken,
    /// An ID-JAG, and nothing else.
    IdentityAssertion(Box<IdentityAssertion>),
}

/// What an ID-JAG says beside for whom it speaks and when (draft-ietf-oauth-identity-assertion-authz-grant section
/// 3.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityAssertion {
    /// `aud`: issuer of the authorization server that it is for.
    pub audience: Box<str>,
    /// `client_id`: what the client is called there.
    pub client_id: Box<str>,
    /// `resource` (RFC 8707).
    pub resource: Option<Box<str>>,
    /// `scope`.
    pub scope: Option<Box<str>>,
    /// `email`, where the client had been told.
    pub email: Option<Box<str>>,
}

impl IdentityAssertion {
    /// Seconds that one is good for.
    pub const LIFETIME: i64 = 300;
}

/// A refresh token to mint.

#[derive(Clone, Debug, Default)]
pub struct RefreshOutput {
    /// The scopes it keeps; `None`: those of the access token.
    pub scope: Option<String>,
    /// `reuse_id` that it carries on; a new one is drawn where the realm revokes used tokens and there is
    /// none.
    pub reuse_id: Option<Box<str>>,
    /// `nonce` that it carries on.
    pub nonce: Option<Box<str>>,
    /// `req-aud` that it carries on.
    pub audiences: Vec<Box<str>>,
    /// `organization` that it carries on.
    pub organization: Option<Box<str>>,
}

/// What a flow wants minted.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The requester, `azp` of every token.
    pub client: ClientNo,
    /// The client whose mappers, scopes and lifetimes count. Its id enters `aud` when it is not the
    /// requester.
    pub target: ClientNo,
    /// For whom.
    pub user: Arc<User>,
    /// In which session.
    pub session: PlannedSession,
    /// Active client scopes.
    pub scopes: Vec<ScopeNo>,
    /// What parameterized scopes were named with; those of scopes that are not active count for the scope text.
    pub parameters: Vec<ActiveParameter>,
    /// Scopes that the scope text names, where they are not the active ones.
    pub text_scopes: Option<Vec<ScopeNo>>,
    /// Audiences asked for: nothing else stays in `aud` and `resource_access`. Empty: nothing is taken out.
    pub audiences: Vec<Box<str>>,
    /// What is issued.
    pub output: Output,
    /// Whether `openid` is among the scopes.
    pub openid: bool,
    /// Whether an ID token is minted beside the access token.
    pub id_token: bool,
    /// A refresh token to mint.
    pub refresh: Option<RefreshOutput>,
    /// How the token came, for its id.
    pub grant: GrantCode,
    /// `issued_token_type` of the answer; only an exchange has one.
    pub issued_token_type: Option<TokenType>,
    /// Level of authentication (`acr`).
    pub authentication_level: Option<i64>,
    /// `nonce` for the ID token.
    pub nonce: Option<Box<str>>,
    /// What the subject token is bound to: its requester must have shown that, and the result is bound too.
    pub bound: Option<Confirmation>,
    /// No token outlives this. In profile `strict` the gate sets it to `exp` of the subject token at the
    /// latest.
    pub expires_by: Option<Timestamp>,
    /// What client policies take. A flow that does not ask them itself leaves it empty; the engine fills in
    /// what they said before the flow began.
    pub restrictions: Restrictions,
    /// What the plan stands on, for the law of narrowing. `None`: nothing to compare with, as at a login. A
    /// flow that takes a token sets it, always in profile `strict`, otherwise where the decision is traced.
    pub inputs: Option<Box<Inputs>>,
    /// Who acts for the user, and who did before (`act`).
    pub actors: Option<Box<ActorChain>>,
    /// The tokens that it is made from; empty for a login.
    pub lineage: Lineage,
    /// The resource that the access token is for alone (RFC 8707 section 2), as it was named. The gate finds the
    /// audience that it stands for.
    pub resource: Option<Box<str>>,
    /// Writes beside those that follow from the session.
    pub effects: Vec<Effect>,
    /// A scope that the answer names though the token does not.
    pub answer_scope: Option<String>,
}

impl Plan {
    /// An access token for a client itself, without scopes, and nothing beside it: what a flow then fills in.
    #[must_use]
    pub fn new(
        client: ClientNo,
        user: Arc<User>,
        session: PlannedSession,
        grant: GrantCode,
    ) -> Self {
        Self {
            client,
            target: client,
            user,
            session,
            scopes: Vec::new(),
            parameters: Vec::new(),
            text_scopes: None,
            audiences: Vec::new(),
            output: Output::AccessToken,
            openid: false,
            id_token: false,
            refresh: None,
            grant,
            issued_token_type: None,
            authentication_level: None,
            nonce: None,
            bound: None,
            expires_by: None,
            restrictions: Restrictions::NONE,
            inputs: None,
            actors: None,
            lineage: Lineage::default(),
            resource: None,
            effects: Vec::new(),
            answer_scope: None,
        }
    }
}
