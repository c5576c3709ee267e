//! The folder of a report: built beside its place, moved there whole.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use super::encode::{Encoded, Format, Formats};
use super::error::{Encoding, Error};
use super::schema::{SCHEMA_VERSION, Schema, TABLES};
use super::spill::Spill;
use super::{csv, parquet};

/// The file that makes a folder a report.
const SUMMARY: &str = "summary.json";

/// Files of a report that are not tables, and those that file managers leave in every folder they
/// show. [`Output::create`] replaces a folder only if it holds nothing else.
const OTHER_FILES: [&str; 6] =
    [SUMMARY, "report.html", "index.html", ".DS_Store", "Thumbs.db", "desktop.ini"];

/// A report being written, in a hidden folder beside the one it will be.
///
/// Nothing appears under the final name before [`Output::commit`]. An output that goes away without
/// it removes what it wrote, and the parent folders it made.
#[derive(Debug)]
pub struct Output {
    target: PathBuf,
    stage: PathBuf,
    /// Folders above the target that did not exist, the innermost first.
    made: Vec<PathBuf>,
    replaces_report: bool,
    committed: bool,
}

/// What stands at the target before work starts.
enum Standing {
    Nothing,
    EmptyFolder,
    Report,
    /// Named as in [`Error::InTheWay`].
    Foreign(String),
}

impl Output {
    /// Checks that a report can go to `dir` and makes the stage for it. Parents that do not exist
    /// are made. A symbolic link to a folder stands for that folder.
    ///
    /// An empty folder is used. A report, which is a folder with a `summary.json` of this or an
    /// earlier schema version and no file that a report does not have, is replaced at the end if
    /// `force` is set.
    ///
    /// # Errors
    /// [`Error::Exists`] for a report without `force`, [`Error::InTheWay`] for anything else that
    /// stands there, [`Error::NoName`], and [`Error::Io`] when the stage cannot be made.
    pub fn create(dir: &Path, force: bool) -> Result<Self, Error> {
        let (target, name) = target_of(dir)?;
        let replaces_report = match standing(&target)? {
            Standing::Nothing | Standing::EmptyFolder => false,
            Standing::Report if force => true,
            Standing::Report => return Err(Error::Exists { path: dir.to_owned() }),
            Standing::Foreign(entry) => {
                return Err(Error::InTheWay { path: dir.to_owned(), entry });
            }
        };
        let parent = parent_of(&target);
        let absent = |folder: &&Path| !folder.as_os_str().is_empty() && !folder.exists();
        let made = parent.ancestors().take_while(absent).map(Path::to_owned).collect();
        fs::create_dir_all(parent).map_err(Error::io(parent, "create"))?;
        let stage = create_beside(parent, &name)?;
        Ok(Self { target, stage, made, replaces_report, committed: false })
    }

    /// Removes what this process has begun to write for `dir` and not committed, for a program that
    /// has to end without dropping its output. A report that was moved aside goes back.
    ///
    /// # Errors
    /// [`Error::NoName`], and [`Error::Io`] when the file system refuses.
    pub fn sweep(dir: &Path) -> Result<(), Error> {
        let (target, name) = target_of(dir)?;
        let parent = parent_of(&target);
        let stage = stage_name(&name);
        let entries = match fs::read_dir(parent) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(Error::io(parent, "list")(error)),
        };
        for entry in entries {
            let entry = entry.map_err(Error::io(parent, "list"))?;
            let (path, found) = (entry.path(), entry.file_name());
            let Some(rest) = found.as_encoded_bytes().strip_prefix(stage.as_encoded_bytes()) else {
                continue;
            };
            match rest {
                [.., b'.', b'o', b'l', b'd'] if !target.exists() => {
                    fs::rename(&path, &target).map_err(Error::io(&path, "move back"))?;
                }
                [] | [b'-' | b'.', ..] => match fs::remove_dir_all(&path) {
                    // The work is coming to its end too and was faster.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    removed => removed.map_err(Error::io(&path, "remove"))?,
                },
                // The stage of a process whose number begins with ours.
                _ => {}
            }
        }
        Ok(())
    }

    /// Opens the files of a table, one for each format.
    ///
    /// # Errors
    /// [`Error::Io`] when a file cannot be created.
    pub fn table(&self, schema: &'static Schema, formats: &Formats) -> Result<TableWriter, Error> {
        let files = formats.iter().map(|format| {
            let path = self.stage.join(schema.name).with_extension(format.extension());
            Ok((format, TableFile::create(path, schema, format)?))
        });
        Ok(TableWriter { schema, rows: 0, files: files.collect::<Result<_, _>>()? })
    }

    /// Opens a scratch file for rows that are completed at the end of the run.
    ///
    /// # Errors
    /// [`Error::Io`] when it cannot be created.
    pub fn scratch(&self, schema: &'static Schema) -> Result<Spill, Error> {
        Spill::create(self.stage.join(format!(".{}.scratch", schema.name)), schema)
    }

    /// Writes a file that is not a table: `summary.json`.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn file(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        debug_assert!(is_ours(name), "`{name}` is missing in OTHER_FILES");
        let path = self.stage.join(name);
        fs::write(&path, bytes).map_err(Error::io(&path, "write"))
    }

    /// Moves the report to its place. Tables must be finished before.
    ///
    /// A report that is replaced is moved aside first and removed last, so that there is no moment
    /// without one or the other on the disk. Nothing is flushed to the device: a power cut right
    /// after may leave incomplete files.
    ///
    /// # Errors
    /// [`Error::Io`] when something came into the way since [`Output::create`], or a folder cannot
    /// be renamed. The old report is back in its place then.
    pub fn commit(mut self) -> Result<(), Error> {
        let mut aside = self.stage.clone().into_os_string();
        aside.push(".old");
        let aside = PathBuf::from(aside);
        if self.replaces_report {
            fs::rename(&self.target, &aside).map_err(Error::io(&self.target, "move aside"))?;
        } else if let Err(error) = fs::remove_dir(&self.target)
            && error.kind() != io::ErrorKind::NotFound
        {
            return Err(Error::io(&self.target, "replace")(error));
        }
        if let Err(error) = fs::rename(&self.stage, &self.target) {
            if self.replaces_report {
                fs::rename(&aside, &self.target).map_err(Error::io(&aside, "move back"))?;
            }
            return Err(Error::io(&self.target, "move the report here")(error));
        }
        self.committed = true;
        if self.replaces_report {
            fs::remove_dir_all(&aside).map_err(Error::io(&aside, "remove the old report"))?;
        }
        Ok(())
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if self.committed {
            return;
        }
        // There is nobody left to tell of a failure, and a stage left behind is in nobody's way.
        let _ = fs::remove_dir_all(&self.stage);
        for folder in &self.made {
            let _ = fs::remove_dir(folder);
        }
    }
}

/// The files of one table, one for each format, to which encoded rows are appended in order.
#[derive(Debug)]
pub struct TableWriter {
    schema: &'static Schema,
    rows: u64,
    files: Vec<(Format, TableFile)>,
}

impl TableWriter {
    /// Appends rows. I/O only: all work was done by [`encode`](super::encode()).
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::Parquet`] when the file system refuses, [`Error::NotEncoded`] when
    /// a format of this table is missing or the rows belong to another.
    pub fn append(&mut self, rows: Encoded) -> Result<(), Error> {
        let Encoded { schema, rows, mut parquet, mut csv, mut json, scratch: _ } = rows;
        for (format, file) in &mut self.files {
            let encoded = match format {
                _ if schema != self.schema => None,
                Format::Parquet => parquet.take().map(Part::Parquet),
                Format::Csv => csv.take().map(Part::Text),
                Format::Json => json.take().map(Part::Text),
            };
            let encoding = Encoding::Format(*format);
            let missing = Error::NotEncoded { table: self.schema.name, format: encoding };
            match (encoded.ok_or(missing)?, file) {
                (Part::Parquet(group), TableFile::Parquet(writer)) => writer.append(&group)?,
                (Part::Text(bytes), TableFile::Text { path, file }) => {
                    file.write_all(&bytes).map_err(Error::io(path, "write"))?;
                }
                _ => unreachable!("a file is opened for its format"),
            }
        }
        self.rows += rows as u64;
        Ok(())
    }

    /// Completes the files and returns the number of rows in each.
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::Parquet`] when the file system refuses.
    pub fn finish(self) -> Result<u64, Error> {
        for (_, file) in self.files {
            match file {
                TableFile::Parquet(writer) => writer.finish()?,
                TableFile::Text { path, mut file } => {
                    file.flush().map_err(Error::io(&path, "write"))?;
                }
            }
        }
        Ok(self.rows)
    }
}

/// Rows in one format.
enum Part {
    Parquet(parquet::RowGroup),
    Text(Vec<u8>),
}

#[derive(Debug)]
enum TableFile {
    Parquet(Box<parquet::Writer>),
    Text { path: PathBuf, file: BufWriter<File> },
}

impl TableFile {
    fn create(path: PathBuf, schema: &Schema, format: Format) -> Result<Self, Error> {
        if format == Format::Parquet {
            return Ok(Self::Parquet(Box::new(parquet::Writer::create(path, schema)?)));
        }
        let file = File::create_new(&path).map_err(Error::io(&path, "create"))?;
        let mut file = BufWriter::new(file);
        if format == Format::Csv {
            file.write_all(&csv::header(schema)).map_err(Error::io(&path, "write"))?;
        }
        Ok(Self::Text { path, file })
    }
}

/// The folder that `dir` stands for, and its name.
fn target_of(dir: &Path) -> Result<(PathBuf, OsString), Error> {
    let target = match fs::symlink_metadata(dir) {
        Ok(meta) if meta.is_symlink() => {
            fs::canonicalize(dir).map_err(Error::io(dir, "follow the link"))?
        }
        _ => dir.to_owned(),
    };
    let name = target.file_name().map(ToOwned::to_owned);
    let name = name.ok_or_else(|| Error::NoName { path: dir.to_owned() })?;
    Ok((target, name))
}

/// The folder around `target`.
fn parent_of(target: &Path) -> &Path {
    match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// The name of the stage for a report called `name`.
fn stage_name(name: &OsString) -> OsString {
    let mut stage = OsString::from(".");
    stage.push(name);
    stage.push(format!(".partial-{}", std::process::id()));
    stage
}

fn standing(target: &Path) -> Result<Standing, Error> {
    let meta = match fs::symlink_metadata(target) {
        Ok(meta) => meta,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Standing::Nothing),
        Err(error) => return Err(Error::io(target, "look at")(error)),
    };
    if !meta.is_dir() {
        return Ok(Standing::Foreign("a file".to_owned()));
    }
    let mut names: Vec<_> = fs::read_dir(target)
        .and_then(|entries| entries.map(|entry| Ok(entry?.file_name())).collect())
        .map_err(Error::io(target, "list"))?;
    if names.is_empty() {
        return Ok(Standing::EmptyFolder);
    }
    // In name order, so that the message does not depend on the file system.
    names.sort();
    let foreign = names.iter().find(|name: &&OsString| !name.to_str().is_some_and(is_ours));
    Ok(match foreign {
        Some(name) => Standing::Foreign(name.display().to_string()),
        None if is_summary(&target.join(SUMMARY)) => Standing::Report,
        None => Standing::Foreign(names[0].display().to_string()),
    })
}

/// Whether a report may have a file of this name.
fn is_ours(name: &str) -> bool {
    OTHER_FILES.contains(&name)
        || [Format::Parquet, Format::Csv, Format::Json].iter().any(|format| {
            let table = name.strip_suffix(format.extension()).and_then(|n| n.strip_suffix('.'));
            table.is_some_and(|table| TABLES.iter().any(|schema| schema.name == table))
        })
}

/// Whether a file is the summary of a report that this program knows how to replace.
fn is_summary(path: &Path) -> bool {
    let read = |path| serde_json::from_slice::<serde_json::Value>(&fs::read(path).ok()?).ok();
    read(path)
        .and_then(|summary| summary.get("schema_version")?.as_u64())
        .is_some_and(|version| (1..=u64::from(SCHEMA_VERSION)).contains(&version))
}

/// Makes the stage: a hidden folder beside the target, named after it and this process.
fn create_beside(parent: &Path, name: &OsString) -> Result<PathBuf, Error> {
    // A dead process of the same number may have left its stage, and one process can write two
    // reports of one name, so that more than one try can be needed.
    let mut attempt = 0;
    loop {
        let mut stage = stage_name(name);
        if attempt > 0 {
            stage.push(format!("-{attempt}"));
        }
        let stage = parent.join(stage);
        match fs::create_dir(&stage) {
            Ok(()) => return Ok(stage),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && attempt < 100 => {
                attempt += 1;
            }
            Err(error) => return Err(Error::io(&stage, "create")(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::batch::Batch;
    use super::super::encode::encode;
    use super::super::schema::PROBLEMS;
    use super::*;

    const OURS: &[u8] = br#"{"schema_version":1}"#;

    /// A folder to work in, and the path of a report in it.
    fn place() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("report");
        (folder, dir)
    }

    fn names(dir: &Path) -> Vec<String> {
        let entries = fs::read_dir(dir).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn write(out: &Output) {
        let formats = Formats::default();
        let mut table = out.table(&PROBLEMS, &formats).unwrap();
        table.append(encode(&Batch::new(&PROBLEMS), &formats).unwrap()).unwrap();
        table.finish().unwrap();
        out.file(SUMMARY, OURS).unwrap();
    }

    #[test]
    fn a_report_appears_whole_and_only_when_committed() {
        let (folder, dir) = place();
        let out = Output::create(&dir, false).unwrap();
        write(&out);
        assert!(!dir.exists());
        out.commit().unwrap();
        assert_eq!(names(&dir), ["problems.csv", "problems.parquet", SUMMARY]);
        assert_eq!(names(folder.path()), ["report"]);
    }

    #[test]
    fn an_output_that_is_dropped_leaves_nothing_behind() {
        let (folder, _) = place();
        let out = Output::create(&folder.path().join("new/deep/report"), false).unwrap();
        write(&out);
        assert_eq!(names(folder.path()), ["new"]);
        drop(out);
        assert_eq!(names(folder.path()), [""; 0]);
    }

    #[test]
    fn a_sweep_removes_what_was_begun_and_nothing_else() {
        let (folder, dir) = place();
        let out = Output::create(&dir, false).unwrap();
        let second = Output::create(&dir, false).unwrap();
        write(&out);
        let other = format!(".report.partial-{}7", std::process::id());
        fs::create_dir(folder.path().join(&other)).unwrap();
        Output::sweep(&dir).unwrap();
        assert_eq!(names(folder.path()), [other]);
        drop((out, second));
        Output::sweep(&folder.path().join("absent/report")).unwrap();
    }

    #[test]
    fn a_sweep_brings_back_a_report_that_was_moved_aside() {
        let (folder, dir) = place();
        let aside = folder.path().join(format!(".report.partial-{}.old", std::process::id()));
        fs::create_dir(aside).unwrap();
        Output::sweep(&dir).unwrap();
        assert_eq!(names(folder.path()), ["report"]);
    }

    #[test]
    fn an_empty_folder_is_used() {
        let (_folder, dir) = place();
        fs::create_dir(&dir).unwrap();
        let out = Output::create(&dir, false).unwrap();
        write(&out);
        out.commit().unwrap();
        assert_eq!(names(&dir).len(), 3);
    }

    #[test]
    fn a_report_is_replaced_only_with_force() {
        let (folder, dir) = place();
        fs::create_dir(&dir).unwrap();
        fs::write(dir.join(SUMMARY), OURS).unwrap();
        fs::write(dir.join("keys.csv"), "old").unwrap();
        fs::write(dir.join(".DS_Store"), "").unwrap();
        assert!(matches!(Output::create(&dir, false), Err(Error::Exists { .. })));

        let dropped = Output::create(&dir, true).unwrap();
        drop(dropped);
        assert_eq!(fs::read(dir.join("keys.csv")).unwrap(), b"old", "kept until the commit");

        let out = Output::create(&dir, true).unwrap();
        write(&out);
        out.commit().unwrap();
        assert_eq!(names(&dir), ["problems.csv", "problems.parquet", SUMMARY]);
        assert_eq!(names(folder.path()), ["report"]);
    }

    #[test]
    fn what_is_not_only_a_report_is_never_replaced() {
        let check = |fill: &dyn Fn(&Path), expected: &str| {
            for force in [false, true] {
                let (folder, dir) = place();
                fill(&dir);
                match Output::create(&dir, force) {
                    Err(Error::InTheWay { entry, .. }) => assert_eq!(entry, expected),
                    other => panic!("{other:?}"),
                }
                assert_eq!(names(folder.path()), ["report"]);
            }
        };
        let folder = |files: &[(&str, &[u8])]| {
            let files: Vec<_> =
                files.iter().map(|(name, text)| ((*name).to_owned(), text.to_vec())).collect();
            move |dir: &Path| {
                fs::create_dir(dir).unwrap();
                for (name, text) in &files {
                    fs::write(dir.join(name), text).unwrap();
                }
            }
        };
        check(&|dir| fs::write(dir, "").unwrap(), "a file");
        check(&folder(&[("keys.csv", b"")]), "keys.csv");
        check(&folder(&[("notes.txt", b""), (SUMMARY, OURS)]), "notes.txt");
        check(&folder(&[("my.keys.csv", b""), (SUMMARY, OURS)]), "my.keys.csv");
        check(&folder(&[(SUMMARY, b"{}")]), SUMMARY);
        check(&folder(&[(SUMMARY, br#"{"schema_version":2}"#)]), SUMMARY);
        check(&folder(&[(SUMMARY, b"not JSON")]), SUMMARY);
    }

    #[test]
    fn something_that_came_into_the_way_meanwhile_is_kept() {
        let (folder, dir) = place();
        let out = Output::create(&dir, false).unwrap();
        write(&out);
        fs::create_dir(&dir).unwrap();
        fs::write(dir.join("notes.txt"), "mine").unwrap();
        assert!(matches!(out.commit(), Err(Error::Io { .. })));
        assert_eq!(names(&dir), ["notes.txt"]);
        assert_eq!(names(folder.path()), ["report"]);
    }

    #[test]
    fn a_path_without_a_name_is_refused() {
        for path in [".", "..", "/", "reports/.."] {
            assert!(matches!(Output::create(Path::new(path), true), Err(Error::NoName { .. })));
        }
    }

    #[test]
    #[cfg(unix)]
    fn a_link_to_a_folder_stands_for_the_folder() {
        let (folder, dir) = place();
        fs::create_dir(folder.path().join("disk")).unwrap();
        std::os::unix::fs::symlink("disk", &dir).unwrap();
        let out = Output::create(&dir, false).unwrap();
        write(&out);
        out.commit().unwrap();
        assert!(fs::symlink_metadata(&dir).unwrap().is_symlink());
        assert_eq!(names(&folder.path().join("disk")).len(), 3);
    }

    #[test]
    fn two_outputs_of_one_name_do_not_meet() {
        let (_folder, dir) = place();
        let first = Output::create(&dir, false).unwrap();
        let second = Output::create(&dir, false).unwrap();
        write(&first);
        write(&second);
        first.commit().unwrap();
        assert!(second.commit().is_err(), "the first report is not replaced without force");
        assert_eq!(names(&dir).len(), 3);
    }
}
