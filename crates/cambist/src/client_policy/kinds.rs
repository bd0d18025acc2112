//! The kinds of conditions and executors that a realm may use.

use alloc::{boxed::Box, vec::Vec};
use core::fmt;

use super::{ClientPolicyError, ConditionKind, ExecutorKind, conditions, executors};

/// The kinds of conditions and executors that a realm may use.
pub struct ClientPolicyKinds {
    conditions: Vec<Box<dyn ConditionKind>>,
    executors: Vec<Box<dyn ExecutorKind>>,
}

impl ClientPolicyKinds {
    /// Keycloak's.
    #[must_use]
    pub fn builtin() -> Self {
        Self {
            conditions: conditions::builtin(),
            executors: executors::builtin(),
        }
    }

    /// Adds a kind of condition.
    ///
    /// # Errors
    ///
    /// [`ClientPolicyError::DuplicateKind`] when there is one of that name.
    pub fn register_condition(
        &mut self,
        kind: Box<dyn ConditionKind>,
    ) -> Result<(), ClientPolicyError> {
        if self.condition(kind.name()).is_some() {
            return Err(ClientPolicyError::DuplicateKind {
                what: "condition",
                name: kind.name().into(),
            });
        }
        self.conditions.push(kind);
        Ok(())
    }

    /// Adds a kind of executor.
    ///
    /// # Errors
    ///
    /// [`ClientPolicyError::DuplicateKind`] when there is one of that name.
    pub fn register_executor(
        &mut self,
        kind: Box<dyn ExecutorKind>,
    ) -> Result<(), ClientPolicyError> {
        if self.executor(kind.name()).is_some() {
            return Err(ClientPolicyError::DuplicateKind {
                what: "executor",
                name: kind.name().into(),
            });
        }
        self.executors.push(kind);
        Ok(())
    }

    /// The kind of condition of this name.
    #[must_use]
    pub fn condition(&self, name: &str) -> Option<&dyn ConditionKind> {
        self.conditions
            .iter()
            .find(|kind| kind.name() == name)
            .map(|kind| &**kind)
    }

    /// The kind of executor of this name.
    #[must_use]
    pub fn executor(&self, name: &str) -> Option<&dyn ExecutorKind> {
        self.executors
            .iter()
            .find(|kind| kind.name() == name)
            .map(|kind| &**kind)
    }

    /// The names of all kinds: conditions, then executors.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let conditions = self.conditions.iter().map(|kind| kind.name());
        conditions.chain(self.executors.iter().map(|kind| kind.name()))
    }
}

impl Default for ClientPolicyKinds {
    fn default() -> Self {
        Self::builtin()
    }
}

impl fmt::Debug for ClientPolicyKinds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}
