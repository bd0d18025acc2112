//! Assertions of other issuers, taken as a grant (RFC 7523 section 2.1), ID-JAGs among them.
//!
//! Reading and checking are two steps, for the keys may have to be fetched between them. What is read before
//! the signature holds serves to find the provider and to refuse; nothing is granted, fetched for or kept
//! by it. The order of the checks and their words are Keycloak's, recorded in the areas `jwt-grant` and
//! `id-jag`.

use alloc::{
    boxed::Box,
    string::{String, ToString},
};

use serde_json::{Map, Value};

use super::workload::{Presented, WorkloadError, demanded, trust_domain};
use crate::{
    crypto::Algorithm,
    effects::{Effect, SingleUse},
    jose::{
        HeaderKeys, JoseHeader, JwsError, JwsLimits, Strictness, TokenClaims, UnverifiedJws,
        VerifiedJws, base64url, compact::MAX_PEEKED_ISSUER_BYTES,
    },
    moment::Timestamp,
    outside::IssuerKeys,
    proof::Confirmation,
    realm::{IdentityProvider, Profile, Realm, assertion_rules::AssertionRules},
    refusal::JwtGrantError,
};

/// `typ` of the header of an ID-JAG (draft-ietf-oauth-identity-assertion-authz-grant section 3); letter case
/// counts, and an `application/` before it makes another type of it.
pub const ID_JAG: &str = "oauth-id-jag+jwt";

/// Longest `jti` that is remembered, in bytes.
pub const MAX_TOKEN_ID_BYTES: usize = 255;

/// How claims are read.
const CLAIMS: Strictness = Strictness::Keycloak;

/// What an assertion is taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AssertionClass {
    /// Whatever its issuer signs (RFC 7523).
    Plain,
    /// An ID-JAG: made for one client, and good once whatever the provider allows.
    IdentityAssertion,
}

/// An assertion that nobody has vouched for.
#[derive(Clone, Debug)]
pub(crate) struct UnverifiedAssertion {
    text: Box<str>,
    pub(crate) class: AssertionClass,
    /// `None`: unsigned, or of an algorithm that is not known here.
    algorithm: Option<Algorithm>,
    key_id: Option<Box<str>>,
    pub(crate) issuer: Option<Box<str>>,
    pub(crate) subject: Option<Box<str>>,
    pub(crate) client_id: Option<Box<str>>,
}

impl UnverifiedAssertion {
    /// Reads an assertion. ID-JAGs are told apart where the realm takes them.
    pub(crate) fn read(
        text: &str,
        identity_assertions: bool,
        limits: &JwsLimits,
    ) -> Result<Self, JwtGrantError> {
        let limits = foreign(limits);
        let (class, algorithm, key_id) = match UnverifiedJws::parse(text, &limits) {
            Ok(jws) => {
                let special = identity_assertions && jws.header_type() == Some(ID_JAG);
                let class = if special {
                    AssertionClass::IdentityAssertion
                } else {
                    AssertionClass::Plain
                };
                let key_id = jws.key_id().map(Box::from);
                (class, Some(jws.unverified_header().algorithm()), key_id)
            }
            Err(JwsError::AlgorithmUnsupported) => (AssertionClass::Plain, None, None),
            Err(JwsError::NotCompact) if is_unsigned(text, &limits) => {
                (AssertionClass::Plain, None, None)
            }
            Err(_) => return Err(JwtGrantError::Unreadable),
        };
        let payload = payload(text).ok_or(JwtGrantError::Unreadable)?;
        let claims = TokenClaims::parse_within(&payload, CLAIMS, limits.json())
            .map_err(|_| JwtGrantError::Unreadable)?;
        let filled = |claim: Option<&str>| -> Option<Box<str>> {
            claim.filter(|text| !text.is_empty()).map(Box::from)
        };
        let issuer = filled(claims.iss.as_deref());
        if issuer
            .as_deref()
            .is_some_and(|text| text.len() > MAX_PEEKED_ISSUER_BYTES)
        {
            return Err(JwtGrantError::Unreadable);
        }
        Ok(Self {
            text: text.into(),
            class,
            algorithm,
            key_id,
            issuer,
            subject: filled(claims.sub.as_deref()),
            client_id: claims.client_id.as_deref().map(Box::from),
        })
    }

    /// The provider that it is said to be of. It only says whose keys to check it with.
    ///
    /// `iss` names it, else the trust domain of a SPIFFE id.
    pub(crate) fn provider<'r>(
        &self,
        realm: &'r Realm,
    ) -> Result<(&'r IdentityProvider, &'r AssertionRules), JwtGrantError> {
        let find = |issuer: &str| {
            let provider = realm.provider_by_issuer(issuer)?;
            Some((provider, provider.assertion_rules()?))
        };
        let named = self.issuer.as_deref().and_then(find);
        let by_domain = || {
            let found = find(trust_domain(self.subject.as_deref()?)?);
            found.filter(|(_, rules)| rules.is_by_subject())
        };
        let found = named.or_else(by_domain);
        if self.issuer.is_none() && found.is_none() {
            return Err(JwtGrantError::ClaimMissing("iss"));
        }
        if self.subject.is_none() {
            return Err(JwtGrantError::ClaimMissing("sub"));
        }
        found.ok_or(JwtGrantError::UnknownIssuer)
    }

    /// Whether it is said to be of the issuer that the rules are for; by the trust domain of its subject, where such
    /// tokens name no issuer.
    pub(crate) fn is_of(&self, rules: &AssertionRules) -> bool {
        if self.issuer.as_deref() == Some(rules.issuer()) {
            return true;
        }
        let domain = self.subject.as_deref().and_then(trust_domain);
        rules.is_by_subject() && domain == Some(rules.issuer())
    }

    /// Its algorithm, where one is known here.
    pub(crate) fn algorithm(&self) -> Option<Algorithm> {
        self.algorithm
    }

    /// Id of the key that it names.
    pub(crate) fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    /// Whether the provider takes its algorithm: signed with a key pair, and with the algorithm set.
    pub(crate) fn check_algorithm(&self, rules: &AssertionRules) -> Result<(), JwtGrantError> {
        let taken = self.algorithm.is_some_and(|algorithm| {
            let named = |only| only == algorithm.name();
            !algorithm.is_symmetric() && rules.algorithm().is_none_or(named)
        });
        taken.then_some(()).ok_or(JwtGrantError::Algorithm)
    }

    /// Checks signature, times and id.
    pub(crate) fn verify(
        &self,
        rules: &AssertionRules,
        keys: &IssuerKeys,
        profile: Profile,
        now: Timestamp,
        limits: &JwsLimits,
    ) -> Result<VerifiedAssertion, JwtGrantError> {
        let limits = foreign(limits);
        let jws =
            UnverifiedJws::parse(&self.text, &limits).map_err(|_| JwtGrantError::Unreadable)?;
        let key = keys.find(&jws).ok_or(JwtGrantError::Signature)?;
        let verified = jws.verify(key).map_err(|_| JwtGrantError::Signature)?;
        let claims = TokenClaims::parse_within(verified.payload(), CLAIMS, limits.json())
            .map_err(|_| JwtGrantError::Unreadable)?;
        // The same bytes as were read before; said again of what the signature vouches for.
        if claims.iss.as_deref() != Some(rules.issuer()) && !rules.is_by_subject() {
            return Err(JwtGrantError::UnknownIssuer);
        }
        let Times {
            expires,
            good_until,
        } = check_times(&claims, self.class, rules, profile, now)?;
        let subject = subject(&verified, &claims, rules)?;
        let used = self.use_up(&claims, rules, good_until)?;
        let audience = claims.aud.iter().flatten().map(|text| Box::from(&**text));
        let audience = audience.collect();
        Ok(VerifiedAssertion {
            issuer: rules.issuer().into(),
            subject,
            expires,
            confirmation: claims.cnf.as_ref().map(Confirmation::read),
            audience,
            payload: verified.payload().into(),
            used,
        })
    }

    /// What makes it good once.
    fn use_up(
        &self,
        claims: &TokenClaims<'_>,
        rules: &AssertionRules,
        until: Timestamp,
    ) -> Result<Option<Effect>, JwtGrantError> {
        let issuer = Box::from(rules.issuer());
        let purpose = match self.class {
            AssertionClass::Plain if rules.reuse_allowed() => return Ok(None),
            AssertionClass::Plain => SingleUse::JwtGrant(issuer),
            AssertionClass::IdentityAssertion => SingleUse::IdentityAssertion(issuer),
        };
        let id = claims.jti.as_deref().filter(|id| !id.is_empty());
        let id = id.ok_or(JwtGrantError::IdMissing)?;
        if id.len() > MAX_TOKEN_ID_BYTES {
            return Err(JwtGrantError::IdTooLong);
        }
        Ok(Some(Effect::UseOnce {
            purpose,
            id: id.into(),
            until,
        }))
    }
}

/// An assertion whose signature and times hold. Its audience has not been looked at.
#[derive(Clone)]
pub(crate) struct VerifiedAssertion {
    /// Who signed it.
    pub(crate) issuer: Box<str>,
    /// Whom it is about, by the provider's id.
    pub(crate) subject: Box<str>,
    /// `exp`.
    pub(crate) expires: Timestamp,
    /// What whoever brings it must show (`cnf`, RFC 7800).
    pub(crate) confirmation: Option<Confirmation>,
    audience: Box<[Box<str>]>,
    /// All of its claims, as JSON.
    payload: Box<str>,
    /// Its use, to be committed whatever the answer is.
    pub(crate) used: Option<Effect>,
}

impl core::fmt::Debug for VerifiedAssertion {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("VerifiedAssertion")
            .field("expires", &self.expires)
            .field("used", &self.used)
            .finish_non_exhaustive()
    }
}

impl VerifiedAssertion {
    /// All of its claims.
    pub(crate) fn claims(&self) -> Map<String, Value> {
        serde_json::from_str(&self.payload).unwrap_or_default()
    }

    /// Whether it is made for us, and for nobody beside us (RFC 7523 section 3, rule 3).
    pub(crate) fn check_audience(&self, ours: impl Fn(&str) -> bool) -> Result<(), JwtGrantError> {
        if !self.audience.iter().any(|audience| ours(audience)) {
            return Err(JwtGrantError::Audience);
        }
        if self.audience.len() > 1 {
            return Err(JwtGrantError::SeveralAudiences);
        }
        Ok(())
    }
}

/// Whom it is about, once its claims are what the provider's kind and rules want.
fn subject(
    verified: &VerifiedJws,
    claims: &TokenClaims<'_>,
    rules: &AssertionRules,
) -> Result<Box<str>, JwtGrantError> {
    let subject = claims.sub.as_deref().filter(|text| !text.is_empty());
    let subject = subject.ok_or(JwtGrantError::ClaimMissing("sub"))?;
    if rules.preset.is_none() && rules.required().is_empty() && rules.subject_claim() == "sub" {
        return Ok(subject.into());
    }
    let claims: Map<String, Value> =
        serde_json::from_str(verified.payload()).map_err(|_| JwtGrantError::Unreadable)?;
    if let Some(preset) = rules.preset {
        let presented = Presented {
            header_type: verified.header().header_type(),
            algorithm: verified.header().algorithm(),
            subject,
            claims: &claims,
        };
        (preset.check)(rules, &presented)?;
    }
    demanded(rules.required(), &claims)?;
    if rules.subject_claim() == "sub" {
        return Ok(subject.into());
    }
    match claims.get(rules.subject_claim()) {
        Some(Value::String(text)) if !text.is_empty() => Ok(text.as_str().into()),
        Some(Value::Number(number)) if number.is_u64() => Ok(number.to_string().into()),
        _ => Err(WorkloadError::Demanded(rules.subject_claim().into()).into()),
    }
}

/// Other issuers may write keys into the header; they never choose one.
const fn foreign(limits: &JwsLimits) -> JwsLimits {
    limits.with_header_keys(HeaderKeys::Ignore)
}

/// Whether it is a token but for its signature.
fn is_unsigned(text: &str, limits: &JwsLimits) -> bool {
    let Some((header, _)) = text.strip_suffix('.').and_then(|text| text.split_once('.')) else {
        return false;
    };
    let header = base64url::decode(header).ok();
    let header = header
        .as_deref()
        .and_then(|bytes| core::str::from_utf8(bytes).ok());
    matches!(
        header.map(|text| JoseHeader::parse(text, limits.json(), HeaderKeys::Ignore)),
        Some(Ok(_) | Err(JwsError::AlgorithmUnsupported))
    )
}

/// The payload of three parts; their length is bounded already.
fn payload(text: &str) -> Option<String> {
    let mut parts = text.split('.');
    let (_, payload, _) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    String::from_utf8(base64url::decode(payload).ok()?).ok()
}

struct Times {
    expires: Timestamp,
    /// It would be taken up to here, so its id is remembered up to here.
    good_until: Timestamp,
}

fn check_times(
    claims: &TokenClaims<'_>,
    class: AssertionClass,
    rules: &AssertionRules,
    profile: Profile,
    now: Timestamp,
) -> Result<Times, JwtGrantError> {
    let issued = claims.iat.map(Timestamp);
    if class == AssertionClass::IdentityAssertion && issued.is_none() {
        return Err(JwtGrantError::IssuedMissing);
    }
    let expires = Timestamp(claims.exp.ok_or(JwtGrantError::ExpiryMissing)?);
    let not_before = Timestamp(claims.nbf.unwrap_or_default());
    let skewed = now.after(rules.clock_skew());
    if now >= expires || not_before > skewed || expires <= not_before {
        return Err(JwtGrantError::NotActive);
    }
    if issued.is_some_and(|issued| expires <= issued) {
        return Err(JwtGrantError::NotActive);
    }
    let Some(issued) = issued else {
        return if expires > now.after(rules.max_life()) {
            Err(JwtGrantError::ExpiryTooFar)
        } else {
            Ok(Times {
                expires,
                good_until: expires,
            })
        };
    };
    if issued > skewed {
        return Err(JwtGrantError::IssuedInFuture);
    }
    let last = issued.after(rules.max_life());
    if last < now {
        return Err(JwtGrantError::IssuedTooLongAgo);
    }
    if profile == Profile::Strict && expires > last {
        return Err(JwtGrantError::TooLong);
    }
    Ok(Times {
        expires,
        // Still good in the last second itself.
        good_until: expires.min(last.after(1)),
    })
}
