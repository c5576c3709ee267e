//! Planned runs that are missing: the schedules of saved flow lists against the runs of a report.

use std::ops::Range;

use chrono::{DateTime, NaiveDateTime};
use croner::parser::{CronParser, Seconds, Year};
use croner::{Cron, Direction};
use serde::Serialize;
use tables::cell::Micros;
use tables::rows::{FlowRow, Flows, RunRow};
use tables::{ReadError, Stored};

use crate::json::time;
use crate::runs::{RunFilter, runs};
use crate::zone::Zone;

/// How much earlier than planned a run may begin, in microseconds: clocks differ.
const EARLY: i64 = 5_000_000;

/// Planned times of one flow that are compared; a schedule with more in the period is reported as too dense.
const MOST: usize = 1_000_000;

/// A flow and its schedule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FlowSchedule {
    /// The flow, as runs name it; its id where it has no name.
    pub flow: String,
    /// The schedule as written: `0 0/5 * * * ? *`, `5 min`.
    pub schedule: String,
    /// Times in the period of the report at which a run was planned. Of a timer, as many as fit into the time between its
    /// runs.
    pub planned: u64,
    /// Planned times at which, or until the next one, a run began.
    pub ran: u64,
    /// Planned times at which an earlier run was still working; the platform does not start a second one.
    pub busy: u64,
    /// Spans of planned times without a run, in their order.
    pub holes: Vec<ScheduleHole>,
    /// Why it could not be compared; the counts are 0 then.
    pub fault: Option<String>,
}

/// Planned times in a row at which no run began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ScheduleHole {
    /// The first of them.
    #[serde(serialize_with = "time")]
    pub from: Micros,
    /// The last of them.
    #[serde(serialize_with = "time")]
    pub to: Micros,
    /// How many.
    pub missing: u64,
}

impl FlowSchedule {
    /// Planned times without a run.
    pub fn missing(&self) -> u64 {
        self.holes.iter().map(|hole| hole.missing).sum()
    }
}

/// The schedules of all flows that have one and are not stopped, those with most missing runs first.
///
/// The period is that from the first to the last start of any run that the report has. A planned time has its run when
/// one begins from 5 seconds before it until the next planned time; who started it does not matter. Cron
/// expressions are read as Quartz reads them (1 is Sunday), their hours being those of `zone`.
///
/// # Errors
/// When a table cannot be read.
pub fn schedules(report: &Stored, zone: &Zone) -> Result<Vec<FlowSchedule>, ReadError> {
    let runs = runs(report, &RunFilter::default())?;
    let rows: Vec<RunRow<'_>> = runs.rows().collect();
    let starts = || rows.iter().filter_map(|run| run.started_at);
    let Some((from, to)) = starts().min().zip(starts().max()) else { return Ok(Vec::new()) };
    let mut schedules = Vec::new();
    let mut table = report.table::<Flows>()?;
    for group in 0..table.groups() {
        for flow in table.read::<Flows>(group)?.iter() {
            let Some(period) = flow.scheduling_period.filter(|_| is_scheduled(&flow)) else {
                continue;
            };
            let name = flow.flow.map_or(flow.flow_id.0, |name| name.0);
            let mut spans: Vec<_> = rows
                .iter()
                .filter(|run| run.flow.is_some_and(|flow| flow.0 == name))
                .filter_map(|run| Some((run.started_at?, run.finished_at)))
                .collect();
            spans.sort_unstable();
            let strategy = flow.scheduling_strategy.map_or("", |strategy| strategy.0);
            let mut schedule = FlowSchedule {
                flow: name.to_owned(),
                schedule: period.0.to_owned(),
                planned: 0,
                ran: 0,
                busy: 0,
                holes: Vec::new(),
                fault: None,
            };
            let compared = if strategy.eq_ignore_ascii_case("TIMER_DRIVEN") {
                timer(&mut schedule, &spans, from..to)
            } else {
                cron(&mut schedule, &spans, from..to, zone)
            };
            schedule.fault = compared.err();
            schedules.push(schedule);
        }
    }
    schedules.sort_by(|a, b| b.missing().cmp(&a.missing()).then(a.flow.cmp(&b.flow)));
    Ok(schedules)
}

/// Posted-to flows wait for others, and stopped ones for a person.
fn is_scheduled(flow: &FlowRow<'_>) -> bool {
    let is =
        |word: Option<&str>, wanted: &str| word.is_some_and(|w| w.eq_ignore_ascii_case(wanted));
    let strategy = flow.scheduling_strategy.map(|strategy| strategy.0);
    flow.inbound != Some(false)
        && !is(flow.state.map(|state| state.0), "STOPPED")
        && (is(strategy, "CRON_DRIVEN") || is(strategy, "TIMER_DRIVEN"))
}

type Span = (Micros, Option<Micros>);

/// Compares a flow that runs at the times of a cron expression.
fn cron(
    schedule: &mut FlowSchedule,
    runs: &[Span],
    period: Range<Micros>,
    zone: &Zone,
) -> Result<(), String> {
    let parser = CronParser::builder()
        .seconds(Seconds::Optional)
        .year(Year::Optional)
        .alternative_weekdays(true)
        // `0/30`, which Quartz takes as `0-59/30`.
        .sloppy_ranges(true)
        .build();
    let cron = parser.parse(&schedule.schedule).map_err(|fault| fault.to_string())?;
    let planned = planned(&cron, period, zone)?;
    let mut next = 0;
    let mut hole: Option<ScheduleHole> = None;
    // The latest end of the runs that began before the planned time.
    let mut working_until = Micros(i64::MIN);
    for (n, &at) in planned.iter().enumerate() {
        let window = planned.get(n + 1).map_or(i64::MAX, |next| next.0 - EARLY);
        while let Some(&(_, end)) = runs.get(next).filter(|run| run.0.0 < at.0 - EARLY) {
            working_until = working_until.max(end.unwrap_or(working_until));
            next += 1;
        }
        schedule.planned += 1;
        let began = runs.get(next).is_some_and(|run| run.0.0 < window);
        if began {
            schedule.ran += 1;
        } else if working_until > at {
            schedule.busy += 1;
        } else {
            match &mut hole {
                Some(hole) => (hole.to, hole.missing) = (at, hole.missing + 1),
                None => hole = Some(ScheduleHole { from: at, to: at, missing: 1 }),
            }
            continue;
        }
        schedule.holes.extend(hole.take());
    }
    schedule.holes.extend(hole);
    Ok(())
}

/// The planned times of a period.
fn planned(cron: &Cron, period: Range<Micros>, zone: &Zone) -> Result<Vec<Micros>, String> {
    // The expression speaks of a wall clock.
    let wall = |at: Micros| -> Option<NaiveDateTime> {
        let wall = model::time::Timestamp::parse_text(&zone.wall(at))?;
        Some(DateTime::from_timestamp_micros(wall.0)?.naive_utc())
    };
    let Some(from) = wall(period.start) else { return Ok(Vec::new()) };
    let mut times: Vec<Micros> = Vec::new();
    for at in cron.iter_from(from, Direction::Forward) {
        let at = zone.instant(Micros(at.and_utc().timestamp_micros()));
        if at > period.end {
            break;
        }
        // When clocks are put back, an hour comes twice on the wall and once in the plan.
        if times.last().is_none_or(|last| *last < at) {
            times.push(at);
        }
        if times.len() > MOST {
            return Err(format!("more than {MOST} planned times in the period"));
        }
    }
    Ok(times)
}

/// Compares a flow that runs again a fixed time after its last run. A gap of less than two of these times is none.
fn timer(schedule: &mut FlowSchedule, runs: &[Span], period: Range<Micros>) -> Result<(), String> {
    let every = nifi_duration(&schedule.schedule)
        .ok_or_else(|| format!("{}: not a time such as 5 min", schedule.schedule))?;
    schedule.ran = runs.len() as u64;
    let ends = runs.iter().map(|(start, end)| end.map_or(*start, |end| end.max(*start)));
    let starts = runs.iter().map(|(start, _)| *start);
    let free = [period.start].into_iter().chain(ends);
    for (from, to) in free.zip(starts.chain([period.end])) {
        let missing = (to.0.saturating_sub(from.0) / every - 1).max(0);
        if missing > 0 {
            schedule.holes.push(ScheduleHole {
                from: Micros(from.0 + every),
                to: Micros(from.0 + every * missing),
                missing: missing.unsigned_abs(),
            });
        }
    }
    schedule.planned = schedule.ran + schedule.missing();
    Ok(())
}

/// Units of `NiFi`'s times in microseconds, with all their names (its `FormatUtils`).
const UNITS: [(&[&str], i64); 7] = [
    (&["ms", "milli", "millis", "millisecond", "milliseconds"], 1_000),
    (&["s", "sec", "secs", "second", "seconds"], 1_000_000),
    (&["m", "min", "mins", "minute", "minutes"], 60_000_000),
    (&["h", "hr", "hrs", "hour", "hours"], 3_600_000_000),
    (&["d", "day", "days"], 86_400_000_000),
    (&["w", "wk", "wks", "week", "weeks"], 604_800_000_000),
    (&["mo", "mon", "month", "months"], 2_592_000_000_000),
];

/// A time as `NiFi` writes it: `5 min`, `30 sec`, `1 hour`, in microseconds; `None` for 0 and what is none.
fn nifi_duration(text: &str) -> Option<i64> {
    let text = text.trim();
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let unit = unit.trim().to_ascii_lowercase();
    let (_, unit) = UNITS.iter().find(|(names, _)| names.contains(&unit.as_str()))?;
    number.parse::<i64>().ok()?.checked_mul(*unit).filter(|time| *time > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Micros {
        Micros(model::time::Timestamp::parse_text(text).unwrap().0)
    }

    /// Compares runs, each `begin` or `begin/end` on one day, in the period from 00:00 to 12:00.
    fn compared(schedule: &str, runs: &[&str], zone: &Zone) -> FlowSchedule {
        let mut flow = FlowSchedule {
            flow: "price".to_owned(),
            schedule: schedule.to_owned(),
            planned: 0,
            ran: 0,
            busy: 0,
            holes: Vec::new(),
            fault: None,
        };
        let time = |text: &str| at(&format!("2026-10-24T{text}Z"));
        let spans: Vec<Span> = runs
            .iter()
            .map(|run| match run.split_once('/') {
                Some((begin, end)) => (time(begin), Some(time(end))),
                None => (time(run), None),
            })
            .collect();
        let period = time("00:00:00")..time("12:00:00");
        flow.fault = if schedule.contains(['*', '?']) {
            cron(&mut flow, &spans, period, zone).err()
        } else {
            timer(&mut flow, &spans, period).err()
        };
        flow
    }

    fn counts(flow: &FlowSchedule) -> (u64, u64, u64, Vec<(String, String, u64)>) {
        let text = |at: Micros| Zone::default().wall(at)[11..16].to_owned();
        let holes = flow.holes.iter().map(|h| (text(h.from), text(h.to), h.missing)).collect();
        (flow.planned, flow.ran, flow.busy, holes)
    }

    fn hole(from: &str, to: &str, missing: u64) -> (String, String, u64) {
        (from.to_owned(), to.to_owned(), missing)
    }

    #[test]
    fn planned_times_without_a_run_are_holes() {
        let utc = Zone::default();
        let hours = ["00:00:02", "02:00:00", "03:59:58", "05:10:00", "11:00:00", "12:00:00"];
        let flow = compared("0 0 * * * ? *", &hours, &utc);
        let holes =
            vec![hole("01:00", "01:00", 1), hole("03:00", "03:00", 1), hole("06:00", "10:00", 5)];
        assert_eq!(counts(&flow), (13, 6, 0, holes));
    }

    #[test]
    fn expressions_are_read_as_quartz_reads_them() {
        for (schedule, planned) in [
            ("0 0/30 * * * ? *", 25),
            ("0 10/30 * * * ? *", 24),
            ("0 0,30 0-5 * * ?", 12),
            ("30 0 9 24 OCT ? 2026", 1),
            ("0 0 9 L * ? *", 0),
            ("0 0 9 ? * 7#4 *", 1),
            ("0 0 9 ? * MON-FRI *", 0),
            ("0 0/7 10 * * ? *", 9),
        ] {
            let flow = compared(schedule, &[], &Zone::default());
            assert_eq!((flow.planned, flow.fault), (planned, None), "{schedule}");
        }
    }

    #[test]
    fn a_run_that_still_works_keeps_the_next_from_starting() {
        let runs = ["00:00:00/02:30:00", "03:00:00/03:01:00"];
        let flow = compared("0 0 0-4 * * ? *", &runs, &Zone::default());
        assert_eq!(counts(&flow), (5, 2, 2, vec![hole("04:00", "04:00", 1)]));
    }

    #[test]
    fn the_hours_of_a_schedule_are_those_of_the_zone() {
        let zone = Zone::named("Europe/Istanbul").unwrap();
        let flow = compared("0 0 8 ? * SAT *", &["05:00:01"], &zone);
        assert_eq!(counts(&flow), (1, 1, 0, vec![]));
        let flow = compared("0 0 8 ? * 7 *", &["08:00:01"], &zone);
        assert_eq!(counts(&flow), (1, 1, 0, vec![]), "late is not missing");
        let flow = compared("0 0 8 ? * 7 *", &["04:00:01"], &zone);
        assert_eq!(counts(&flow), (1, 0, 0, vec![hole("05:00", "05:00", 1)]));
        let flow = compared("0 0 8 ? * SUN 2026", &[], &zone);
        assert_eq!(counts(&flow), (0, 0, 0, vec![]));
    }

    #[test]
    fn a_timer_counts_from_the_end_of_a_run() {
        let runs = ["00:10:00/00:50:00", "01:20:00/01:21:00", "04:51:00"];
        let flow = compared("30 min", &runs, &Zone::default());
        let holes = vec![hole("01:51", "04:21", 6), hole("05:21", "11:21", 13)];
        assert_eq!(counts(&flow), (22, 3, 0, holes));
        for (text, seconds) in [
            ("5 min", 300),
            ("30 sec", 30),
            ("1 hour", 3_600),
            ("2 days", 172_800),
            ("9s", 9),
            ("1 wk", 604_800),
        ] {
            assert_eq!(nifi_duration(text), Some(seconds * 1_000_000), "{text}");
        }
        assert_eq!(nifi_duration("250 ms"), Some(250_000));
        for text in ["", "0 sec", "5", "min", "5 moons", "99999999999999 days"] {
            assert_eq!(nifi_duration(text), None, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_compared_says_why() {
        let utc = Zone::default();
        for schedule in ["0 0 * * ?* x", "* * *", "0 61 * * * ? *"] {
            assert!(compared(schedule, &[], &utc).fault.is_some(), "{schedule}");
        }
        assert!(compared("5 moons", &[], &utc).fault.is_some());
        let flow = compared("0 0 12 ? * 6L *", &[], &utc);
        assert_eq!((flow.fault, flow.planned), (None, 0));
    }
}
