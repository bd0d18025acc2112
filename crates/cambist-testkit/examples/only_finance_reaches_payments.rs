//! A property of one's own realm: whoever asks, whenever, with whatever token, nobody outside finance gets a
//! token for `payments`. `docs/testing-your-realm.md` tells the story; here it stands in a test runner of
//! proptest, as it would in a test.

use cambist::{decision::Decision, realm::document::RealmDocument};
use cambist_testkit::{generate::attempts, trial::Trial};
use proptest::{
    prop_assert,
    test_runner::{Config, TestCaseError, TestRunner},
};

const REALM: &str = r#"{
    "realm": "shop",
    "clients": [
        {"id": "ledger", "secret": "a", "grants": ["token-exchange"]},
        {"id": "invoices", "secret": "b", "grants": ["token-exchange"]},
        {"id": "website", "secret": "c", "grants": ["token-exchange", "standard-token-exchange"]},
        {"id": "payments", "secret": "d"}
    ],
    "policies": [{"name": "finance", "kind": "client", "clients": ["ledger", "invoices"]}],
    "permissions": [
        {"name": "to payments", "action": "token-exchange", "client": "payments", "policies": ["finance"]}
    ],
    "users": [{"username": "ada"}, {"username": "bob", "enabled": false}]
}"#;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let document: RealmDocument = serde_json::from_str(REALM)?;
    only_finance_reaches_payments(document)?;
    Ok(())
}

fn only_finance_reaches_payments(
    document: RealmDocument,
) -> Result<(), Box<dyn std::error::Error>> {
    // The clients as they are written, without those that every realm has.
    let attempts = attempts(&document);
    let trial = Trial::new(document)?;
    let property = |attempt: cambist_testkit::attempt::Attempt| -> Result<(), TestCaseError> {
        if let Decision::Permit(grant) = trial.decide(&attempt) {
            let target = trial
                .realm()
                .client(grant.plan().target)
                .map(|client| client.client_id());
            let finance = ["ledger", "invoices", "payments"].contains(&&*attempt.requester);
            prop_assert!(target != Some("payments") || finance, "{attempt:?}");
        }
        Ok(())
    };
    TestRunner::new(Config::with_cases(2_048)).run(&attempts, property)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{REALM, only_finance_reaches_payments};

    #[test]
    fn the_realm_keeps_the_property_and_a_careless_one_does_not() {
        let document = |text: &str| serde_json::from_str(text).unwrap();
        only_finance_reaches_payments(document(REALM)).unwrap();
        let careless = REALM.replace(
            "\"kind\": \"client\", ",
            "\"kind\": \"client\", \"logic\": \"negative\", ",
        );
        only_finance_reaches_payments(document(&careless)).unwrap_err();
    }
}
