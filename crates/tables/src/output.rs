//! The folder of a report: built beside its place, and renamed when it is complete.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::xxh3_64;

use super::CsvOptions;
use super::batch::{Batch, Table};
use super::cell::{SettingText, TableName, TextHash};
use super::encode::{Encoded, Format, Formats};
use super::error::Error;
use super::partial::{self, PartialFolder};
use super::rows::TABLES;
use super::schema::{SCHEMA_VERSION, Schema};
use super::spill::Spill;
use super::state::{STATE_FOLDER, STATE_TABLES, TextGroupRow, TextGroups};
use super::workbook::WORKBOOK;
use super::{csv, parquet};

/// The file that makes a folder a report.
pub(super) const SUMMARY: &str = "summary.json";

/// Files of a report that are not tables, and those that file managers leave in every folder they
/// show. [`Output::create`] replaces a folder only if it holds nothing else.
const OTHER_FILES: [&str; 8] = [
    STATE_FOLDER,
    SUMMARY,
    WORKBOOK,
    "report.html",
    "index.html",
    ".DS_Store",
    "Thumbs.db",
    "desktop.ini",
];

/// The ending of scratch files, which a complete report does not have.
pub(super) const SCRATCH: &str = ".scratch";

/// The folder of a scratch report.
const SCRATCH_REPORT: &str = ".report.scratch";

/// A report being written, in a hidden folder beside the one it will be.
///
/// Nothing appears under the final name before [`Output::commit`]. An output that is dropped before removes what it
/// wrote, and the parent folders it made. A killed process leaves the hidden folder, which the next output of the same
/// name removes. While the process lives, no second output of the same name can be made.
#[derive(Debug)]
pub struct Output {
    place: Place,
    replaces_report: bool,
}

/// Where an output is written.
#[derive(Debug)]
enum Place {
    Partial(PartialFolder),
    /// A folder that is no report by itself, as one in the partial folder of another output. Who made the folder around
    /// it removes it.
    Scratch(PathBuf),
}

/// The metadata of each Parquet file of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    /// Version of the rules that make error groups.
    pub rules_version: u32,
    /// What is masked in it; `none` when nothing is.
    pub redaction: &'static str,
}

impl Metadata {
    fn pairs(&self) -> Vec<(&'static str, String)> {
        vec![
            ("schema_version", SCHEMA_VERSION.to_string()),
            ("program version", env!("CARGO_PKG_VERSION").to_owned()),
            ("rules_version", self.rules_version.to_string()),
            ("redaction", self.redaction.to_owned()),
        ]
    }
}

/// What is at the path of a report.
pub(super) enum AtPath {
    Nothing,
    EmptyFolder,
    Report,
    /// Files of a report and nothing else, but no whole one; the first of them.
    Unfinished(String),
    /// Named as in [`Error::InTheWay`].
    Foreign(String),
}

impl Output {
    /// Checks that a report can go to `dir` and makes the partial folder for it. Parents that do not exist
    /// are made. A symbolic link to a folder means that folder.
    ///
    /// An empty folder is used. A report, which is a folder with a `summary.json` of this or an
    /// earlier schema version and no file that a report does not have, is replaced at the end if
    /// `force` is set.
    ///
    /// # Errors
    /// [`Error::Exists`] for a report without `force`, [`Error::InTheWay`] for anything else at
    /// that path, [`Error::Busy`] while another output of this name is being written,
    /// [`Error::Mount`], [`Error::NoName`], and [`Error::Io`] when the partial folder cannot be made.
    pub fn create(dir: &Path, force: bool) -> Result<Self, Error> {
        let (target, name) = target_of(dir)?;
        partial::recover(&target, &name)?;
        replaceable(&target, dir, force)?;
        let partial = PartialFolder::create(&target, &name)?;
        // Again, because another run could have put a report here meanwhile.
        let replaces_report = replaceable(&target, dir, force)?;
        Ok(Self { place: Place::Partial(partial), replaces_report })
    }

    /// An output in a scratch folder of this one, which is gone when this one is committed or dropped.
    ///
    /// # Errors
    /// [`Error::Io`] when the folder cannot be made.
    pub(super) fn scratch(&self) -> Result<Self, Error> {
        Self::scratch_in(self.folder().join(SCRATCH_REPORT))
    }

    /// An output in a folder that is made here, and that the caller removes.
    ///
    /// # Errors
    /// [`Error::Io`] when the folder cannot be made.
    pub(super) fn scratch_in(path: PathBuf) -> Result<Self, Error> {
        fs::create_dir(&path).map_err(Error::io(&path, "create"))?;
        Ok(Self { place: Place::Scratch(path), replaces_report: false })
    }

    /// The folders that an output for `dir` replaces or removes, those that are there: the report, and
    /// what killed runs left beside it. Absolute, without links.
    ///
    /// # Errors
    /// As [`Output::create`] for a path that is no name or a link to nothing.
    pub fn places(dir: &Path) -> Result<Vec<PathBuf>, Error> {
        let (target, name) = target_of(dir)?;
        let mut places = Vec::from(partial::hidden_beside(&target, &name));
        if matches!(at_path(&target), Ok(AtPath::Report)) {
            places.push(target);
        }
        Ok(places.iter().filter_map(|path| path.canonicalize().ok()).collect())
    }

    /// Whether a file belongs to a report, or to what a killed run left of one, by its name and folder: it is named as
    /// a file of a report, and there is a summary beside it, or its folder is hidden as a partial folder is. Files of
    /// other names in such a folder do not belong to the report.
    ///
    /// Reads the summary, if the name is that of a file of a report.
    pub fn holds(path: &Path) -> bool {
        Self::report_of(path).is_some()
    }

    /// The folder of the report to which a file belongs, as [`holds`](Self::holds) says it. It may be some folders above
    /// the file, as for those of the state.
    pub fn report_of<'p>(path: &'p Path) -> Option<&'p Path> {
        let name = path.file_name().and_then(OsStr::to_str)?;
        let none = Path::new("");
        let folder = path.parent().unwrap_or(none);
        let named = |folder: &Path, name: &str| folder.file_name().is_some_and(|own| own == name);
        let found = |folder: &'p Path| {
            let outer = folder.parent().unwrap_or(none);
            if named(folder, SCRATCH_REPORT) && partial::is_name(outer) {
                Some(outer)
            } else {
                let is_report = is_summary(&folder.join(SUMMARY)) || partial::is_name(folder);
                is_report.then_some(folder)
            }
        };
        let of_state = named(folder, STATE_FOLDER) && is_state(name);
        let report = of_state.then(|| found(folder.parent().unwrap_or(none))).flatten();
        report.or_else(|| is_ours(name).then(|| found(folder)).flatten())
    }

    /// Removes everything that this process has written and not committed, for a program that ends without dropping its
    /// outputs. Later commits of this process block until it ends. `false` when there is nothing to remove.
    ///
    /// Waits for a running commit.
    ///
    /// # Errors
    /// [`Error::Io`] when the file system refuses.
    pub fn clean_up() -> Result<bool, Error> {
        partial::clean_up()
    }

    /// Opens the files of a table, one for each format but that of the workbook, which holds several tables.
    ///
    /// # Errors
    /// [`Error::Io`] when a file cannot be created.
    pub fn table(
        &self,
        schema: &'static Schema,
        formats: &Formats,
        metadata: &Metadata,
    ) -> Result<TableWriter, Error> {
        let files = formats.iter().filter(|format| *format != Format::Xlsx).map(|format| {
            let path = self.folder().join(schema.name).with_extension(format.extension());
            Ok((format, TableFile::create(path, schema, format, formats.csv, metadata)?))
        });
        let files = files.collect::<Result<_, _>>()?;
        Ok(TableWriter { schema, rows: 0, formats: formats.clone(), files })
    }

    /// Makes the folder of the state.
    ///
    /// # Errors
    /// [`Error::Io`] when it cannot be made.
    pub(super) fn state_folder(&self) -> Result<(), Error> {
        let path = self.folder().join(STATE_FOLDER);
        fs::create_dir(&path).map_err(Error::io(&path, "create"))
    }

    /// Opens a scratch file for rows that are completed at the end of the run.
    ///
    /// # Errors
    /// [`Error::Io`] when it cannot be created.
    pub fn spill<T: Table>(&self) -> Result<Spill<T>, Error> {
        Spill::create(self.folder().join(format!(".{}{SCRATCH}", T::SCHEMA.name)))
    }

    /// Where its files are until it is committed.
    pub(super) fn folder(&self) -> &Path {
        match &self.place {
            Place::Partial(partial) => partial.path(),
            Place::Scratch(path) => path,
        }
    }

    /// Writes a file that is not a table: `summary.json`.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn file(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        debug_assert!(is_ours(name), "`{name}` is missing in OTHER_FILES");
        let path = self.folder().join(name);
        fs::write(&path, bytes).map_err(Error::io(&path, "write"))
    }

    /// Flushes to disk what was written so far, so that [`commit`](Self::commit) waits less. Blocks, so call it on a thread
    /// of its own. Errors are reported by the commit.
    pub fn flush_ahead(&self) -> Box<dyn FnOnce() + Send> {
        let path = self.folder().to_owned();
        let scratch = matches!(self.place, Place::Scratch(_));
        Box::new(move || {
            if !scratch {
                let _refused = partial::flush(&path);
            }
        })
    }

    /// Moves the report to its place when all of it is on the disk. Tables must be finished before.
    ///
    /// A report that is replaced is exchanged with the new one in one step, and then removed.
    /// Where the file system has no such step (some network and removable disks) it is moved aside
    /// first. A process that is killed between the two steps leaves it under a hidden name, from which
    /// the next [`Output::create`] restores it.
    ///
    /// # Errors
    /// [`Error::InTheWay`] when something was put at the path since [`Output::create`], and [`Error::Io`] when the file
    /// system refuses. An earlier report is still there then.
    pub fn commit(self) -> Result<(), Error> {
        let Place::Partial(partial) = self.place else { return Ok(()) };
        let scratch = partial.path().join(SCRATCH_REPORT);
        if scratch.is_dir() {
            fs::remove_dir_all(&scratch).map_err(Error::io(&scratch, "remove"))?;
        }
        partial.publish(self.replaces_report)
    }
}

/// The files of one table, one for each format, to which encoded rows are appended in order.
#[derive(Debug)]
pub struct TableWriter {
    schema: &'static Schema,
    rows: u64,
    formats: Formats,
    files: Vec<(Format, TableFile)>,
}

impl TableWriter {
    /// Appends rows. I/O only: all work was done by [`encode`](super::encode()).
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::Parquet`] when the file system refuses, [`Error::NotEncoded`] when
    /// a format of this table is missing or the rows belong to another.
    pub fn append(&mut self, rows: Encoded) -> Result<(), Error> {
        let Encoded { schema, rows, mut parquet, mut csv, mut json, workbook: _ } = rows;
        for (format, file) in &mut self.files {
            let encoded = match format {
                _ if schema != self.schema => None,
                Format::Parquet => parquet.take().map(FormatPart::Parquet),
                Format::Csv => csv.take().map(FormatPart::Text),
                Format::Json => json.take().map(FormatPart::Text),
                Format::Xlsx => None,
            };
            let missing = Error::NotEncoded { table: self.schema.name, format: format.name() };
            match (encoded.ok_or(missing)?, file) {
                (FormatPart::Parquet(group), TableFile::Parquet(writer)) => {
                    writer.append(&group)?;
                }
                (FormatPart::Text(bytes), TableFile::Text { path, file, groups }) => {
                    file.write_all(&bytes).map_err(Error::io(path, "write"))?;
                    if rows > 0 {
                        groups.push((bytes.len() as u64, xxh3_64(&bytes)));
                    }
                }
                _ => unreachable!("a file is opened for its format"),
            }
        }
        self.rows += rows as u64;
        Ok(())
    }

    /// Appends the lengths and checksums of the row groups in its text files.
    pub(super) fn push_text_groups(&self, batch: &mut Batch<TextGroups>) {
        for (format, file) in &self.files {
            let TableFile::Text { groups, .. } = file else { continue };
            let format = self.formats.word(*format);
            for (bytes, digest) in groups {
                batch.push(&TextGroupRow {
                    table: TableName(self.schema.name),
                    format: SettingText(&format),
                    bytes: bytes.cast_signed(),
                    digest: TextHash(*digest),
                });
            }
        }
    }

    /// Completes the files and returns the number of rows in each.
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::Parquet`] when the file system refuses.
    pub fn finish(self) -> Result<u64, Error> {
        for (_, file) in self.files {
            match file {
                TableFile::Parquet(writer) => writer.finish()?,
                TableFile::Text { path, mut file, .. } => {
                    file.flush().map_err(Error::io(&path, "write"))?;
                }
            }
        }
        Ok(self.rows)
    }
}

/// Rows in one format.
enum FormatPart {
    Parquet(parquet::RowGroup),
    Text(Vec<u8>),
}

#[derive(Debug)]
enum TableFile {
    Parquet(Box<parquet::Writer>),
    Text {
        path: PathBuf,
        file: BufWriter<File>,
        /// For each row group the number of bytes, and their XXH3.
        groups: Vec<(u64, u64)>,
    },
}

impl TableFile {
    fn create(
        path: PathBuf,
        schema: &Schema,
        format: Format,
        csv_options: CsvOptions,
        metadata: &Metadata,
    ) -> Result<Self, Error> {
        if format == Format::Parquet {
            let writer = parquet::Writer::create(path, schema, metadata.pairs())?;
            return Ok(Self::Parquet(Box::new(writer)));
        }
        let file = File::create_new(&path).map_err(Error::io(&path, "create"))?;
        let mut file = BufWriter::new(file);
        if format == Format::Csv {
            file.write_all(&csv::header(schema, csv_options)).map_err(Error::io(&path, "write"))?;
        }
        Ok(Self::Text { path, file, groups: Vec::new() })
    }
}

/// The folder that `dir` means, and its name.
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

/// Whether there is a report at the target that may be replaced. `dir`: the path as the user wrote it.
fn replaceable(target: &Path, dir: &Path, force: bool) -> Result<bool, Error> {
    let path = dir.to_owned();
    let replaces = match at_path(target)? {
        AtPath::Nothing => return Ok(false),
        AtPath::EmptyFolder => false,
        AtPath::Report if force => true,
        AtPath::Report => return Err(Error::Exists { path }),
        AtPath::Unfinished(entry) | AtPath::Foreign(entry) => {
            return Err(Error::InTheWay { path, entry });
        }
    };
    partial::refuse_mount(target)?;
    Ok(replaces)
}

/// Finds out what is at a path.
pub(super) fn at_path(target: &Path) -> Result<AtPath, Error> {
    let meta = match fs::symlink_metadata(target) {
        Ok(meta) => meta,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(AtPath::Nothing),
        Err(error) => return Err(Error::io(target, "look at")(error)),
    };
    if !meta.is_dir() {
        return Ok(AtPath::Foreign("a file".to_owned()));
    }
    let mut names: Vec<_> = fs::read_dir(target)
        .and_then(|entries| entries.map(|entry| Ok(entry?.file_name())).collect())
        .map_err(Error::io(target, "list"))?;
    if names.is_empty() {
        return Ok(AtPath::EmptyFolder);
    }
    // In name order, so that the message does not depend on the file system.
    names.sort();
    let foreign = names.iter().find(|name: &&OsString| !name.to_str().is_some_and(is_ours));
    if foreign.is_none() && names.iter().any(|name| name == STATE_FOLDER) {
        let path = target.join(STATE_FOLDER);
        let entries = fs::read_dir(&path).map_err(Error::io(&path, "list"))?;
        for entry in entries {
            let name = entry.map_err(Error::io(&path, "list"))?.file_name();
            if !name.to_str().is_some_and(is_state) {
                return Ok(AtPath::Foreign(format!("{STATE_FOLDER}/{}", name.display())));
            }
        }
    }
    Ok(match foreign {
        Some(name) => AtPath::Foreign(name.display().to_string()),
        None if is_summary(&target.join(SUMMARY)) => AtPath::Report,
        None => AtPath::Unfinished(names[0].display().to_string()),
    })
}

/// Whether the folder of the state may have a file of this name.
fn is_state(name: &str) -> bool {
    let table = name.strip_suffix(".parquet");
    let own = |schema: &&Schema| schema.name.rsplit_once('/').map(|(_, table)| table) == table;
    STATE_TABLES.iter().any(own)
}

/// Whether a report, or one being written, may have a file of this name.
fn is_ours(name: &str) -> bool {
    let is_table = |name: &str| TABLES.iter().any(|schema| schema.name == name);
    let scratch = name.strip_prefix('.').and_then(|name| name.strip_suffix(SCRATCH));
    OTHER_FILES.contains(&name)
        || name == SCRATCH_REPORT
        || scratch.is_some_and(is_table)
        || [Format::Parquet, Format::Csv, Format::Json].iter().any(|format| {
            let table = name.strip_suffix(format.extension()).and_then(|n| n.strip_suffix('.'));
            table.is_some_and(is_table)
        })
}

/// Whether a file is the summary of a report that this program can replace.
fn is_summary(path: &Path) -> bool {
    let read = |path| serde_json::from_slice::<serde_json::Value>(&fs::read(path).ok()?).ok();
    read(path)
        .and_then(|summary| summary.get("schema_version")?.as_u64())
        .is_some_and(|version| (1..=u64::from(SCHEMA_VERSION)).contains(&version))
}

#[cfg(test)]
mod tests {
    use super::super::batch::Batch;
    use super::super::encode::encode;
    use super::super::rows::{PROBLEMS, Problems};
    use super::*;

    const OURS: &[u8] = br#"{"schema_version":1}"#;
    const METADATA: Metadata = Metadata { rules_version: 2, redaction: "none" };

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
        let mut table = out.table(&PROBLEMS, &formats, &METADATA).unwrap();
        table.append(encode(&Batch::<Problems>::new(), &formats).unwrap()).unwrap();
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
    fn a_folder_named_state_with_other_files_is_in_the_way() {
        let (_folder, dir) = place();
        let out = Output::create(&dir, false).unwrap();
        write(&out);
        out.state_folder().unwrap();
        out.commit().unwrap();
        let file = dir.join("state/files.parquet");
        fs::write(&file, "").unwrap();
        assert!(Output::holds(&file) && !Output::holds(&dir.join("state/notes.txt")));
        assert!(matches!(at_path(&dir), Ok(AtPath::Report)));
        fs::write(dir.join("state/notes.txt"), "").unwrap();
        assert!(matches!(at_path(&dir), Ok(AtPath::Foreign(name)) if name == "state/notes.txt"));
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
        check(&folder(&[(SUMMARY, br#"{"schema_version":3}"#)]), SUMMARY);
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
        let (folder, dir) = place();
        let first = Output::create(&dir, false).unwrap();
        write(&first);
        for force in [false, true] {
            assert!(matches!(Output::create(&dir, force), Err(Error::Busy { .. })));
        }
        first.commit().unwrap();
        assert_eq!(names(&dir).len(), 3);
        assert!(matches!(Output::create(&dir, false), Err(Error::Exists { .. })));
        assert_eq!(names(folder.path()), ["report"]);
        drop(Output::create(&dir, true).unwrap());
    }

    #[test]
    fn what_a_killed_run_left_is_removed() {
        let (folder, dir) = place();
        let left = folder.path().join(".report.partial");
        fs::create_dir(&left).unwrap();
        fs::write(left.join("exchanges.parquet"), "half").unwrap();
        fs::write(left.join(".errors.scratch"), "half").unwrap();
        let out = Output::create(&dir, false).unwrap();
        assert_eq!(names(&left), [""; 0]);
        write(&out);
        out.commit().unwrap();
        assert_eq!(names(folder.path()), ["report"]);
    }

    #[test]
    fn what_only_has_the_name_of_a_partial_folder_is_kept() {
        let (folder, dir) = place();
        let mine = folder.path().join(".report.partial");
        fs::create_dir(&mine).unwrap();
        fs::write(mine.join("notes.txt"), "mine").unwrap();
        match Output::create(&dir, true) {
            Err(Error::InTheWay { path, entry }) => {
                assert_eq!((path, entry.as_str()), (mine.clone(), "notes.txt"));
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(fs::read(mine.join("notes.txt")).unwrap(), b"mine");
    }

    #[test]
    fn a_report_that_a_killed_run_had_moved_aside_comes_back() {
        let (folder, dir) = place();
        let aside = folder.path().join(".report.partial.old");
        let old = |to: &Path| {
            fs::create_dir(to).unwrap();
            fs::write(to.join(SUMMARY), OURS).unwrap();
        };
        old(&aside);
        assert!(matches!(Output::create(&dir, false), Err(Error::Exists { .. })));
        assert_eq!(names(folder.path()), ["report"]);
        // The other case: the new report is in place, the old one not yet removed.
        old(&aside);
        drop(Output::create(&dir, true).unwrap());
        assert_eq!(names(folder.path()), ["report"]);
    }

    #[test]
    fn what_came_into_a_report_meanwhile_is_kept() {
        let (folder, dir) = place();
        fs::create_dir(&dir).unwrap();
        fs::write(dir.join(SUMMARY), OURS).unwrap();
        let out = Output::create(&dir, true).unwrap();
        write(&out);
        fs::write(dir.join("notes.txt"), "mine").unwrap();
        assert!(matches!(out.commit(), Err(Error::InTheWay { .. })));
        assert_eq!(names(&dir), ["notes.txt", SUMMARY]);
        assert_eq!(names(folder.path()), ["report"]);
    }
}
