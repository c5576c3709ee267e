//! The command line: what can be typed, what it does with the library, and what it prints.
//!
//! stdout carries data only; messages go to stderr. Every command is a struct with `run`.

mod bench;
mod cards;
mod cat;
mod curl;
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
mod title;
mod totals;
mod zone;

pub(crate) use exit::Exit;
pub(crate) use terminal::acts;

use std::io;

use clap::{Parser, Subcommand};

/// Reports what failed, why, and what was sent and answered, from a folder of saved Integrator logs.
///
/// Reads what `GET /logs/download` and `GET /logs` returned, in whatever wrapping it was saved (base64,
/// zip, gzip, quoted, unpacked), without unpacking anything to disk. Only `fetch` uses a network, and `serve` answers on
/// this machine.
#[derive(Debug, Parser)]
#[command(name = "analyze", version, max_term_width = 110, after_help = EXAMPLES)]
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
  analyze report dump --out report        everything in the folder `dump`, as tables in `report`
  analyze ls dump                         what each file holds, writing nothing
  analyze cat dump/90123.txt --pretty     the JSON inside one download
  analyze summary report                  what happened, from the report alone
  analyze keys report --open              the orders and products that have to be sent again
  analyze search report status:5xx        requests by key, status, time, flow, or any text in them
  analyze show report TR0011111M          what was sent for a product, and what was answered
  analyze explain report 1                the most frequent error group, explained
  analyze endpoint report orders          what an endpoint takes and answers, and how fast it is
  analyze runs report                     the flows: failures, times, slowest steps, and their runs
  analyze html report -o report.html      all of it as one page, to mail and to click through
  analyze sql report 'select ...'         any other question, in SQL over the tables
  analyze diff yesterday today            what has changed between two reports
  analyze fetch dump --project-id 12 --project-slug shop
                                          the logs of a project, from the API into `dump`
  analyze logs dump --flow-id ID          the logs of a flow, as the API lists them
  analyze serve dump                      the API on this machine, from the folder `dump`
  analyze bench --generate 256MB          how fast this machine is

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
}

impl Cli {
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
        };
        done.unwrap_or_else(|error| {
            if is_closed_pipe(&error) {
                return Exit::Done;
            }
            // Every error names the file, except for standard output.
            let place = if error.is::<io::Error>() { "standard output: " } else { "" };
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
    use clap::CommandFactory as _;

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
}
