//! `analyze demo`: a small dump, and the first commands on it, for those who have only the program.

use std::env;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::{Args, Parser as _};

use super::terminal::{Color, Style, say, say_raw, shell};
use super::{Cli, Exit};

// `DUMP`: the files of testdata/dump, each with its path and bytes; written by build.rs.
include!(concat!(env!("OUT_DIR"), "/demo.rs"));

/// What can it do? Writes a small dump to a folder and runs the first commands on it
///
/// The dump has 132 files of invented and recorded logs. Each command is shown before it runs, and the folder is kept, so
/// that you can go on there.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct DemoCommand {
    /// Folder for the dump and its report; it must not have files in it
    #[arg(value_name = "FOLDER", default_value = "analyze-demo")]
    folder: PathBuf,
}

const EXAMPLES: &str = "\
Examples:
  analyze demo                            in the folder `analyze-demo`
  analyze demo /tmp/tour                  in another one

Exit codes: 0 done, 2 not done.";

/// The commands of the tour, and what each answers.
const STEPS: [(&str, &[&str]); 5] = [
    ("What failed? Reads the dump and writes the report", &["report", "dump", "--out", "report"]),
    ("Why? The most frequent error", &["explain", "report", "1", "--top", "2", "--samples", "1"]),
    (
        "What has to be sent again?",
        &["keys", "report", "--open", "--flow", "order", "--format", "table"],
    ),
    ("What was sent, and what was answered?", &["show", "report", "0000003450631650"]),
    ("All of it as one page for the browser", &["html", "report", "-o", "report.html"]),
];

impl DemoCommand {
    /// Writes the dump and runs the commands.
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        write_dump(&self.folder)?;
        let name = shell(&self.folder.to_string_lossy());
        say(&format!("{name}/dump: a dump of {} files", DUMP.len()));
        env::set_current_dir(&self.folder).with_context(|| name.clone())?;
        let style = Style::stderr(Color::Auto);
        for (question, words) in STEPS {
            // One after the other, where both streams go to one place.
            io::stdout().flush()?;
            let typed = words.iter().map(|word| shell(word)).collect::<Vec<_>>().join(" ");
            say_raw(&format!(
                "\n{}\n{}\n",
                style.bold(question),
                style.cyan(&format!("$ analyze {typed}"))
            ));
            let exit = Cli::try_parse_from(["analyze"].iter().chain(words))?.run();
            if exit != Exit::Done {
                return Ok(exit);
            }
        }
        say(&format!(
            "\nGo on in that folder, or with logs of your own:\n  cd {name}\n  analyze --help"
        ));
        Ok(Exit::Done)
    }
}

/// Writes the dump to `folder`/dump.
fn write_dump(folder: &Path) -> anyhow::Result<()> {
    let place = || folder.display().to_string();
    fs::create_dir_all(folder).with_context(place)?;
    if fs::read_dir(folder).with_context(place)?.next().is_some() {
        bail!("{}: has files in it\nname a new folder: `analyze demo FOLDER`", place());
    }
    for (name, bytes) in DUMP {
        let path = folder.join("dump").join(name);
        let parent = path.parent().unwrap_or(folder);
        fs::create_dir_all(parent)
            .and_then(|()| fs::write(&path, bytes))
            .with_context(|| path.display().to_string())?;
    }
    Ok(())
}
