//! An exchange as a function of plain values.

#![expect(clippy::arithmetic_side_effects, reason = "small counts and sets")]

use crate::attempt::{State, Subject, Target};

/// Which kind of exchange takes a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// By the requester's scopes and the subject's audience.
    Standard,
    /// By a permission on the target.
    PermissionBased,
}

/// Why there is no permit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each is the check of its name")]
pub enum Reason {
    Requester,
    NotRegistered,
    NotSupported,
    NoSubject,
    Issuer,
    DeclaredType,
    SubjectToken,
    Bound,
    Delegation,
    Impersonation,
    RequestedType,
    UnknownAudience,
    TargetConsent,
    PublicRequester,
    TargetDisabled,
    NotHolder,
    NotInAudience,
    NotPermitted,
    Scope,
    NeedsNewSession,
    OfflineAccess,
    Consent,
    Unavailable,
    Widening,
    NoAssertionConsumer,
}

const URN: &str = "urn:ietf:params:oauth:token-type:";

fn is(urn: &str, kind: &str) -> bool {
    urn.strip_prefix(URN) == Some(kind)
}

fn unless(failed: bool, reason: Reason) -> Result<(), Reason> {
    if failed { Err(reason) } else { Ok(()) }
}

/// The outcome: a permit of one kind, or the first check that fails.
///
/// # Errors
///
/// The check.
pub fn decide(state: &State<'_>) -> Result<Kind, Reason> {
    let requester = state.requester;
    unless(!requester.enabled, Reason::Requester)?;
    let registered = !state.strict || requester.standard || requester.permission_based;
    unless(!registered, Reason::NotRegistered)?;
    let access = state.declared.is_some_and(|urn| is(urn, "access_token"));
    let jwt = state.declared.is_some_and(|urn| is(urn, "jwt"));
    let by_permission = !state.strict || requester.permission_based;
    match state.subject {
        // A token of another issuer, and no provider is there for any.
        Some(subject) if !subject.own_issuer && jwt && by_permission => Err(Reason::Issuer),
        Some(subject) if requester.standard && state.impersonation.is_none() && access => {
            standard(state, &subject).map(|()| Kind::Standard)
        }
        _ if !by_permission => Err(Reason::NotSupported),
        _ => permission_based(state).map(|()| Kind::PermissionBased),
    }
}

fn standard(state: &State<'_>, subject: &Subject<'_>) -> Result<(), Reason> {
    let (requester, targets, scope) = (state.requester, state.targets, state.scope);
    unless(!is_token(state, subject), Reason::SubjectToken)?;
    unless(state.strict && state.actor, Reason::Delegation)?;
    unless(!is_there(subject), Reason::SubjectToken)?;
    unless(subject.bound, Reason::Bound)?;
    let wanted = state.requested;
    let refresh = wanted.is_some_and(|urn| is(urn, "refresh_token"));
    let given = ["access_token", "id_token"];
    let given = wanted.is_none_or(|urn| given.iter().any(|kind| is(urn, kind)));
    let given = given || (refresh && requester.refreshes);
    unless(!given, Reason::RequestedType)?;
    // Profile `strict` does not tell which targets there are: one that is gone is out of reach.
    let unknown = targets.iter().any(|target| !target.known);
    unless(!state.strict && unknown, Reason::UnknownAudience)?;
    unless(requester.public, Reason::PublicRequester)?;
    let disabled = targets.iter().any(|target| !target.enabled);
    unless(!state.strict && disabled, Reason::TargetDisabled)?;
    unless(!subject.held && !subject.in_audience, Reason::NotInAudience)?;
    unless(scope.unknown, Reason::Scope)?;
    if refresh {
        let stored = matches!(code(subject.id), Some("on" | "un"));
        let online = subject.session.is_some_and(|session| !session.offline);
        unless(!stored || !online, Reason::NeedsNewSession)?;
        unless(scope.offline, Reason::OfflineAccess)?;
    }
    unless(
        requester.consent_required && scope.unconsented,
        Reason::Consent,
    )?;
    let missing = targets.iter().any(|target| !target.available);
    unless(missing || unknown || disabled, Reason::Unavailable)?;
    unless(state.strict && subject.acts, Reason::Delegation)?;
    unless(state.strict && scope.widens, Reason::Widening)
}

fn permission_based(state: &State<'_>) -> Result<(), Reason> {
    let (requester, scope) = (state.requester, state.scope);
    if let Some(subject) = &state.subject {
        let other = state.declared.is_some_and(|urn| !is(urn, "access_token"));
        unless(other, Reason::DeclaredType)?;
        unless(!is_token(state, subject), Reason::SubjectToken)?;
        // Keycloak would hand out an unbound token for a bound one.
        unless(subject.bound, Reason::Bound)?;
    }
    let naked = state.subject.is_none();
    unless(naked && state.impersonation.is_none(), Reason::NoSubject)?;
    unless(state.strict && state.actor, Reason::Delegation)?;
    let there = state.subject.is_none_or(|subject| is_there(&subject));
    unless(!there, Reason::SubjectToken)?;
    let closed = |allowed: bool| !allowed || (naked && requester.public);
    unless(
        state.impersonation.is_some_and(closed),
        Reason::Impersonation,
    )?;
    let given = ["access_token", "refresh_token", "saml2"];
    let given = |urn| given.iter().any(|kind| is(urn, kind));
    unless(
        state.requested.is_some_and(|urn| !given(urn)),
        Reason::RequestedType,
    )?;
    // Profile `strict` says nothing of targets to somebody who only found the token.
    let found = requester.public && state.subject.is_some_and(|subject| !subject.held);
    unless(state.strict && found, Reason::NotHolder)?;
    let alone = [Target::itself(requester)];
    let targets = if state.targets.is_empty() {
        &alone[..]
    } else {
        state.targets
    };
    unless(
        targets.iter().any(|target| !target.known),
        Reason::UnknownAudience,
    )?;
    unless(
        targets.iter().any(|target| target.consent_required),
        Reason::TargetConsent,
    )?;
    unless(
        targets.iter().any(|target| !target.enabled),
        Reason::TargetDisabled,
    )?;
    for target in targets {
        if let Some(subject) = &state.subject {
            unless(requester.public && !subject.held, Reason::NotHolder)?;
            let related = subject.held || subject.in_audience;
            unless(target.itself && !related, Reason::NotInAudience)?;
        }
        unless(!target.itself && !target.permitted, Reason::NotPermitted)?;
    }
    // No target here takes assertions.
    unless(
        state.requested.is_some_and(|urn| is(urn, "saml2")),
        Reason::NoAssertionConsumer,
    )?;
    unless(naked && scope.offline, Reason::Scope)?;
    let acts = state.subject.is_some_and(|subject| subject.acts);
    unless(state.strict && acts, Reason::Delegation)
}

/// Whether a subject token is one, by itself. On its very `exp` it still is in profile `keycloak`.
fn is_token(state: &State<'_>, subject: &Subject<'_>) -> bool {
    let now = state.now + i64::from(state.strict);
    let place = match code(subject.id) {
        None => false,
        Some("tr") => !subject.in_session,
        Some("un") => true,
        Some(_) => subject.in_session,
    };
    subject.signed
        && subject.own_issuer
        && ["bearer", "dpop"].contains(&&*subject.typ.to_ascii_lowercase())
        && subject.expires.is_some_and(|end| end > 0 && now <= end)
        && subject
            .not_before
            .is_none_or(|start| start <= state.now + 10)
        && subject.party.is_some_and(|limit| subject.issued >= limit)
        && place
}

/// Whether the session and the user of a subject token are there.
fn is_there(subject: &Subject<'_>) -> bool {
    let transient = matches!(code(subject.id), Some("nt" | "ft"));
    let session = !subject.in_session
        || subject.session.is_some_and(|session| {
            let client = session.client.is_some_and(|start| subject.issued >= start);
            let fallback = session.client.is_none() && session.impersonated && !transient;
            fallback || ((transient || client) && subject.issued >= session.started)
        });
    let user = subject.user.is_some_and(|user| {
        user.enabled && subject.issued >= user.not_before && (user.is_sub || !subject.in_session)
    });
    session && user && !subject.revoked
}

/// Which session a token id says: two letters of the six before its colon. An id without colon says
/// nothing; `None` for letters that nobody knows.
fn code(id: &str) -> Option<&str> {
    let Some((prefix, _)) = id.split_once(':') else {
        return Some("un");
    };
    let parts = (prefix.get(..2)?, prefix.get(2..4)?, prefix.get(4..)?);
    let known = ["on", "of", "tr", "nt", "ft", "un"].contains(&parts.0)
        && ["rt", "lt", "un"].contains(&parts.1)
        && [
            "ac", "ro", "cc", "rt", "te", "ag", "dg", "ci", "pg", "pc", "na",
        ]
        .contains(&parts.2);
    known.then_some(parts.0)
}
