//! The decision trace: every check in order with its outcome, and what was judged.
//!
//! It is written by the code that decides, so that it cannot say something else, and it holds its own inputs:
//! [`Engine::replay`](crate::engine::Engine::replay) decides again from it alone. `docs/decision-trace.md` in
//! the repository has its form.

mod caller;
mod inputs;
mod text;

use alloc::{
    borrow::Cow,
    boxed::Box,
    string::{String, ToString},
    vec::Vec,
};
use core::fmt::Display;

use serde::{Deserialize, Serialize};

pub use self::{
    caller::CallerTrace,
    inputs::{Parameter, RecordedFacts, RecordedInputs, RecordedToken},
};

use crate::{
    narrowing::Widening,
    policy::{self, GateRefusal, PolicyTrace},
    realm::{Profile, Realm},
    refusal::Refusal,
};

/// One check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// What was checked.
    pub name: Cow<'static, str>,
    /// Whether it passed.
    pub passed: bool,
    /// What it was about, or why it failed. Never holds a token or a secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// Why nothing was granted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusalTrace {
    /// The whole reason.
    pub reason: String,
    /// HTTP status of the answer.
    pub status: u16,
    /// `error` of the answer.
    pub error: String,
    /// `error_description` of the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_description: Option<String>,
}

/// Version of the form of a trace; a change that readers must know makes it one higher.
pub const FORMAT: u32 = 1;

/// Everything that was looked at on the way to one decision. Recording is optional: without it nothing is
/// allocated.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DecisionTrace {
    #[serde(skip)]
    recording: bool,
    /// [`FORMAT`].
    pub format: u32,
    /// Name of the realm.
    pub realm: String,
    /// Version of the snapshot that decided.
    pub realm_version: u64,
    /// Profile of the realm.
    pub profile: Profile,
    /// What was judged; absent where the request ended before a flow looked at it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inputs: Option<Box<RecordedInputs>>,
    /// The flow that took the request.
    pub flow: Option<Cow<'static, str>>,
    /// The checks, in order.
    pub checks: Vec<Check>,
    /// What permissions said, in order.
    pub gates: Vec<PolicyTrace>,
    /// Where the minted token is not below its inputs.
    pub widenings: Vec<Widening>,
    /// Whether the answer was a permit.
    pub permitted: bool,
    /// Why it was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<RefusalTrace>,
}

impl DecisionTrace {
    pub(crate) fn new(realm: &Realm, recording: bool) -> Self {
        Self {
            recording,
            format: FORMAT,
            inputs: None,
            refusal: None,
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
            inputs: None,
            flow: None,
            checks: Vec::new(),
            gates: Vec::new(),
            widenings: Vec::new(),
            refusal: None,
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
                name: Cow::Borrowed(name),
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
                name: Cow::Borrowed(name),
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

    /// Keeps why nothing was granted.
    pub(crate) fn refused(&mut self, refusal: &Refusal) {
        if self.recording {
            let wire = refusal.wire();
            self.refusal = Some(RefusalTrace {
                reason: refusal.to_string(),
                status: wire.status,
                error: wire.code.as_str().into(),
                error_description: wire.description.map(Cow::into_owned),
            });
        }
    }

    /// Whether two decisions are the same: the answer, its reason, the checks, what every permission and
    /// policy said and which of them were decisive, and what was widened by whose grant. Where they were
    /// made, and from what, does not count.
    #[must_use]
    pub fn agrees_with(&self, other: &Self) -> bool {
        self.permitted == other.permitted
            && self.refusal == other.refusal
            && self.flow == other.flow
            && self.decided_by() == other.decided_by()
            && self.gates == other.gates
            && self.widenings == other.widenings
    }

    /// The checks from where the flow begins.
    fn decided_by(&self) -> &[Check] {
        let first = self
            .inputs
            .as_ref()
            .map_or(0, |inputs| inputs.checks_before);
        self.checks.get(first..).unwrap_or_default()
    }

    pub(crate) fn widened(&mut self, widening: Widening) {
        if self.recording {
            self.widenings.push(widening);
        }
    }
}
