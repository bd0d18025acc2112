//! A trace as text that a person reads from top to bottom.

use core::fmt;

use super::{
    DecisionStrategy, EnforcementMode, Logic, Outcome, PermissionTrace, PolicyStep, PolicyTrace,
    StepVote, gates::GateAction,
};

/// One line a permission and one a policy, what is decisive marked with a star.
///
/// ```text
/// token-exchange on service-b by service-a: granted
///   * permission "exchange to service-b" (token-exchange, unanimous): permit
///     * policy "service-a-client-policy" (client): grant -> permit
/// ```
impl fmt::Display for PolicyTrace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {} by {}: ", self.action, self.target, self.client)?;
        match (&self.refusal, &self.opened_by) {
            (Some(refusal), _) => write!(f, "refused, {refusal}")?,
            (None, Some(opened_by)) => write!(f, "granted, {opened_by}")?,
            (None, None) => f.write_str("granted")?,
        }
        match self.enforcement {
            EnforcementMode::Enforcing => {}
            EnforcementMode::Permissive => f.write_str(" (permissive)")?,
            EnforcementMode::Disabled => f.write_str(" (enforcement disabled)")?,
        }
        if self.permissions.len() > 1 {
            write!(f, ", permissions combined {}", self.strategy)?;
        }
        for permission in &self.permissions {
            write!(f, "\n  {permission}")?;
        }
        Ok(())
    }
}

impl fmt::Display for PermissionTrace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} permission {:?} (",
            mark(self.decisive),
            self.permission
        )?;
        if self.scopes.is_empty() {
            f.write_str("the whole resource")?;
        }
        for (place, scope) in self.scopes.iter().enumerate() {
            write!(f, "{}{scope}", if place == 0 { "" } else { " " })?;
        }
        write!(f, ", {}): ", self.strategy)?;
        match self.outcome {
            Some(outcome) => write!(f, "{outcome}")?,
            None => f.write_str("no policies, so neither permit nor deny")?,
        }
        self.policies
            .iter()
            .try_for_each(|policy| step(f, policy, 2))
    }
}

fn step(f: &mut fmt::Formatter<'_>, policy: &PolicyStep, depth: usize) -> fmt::Result {
    let indent = depth.saturating_mul(2);
    let decisive = mark(policy.decisive);
    write!(
        f,
        "\n{:indent$}{decisive} policy {:?} ({}",
        "", policy.policy, policy.kind
    )?;
    if let Some(strategy) = policy.strategy {
        write!(f, ", {strategy}")?;
    }
    if policy.logic == Logic::Negative {
        f.write_str(", negative")?;
    }
    write!(f, "): {} -> {}", policy.vote, policy.outcome)?;
    policy
        .children
        .iter()
        .try_for_each(|child| step(f, child, depth.saturating_add(1)))
}

const fn mark(decisive: bool) -> char {
    if decisive { '*' } else { '-' }
}

impl fmt::Display for GateAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TokenExchange => "token-exchange",
            Self::Impersonate => "impersonate",
            Self::UserImpersonated => "user-impersonated",
            Self::Delegate => "delegate",
            Self::View => "view",
        })
    }
}

impl fmt::Display for DecisionStrategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unanimous => "unanimous",
            Self::Affirmative => "affirmative",
            Self::Consensus => "consensus",
        })
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Permit => "permit",
            Self::Deny => "deny",
            Self::Unknown => "unknown, which does not permit",
        })
    }
}

impl fmt::Display for StepVote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Grant => f.write_str("grant"),
            Self::Deny => f.write_str("deny"),
            Self::Nothing => f.write_str("nothing"),
            Self::Failed(reason) => write!(f, "failed, {reason}"),
        }
    }
}
