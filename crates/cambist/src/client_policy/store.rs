//! The client policies of one realm, compiled.

use alloc::{boxed::Box, string::String, sync::Arc, vec::Vec};

use hashbrown::HashMap;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    ClientPolicyError, ClientPolicyKinds, ClientPolicyRefusal, Condition, Executor, Match,
    PolicyRequest, Restrictions, Settings,
};
use crate::realm::{Profile, Realm, document::RealmDocument};

/// The client policies of one realm.
#[derive(Debug, Default)]
pub struct ClientPolicies {
    policies: Vec<Policy>,
    notes: Vec<String>,
}

#[derive(Debug)]
struct Policy {
    conditions: Vec<PolicyCondition>,
    profiles: Vec<Arc<[Box<dyn Executor>]>>,
}

#[derive(Debug)]
struct PolicyCondition {
    condition: Box<dyn Condition>,
    negative: bool,
}

impl ClientPolicies {
    /// Compiles the policies of a document.
    ///
    /// In profile `strict` a condition or executor that is unknown or cannot be read is an error. In profile
    /// `keycloak` it is noted, and fails closed: such a condition counts as met, such an executor refuses.
    ///
    /// # Errors
    ///
    /// [`ClientPolicyError`].
    pub fn build(
        realm: &Realm,
        document: &RealmDocument,
        kinds: &ClientPolicyKinds,
    ) -> Result<Self, ClientPolicyError> {
        let profiles: ProfileList = read("client_profiles", document.client_profiles.as_ref())?;
        let policies: PolicyList = read("client_policies", document.client_policies.as_ref())?;
        let mut builder = Builder {
            realm,
            kinds,
            profiles: HashMap::new(),
            notes: Vec::new(),
        };
        for profile in &profiles.profiles {
            builder.profile(profile)?;
        }
        let mut names: Vec<&str> = Vec::with_capacity(policies.policies.len());
        let mut built = Vec::with_capacity(policies.policies.len());
        for policy in &policies.policies {
            if names.contains(&policy.name.as_str()) {
                return Err(ClientPolicyError::Duplicate {
                    what: "client policy",
                    name: policy.name.as_str().into(),
                });
            }
            names.push(&policy.name);
            let policy_built = builder.policy(policy)?;
            if policy.enabled {
                built.push(policy_built);
            }
        }
        Ok(Self {
            policies: built,
            notes: builder.notes,
        })
    }

    /// Whether there is nothing to ask.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.policies.is_empty()
    }

    /// What the build noticed.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Asks every policy, in the order of the document.
    ///
    /// # Errors
    ///
    /// The first refusal.
    pub fn enforce(
        &self,
        request: &PolicyRequest<'_>,
    ) -> Result<Restrictions, ClientPolicyRefusal> {
        let mut restrictions = Restrictions::NONE;
        for policy in &self.policies {
            if policy.applies(request) {
                for executor in policy.profiles.iter().flat_map(|profile| profile.iter()) {
                    executor.execute(request, &mut restrictions)?;
                }
            }
        }
        Ok(restrictions)
    }
}

impl Policy {
    /// All conditions that are about such requests must be met, and there must be one.
    fn applies(&self, request: &PolicyRequest<'_>) -> bool {
        let mut asked = false;
        for entry in &self.conditions {
            match (entry.condition.matches(request), entry.negative) {
                (Match::NotAsked, _) => {}
                (Match::Yes, true) | (Match::No, false) => return false,
                (Match::Yes, false) | (Match::No, true) | (Match::Unknown(_), _) => asked = true,
            }
        }
        asked
    }
}

/// Stands in for what cannot be built.
#[derive(Debug)]
struct Unusable;

impl Condition for Unusable {
    fn matches(&self, _: &PolicyRequest<'_>) -> Match {
        Match::Unknown("a condition that could not be built")
    }
}

impl Executor for Unusable {
    fn execute(
        &self,
        _: &PolicyRequest<'_>,
        _: &mut Restrictions,
    ) -> Result<(), ClientPolicyRefusal> {
        Err(ClientPolicyRefusal::Rejected)
    }
}

struct Builder<'a> {
    realm: &'a Realm,
    kinds: &'a ClientPolicyKinds,
    profiles: HashMap<&'a str, Arc<[Box<dyn Executor>]>>,
    notes: Vec<String>,
}

impl<'a> Builder<'a> {
    fn profile(&mut self, document: &'a ProfileDocument) -> Result<(), ClientPolicyError> {
        let mut executors: Vec<Box<dyn Executor>> = Vec::with_capacity(document.executors.len());
        for entry in &document.executors {
            let settings = Settings {
                realm: self.realm,
                owner: &document.name,
                kind: &entry.executor,
                config: &entry.configuration,
            };
            let built = match self.kinds.executor(&entry.executor) {
                Some(kind) => kind.build(&settings),
                None => Err(ClientPolicyError::UnknownKind {
                    owner: document.name.as_str().into(),
                    what: "executor",
                    kind: entry.executor.as_str().into(),
                }),
            };
            match built {
                Ok(Some(executor)) => executors.push(executor),
                Ok(None) => self.notes.push(alloc::format!(
                    "client profile `{}`: executor `{}` has nothing to do where tokens are issued",
                    document.name,
                    entry.executor
                )),
                Err(error) => {
                    self.tolerate(error, "it refuses every request that its policies choose")?;
                    executors.push(Box::new(Unusable));
                }
            }
        }
        match self.profiles.insert(&document.name, executors.into()) {
            None => Ok(()),
            Some(_) => Err(ClientPolicyError::Duplicate {
                what: "client profile",
                name: document.name.as_str().into(),
            }),
        }
    }

    fn policy(&mut self, document: &'a PolicyDocument) -> Result<Policy, ClientPolicyError> {
        let mut conditions = Vec::with_capacity(document.conditions.len());
        for entry in &document.conditions {
            let settings = Settings {
                realm: self.realm,
                owner: &document.name,
                kind: &entry.condition,
                config: &entry.configuration,
            };
            let built = match self.kinds.condition(&entry.condition) {
                Some(kind) => settings
                    .flag("is-negative-logic")
                    .and_then(|negative| Ok((kind.build(&settings)?, negative))),
                None => Err(ClientPolicyError::UnknownKind {
                    owner: document.name.as_str().into(),
                    what: "condition",
                    kind: entry.condition.as_str().into(),
                }),
            };
            let (condition, negative) = match built {
                Ok(built) => built,
                Err(error) => {
                    self.tolerate(error, "it counts as met")?;
                    (Box::new(Unusable) as Box<dyn Condition>, false)
                }
            };
            conditions.push(PolicyCondition {
                condition,
                negative,
            });
        }
        let mut profiles = Vec::with_capacity(document.profiles.len());
        for name in &document.profiles {
            match self.profiles.get(name.as_str()) {
                Some(profile) => profiles.push(Arc::clone(profile)),
                None => {
                    let error = ClientPolicyError::UnknownProfile {
                        policy: document.name.as_str().into(),
                        profile: name.as_str().into(),
                    };
                    self.tolerate(error, "every request that the policy chooses is refused")?;
                    profiles.push(Arc::new([Box::new(Unusable) as Box<dyn Executor>]));
                }
            }
        }
        Ok(Policy {
            conditions,
            profiles,
        })
    }

    fn tolerate(
        &mut self,
        error: ClientPolicyError,
        consequence: &str,
    ) -> Result<(), ClientPolicyError> {
        match self.realm.profile() {
            Profile::Strict => Err(error),
            Profile::Keycloak => {
                self.notes.push(alloc::format!("{error}; {consequence}"));
                Ok(())
            }
        }
    }
}

fn read<T: for<'de> Deserialize<'de> + Default>(
    member: &'static str,
    value: Option<&Value>,
) -> Result<T, ClientPolicyError> {
    match value {
        None | Some(Value::Null) => Ok(T::default()),
        Some(Value::Array(_)) => Err(ClientPolicyError::Shape {
            member,
            reason: "a list, not an object".into(),
        }),
        Some(value) => T::deserialize(value).map_err(|error| ClientPolicyError::Shape {
            member,
            reason: alloc::format!("{error}").into(),
        }),
    }
}

/// Keycloak's `ClientProfilesRepresentation`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProfileList {
    #[serde(default)]
    profiles: Vec<ProfileDocument>,
    /// Keycloak's own profiles, which some of its answers list beside those of the realm.
    #[serde(default, rename = "globalProfiles")]
    _global: Option<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProfileDocument {
    name: String,
    #[serde(default, rename = "description")]
    _description: Option<String>,
    #[serde(default)]
    executors: Vec<ExecutorDocument>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExecutorDocument {
    executor: String,
    #[serde(default)]
    configuration: Map<String, Value>,
}

/// Keycloak's `ClientPoliciesRepresentation`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyList {
    #[serde(default)]
    policies: Vec<PolicyDocument>,
    #[serde(default, rename = "globalPolicies")]
    _global: Option<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyDocument {
    name: String,
    #[serde(default, rename = "description")]
    _description: Option<String>,
    #[serde(default)]
    enabled: bool,
    #[serde(default)]
    conditions: Vec<ConditionDocument>,
    #[serde(default)]
    profiles: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConditionDocument {
    condition: String,
    #[serde(default)]
    configuration: Map<String, Value>,
}
