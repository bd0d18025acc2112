//! Keys of a client that are at an address: asked for before the request that needs them is read.

use super::Engine;
use crate::{
    client_auth,
    outside::KeysNeeded,
    realm::Realm,
    request::{Envelope, Form, PresentedCredentials},
};

impl Engine {
    /// The keys to fetch before a request of a client is read, at whatever endpoint; they go into
    /// [`Envelope::client_keys`]. `None`: the request needs none, or is refused with or without them.
    ///
    /// The address is the client's registered one, and never of the request; the request names the client and the
    /// key. Until keys are there nobody has proved anything, so whoever fetches bounds how often
    /// ([`KeysNeeded::key_id`]). Without keys the client is not believed.
    #[must_use]
    pub fn client_keys_needed(
        &self,
        realm: &Realm,
        envelope: &Envelope<'_>,
        body: &[u8],
    ) -> Option<KeysNeeded> {
        if !realm.has_published_client_keys() || !realm.enabled() || !envelope.is_secure_for(realm)
        {
            return None;
        }
        let limits = self.limits();
        let form = Form::parse(envelope.form_of(body), limits.body, limits.parameters).ok()?;
        let credentials = PresentedCredentials::read(envelope.authorization, &form);
        client_auth::keys_needed(realm, &credentials, self.jws_limits())
    }
}
