//! The one instant of a request.

use core::fmt;

use serde::{Deserialize, Serialize};

/// Whole seconds since 1970-01-01T00:00:00Z, as a NumericDate (RFC 7519 section 2) without fraction.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The epoch itself; where it stands for a not-before it means "never set".
    pub const EPOCH: Self = Self(0);

    /// This many seconds later, held at the largest value instead of wrapping.
    #[must_use]
    pub const fn after(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds))
    }

    /// Seconds from `earlier` to this instant; negative when `earlier` is the later one.
    #[must_use]
    pub const fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The instant at which a request is judged.
///
/// The caller reads its clock once and hands the value in, so that every check, every time policy and
/// the `iat` of every minted token see the same instant. The offset is the one in force in the realm's
/// time zone at that instant: the core holds no time zone database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// Seconds since the epoch.
    pub now: Timestamp,
    /// Seconds to add to UTC for the local time that time policies compare with. Default 0 (UTC).
    #[serde(default)]
    pub utc_offset: i32,
}

impl Moment {
    /// A moment in UTC.
    #[must_use]
    pub const fn utc(seconds: i64) -> Self {
        Self {
            now: Timestamp(seconds),
            utc_offset: 0,
        }
    }
}
