//! The result: groups with a name that stays.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use xxhash_rust::xxh3::Xxh3Default;

use crate::skeleton::{Hashed, SkeletonId};

/// Version of the rules that make templates. It is part of every fingerprint: whoever changes what
/// a mask or the miner does, raises it, so that old and new names are never mixed up.
pub const RULES_VERSION: u32 = 1;

/// Errors that a person would call the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// 16 hexadecimal digits: XXH3-64 of rules version, code, field and template. The same in every
    /// report and on every machine.
    pub fingerprint: String,
    /// What the texts have in common, variables as `<*>`, line ends kept.
    pub template: String,
    /// The error code that all of them carry; `None` when they carry none that tells causes apart.
    pub code: Option<String>,
    /// The field path that all of them speak of, parts that are ids as `<*>`.
    pub field: Option<String>,
    /// How many errors were added.
    pub count: u64,
    /// How many distinct skeletons they have.
    pub skeletons: u32,
}

impl Group {
    pub(crate) fn new(code: &str, field: &str, template: String) -> Self {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let fingerprint = fingerprint(code, field, &template);
        Self { fingerprint, template, code: some(code), field: some(field), count: 0, skeletons: 0 }
    }
}

/// The groups of all skeletons, sorted by code, field and template.
#[derive(Debug, Clone)]
pub struct Groups {
    sorted: Vec<Group>,
    of: HashMap<u64, u32, BuildHasherDefault<Hashed>>,
    unknown: Group,
}

impl Groups {
    pub(crate) fn new(groups: Vec<Group>, of: impl Iterator<Item = (u64, u32)>) -> Self {
        Self { sorted: groups, of: of.collect(), unknown: Group::new("", "", String::new()) }
    }

    /// The group of a skeleton. An id that was never added to these skeletons leads to a group with
    /// an empty template and count 0 that [`Groups::iter`] does not show.
    pub fn of(&self, id: SkeletonId) -> &Group {
        self.of.get(&id.0).and_then(|&at| self.sorted.get(at as usize)).unwrap_or(&self.unknown)
    }

    /// All groups, sorted by code, field and template.
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

fn fingerprint(code: &str, field: &str, template: &str) -> String {
    let mut hash = Xxh3Default::new();
    hash.update(&RULES_VERSION.to_le_bytes());
    for part in [code, field, template] {
        hash.update(&(part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    format!("{:016x}", hash.digest())
}
