//! The decision trace: every check in order, with its outcome.

use alloc::{
    string::{String, ToString},
    vec::Vec,
};
use core::fmt::Display;

use serde::Serialize;

use crate::{
    narrowing::Widening,
    policy::{self, GateRefusal, PolicyTrace},
    realm::{Profile, Realm},
};

/// One check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was checked.
    pub name: &'static str,
    /// Whether it passed.
    pub passed: bool,
    /// What it was about, or why it failed. Never holds a token or a secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// Everything that was looked at on the way to one decision. Recording is optional: without it nothing is
/// allocated.
#[derive(Clone, Debug, Serialize)]
pub struct DecisionTrace {
    #[serde(skip)]
    recording: bool,
    /// Name of the realm.
    pub realm: String,
    /// Version of the snapshot that decided.
    pub realm_version: u64,
    /// Profile of the realm.
    pub profile: Profile,
    /// The flow that took the request.
    pub flow: Option<&'static str>,
    /// The checks, in order.
    pub checks: Vec<Check>,
    /// What permissions said, in order.
    pub gates: Vec<PolicyTrace>,
    /// Where the minted token is not below its inputs.
    pub widenings: Vec<Widening>,
    /// Whether the answer was a permit.
    pub permitted: bool,
}

impl DecisionTrace {
    pub(crate) fn new(realm: &Realm, recording: bool) -> Self {
        Self {
            recording,
            realm: if recording {
                realm.name().to_string()
            } else {
                String::new()
            },
            realm_version: realm.version(),
            profile: realm.profile(),
            flow: None,
            checks: Vec::new(),
            gates: Vec::new(),
            widenings: Vec::new(),
            permitted: false,
        }
    }

    /// Takes the trace out of its holder, which keeps an empty one.
    pub(crate) fn take(&mut self) -> Self {
        let empty = Self {
            recording: false,
            realm: String::new(),
            checks: Vec::new(),
            gates: Vec::new(),
            widenings: Vec::new(),
            ..*self
        };
        core::mem::replace(self, empty)
    }

    /// Whether anything is kept.
    #[must_use]
    pub const fn is_recording(&self) -> bool {
        self.recording
    }

    /// Keeps the outcome of a check and hands it on.
    ///
    /// # Errors
    ///
    /// The very error handed in.
    pub fn step<T, E: Display>(
        &mut self,
        name: &'static str,
        result: Result<T, E>,
    ) -> Result<T, E> {
        if self.recording {
            let detail = result.as_ref().err().map(ToString::to_string);
            self.checks.push(Check {
                name,
                passed: result.is_ok(),
                detail,
            });
        }
        result
    }

    /// Keeps a check that passed, with what it was about.
    pub fn passed(&mut self, name: &'static str, detail: impl FnOnce() -> Option<String>) {
        if self.recording {
            self.checks.push(Check {
                name,
                passed: true,
                detail: detail(),
            });
        }
    }

    /// Keeps what the permission store looked at, and hands its answer on.
    pub(crate) fn gate(&mut self, (answer, policies): policy::Answer) -> Result<(), GateRefusal> {
        self.gates.extend(policies);
        answer
    }

    pub(crate) fn widened(&mut self, widening: Widening) {
        if self.recording {
            self.widenings.push(widening);
        }
    }
}
