//! What the engine wants to know of a request's head.

use std::{borrow::Cow, sync::Arc};

use cambist::{
    outside::IssuerKeys,
    request::{ClientCertificate, Envelope, Transport},
};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, ORIGIN};

use crate::{headers, service::Call};

/// The head of a request as text.
pub(crate) struct Head<'r> {
    issuer: &'r str,
    authorization: Option<Cow<'r, str>>,
    content_type: Option<Cow<'r, str>>,
    origin: Option<Cow<'r, str>>,
    accept: Option<Cow<'r, str>>,
    method: &'r str,
    proof: Option<Cow<'r, str>>,
    certificate: Option<&'r ClientCertificate>,
    client_keys: Option<&'r Arc<IssuerKeys>>,
    remote_address: Option<String>,
    transport: Transport,
}

impl<'r> Head<'r> {
    pub(crate) fn of(call: &'r Call<'r>) -> Self {
        let head = &call.request.headers;
        Self {
            issuer: &call.issuer,
            authorization: headers::text(head, AUTHORIZATION),
            content_type: headers::text(head, CONTENT_TYPE),
            origin: headers::text(head, ORIGIN),
            accept: headers::text(head, ACCEPT),
            method: call.request.method.as_str(),
            proof: headers::joined(head, &headers::DPOP),
            certificate: call
                .request
                .extensions
                .get::<headers::PeerCertificate>()
                .map(|headers::PeerCertificate(certificate)| &**certificate),
            client_keys: call.client_keys.as_ref(),
            remote_address: call
                .request
                .extensions
                .get::<headers::Peer>()
                .map(|headers::Peer(address)| address.ip().to_canonical().to_string()),
            transport: headers::transport(call.request, call.base),
        }
    }

    pub(crate) fn envelope(&self) -> Envelope<'_> {
        Envelope {
            issuer: self.issuer,
            authorization: self.authorization.as_deref(),
            content_type: self.content_type.as_deref(),
            origin: self.origin.as_deref(),
            accept: self.accept.as_deref(),
            method: Some(self.method),
            proof: self.proof.as_deref(),
            certificate: self.certificate,
            client_keys: self.client_keys,
            remote_address: self.remote_address.as_deref(),
            transport: self.transport,
        }
    }
}
