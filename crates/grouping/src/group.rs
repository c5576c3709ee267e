//! The result: groups with a name that stays.

use std::collections::{BTreeMap, HashMap};
use std::hash::BuildHasherDefault;

use xxhash_rust::xxh3::Xxh3Default;

use crate::class::Class;
use crate::masked::{Hashed, MessageId};
use crate::rules::{GroupRule, Rules};
use crate::side::Side;

/// Version of the rules that make templates. It is part of every fingerprint: whoever changes what
/// a mask or the miner does, raises it, so that old and new names are never mixed up.
pub const RULES_VERSION: u32 = 2;

/// Errors that a person would call the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// 16 hexadecimal digits: XXH3-64 of rules version, code, field, template and, where a rule of the
    /// user gives one, name; of the name alone where it makes one group of several. The same in every
    /// report and on every machine.
    pub fingerprint: String,
    /// What the texts have in common, variables as `<*>`, line ends kept. Where a rule of the user makes
    /// one group of several, that of most errors.
    pub template: String,
    /// The error code that all of them carry; `None` when they carry none that tells causes apart.
    pub code: Option<String>,
    /// The field path that all of them speak of.
    pub field: Option<String>,
    /// What a rule of the user calls it.
    pub name: Option<String>,
    /// The class that a rule of the user gives it.
    pub class: Option<Class>,
    /// The side that a rule of the user gives it.
    pub side: Option<Side>,
    /// Whether sending again may help, where a rule of the user says so.
    pub retryable: Option<bool>,
    /// How many errors were added.
    pub count: u64,
    /// How many distinct masked messages they have.
    pub masked_messages: u32,
}

/// What mining found, before the rules of the user.
#[derive(Debug, Clone)]
pub(crate) struct Found<'s> {
    pub(crate) code: &'s str,
    /// As it is shown.
    pub(crate) field: String,
    /// As it is shown.
    pub(crate) template: String,
    /// What sets its texts apart from others of the template; empty for nothing.
    pub(crate) apart: &'s str,
    /// Ids and counts of its masked messages.
    pub(crate) members: Vec<(u64, u64)>,
}

impl Found<'_> {
    fn count(&self) -> u64 {
        self.members.iter().map(|(_, count)| count).sum()
    }
}

/// What makes errors one group.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Identity<'s> {
    code: &'s str,
    field: String,
    template: String,
    name: String,
}

impl Identity<'_> {
    fn fingerprint(&self) -> String {
        let mut hash = Xxh3Default::new();
        hash.update(&RULES_VERSION.to_le_bytes());
        let parts = [self.code, &self.field, &self.template, &self.name];
        for part in &parts[..if self.name.is_empty() { 3 } else { 4 }] {
            hash.update(&(part.len() as u64).to_le_bytes());
            hash.update(part.as_bytes());
        }
        format!("{:016x}", hash.digest())
    }
}

/// The groups of all masked messages, sorted by code, field, template and name.
#[derive(Debug, Clone)]
pub struct Groups {
    sorted: Vec<Group>,
    of: HashMap<u64, u32, BuildHasherDefault<Hashed>>,
    unknown: Group,
}

impl Groups {
    /// Applies the rules and brings together what they make equal.
    pub(crate) fn new(found: Vec<Found<'_>>, rules: &Rules) -> Self {
        let mut parts: BTreeMap<Identity<'_>, (Option<&GroupRule>, Vec<Found<'_>>)> =
            BTreeMap::new();
        for mut found in found {
            if let std::borrow::Cow::Owned(masked) = rules.mask(&found.template) {
                found.template = masked;
            }
            let rule = rules.of_group(&found.template, found.code, &found.field);
            let identity = match rule.and_then(|rule| rule.name.as_deref()) {
                Some(name) if found.apart.is_empty() => named(name.to_owned()),
                Some(name) => named(format!("{name}: {}", found.apart)),
                None => Identity {
                    code: found.code,
                    field: found.field.clone(),
                    template: found.template.clone(),
                    name: found.apart.to_owned(),
                },
            };
            parts.entry(identity).or_insert((rule, Vec::new())).1.push(found);
        }
        let mut groups: Vec<(Group, Vec<Found<'_>>)> = parts
            .into_iter()
            .map(|(identity, (rule, parts))| (group(&identity, rule, &parts), parts))
            .collect();
        let order = |group: &Group| {
            (group.code.clone(), group.field.clone(), group.template.clone(), group.name.clone())
        };
        groups.sort_by_cached_key(|(group, _)| order(group));
        let mut of = HashMap::default();
        let mut sorted = Vec::with_capacity(groups.len());
        for (group, parts) in groups {
            let at = u32::try_from(sorted.len()).unwrap_or(u32::MAX);
            of.extend(parts.iter().flat_map(|part| &part.members).map(|&(id, _)| (id, at)));
            sorted.push(group);
        }
        Self { sorted, of, unknown: group(&named(String::new()), None, &[]) }
    }

    /// The group of a masked message. An id that was never added to these masked messages leads to a group with
    /// an empty template and count 0 that [`Groups::iter`] does not show.
    pub fn of(&self, id: MessageId) -> &Group {
        self.of.get(&id.0).and_then(|&at| self.sorted.get(at as usize)).unwrap_or(&self.unknown)
    }

    /// All groups, sorted by code, field, template and name.
    pub fn iter(&self) -> impl Iterator<Item = &Group> {
        self.sorted.iter()
    }

    /// How many groups there are.
    pub fn len(&self) -> usize {
        self.sorted.len()
    }

    /// Whether there is no group.
    pub fn is_empty(&self) -> bool {
        self.sorted.is_empty()
    }
}

/// The identity of a group that has its name from a rule: the name alone.
fn named(name: String) -> Identity<'static> {
    Identity { code: "", field: String::new(), template: String::new(), name }
}

fn group(identity: &Identity<'_>, rule: Option<&GroupRule>, parts: &[Found<'_>]) -> Group {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    // What all of them share; parts of one template share it by nature.
    let code = parts.first().map(|first| first.code);
    let code = code.filter(|code| parts.iter().all(|part| part.code == *code));
    let field = parts.first().map(|first| first.field.as_str());
    let field = field.filter(|field| parts.iter().all(|part| part.field == *field));
    let most = parts
        .iter()
        .max_by(|a, b| a.count().cmp(&b.count()).then_with(|| b.template.cmp(&a.template)));
    Group {
        fingerprint: identity.fingerprint(),
        template: most.map(|part| part.template.clone()).unwrap_or_default(),
        code: code.and_then(some),
        field: field.and_then(some),
        name: some(&identity.name),
        class: rule.and_then(|rule| rule.class),
        side: rule.and_then(|rule| rule.side),
        retryable: rule.and_then(|rule| rule.retryable),
        count: parts.iter().map(Found::count).sum(),
        masked_messages: parts
            .iter()
            .map(|part| u32::try_from(part.members.len()).unwrap_or(u32::MAX))
            .sum(),
    }
}
