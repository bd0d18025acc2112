//! The file: what a person writes.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use cambist::realm::document::RealmDocument;
use cambist_store::document::{read_toml, resolve_secrets};
use serde::Deserialize;

use super::{ForeignToken, Saying, ScenarioError};

/// Any value of a claim or of an answer.
pub type Value = serde_json::Value;

/// Members and their values.
pub type Values = BTreeMap<String, Value>;

/// One scenario.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// What it tells, in one line.
    pub title: String,
    /// Where it is from: a clause, a section of a guide, an advisory, a recorded case. At least one.
    pub source: Vec<String>,
    /// The realm document itself.
    #[serde(default)]
    pub realm: Option<Box<RealmDocument>>,
    /// Or a file that holds it, from the place of the scenario.
    #[serde(default)]
    pub realm_file: Option<PathBuf>,
    /// What the environment variables that `realm_file` names hold.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    /// Seconds since the epoch at the first step.
    #[serde(default = "first_moment")]
    pub at: i64,
    /// Tokens that another issuer has signed, by name; a step says `${name.token}`.
    #[serde(default)]
    pub tokens: BTreeMap<String, ForeignToken>,
    /// Addresses at which that issuer publishes its keys.
    #[serde(default)]
    pub published: Vec<String>,
    /// What other servers say of tokens. Nothing else is to be had from outside.
    #[serde(default)]
    pub outside: Vec<Saying>,
    /// The requests, in order.
    pub steps: Vec<Step>,
}

const fn first_moment() -> i64 {
    1_800_000_000
}

/// One request.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// What later steps call it.
    pub name: String,
    /// An earlier step whose `to`, `client`, `secret`, `authorization` and `form` are its own, where it has
    /// none.
    #[serde(default)]
    pub like: Option<String>,
    /// Members of the form of that step that it does without.
    #[serde(default)]
    pub without: Vec<String>,
    /// Seconds that go by before it.
    #[serde(default)]
    pub after: u32,
    /// What an administrator does before it.
    #[serde(default)]
    pub change: Change,
    /// Where it goes; the token endpoint when absent.
    #[serde(default)]
    pub to: Option<Endpoint>,
    /// `client_id` of who sends it; its secret of the realm document goes along where it has one.
    #[serde(default)]
    pub client: Option<String>,
    /// Another secret than that of the realm document.
    #[serde(default)]
    pub secret: Option<String>,
    /// The `Authorization` header.
    #[serde(default)]
    pub authorization: Option<String>,
    /// The form; a list sends its member more than once.
    #[serde(default)]
    pub form: BTreeMap<String, OneOrMany>,
    /// What must come of it.
    pub expect: Expectation,
}

/// Where a request goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Endpoint {
    /// The token endpoint.
    Token,
    /// Introspection (RFC 7662).
    Introspect,
    /// Revocation (RFC 7009).
    Revoke,
    /// `OpenID Connect` userinfo.
    Userinfo,
    /// Logout by refresh token.
    Logout,
}

/// What happens between two requests.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Change {
    /// Login names of users that are disabled.
    pub disable_users: Vec<String>,
    /// Users who leave all their organizations, by name.
    pub leave_organizations: Vec<String>,
    /// `client_id`s of clients that are disabled.
    pub disable_clients: Vec<String>,
    /// Names of permissions that are taken away.
    pub remove_permissions: Vec<String>,
    /// Every session ends.
    pub end_sessions: bool,
}

/// A value of the form, or several.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum OneOrMany {
    /// One.
    One(String),
    /// Several, in order.
    Many(Vec<String>),
}

impl OneOrMany {
    pub(super) fn values(&self) -> &[String] {
        match self {
            Self::One(value) => core::slice::from_ref(value),
            Self::Many(values) => values,
        }
    }
}

/// What must come of a request. What is not named is not looked at; a table is held to the members that it
/// names, a list to each of its items and to their number.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expectation {
    /// HTTP status.
    pub status: u16,
    /// Members of the answer.
    #[serde(default)]
    pub answer: Values,
    /// Claims of `access_token`.
    #[serde(default)]
    pub claims: Values,
    /// Claims of `refresh_token`.
    #[serde(default)]
    pub refresh_claims: Values,
    /// Claims of `id_token`.
    #[serde(default)]
    pub id_claims: Values,
    /// Claims that `access_token` must not have, and members that the answer must not have.
    #[serde(default)]
    pub absent: Vec<String>,
    /// Of the decision trace: the check that failed.
    #[serde(default)]
    pub failed: Option<String>,
    /// Of the decision trace: why, in words.
    #[serde(default)]
    pub reason: Option<String>,
    /// Of the decision trace: the policies that were decisive, in the order asked.
    #[serde(default)]
    pub decisive: Option<Vec<String>>,
    /// Of the decision trace: where the minted token is not below its inputs.
    #[serde(default)]
    pub widenings: Option<Vec<Value>>,
    /// What has to be stored, by kind and in order.
    #[serde(default)]
    pub effects: Option<Vec<String>>,
    /// The addresses of other servers that were asked, in order.
    #[serde(default)]
    pub asked: Option<Vec<String>>,
}

impl Step {
    /// Takes over from an earlier step what it does not say itself.
    pub(super) fn after(mut self, earlier: &[Self]) -> Result<Self, ScenarioError> {
        let Some(name) = &self.like else {
            return Ok(self);
        };
        let model = earlier.iter().find(|step| step.name == *name);
        let model = model.ok_or_else(|| ScenarioError::Like {
            name: self.name.clone(),
            like: name.clone(),
        })?;
        self.to = self.to.or(model.to);
        self.client = self.client.or_else(|| model.client.clone());
        self.secret = self.secret.or_else(|| model.secret.clone());
        self.authorization = self.authorization.or_else(|| model.authorization.clone());
        for (member, value) in &model.form {
            if !self.without.contains(member) {
                let own = self.form.entry(member.clone());
                own.or_insert_with(|| value.clone());
            }
        }
        Ok(self)
    }
}

impl Scenario {
    /// Reads a scenario whose realm stands in it.
    ///
    /// # Errors
    ///
    /// The text is no scenario.
    pub fn read(text: &str) -> Result<Self, ScenarioError> {
        Ok(toml::from_str(text)?)
    }

    /// Reads a file, and the realm document that it names.
    ///
    /// # Errors
    ///
    /// A file cannot be read, or holds something else.
    pub fn read_file(path: &Path) -> Result<Self, ScenarioError> {
        let mut scenario = Self::read(&text_of(path)?)?;
        if let Some(file) = &scenario.realm_file {
            if scenario.realm.is_some() {
                return Err(ScenarioError::RealmMissing);
            }
            let beside = path.parent().unwrap_or(path).join(file);
            let mut document = read_toml(&text_of(&beside)?)?;
            resolve_secrets(&mut document, |name| {
                scenario.environment.get(name).cloned()
            })?;
            scenario.realm = Some(Box::new(document));
        }
        Ok(scenario)
    }
}

fn text_of(path: &Path) -> Result<String, ScenarioError> {
    std::fs::read_to_string(path).map_err(|error| ScenarioError::File {
        path: path.to_owned(),
        error,
    })
}
