//! Lock-out after wrong passwords, counted as Keycloak counts.

use cambist::{moment::Timestamp, realm::settings::BruteForce};
use serde::{Deserialize, Serialize};

/// Wrong passwords of one user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginFailures {
    /// How many, since the last success or the last long pause.
    pub count: u32,
    /// When the last one was.
    pub last: Timestamp,
    /// Logins are refused before this second. 0: never.
    pub locked_until: Timestamp,
    /// Logins are refused until an administrator forgives (`brute_force.permanent`).
    #[serde(default)]
    pub locked_for_good: bool,
}

impl LoginFailures {
    /// Whether a login at `now` is refused whatever the password.
    #[must_use]
    pub fn locked_out(&self, settings: &BruteForce, now: Timestamp) -> bool {
        settings.enabled && (self.locked_for_good || now < self.locked_until)
    }

    /// Whether the record has no meaning any more.
    #[must_use]
    pub fn forgotten(&self, settings: &BruteForce, now: Timestamp) -> bool {
        !self.locked_for_good
            && now >= self.locked_until
            && (!settings.enabled || now.since(self.last) > settings.max_delta)
    }

    /// The record after one more failure at `at`. Nothing is counted where the realm counts nothing.
    #[must_use]
    pub(crate) fn counted(self, settings: &BruteForce, at: Timestamp) -> Self {
        if !settings.enabled {
            return self;
        }
        let pause = at.since(self.last);
        let first = self.count == 0;
        let kept = if settings.permanent || first || pause <= settings.max_delta {
            self
        } else {
            Self::default()
        };
        let count = kept.count.saturating_add(1);
        let failures = i64::from(count);
        let mut next = Self {
            count,
            last: at,
            ..kept
        };
        if settings.permanent {
            next.locked_for_good |= failures >= settings.failure_factor;
            return next;
        }
        let multiples = failures
            .checked_div(settings.failure_factor)
            .unwrap_or(failures);
        let mut wait = settings.wait_increment.saturating_mul(multiples);
        if wait == 0 && !first && pause.saturating_mul(1_000) < settings.quick_login_check_millis {
            wait = settings.minimum_quick_login_wait;
        }
        let wait = wait.min(settings.max_wait);
        if wait > 0 {
            next.locked_until = at.after(wait);
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on() -> BruteForce {
        BruteForce {
            enabled: true,
            failure_factor: 3,
            ..BruteForce::default()
        }
    }

    fn fail(settings: &BruteForce, times: &[i64]) -> LoginFailures {
        times.iter().fold(LoginFailures::default(), |failures, at| {
            failures.counted(settings, Timestamp(*at))
        })
    }

    #[test]
    fn the_factor_locks_for_a_time_that_grows() {
        let third = fail(&on(), &[100, 110, 120]);
        assert_eq!(third.locked_until, Timestamp(180));
        assert!(third.locked_out(&on(), Timestamp(179)));
        assert!(!third.locked_out(&on(), Timestamp(180)));
        let sixth = fail(&on(), &[100, 110, 120, 200, 210, 220]);
        assert_eq!(sixth.locked_until, Timestamp(340));
    }

    #[test]
    fn two_quick_failures_lock_briefly() {
        assert!(!fail(&on(), &[100]).locked_out(&on(), Timestamp(100)));
        assert_eq!(fail(&on(), &[100, 100]).locked_until, Timestamp(160));
    }

    #[test]
    fn a_long_pause_forgets() {
        assert_eq!(fail(&on(), &[100, 200, 100_000]).count, 1);
        let old = fail(&on(), &[100]);
        assert!(!old.forgotten(&on(), Timestamp(43_300)));
        assert!(old.forgotten(&on(), Timestamp(43_301)));
    }

    #[test]
    fn permanent_needs_forgiveness() {
        let settings = BruteForce {
            permanent: true,
            ..on()
        };
        let failures = fail(&settings, &[1, 2, 900_000]);
        assert!(failures.locked_out(&settings, Timestamp(i64::MAX)));
        assert!(!failures.forgotten(&settings, Timestamp(i64::MAX)));
    }

    #[test]
    fn nothing_is_counted_where_it_is_off() {
        assert_eq!(
            fail(&BruteForce::default(), &[1, 1, 1]),
            LoginFailures::default()
        );
    }
}
