//! What a report keeps beside its tables, so that it can be merged with others: the rows of the state.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use grouping::{Groups, MaskedMessages, MessageId, RULES_VERSION};
use model::exchange::BodyKind;
use model::listing::{Listing, LogType, State, Status};
use model::time::Timestamp;
use redact::{Counts, Redacted, Scope};
use tables::cell::{
    BodyDigest, BodyKindWord, ClassWord, CountText, EvidenceWord, FileName, FileOutcomeWord,
    FileUuid, Fingerprint, FlagText, FlowName, FlowStateText, FlowTypeText, KeyKindWord, KeyValue,
    LogId, LogStateWord, LogStatusWord, LogTypeWord, MemberName, MessageHash, Micros, OutcomeWord,
    ParentGroupId, ParentLogId, ProcessGroupId, ProcessGroupName, RedactionPlace,
    RedactionRuleWord, RunId, ScheduleText, SettingText, ShapeHash, SideWord, StepName, TextHash,
};
use tables::state::{
    ErrorStateRow, ErrorStates, ExchangeStateRow, ExchangeStates, FileStateRow, FileStates,
    GroupAliasRow, GroupAliases, LeafRow, Leaves, LinkRow, Links, ListedFlowRow, ListedFlows,
    ListedProjectRow, ListedProjects, MessageStates, RedactionStateRow, RedactionStates,
    STATE_VERSION, SettingRow, Settings, ShapeRow, Shapes, SnapshotRow, Snapshots,
};
use tables::{Batch, Encoder, ReadError, Stored};
use xxhash_rust::xxh3::xxh3_64;

use crate::aggregate::{Accumulator, SmallTexts};
use crate::link::{Linked, NameLink};
use crate::log_text;
use crate::outcome::{FileFacts, FileOutcome};
use crate::records::{RedactedError, RedactedExchange};
use crate::run::Options;
use crate::survey::LeafHashes;
use crate::worker::KeepBodies;

/// Rows of the state that workers make.
#[derive(Debug, Default)]
pub(crate) struct StateBatches {
    leaves: Batch<Leaves>,
    links: Batch<Links>,
    exchanges: Batch<ExchangeStates>,
    errors: Batch<ErrorStates>,
    /// Links and errors of the leaf at hand.
    of_leaf: (u32, u32),
}

/// A text that was read as a log, for the state.
pub(crate) struct KeptLeaf<'l> {
    pub(crate) leaf: u32,
    pub(crate) member: Option<&'l str>,
    pub(crate) hashes: LeafHashes,
    pub(crate) exchanges: u32,
    pub(crate) copied: bool,
    pub(crate) outcome: FileOutcome,
    /// Where its name leads to.
    pub(crate) link: Option<&'l NameLink>,
}

impl StateBatches {
    /// Adds a leaf, after its exchanges.
    pub(crate) fn leaf(&mut self, file: &str, kept: &KeptLeaf<'_>) {
        let KeptLeaf { leaf, member, hashes, exchanges, copied, outcome, link } = kept;
        let (links, errors) = std::mem::take(&mut self.of_leaf);
        self.leaves.push(&LeafRow {
            file: FileName(file),
            leaf: leaf.cast_signed(),
            member: member.map(MemberName),
            begin: hashes.dense.map(|(begin, _)| TextHash(begin)),
            digest: BodyDigest(hashes.digest),
            dense: hashes.dense.map(|(_, dense)| BodyDigest(dense)),
            exchanges: exchanges.cast_signed(),
            copied: *copied,
            outcome: FileOutcomeWord(outcome.name()),
            linked: link.map(|link| TextHash(link.hash())),
            links: links.cast_signed(),
            errors: errors.cast_signed(),
        });
    }

    /// Adds an exchange with so many rows of `errors`.
    pub(crate) fn exchange(
        &mut self,
        known: &RedactedExchange<'_>,
        linked: &Linked<'_>,
        leaf: u32,
        errors: usize,
    ) {
        let x = known.x;
        let mut link = LinkRow {
            log_id: x.log_id.map(LogId),
            run_id: x.run_id.map(RunId),
            file_uuid: x.file_uuid.map(FileUuid),
            flow: x.flow.map(FlowName),
            step: x.step.map(StepName),
            linked: TextHash(0),
        };
        let last = self.links.last().filter(|_| self.of_leaf.0 > 0);
        if last.is_none_or(|last| LinkRow { linked: link.linked, ..last } != link) {
            link.linked = TextHash(linked.hash());
            self.links.push(&link);
            self.of_leaf.0 += 1;
        }
        self.of_leaf.1 += errors as u32;
        let bytes = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
        let flag = |failed| FlagText(if failed { "1" } else { "0" });
        let few = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
        self.exchanges.push(&ExchangeStateRow {
            leaf: leaf.cast_signed(),
            link: (self.of_leaf.0 - 1).cast_signed(),
            outcome: OutcomeWord(x.outcome.name()),
            evidence: x.evidence.map(|evidence| EvidenceWord(evidence.name())),
            request_bytes: known.request.map(|body| bytes(body.bytes)),
            request_shape: known.request.map(|body| ShapeHash(body.shape)),
            request_kind: known.request.map(|body| BodyKindWord(body.kind.name())),
            response_bytes: known.response.map(|body| bytes(body.bytes)),
            response_shape: known.response.map(|body| ShapeHash(body.shape)),
            response_kind: known.response.map(|body| BodyKindWord(body.kind.name())),
            row_kinds: x.rows.iter().map(|row| KeyKindWord(row.key.kind.name())).collect(),
            row_keys: x.rows.iter().map(|row| KeyValue(row.key.value)).collect(),
            row_failed: x.rows.iter().map(|row| flag(row.failed)).collect(),
            errors: few(errors),
            unlisted: few(known.unlisted as usize),
        });
    }

    pub(crate) fn error(&mut self, error: &RedactedError<'_>) {
        self.errors.push(&ErrorStateRow {
            message: MessageHash(error.masked.0),
            class: ClassWord(error.class.name()),
            side: error.side.map(|side| SideWord(side.name())),
        });
    }

    /// Encodes the rows and leaves the batches empty.
    pub(crate) fn encode<E: Encoder>(
        &mut self,
        encoder: &E,
    ) -> Result<Vec<E::Part>, tables::Error> {
        let mut parts = Vec::new();
        if !self.leaves.is_empty() {
            parts.push(encoder.encode(&mut self.leaves)?);
        }
        if !self.links.is_empty() {
            parts.push(encoder.encode(&mut self.links)?);
        }
        if !self.exchanges.is_empty() {
            parts.push(encoder.encode(&mut self.exchanges)?);
        }
        if !self.errors.is_empty() {
            parts.push(encoder.encode(&mut self.errors)?);
        }
        Ok(parts)
    }
}

/// How a report was made, which decides whether it can be merged with another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReportSettings {
    state_version: i32,
    program: String,
    rules_version: i32,
    pub(crate) user_rules: Option<String>,
    pub(crate) user_roles: Option<String>,
    pub(crate) limits: String,
    pub(crate) bodies: KeepBodies,
    pub(crate) redaction: String,
    /// As [`tables::Sink::formats`].
    pub(crate) formats: Option<String>,
    pub(crate) redaction_key: Option<String>,
}

impl ReportSettings {
    /// Those of a job whose tables have these formats.
    pub(crate) fn of(options: &Options, formats: Option<String>) -> Self {
        // Neither changes a row.
        let limits = archive::Limits { in_flight_bytes: 0, ..options.limits };
        Self {
            state_version: STATE_VERSION.cast_signed(),
            program: env!("CARGO_PKG_VERSION").to_owned(),
            rules_version: RULES_VERSION.cast_signed(),
            user_rules: (!options.rules.is_empty()).then(|| options.rules.digest()),
            user_roles: (!options.roles.is_empty()).then(|| options.roles.digest()),
            limits: format!("{:016x}", xxh3_64(format!("{limits:?}").as_bytes())),
            bodies: options.bodies,
            redaction: options.redactor.level().name().to_owned(),
            formats,
            redaction_key: options.redactor.key_check_value().map(str::to_owned),
        }
    }

    /// Those of a report on disk.
    pub(crate) fn stored(report: &Stored) -> Result<Self, ReadError> {
        let mut table = report.table::<Settings>()?;
        if table.len() != 1 {
            let path = report.path().join("state/settings.parquet");
            let fault = format!("{} rows instead of 1", table.len());
            return Err(ReadError::Damaged { path, fault });
        }
        let rows = table.read::<Settings>(0)?;
        let row = rows.get(0);
        let owned = |text: SettingText<'_>| text.0.to_owned();
        let bodies = KeepBodies::ALL.into_iter().find(|bodies| bodies.name() == row.bodies.0);
        Ok(Self {
            state_version: row.state_version,
            program: owned(row.program),
            rules_version: row.rules_version,
            user_rules: row.user_rules.map(owned),
            user_roles: row.user_roles.map(owned),
            limits: owned(row.limits),
            bodies: bodies.unwrap_or_default(),
            redaction: owned(row.redaction),
            formats: row.formats.map(owned),
            redaction_key: row.redaction_key.map(owned),
        })
    }

    /// Whether this version of the program made the report.
    pub(crate) fn is_of_this_program(&self) -> bool {
        self.version()
            == (STATE_VERSION.cast_signed(), env!("CARGO_PKG_VERSION"), RULES_VERSION.cast_signed())
    }

    fn version(&self) -> (i32, &str, i32) {
        (self.state_version, &self.program, self.rules_version)
    }

    /// In what they differ from others, formats aside, in words of the command line.
    pub(crate) fn differences(&self, other: &Self) -> Vec<&'static str> {
        let all = [
            ("versions of the program", self.version() != other.version()),
            ("--rules", self.user_rules != other.user_rules),
            ("--roles", self.user_roles != other.user_roles),
            ("limits", self.limits != other.limits),
            ("--bodies", self.bodies != other.bodies),
            ("--redact", self.redaction != other.redaction),
            ("keys of pseudonyms (--redact-key)", self.redaction_key != other.redaction_key),
        ];
        all.into_iter().filter(|(_, differs)| *differs).map(|(what, _)| what).collect()
    }

    pub(crate) fn row(&self) -> SettingRow<'_> {
        SettingRow {
            state_version: self.state_version,
            program: SettingText(&self.program),
            rules_version: self.rules_version,
            user_rules: self.user_rules.as_deref().map(SettingText),
            user_roles: self.user_roles.as_deref().map(SettingText),
            limits: SettingText(&self.limits),
            bodies: SettingText(self.bodies.name()),
            redaction: SettingText(&self.redaction),
            formats: self.formats.as_deref().map(SettingText),
            redaction_key: self.redaction_key.as_deref().map(SettingText),
        }
    }
}

/// How often each rule was applied to what: a file, or a text of the small tables.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum RedactedWhat {
    /// A file, by its name.
    File(String),
    /// Texts of the small tables, by the id of what they belong to: a masked message, a group, a shape, a log.
    Text(u64),
}

/// How often each rule was applied in each place, to what. Place and rule are those of the table `redactions`.
pub(crate) type RedactionCounts = BTreeMap<(RedactedWhat, String, String), u64>;

/// Adds the counts of one thing.
pub(crate) fn add_counts(all: &mut RedactionCounts, what: &RedactedWhat, counts: &Counts) {
    for (place, rule, count) in counts.iter() {
        let key = (what.clone(), place.to_owned(), rule.name().to_owned());
        *all.entry(key).or_default() += count;
    }
}

/// Masks texts of the small tables, and counts for each of them apart.
#[derive(Debug)]
pub struct TextRedaction<'s> {
    scope: &'s mut Scope,
    /// Of each text in which something was masked, or which was counted before.
    pub(crate) counts: RedactionCounts,
    /// The counts of earlier reports.
    known: RedactionCounts,
}

impl<'s> TextRedaction<'s> {
    /// With the counts of texts that were redacted in reports that are merged.
    pub(crate) fn new(scope: &'s mut Scope, known: RedactionCounts) -> Self {
        Self { scope, counts: RedactionCounts::new(), known }
    }

    /// The scope, to begin an exchange or to learn.
    pub(crate) fn scope(&mut self) -> &mut Scope {
        self.scope
    }

    /// Masks a text. `id`: of what the text belongs to, by which it is counted.
    pub(crate) fn text<'t>(
        &mut self,
        id: u64,
        mask: impl FnOnce(&mut Scope) -> Redacted<'t>,
    ) -> Redacted<'t> {
        let text = mask(self.scope);
        let counts = self.scope.take_counts();
        if counts.is_empty() && self.known.is_empty() {
            return text;
        }
        let what = RedactedWhat::Text(id);
        add_counts(&mut self.counts, &what, &counts);
        self.take_known(&what);
        text
    }

    /// Takes over the counts of a text that was redacted before.
    pub(crate) fn take_known(&mut self, what: &RedactedWhat) {
        let first = (what.clone(), String::new(), String::new());
        let of_text = self.known.range(first..).take_while(|((other, ..), _)| other == what);
        let of_text: Vec<_> = of_text.map(|(key, count)| (key.clone(), *count)).collect();
        self.counts.extend(of_text);
    }
}

/// The rows of the state that are known at the end.
#[derive(Debug, Default)]
pub(crate) struct StateTables {
    pub(crate) settings: Batch<Settings>,
    files: Batch<FileStates>,
    snapshots: Batch<Snapshots>,
    flows: Batch<ListedFlows>,
    projects: Batch<ListedProjects>,
    messages: Batch<MessageStates>,
    aliases: Batch<GroupAliases>,
    shapes: Batch<Shapes>,
    redactions: Batch<RedactionStates>,
}

/// For masked messages, by their ids, the fingerprints that their groups had in other reports.
pub(crate) type EarlierGroups = BTreeMap<u64, BTreeSet<String>>;

impl StateTables {
    /// Adds a file.
    pub(crate) fn file(&mut self, name: &str, facts: &FileFacts) {
        let few = |count: u32| i32::try_from(count).unwrap_or(i32::MAX);
        let members: Vec<String> = facts.members.counts().map(|count| count.to_string()).collect();
        self.files.push(&FileStateRow {
            file: FileName(name),
            modified: facts.modified.map(Micros),
            lossy: facts.signs.lossy,
            pages: few(facts.signs.pages),
            error_pages: few(facts.signs.error_pages),
            others: few(facts.signs.others),
            members: members.iter().map(|count| CountText(count)).collect(),
        });
    }

    /// Adds what the listing pages say; the listing is not finished. `file` is the name of the file at a place.
    pub(crate) fn listing<'n>(
        &mut self,
        listing: &Listing,
        scope: &mut Scope,
        file: impl Fn(u64) -> &'n str,
    ) {
        for entry in listing.snapshots() {
            scope.begin();
            let extra = entry.extra.as_deref();
            scope.learn(extra.unwrap_or_default());
            // They are counted where the row of the log is made.
            let by = entry.triggered_by.as_deref().map(|by| {
                let name = if by.trim() == "System" { "" } else { "username" };
                scope.value("logs.triggered_by", name, by)
            });
            let extra = extra.map(|extra| scope.uncounted(extra));
            let micros = |at: Option<Timestamp>| at.map(|at| Micros(at.0));
            self.snapshots.push(&SnapshotRow {
                id: LogId(&entry.id),
                log_type: entry.log_type.map(LogType::name).map(LogTypeWord),
                process_group_id: entry.process_group_id.as_deref().map(ProcessGroupId),
                process_group_name: entry.process_group_name.as_deref().map(ProcessGroupName),
                parent_process_group_id: entry
                    .parent_process_group_id
                    .as_deref()
                    .map(ParentGroupId),
                original_filename_uuid: entry.original_filename_uuid.as_deref().map(RunId),
                filename_uuid: entry.filename_uuid.as_deref().map(FileUuid),
                state: entry.state.map(State::name).map(LogStateWord),
                status: entry.status.map(Status::name).map(LogStatusWord),
                created: micros(entry.created),
                finished: micros(entry.finished),
                process_count: entry.process_count,
                success_count: entry.success_count,
                fail_count: entry.fail_count,
                fragment_count: entry.fragment_count,
                row_num: entry.row_num,
                flow_order: entry.flow_order,
                in_bound: entry.in_bound,
                schedule: entry.schedule.as_deref().map(ScheduleText),
                is_triggered: entry.is_triggered,
                triggered_by: by.as_ref().map(log_text::triggered_by),
                is_send_s3: entry.is_send_s3,
                parent_id: entry.parent_id.as_deref().map(ParentLogId),
                extra: extra.as_ref().map(log_text::extra),
            });
        }
        let _counted_with_the_logs = scope.take_counts();
        for (place, flow) in listing.listed_flows() {
            self.flows.push(&ListedFlowRow {
                file: FileName(file(*place)),
                id: ProcessGroupId(&flow.id),
                component_id: flow.component_id.as_deref().map(ProcessGroupId),
                flow_id: flow.flow_id.as_deref().map(ProcessGroupId),
                name: flow.name.as_deref().map(FlowName),
                slug: flow.slug.as_deref().map(FlowName),
                flow_type: flow.flow_type.as_deref().map(FlowTypeText),
                inbound: flow.inbound,
                state: flow.state.as_deref().map(FlowStateText),
                scheduling_strategy: flow.scheduling_strategy.as_deref().map(ScheduleText),
                scheduling_period: flow.scheduling_period.as_deref().map(ScheduleText),
                parent_group_id: flow.parent_group_id.as_deref().map(ParentGroupId),
            });
        }
        for (place, project) in listing.listed_projects() {
            self.projects.push(&ListedProjectRow {
                file: FileName(file(*place)),
                id: ProcessGroupId(&project.id),
                project_id: project.project_id.as_deref().map(ProcessGroupId),
                name: project.name.as_deref().map(ProcessGroupName),
                slug: project.slug.as_deref().map(ProcessGroupName),
                created: project.created.map(|at| Micros(at.0)),
                flow_count: project.flow_count,
                state: project.state.as_deref().map(FlowStateText),
            });
        }
    }

    /// Adds the masked messages, as they are written; `files` are the names of all files.
    pub(crate) fn messages(
        &mut self,
        counted: &Accumulator,
        texts: &HashMap<MessageId, String>,
        groups: &Groups,
        files: &[&str],
    ) {
        counted.store_messages(texts, groups, files, &mut self.messages);
    }

    /// Adds the fingerprints that groups no longer have.
    pub(crate) fn aliases(&mut self, earlier: &EarlierGroups, groups: &Groups) {
        let names: BTreeSet<&str> = groups.iter().map(|group| group.fingerprint.as_str()).collect();
        let mut aliases = BTreeSet::new();
        for (message, earlier) in earlier {
            let new = groups.of(MessageId(*message)).fingerprint.as_str();
            let gone = earlier.iter().map(String::as_str).filter(|old| !names.contains(old));
            aliases.extend(gone.map(|old| (old, new)));
        }
        for (old, new) in aliases {
            self.aliases.push(&GroupAliasRow { old: Fingerprint(old), new: Fingerprint(new) });
        }
    }

    /// Adds the shapes of bodies.
    pub(crate) fn shapes(&mut self, counted: &Accumulator, texts: &SmallTexts<'_>) {
        for (shape, paths) in texts.paths() {
            let kind = counted.body_kind(shape).unwrap_or(BodyKind::Text);
            self.shapes.push(&ShapeRow {
                shape: ShapeHash(shape),
                kind: BodyKindWord(kind.name()),
                paths: paths.iter().map(log_text::shape_path).collect(),
            });
        }
    }

    /// Adds how often rules were applied.
    pub(crate) fn redactions(&mut self, counts: &RedactionCounts) {
        for ((what, place, rule), count) in counts {
            let (file, text) = match what {
                RedactedWhat::File(name) => (Some(FileName(name)), None),
                RedactedWhat::Text(id) => (None, Some(TextHash(*id))),
            };
            self.redactions.push(&RedactionStateRow {
                file,
                text,
                place: RedactionPlace(place),
                rule: RedactionRuleWord(rule),
                count: i64::try_from(*count).unwrap_or(i64::MAX),
            });
        }
    }

    /// Encodes all rows.
    pub(crate) fn encode<E: Encoder>(mut self, encoder: &E) -> Result<Vec<E::Part>, tables::Error> {
        Ok(vec![
            encoder.encode(&mut self.settings)?,
            encoder.encode(&mut self.files)?,
            encoder.encode(&mut self.snapshots)?,
            encoder.encode(&mut self.flows)?,
            encoder.encode(&mut self.projects)?,
            encoder.encode(&mut self.messages)?,
            encoder.encode(&mut self.aliases)?,
            encoder.encode(&mut self.shapes)?,
            encoder.encode(&mut self.redactions)?,
        ])
    }
}

/// Replaces the masked messages in which something has to be masked. Where a state is kept, what is mined is what it
/// keeps, so that one run and a merge make the same groups. Without one, groups do not depend on what is masked.
pub(crate) fn redact_messages(
    counted: &Accumulator,
    messages: &mut MaskedMessages,
    redaction: &mut TextRedaction<'_>,
) {
    let mut replaced = Vec::new();
    for (id, text) in messages.iter() {
        let Some(values) = counted.masked_values(id) else { continue };
        redaction.scope().begin();
        redaction.scope().learn_masked(values);
        let part = char::from(grouping::PART);
        let places = [
            "error_groups.code",
            "error_groups.field",
            "error_groups.template",
            "error_groups.template",
            "error_groups.template",
        ];
        let parts = text.splitn(places.len(), part).zip(places);
        let masked = parts.map(|(text, place)| {
            redaction.text(id.0, |scope| scope.text(place, text)).as_str().to_owned()
        });
        let masked = masked.collect::<Vec<_>>().join(&part.to_string());
        if masked != text {
            replaced.push((id, masked));
        }
    }
    for (id, masked) in replaced {
        messages.replace(id, &masked);
    }
}
