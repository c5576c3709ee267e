//! Time zones: how a time is written for people, and which instant they mean by one.

use std::ops::Range;

use jiff::civil::DateTime;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{Timestamp, ToSpan as _, ZonedDateTime};
use tables::cell::Micros;

use crate::nearest::nearest;

/// A time zone of the IANA database, which is built in, or the one of this machine.
///
/// Tables hold UTC; a zone is for what people read and type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone(TimeZone);

/// A name that is no time zone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{name}: no time zone{}; write a name such as Europe/Istanbul, or UTC, or local for the zone of this machine",
    match nearest { Some(nearest) => format!(" (nearest: {nearest})"), None => String::new() }
)]
pub struct ZoneError {
    /// What was typed.
    pub name: String,
    /// The zone that was probably meant.
    pub nearest: Option<String>,
}

impl Default for Zone {
    fn default() -> Self {
        Self(TimeZone::UTC)
    }
}

impl Zone {
    /// The zone of that name, in any letter case; `local` for that of this machine.
    ///
    /// # Errors
    /// When there is none of that name, or the machine's zone is unknown.
    pub fn named(name: &str) -> Result<Self, ZoneError> {
        let bundled = TimeZoneDatabase::bundled();
        let zone = match name.to_ascii_lowercase().as_str() {
            "utc" => Ok(TimeZone::UTC),
            "local" => TimeZone::try_system(),
            _ => bundled.get(name),
        };
        zone.map(Self).map_err(|_| ZoneError {
            name: name.to_owned(),
            nearest: {
                let names: Vec<String> = bundled.available().map(|name| name.to_string()).collect();
                // Most people know the city. Europe before Asia, where a city has a name in both.
                let cities = names.iter().filter_map(|name| name.rsplit('/').next());
                let city = nearest(name, cities);
                let whole = city.and_then(|city| names.iter().rfind(|name| name.ends_with(city)));
                whole
                    .map(String::as_str)
                    .or(nearest(name, names.iter().map(String::as_str)))
                    .map(str::to_owned)
            },
        })
    }

    /// `UTC`, `Europe/Istanbul`.
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or(if self.0 == TimeZone::UTC { "UTC" } else { "local" })
    }

    /// `2026-10-24 05:12:07.000186`: the wall clock at that instant, always 26 characters. An instant before the year
    /// -9999 or after 9999 is the first or last that has a year of four digits.
    pub fn wall(&self, at: Micros) -> String {
        self.zoned(at).strftime("%Y-%m-%d %H:%M:%S%.6f").to_string()
    }

    /// The instant at which the wall clock shows what it shows at `at` in UTC. What it shows twice is the first of both;
    /// what it skips is as much later.
    pub fn instant(&self, at: Micros) -> Micros {
        let wall = Zone::default().zoned(at).datetime();
        self.at(wall).unwrap_or(at)
    }

    /// What the wall clock shows at that instant, as the instant at which a clock in UTC shows the same.
    pub(crate) fn wall_clock(&self, at: Micros) -> Micros {
        let offset = self.zoned(at).offset().seconds();
        Micros(at.0.saturating_add(i64::from(offset) * 1_000_000))
    }

    /// The day, from midnight to midnight, that holds the instant, moved by so many days.
    pub fn day(&self, at: Micros, moved: i64) -> Range<Micros> {
        let day = |days: i64| {
            let date = self.zoned(at).date().saturating_add(days.days());
            self.at(date.to_datetime(jiff::civil::Time::midnight())).unwrap_or(at)
        };
        day(moved)..day(moved + 1)
    }

    fn zoned(&self, at: Micros) -> ZonedDateTime {
        let least = Timestamp::MIN.as_microsecond();
        let most = Timestamp::MAX.as_microsecond();
        let at = Timestamp::from_microsecond(at.0.clamp(least, most)).unwrap_or_default();
        at.to_zoned_datetime(self.0.clone())
    }

    fn at(&self, wall: DateTime) -> Option<Micros> {
        let zoned = self.0.to_zoned_datetime(wall).ok()?;
        Some(Micros(zoned.timestamp().as_microsecond()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(text: &str) -> Micros {
        Micros(model::time::Timestamp::parse_text(text).unwrap().0)
    }

    #[test]
    fn a_time_is_written_as_the_wall_clock_shows_it() {
        let check = |zone: &str, at: &str, expected: &str| {
            assert_eq!(Zone::named(zone).unwrap().wall(utc(at)), expected, "{zone} {at}");
        };
        check("UTC", "2026-10-24T02:00:00.5Z", "2026-10-24 02:00:00.500000");
        check("europe/istanbul", "2026-10-24T22:00:00Z", "2026-10-25 01:00:00.000000");
        check("Asia/Kolkata", "2026-10-24T00:00:00Z", "2026-10-24 05:30:00.000000");
        check("Europe/Berlin", "2026-03-29T00:59:59Z", "2026-03-29 01:59:59.000000");
        check("Europe/Berlin", "2026-03-29T01:00:00Z", "2026-03-29 03:00:00.000000");
        assert_eq!(Zone::default().wall(Micros(i64::MAX)).len(), 26);
        assert_eq!(Zone::default().wall(Micros(0)), "1970-01-01 00:00:00.000000");
    }

    #[test]
    fn a_wall_clock_names_an_instant() {
        let check = |zone: &str, wall: &str, expected: &str| {
            assert_eq!(Zone::named(zone).unwrap().instant(utc(wall)), utc(expected), "{wall}");
        };
        check("Europe/Istanbul", "2026-10-24T02:00:00", "2026-10-23T23:00:00Z");
        // Shown twice: the first. Skipped: as much later.
        check("Europe/Berlin", "2026-10-25T02:30:00", "2026-10-25T00:30:00Z");
        check("Europe/Berlin", "2026-03-29T02:30:00", "2026-03-29T01:30:00Z");
    }

    #[test]
    fn a_day_goes_from_midnight_to_midnight_even_when_a_clock_is_changed() {
        let berlin = Zone::named("Europe/Berlin").unwrap();
        let day = berlin.day(utc("2026-10-25T12:00:00Z"), 0);
        assert_eq!(day, utc("2026-10-24T22:00:00Z")..utc("2026-10-25T23:00:00Z"));
        assert_eq!(berlin.day(utc("2026-10-25T12:00:00Z"), -1).end, day.start);
    }

    #[test]
    fn an_unknown_zone_names_the_nearest() {
        let nearest = |name: &str| Zone::named(name).unwrap_err().nearest;
        assert_eq!(nearest("Europe/Istambul").as_deref(), Some("Europe/Istanbul"));
        assert_eq!(nearest("istanbul").as_deref(), Some("Europe/Istanbul"));
        assert_eq!(nearest("qqqqqqqq"), None);
        assert!(Zone::named("local").is_ok() || std::env::var_os("TZ").is_some());
    }
}
