//! The command line: what can be typed, what it does with the library, and what it prints.
//!
//! stdout carries data only; messages go to stderr. Every command is a struct with `run`.

mod bench;
mod cards;
mod cat;
mod completions;
mod config;
mod curl;
mod demo;
mod diff;
mod dump;
mod endpoint;
mod exit;
mod explain;
mod fetch;
mod figures;
mod how;
mod html;
mod inputs;
mod interrupt;
mod keys;
mod limits;
mod logs;
mod ls;
mod man;
mod markdown;
mod merge;
mod outgoing;
mod pretty;
mod problems;
mod progress;
mod record;
mod redaction;
mod report;
mod runs;
mod search;
mod serve;
mod show;
mod sql;
mod summarize;
mod summary;
mod table;
mod terminal;
mod totals;
mod tour;
mod zone;

pub(crate) use exit::Exit;
pub(crate) use query::acts;

use std::ffi::OsString;
use std::io::{self, IsTerminal as _};

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

/// Reports what failed, why, and what was sent and answered, from a folder of saved Integrator logs.
///
/// Reads what `GET /logs/download` and `GET /logs` returned, in whatever wrapping it was saved (base64,
/// zip, gzip, quoted, unpacked), without unpacking anything to disk. Only `fetch` uses a network, and `serve` answers on
/// this machine.
#[derive(Debug, Parser)]
#[command(name = "analyze", version, long_version = long_version(), max_term_width = 110, after_help = EXAMPLES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Time zone of what is shown and typed, such as Europe/Istanbul, or local; files and JSON hold UTC
    #[arg(long, global = true, value_name = "ZONE", default_value = "UTC", value_parser = query::Zone::named)]
    tz: query::Zone,
    /// Shows what a report holds as it is. Otherwise secrets and personal data are masked in all output that goes to
    /// a file or a pipe, or is Markdown (docs/redaction.md)
    #[arg(long, global = true)]
    show_secrets: bool,
}

const EXAMPLES: &str = "\
Examples:
  analyze report dump --out report
  analyze ls dump
  analyze cat dump/90123.txt --pretty
  analyze summary report
  analyze keys report --open
  analyze search report status:5xx
  analyze show report TR0011111M
  analyze explain report 1
  analyze endpoint report orders
  analyze runs report
  analyze html report -o report.html
  analyze sql report 'select ...'
  analyze diff yesterday today
  analyze fetch dump --project-id 12 --project-slug shop
  analyze logs dump --flow-id ID
  analyze serve dump
  analyze bench --generate 256MB
  analyze demo
  analyze config show --origin

Exit codes: 0 done, 1 no log found (`diff`: what --fail-on names was found; `search`: nothing matches), 2 not done, 3 too many files rejected \
(`fetch`: not all could be had), 4 token refused, 130 interrupted.
`analyze help COMMAND` explains a command.";

#[derive(Debug, Subcommand)]
enum Command {
    Report(Box<report::ReportCommand>),
    Merge(merge::MergeCommand),
    Cat(cat::CatCommand),
    Ls(ls::LsCommand),
    Summary(summarize::SummaryCommand),
    Explain(explain::ExplainCommand),
    Endpoint(endpoint::EndpointCommand),
    Keys(keys::KeysCommand),
    Search(search::SearchCommand),
    Show(show::ShowCommand),
    Diff(diff::DiffCommand),
    Runs(runs::RunsCommand),
    Html(html::HtmlCommand),
    Sql(sql::SqlCommand),
    Logs(logs::LogsCommand),
    Serve(serve::ServeCommand),
    Fetch(Box<fetch::FetchCommand>),
    Bench(Box<bench::BenchCommand>),
    Demo(demo::DemoCommand),
    Config(config::ConfigCommand),
    Completions(completions::CompletionsCommand),
    Man(man::ManCommand),
}

/// The program as it can be typed, for its completions and manual pages.
fn program() -> clap::Command {
    Cli::command()
}

/// `0.1.0 (941df570e00d 2026-10-24, x86_64-unknown-linux-gnu)`: the version, the commit and the target.
fn long_version() -> String {
    let build = measure::Build::this();
    let commit = match (build.commit, build.commit_date) {
        (Some(commit), Some(date)) => format!("{commit} {date}"),
        (commit, _) => commit.unwrap_or("unknown").to_owned(),
    };
    format!("{} ({commit}, {})", build.version, build.target.unwrap_or("unknown"))
}

/// Runs what was typed: `words` begin with the name of the program.
pub(crate) fn run(words: Vec<OsString>) -> Exit {
    if words.len() == 1 && io::stdin().is_terminal() && io::stdout().is_terminal() {
        return tour::run();
    }
    match Cli::with_settings(words) {
        Ok(cli) => cli.run(),
        Err(error) => match error.downcast::<clap::Error>() {
            Ok(answer) => shown(&answer),
            Err(error) => {
                terminal::say(&format!("error: {error:#}"));
                Exit::NotDone
            }
        },
    }
}

/// Prints the help, the version, or what is wrong with the command line.
fn shown(answer: &clap::Error) -> Exit {
    match answer.print() {
        _ if answer.use_stderr() => Exit::NotDone,
        // A closed pipe is no failure.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Exit::NotDone,
        _ => Exit::Done,
    }
}

impl Cli {
    /// Parses a command line together with the settings for it.
    fn with_settings(words: Vec<OsString>) -> anyhow::Result<Self> {
        let program = program();
        let (words, added) = config::with_settings(&program, words)?;
        let matches = program.try_get_matches_from(words);
        Ok(matches.and_then(|matches| Self::from_arg_matches(&matches)).inspect_err(|error| {
            let text = error.to_string();
            for added in added.iter().filter(|added| text.contains(&added.flag)) {
                terminal::say(&format!("{} is given by {}", added.flag, added.origin));
            }
        })?)
    }

    /// Runs the command; errors are printed on stderr.
    pub(crate) fn run(self) -> Exit {
        zone::set_zone(self.tz);
        outgoing::set_show_secrets(self.show_secrets);
        let done = match self.command {
            Command::Report(report) => report.run(),
            Command::Merge(merge) => merge.run(),
            Command::Cat(cat) => cat.run(),
            Command::Ls(ls) => ls.run(),
            Command::Summary(summary) => summary.run(),
            Command::Explain(explain) => explain.run(),
            Command::Endpoint(endpoint) => endpoint.run(),
            Command::Keys(keys) => keys.run(),
            Command::Runs(runs) => runs.run(),
            Command::Html(html) => html.run(),
            Command::Sql(sql) => sql.run(),
            Command::Search(search) => search.run(),
            Command::Show(show) => show.run(),
            Command::Diff(diff) => diff.run(),
            Command::Logs(logs) => logs.run(),
            Command::Serve(serve) => serve.run(),
            Command::Fetch(fetch) => fetch.run(),
            Command::Bench(bench) => bench.run(),
            Command::Demo(demo) => demo.run(),
            Command::Config(config) => config.run(),
            Command::Completions(completions) => completions.run(),
            Command::Man(man) => man.run(),
        };
        done.unwrap_or_else(|error| {
            if is_closed_pipe(&error) {
                return Exit::Done;
            }
            // Every error names the file, except for standard output.
            let outermost = error.chain().next();
            let unnamed = outermost.is_some_and(<dyn std::error::Error>::is::<io::Error>);
            let place = if unnamed { "standard output: " } else { "" };
            terminal::say(&format!("error: {place}{error:#}{}", advice(&error)));
            Exit::NotDone
        })
    }
}

/// What to do when there is no room, on a line of its own.
fn advice(error: &anyhow::Error) -> &'static str {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    let kind =
        error.chain().find_map(|cause| cause.downcast_ref::<io::Error>()).map(io::Error::kind);
    match kind {
        Some(StorageFull | QuotaExceeded) => {
            "\nnothing was kept; make room, or let the output go to another disk"
        }
        Some(FileTooLarge) => {
            "\nnothing was kept; the limit on the size of files (`ulimit -f`) is too low"
        }
        _ => "",
    }
}

/// Whether the reader of the output has closed the pipe, as `head` does.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let io = error.downcast_ref::<io::Error>();
    io.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammar_is_sound_and_every_argument_has_help() {
        let command = Cli::command();
        command.clone().debug_assert();
        for command in command.get_subcommands() {
            for argument in command.get_arguments() {
                assert!(
                    argument.get_help().is_some(),
                    "{} {}",
                    command.get_name(),
                    argument.get_id()
                );
            }
        }
    }
    #[test]
    fn examples_fit_into_80_columns() {
        let command = Cli::command();
        for command in std::iter::once(&command).chain(command.get_subcommands()) {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            for line in help.lines().filter(|line| line.starts_with(' ')) {
                assert!(line.len() <= 80, "{}: {line}", command.get_name());
            }
        }
    }
}
