//! `cambist diff`: what a change of configuration allows and forbids.

use std::path::PathBuf;

use cambist::realm::Features;
use cambist_analysis::{Change, Difference, Parties, Way};

use super::{
    Failure,
    reach::{degree, who},
    say,
    studied::Studied,
};

/// Settings of `diff`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The realm file as it was.
    before: PathBuf,
    /// The realm file as it is.
    after: PathBuf,
    /// Fail when the second allows anything that the first does not.
    #[arg(long)]
    deny_more: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, thiserror::Error)]
#[error("the change allows more than before")]
struct More;

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let before = Studied::read(&arguments.before, Features::default())?;
    let after = Studied::read(&arguments.after, Features::default())?;
    let difference = Difference::between(&before.parties(), &after.parties());
    if arguments.json {
        say(serde_json::to_value(&difference)?);
    } else if difference.is_empty() {
        say("nothing changes");
    } else {
        for change in difference.hops.iter().chain(&difference.reach) {
            if !Parties::is_built_in(&change.to) {
                say(told(change));
            }
        }
        for gained in &difference.new_impersonators {
            say(format_args!("+ {}", who(gained)));
        }
        for lost in &difference.lost_impersonators {
            say(format_args!("- {}", who(lost)));
        }
    }
    if arguments.deny_more && difference.allows_more() {
        return Err(More.into());
    }
    Ok(())
}

fn told(change: &Change) -> String {
    let sign = if change.allows_more() { '+' } else { '-' };
    let way = match change.way {
        None => "by any number of steps",
        Some(Way::Audience) => "named in the audience",
        Some(Way::PermissionBased) => "exchange by permission",
        Some(Way::Standard) => "standard exchange",
    };
    let (before, after) = (degree(change.before), degree(change.after));
    format!(
        "{sign} {} to {}, {way}: {before} before, {after} now",
        change.from, change.to
    )
}
