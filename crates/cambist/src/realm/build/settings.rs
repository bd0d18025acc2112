//! Lifetimes and other numbers of the realm.

use super::client_tokens::{MAX_LIFESPAN, unknown_algorithm};
use crate::{
    crypto::Algorithm,
    realm::{
        document::RealmDocument,
        error::{At, RealmError, RealmProblem},
    },
};

pub(super) fn check(document: &RealmDocument) -> Result<(), RealmError> {
    let at = At::Root("tokens");
    let tokens = &document.tokens;
    check_all(
        &at,
        &[
            ("access_token_lifespan", tokens.access_token_lifespan, 1),
            ("access_code_lifespan", tokens.access_code_lifespan, 1),
            ("refresh_token_max_reuse", tokens.refresh_token_max_reuse, 0),
            ("dpop_nonce_lifetime", tokens.dpop_nonce_lifetime, 0),
        ],
    )?;
    check_not_before(&at.member("not_before"), tokens.not_before)?;
    if Algorithm::from_name(&tokens.signature_algorithm).is_none() {
        let problem = unknown_algorithm(&tokens.signature_algorithm);
        return Err(at.member("signature_algorithm").error(problem));
    }

    let sessions = &document.sessions;
    check_all(
        &At::Root("sessions"),
        &[
            ("idle", sessions.idle, 1),
            ("max", sessions.max, 1),
            ("client_idle", sessions.client_idle, 0),
            ("client_max", sessions.client_max, 0),
            ("offline_idle", sessions.offline_idle, 1),
            ("offline_max", sessions.offline_max, 1),
            ("client_offline_idle", sessions.client_offline_idle, 0),
            ("client_offline_max", sessions.client_offline_max, 0),
        ],
    )?;

    let brute_force = &document.brute_force;
    check_all(
        &At::Root("brute_force"),
        &[
            (
                "failure_factor",
                brute_force.failure_factor,
                i64::from(brute_force.enabled),
            ),
            ("wait_increment", brute_force.wait_increment, 0),
            ("max_wait", brute_force.max_wait, 0),
            (
                "quick_login_check_millis",
                brute_force.quick_login_check_millis,
                0,
            ),
            (
                "minimum_quick_login_wait",
                brute_force.minimum_quick_login_wait,
                0,
            ),
            ("max_delta", brute_force.max_delta, 0),
        ],
    )
}

/// The second before which tokens are refused; Keycloak keeps it in 32 bits.
pub(super) fn check_not_before(at: &At<'_>, value: i64) -> Result<(), RealmError> {
    check_range(at, value, 0)
}

fn check_all(at: &At<'_>, numbers: &[(&'static str, i64, i64)]) -> Result<(), RealmError> {
    numbers
        .iter()
        .try_for_each(|(field, value, least)| check_range(&at.member(field), *value, *least))
}

fn check_range(at: &At<'_>, value: i64, least: i64) -> Result<(), RealmError> {
    if (least..=MAX_LIFESPAN).contains(&value) {
        return Ok(());
    }
    Err(at.error(RealmProblem::OutOfRange {
        value,
        least,
        most: MAX_LIFESPAN,
    }))
}
