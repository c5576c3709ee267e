//! The table `error_groups`: error groups, with how often and where they occur, and how many keys they keep open.
//!
//! The groups are not known while logs are read. So everything is counted for each masked message (an error text with
//! its variables masked), and summed for each group at the end.

use super::endpoints::EndpointId;
use super::intern::{Name, Renamed};
use super::keys::KeyId;
use super::small::{self, GroupTexts, SmallTexts, count, file_of, micros};
use super::{Accumulator, CountedError, MESSAGE_BYTES, RecordPlace};
use grouping::{Class, Group, Groups, MessageId, Side};
use hashbrown::{HashMap, HashSet};
use model::time::Timestamp;
use redact::{MaskedValues, Redacted};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use tables::cell::{
    ClassWord, EndpointName, Fingerprint, FlowName, GroupName, SideWord, StatusText, StepName,
};
use tables::rows::ErrorGroupRow;
use xxhash_rust::xxh3::xxh3_64;

use crate::log_text;
use crate::state::TextRedaction;

mod stored;

/// The number of a masked message in [`ErrorCounter`].
pub(super) type MessageNumber = u32;

/// A list of a group names at most this many flows, steps, endpoints or statuses.
pub(super) const LISTED: usize = 20;

/// "No status" in a context; no exchange has this status.
const NO_STATUS: u16 = 0;

/// Counts of one masked message.
#[derive(Debug)]
struct MessageCounts {
    id: MessageId,
    count: u64,
    retryable: u64,
    /// Class and how often; nearly always one.
    classes: Vec<(Class, u64)>,
    /// Side, where it is known, and how often.
    sides: Vec<(Side, u64)>,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    sample: ErrorPlace,
    message: Redacted<'static>,
    /// What is masked in the sample: in a template made of it, it has to be masked as well.
    values: MaskedValues,
    /// Exchanges whose errors all have this masked message.
    alone: u64,
    /// The file and run that were added last: the next error mostly has the same.
    last_file: Option<u32>,
    last_run: Name,
}

/// The place of an error: its exchange, and its place within that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct ErrorPlace {
    place: RecordPlace,
    error: u32,
}

/// All masked messages: about 200 bytes each beside their sample message, and 10 to 19 bytes for each distinct pair of a
/// masked message with a file, a run, a key, or an endpoint and status.
#[derive(Debug, Default)]
pub(super) struct ErrorCounter {
    index: HashMap<u64, MessageNumber>,
    masked_messages: Vec<MessageCounts>,
    contexts: HashMap<(MessageNumber, EndpointId, u16), u64>,
    /// A pair occurs once where the errors of a file are added together, else more than once.
    files: Vec<(MessageNumber, u32)>,
    runs: HashSet<(MessageNumber, Name)>,
    keys: HashSet<(MessageNumber, KeyId)>,
    /// How many exchanges have errors of exactly these masked messages, two or more, sorted. They can turn out to be one
    /// group, for which such an exchange counts once.
    together: HashMap<Vec<MessageNumber>, u64>,
}

/// What all errors of one exchange have in common.
#[derive(Debug, Clone, Copy)]
pub(super) struct ErrorContext {
    pub(super) place: RecordPlace,
    pub(super) at: Option<Timestamp>,
    pub(super) endpoint: EndpointId,
    pub(super) status: Option<u16>,
    pub(super) run: Name,
}

impl ErrorCounter {
    /// Counts one error, the `nth` of its exchange.
    pub(super) fn add(
        &mut self,
        error: &CountedError<'_>,
        nth: u32,
        context: &ErrorContext,
    ) -> MessageNumber {
        let here = ErrorPlace { place: context.place, error: nth };
        let number = self.number(error.masked, here, || {
            (error.message.beginning(MESSAGE_BYTES), error.values.clone())
        });
        let masked = &mut self.masked_messages[number as usize];
        masked.count += 1;
        masked.retryable += u64::from(error.retryable);
        count_up(&mut masked.classes, error.class, 1);
        if let Some(side) = error.side {
            count_up(&mut masked.sides, side, 1);
        }
        masked.first = super::earlier(masked.first, context.at);
        masked.last = masked.last.max(context.at);
        if here < masked.sample {
            masked.sample = here;
            masked.message = error.message.beginning(MESSAGE_BYTES);
            masked.values.clone_from(&error.values);
        }
        if masked.last_file != Some(context.place.file) {
            masked.last_file = Some(context.place.file);
            self.files.push((number, context.place.file));
        }
        if masked.last_run != context.run {
            masked.last_run = context.run;
            if context.run != Name::ABSENT {
                self.runs.insert((number, context.run));
            }
        }
        let status = context.status.unwrap_or(NO_STATUS);
        *self.contexts.entry((number, context.endpoint, status)).or_default() += 1;
        number
    }

    /// Counts one exchange by its masked messages, sorted and without doubles.
    pub(super) fn add_exchange(&mut self, masked_messages: &[MessageNumber]) {
        match masked_messages {
            [] => {}
            [one] => self.masked_messages[*one as usize].alone += 1,
            _ => *self.together.entry_ref(masked_messages).or_default() += 1,
        }
    }

    /// Adds a masked message to a key.
    pub(super) fn add_key(&mut self, masked: MessageNumber, key: KeyId) {
        self.keys.insert((masked, key));
    }

    /// Merges the masked messages of `other`, without what it counts by key, endpoint and run. Returns the number here for
    /// each number there.
    pub(super) fn merge_masked_messages(&mut self, other: &mut Self) -> Vec<MessageNumber> {
        let taken = std::mem::take(&mut other.masked_messages);
        let numbers = taken.into_iter().map(|masked| {
            let number = self.number(masked.id, masked.sample, || {
                (masked.message.clone(), masked.values.clone())
            });
            let here = &mut self.masked_messages[number as usize];
            here.count += masked.count;
            here.retryable += masked.retryable;
            for (class, count) in masked.classes {
                count_up(&mut here.classes, class, count);
            }
            for (side, count) in masked.sides {
                count_up(&mut here.sides, side, count);
            }
            here.first = super::earlier(here.first, masked.first);
            here.last = here.last.max(masked.last);
            if masked.sample < here.sample {
                here.sample = masked.sample;
                here.message = masked.message;
                here.values = masked.values;
            }
            here.alone += masked.alone;
            number
        });
        numbers.collect()
    }

    /// Merges the rest of `other`, after [`ErrorCounter::merge_masked_messages`].
    pub(super) fn merge_sets(
        &mut self,
        other: Self,
        masked_messages: &[MessageNumber],
        endpoints: &[EndpointId],
        keys: &[KeyId],
        names: &Renamed,
    ) {
        let masked = |number: MessageNumber| masked_messages[number as usize];
        for ((number, endpoint, status), count) in other.contexts {
            let context = (masked(number), endpoints[endpoint as usize], status);
            *self.contexts.entry(context).or_default() += count;
        }
        self.files.extend(other.files.into_iter().map(|(number, file)| (masked(number), file)));
        self.runs
            .extend(other.runs.into_iter().map(|(number, run)| (masked(number), names.get(run))));
        self.keys.extend(
            other.keys.into_iter().map(|(number, key)| (masked(number), keys[key as usize])),
        );
        for (mut together, count) in other.together {
            for number in &mut together {
                *number = masked(*number);
            }
            together.sort_unstable();
            *self.together.entry(together).or_default() += count;
        }
    }

    /// Which group each masked message belongs to.
    pub(super) fn resolve<'g>(&self, groups: &'g Groups) -> GroupsOfMessages<'g> {
        let mut numbers = BTreeMap::new();
        let found: Vec<&Group> =
            self.masked_messages.iter().map(|masked| groups.of(masked.id)).collect();
        for group in &found {
            numbers.insert(group.fingerprint.as_str(), *group);
        }
        let all: Vec<&Group> = numbers.values().copied().collect();
        let by_fingerprint: HashMap<&str, u32> =
            (0..).zip(&all).map(|(number, group)| (group.fingerprint.as_str(), number)).collect();
        let of = found.iter().map(|group| by_fingerprint[group.fingerprint.as_str()]).collect();
        GroupsOfMessages { groups: all, of }
    }

    /// How many distinct groups each run has.
    pub(super) fn groups_of_runs(&self, resolved: &GroupsOfMessages<'_>) -> HashMap<Name, u64> {
        let pairs: HashSet<_> =
            self.runs.iter().map(|&(masked, run)| (run, resolved.number(masked))).collect();
        let mut counts = HashMap::new();
        for (run, _) in pairs {
            *counts.entry(run).or_default() += 1;
        }
        counts
    }

    /// Rows sorted most frequent first, then by fingerprint.
    pub(super) fn rows<'a>(
        &'a self,
        resolved: &GroupsOfMessages<'a>,
        texts: &'a SmallTexts<'a>,
        counted: &'a Accumulator,
        files: &'a [&'a str],
    ) -> Vec<ErrorGroupRow<'a>> {
        let Accumulator { endpoints, keys, names, endpoint_names, .. } = counted;
        let mut sums: Vec<GroupSum<'a>> =
            resolved.groups.iter().map(|_| GroupSum::default()).collect();
        for (number, masked) in (0..).zip(&self.masked_messages) {
            sums[resolved.number(number) as usize].add(masked);
        }
        for (together, count) in &self.together {
            let mut groups: Vec<_> =
                together.iter().map(|&number| resolved.number(number)).collect();
            groups.sort_unstable();
            groups.dedup();
            for group in groups {
                sums[group as usize].exchanges += count;
            }
        }
        for (&(number, endpoint, status), &count) in &self.contexts {
            let endpoint = endpoints.get(endpoint);
            let group = &mut sums[resolved.number(number) as usize];
            count_name(&mut group.flows, names.get(endpoint.flow), count);
            count_name(&mut group.steps, names.get(endpoint.step), count);
            count_name(&mut group.endpoints, endpoint_names.get(endpoint.endpoint), count);
            if status != NO_STATUS {
                *group.statuses.entry(status).or_default() += count;
            }
        }
        let in_files = resolved.distinct(&self.files);
        let in_runs = resolved.distinct(&self.runs);
        let of_keys = resolved.distinct(&self.keys);
        let open = resolved.distinct(&keys.open());
        let resolved_keys =
            resolved.distinct(self.keys.iter().filter(|(_, key)| keys.is_good(*key)));

        let rows = resolved.groups.iter().zip(sums).enumerate();
        let rows = rows.filter_map(|(number, (group, sum))| {
            let (sample, message) = sum.sample?;
            let class = group.class.or(most(&sum.classes)).unwrap_or(Class::Other);
            let texts = texts.groups.get(group.fingerprint.as_str())?;
            Some(ErrorGroupRow {
                fingerprint: Fingerprint(&group.fingerprint),
                template: log_text::template(&texts.template),
                class: ClassWord(class.name()),
                retryable: group.retryable.unwrap_or(sum.retryable * 2 > sum.count),
                count: count(sum.count),
                exchanges: count(sum.exchanges),
                files: count(in_files[number]),
                runs: count(in_runs[number]),
                keys: count(of_keys[number]),
                open_keys: count(open[number]),
                flows: most_frequent(sum.flows).map(FlowName).collect(),
                steps: most_frequent(sum.steps).map(StepName).collect(),
                endpoints: most_frequent(sum.endpoints).collect(),
                statuses: most_frequent(sum.statuses)
                    .map(|status| StatusText(small::status(status)))
                    .collect(),
                first_seen: micros(sum.first),
                last_seen: micros(sum.last),
                sample_file: file_of(files, sample.place),
                sample_record: sample.place.record.cast_signed(),
                sample_message: log_text::message(message),
                resolved_keys: count(resolved_keys[number]),
                side: group.side.or(clear(&sum.sides, sum.count)).map(|side| SideWord(side.name())),
                code: texts.code.as_ref().map(log_text::error_code),
                field: texts.field.as_ref().map(log_text::field_path),
                name: group.name.as_deref().map(GroupName),
            })
        });
        let mut rows: Vec<_> = rows.collect();
        rows.sort_unstable_by_key(|row| (Reverse(row.count), row.fingerprint));
        rows
    }

    /// The texts of each group, by its fingerprint.
    pub(super) fn texts<'a>(
        &self,
        redaction: &mut TextRedaction<'_>,
        groups: &'a Groups,
    ) -> HashMap<&'a str, GroupTexts<'a>> {
        let resolved = self.resolve(groups);
        let mut members = vec![Vec::new(); resolved.groups.len()];
        for (number, masked) in (0..).zip(&self.masked_messages) {
            members[resolved.number(number) as usize].push(&masked.values);
        }
        let texts = resolved.groups.iter().zip(members).map(|(group, members)| {
            redaction.scope().begin();
            for values in members {
                redaction.scope().learn_masked(values);
            }
            let id = xxh3_64(group.fingerprint.as_bytes());
            let mut masked = |place, text| redaction.text(id, |scope| scope.text(place, text));
            let (code, field) = (group.code.as_deref(), group.field.as_deref());
            let texts = GroupTexts {
                template: masked("error_groups.template", group.template.as_str()),
                code: code.map(|code| masked("error_groups.code", code)),
                field: field.map(|field| masked("error_groups.field", field)),
            };
            (group.fingerprint.as_str(), texts)
        });
        texts.collect()
    }

    /// How many masked messages there are.
    pub(super) fn len(&self) -> usize {
        self.masked_messages.len()
    }

    /// The masked messages in the order of their ids, which is that of their rows in `state/masked_messages`.
    pub(super) fn order(&self) -> Vec<MessageNumber> {
        let mut numbers: Vec<_> = (0..self.masked_messages.len() as MessageNumber).collect();
        numbers.sort_unstable_by_key(|&number| self.masked_messages[number as usize].id);
        numbers
    }

    /// What is masked in that error.
    pub(super) fn masked_values(&self, message: MessageId) -> Option<&MaskedValues> {
        let number = self.index.get(&message.0)?;
        Some(&self.masked_messages[*number as usize].values)
    }

    fn number(
        &mut self,
        id: MessageId,
        sample: ErrorPlace,
        of_sample: impl FnOnce() -> (Redacted<'static>, MaskedValues),
    ) -> MessageNumber {
        let masked_messages = &mut self.masked_messages;
        *self.index.entry(id.0).or_insert_with(|| {
            let (message, values) = of_sample();
            masked_messages.push(MessageCounts {
                id,
                count: 0,
                retryable: 0,
                classes: Vec::new(),
                sides: Vec::new(),
                first: None,
                last: None,
                sample,
                message,
                values,
                alone: 0,
                last_file: None,
                last_run: Name::ABSENT,
            });
            masked_messages.len() as MessageNumber - 1
        })
    }
}

/// The groups of all masked messages.
#[derive(Debug)]
pub(super) struct GroupsOfMessages<'g> {
    /// Sorted by fingerprint.
    groups: Vec<&'g Group>,
    /// Place in `groups`, by number of the masked message.
    of: Vec<u32>,
}

impl<'g> GroupsOfMessages<'g> {
    fn number(&self, masked: MessageNumber) -> u32 {
        self.of[masked as usize]
    }

    /// Fingerprint of the group a masked message is in.
    pub(super) fn fingerprint(&self, masked: MessageNumber) -> Option<&'g str> {
        let group = self.groups.get(*self.of.get(masked as usize)? as usize)?;
        Some(&group.fingerprint)
    }

    /// How many distinct things each group has, from pairs of a masked message and a thing.
    fn distinct<'p, T: Copy + Ord + 'p>(
        &self,
        pairs: impl IntoIterator<Item = &'p (MessageNumber, T)>,
    ) -> Vec<u64> {
        let number = |&(masked, thing): &(MessageNumber, T)| (self.number(masked), thing);
        let mut pairs: Vec<_> = pairs.into_iter().map(number).collect();
        pairs.sort_unstable();
        pairs.dedup();
        let mut counts = vec![0; self.groups.len()];
        for (group, _) in pairs {
            counts[group as usize] += 1;
        }
        counts
    }
}

/// A group, summed over its masked messages.
#[derive(Debug, Default)]
struct GroupSum<'a> {
    count: u64,
    retryable: u64,
    exchanges: u64,
    classes: Vec<(Class, u64)>,
    sides: Vec<(Side, u64)>,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    sample: Option<(ErrorPlace, &'a Redacted<'static>)>,
    flows: BTreeMap<&'a str, u64>,
    steps: BTreeMap<&'a str, u64>,
    endpoints: BTreeMap<EndpointName<'a>, u64>,
    statuses: BTreeMap<u16, u64>,
}

impl<'a> GroupSum<'a> {
    fn add(&mut self, masked: &'a MessageCounts) {
        self.count += masked.count;
        self.retryable += masked.retryable;
        self.exchanges += masked.alone;
        for &(class, count) in &masked.classes {
            count_up(&mut self.classes, class, count);
        }
        for &(side, count) in &masked.sides {
            count_up(&mut self.sides, side, count);
        }
        self.first = super::earlier(self.first, masked.first);
        self.last = self.last.max(masked.last);
        if self.sample.is_none_or(|(known, _)| masked.sample < known) {
            self.sample = Some((masked.sample, &masked.message));
        }
    }
}

/// The most frequent; of equally frequent ones the first in their order.
fn most<T: Copy + Ord>(counts: &[(T, u64)]) -> Option<T> {
    let most = counts.iter().min_by_key(|&&(one, count)| (Reverse(count), one));
    most.map(|&(one, _)| one)
}

/// What at least four of five of all have. A bare majority would change from day to day.
fn clear<T: Copy + Ord>(counts: &[(T, u64)], all: u64) -> Option<T> {
    counts.iter().find(|(_, count)| count * 5 >= all * 4).map(|&(one, _)| one)
}

/// Adds to the count of one of few.
fn count_up<T: PartialEq>(counts: &mut Vec<(T, u64)>, one: T, count: u64) {
    match counts.iter_mut().find(|(known, _)| *known == one) {
        Some((_, known)) => *known += count,
        None => counts.push((one, count)),
    }
}

fn count_name<N: Ord>(names: &mut BTreeMap<N, u64>, name: Option<N>, count: u64) {
    if let Some(name) = name {
        *names.entry(name).or_default() += count;
    }
}

/// The [`LISTED`] most frequent, ties in their own order.
fn most_frequent<T: Copy + Ord>(counts: BTreeMap<T, u64>) -> impl Iterator<Item = T> {
    let mut sorted: Vec<_> = counts.into_iter().collect();
    sorted.sort_unstable_by_key(|&(name, count)| (Reverse(count), name));
    sorted.truncate(LISTED);
    sorted.into_iter().map(|(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::RedactionCounts;
    use grouping::{ErrorRef, MaskedMessages};
    use model::listing::Listing;
    use redact::Redactor;

    #[test]
    fn a_side_is_that_of_four_in_five() {
        for (sides, all, side) in [
            (vec![(Side::Erp, 8), (Side::Omnitron, 2)], 10, Some(Side::Erp)),
            (vec![(Side::Erp, 7), (Side::Omnitron, 3)], 10, None),
            (vec![(Side::Erp, 7)], 10, None),
            (vec![(Side::Mapping, 1)], 1, Some(Side::Mapping)),
            (vec![], 3, None),
        ] {
            assert_eq!(clear(&sides, all), side, "{sides:?} of {all}");
        }
    }

    #[test]
    fn an_exchange_with_two_masked_messages_of_one_group_counts_once() {
        let mut counted = Accumulator::default();
        let mut masked_messages = MaskedMessages::default();
        let endpoint = counted.endpoints.id(Name::ABSENT, Name::ABSENT, Name::ABSENT);
        let (place, run) = (RecordPlace { file: 0, record: 0 }, Name::ABSENT);
        let context = ErrorContext { place, at: None, endpoint, status: None, run };
        let mut number = |message| {
            let text = ErrorRef { code: None, field: None, message, status: None, cut: false };
            let error = CountedError {
                masked: masked_messages.add(text),
                class: Class::Value,
                side: None,
                retryable: false,
                key: None,
                message: Redacted::fixed(message),
                values: MaskedValues::default(),
            };
            counted.errors.add(&error, 0, &context)
        };
        let both = [number("Red is not a colour."), number("Blue is not a colour.")];
        counted.errors.add_exchange(&both);
        counted.errors.add_exchange(&both[..1]);

        let groups = masked_messages.finish();
        // As when mining finds that they are one group.
        let one = GroupsOfMessages { groups: groups.iter().take(1).collect(), of: vec![0, 0] };
        let listing = Listing::default();
        let texts = counted.texts(
            &mut TextRedaction::new(&mut Redactor::none().scope(), RedactionCounts::new()),
            &groups,
            &listing,
        );
        let rows = counted.errors.rows(&one, &texts, &counted, &[]);
        let counts: Vec<_> = rows.iter().map(|row| (row.count, row.exchanges)).collect();
        assert_eq!(counts, [(2, 2)]);
    }
}
