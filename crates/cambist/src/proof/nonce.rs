//! Nonces for proofs (RFC 9449 sections 8 and 9): a proof that carries one was not made long before.
//!
//! A nonce is a tag over issuer and time slot under the realm's secret key, so nothing is stored, and every
//! server that has the realm's keys takes what another one gave out.

use alloc::{format, string::String, vec::Vec};

use subtle::ConstantTimeEq;

use crate::{
    crypto::{Algorithm, ProviderError, Signer},
    jose::base64url,
    moment::Timestamp,
    realm::Realm,
};

/// Bytes of the tag that are told.
const LENGTH: usize = 24;

/// The nonces of a realm that demands them.
#[derive(Clone, Copy, Debug)]
pub struct Nonces<'a> {
    signer: &'a dyn Signer,
    issuer: &'a str,
    lifetime: i64,
}

impl<'a> Nonces<'a> {
    /// Those of the realm; `None` where it demands none.
    ///
    /// # Errors
    ///
    /// The realm demands nonces and has no active secret key in the process to make them with.
    pub fn of(realm: &'a Realm, issuer: &'a str) -> Result<Option<Self>, ProviderError> {
        let lifetime = realm.tokens().dpop_nonce_lifetime;
        if lifetime <= 0 {
            return Ok(None);
        }
        let key = realm.keys().active(Algorithm::Hs512);
        let signing = key
            .and_then(|key| key.signing.as_ref())
            .ok_or(ProviderError::Signing)?;
        Ok(Some(Self {
            signer: &*signing.signer,
            issuer,
            lifetime,
        }))
    }

    /// The nonce to tell now.
    ///
    /// # Errors
    ///
    /// The signer fails.
    pub fn current(&self, now: Timestamp) -> Result<String, ProviderError> {
        self.of_slot(self.slot(now))
    }

    /// Whether a proof with this nonce is taken: that of the present time slot or of one beside it, since
    /// clocks of servers differ.
    ///
    /// # Errors
    ///
    /// The signer fails.
    pub fn admits(&self, nonce: &str, now: Timestamp) -> Result<bool, ProviderError> {
        let slot = self.slot(now);
        let mut admitted = false;
        for slot in [slot.saturating_sub(1), slot, slot.saturating_add(1)] {
            admitted |= bool::from(nonce.as_bytes().ct_eq(self.of_slot(slot)?.as_bytes()));
        }
        Ok(admitted)
    }

    fn slot(&self, now: Timestamp) -> i64 {
        now.0.checked_div(self.lifetime).unwrap_or_default()
    }

    /// What is signed has blanks, so it can never be the signing input of a token.
    fn of_slot(&self, slot: i64) -> Result<String, ProviderError> {
        let message = format!("cambist dpop nonce {} {slot}", self.issuer);
        let mut tag = Vec::new();
        self.signer.sign(message.as_bytes(), &mut tag)?;
        tag.truncate(LENGTH);
        Ok(base64url::encode(&tag))
    }
}
