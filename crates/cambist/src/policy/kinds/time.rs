//! `time`: when the question is asked, in the realm's local time.

use alloc::boxed::Box;

use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time};

use super::{BuildContext, Condition, Evaluation, HangsOn, PolicyKind, Settings, Vote};
use crate::{policy::PolicyError, realm::document::PolicyDocument};

pub(super) struct TimeKind;

/// A part of the local time with its setting, the setting of its end, and the values that exist.
const PARTS: [(&str, &str, i64, i64); 5] = [
    ("dayMonth", "dayMonthEnd", 1, 31),
    ("month", "monthEnd", 1, 12),
    ("year", "yearEnd", 0, 9_999),
    ("hour", "hourEnd", 0, 23),
    ("minute", "minuteEnd", 0, 59),
];

impl PolicyKind for TimeKind {
    fn name(&self) -> &'static str {
        "time"
    }

    fn build(
        &self,
        document: &PolicyDocument,
        context: &BuildContext<'_>,
    ) -> Result<Box<dyn Condition>, PolicyError> {
        const KNOWN: [&str; 12] = [
            "nbf",
            "noa",
            "dayMonth",
            "dayMonthEnd",
            "month",
            "monthEnd",
            "year",
            "yearEnd",
            "hour",
            "hourEnd",
            "minute",
            "minuteEnd",
        ];
        const UNUSABLE: &str = "a time condition whose time cannot be read";
        let settings = Settings::new(document, context, &KNOWN)?;
        let mut bounds = [None, None];
        for (bound, key) in bounds.iter_mut().zip(["nbf", "noa"]) {
            let Some(text) = settings.text(key)? else {
                continue;
            };
            match civil_seconds(&text) {
                Some(seconds) => *bound = Some(seconds),
                None => {
                    return context.unusable(
                        settings.bad(key, "a time such as 2030-01-31 23:59:59"),
                        UNUSABLE,
                    );
                }
            }
        }
        let mut ranges = [None; 5];
        for (range, (key, end_key, least, most)) in ranges.iter_mut().zip(PARTS) {
            let mut ends = [None, None];
            for (end, key) in ends.iter_mut().zip([key, end_key]) {
                let Some(text) = settings.text(key)? else {
                    continue;
                };
                match text.trim().parse::<i64>() {
                    // Keycloak takes an hour 25, which never comes.
                    Ok(number) if !context.is_strict() || (least..=most).contains(&number) => {
                        *end = Some(number)
                    }
                    _ => {
                        return context.unusable(
                            settings.bad(key, "a number in the range of its part"),
                            UNUSABLE,
                        );
                    }
                }
            }
            // An end without a beginning is not looked at.
            *range = ends[0].map(|first| (first, ends[1].unwrap_or(first)));
        }
        let [not_before, not_after] = bounds;
        Ok(Box::new(TimeCondition {
            not_before,
            not_after,
            ranges,
        }))
    }
}

#[derive(Debug)]
struct TimeCondition {
    /// Local seconds since the epoch.
    not_before: Option<i64>,
    /// Local seconds since the epoch; the second itself still counts.
    not_after: Option<i64>,
    /// In the order of `PARTS`, inclusive at both ends. A range does not wrap: 22 to 6 is never.
    ranges: [Option<(i64, i64)>; 5],
}

impl Condition for TimeCondition {
    fn hangs_on(&self) -> HangsOn {
        HangsOn::MOMENT
    }

    fn vote(&self, evaluation: &Evaluation<'_>) -> Vote {
        let moment = evaluation.context.moment;
        let local = moment.now.after(i64::from(moment.utc_offset)).0;
        let Ok(civil) = OffsetDateTime::from_unix_timestamp(local) else {
            return Vote::Failed("a time condition, and the clock is out of range");
        };
        let parts = [
            i64::from(civil.day()),
            i64::from(u8::from(civil.month())),
            i64::from(civil.year()),
            i64::from(civil.hour()),
            i64::from(civil.minute()),
        ];
        let holds = self.not_before.is_none_or(|first| local >= first)
            && self.not_after.is_none_or(|last| local <= last)
            && parts.iter().zip(&self.ranges).all(|(part, range)| {
                range.is_none_or(|(first, last)| (first..=last).contains(part))
            });
        if holds { Vote::Grant } else { Vote::Deny }
    }
}

/// `yyyy-MM-dd HH:mm:ss`, or a date alone, as seconds since the epoch on a clock that shows this time.
fn civil_seconds(text: &str) -> Option<i64> {
    let (date, time) = match text.trim().split_once(' ') {
        Some((date, time)) => (date, time),
        None => (text.trim(), "00:00:00"),
    };
    let [year, month, day] = numbers(date, '-')?;
    let [hour, minute, second] = numbers(time, ':')?;
    let month = Month::try_from(u8::try_from(month).ok()?).ok()?;
    let date =
        Date::from_calendar_date(i32::try_from(year).ok()?, month, u8::try_from(day).ok()?).ok()?;
    let time = Time::from_hms(
        u8::try_from(hour).ok()?,
        u8::try_from(minute).ok()?,
        u8::try_from(second).ok()?,
    )
    .ok()?;
    Some(
        PrimitiveDateTime::new(date, time)
            .assume_utc()
            .unix_timestamp(),
    )
}

/// Three numbers of digits only.
fn numbers(text: &str, separator: char) -> Option<[u32; 3]> {
    let mut parts = text.split(separator);
    let mut numbers = [0; 3];
    for number in &mut numbers {
        let part = parts.next()?;
        if part.is_empty() || part.len() > 4 || !part.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        *number = part.parse().ok()?;
    }
    parts.next().is_none().then_some(numbers)
}
