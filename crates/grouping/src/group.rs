//! The result: groups with a stable fingerprint.

use std::collections::BTreeMap;

use hashbrown::HashMap;
use xxhash_rust::xxh3::Xxh3Default;

use crate::class::Class;
use crate::masked::MessageId;
use crate::rules::{GroupRule, Rules};
use crate::side::Side;

/// Version of the rules that make templates. It is part of every fingerprint and must be raised with
/// every change of masking or mining, so that old and new fingerprints never mix.
pub const RULES_VERSION: u32 = 3;

/// Errors of one cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// 16 hexadecimal digits: XXH3-64 of rules version, code, field, template and, where a rule of the
    /// user gives one, name; of the name alone where it makes one group of several. The same in every
    /// report and on every machine.
    pub fingerprint: String,
    /// What the texts have in common, variables as `<*>`, line ends kept. Where a rule of the user makes
    /// one group of several, that of most errors.
    pub template: String,
    /// The error code that all of them have; `None` when they have none that identifies a cause.
    pub code: Option<String>,
    /// The field path that all of them are about.
    pub field: Option<String>,
    /// The name that a rule of the user gives it.
    pub name: Option<String>,
    /// The class that a rule of the user gives it.
    pub class: Option<Class>,
    /// The side that a rule of the user gives it.
    pub side: Option<Side>,
    /// Whether a retry may help, where a rule of the user says so.
    pub retryable: Option<bool>,
    /// How many errors were added.
    pub count: u64,
    /// How many distinct masked messages they have.
    pub masked_messages: u32,
}

/// A template found by mining, before the rules of the user.
#[derive(Debug, Clone)]
pub(crate) struct MinedTemplate<'s> {
    pub(crate) code: &'s str,
    /// Variables as `<*>`, as in the report.
    pub(crate) field: String,
    /// Variables as `<*>`, as in the report.
    pub(crate) template: String,
    /// What a split rule matched in its texts; empty for nothing.
    pub(crate) split: &'s str,
    /// Ids and counts of its masked messages.
    pub(crate) members: Vec<(u64, u64)>,
}

impl MinedTemplate<'_> {
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
    of: HashMap<u64, u32>,
    unknown: Group,
}

impl Groups {
    /// Applies the rules and joins what they make equal.
    pub(crate) fn new(templates: Vec<MinedTemplate<'_>>, rules: &Rules) -> Self {
        let mut parts: BTreeMap<Identity<'_>, (Option<&GroupRule>, Vec<MinedTemplate<'_>>)> =
            BTreeMap::new();
        for mut mined in templates {
            if let std::borrow::Cow::Owned(masked) = rules.mask(&mined.template) {
                mined.template = masked;
            }
            let rule = rules.of_group(&mined.template, mined.code, &mined.field);
            let identity = match rule.and_then(|rule| rule.name.as_deref()) {
                Some(name) if mined.split.is_empty() => named(name.to_owned()),
                Some(name) => named(format!("{name}: {}", mined.split)),
                None => Identity {
                    code: mined.code,
                    field: mined.field.clone(),
                    template: mined.template.clone(),
                    name: mined.split.to_owned(),
                },
            };
            parts.entry(identity).or_insert((rule, Vec::new())).1.push(mined);
        }
        let mut groups: Vec<(Group, Vec<MinedTemplate<'_>>)> = parts
            .into_iter()
            .map(|(identity, (rule, parts))| (group(&identity, rule, &parts), parts))
            .collect();
        let order = |group: &Group| {
            (group.code.clone(), group.field.clone(), group.template.clone(), group.name.clone())
        };
        groups.sort_by_cached_key(|(group, _)| order(group));
        let mut of = HashMap::new();
        let mut sorted = Vec::with_capacity(groups.len());
        for (group, parts) in groups {
            let at = u32::try_from(sorted.len()).unwrap_or(u32::MAX);
            of.extend(parts.iter().flat_map(|part| &part.members).map(|&(id, _)| (id, at)));
            sorted.push(group);
        }
        Self { sorted, of, unknown: group(&named(String::new()), None, &[]) }
    }

    /// The group of a masked message. For an id that was never added, a group
    /// with an empty template and count 0 that [`Groups::iter`] does not show.
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

/// The identity of a group that a rule names: the name alone.
fn named(name: String) -> Identity<'static> {
    Identity { code: "", field: String::new(), template: String::new(), name }
}

fn group(identity: &Identity<'_>, rule: Option<&GroupRule>, parts: &[MinedTemplate<'_>]) -> Group {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    // What all of them share; parts of one template always do.
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
        count: parts.iter().map(MinedTemplate::count).sum(),
        masked_messages: parts
            .iter()
            .map(|part| u32::try_from(part.members.len()).unwrap_or(u32::MAX))
            .sum(),
    }
}
