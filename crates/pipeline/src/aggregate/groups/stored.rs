//! What is counted of errors, as rows of the state and read back from them.

use std::collections::BTreeMap;

use grouping::{Class, Groups, MessageId, Side};
use hashbrown::HashMap;
use model::time::Timestamp;
use rayon::prelude::*;
use redact::{MaskedValues, Redacted};
use tables::cell::{
    ClassWord, CountText, FileName, Fingerprint, MaskedText, MessageHash, OccurrenceWord, SideWord,
};
use tables::state::{
    FileStates, MaskedMessageRow, MessageStates, OccurrenceStateRow, OccurrenceStates,
};
use tables::{Batch, Encoder, ReadError, Stored};

use super::{ErrorCounter, ErrorPlace, MessageNumber, NO_STATUS};
use crate::aggregate::RecordPlace;
use crate::aggregate::endpoints::EndpointId;
use crate::aggregate::intern::Name;
use crate::aggregate::keys::{KeyCounter, KeyId};
use crate::aggregate::small::{count, file_of, micros};
use crate::aggregate::stored::{self, FileNumbers, RowNumbers, number};
use crate::log_text;

impl ErrorCounter {
    /// Rows of `state/masked_messages`; `texts` are theirs, `files` the names of all files.
    pub(in crate::aggregate) fn store_messages(
        &self,
        texts: &std::collections::HashMap<MessageId, String>,
        groups: &Groups,
        files: &[&str],
        rows: &mut Batch<MessageStates>,
    ) {
        for number in self.order() {
            let masked = &self.masked_messages[number as usize];
            let (classes, class_counts) = sorted(&masked.classes);
            let (sides, side_counts) = sorted(&masked.sides);
            rows.push(&MaskedMessageRow {
                message: MessageHash(masked.id.0),
                text: MaskedText(texts.get(&masked.id).map_or("", String::as_str)),
                file: file_of(files, masked.sample.place),
                record: masked.sample.place.record.cast_signed(),
                error: masked.sample.error.cast_signed(),
                fingerprint: Fingerprint(&groups.of(masked.id).fingerprint),
                sample_message: log_text::message(&masked.message),
                count: count(masked.count),
                retryable: count(masked.retryable),
                classes: classes.into_iter().map(|class| ClassWord(class.name())).collect(),
                class_counts: class_counts.iter().map(|count| CountText(count)).collect(),
                sides: sides.into_iter().map(|side| SideWord(side.name())).collect(),
                side_counts: side_counts.iter().map(|count| CountText(count)).collect(),
                first_seen: micros(masked.first),
                last_seen: micros(masked.last),
                alone: count(masked.alone),
            });
        }
    }

    /// Rows of `state/occurrences`, encoded. `open`: as [`KeyCounter::open`].
    pub(in crate::aggregate) fn store_occurrences<E: Encoder>(
        &self,
        rows: &RowNumbers,
        open: &[(MessageNumber, KeyId)],
        encoder: &E,
    ) -> Result<Vec<E::Part>, tables::Error> {
        let message = |number: MessageNumber| rows.messages[number as usize];
        let pair = |place, masked, number| Occurrence {
            place,
            message: message(masked),
            number,
            status: NO_STATUS,
            count: None,
        };
        let key = |key: KeyId| rows.keys[key as usize];
        let mut all: Vec<Occurrence> = Vec::new();
        all.extend(
            self.files
                .iter()
                .map(|&(masked, file)| pair(OccurrencePlace::File, masked, file.cast_signed())),
        );
        all.extend(
            self.runs
                .iter()
                .map(|(masked, run)| pair(OccurrencePlace::Run, *masked, rows.runs[run])),
        );
        all.extend(
            self.keys.iter().map(|&(masked, id)| pair(OccurrencePlace::Key, masked, key(id))),
        );
        all.extend(
            open.iter().map(|&(masked, id)| pair(OccurrencePlace::OpenKey, masked, key(id))),
        );
        all.extend(self.contexts.iter().map(|(&(masked, call, status), &times)| Occurrence {
            status,
            count: Some(times),
            ..pair(OccurrencePlace::Call, masked, rows.calls[call as usize])
        }));
        let mut sets: Vec<(Vec<i32>, u64)> = Vec::with_capacity(self.together.len());
        for (together, &times) in &self.together {
            let mut set: Vec<i32> = together.iter().map(|&masked| message(masked)).collect();
            set.sort_unstable();
            sets.push((set, times));
        }
        sets.sort_unstable();
        for (set, (messages, times)) in (0..).zip(sets) {
            all.extend(messages.into_iter().map(|message| Occurrence {
                place: OccurrencePlace::Exchange,
                message,
                number: set,
                status: NO_STATUS,
                count: Some(times),
            }));
        }
        all.par_sort_unstable();
        // A file can be there more than once.
        all.dedup();
        stored::encode::<OccurrenceStates, _, _>(&all, encoder, |one| OccurrenceStateRow {
            place: OccurrenceWord(one.place.name()),
            message: one.message,
            number: one.number,
            status: (one.status != NO_STATUS).then_some(one.status.into()),
            count: one.count.map(count),
        })
    }

    /// The masked messages of a report, with the numbers of their rows, without their [occurrences](Self::load_occurrences)
    /// and without what is masked in their samples.
    pub(in crate::aggregate) fn load(
        report: &Stored,
        files: FileNumbers<'_>,
    ) -> Result<Self, ReadError> {
        let mut all = Self::default();
        let mut samples: HashMap<String, Vec<MessageNumber>> = HashMap::new();
        let mut rows = 0;
        stored::each::<MessageStates>(report, |row| {
            // The number of its file follows.
            let place = RecordPlace { file: 0, record: row.record.cast_unsigned() };
            let sample = ErrorPlace { place, error: row.error.cast_unsigned() };
            let message = || Redacted::of_report(row.sample_message.0).into_owned();
            let number = all
                .number(MessageId(row.message.0), sample, || (message(), MaskedValues::default()));
            samples.entry_ref(row.file.0).or_default().push(number);
            let here = all.masked_messages.get_mut(number as usize)?;
            here.count = row.count.unsigned_abs();
            here.retryable = row.retryable.unsigned_abs();
            for (word, count) in row.classes.iter().zip(&row.class_counts) {
                let class = Class::ALL.into_iter().find(|class| class.name() == word.0)?;
                here.classes.push((class, count.0.parse().ok()?));
            }
            for (word, count) in row.sides.iter().zip(&row.side_counts) {
                let side = Side::ALL.into_iter().find(|side| side.name() == word.0)?;
                here.sides.push((side, count.0.parse().ok()?));
            }
            here.first = row.first_seen.map(|at| Timestamp(at.0));
            here.last = row.last_seen.map(|at| Timestamp(at.0));
            here.alone = row.alone.unsigned_abs();
            rows += 1;
            (all.masked_messages.len() == rows).then_some(())
        })?;
        let mut file = 0;
        stored::each::<StoredFileNames<'static>>(report, |row| {
            for number in samples.remove(row.file.0).unwrap_or_default() {
                let here = &mut all.masked_messages[number as usize];
                here.sample.place.file = files.here(file)?;
            }
            file += 1;
            Some(())
        })?;
        Ok(all)
    }

    /// Adds where the errors of a report occurred. The numbers of keys and calls are those of their rows; `runs` has the
    /// run of each row.
    pub(in crate::aggregate) fn load_occurrences(
        &mut self,
        report: &Stored,
        files: FileNumbers<'_>,
        keys: &mut KeyCounter,
        runs: &[Name],
        calls: usize,
    ) -> Result<(), ReadError> {
        let messages = self.len();
        let mut sets: BTreeMap<i32, (Vec<MessageNumber>, u64)> = BTreeMap::new();
        let mut place = OccurrencePlace::File;
        stored::each::<OccurrenceStates>(report, |row| {
            if row.place.0 != place.name() {
                let mut all = OccurrencePlace::ALL.into_iter();
                place = all.find(|place| place.name() == row.place.0)?;
            }
            let message = number(row.message).filter(|message| *message < messages)?;
            let message = message as MessageNumber;
            let below = |count: usize| number(row.number).filter(|number| *number < count);
            match place {
                OccurrencePlace::File => self.files.push((message, files.here(row.number)?)),
                OccurrencePlace::Run => {
                    self.runs.insert((message, *runs.get(number(row.number)?)?));
                }
                OccurrencePlace::Key => {
                    self.keys.insert((message, below(keys.len())? as KeyId));
                }
                OccurrencePlace::OpenKey => {
                    keys.load_reason(below(keys.len())? as KeyId, message)?;
                }
                OccurrencePlace::Call => {
                    let status =
                        row.status.map_or(Some(NO_STATUS), |status| status.try_into().ok());
                    let context = (message, below(calls)? as EndpointId, status?);
                    self.contexts.insert(context, row.count?.unsigned_abs());
                }
                OccurrencePlace::Exchange => {
                    let (set, count) = sets.entry(row.number).or_default();
                    set.push(message);
                    *count = row.count?.unsigned_abs();
                }
            }
            Some(())
        })?;
        self.together.extend(sets.into_values());
        Ok(())
    }
}

/// Where errors with a masked message occurred.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum OccurrencePlace {
    File,
    Run,
    Key,
    /// A key that such an error left open.
    OpenKey,
    Call,
    /// A set of masked messages that exchanges have together.
    Exchange,
}

impl OccurrencePlace {
    const ALL: [Self; 6] =
        [Self::File, Self::Run, Self::Key, Self::OpenKey, Self::Call, Self::Exchange];

    /// The word used in the state.
    fn name(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Run => "run",
            Self::Key => "key",
            Self::OpenKey => "open_key",
            Self::Call => "call",
            Self::Exchange => "exchange",
        }
    }
}

/// A row of `state/occurrences`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Occurrence {
    place: OccurrencePlace,
    message: i32,
    number: i32,
    status: u16,
    count: Option<u64>,
}

tables::select! {
    /// The names of all files.
    struct StoredFileNames<'b> from FileStates {
        file: FileName<'b>,
    }
}

/// In their order, and the counts as texts.
fn sorted<T: Copy + Ord>(counts: &[(T, u64)]) -> (Vec<T>, Vec<String>) {
    let mut counts = counts.to_vec();
    counts.sort_unstable();
    counts.into_iter().map(|(one, count)| (one, count.to_string())).unzip()
}
