//! Settings: flags that are given by the environment or by a file `analyze.toml` instead of the command line.
//!
//! A flag that is typed goes first, then the environment, then the file of the project, which is in the current folder,
//! then the file of the user. What is found is added to the command line before it is parsed, so that every value is
//! checked in the same way, wherever it was given.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::PathBuf;

use anyhow::{Context as _, anyhow, bail};
use clap::{Arg, ArgAction, ArgMatches, Args, Command, Subcommand};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Exit;
use super::terminal::safe;

/// The name of both files.
const FILE: &str = "analyze.toml";

/// Flags that the file of a project may not give: it can come with a dump from someone else, and with these it would run
/// commands, send the token elsewhere, replace files or show secrets.
const USER_ONLY: [&str; 8] = [
    "auth-header",
    "ca-file",
    "force",
    "host",
    "proxy",
    "show-secrets",
    "token-command",
    "token-file",
];

/// Commands that take no settings: they are about the program itself.
const WITHOUT: [&str; 4] = ["completions", "config", "help", "man"];

/// Which settings hold here? Shows them, and where each is given
#[derive(Debug, Args)]
pub(crate) struct ConfigCommand {
    #[command(subcommand)]
    action: ConfigAction,
}

#[derive(Debug, Subcommand)]
enum ConfigAction {
    /// Prints the settings as a file analyze.toml would have them
    Show(ShowCommand),
}

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
struct ShowCommand {
    /// A command: all its flags, those without a setting as comments [default: the settings of all commands]
    #[arg(value_name = "COMMAND")]
    of: Option<String>,
    /// Says for each setting which variable, or which line of which file, gives it
    #[arg(long)]
    origin: bool,
}

const EXAMPLES: &str = "\
Examples:
  analyze config show
      the settings that hold in this folder
  analyze config show --origin
      and where each is given
  analyze config show report
      all flags of `report`, with their defaults

A typed flag goes first, then the environment (ANALYZE_REPORT_FORMAT, or ANALYZE_TZ for all commands), then analyze.toml in \
this folder, then analyze.toml of the user (docs/config.md).";

/// Where settings are found.
#[derive(Debug, Default)]
pub(crate) struct Settings {
    /// The variables that begin with `ANALYZE_`.
    variables: BTreeMap<String, OsString>,
    /// The files, the most important first.
    files: Vec<SettingsFile>,
}

#[derive(Debug)]
struct SettingsFile {
    path: PathBuf,
    values: FileValues,
}

/// By command, `None` for all commands, and flag.
type FileValues = BTreeMap<(Option<String>, String), FileValue>;

#[derive(Debug)]
struct FileValue {
    words: Vec<String>,
    line: usize,
}

/// A setting of a flag of a command.
#[derive(Debug, PartialEq, Eq)]
struct Setting {
    words: Vec<OsString>,
    origin: String,
}

/// A flag that a setting has added to the command line.
#[derive(Debug)]
pub(crate) struct AddedFlag {
    /// As it is typed: `--format`.
    pub(crate) flag: String,
    /// The variable, or the line of the file.
    pub(crate) origin: String,
}

/// `words`, a command line, with the settings of its command behind them; also the flags that were added.
///
/// # Errors
/// The help or the version, when the command line asks for it; and when a file of settings is wrong.
pub(crate) fn with_settings(
    program: &Command,
    mut words: Vec<OsString>,
) -> anyhow::Result<(Vec<OsString>, Vec<AddedFlag>)> {
    let mut origins = Vec::new();
    let settings = Settings::read(program);
    if settings.as_ref().is_ok_and(Settings::is_empty) {
        return Ok((words, origins));
    }
    // Help is there even when a file of settings is wrong.
    let typed = program.clone().ignore_errors(true).try_get_matches_from(&words)?;
    let Some((name, typed)) = typed.subcommand().filter(|(name, _)| takes_settings(name)) else {
        return Ok((words, origins));
    };
    let settings = settings?;
    let mut program = program.clone();
    program.build();
    let Some(command) = program.find_subcommand(name) else { return Ok((words, origins)) };
    let mut added = Vec::new();
    for argument in flags(command) {
        let setting = settings.of(name, flag(argument));
        let Some(setting) = setting.filter(|_| !excluded(command, argument, typed)) else {
            continue;
        };
        let typed = arguments(argument, &setting);
        if !typed.is_empty() {
            origins
                .push(AddedFlag { flag: format!("--{}", flag(argument)), origin: setting.origin });
        }
        added.extend(typed);
    }
    let end = words.iter().position(|word| word == "--").unwrap_or(words.len());
    words.splice(end..end, added);
    Ok((words, origins))
}

impl Settings {
    /// Reads the environment and the files.
    ///
    /// # Errors
    /// When a file cannot be read, or has something that is no setting of `program`.
    pub(crate) fn read(program: &Command) -> anyhow::Result<Self> {
        let variables = env::vars_os().filter_map(|(name, value)| {
            Some((name.to_str().filter(|name| name.starts_with("ANALYZE_"))?.to_owned(), value))
        });
        let variables = variables.filter(|(_, value)| !value.is_empty()).collect();
        let project = Some((PathBuf::from(FILE), true));
        let user = user_folder().map(|folder| (folder.join("analyze").join(FILE), false));
        let mut files = Vec::new();
        for (path, of_project) in project.into_iter().chain(user) {
            let text = match fs::read_to_string(&path) {
                Ok(text) => text,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                // As when a service runs with the `HOME` of someone else.
                Err(error) if !of_project && error.kind() == io::ErrorKind::PermissionDenied => {
                    continue;
                }
                Err(error) => return Err(error).with_context(|| path.display().to_string()),
            };
            let values = parse(program, &text, of_project)
                .map_err(|(line, reason)| anyhow!("{}:{line}: {reason}", path.display()))?;
            files.push(SettingsFile { path, values });
        }
        Ok(Self { variables, files })
    }

    fn is_empty(&self) -> bool {
        self.variables.is_empty() && self.files.is_empty()
    }

    /// The setting of a flag of a command.
    fn of(&self, command: &str, flag: &str) -> Option<Setting> {
        self.find(&[Some(command), None], flag)
    }

    /// The setting of a flag of all commands.
    fn of_all(&self, flag: &str) -> Option<Setting> {
        self.find(&[None], flag)
    }

    fn find(&self, commands: &[Option<&str>], flag: &str) -> Option<Setting> {
        for command in commands {
            let origin = variable(*command, flag);
            if let Some(value) = self.variables.get(&origin) {
                return Some(Setting { words: vec![value.clone()], origin });
            }
        }
        self.files.iter().find_map(|file| {
            let value = commands.iter().find_map(|command| {
                file.values.get(&(command.map(str::to_owned), flag.to_owned()))
            })?;
            let words = value.words.iter().map(OsString::from).collect();
            Some(Setting { words, origin: format!("{}:{}", file.path.display(), value.line) })
        })
    }
}

/// The folder for the settings of programs of the user.
fn user_folder() -> Option<PathBuf> {
    let folder =
        |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if cfg!(windows) {
        return folder("APPDATA");
    }
    folder("XDG_CONFIG_HOME").or_else(|| Some(folder("HOME")?.join(".config")))
}

fn takes_settings(command: &str) -> bool {
    !WITHOUT.contains(&command)
}

/// The arguments of a command that can be settings.
fn flags(command: &Command) -> impl Iterator<Item = &Arg> {
    command
        .get_arguments()
        .filter(|argument| !matches!(argument.get_long(), None | Some("help" | "version")))
}

fn flag(argument: &Arg) -> &str {
    argument.get_long().unwrap_or_default()
}

/// The environment variable of a flag: `ANALYZE_REPORT_FORMAT`, and `ANALYZE_FORMAT` for all commands.
fn variable(command: Option<&str>, flag: &str) -> String {
    let words = ["ANALYZE"].into_iter().chain(command).chain([flag]);
    words.collect::<Vec<_>>().join("_").replace('-', "_").to_uppercase()
}

/// Whether an argument was typed, or one that excludes it.
fn excluded(command: &Command, argument: &Arg, typed: &ArgMatches) -> bool {
    let was_typed = |argument: &Arg| {
        let source = typed
            .try_contains_id(argument.get_id().as_str())
            .ok()
            .and_then(|_| typed.value_source(argument.get_id().as_str()));
        source == Some(clap::parser::ValueSource::CommandLine)
    };
    let exclude = |one: &Arg, other: &Arg| {
        command.get_arg_conflicts_with(one).iter().any(|found| found.get_id() == other.get_id())
    };
    command.get_arguments().filter(|other| was_typed(other)).any(|other| {
        other.get_id() == argument.get_id() || exclude(argument, other) || exclude(other, argument)
    })
}

/// A setting as it would be typed.
fn arguments(argument: &Arg, setting: &Setting) -> Vec<OsString> {
    let typed = OsString::from(format!("--{}", flag(argument)));
    if argument.get_action().takes_values() {
        let with = |value: &OsString| {
            let mut word = typed.clone();
            word.push("=");
            word.push(value);
            word
        };
        return setting.words.iter().map(with).collect();
    }
    let word = setting.words.first().and_then(|word| word.to_str()).unwrap_or_default();
    let times = match (word.to_lowercase().as_str(), argument.get_action()) {
        ("false" | "no" | "off" | "", _) => 0,
        (number, ArgAction::Count) => number.parse().unwrap_or(1),
        ("0", _) => 0,
        _ => 1,
    };
    vec![typed; times]
}

/// The settings of a file, or the line of a fault, from 1, and what is wrong.
fn parse(program: &Command, text: &str, of_project: bool) -> Result<FileValues, (usize, String)> {
    let line = |at: usize| text[..at.min(text.len())].matches('\n').count() + 1;
    let table = DeTable::parse(text).map_err(|error| {
        (line(error.span().map_or(0, |span| span.start)), error.message().to_owned())
    })?;
    let commands: Vec<&Command> =
        program.get_subcommands().filter(|command| takes_settings(command.get_name())).collect();
    let mut values = BTreeMap::new();
    let mut add = |command: Option<&Command>, key: &Spanned<Cow<'_, str>>, value: &DeValue<'_>| {
        let (key, line) = (key.get_ref(), line(key.span().start));
        let name = key.replace('_', "-");
        let of = commands
            .iter()
            .copied()
            .filter(|of| command.is_none_or(|command| command.get_name() == of.get_name()));
        let known: Vec<&str> = of.flat_map(flags).chain(flags(program)).map(flag).collect();
        if !known.contains(&name.as_str()) {
            let of =
                command.map_or_else(String::new, |command| format!(" of `{}`", command.get_name()));
            return Err((
                line,
                format!("`{key}` is not a flag{of}{}", nearest(&name, known.into_iter())),
            ));
        }
        if of_project && USER_ONLY.contains(&name.as_str()) {
            return Err((
                line,
                format!(
                    "`{key}` can be set in the environment or in the file of the user only (docs/config.md)"
                ),
            ));
        }
        let words = words(value).ok_or_else(|| {
            (line, format!("`{key}` has to be a text, a number, true, false, or a list of them"))
        })?;
        let command = command.map(|command| command.get_name().to_owned());
        values.insert((command, name), FileValue { words, line });
        Ok(())
    };
    for (key, value) in table.get_ref() {
        let DeValue::Table(section) = value.get_ref() else {
            add(None, key, value.get_ref())?;
            continue;
        };
        let Some(command) = commands.iter().find(|command| command.get_name() == key.get_ref())
        else {
            let names = commands.iter().map(|command| command.get_name());
            return Err((
                line(key.span().start),
                format!(
                    "`{}` is not a command with settings{}",
                    key.get_ref(),
                    nearest(key.get_ref(), names)
                ),
            ));
        };
        for (key, value) in section {
            add(Some(command), key, value.get_ref())?;
        }
    }
    Ok(values)
}

/// The values of a setting; `None` when it is a table or a date.
fn words(value: &DeValue<'_>) -> Option<Vec<String>> {
    Some(match value {
        DeValue::String(text) => vec![text.to_string()],
        DeValue::Integer(number) => vec![number.to_string()],
        DeValue::Float(number) => vec![number.to_string()],
        DeValue::Boolean(yes) => vec![yes.to_string()],
        DeValue::Array(values) => {
            let each: Option<Vec<_>> = values
                .iter()
                .map(|value| match value.get_ref() {
                    DeValue::Array(_) => None,
                    value => words(value),
                })
                .collect();
            each?.concat()
        }
        DeValue::Datetime(_) | DeValue::Table(_) => return None,
    })
}

/// `; NAME is` the one that was meant, when one is near.
fn nearest<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> String {
    let near = known.map(|known| (strsim::osa_distance(name, known), known)).min();
    near.filter(|(distance, _)| *distance <= 2)
        .map(|(_, known)| format!("; `{known}` is"))
        .unwrap_or_default()
}

impl ConfigCommand {
    /// Prints the settings.
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        let ConfigAction::Show(show) = self.action;
        let program = super::program();
        let settings = Settings::read(&program)?;
        let text = show.text(&program, &settings)?;
        io::stdout().lock().write_all(text.as_bytes())?;
        Ok(Exit::Done)
    }
}

impl ShowCommand {
    fn text(&self, program: &Command, settings: &Settings) -> anyhow::Result<String> {
        let commands: Vec<&Command> = program
            .get_subcommands()
            .filter(|command| takes_settings(command.get_name()))
            .collect();
        let names = || commands.iter().map(|command| command.get_name());
        if let Some(of) = &self.of
            && !names().any(|name| name == of)
        {
            bail!("{of} is not a command with settings{}", nearest(of, names()));
        }
        let mut text = String::new();
        if self.of.is_none() {
            let all = flags(program).chain(commands.iter().flat_map(|command| flags(command)));
            let all: BTreeMap<&str, &Arg> =
                all.map(|argument| (flag(argument), argument)).collect();
            for (flag, argument) in all {
                self.line(&mut text, argument, settings.of_all(flag).as_ref());
            }
        }
        for command in commands {
            let name = command.get_name();
            let mut lines = String::new();
            for argument in flags(program).chain(flags(command)) {
                let setting = settings.of(name, flag(argument));
                let shown = match &self.of {
                    Some(of) => of == name,
                    None => setting != settings.of_all(flag(argument)),
                };
                if shown {
                    self.line(&mut lines, argument, setting.as_ref());
                }
            }
            if !lines.is_empty() {
                let blank = if text.is_empty() { "" } else { "\n" };
                let _never = write!(text, "{blank}[{name}]\n{lines}");
            }
        }
        Ok(text)
    }

    /// Adds the line of a flag: its setting, or when all flags are shown its default.
    fn line(&self, lines: &mut String, argument: &Arg, setting: Option<&Setting>) {
        let key = flag(argument).replace('-', "_");
        let (comment, value, origin) = match setting {
            Some(setting) => ("", toml_value(&setting.words), setting.origin.clone()),
            None if self.of.is_none() || argument.is_hide_set() => return,
            None if argument.get_action().takes_values() => {
                let defaults: Vec<OsString> = argument
                    .get_default_values()
                    .iter()
                    .map(|value| value.as_os_str().to_owned())
                    .collect();
                if defaults.is_empty() {
                    ("# ", String::new(), "not set".to_owned())
                } else {
                    ("# ", toml_value(&defaults), "default".to_owned())
                }
            }
            None => ("# ", "false".to_owned(), "default".to_owned()),
        };
        let entry = format!("{comment}{key} = {value}");
        let _never = if self.origin {
            writeln!(lines, "{entry:<40}  # {}", safe(&origin))
        } else {
            writeln!(lines, "{}", entry.trim_end())
        };
    }
}

/// Values as a TOML file has them.
fn toml_value(words: &[OsString]) -> String {
    let word = |word: &OsString| {
        let text = word.to_string_lossy();
        let number = !text.is_empty()
            && text.len() < 16
            && text.bytes().all(|byte| byte.is_ascii_digit())
            && (text.len() == 1 || !text.starts_with('0'));
        if number || text == "true" || text == "false" {
            text.into_owned()
        } else {
            // A text of JSON is a text of TOML.
            safe(&serde_json::Value::from(text).to_string())
        }
    };
    match words {
        [one] => word(one),
        more => format!("[{}]", more.iter().map(word).collect::<Vec<_>>().join(", ")),
    }
}
