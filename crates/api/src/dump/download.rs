//! Downloads: which logs they are of, which fields they have, and their text as the API sends it.

use std::collections::HashMap;
use std::io::{Cursor, Write as _};

use archive::{Budget, Decoder, Form, Leaf, Source};
use base64::Engine as _;
use hashbrown::HashSet;
use model::exchange::{BodyKind, Outcome};
use model::extract::Extractor;
use model::time::Timestamp;

use super::{SavedLogs, fields};

/// A text that is a download.
#[derive(Debug)]
pub(super) struct FoundDownload {
    /// Places of its file and, in that, of the text.
    pub(super) place: (u32, u32),
    /// Its name in an archive.
    pub(super) member: Option<String>,
    pub(super) is_whole: bool,
    /// What its exchanges say about each log that they name, at least one; exchanges that name none are together.
    pub(super) of_logs: Vec<OfLog>,
}

/// What the exchanges of a log say about it; mostly the first one.
#[derive(Debug, Clone, Default)]
pub(super) struct OfLog {
    pub(super) log_id: Option<String>,
    pub(super) file_uuid: Option<String>,
    pub(super) run_id: Option<String>,
    pub(super) flow: Option<String>,
    pub(super) step: Option<String>,
    pub(super) row_num: Option<i64>,
    pub(super) started_at: Option<Timestamp>,
    pub(super) outcome: Outcome,
    /// Hashes of its fields and business keys.
    pub(super) fields: HashSet<u64>,
}

impl FoundDownload {
    /// Reads a text; `None` when it is the error answer of an API instead of a log.
    pub(super) fn read(
        leaf: &Leaf<'_>,
        place: (u32, u32),
        extractor: &mut Extractor,
    ) -> Option<Self> {
        let mut of_logs: Vec<OfLog> = Vec::new();
        let mut places: HashMap<u64, usize> = HashMap::new();
        let found = extractor.extract(leaf.text, !leaf.layers.is_empty(), &mut |x| {
            let ids = fields::hash(x.log_id.unwrap_or(""), x.file_uuid.unwrap_or(""));
            let place = *places.entry(ids).or_insert(of_logs.len());
            if place == of_logs.len() {
                of_logs.push(OfLog {
                    log_id: x.log_id.map(str::to_owned),
                    file_uuid: x.file_uuid.map(str::to_owned),
                    run_id: x.run_id.map(str::to_owned),
                    flow: x.flow.map(str::to_owned),
                    step: x.step.map(str::to_owned),
                    row_num: x.row_num,
                    started_at: x.started_at,
                    outcome: x.outcome,
                    fields: HashSet::new(),
                });
            }
            let of_log = &mut of_logs[place];
            if x.outcome == Outcome::Failed {
                // One failed row makes a failed log.
                of_log.outcome = Outcome::Failed;
            }
            if let Some(key) = x.key {
                of_log.fields.insert(fields::hash(key.kind.name(), key.value));
            }
            for body in [x.request, x.response].into_iter().flatten() {
                if body.kind == BodyKind::Json {
                    fields::add_hashes(body.text, &mut of_log.fields);
                }
            }
            if let Some(extra) = x.extra {
                fields::add_hashes(extra, &mut of_log.fields);
            }
        });
        if found.exchanges == 0 && found.error_pages > 0 {
            return None;
        }
        if of_logs.len() <= 1 {
            // All of the document is about the one log.
            if of_logs.is_empty() {
                of_logs.push(OfLog::default());
            }
            fields::add_hashes(leaf.text, &mut of_logs[0].fields);
        }
        Some(Self {
            place,
            member: leaf.member.map(str::to_owned),
            is_whole: leaf.whole && found.faults.is_empty(),
            of_logs,
        })
    }
}

/// Why a download cannot be given.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DownloadError {
    /// Its file cannot be read, or no longer holds it.
    #[error("{file}: {fault}")]
    File {
        /// Name of the file.
        file: String,
        /// What is wrong with it.
        fault: String,
    },
}

impl SavedLogs {
    /// The download of the log at `place` as the documents describe it: base64, on one line and padded, of a zip with
    /// one member for each text. `None` when the dump does not have it. Costs reading its file.
    ///
    /// # Errors
    /// When the file cannot be read any more.
    pub fn download(&self, place: usize) -> Result<Option<String>, DownloadError> {
        let Some(at) = self.logs[place].download else { return Ok(None) };
        let (source, bytes) = self.file(at.source)?;
        let mut members: Vec<(String, String)> = Vec::new();
        let mut leaf_place = 0;
        Decoder::new(self.limits).decode(&bytes, &mut |leaf| {
            if at.leaf.is_none_or(|wanted| wanted == leaf_place) && leaf.form != Form::Binary {
                let id = &self.logs[place].id;
                let name = leaf.member.and_then(|member| member.rsplit('/').next());
                let name = name.map_or_else(|| format!("{id}.json"), str::to_owned);
                members.push((name, leaf.text.to_owned()));
            }
            leaf_place += 1;
        });
        let fault = |fault: String| DownloadError::File { file: source.name.clone(), fault };
        if members.is_empty() {
            return Err(fault("it has changed since the dump was read".to_owned()));
        }
        let zip = zip(&members).map_err(|error| fault(error.to_string()))?;
        Ok(Some(base64::engine::general_purpose::STANDARD.encode(zip)))
    }

    /// The file with the download of the log at `place`, as it is.
    ///
    /// # Errors
    /// When the file cannot be read any more.
    pub fn download_verbatim(&self, place: usize) -> Result<Option<Vec<u8>>, DownloadError> {
        let Some(at) = self.logs[place].download else { return Ok(None) };
        self.file(at.source).map(|(_, bytes)| Some(bytes))
    }

    /// Whether the dump has the download of the log at `place`.
    pub fn has_download(&self, place: usize) -> bool {
        self.logs[place].download.is_some()
    }

    fn file(&self, source: u32) -> Result<(&Source, Vec<u8>), DownloadError> {
        let source = &self.sources[source as usize];
        let mut bytes = Vec::new();
        archive::read(source, &self.limits, &Budget::unlimited().share(0), &mut bytes).map_err(
            |problem| DownloadError::File { file: source.name.clone(), fault: problem.to_string() },
        )?;
        Ok((source, bytes))
    }
}

/// A zip of texts, the same bytes for the same texts. Equal names get a number.
fn zip(members: &[(String, String)]) -> zip::result::ZipResult<Vec<u8>> {
    let options = zip::write::SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Deflated)
        .last_modified_time(zip::DateTime::default());
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (n, (name, text)) in members.iter().enumerate() {
        let is_first = members[..n].iter().all(|(other, _)| other != name);
        let name = if is_first { name.clone() } else { format!("{}-{name}", n + 1) };
        writer.start_file(name, options)?;
        writer.write_all(text.as_bytes())?;
    }
    Ok(writer.finish()?.into_inner())
}
