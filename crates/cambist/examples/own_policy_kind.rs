//! A policy kind of one's own: grants while the requester's name begins with a given text.
//!
//! The kind is the part between the two lines; the rest is a realm to try it in.

use cambist::{
    claims::mappers::MapperKinds,
    moment::Moment,
    policy::{
        BuildContext, Condition, Evaluation, EvaluationContext, ExchangeQuestion, PolicyError,
        PolicyKind, PolicyKinds, Settings, Vote, can_exchange_to,
    },
    realm::{
        Features, Realm,
        build::BuildOptions,
        document::{PolicyDocument, RealmDocument},
    },
};
use cambist_ring::RingProvider;

// ---------------------------------------------------------------------------------------------------------
struct NamePrefixKind;

impl PolicyKind for NamePrefixKind {
    fn name(&self) -> &str {
        "name-prefix"
    }

    fn build(
        &self,
        document: &PolicyDocument,
        context: &BuildContext<'_>,
    ) -> Result<Box<dyn Condition>, PolicyError> {
        let settings = Settings::new(document, context, &["prefix"])?;
        let prefix = settings.text("prefix")?;
        Ok(Box::new(NamePrefix(
            prefix.ok_or_else(|| settings.bad("prefix", "a text"))?,
        )))
    }
}

#[derive(Debug)]
struct NamePrefix(String);

impl Condition for NamePrefix {
    fn vote(&self, evaluation: &Evaluation<'_>) -> Vote {
        if evaluation.context.client_id.starts_with(&self.0) {
            Vote::Grant
        } else {
            Vote::Deny
        }
    }
}
// ---------------------------------------------------------------------------------------------------------

const REALM: &str = r#"{
    "realm": "demo",
    "clients": [{"id": "finance-books"}, {"id": "shop"}, {"id": "ledger"}],
    "policies": [{"name": "finance", "kind": "name-prefix", "config": {"prefix": "finance-"}}],
    "permissions": [{"name": "to the ledger", "action": "token-exchange", "client": "ledger", "policies": ["finance"]}]
}"#;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut kinds = PolicyKinds::builtin();
    kinds.register(Box::new(NamePrefixKind))?;
    let document: RealmDocument = serde_json::from_str(REALM)?;
    let options = BuildOptions {
        version: 1,
        features: Features::NONE,
        provider: &RingProvider,
        mappers: &MapperKinds::builtin(),
        policies: &kinds,
        client_policies: &cambist::client_policy::ClientPolicyKinds::builtin(),
    };
    let realm = Realm::build(&document, &options)?;
    let ledger = realm.client_by_id("ledger").ok_or("no ledger")?;
    for name in ["finance-books", "shop"] {
        let requester = realm.client_by_id(name).ok_or("no such client")?;
        let question = ExchangeQuestion {
            requester,
            service_account: None,
            subject_scope: None,
        };
        let context = EvaluationContext {
            client_id: requester.client_id(),
            remote_address: None,
            moment: Moment::utc(0),
        };
        let (_, trace) = can_exchange_to(&realm, &question, ledger.number(), &context, true);
        if let Some(trace) = trace {
            #[expect(clippy::print_stdout, reason = "an example prints")]
            {
                println!("{trace}\n");
            }
        }
    }
    Ok(())
}
