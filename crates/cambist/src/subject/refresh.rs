//! Refresh tokens of this realm: signed with the realm's secret, read by nobody else.

use alloc::{boxed::Box, string::String, vec::Vec};

use super::{Lineage, SubjectTokenError, internal::check_times};
use crate::{
    facts::{SessionId, SessionKind},
    jose::{
        JwsLimits, UnverifiedJws,
        claims::{Strictness, TokenClaims},
    },
    moment::{Moment, Timestamp},
    proof::Confirmation,
    realm::Realm,
};

/// A refresh token whose signature, issuer, type and times hold.
#[derive(Clone, Debug)]
pub struct ReadRefreshToken {
    pub(crate) token_id: Box<str>,
    pub(crate) subject: Option<Box<str>>,
    pub(crate) authorized_party: Box<str>,
    pub(crate) session: Option<SessionId>,
    pub(crate) kind: SessionKind,
    pub(crate) scope: String,
    pub(crate) issued: Timestamp,
    pub(crate) expires: Option<Timestamp>,
    pub(crate) nonce: Option<Box<str>>,
    pub(crate) reuse_id: Option<Box<str>>,
    pub(crate) resource: Option<Box<str>>,
    pub(crate) organization: Option<Box<str>>,
    /// What the exchange that gave it had asked for.
    pub(crate) audiences: Vec<Box<str>>,
    /// `aud` of the access token that it came with.
    pub(crate) access_audience: Vec<Box<str>>,
    pub(crate) confirmation: Option<Confirmation>,
    /// Empty where the realm does not record it.
    pub(crate) lineage: Lineage,
}

impl ReadRefreshToken {
    /// `jti`.
    #[must_use]
    pub fn token_id(&self) -> &str {
        &self.token_id
    }

    /// `azp`.
    #[must_use]
    pub fn authorized_party(&self) -> &str {
        &self.authorized_party
    }

    /// `sid`.
    #[must_use]
    pub fn session(&self) -> Option<&SessionId> {
        self.session.as_ref()
    }

    /// The ids that may have been revoked: its own and those of the tokens it was made from.
    #[must_use]
    pub fn revocations(&self) -> Vec<Box<str>> {
        let own = [self.token_id()];
        let all = own.into_iter().chain(self.lineage.ids());
        all.map(Box::from).collect()
    }

    /// Online (`Refresh`) or offline (`Offline`).
    #[must_use]
    pub fn kind(&self) -> SessionKind {
        self.kind
    }
}

/// Reads a refresh token of this realm: signature by a secret of the realm, issuer, type, times. An
/// offline token may be without `exp`; its session ends it.
///
/// # Errors
///
/// The first step that fails.
pub fn read_refresh_token(
    realm: &Realm,
    issuer: &str,
    text: &str,
    moment: Moment,
    limits: &JwsLimits,
) -> Result<ReadRefreshToken, SubjectTokenError> {
    let jws = UnverifiedJws::parse(text, limits)?;
    let key = jws
        .key_id()
        .and_then(|kid| realm.keys().verifier(kid))
        .filter(|key| key.algorithm.is_symmetric())
        .ok_or(SubjectTokenError::UnknownKey)?;
    let verified = jws.verify(key)?;
    let claims = TokenClaims::parse(verified.payload(), Strictness::Strict)?;
    claims.check_roles()?;
    if claims.iss.as_deref() != Some(issuer) {
        return Err(SubjectTokenError::Issuer);
    }
    let kind = match claims.typ.as_deref() {
        Some("Refresh") => SessionKind::Online,
        Some("Offline") => SessionKind::Offline,
        _ => return Err(SubjectTokenError::WrongType),
    };
    let expires = match (claims.exp, kind) {
        (Some(exp), _) => Some(Timestamp(exp)),
        (None, SessionKind::Offline) => None,
        (None, SessionKind::Online) => return Err(SubjectTokenError::MissingClaim("exp")),
    };
    let end = expires.unwrap_or(Timestamp(i64::MAX));
    check_times(&claims, end, moment.now, realm.profile())?;
    Ok(ReadRefreshToken {
        token_id: claims
            .jti
            .as_deref()
            .ok_or(SubjectTokenError::MissingClaim("jti"))?
            .into(),
        subject: claims.sub.as_deref().map(Box::from),
        authorized_party: claims
            .azp
            .as_deref()
            .ok_or(SubjectTokenError::AuthorizedParty)?
            .into(),
        session: claims.sid.as_deref().map(|sid| SessionId(sid.into())),
        kind,
        scope: claims.scope.as_deref().unwrap_or_default().into(),
        issued: Timestamp(claims.iat.ok_or(SubjectTokenError::MissingClaim("iat"))?),
        expires,
        lineage: match realm.records_lineage() {
            true => Lineage::read(claims.derived_from.as_ref())?,
            false => Lineage::default(),
        },
        confirmation: claims.cnf.as_ref().map(Confirmation::read),
        nonce: claims.nonce.as_deref().map(Box::from),
        reuse_id: claims.reuse_id.as_deref().map(Box::from),
        organization: claims.organization.as_deref().map(Box::from),
        resource: claims.resource.as_deref().map(Box::from),
        access_audience: claims
            .aud_x
            .iter()
            .flatten()
            .map(|value| Box::from(&**value))
            .collect(),
        audiences: claims
            .req_aud
            .iter()
            .flatten()
            .map(|value| Box::from(&**value))
            .collect(),
    })
}
