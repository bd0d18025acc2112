//! `cambist reach`: who can come to a token for whom.

use std::path::PathBuf;

use cambist::{policy::Possibility, realm::Features};
use cambist_analysis::{Impersonator, Parties, Path, Reach, Way, impersonators};
use serde_json::json;

use super::{Failure, say, studied::Studied};

/// Settings of `reach`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// A realm document or a Keycloak realm export.
    realm: PathBuf,
    /// Only from this client; else from every client at which a first token is issued.
    #[arg(long)]
    from: Option<String>,
    /// Only to this client.
    #[arg(long)]
    to: Option<String>,
    /// Also clients that every realm has for its own administration.
    #[arg(long)]
    all: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, thiserror::Error)]
#[error("the realm has no client {0:?}")]
struct NoClient(String);

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let studied = Studied::read(&arguments.realm, Features::default())?;
    for name in arguments.from.iter().chain(&arguments.to) {
        if studied.realm().client_by_id(name).is_none() {
            return Err(NoClient(name.clone()).into());
        }
    }
    let parties = studied.parties();
    let reach = Reach::of(&parties);
    let mut paths = match &arguments.from {
        Some(from) => reach.from(from),
        None => reach.paths(),
    };
    let shown = |client: &str, named: &Option<String>| match named {
        Some(named) => client == named,
        None => arguments.all || !Parties::is_built_in(client),
    };
    paths.retain(|path| shown(&path.from, &arguments.from) && shown(&path.to, &arguments.to));
    let impersonators = impersonators(&parties);
    if arguments.json {
        say(json!({ "paths": paths, "impersonators": impersonators }));
        return Ok(());
    }
    let mut from = "";
    for path in &paths {
        if path.from != from {
            say(&path.from);
            from = &path.from;
        }
        say(format_args!("  {}", told(path)));
    }
    if arguments.from.is_none() && arguments.to.is_none() {
        for impersonator in &impersonators {
            say(who(impersonator));
        }
    }
    Ok(())
}

/// One path: `to ledger, always: named in its audience: gateway; standard exchange: ledger`.
fn told(path: &Path) -> String {
    let steps: Vec<String> = path
        .hops
        .iter()
        .map(|hop| {
            let way = match hop.way {
                Way::Audience => "named in the audience",
                Way::PermissionBased => "exchange by permission",
                Way::Standard => "standard exchange",
            };
            if hop.to == path.to {
                way.to_owned()
            } else {
                format!("{way} ({})", hop.to)
            }
        })
        .collect();
    format!(
        "to {}, {}: {}",
        path.to,
        degree(path.possibility),
        steps.join(", then ")
    )
}

pub(super) fn who(impersonator: &Impersonator) -> String {
    match impersonator {
        Impersonator::Client {
            client,
            possibility,
        } => format!(
            "client {client} can become another user, {}",
            degree(*possibility)
        ),
        Impersonator::User { username } => format!("user {username} can become another user"),
    }
}

pub(super) const fn degree(possibility: Possibility) -> &'static str {
    match possibility {
        Possibility::Never => "never",
        Possibility::Depends => "it depends",
        Possibility::Always => "always",
    }
}
