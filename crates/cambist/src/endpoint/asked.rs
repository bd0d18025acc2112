//! A request of a client at one of the endpoints.

use alloc::{boxed::Box, sync::Arc, vec::Vec};

use super::{EndpointAnswer, SealedAnswer};
use crate::{
    client_auth::{self, ClientAuthError, Presentation, ShownCertificate},
    effects::Effect,
    engine::Engine,
    moment::Moment,
    realm::{Client, ClientNo, Realm},
    refusal::Refusal,
    request::{Envelope, Form, Parameters, PresentedCredentials, RequestError},
};

/// A form, and the client that sent it.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) engine: Engine,
    pub(super) realm: Arc<Realm>,
    pub(super) client: ClientNo,
    pub(super) parameters: Parameters,
    pub(super) issuer: Box<str>,
    pub(super) moment: Moment,
    /// `Accept` names `application/jwt`.
    pub(super) accepts_jwt: bool,
    /// What the client's proof uses up, whatever the answer is.
    used: Option<Effect>,
}

impl Asked {
    /// Reads form and client, then what the endpoint wants of it. `disbelieved` says what is told about a
    /// client that is not believed. A refusal uses the client's proof up like any answer.
    pub(super) fn read<T>(
        engine: &Engine,
        realm: Arc<Realm>,
        envelope: &Envelope<'_>,
        body: &[u8],
        moment: Moment,
        disbelieved: fn(ClientAuthError) -> Result<(), EndpointAnswer>,
        read: impl FnOnce(Self) -> Result<T, EndpointAnswer>,
    ) -> Result<T, SealedAnswer> {
        let name = Arc::clone(&realm);
        let mut effects = Vec::new();
        Self::authenticated(engine, realm, envelope, body, moment, disbelieved)
            .and_then(|asked| {
                effects = asked.effects();
                let client = asked.client()?;
                if !client.admits_origin(envelope.origin, envelope.issuer) {
                    return Err(refused(RequestError::InvalidOrigin));
                }
                asked
                    .parameters
                    .check(&[], engine.limits())
                    .map_err(refused)?;
                read(asked)
            })
            .map_err(|answer| SealedAnswer::new(name.name(), effects, answer))
    }

    fn authenticated(
        engine: &Engine,
        realm: Arc<Realm>,
        envelope: &Envelope<'_>,
        body: &[u8],
        moment: Moment,
        disbelieved: fn(ClientAuthError) -> Result<(), EndpointAnswer>,
    ) -> Result<Self, EndpointAnswer> {
        if !envelope.is_secure_for(&realm) {
            return Err(refused(RequestError::HttpsRequired));
        }
        let limits = engine.limits();
        let form = Form::parse(envelope.form_of(body), limits.body, limits.parameters)
            .map_err(|error| refused(RequestError::from(error)))?;
        let credentials = PresentedCredentials::read(envelope.authorization, &form);
        let certificate = envelope
            .certificate
            .map(|shown| ShownCertificate::of(shown, engine.crypto()));
        let proved = client_auth::authenticate(
            &realm,
            &Presentation {
                credentials: &credentials,
                certificate: certificate.as_ref(),
                fetched_keys: envelope.client_keys.map(|keys| &**keys),
                issuer: envelope.issuer,
                moment,
                limits: engine.jws_limits(),
                provider: engine.crypto(),
            },
        );
        let (client, used) = match proved {
            Ok((client, proof)) => (client, proof.used),
            Err(error) => {
                disbelieved(error)?;
                // What is let through is known all the same: a bearer-only client that proved itself.
                let known = credentials
                    .client_id
                    .as_deref()
                    .and_then(|id| realm.client_by_id(id))
                    .map(Client::number)
                    .ok_or_else(|| refused(error))?;
                (known, None)
            }
        };
        Ok(Self {
            engine: engine.clone(),
            realm,
            client,
            parameters: Parameters::new(form),
            issuer: envelope.issuer.into(),
            moment,
            accepts_jwt: envelope
                .accept
                .is_some_and(|types| types.contains("application/jwt")),
            used,
        })
    }

    /// What has to be stored for any answer.
    pub(super) fn effects(&self) -> Vec<Effect> {
        self.used.iter().cloned().collect()
    }

    pub(super) fn client(&self) -> Result<&Client, EndpointAnswer> {
        self.realm
            .client(self.client)
            .ok_or_else(|| refused(ClientAuthError::Unknown))
    }
}

/// A client that is not believed, told as at the token endpoint.
pub(super) fn as_at_token_endpoint(error: ClientAuthError) -> Result<(), EndpointAnswer> {
    Err(refused(error))
}

pub(super) fn refused(refusal: impl Into<Refusal>) -> EndpointAnswer {
    EndpointAnswer::from(&refusal.into())
}
