//! The figures as an aligned table, or as Markdown.

use std::io::{self, Write};

use measure::{Build, FileSample, GeneratedLogs, Machine, Measured, MeasuredStage, Rates};

use super::super::figures::{bytes, count, counted, percent};
use super::super::markdown;
use super::super::table::{Align, ColumnHeads, TextTable};

const COLUMNS: ColumnHeads = &[
    ("STAGE", Align::Left),
    ("FROM", Align::Left),
    ("THREADS", Align::Right),
    ("TEXT MB/s", Align::Right),
    ("FILE MB/s", Align::Right),
    ("FILES/s", Align::Right),
    ("EXCHANGES/s", Align::Right),
    ("MS", Align::Right),
    ("MIN", Align::Right),
    ("MAX", Align::Right),
    ("TIMES", Align::Right),
    ("PEAK", Align::Right),
];

/// Lines about machine, program and sample, the table, and a line about the limit.
pub(super) fn table(measured: &Measured, out: &mut dyn Write) -> io::Result<()> {
    for (name, value) in facts(measured) {
        writeln!(out, "{name:<8}{value}")?;
    }
    writeln!(out)?;
    for line in rows(measured).lines(None) {
        writeln!(out, "{line}")?;
    }
    match limit(measured) {
        Some(limit) => writeln!(out, "\nLimit   {limit}"),
        None => Ok(()),
    }
}

/// The same, as Markdown.
pub(super) fn markdown(measured: &Measured, out: &mut dyn Write) -> io::Result<()> {
    for (name, value) in facts(measured) {
        writeln!(out, "- {name}: {}", markdown::text(&value))?;
    }
    write!(out, "\n{}", markdown::table(&rows(measured)))?;
    match limit(measured) {
        Some(limit) => writeln!(out, "\nLimit: {}", markdown::text(&limit)),
        None => Ok(()),
    }
}

/// Machine, build, sample and runs, each with its name.
fn facts(measured: &Measured) -> [(&'static str, String); 4] {
    let runs = counted(measured.runs, "run", "runs");
    [
        ("Machine", machine(&measured.machine)),
        ("Build", build(&measured.build)),
        ("Sample", sample(&measured.sample)),
        (
            "Runs",
            format!("{runs} of each stage in turns after a warm-up; median, lowest and highest"),
        ),
    ]
}

/// The machine in a line.
pub(super) fn machine(machine: &Machine) -> String {
    let cpu = machine.cpu.clone().unwrap_or_else(|| machine.arch.to_owned());
    let cores = counted(machine.cores as u64, "core", "cores");
    let memory = machine.memory_bytes.map(|memory| format!(", {}", bytes(memory)));
    format!("{cpu}, {cores}{}; {}", memory.unwrap_or_default(), machine.os)
}

/// The program in a line.
pub(super) fn build(build: &Build) -> String {
    let mut out = format!("analyze {}", build.version);
    let commit = build.commit.map(|commit| format!("commit {commit}"));
    let more = [commit, build.profile.map(str::to_owned), build.rustc.map(str::to_owned)];
    for part in more.into_iter().flatten().chain(build.target.map(str::to_owned)) {
        out += ", ";
        out += &part;
    }
    out
}

/// The files in a line.
pub(super) fn sample(sample: &FileSample) -> String {
    let origin = match sample.generated {
        Some(GeneratedLogs { seed, repeats: false }) => {
            format!("made with seed {seed}, no body repeats")
        }
        Some(GeneratedLogs { seed, repeats: true }) => {
            format!("made with seed {seed}, every run repeats the bodies of the first")
        }
        None if sample.files < sample.of_files => format!("of {}", count(sample.of_files)),
        None => "all of the input".to_owned(),
    };
    format!(
        "{} ({origin}), {}; {} of text, {}, {}; digest {:.12}",
        counted(sample.files, "file", "files"),
        bytes(sample.encoded_bytes),
        bytes(sample.decoded_bytes),
        counted(sample.exchanges, "exchange", "exchanges"),
        counted(sample.errors, "error", "errors"),
        sample.digest
    )
}

fn rows(measured: &Measured) -> TextTable {
    let mut table = TextTable::new(COLUMNS);
    for one in &measured.measurements {
        let spread = one.spread();
        let rates = measured.rates(spread.median);
        let rate = |of: fn(&Rates) -> f64| {
            rates.as_ref().map(|rates| figure(of(rates))).unwrap_or_default()
        };
        let times = measured.speedup(one.stage, one.threads).filter(|_| one.threads > 1);
        table.row([
            one.stage.name().to_owned(),
            one.stage.source().to_owned(),
            one.threads.to_string(),
            rate(|rates| rates.decoded_mb),
            rate(|rates| rates.encoded_mb),
            rate(|rates| rates.files),
            rate(|rates| rates.exchanges),
            figure(spread.median * 1e3),
            figure(spread.min * 1e3),
            figure(spread.max * 1e3),
            times.map(|times| format!("{times:.2}")).unwrap_or_default(),
            one.peak_bytes.map(bytes).unwrap_or_default(),
        ]);
    }
    table
}

/// How close decoding comes to its limit.
fn limit(measured: &Measured) -> Option<String> {
    let one = measured.find(MeasuredStage::Limit, 1)?;
    let rate = figure(measured.rates(one.spread().median)?.decoded_mb);
    let mut parts = vec![format!("base64 and DEFLATE alone: {rate} MB of text a second")];
    let share = measured.limit_share();
    parts.push(match (share.map(percent), measured.speedup(MeasuredStage::Decode, 2)) {
        (Some(share), Some(times)) => {
            format!(
                "decode reaches {share} of it with one thread, and {times:.2} times that with two"
            )
        }
        (Some(share), None) => format!("decode reaches {share} of it with one thread"),
        (None, _) => "decode was not measured with one thread".to_owned(),
    });
    if let Some(share) = measured.limit_share_with_json() {
        parts.push(format!("decode and json together reach {}", percent(share)));
    }
    let sample = &measured.sample;
    if sample.limit_bytes < sample.encoded_bytes {
        let covered = sample.limit_bytes as f64 / sample.encoded_bytes as f64;
        let covered = percent(covered);
        parts.push(format!(
            "it covers {covered} of the files' bytes: zips, and zips in base64 on one line"
        ));
    }
    Some(parts.join("; "))
}

/// A number with three significant digits, thousands apart.
pub(super) fn figure(value: f64) -> String {
    match value {
        100.0.. => count(value.round() as i64),
        10.0..100.0 => format!("{value:.1}"),
        1.0..10.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_three_significant_digits() {
        for (value, expected) in [
            (0.01234, "0.012"),
            (1.234, "1.23"),
            (12.34, "12.3"),
            (123.4, "123"),
            (1_234_567.8, "1 234 568"),
        ] {
            assert_eq!(figure(value), expected);
        }
    }
}
