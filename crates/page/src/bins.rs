//! The time of a report in equal steps, for charts and counts.

use tables::cell::Micros;
use tables::rows::Exchanges;
use tables::{ReadError, Stored};

const MINUTE: i64 = 60_000_000;
const DAY: i64 = 1_440 * MINUTE;

/// The lengths of a step.
const STEPS: [i64; 11] = [
    MINUTE,
    5 * MINUTE,
    15 * MINUTE,
    60 * MINUTE,
    180 * MINUTE,
    360 * MINUTE,
    DAY,
    7 * DAY,
    28 * DAY,
    364 * DAY,
    3_640 * DAY,
];

/// Most steps: more cannot be told apart on a screen.
const MOST: i64 = 200;

/// Equal steps of time, at most 200 but for spans beyond two thousand years.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TimeBins {
    /// Start of the first step, in microseconds; a multiple of `step`.
    pub(crate) from: i64,
    /// Length of a step in microseconds.
    pub(crate) step: i64,
    /// How many there are; 0 when no request has a time.
    pub(crate) count: usize,
}

impl TimeBins {
    /// The steps of the times of all requests. Reads the footer of `exchanges` alone.
    pub(crate) fn of(report: &Stored) -> Result<Self, ReadError> {
        let table = report.table::<Exchanges>()?;
        let ranges = (0..table.groups()).filter_map(|group| table.range(group, "started_at"));
        let ends = ranges.reduce(|(a, b), (from, to)| (a.min(from), b.max(to)));
        Ok(ends
            .map_or(Self { from: 0, step: MINUTE, count: 0 }, |(from, to)| Self::between(from, to)))
    }

    fn between(from: i64, to: i64) -> Self {
        let steps = |step: i64| to.div_euclid(step) - from.div_euclid(step) + 1;
        let longest = STEPS[STEPS.len() - 1];
        let step = STEPS.into_iter().find(|step| steps(*step) <= MOST).unwrap_or(longest);
        Self {
            from: from.div_euclid(step) * step,
            step,
            count: usize::try_from(steps(step)).unwrap_or_default(),
        }
    }

    /// The step of a time; `None` outside of all.
    pub(crate) fn place(&self, at: Micros) -> Option<usize> {
        let place = (at.0 - self.from).div_euclid(self.step);
        usize::try_from(place).ok().filter(|place| *place < self.count)
    }

    /// Start of a step.
    pub(crate) fn start(&self, place: usize) -> Micros {
        Micros(self.from + self.step * i64::try_from(place).unwrap_or_default())
    }

    /// `15 min`, `1 h`, `7 d`.
    pub(crate) fn length(&self) -> String {
        let minutes = self.step / MINUTE;
        match minutes {
            0..60 => format!("{minutes} min"),
            60..1_440 => format!("{} h", minutes / 60),
            _ => format!("{} d", minutes / 1_440),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_whole_units_and_few() {
        let day = TimeBins::between(90 * MINUTE, 90 * MINUTE + DAY);
        assert_eq!((day.step, day.from, day.count), (15 * MINUTE, 90 * MINUTE, 97));
        assert_eq!(
            (day.place(Micros(90 * MINUTE - 1)), day.place(day.start(96))),
            (None, Some(96))
        );
        let one = TimeBins::between(5, 5);
        assert_eq!((one.count, one.length()), (1, "1 min".to_owned()));
        let year = TimeBins::between(-DAY, 365 * DAY);
        assert_eq!((year.length(), year.count <= 200), ("7 d".to_owned(), true));
    }
}
