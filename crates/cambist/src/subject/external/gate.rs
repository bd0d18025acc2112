//! The one gate for identities, whatever way a token came: JWT, user info, or both.

use serde_json::{Map, Value};

use super::{BrokeredIdentity, Evidence, ExternalTokenError, claims};
use crate::realm::IdentityProvider;

/// Lets an identity pass. There is no other way to get an identity to a user.
pub(super) fn pass(
    provider: &IdentityProvider,
    evidence: &Evidence,
    identity: BrokeredIdentity,
) -> Result<BrokeredIdentity, ExternalTokenError> {
    if identity.id.trim().is_empty() {
        return Err(ExternalTokenError::NoIdentity);
    }
    one_subject(evidence)?;
    hosted_domain(provider, evidence)?;
    Ok(identity)
}

/// Token and user info must be about one user (OpenID Connect Core section 5.3.2).
fn one_subject(evidence: &Evidence) -> Result<(), ExternalTokenError> {
    if let (Some(token), Some(profile)) = (&evidence.claims, &evidence.profile)
        && let Some(asked) = claims::text(profile, "sub")
        && claims::text(token, "sub").as_deref() != Some(&*asked)
    {
        return Err(ExternalTokenError::OtherSubject);
    }
    Ok(())
}

fn hosted_domain(
    provider: &IdentityProvider,
    evidence: &Evidence,
) -> Result<(), ExternalTokenError> {
    let admitted = &provider.trust().hosted_domains;
    if admitted.is_empty() {
        return Ok(());
    }
    let is_admitted = |members: &Map<_, Value>| {
        claims::text(members, "hd").is_some_and(|named| {
            admitted
                .iter()
                .any(|domain| **domain == *"*" || domain.eq_ignore_ascii_case(&named))
        })
    };
    // What both say must both be admitted.
    let mut said = [&evidence.claims, &evidence.profile]
        .into_iter()
        .flatten()
        .filter(|members| members.contains_key("hd"))
        .peekable();
    if said.peek().is_some() && said.all(is_admitted) {
        Ok(())
    } else {
        Err(ExternalTokenError::HostedDomain)
    }
}
