//! What is counted by the hours, or days, of a time zone.

use std::collections::BTreeMap;

use tables::cell::Micros;

use crate::zone::Zone;

/// Hours that are shown one by one; a longer span is shown by day.
const HOURLY: i64 = 48;

pub(crate) const MICROS_AN_HOUR: i64 = 3_600_000_000;

/// Counts by the hour of a wall clock.
#[derive(Debug, Default)]
pub(crate) struct HourlyCounts<T> {
    zone: Zone,
    /// By hours that the clock has shown since 1970.
    hours: BTreeMap<i64, T>,
}

/// What was counted in an hour or a day.
#[derive(Debug, PartialEq)]
pub(crate) struct CountedPeriod<T> {
    /// Where it begins.
    pub(crate) from: Micros,
    /// Whether it is a day.
    pub(crate) day: bool,
    /// What was counted.
    pub(crate) counts: T,
}

impl<T: Default> HourlyCounts<T> {
    pub(crate) fn new(zone: &Zone) -> Self {
        Self { zone: zone.clone(), hours: BTreeMap::new() }
    }

    /// The counts of the hour of this time.
    pub(crate) fn at(&mut self, at: Micros) -> &mut T {
        let hour = self.zone.wall_clock(at).0.div_euclid(MICROS_AN_HOUR);
        self.hours.entry(hour).or_default()
    }

    /// The hours, or the days when they are more than 48 hours apart, oldest first, those without counts left out. `add`
    /// adds the counts of an hour to those of its day.
    pub(crate) fn periods(self, add: impl Fn(&mut T, T)) -> Vec<CountedPeriod<T>> {
        let ends = [self.hours.first_key_value(), self.hours.last_key_value()];
        let [first, last] = ends.map(|end| end.map_or(0, |(hour, _)| *hour));
        let day = last - first >= HOURLY;
        let length = if day { 24 } else { 1 };
        let mut periods: BTreeMap<i64, T> = BTreeMap::new();
        for (hour, counts) in self.hours {
            add(periods.entry(hour.div_euclid(length)).or_default(), counts);
        }
        let begin = |number: i64| self.zone.instant(Micros(number * length * MICROS_AN_HOUR));
        let period = |(number, counts)| CountedPeriod { from: begin(number), day, counts };
        periods.into_iter().map(period).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_two_days_are_counted_by_the_days_of_the_zone() {
        let counted = |zone: &str, hours: &[i64]| {
            let zone = Zone::named(zone).unwrap();
            let mut counts = HourlyCounts::<u64>::new(&zone);
            for hour in hours {
                *counts.at(Micros(hour * MICROS_AN_HOUR + 1)) += 1;
            }
            let periods = counts.periods(|sum, count| *sum += count).into_iter();
            let hour = |at: Micros| at.0 / MICROS_AN_HOUR;
            periods.map(|p| (hour(p.from), p.day, p.counts)).collect::<Vec<_>>()
        };
        assert_eq!(counted("UTC", &[0, 0, 47]), [(0, false, 2), (47, false, 1)]);
        assert_eq!(counted("UTC", &[0, 23, 48]), [(0, true, 2), (48, true, 1)]);
        // In 1970 Istanbul was two hours ahead.
        assert_eq!(
            counted("Europe/Istanbul", &[0, 22, 48]),
            [(-2, true, 1), (22, true, 1), (46, true, 1)]
        );
        assert_eq!(counted("Asia/Kolkata", &[0]), [(0, false, 1)]);
        assert_eq!(counted("UTC", &[]), []);
    }
}
