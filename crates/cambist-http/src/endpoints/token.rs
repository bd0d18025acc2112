//! `/realms/{realm}/protocol/openid-connect/token`: the token endpoint (RFC 6749 section 3.2, RFC 8693).

use std::sync::Arc;

use cambist::{
    decision::{Decision, Denial},
    effects::SingleUse,
    engine::{AuthenticatedRequest, PendingRequest, Progress, TokenRequest},
    event::Event,
    moment::Moment,
    outcome::Outcome as Exchanged,
    refusal::Refusal,
    request::{FormError, RequestError},
    response::TokenResponse,
};
use cambist_store::{CommitError, Conflict, StoreError, Unavailable};
use http::{
    HeaderValue, StatusCode,
    header::{CACHE_CONTROL, ORIGIN, PRAGMA},
};

use super::nonce;
use crate::{Response, cors, head::Head, observer::Outcome, respond, service::Call};

/// How often a request is judged anew when another one was faster.
const ATTEMPTS: u32 = 3;

/// What one attempt came to.
enum Attempt {
    Issued(Box<TokenResponse>, Event),
    Denied(Box<Denial>),
    Failed(Refusal, Option<Event>),
    FactsMissing(StoreError),
    NotCommitted(CommitError, Option<Event>),
}

/// Judges the request, stores what must be stored, answers.
pub(crate) async fn token(call: &Call<'_>) -> Response {
    let mut attempt = judge(call).await;
    for _ in 1..ATTEMPTS {
        if !matches!(
            &attempt,
            Attempt::NotCommitted(CommitError::Conflict(conflict), _) if is_passing(conflict)
        ) {
            break;
        }
        attempt = judge(call).await;
    }
    tell(call, &attempt);
    let mut response = answer(call, attempt);
    nonce::give(call, call.service.clock().moment(), &mut response);
    response
}

/// Whether another request was faster, so that this one may go through when it is judged anew: it changed
/// the session or the user, or made the user for the same identity.
fn is_passing(conflict: &Conflict) -> bool {
    matches!(
        conflict,
        Conflict::Version { .. }
            | Conflict::SessionTaken
            | Conflict::UserIdTaken
            | Conflict::UsernameTaken
            | Conflict::EmailTaken
            | Conflict::LinkTaken
    )
}

async fn judge(call: &Call<'_>) -> Attempt {
    let moment = call.service.clock().moment();
    let pending = match begin(call, moment) {
        Ok(pending) => pending,
        Err(denial) => return deny(call, denial, moment).await,
    };
    let grant = match decide(call, pending, moment).await {
        Ok(Verdict::Decided(Decision::Permit(grant))) => grant,
        Ok(Verdict::Decided(Decision::Deny(denial))) => return deny(call, denial, moment).await,
        Ok(Verdict::HandedOver(outcome)) => return commit(call, *outcome, moment).await,
        Err(error) => return Attempt::FactsMissing(error),
    };
    // Drawn and dropped before the next await: a source of randomness need not cross threads.
    let prepared = grant.prepare(&mut *call.service.entropy());
    let signed = match prepared {
        Ok(exchange) => call.service.signer().sign(exchange).await,
        Err(refusal) => Err(refusal),
    };
    match signed {
        Ok(outcome) => commit(call, outcome, moment).await,
        Err(refusal) => Attempt::Failed(refusal, None),
    }
}

/// Stores what the answer rests on, and opens it.
async fn commit(call: &Call<'_>, outcome: Exchanged, moment: Moment) -> Attempt {
    let (effects, event, _, sealed) = outcome.into_parts();
    match call.service.store().commit(effects, moment.now).await {
        Ok(receipt) => match sealed.open(&receipt) {
            Ok(response) => Attempt::Issued(Box::new(response), event),
            Err(_) => Attempt::Failed(Refusal::Unwritable, Some(event)),
        },
        Err(error) => Attempt::NotCommitted(error, Some(event)),
    }
}

/// What a request came to.
#[expect(
    clippy::large_enum_variant,
    reason = "moved once and consumed; a box would cost an allocation"
)]
enum Verdict {
    Decided(Decision),
    /// Nothing is minted: the answer holds a token of an identity provider.
    HandedOver(Box<Exchanged>),
}

/// Brings facts, and what other servers say, until the request is decided.
async fn decide(
    call: &Call<'_>,
    pending: PendingRequest,
    moment: Moment,
) -> Result<Verdict, StoreError> {
    let mut progress = Progress::Facts(pending);
    loop {
        progress = match progress {
            Progress::Decided(decision) => return Ok(Verdict::Decided(decision)),
            Progress::HandedOver(outcome) => return Ok(Verdict::HandedOver(Box::new(outcome))),
            Progress::Facts(pending) => {
                let store = call.service.store();
                let needed = pending.facts_needed();
                let facts = store
                    .load_facts(call.realm.name(), &needed, moment.now)
                    .await?;
                pending.proceed(&facts)
            }
            Progress::Outside(asking) => {
                let needed = asking.outside_needed();
                let outside = call.service.outbound().ask(&needed).await;
                asking.answer(outside)
            }
        };
    }
}

/// The steps that need neither facts nor anything from outside.
fn begin(call: &Call<'_>, moment: Moment) -> Result<PendingRequest, Denial> {
    let head = Head::of(call);
    call.service
        .engine()
        .receive(Arc::clone(&call.realm), &head.envelope(), call.body, moment)
        .and_then(TokenRequest::authenticate)
        .and_then(AuthenticatedRequest::begin)
}

/// A refusal may leave something behind, such as a counted failure: that is stored before it is told.
async fn deny(call: &Call<'_>, mut denial: Denial, moment: Moment) -> Attempt {
    if let Some(effects) = denial.take_effects()
        && let Err(error) = call.service.store().commit(effects, moment.now).await
    {
        return Attempt::NotCommitted(error, Some(denial.event().clone()));
    }
    Attempt::Denied(Box::new(denial))
}

fn tell(call: &Call<'_>, attempt: &Attempt) {
    let (outcome, event) = match attempt {
        Attempt::Issued(_, event) => (Outcome::Issued, Some(event)),
        Attempt::Denied(denial) => (Outcome::Refused(denial.refusal()), Some(denial.event())),
        Attempt::Failed(refusal, event) => (Outcome::Refused(refusal), event.as_ref()),
        Attempt::FactsMissing(error) => (Outcome::FactsMissing(error), None),
        Attempt::NotCommitted(error, event) => (Outcome::NotCommitted(error), event.as_ref()),
    };
    call.service.observer().token_request(outcome, event);
}

fn answer(call: &Call<'_>, attempt: Attempt) -> Response {
    let origin = call.request.headers.get(ORIGIN);
    let readable = origin.and_then(|origin| origin.to_str().ok());
    let (mut response, open) = match attempt {
        Attempt::Issued(issued, event) => {
            let open = readable.is_some_and(|origin| {
                event
                    .client
                    .as_deref()
                    .is_some_and(|client| cors::client_has(&call.realm, client, origin))
            });
            (respond::json(StatusCode::OK, issued.body()), open)
        }
        Attempt::Denied(denial) => {
            if let Refusal::Request(RequestError::Form(FormError::TooLong { .. })) =
                denial.refusal()
            {
                return respond::too_large();
            }
            let open =
                readable.is_some_and(|origin| cors::denial_is_open(&denial, &call.realm, origin));
            (refusal(denial.refusal()), open)
        }
        Attempt::Failed(failure, _) => (refusal(&failure), false),
        Attempt::FactsMissing(error) => (not_stored(error.into()), false),
        Attempt::NotCommitted(error, _) => (not_stored(error), false),
    };
    if let Some(origin) = origin.filter(|_| open) {
        cors::allow_origin(&mut response, origin);
    }
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
    response
}

fn refusal(refusal: &Refusal) -> Response {
    let wire = refusal.wire();
    let status = StatusCode::from_u16(wire.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    respond::json(status, wire.body())
}

/// What stored state says against an answer that the engine had ready.
pub(super) fn not_stored(error: CommitError) -> Response {
    match error {
        CommitError::Conflict(Conflict::RealmGone) => respond::no_such_realm(),
        CommitError::Conflict(Conflict::UsedBefore {
            purpose: SingleUse::ClientAssertion(_),
        }) => respond::error(
            StatusCode::BAD_REQUEST,
            "invalid_client",
            Some("Token reuse detected"),
        ),
        CommitError::Conflict(Conflict::UsedBefore {
            purpose: SingleUse::DpopProof,
        }) => respond::error(
            StatusCode::BAD_REQUEST,
            "invalid_request",
            Some("DPoP proof has already been used"),
        ),
        CommitError::Conflict(Conflict::UsedBefore { .. }) => respond::error(
            StatusCode::BAD_REQUEST,
            "invalid_grant",
            Some("Token reuse detected"),
        ),
        CommitError::Conflict(Conflict::UserGone | Conflict::SessionGone) => respond::error(
            StatusCode::BAD_REQUEST,
            "invalid_grant",
            Some("Session not active"),
        ),
        CommitError::Conflict(_) | CommitError::Unavailable(Unavailable::Busy) => {
            respond::unavailable(Some("1"))
        }
        _ => respond::unavailable(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_stored_is_never_a_success() {
        let failed = Unavailable::Failed {
            reason: "canary: disk full".to_owned(),
        };
        let used = Conflict::UsedBefore {
            purpose: SingleUse::DpopProof,
        };
        for (error, status, told) in [
            (
                CommitError::Unavailable(Unavailable::Busy),
                503,
                "temporarily_unavailable",
            ),
            (
                CommitError::Unavailable(failed),
                503,
                "temporarily_unavailable",
            ),
            (
                CommitError::Unavailable(Unavailable::ReadOnly),
                503,
                "temporarily_unavailable",
            ),
            (
                CommitError::Conflict(Conflict::SessionTaken),
                503,
                "temporarily_unavailable",
            ),
            (
                CommitError::Conflict(Conflict::SessionGone),
                400,
                "invalid_grant",
            ),
            (
                CommitError::Conflict(Conflict::UserGone),
                400,
                "invalid_grant",
            ),
            (CommitError::Conflict(used), 400, "invalid_request"),
            (
                CommitError::Conflict(Conflict::UsedBefore {
                    purpose: SingleUse::ClientAssertion("robot".into()),
                }),
                400,
                "invalid_client",
            ),
            (
                CommitError::Conflict(Conflict::RealmGone),
                404,
                "Realm does not exist",
            ),
        ] {
            let busy = matches!(error, CommitError::Unavailable(Unavailable::Busy));
            let response = not_stored(error);
            assert_eq!(response.status(), status, "{told}");
            let body: serde_json::Value = serde_json::from_slice(response.body()).unwrap();
            assert_eq!(body["error"], told);
            assert!(
                !body.to_string().contains("canary"),
                "the engine's words stay in the log"
            );
            if busy {
                assert_eq!(response.headers()[http::header::RETRY_AFTER], "1");
            }
        }
    }
}
