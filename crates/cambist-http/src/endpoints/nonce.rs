//! The header `DPoP-Nonce` (RFC 9449 section 8).

use cambist::moment::Moment;
use http::{HeaderValue, header::ACCESS_CONTROL_EXPOSE_HEADERS};

use crate::{Response, headers::DPOP_NONCE, service::Call};

/// Gives the nonce for the next proof, in a realm that demands nonces.
pub(super) fn give(call: &Call<'_>, moment: Moment, response: &mut Response) {
    let engine = call.service.engine();
    let Some(nonce) = engine.proof_nonce(&call.realm, &call.issuer, moment) else {
        return;
    };
    let Ok(nonce) = HeaderValue::from_str(&nonce) else {
        return;
    };
    let headers = response.headers_mut();
    headers.insert(DPOP_NONCE, nonce);
    // A page of another origin must be able to read it, where it may read the answer at all.
    if headers.contains_key(ACCESS_CONTROL_EXPOSE_HEADERS) {
        headers.append(
            ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static("DPoP-Nonce, WWW-Authenticate"),
        );
    }
}
