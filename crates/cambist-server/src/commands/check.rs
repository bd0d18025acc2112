//! `cambist check`: a realm file read, built and looked at.

use std::path::PathBuf;

use cambist::realm::Features;
use cambist_analysis::{FindingKind, findings};
use serde_json::json;

use super::{Failure, say, studied::Studied};

/// Settings of `check`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// A realm document or a Keycloak realm export.
    realm: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Fail when anything is found beside notes.
    #[arg(long)]
    deny_findings: bool,
}

#[derive(Debug, thiserror::Error)]
#[error("{0} findings")]
struct Found(usize);

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let studied = Studied::read(&arguments.realm, Features::default())?;
    let realm = studied.realm();
    let found = findings(&studied.parties());
    if arguments.json {
        say(json!({
            "realm": realm.name(), "profile": realm.profile(), "clients": realm.clients().len(),
            "policies": realm.policies().policy_count(), "permissions": realm.policies().permission_count(),
            "remarks": studied.remarks, "findings": found,
        }));
    } else {
        say(format_args!(
            "realm {}: {} clients, {} policies, {} permissions",
            realm.name(),
            realm.clients().len(),
            realm.policies().policy_count(),
            realm.policies().permission_count()
        ));
        for remark in &studied.remarks {
            say(format_args!("  {remark}"));
        }
        for finding in &found {
            let kind = serde_json::to_value(finding.kind)?;
            let kind = kind.as_str().unwrap_or_default();
            say(format_args!(
                "  {kind}: {}: {}",
                finding.place, finding.detail
            ));
            if finding.kind != FindingKind::Note {
                say(format_args!("    {}", finding.kind.advice()));
            }
        }
    }
    let serious = found
        .iter()
        .filter(|finding| finding.kind != FindingKind::Note)
        .count();
    if arguments.deny_findings && serious > 0 {
        return Err(Found(serious).into());
    }
    Ok(())
}
