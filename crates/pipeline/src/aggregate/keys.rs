//! The table `keys`: for each SKU, order and so on of a flow, how its newest attempt ended.
//!
//! Attempts are ordered by (start, place, row of a bulk request). An attempt without a start is older than any with a
//! start. The newest attempt whose outcome is known decides whether the key is open.

use super::groups::MessageNumber;
use super::intern::{Index, Name, Names, Renamed, TextStore};
use super::small::{count, file_of, micros};
use super::stored::{self, FileNumbers, number};
use super::{MESSAGE_BYTES, RecordPlace};
use hashbrown::HashMap;
use model::exchange::{Key, KeyKind, Outcome};
use model::time::Timestamp;
use rayon::prelude::*;
use redact::Redacted;
use tables::cell::{
    Fingerprint, FlowName, KeyKindWord, KeyValue, MessageText, Micros, OutcomeWord,
};
use tables::rows::{KeyRow, Keys};
use tables::state::{KeyStateRow, KeyStates};
use tables::{Encoder, ReadError, Stored};

use crate::log_text;

/// The number of a (flow, kind, key) in [`KeyCounter`].
pub(super) type KeyId = u32;

/// Most distinct masked messages that are kept for one attempt. A row is refused for a few reasons; a hostile answer
/// can name a million.
pub(super) const REASONS: usize = 16;

/// The order of attempts, and of errors of attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Order {
    /// Microseconds; `i64::MIN` when unknown, so that timed attempts are newer.
    at: i64,
    place: RecordPlace,
    /// Place among the rows, or among the errors, of one exchange.
    turn: u32,
}

impl Order {
    pub(super) fn new(at: Option<Timestamp>, place: RecordPlace, turn: u32) -> Self {
        Self { at: at.map_or(i64::MIN, |at| at.0), place, turn }
    }

    fn same_exchange(self, other: Self) -> bool {
        (self.at, self.place) == (other.at, other.place)
    }

    fn started_at(self) -> Option<Micros> {
        (self.at != i64::MIN).then_some(Micros(self.at))
    }

    fn file(self) -> i32 {
        self.place.file.cast_signed()
    }

    fn record(self) -> i32 {
        self.place.record.cast_signed()
    }

    fn turn(self) -> i32 {
        self.turn.cast_signed()
    }
}

/// Counts of a (flow, kind, key).
#[derive(Debug, Default)]
struct Entity {
    attempts: u64,
    failures: u64,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    newest: Option<(Order, Outcome)>,
    /// The newest attempt with a known outcome, and whether it failed.
    deciding: Option<(Order, bool)>,
    /// The newest attempt that failed.
    failed: Option<Order>,
    /// Masked messages of the errors of the newest attempt with a known outcome, when it failed.
    reasons: Vec<MessageNumber>,
    last_error: Option<(Order, MessageNumber)>,
    last_message: Option<Redacted<'static>>,
}

/// All keys seen: about 280 bytes each, beside the key itself and the message of its last error.
#[derive(Debug, Default)]
pub(super) struct KeyCounter {
    /// The keys' values; the same numbers as `entities`.
    values: TextStore,
    /// Flow and kind, apart from `entities`: a look-up then touches fewer bytes.
    heads: Vec<(Name, KeyKind)>,
    index: Index,
    entities: Vec<Entity>,
}

impl KeyCounter {
    /// The number of a key, new or known.
    pub(super) fn id(&mut self, flow: Name, key: Key<'_>) -> KeyId {
        let Self { values, index, heads, entities } = self;
        let head = (flow, key.kind);
        let next = entities.len() as KeyId;
        let same = |id: KeyId| heads[id as usize] == head && values.get(id) == key.value;
        let id = index.find_or_insert((head, key.value), same, next);
        if id == next {
            values.push(key.value);
            heads.push(head);
            entities.push(Entity::default());
        }
        id
    }

    /// Counts one attempt.
    pub(super) fn attempt(
        &mut self,
        id: KeyId,
        order: Order,
        at: Option<Timestamp>,
        outcome: Outcome,
    ) {
        let entity = &mut self.entities[id as usize];
        entity.attempts += 1;
        if outcome == Outcome::Failed {
            entity.failures += 1;
            entity.failed = entity.failed.max(Some(order));
        }
        entity.seen(at, at);
        entity.newest(order, outcome);
        if outcome != Outcome::Unknown && entity.decide(order, outcome == Outcome::Failed) {
            entity.reasons.clear();
        }
    }

    /// Adds an error to a key, after the attempts of its exchange were counted.
    pub(super) fn error(
        &mut self,
        id: KeyId,
        order: Order,
        masked: MessageNumber,
        message: &Redacted<'_>,
    ) {
        let entity = &mut self.entities[id as usize];
        if entity.last_error.is_none_or(|(known, _)| known < order) {
            entity.last_error = Some((order, masked));
            entity.last_message = Some(message.beginning(MESSAGE_BYTES));
        }
        let decides = entity.deciding.is_some_and(|(at, failed)| failed && at.same_exchange(order));
        if decides && entity.reasons.len() < REASONS && !entity.reasons.contains(&masked) {
            entity.reasons.push(masked);
        }
    }

    /// Each open key with each masked message of the attempt that left it open.
    pub(super) fn open(&self) -> Vec<(MessageNumber, KeyId)> {
        let open = (0..).zip(&self.entities).filter(|(_, entity)| entity.is_open());
        open.flat_map(|(id, entity)| entity.reasons.iter().map(move |&reason| (reason, id)))
            .collect()
    }

    /// Whether the newest attempt at a key whose outcome is known succeeded.
    pub(super) fn is_good(&self, id: KeyId) -> bool {
        self.entities[id as usize].is_good()
    }

    /// How many keys there are, with those that only an error names.
    pub(super) fn len(&self) -> usize {
        self.entities.len()
    }

    /// Merges `other`. Returns the number here for each number there; `masked_messages` is the same for the masked
    /// messages.
    pub(super) fn merge(
        &mut self,
        other: Self,
        names: &Renamed,
        masked_messages: &[MessageNumber],
    ) -> Vec<KeyId> {
        let Self { values, heads, entities, .. } = other;
        let ids = (0..).zip(heads).zip(entities).map(|((number, (flow, kind)), entity)| {
            let id = self.id(names.get(flow), Key { kind, value: values.get(number) });
            self.entities[id as usize].merge(entity, masked_messages);
            id
        });
        ids.collect()
    }

    /// The numbers of keys: those that were attempted, then those that only errors name; both sorted by (flow, kind,
    /// key), absent first.
    pub(super) fn order(&self, names: &Names) -> KeyOrder {
        let head = |id: KeyId| self.heads[id as usize];
        // There are few pairs of flow and kind, and most keys differ in their first bytes. So most comparisons need no
        // text, and texts are scattered in memory.
        let mut heads = self.heads.clone();
        heads.sort_unstable();
        heads.dedup();
        heads.sort_unstable_by_key(|&(flow, kind)| (names.get(flow), kind.name()));
        let ranks: HashMap<_, _> = heads.into_iter().zip(0u32..).collect();
        let mut ids: Vec<(bool, u32, u64, KeyId)> = (0..self.len() as KeyId)
            .map(|id| {
                let named_only = self.entities[id as usize].attempts == 0;
                (named_only, ranks[&head(id)], beginning(self.values.get(id)), id)
            })
            .collect();
        ids.par_sort_unstable_by(|a, b| {
            let value = |id| self.values.get(id);
            (a.0, a.1, a.2).cmp(&(b.0, b.1, b.2)).then_with(|| value(a.3).cmp(value(b.3)))
        });
        let attempted = ids.partition_point(|(named_only, ..)| !named_only);
        KeyOrder { ids: ids.into_iter().map(|(.., id)| id).collect(), attempted }
    }

    /// The attempted keys in this order; `fingerprint` gives that of a masked message.
    ///
    /// A key that was not attempted, because only an error names it, has no row.
    pub(super) fn rows<'a>(
        &'a self,
        order: &KeyOrder,
        names: &'a Names,
        files: &'a [&'a str],
        fingerprint: &(dyn Fn(MessageNumber) -> Option<&'a str> + Sync),
    ) -> Vec<KeyRow<'a>> {
        let row = |id: KeyId| {
            let ((flow, kind), entity) = (self.heads[id as usize], &self.entities[id as usize]);
            let last_error = entity.last_error;
            let failed = entity.failed.map(|order| order.place);
            KeyRow {
                flow: names.get(flow).map(FlowName),
                key_kind: KeyKindWord(kind.name()),
                key: KeyValue(self.values.get(id)),
                attempts: count(entity.attempts),
                failures: count(entity.failures),
                first_seen: micros(entity.first),
                last_seen: micros(entity.last),
                last_outcome: OutcomeWord(
                    entity.newest.map_or(Outcome::Unknown, |(_, outcome)| outcome).name(),
                ),
                open: entity.is_open(),
                last_fingerprint: last_error
                    .and_then(|(_, masked)| fingerprint(masked))
                    .map(Fingerprint),
                last_message: entity.last_message.as_ref().map(log_text::message),
                last_file: failed.map(|place| file_of(files, place)),
                last_record: failed.map(|place| place.record.cast_signed()),
            }
        };
        order.ids[..order.attempted].par_iter().map(|id| row(*id)).collect()
    }

    /// Rows of the state in this order, encoded; `messages` gives the row of each masked message.
    pub(super) fn store<E: Encoder>(
        &self,
        order: &KeyOrder,
        names: &Names,
        messages: &[i32],
        encoder: &E,
    ) -> Result<Vec<E::Part>, tables::Error> {
        stored::encode::<KeyStates, _, _>(&order.ids, encoder, |&id| {
            let ((flow, kind), entity) = (self.heads[id as usize], &self.entities[id as usize]);
            let named_only = entity.attempts == 0;
            let newest = entity.newest.map(|(order, _)| order);
            let decided = entity.deciding.map(|(order, _)| order);
            let decided = decided.filter(|decided| Some(*decided) != newest);
            let failed = entity.failed.filter(|_| !entity.is_open());
            let error = entity.last_error.map(|(order, _)| order);
            let elsewhere = error
                .filter(|error| !entity.failed.is_some_and(|failed| failed.same_exchange(*error)));
            KeyStateRow {
                flow: names.get(flow).filter(|_| named_only).map(FlowName),
                key_kind: named_only.then_some(KeyKindWord(kind.name())),
                key: named_only.then(|| KeyValue(self.values.get(id))),
                newest_file: newest.map(Order::file),
                newest_record: newest.map(Order::record),
                newest_row: newest.map(Order::turn),
                decided_at: decided.and_then(Order::started_at),
                decided_file: decided.map(Order::file),
                decided_record: decided.map(Order::record),
                decided_row: decided.map(Order::turn),
                failed_at: failed.and_then(Order::started_at),
                failed_file: failed.map(Order::file),
                failed_record: failed.map(Order::record),
                failed_row: failed.map(Order::turn),
                message: entity.last_error.map(|(_, masked)| messages[masked as usize]),
                error: error.map(Order::turn),
                error_at: elsewhere.and_then(Order::started_at),
                error_file: elsewhere.map(Order::file),
                error_record: elsewhere.map(Order::record),
            }
        })
    }

    /// The keys of a report with the numbers of their rows in `state/keys`, without [reasons](Self::load_reason).
    /// `messages`: how many masked messages it has.
    pub(super) fn load(
        report: &Stored,
        files: FileNumbers<'_>,
        names: &mut Names,
        messages: usize,
    ) -> Result<Self, ReadError> {
        let mut all = Self::default();
        let mut rows = 0;
        let mut last_flow = Name::ABSENT;
        stored::each::<StoredKeys<'static>>(report, |row| {
            let flow = names.intern_again(row.flow.map(|flow| flow.0), &mut last_flow);
            let id = all.stored_id(flow, row.key_kind.0, row.key.0, rows)?;
            rows += 1;
            let outcome = Outcome::of_name(row.last_outcome.0)?;
            let at = |at: Option<Micros>| at.map(|at| Timestamp(at.0));
            // Its place comes with the row of the state.
            let newest = Order::new(at(row.last_seen), RecordPlace { file: 0, record: 0 }, 0);
            all.entities[id as usize] = Entity {
                attempts: row.attempts.unsigned_abs(),
                failures: row.failures.unsigned_abs(),
                first: at(row.first_seen),
                last: at(row.last_seen),
                newest: Some((newest, outcome)),
                deciding: Some((newest, row.open)),
                failed: None,
                reasons: Vec::new(),
                last_error: None,
                last_message: row
                    .last_message
                    .map(|message| Redacted::of_report(message.0).into_owned()),
            };
            Some(())
        })?;
        let attempted = rows;
        let mut rows = 0;
        stored::each::<KeyStates>(report, |row| {
            let this = rows;
            rows += 1;
            if this >= attempted {
                let flow = names.intern_again(row.flow.map(|flow| flow.0), &mut last_flow);
                return all.stored_id(flow, row.key_kind?.0, row.key?.0, this).map(drop);
            }
            let order = |at: Option<Micros>, file, record: Option<i32>, turn: Option<i32>| {
                let Some(file) = file else { return Some(None) };
                let place = files.place(file, record?)?;
                let at = at.map(|at| Timestamp(at.0));
                Some(Some(Order::new(at, place, turn?.cast_unsigned())))
            };
            let entity = &mut all.entities[this];
            let (open, outcome) = (entity.is_open(), entity.newest?.1);
            let last = entity.last.map(|at| Micros(at.0));
            let newest = order(last, row.newest_file, row.newest_record, row.newest_row)?;
            let decided =
                order(row.decided_at, row.decided_file, row.decided_record, row.decided_row)?;
            let decided = decided.or(newest.filter(|_| outcome != Outcome::Unknown));
            let failed = order(row.failed_at, row.failed_file, row.failed_record, row.failed_row)?;
            entity.newest = Some((newest?, outcome));
            entity.deciding = decided.map(|decided| (decided, open));
            entity.failed = if open { decided } else { failed };
            if let Some(message) = row.message {
                let elsewhere = order(row.error_at, row.error_file, row.error_record, row.error)?;
                let order = match elsewhere {
                    Some(order) => order,
                    None => Order { turn: row.error?.cast_unsigned(), ..entity.failed? },
                };
                let message = number(message).filter(|message| *message < messages)?;
                entity.last_error = Some((order, message as MessageNumber));
            }
            Some(())
        })?;
        Ok(all)
    }

    /// Adds a reason why the key of a row of `state/keys` is open; `None` when it cannot have one.
    pub(super) fn load_reason(&mut self, key: KeyId, reason: MessageNumber) -> Option<()> {
        let entity = self.entities.get_mut(key as usize).filter(|entity| entity.is_open())?;
        (entity.reasons.len() < REASONS).then(|| entity.reasons.push(reason))
    }

    /// The number of a new key, if that is the number of its row.
    fn stored_id(&mut self, flow: Name, kind: &str, value: &str, row: usize) -> Option<KeyId> {
        let kind = KeyKind::of_name(kind)?;
        let id = self.id(flow, Key { kind, value });
        (id as usize == row && self.len() == row + 1).then_some(id)
    }
}

/// All keys in an order.
#[derive(Debug)]
pub(super) struct KeyOrder {
    pub(super) ids: Vec<KeyId>,
    /// How many of them were attempted; these come first.
    pub(super) attempted: usize,
}

tables::select! {
    /// What `keys` says of a key.
    struct StoredKeys<'b> from Keys {
        flow: Option<FlowName<'b>>,
        key_kind: KeyKindWord<'b>,
        key: KeyValue<'b>,
        attempts: i64,
        failures: i64,
        first_seen: Option<Micros>,
        last_seen: Option<Micros>,
        last_outcome: OutcomeWord<'b>,
        open: bool,
        last_message: Option<MessageText<'b>>,
    }
}

/// The first eight bytes of a text as a number, which orders texts as far as these bytes differ.
fn beginning(text: &str) -> u64 {
    let mut bytes = [0; 8];
    bytes.iter_mut().zip(text.bytes()).for_each(|(to, byte)| *to = byte);
    u64::from_be_bytes(bytes)
}

impl Entity {
    /// The newest attempt whose outcome is known has failed.
    fn is_open(&self) -> bool {
        self.deciding.is_some_and(|(_, failed)| failed)
    }

    /// The newest attempt whose outcome is known succeeded.
    fn is_good(&self) -> bool {
        self.deciding.is_some_and(|(_, failed)| !failed)
    }

    fn seen(&mut self, first: Option<Timestamp>, last: Option<Timestamp>) {
        self.first = super::earlier(self.first, first);
        self.last = self.last.max(last);
    }

    fn newest(&mut self, order: Order, outcome: Outcome) {
        if self.newest.is_none_or(|(known, _)| known < order) {
            self.newest = Some((order, outcome));
        }
    }

    /// Whether the attempt is the newest with a known outcome.
    fn decide(&mut self, order: Order, failed: bool) -> bool {
        let newer = self.deciding.is_none_or(|(known, _)| known < order);
        if newer {
            self.deciding = Some((order, failed));
        }
        newer
    }

    fn merge(&mut self, other: Self, masked_messages: &[MessageNumber]) {
        self.attempts += other.attempts;
        self.failures += other.failures;
        self.failed = self.failed.max(other.failed);
        self.seen(other.first, other.last);
        if let Some((order, outcome)) = other.newest {
            self.newest(order, outcome);
        }
        if let Some((order, failed)) = other.deciding
            && self.decide(order, failed)
        {
            self.reasons.clear();
            let here = other.reasons.iter().map(|&masked| masked_messages[masked as usize]);
            self.reasons.extend(here);
        }
        if let Some((order, masked)) = other.last_error
            && self.last_error.is_none_or(|(known, _)| known < order)
        {
            self.last_error = Some((order, masked_messages[masked as usize]));
            self.last_message = other.last_message;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn rows_are_sorted_by_flow_kind_and_key(
            attempts in vec((prop::option::of("[ab]"), any::<bool>(), "[0\0]{0,2}|order-00[01]{0,3}|[a-zş]{0,9}"), 0..40),
        ) {
            let (mut names, mut keys) = (Names::default(), KeyCounter::default());
            let place = RecordPlace { file: 0, record: 0 };
            for (flow, order, value) in &attempts {
                let kind = if *order { KeyKind::Order } else { KeyKind::Sku };
                let id = keys.id(names.intern_some(flow.as_deref()), Key { kind, value });
                keys.attempt(id, Order::new(None, place, 0), None, Outcome::Success);
            }
            let mut wanted: Vec<_> = attempts
                .iter()
                .map(|(flow, order, value)| {
                    (flow.as_deref(), if *order { "order" } else { "sku" }, value.as_str())
                })
                .collect();
            wanted.sort_unstable();
            wanted.dedup();
            let rows = keys.rows(&keys.order(&names), &names, &[], &|_| None);
            let found: Vec<_> = rows
                .iter()
                .map(|row| (row.flow.map(|flow| flow.0), row.key_kind.0, row.key.0))
                .collect();
            prop_assert_eq!(found, wanted);
        }
    }
}
