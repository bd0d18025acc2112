//! `federated-jwt`: a client that proves itself by a token of its platform, or of another issuer (RFC 7523 section
//! 2.2), so that it needs no secret of its own.
//!
//! The client says which identity provider vouches for it, and under which subject. Signature, times, id and what a
//! kind of platform demands are checked as those of a grant are ([`UnverifiedAssertion`]); the words of a refusal are
//! Keycloak's, which tell nothing.

use alloc::{boxed::Box, sync::Arc};

use thiserror::Error;

use super::{ClientAuthMethod, JWT_BEARER, Presentation, Proof};
use crate::{
    effects::{Effect, SingleUse},
    jose::JwsLimits,
    outside::{IssuerKeys, KeysNeeded},
    realm::{
        Client, IdentityProvider, Realm, assertion_rules::AssertionRules,
        identity_provider::ProviderKeys,
    },
    refusal::JwtGrantError,
    request::PresentedCredentials,
    subject::UnverifiedAssertion,
};

/// `client_assertion_type` of a JWT-SVID (draft-ietf-oauth-spiffe-client-auth section 3).
pub const JWT_SPIFFE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-spiffe";

/// Who vouches for a client, and as whom it is known there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FederatedClient {
    provider: Box<str>,
    subject: Box<str>,
}

impl FederatedClient {
    /// By alias of an identity provider, and by `sub` there; exactly that text.
    #[must_use]
    pub fn new(provider: &str, subject: &str) -> Self {
        Self {
            provider: provider.into(),
            subject: subject.into(),
        }
    }

    /// Alias of the identity provider.
    #[must_use]
    pub fn provider(&self) -> &str {
        &self.provider
    }

    /// `sub` of its tokens.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The provider, where it is enabled and vouches for clients.
    fn rules<'r>(&self, realm: &'r Realm) -> Result<&'r AssertionRules, FederatedClientError> {
        let mut providers = realm.identity_providers().iter();
        providers
            .find(|provider| provider.alias() == &*self.provider)
            .filter(|provider| provider.enabled())
            .and_then(IdentityProvider::client_assertion_rules)
            .ok_or(FederatedClientError::Provider)
    }
}

/// Why a client was not believed for a token of its platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FederatedClientError {
    /// No `client_assertion`, or of another type than the provider's.
    #[error("there is no assertion of the type that the client's provider signs")]
    Missing,
    /// It is no signed token.
    #[error("the assertion cannot be read")]
    Unreadable,
    /// The provider is not there, is disabled, or does not vouch for clients.
    #[error("the identity provider does not vouch for clients")]
    Provider,
    /// Another issuer than the provider's.
    #[error("the assertion is of another issuer")]
    Issuer,
    /// An algorithm that is not taken.
    #[error("the assertion's algorithm is not taken")]
    Algorithm,
    /// The provider's keys are not at hand.
    #[error("the provider's keys are not at hand")]
    NoKeys,
    /// No key of the provider has signed it.
    #[error("the assertion's signature does not hold")]
    Signature,
    /// It is over, not yet good, or good for too long.
    #[error("the assertion is not good now")]
    NotActive,
    /// It is not what the provider's kind and rules demand.
    #[error("the assertion's claims are not what is demanded")]
    Claims,
    /// About somebody else.
    #[error("the assertion is about another client")]
    OtherSubject,
    /// Made for somebody else, or for somebody else too.
    #[error("the assertion is not made for this realm alone")]
    Audience,
    /// It is bound to a key (`cnf`), which nobody shows in a client's proof.
    #[error("the assertion is bound to a key")]
    Bound,
}

impl From<JwtGrantError> for FederatedClientError {
    fn from(error: JwtGrantError) -> Self {
        match error {
            JwtGrantError::Unreadable => Self::Unreadable,
            JwtGrantError::Algorithm => Self::Algorithm,
            JwtGrantError::Signature => Self::Signature,
            JwtGrantError::UnknownIssuer => Self::Issuer,
            JwtGrantError::Audience | JwtGrantError::SeveralAudiences => Self::Audience,
            JwtGrantError::NotActive
            | JwtGrantError::ExpiryMissing
            | JwtGrantError::ExpiryTooFar
            | JwtGrantError::IssuedInFuture
            | JwtGrantError::IssuedTooLongAgo
            | JwtGrantError::TooLong => Self::NotActive,
            _ => Self::Claims,
        }
    }
}

/// The client that an assertion is about. It only says whose rules to check it by.
pub(super) fn named<'r>(
    realm: &'r Realm,
    presented: &PresentedCredentials,
    limits: &JwsLimits,
) -> Option<&'r Client> {
    let assertion = UnverifiedAssertion::read(presented.assertion.as_deref()?, false, limits);
    let assertion = assertion.ok()?;
    let mut known = realm.federated_clients(assertion.subject.as_deref()?);
    known
        .find(|(_, federated)| unverified(realm, federated, presented, &assertion).is_ok())
        .map(|(client, _)| client)
}

/// What can be refused before there are keys.
fn unverified<'r>(
    realm: &'r Realm,
    federated: &FederatedClient,
    presented: &PresentedCredentials,
    assertion: &UnverifiedAssertion,
) -> Result<&'r AssertionRules, FederatedClientError> {
    let rules = federated.rules(realm)?;
    let wanted = match rules.is_by_subject() {
        true => JWT_SPIFFE,
        false => JWT_BEARER,
    };
    if presented.assertion_type.as_deref() != Some(wanted) {
        return Err(FederatedClientError::Missing);
    }
    if !assertion.is_of(rules) {
        return Err(FederatedClientError::Issuer);
    }
    assertion.check_algorithm(rules)?;
    Ok(rules)
}

/// The keys to be fetched before the assertion can be checked. The address is the provider's, and never the token's.
pub(super) fn keys_needed(
    realm: &Realm,
    federated: &FederatedClient,
    presented: &PresentedCredentials,
    limits: &JwsLimits,
) -> Option<KeysNeeded> {
    let assertion = UnverifiedAssertion::read(presented.assertion.as_deref()?, false, limits);
    let assertion = assertion.ok()?;
    let rules = unverified(realm, federated, presented, &assertion).ok()?;
    let ProviderKeys::At(url) = rules.keys() else {
        return None;
    };
    Some(KeysNeeded {
        url: Arc::clone(url),
        key_id: assertion.key_id().map(Box::from),
    })
}

/// Checks the assertion that a client brings.
pub(super) fn verify(
    realm: &Realm,
    client: &Client,
    federated: &FederatedClient,
    presentation: &Presentation<'_>,
) -> Result<Proof, FederatedClientError> {
    use FederatedClientError as Error;
    let presented = presentation.credentials;
    let text = presented.assertion.as_deref().ok_or(Error::Missing)?;
    let assertion = UnverifiedAssertion::read(text, false, presentation.limits)?;
    let rules = unverified(realm, federated, presented, &assertion)?;
    let keys: &IssuerKeys = match rules.keys() {
        ProviderKeys::None => return Err(Error::NoKeys),
        ProviderKeys::Inline(keys) => keys,
        ProviderKeys::At(_) => presentation.fetched_keys.ok_or(Error::NoKeys)?,
    };
    let (profile, now) = (realm.profile(), presentation.moment.now);
    let verified = assertion.verify(rules, keys, profile, now, presentation.limits)?;
    if *verified.subject != *federated.subject {
        return Err(Error::OtherSubject);
    }
    if verified.confirmation.is_some() {
        return Err(Error::Bound);
    }
    verified.check_audience(|audience| match rules.own_audience() {
        Some(ours) => !ours.is_empty() && audience == ours,
        None => audience
            .strip_prefix(presentation.issuer)
            .is_some_and(|rest| matches!(rest, "" | "/protocol/openid-connect/token")),
    })?;
    Ok(Proof {
        method: ClientAuthMethod::FederatedJwt,
        algorithm: assertion.algorithm(),
        used: verified.used.map(|used| of_client(used, client)),
    })
}

/// A client's proofs count apart from grants (an assertion may not be either, once each).
fn of_client(used: Effect, client: &Client) -> Effect {
    match used {
        Effect::UseOnce { id, until, .. } => Effect::UseOnce {
            purpose: SingleUse::ClientAssertion(client.client_id().into()),
            id,
            until,
        },
        other => other,
    }
}
