//! The law of narrowing: a token made from others never exceeds them in silence.
//!
//! There is one order over subject, scope, audience, resource, roles, lifetime, key binding and actor chain.
//! What is about to be minted, as the mappers have written it, is held against the tokens it is made from.
//! Where it is not below them there is a [`Widening`], and the widening says what granted it. Profile `strict`
//! refuses a widening that nothing grants; profile `keycloak` mints as Keycloak does and names it in the
//! trace. `docs/narrowing.md` in the repository states the order and what counts as a grant.

mod actor_chain;
mod audience;
mod grantor;
mod key_binding;
mod lifetime;
mod roles;
mod scope;
mod subject;

use alloc::{boxed::Box, string::String, sync::Arc, vec::Vec};
use core::fmt;

use serde::{Deserialize, Serialize};

pub use self::grantor::Grantor;
pub(crate) use self::scope::stays as scope_stays;
use crate::{
    claims::{ClaimContext, ClaimTarget, ComposedClaims, compose},
    crypto::CryptoProvider,
    facts::User,
    flow::{Output, Plan, PlannedSession},
    mint::scene::Scene,
    moment::{Moment, Timestamp},
    realm::{Profile, Realm},
    refusal::ExchangeError,
    subject::ReadToken,
    trace::DecisionTrace,
};

/// What the law compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dimension {
    /// For whom the token speaks (`sub`). Below: the same user.
    Subject,
    /// Who acts (`act`), and who may (`may_act`). Below: the same chain, or a longer one.
    ActorChain,
    /// The key that must be shown (`cnf`). Below: bound, where the input is bound.
    KeyBinding,
    /// The names in `scope`. Below: a subset.
    Scope,
    /// The values of `aud` that are clients of the realm. Below: a subset, the party that the input was
    /// issued to counted in.
    Audience,
    /// The other values of `aud` (RFC 8707). Below: a subset.
    Resource,
    /// Roles of realm and clients that the token tells. Below: a subset at each place.
    Roles,
    /// When the token ends (`exp`). Below: not later.
    Lifetime,
}

impl Dimension {
    /// Its name, as in the trace.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Subject => "subject",
            Self::ActorChain => "actor-chain",
            Self::KeyBinding => "key-binding",
            Self::Scope => "scope",
            Self::Audience => "audience",
            Self::Resource => "resource",
            Self::Roles => "roles",
            Self::Lifetime => "lifetime",
        }
    }
}

impl fmt::Display for Dimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A dimension in which a minted token is not below its inputs, and what granted that.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Widening {
    /// The dimension.
    pub dimension: Dimension,
    /// What came on top: one name, or for a lifetime the seconds.
    pub added: String,
    /// What granted it.
    pub granted_by: Grantor,
}

impl Widening {
    /// Whether it may stand in profile `strict`: somebody wrote down that just this may be added.
    ///
    /// A lifetime, an actor chain and a key binding are never for anybody to grant; a subject only by the
    /// right to impersonate.
    #[must_use]
    pub fn is_granted(&self) -> bool {
        let written_down = match &self.granted_by {
            Grantor::Permission { .. } | Grantor::Role { .. } => true,
            Grantor::Setting { .. } => self.dimension != Dimension::Subject,
            Grantor::Mapper { fixed, .. } => *fixed && self.dimension != Dimension::Subject,
            Grantor::Pairwise { .. } => self.dimension == Dimension::Subject,
            Grantor::ClientScope { .. } | Grantor::Lifespan { .. } | Grantor::Nothing => false,
        };
        let grantable = !matches!(
            self.dimension,
            Dimension::ActorChain | Dimension::KeyBinding | Dimension::Lifetime
        );
        written_down && grantable
    }
}

impl fmt::Display for Widening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} gains {}, granted by {}",
            self.dimension, self.added, self.granted_by
        )
    }
}

/// What a plan stands on.
#[derive(Clone, Debug)]
pub struct Inputs {
    /// The subject token; `None` for an impersonation without one, which stands on a permission alone.
    pub subject: Option<ReadToken>,
    /// The user of the subject token.
    pub user: Option<Arc<User>>,
    /// A `token-exchange` permission was asked about the plan's target, and granted it.
    pub target_permitted: bool,
    /// The plan's user was become by a right to impersonate.
    pub impersonated: bool,
}

impl Inputs {
    /// The inputs of an exchange of a subject token, with nothing granted.
    #[must_use]
    pub fn of(subject: ReadToken, user: Arc<User>) -> Box<Self> {
        Box::new(Self {
            subject: Some(subject),
            user: Some(user),
            target_permitted: false,
            impersonated: false,
        })
    }
}

/// Bounds what the engine chooses itself: in profile `strict` nothing outlives the subject token.
pub(crate) fn bound(realm: &Realm, plan: &mut Plan) {
    if realm.profile() != Profile::Strict {
        return;
    }
    let subject = plan
        .inputs
        .as_ref()
        .and_then(|inputs| inputs.subject.as_ref());
    if let Some(token) = subject {
        let end = token.expires;
        plan.expires_by = Some(plan.expires_by.map_or(end, |bound| bound.min(end)));
    }
}

/// Holds what a plan comes to against what it stands on. `is_bound`: the engine binds the result to a key.
///
/// # Errors
///
/// [`ExchangeError::Widening`] and [`ExchangeError::NoLifeLeft`], in profile `strict` only.
pub(crate) fn hold(
    realm: &Realm,
    plan: &Plan,
    issuer: &str,
    is_bound: bool,
    moment: Moment,
    crypto: &dyn CryptoProvider,
    trace: &mut DecisionTrace,
) -> Result<(), ExchangeError> {
    let strict = realm.profile() == Profile::Strict;
    let Some(inputs) = plan
        .inputs
        .as_deref()
        .filter(|_| strict || trace.is_recording())
    else {
        return Ok(());
    };
    let Some(scene) = Scene::of(realm, plan) else {
        return Ok(());
    };
    let session = match &plan.session {
        PlannedSession::Existing { session, .. } => Some(&**session),
        PlannedSession::New { .. } | PlannedSession::Transient { .. } => None,
    };
    let comparison = Comparison {
        scene: &scene,
        inputs,
        is_bound,
        context: scene.context(issuer, session, moment, crypto),
        now: moment.now,
    };
    let found = comparison.widenings(trace);
    let expires = scene.expiry(moment.now);
    if strict && inputs.subject.is_some() && expires <= moment.now {
        return Err(ExchangeError::NoLifeLeft);
    }
    let mut refused = None;
    for widening in found {
        if strict && refused.is_none() && !widening.is_granted() {
            refused = Some(widening.dimension);
        }
        trace.widened(widening);
    }
    match refused {
        Some(dimension) => Err(ExchangeError::Widening(dimension)),
        None => Ok(()),
    }
}

/// Holds what has been written against what it stands on, once more: a mapper of an embedder's own may have
/// written something else than before. Only in profile `strict`.
///
/// # Errors
///
/// [`ExchangeError::Widening`].
pub(crate) fn hold_written<'a>(
    scene: &'a Scene<'a>,
    context: &ClaimContext<'a>,
    written: &ComposedClaims<'_>,
    is_bound: bool,
    trace: &DecisionTrace,
) -> Result<(), ExchangeError> {
    let inputs = scene.plan.inputs.as_deref();
    let strict = scene.realm.profile() == Profile::Strict;
    let Some((inputs, token)) = inputs
        .filter(|_| strict)
        .and_then(|inputs| Some((inputs, inputs.subject.as_ref()?)))
    else {
        return Ok(());
    };
    let comparison = Comparison {
        scene,
        inputs,
        is_bound,
        now: context.moment.now,
        context: context.clone(),
    };
    let mut found = Found {
        comparison: &comparison,
        trace,
        widenings: Vec::new(),
    };
    found.compare_claims(token, Source::AccessToken, written);
    match found.widenings.iter().find(|found| !found.is_granted()) {
        Some(widening) => Err(ExchangeError::Widening(widening.dimension)),
        None => Ok(()),
    }
}

/// A plan beside its inputs.
struct Comparison<'a> {
    scene: &'a Scene<'a>,
    inputs: &'a Inputs,
    is_bound: bool,
    context: ClaimContext<'a>,
    now: Timestamp,
}

impl<'a> Comparison<'a> {
    /// Every widening of every token that carries rights, in the order of the dimensions.
    fn widenings(&self, trace: &DecisionTrace) -> Vec<Widening> {
        let mut found = Found {
            comparison: self,
            trace,
            widenings: Vec::new(),
        };
        let plan = self.scene.plan;
        let Some(token) = &self.inputs.subject else {
            subject::compare_user(&mut found);
            return found.widenings;
        };
        let sources: &[Source] = match (&plan.output, plan.id_token) {
            (Output::IdToken, _) => &[Source::IdToken],
            // No mapper writes into it.
            (Output::IdentityAssertion(_), _) => &[],
            (Output::AccessToken, false) => &[Source::AccessToken],
            (Output::AccessToken, true) => &[Source::AccessToken, Source::IdToken],
        };
        subject::compare_user(&mut found);
        scope::compare(&mut found, token);
        lifetime::compare(&mut found, token);
        for source in sources {
            let claims = self.claims(*source);
            found.compare_claims(token, *source, &claims);
        }
        let mut widenings = found.widenings;
        widenings.sort_by_key(|widening| widening.dimension);
        widenings
    }

    fn claims(&self, source: Source) -> ComposedClaims<'_> {
        match source {
            Source::AccessToken => self.scene.access_claims(&self.context),
            Source::IdToken => compose(&self.context, ClaimTarget::IdToken, false),
        }
    }
}

/// Whose claims are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    AccessToken,
    IdToken,
}

impl Source {
    const fn target(self) -> ClaimTarget {
        match self {
            Self::AccessToken => ClaimTarget::AccessToken,
            Self::IdToken => ClaimTarget::IdToken,
        }
    }
}

/// What was found so far.
struct Found<'f, 'a> {
    comparison: &'f Comparison<'a>,
    trace: &'f DecisionTrace,
    widenings: Vec<Widening>,
}

impl Found<'_, '_> {
    /// Compares every dimension that mappers write in.
    fn compare_claims(&mut self, token: &ReadToken, source: Source, claims: &ComposedClaims<'_>) {
        subject::compare_claim(self, token, source, claims);
        actor_chain::compare(self, token, source, claims);
        key_binding::compare(self, token, source);
        audience::compare(self, token, source, claims);
        roles::compare(self, token, source, claims);
    }

    /// Takes note of a widening, once.
    fn add(
        &mut self,
        dimension: Dimension,
        added: &str,
        granted_by: impl FnOnce(&Self) -> Grantor,
    ) {
        let known =
            |widening: &Widening| widening.dimension == dimension && widening.added == added;
        if self.widenings.iter().any(known) {
            return;
        }
        let granted_by = granted_by(self);
        self.widenings.push(Widening {
            dimension,
            added: added.into(),
            granted_by,
        });
    }

    /// The impersonation that made the plan's user, if one did.
    fn impersonation(&self) -> Option<Grantor> {
        self.comparison
            .inputs
            .impersonated
            .then(|| grantor::impersonation(self.trace))
    }
}
