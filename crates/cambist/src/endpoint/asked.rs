//! A request of a client at one of the endpoints.

use alloc::{boxed::Box, sync::Arc};

use super::EndpointAnswer;
use crate::{
    client_auth::{self, ClientAuthError},
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
}

impl Asked {
    /// Reads form and client. `authenticate` says what is told about a client that is not believed.
    pub(super) fn read(
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
        let proved = client_auth::authenticate(&realm, &credentials, &*engine.provider());
        let client = match proved {
            Ok((client, _)) => client,
            Err(error) => {
                disbelieved(error)?;
                // What is let through is known all the same: a bearer-only client that proved itself.
                credentials
                    .client_id
                    .as_deref()
                    .and_then(|id| realm.client_by_id(id))
                    .map(Client::number)
                    .ok_or_else(|| refused(error))?
            }
        };
        let parameters = Parameters::new(form);
        if let Some(client) = realm.client(client)
            && !client.admits_origin(envelope.origin, envelope.issuer)
        {
            return Err(refused(RequestError::InvalidOrigin));
        }
        parameters.check(&[], limits).map_err(refused)?;
        let issuer = envelope.issuer.into();
        Ok(Self {
            engine: engine.clone(),
            realm,
            client,
            parameters,
            issuer,
            moment,
        })
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
