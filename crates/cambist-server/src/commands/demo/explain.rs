//! The trace of a decision: the same request, decided once more by an engine that takes notes.

use std::sync::Arc;

use cambist::{
    decision::Decision,
    engine::{AuthenticatedRequest, Engine, TokenRequest},
    moment::Moment,
    request::{Envelope, Transport},
    trace::DecisionTrace,
};
use cambist_http::paths;

use super::Failure;
use crate::{Server, server::now};

/// Decides a form without storing or minting anything.
pub(super) async fn explain(
    server: &Server,
    realm: &str,
    fields: &[(&str, &str)],
) -> Result<DecisionTrace, Failure> {
    let service = server.service();
    let engine = Engine::builder(service.provider()).tracing(true).build();
    let snapshot = service.realms().realm(realm).ok_or("the realm is gone")?;
    let issuer = paths::issuer(service.bases().first().as_str(), realm);
    let envelope = Envelope {
        issuer: &issuer,
        content_type: Some("application/x-www-form-urlencoded"),
        transport: Transport::LocalHttp,
        ..Envelope::default()
    };
    let body = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish();
    let moment = Moment::utc(now().0);
    let pending = engine
        .receive(Arc::clone(&snapshot), &envelope, body.as_bytes(), moment)
        .and_then(TokenRequest::authenticate)
        .and_then(AuthenticatedRequest::begin);
    let pending = match pending {
        Ok(pending) => pending,
        Err(denial) => return Ok(denial.trace().clone()),
    };
    let needed = pending.facts_needed();
    let facts = service
        .store()
        .load_facts(realm, &needed, moment.now)
        .await?;
    Ok(match pending.decide(&facts) {
        Decision::Permit(grant) => grant.trace().clone(),
        Decision::Deny(denial) => denial.trace().clone(),
    })
}
