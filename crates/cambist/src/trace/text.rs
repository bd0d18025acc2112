//! A trace as text that a person reads from top to bottom.

use core::fmt;

use super::DecisionTrace;

/// The checks in order, then what permissions and policies said, then what was widened, then the answer.
///
/// ```text
/// permission-based exchange in realm token-exchange-demo (version 1, strict)
///   1. yes  the client is who it says: taken for granted of `service-a`
///   2. yes  the subject token is the realm's own
///   …
///  11. NO   a permission on the target grants the exchange: no permission on `service-b` grants …
/// ```
impl fmt::Display for DecisionTrace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let flow = self.flow.as_deref().unwrap_or("request");
        let profile = match self.profile {
            crate::realm::Profile::Strict => "strict",
            crate::realm::Profile::Keycloak => "keycloak",
        };
        writeln!(
            f,
            "{flow} in realm {} (version {}, {profile})",
            self.realm, self.realm_version
        )?;
        for (place, check) in self.checks.iter().enumerate() {
            let number = place.saturating_add(1);
            let mark = if check.passed { "yes" } else { "NO " };
            write!(f, "{number:3}. {mark}  {}", check.name)?;
            if let Some(detail) = &check.detail {
                write!(f, ": {detail}")?;
            }
            writeln!(f)?;
        }
        for gate in &self.gates {
            writeln!(f, "{gate}")?;
        }
        for widening in &self.widenings {
            writeln!(f, "widened: {widening}")?;
        }
        match &self.refusal {
            None if self.permitted => f.write_str("PERMITTED"),
            None => f.write_str("NOT DECIDED"),
            Some(refusal) => write!(
                f,
                "DENIED, status {}: {} ({})",
                refusal.status, refusal.error, refusal.reason
            ),
        }
    }
}
