//! `analyze cat`: the JSON inside one file.

use std::fmt::Write as _;
use std::io::{self, BufWriter, IsTerminal as _, Write as _};
use std::path::PathBuf;

use archive::{Budget, Decoded, Decoder, Form, Leaf};
use clap::Args;
use pipeline::roles;

use super::Exit;
use super::figures::{bytes, counted};
use super::inputs;
use super::limits::LimitArgs;
use super::outgoing::{self, NOT_MASKED};
use super::pretty;
use super::record::RecordFinder;
use super::terminal::{safe_json, say, shell};

/// Problems and members that are listed one by one.
const LISTED: usize = 20;

/// What is in this download? Prints the JSON inside it, whatever it is wrapped in
///
/// The text is printed byte for byte as it was decoded, and ends with a line end. Of an archive with several
/// members, the first with JSON in it is printed.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct CatCommand {
    /// The file; - for standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Breaks lines and indents; numbers and strings stay as they are written
    #[arg(short, long)]
    pretty: bool,
    /// Prints this member of the archive: its whole path, or the last part of it
    #[arg(short, long, value_name = "NAME", conflicts_with = "all")]
    member: Option<String>,
    /// Prints every member with JSON in it, one after the other
    #[arg(short, long)]
    all: bool,
    /// Prints only the record with this number, which reports call `record`: the first is 0, those of an archive are
    /// numbered over all its members
    #[arg(short, long, value_name = "N", conflicts_with_all = ["member", "all"])]
    record: Option<u32>,
    /// Roles of fields, as `analyze report` was given them; they decide what a record is
    #[arg(long, value_name = "FILE", requires = "record")]
    roles: Option<PathBuf>,
    #[command(flatten)]
    limits: LimitArgs,
}

const EXAMPLES: &str = "\
Examples:
  analyze cat dump/90123.txt --pretty
  analyze cat dump/90123.txt --record 7 --pretty
  analyze cat week.zip --member 90123.json | jq '.errors'
  curl -s \"$download_url\" | analyze cat -

Exit codes: 0 printed, 1 there is no JSON or no such record in the file, 2 the file cannot be read.";

impl CatCommand {
    /// Prints; problems go to stderr.
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        let limits = self.limits.limits();
        let input = inputs::one(&self.file, &limits)?;
        let file = input.name();
        let mut buffer = Vec::new();
        // There is no other file to share the memory with.
        let budget = Budget::unlimited();
        let share = budget.share(0);
        let payload = match input.read(&limits, &share, &mut buffer) {
            Ok(payload) => payload,
            Err(problem) => anyhow::bail!("{file}: {}", problem.message),
        };
        let roles = self.roles.as_deref().map(roles::read).transpose()?.unwrap_or_default();
        let mut printing = Printing {
            record: self.record.map(|number| RecordFinder::new(number, &limits, roles)),
            cat: &self,
            file,
            out: Out {
                to: BufWriter::new(io::stdout().lock()),
                terminal: io::stdout().is_terminal(),
            },
            printed: 0,
            found: Vec::new(),
            second_choice: None,
            failed: None,
        };
        let sink = &mut |leaf: Leaf<'_>| printing.leaf(&leaf);
        let decoded = Decoder::new(limits).decode_within(&share, payload, sink);
        if printing.printed > 0 && !printing.out.terminal && !outgoing::shows_secrets() {
            say(&format!("{file}: {NOT_MASKED}"));
        }
        printing.finish(&decoded, payload.len() as u64)
    }
}

/// stdout. On a terminal, control characters are shown as escapes.
struct Out {
    to: BufWriter<io::StdoutLock<'static>>,
    terminal: bool,
}

impl Out {
    fn text(&mut self, text: &str) -> io::Result<()> {
        if self.terminal {
            self.to.write_all(safe_json(text).as_bytes())
        } else {
            self.to.write_all(text.as_bytes())
        }
    }
}

/// A leaf that was seen, for messages.
struct SeenLeaf {
    name: Option<String>,
    form: Form,
    bytes: u64,
}

impl SeenLeaf {
    fn what(&self) -> String {
        let what = match self.form {
            Form::Json => "JSON",
            Form::Markup => "HTML or XML",
            Form::Text => "text that is not JSON",
            Form::Binary => "binary data",
            Form::Blank => "empty",
        };
        if self.form == Form::Blank {
            what.to_owned()
        } else {
            format!("{what}, {}", bytes(self.bytes))
        }
    }
}

struct Printing<'c> {
    cat: &'c CatCommand,
    /// Looks for the only record that is wanted.
    record: Option<RecordFinder>,
    /// The name of the file, for messages.
    file: &'c str,
    out: Out,
    printed: u32,
    found: Vec<SeenLeaf>,
    /// A member whose last part is the wanted name; printed when no member has it as its whole path.
    second_choice: Option<(String, Form)>,
    failed: Option<io::Error>,
}

impl Printing<'_> {
    fn leaf(&mut self, leaf: &Leaf<'_>) {
        let cat = self.cat;
        self.found.push(SeenLeaf {
            name: leaf.member.map(str::to_owned),
            form: leaf.form,
            bytes: leaf.bytes,
        });
        if let Some(record) = &mut self.record {
            if let Some(text) = record.leaf(leaf) {
                self.print(&text, Form::Json);
            }
            return;
        }
        let wanted = match &cat.member {
            Some(name) => {
                let path = leaf.member.unwrap_or_default();
                if path != name
                    && path.rsplit('/').next() == Some(name)
                    && self.second_choice.is_none()
                {
                    self.second_choice = Some((leaf.text.to_owned(), leaf.form));
                }
                path == name && self.printed == 0
            }
            None => leaf.form == Form::Json && (cat.all || self.printed == 0),
        };
        if wanted {
            self.print(leaf.text, leaf.form);
        }
    }

    fn print(&mut self, text: &str, form: Form) {
        self.printed += 1;
        if self.failed.is_none() {
            self.failed = self.write(text, form).err();
        }
    }

    fn write(&mut self, text: &str, form: Form) -> io::Result<()> {
        if self.cat.pretty && form == Form::Json {
            match pretty::check(text) {
                Ok(()) => return pretty::write(text, &mut |piece| self.out.text(piece)),
                Err(fault) => say(&format!("{}: {fault}; printed as it is", self.file)),
            }
        }
        self.out.text(text)?;
        if text.ends_with('\n') || text.is_empty() { Ok(()) } else { self.out.text("\n") }
    }

    fn finish(mut self, decoded: &Decoded, size: u64) -> anyhow::Result<Exit> {
        if let (0, Some((text, form))) = (self.printed, self.second_choice.take()) {
            self.print(&text, form);
        }
        let flushed = self.out.to.flush();
        if let Some(error) = self.failed.take() {
            return Err(error.into());
        }
        flushed?;
        let file = self.file;
        for problem in decoded.problems.iter().take(LISTED) {
            say(&format!("{file}: {problem}"));
        }
        if decoded.problems.len() > LISTED {
            say(&format!(
                "{file}: {} more",
                counted((decoded.problems.len() - LISTED) as u64, "problem", "problems")
            ));
        }
        if self.printed > 0 {
            self.tell_others();
            return Ok(Exit::Done);
        }
        if let Some(record) = &self.record {
            say(&format!("error: {file}: {}", record.not_found()));
        } else if let Some(member) = &self.cat.member {
            say(&format!("error: {file}: no member \"{member}\"{}", self.members()));
        } else {
            say(&format!(
                "error: {file}: no JSON in it: {}{}",
                self.instead(decoded, size),
                self.members()
            ));
        }
        Ok(Exit::Nothing)
    }

    /// With `--all`, what was not printed; without, how much more there is; of a record, whether it is as it stands.
    fn tell_others(&self) {
        let file = self.file;
        if let Some(record) = &self.record {
            if record.is_rebuilt() {
                say(&format!(
                    "{file}: the record does not stand there as one JSON value; what was understood of it is printed"
                ));
            }
            return;
        }
        if self.cat.all {
            for seen in self.found.iter().filter(|seen| seen.form != Form::Json) {
                say(&format!(
                    "{file}: {}: not printed: {}",
                    seen.name.as_deref().unwrap_or("-"),
                    seen.what()
                ));
            }
        } else if self.cat.member.is_none() {
            let more = self.found.iter().filter(|seen| seen.form == Form::Json).count() as u64;
            if more > 1 {
                let more = counted(more - 1, "more member", "more members");
                say(&format!(
                    "{file}: {more} with JSON; --all prints them, --member NAME one of them"
                ));
            }
        }
    }

    /// What there is in a file without JSON.
    fn instead(&self, decoded: &Decoded, size: u64) -> String {
        let around = |what: String| {
            if decoded.layers.is_empty() { what } else { format!("{} with {what}", decoded.layers) }
        };
        match self.found.as_slice() {
            [] if size == 0 => "it is empty".to_owned(),
            [] if decoded.members > 0 => around("nothing readable in it".to_owned()),
            [] => around("nothing in it".to_owned()),
            [only] => around(only.what()),
            several => around(counted(several.len() as u64, "member", "members")),
        }
    }

    /// The members, one on each line; a note when it is no archive.
    fn members(&self) -> String {
        let named: Vec<_> =
            self.found.iter().filter_map(|seen| Some((seen.name.as_deref()?, seen))).collect();
        if named.is_empty() {
            return if self.cat.member.is_some() {
                "\nit is no archive".to_owned()
            } else {
                String::new()
            };
        }
        // Writing to a String does not fail.
        let mut text = String::from("\nits members are:");
        for (name, seen) in named.iter().take(LISTED) {
            let _never = write!(text, "\n  {}  {}", shell(name), seen.what());
        }
        if named.len() > LISTED {
            let _never = write!(text, "\n  and {} more", named.len() - LISTED);
        }
        text
    }
}
