//! What becomes of a binding.

use cambist::{
    proof::BindingError,
    realm::Profile,
    refusal::{ExchangeError, RefreshError, Refusal},
};
use cambist_testkit::prover::Prover;

use crate::bench::{Bench, bound_to, claims, login, permission_based, refresh, standard};

type Form = fn(&str, &str) -> String;

const KINDS: [(&str, Form); 2] = [
    ("standard", standard),
    ("permission-based", permission_based),
];

#[test]
fn t148_a_bound_subject_is_exchanged_by_its_key_only() {
    for profile in [Profile::Keycloak, Profile::Strict] {
        for (kind, form) in KINDS {
            let mut bench = Bench::new(profile);
            let (own, strange) = (bench.own.clone(), bench.strange.clone());
            let subject = bench.login("shop", Some(&own)).access_token;
            let own_client = form("shop", &subject);
            let missing = ExchangeError::Binding(BindingError::ProofMissing);
            assert_eq!(bench.refusal(&own_client, None), missing.into());
            let proof = bench.fresh(&strange);
            let other_key = ExchangeError::Binding(BindingError::OtherKey);
            assert_eq!(bench.refusal(&own_client, Some(&proof)), other_key.into());
            let proof = bench.fresh(&own);
            let response = bench.ask(&own_client, Some(&proof)).unwrap().response;
            assert_eq!(bound_to(&response).as_deref(), Some(own.thumbprint()));

            let other_client = form("other", &subject);
            assert!(matches!(
                bench.refusal(&other_client, None),
                Refusal::Exchange(ExchangeError::BoundToAnother | ExchangeError::Binding(_))
            ));
            let proof = bench.fresh(&strange);
            assert!(bench.ask(&other_client, Some(&proof)).is_err());
            // Keycloak lets another client exchange it so; then with the key at least.
            let proof = bench.fresh(&own);
            let lets = kind == "permission-based" && profile == Profile::Keycloak;
            let answer = bench.ask(&other_client, Some(&proof));
            assert_eq!(answer.is_ok(), lets, "{kind} {profile:?}");
        }
    }
}

#[test]
fn t149_a_client_that_must_prove_a_key_gets_nothing_without() {
    for profile in [Profile::Keycloak, Profile::Strict] {
        let mut bench = Bench::new(profile);
        let own = bench.own.clone();
        let subject = bench.login("shop", None).access_token;
        let logged_in = bench.login("must", Some(&own));
        let refresh_token = logged_in.refresh_token.unwrap();
        for form in [
            login("must"),
            "grant_type=client_credentials&client_id=must&client_secret=s3cret".to_owned(),
            refresh("must", &refresh_token),
            standard("must", &subject),
            permission_based("must", &subject),
            format!(
                "{}&requested_subject=ada",
                permission_based("must", &subject)
            ),
            standard("must", "abc"),
        ] {
            let refusal = bench.refusal(&form, None);
            assert_eq!(
                refusal,
                Refusal::Binding(BindingError::ProofMissing),
                "{form}"
            );
            assert_eq!(refusal.wire().description.unwrap(), "DPoP proof is missing");
        }
        for form in [
            login("must"),
            "grant_type=client_credentials&client_id=must&client_secret=s3cret".to_owned(),
            refresh("must", &refresh_token),
            standard("must", &subject),
            permission_based("must", &subject),
        ] {
            let proof = bench.fresh(&own);
            let response = bench.ask(&form, Some(&proof)).unwrap().response;
            assert_eq!(
                bound_to(&response).as_deref(),
                Some(own.thumbprint()),
                "{form}"
            );
        }
    }
}

#[test]
fn r34_a_client_that_must_prove_a_key_exchanges_nothing_for_a_bearer_token() {
    let mut bench = Bench::new(Profile::Keycloak);
    let subject = bench.login("shop", None).access_token;
    for (_, form) in KINDS {
        let refusal = bench.refusal(&form("must", &subject), None);
        assert_eq!(refusal, Refusal::Binding(BindingError::ProofMissing));
    }
}

/// Every subject, requester, proof and kind of exchange.
#[test]
fn p20_the_result_is_bound_to_the_requesters_key_or_to_none() {
    let mut permits = 0;
    for profile in [Profile::Keycloak, Profile::Strict] {
        let mut bench = Bench::new(profile);
        let keys = [bench.own.clone(), bench.strange.clone()];
        let keys: Vec<Option<&Prover>> = [None, Some(&keys[0]), Some(&keys[1])].to_vec();
        for (kind, form) in KINDS {
            for issued_to in ["shop", "other", "must"] {
                for subject_key in keys.iter().copied() {
                    if issued_to == "must" && subject_key.is_none() {
                        continue;
                    }
                    let subject = bench.login(issued_to, subject_key).access_token;
                    for requester in ["shop", "other", "must"] {
                        for shown in keys.iter().copied() {
                            let proof = shown.map(|key| bench.fresh(key));
                            let asked = bench.ask(&form(requester, &subject), proof.as_deref());
                            let Ok(issued) = asked else { continue };
                            permits += 1;
                            let case = format!("{profile:?} {kind} {issued_to} {requester}");
                            let bound = bound_to(&issued.response);
                            assert_eq!(bound.as_deref(), shown.map(Prover::thumbprint), "{case}");
                            if bound.is_none() {
                                assert_ne!(requester, "must", "{case}");
                                assert!(subject_key.is_none(), "{case}");
                            }
                            if let Some(key) = subject_key {
                                assert_eq!(bound.as_deref(), Some(key.thumbprint()), "{case}");
                            }
                        }
                    }
                }
            }
        }
    }
    assert!(permits > 50, "{permits}");
}

#[test]
fn the_refresh_token_of_a_public_client_is_bound() {
    let mut bench = Bench::new(Profile::Keycloak);
    let (own, strange) = (bench.own.clone(), bench.strange.clone());
    let token = bench.login("app", Some(&own)).refresh_token.unwrap();
    assert_eq!(claims(&token)["cnf"]["jkt"], own.thumbprint());
    let form = refresh("app", &token);
    let refused = |error| Refusal::Refresh(RefreshError::Binding(error));
    assert_eq!(
        bench.refusal(&form, None),
        refused(BindingError::ProofMissing)
    );
    let proof = bench.fresh(&strange);
    let other = bench.refusal(&form, Some(&proof));
    assert_eq!(other, refused(BindingError::OtherKey));
    assert_eq!(other.wire().code.as_str(), "invalid_grant");
    let proof = bench.fresh(&own);
    let response = bench.ask(&form, Some(&proof)).unwrap().response;
    assert_eq!(bound_to(&response).as_deref(), Some(own.thumbprint()));
    assert_eq!(
        claims(&response.refresh_token.unwrap())["cnf"]["jkt"],
        own.thumbprint()
    );
}

#[test]
fn the_refresh_token_of_a_confidential_client_is_not() {
    let mut bench = Bench::new(Profile::Keycloak);
    let (own, strange) = (bench.own.clone(), bench.strange.clone());
    let token = bench.login("shop", Some(&own)).refresh_token.unwrap();
    assert!(claims(&token).get("cnf").is_none());
    for key in [None, Some(&own), Some(&strange)] {
        let proof = key.map(|key| bench.fresh(key));
        let response = bench.ask(&refresh("shop", &token), proof.as_deref());
        let bound = bound_to(&response.unwrap().response);
        assert_eq!(bound.as_deref(), key.map(Prover::thumbprint));
    }
}
