//! `cambist explain`: what would be decided on an exchange, and why. Nothing is minted.
//!
//! With a realm file the decision is made here, in memory; a running server is asked over its
//! administration.

use std::{fs, io::Read as _, path::PathBuf, sync::Arc};

use cambist::{
    engine::{Engine, ExplainRequest},
    facts::FactsNeeded,
    moment::Moment,
    realm::Features,
    secret::Secret,
    trace::DecisionTrace,
};
use cambist_admin::RealmRegistry as _;
use cambist_ring::RingProvider;
use cambist_store::{MemoryStore, Store};
use clap::Args;
use http::Method;
use serde_json::Value;

use super::{Failure, demo::client::Client, say};
use crate::{loading, registry::Registry, server::now};

/// What is asked, and of whom.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A realm document or Keycloak export to ask.
    #[arg(long, value_name = "FILE", required_unless_present = "base")]
    realm: Option<PathBuf>,

    /// A running server to ask, such as http://127.0.0.1:8080.
    #[arg(
        long,
        value_name = "URL",
        conflicts_with = "realm",
        requires = "realm_name"
    )]
    base: Option<String>,

    /// The realm to ask a running server about.
    #[arg(long, value_name = "NAME")]
    realm_name: Option<String>,

    /// An administrator of the server, in realm master.
    #[arg(
        long,
        env = "CAMBIST_ADMIN_USERNAME",
        default_value = "admin",
        value_name = "NAME"
    )]
    admin_username: String,

    /// The administrator's password.
    #[arg(
        long,
        env = "CAMBIST_ADMIN_PASSWORD",
        hide_env_values = true,
        value_name = "PASSWORD"
    )]
    admin_password: Option<String>,

    /// Read the question as JSON from a file, or from standard input (`-`). Flags come on top.
    #[arg(long, value_name = "FILE")]
    request: Option<PathBuf>,

    /// Client that asks for the exchange.
    #[arg(long, value_name = "CLIENT")]
    requester: Option<String>,

    /// Client that the new token is for; may be given again.
    #[arg(long, value_name = "CLIENT")]
    audience: Vec<String>,

    /// Scopes asked for.
    #[arg(long, value_name = "SCOPES")]
    scope: Option<String>,

    /// The subject: a login of this user.
    #[arg(long, value_name = "USER")]
    subject_user: Option<String>,

    /// Client that the user logged in at; the requester when absent.
    #[arg(long, value_name = "CLIENT")]
    subject_client: Option<String>,

    /// Scopes of that login.
    #[arg(long, value_name = "SCOPES")]
    subject_scope: Option<String>,

    /// The subject token itself, in place of a described login.
    #[arg(long, value_name = "TOKEN")]
    subject_token: Option<String>,

    /// User to become.
    #[arg(long, value_name = "USER")]
    requested_subject: Option<String>,

    /// Type of token asked for, as its URN.
    #[arg(long, value_name = "URN")]
    requested_token_type: Option<String>,

    /// Address that the requester calls from.
    #[arg(long, value_name = "ADDRESS")]
    remote_address: Option<String>,

    /// The instant, in seconds since the epoch; now when absent.
    #[arg(long, value_name = "SECONDS")]
    at: Option<i64>,

    /// Print the trace as JSON.
    #[arg(long)]
    json: bool,
}

impl Arguments {
    fn question(&self) -> Result<ExplainRequest, Failure> {
        let mut question = match &self.request {
            None => ExplainRequest::default(),
            Some(path) if path.as_os_str() == "-" => {
                let mut text = String::new();
                std::io::stdin().read_to_string(&mut text)?;
                serde_json::from_str(&text)?
            }
            Some(path) => serde_json::from_str(&fs::read_to_string(path)?)?,
        };
        if let Some(requester) = &self.requester {
            question.requester.clone_from(requester);
        }
        if question.requester.is_empty() {
            return Err("--requester says who asks for the exchange".into());
        }
        if !self.audience.is_empty() {
            question.audience.clone_from(&self.audience);
        }
        let over = |place: &mut Option<String>, flag: &Option<String>| {
            if flag.is_some() {
                place.clone_from(flag);
            }
        };
        over(&mut question.scope, &self.scope);
        over(&mut question.subject_user, &self.subject_user);
        over(&mut question.subject_client, &self.subject_client);
        over(&mut question.subject_scope, &self.subject_scope);
        over(&mut question.subject_token, &self.subject_token);
        over(&mut question.requested_subject, &self.requested_subject);
        over(
            &mut question.requested_token_type,
            &self.requested_token_type,
        );
        over(&mut question.remote_address, &self.remote_address);
        question.at = self.at.or(question.at);
        Ok(question)
    }
}

pub(super) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let question = arguments.question()?;
    let trace = match (&arguments.realm, &arguments.base) {
        (Some(path), _) => asked_of_file(path.clone(), &question).await?,
        (None, Some(base)) => asked_of_server(base, &arguments, &question).await?,
        (None, None) => return Err("--realm or --base says whom to ask".into()),
    };
    if arguments.json {
        say(serde_json::to_string_pretty(&trace)?);
    } else {
        say(trace);
    }
    Ok(())
}

/// Loads the realm into memory and decides there.
async fn asked_of_file(path: PathBuf, question: &ExplainRequest) -> Result<DecisionTrace, Failure> {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let provider = Arc::new(RingProvider);
    let registry =
        Registry::load(Arc::clone(&store), provider.clone(), Features::default()).await?;
    loading::load(&registry, &path).await?;
    let names = registry.names();
    let name = names.first().ok_or("the file holds no realm")?;
    let loaded = cambist_admin::RealmRegistry::realm(&registry, name);
    let realm = Arc::clone(&loaded.ok_or("the realm is gone")?.realm);
    let moment = Moment::utc(now().0);
    let load = async |needed: &FactsNeeded| store.load_facts(name, needed, moment.now).await;
    let user = match question.subject_query() {
        Some(query) => {
            let needed = FactsNeeded {
                subject: Some(query),
                ..FactsNeeded::default()
            };
            load(&needed).await?.subject
        }
        None => None,
    };
    let issuer = format!("http://localhost/realms/{name}");
    let pending = Engine::new(provider).explain(realm, &issuer, question, user, moment)?;
    let facts = load(&pending.facts_needed()).await?;
    Ok(pending.decide(facts))
}

async fn asked_of_server(
    base: &str,
    arguments: &Arguments,
    question: &ExplainRequest,
) -> Result<DecisionTrace, Failure> {
    let password = arguments.admin_password.as_deref().map(Secret::new);
    let password = password.ok_or("--admin-password or CAMBIST_ADMIN_PASSWORD is needed")?;
    let realm = arguments.realm_name.as_deref().unwrap_or_default();
    let client = Client::new(base.trim_end_matches('/'));
    let login = [
        ("grant_type", "password"),
        ("client_id", "admin-cli"),
        ("username", arguments.admin_username.as_str()),
        ("password", password.expose()),
    ];
    let path = "/realms/master/protocol/openid-connect/token";
    let login = client.form(path, &login).await?.good("the login")?;
    let token = login.text("/access_token")?;
    let path = format!("/admin/realms/{realm}/exchange/explain");
    let body: Value = serde_json::to_value(question)?;
    let reply = client
        .admin(Method::POST, &path, token, Some(&body))
        .await?;
    Ok(serde_json::from_value(reply.good("the question")?.body)?)
}
