//! What the bodies of one side of an endpoint look like: the paths in them with presence, types and values.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{DefaultHasher, Hasher as _};

use model::body::{Shapes, paths};
use model::exchange::BodyKind;
use model::json::{Type as JsonType, Value, unescape};
use serde::Serialize;
use tables::cell::{BodyDigest, BodyKindWord, BodySideWord, EndpointName, ShapePath};
use tables::rows::Bodies;
use tables::{ReadError, Stored};

use super::change::{
    BodyOrigin, BodyUse, Occurrences, OriginBodies, OriginChange, PathChange, PathEvent,
};
use crate::explain::ValueCount;

/// Paths that are counted of one side.
const PATHS: usize = 5_000;

/// How deep paths are followed.
const LEVELS: u8 = 24;

/// Different values that are counted of one path, and of all paths together.
const VALUES: usize = 10_000;
const ALL_VALUES: usize = 2_000_000;

/// Values of a path that can be examples: the first of this number.
const CANDIDATES: usize = 100;

/// Bytes of an example.
const EXAMPLE_BYTES: usize = 200;

/// The names of JSON types, by [`JsonType`].
const TYPES: [&str; 6] = ["null", "bool", "number", "string", "array", "object"];

/// The place of any type behind those of [`TYPES`].
const ANY_TYPE: u8 = TYPES.len() as u8;

/// The bodies of one side of an endpoint.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct BodySchema {
    /// Requests with such a body.
    pub bodies: u64,
    /// Those whose body `--bodies` has left out of the report. When there are any, presence and types are those of
    /// the table `bodies`, which counts them too; values are those of the other bodies, and there are no changes.
    pub left_out: u64,
    /// JSON bodies that end inside a value; their paths are not counted.
    pub cut: u64,
    /// What they are, the most frequent kind first.
    pub kinds: Vec<KindTotals>,
    /// Their paths in the order of the bodies, each before those in it; names of XML and forms last.
    pub paths: Vec<BodyPath>,
    /// Whether there are more paths than are counted.
    pub more_paths: bool,
    /// Paths that appeared or vanished, in the order of time.
    pub changes: Vec<PathChange>,
}

/// The bodies of one kind.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct KindTotals {
    /// `json`, `xml`, `form`, `html`, `text`, `empty`.
    pub kind: String,
    /// Bodies.
    pub bodies: u64,
    /// Those of failed requests.
    pub failed: u64,
    /// Different ones.
    pub distinct: u64,
    /// Bytes of all of them.
    pub bytes_sum: u64,
    /// The largest.
    pub bytes_max: u64,
    /// Different sets of paths.
    pub shapes: u64,
}

/// A path in bodies.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BodyPath {
    /// The path as in `bodies.paths`: `items[].sku`, `$` for the whole; `<Name>` for elements of XML, `name=` for fields of
    /// a form.
    pub path: String,
    /// Types of its values; empty for XML and forms.
    pub types: Vec<&'static str>,
    /// Bodies that have it.
    pub bodies: u64,
    /// Their share among all bodies whose paths are counted, 0 to 1.
    pub share: f64,
    /// Bodies of failed requests that have it.
    pub failed: u64,
    /// Objects at the place above it that do not have it; `None` where nothing is above it but a list, and where
    /// bodies were left out of the report.
    pub missing: Option<u64>,
    /// Different values; `None` for objects, lists and XML.
    pub distinct: Option<u64>,
    /// Whether there are more, since only so many are counted.
    pub at_least: bool,
    /// The most frequent values, strings in quotes, long ones cut.
    pub examples: Vec<ValueCount>,
}

/// The requests with a body on one side, and what was read of the bodies.
#[derive(Debug, Default)]
pub(super) struct SideReader {
    bodies: u64,
    left_out: u64,
    cut: u64,
    /// The requests with each body, until it is read.
    uses: HashMap<BodyDigest, Vec<(u32, BodyUse)>>,
    origins: HashMap<BodyOrigin, u32>,
    origin_bodies: Vec<OriginBodies>,
    tree: PathTree,
}

impl SideReader {
    /// Counts a request with this body.
    pub(super) fn used(&mut self, digest: BodyDigest, origin: BodyOrigin, of: BodyUse) {
        self.bodies += 1;
        let next = self.origins.len() as u32;
        let number = *self.origins.entry(origin).or_insert(next);
        if number == next {
            self.origin_bodies.push(OriginBodies::default());
        }
        self.origin_bodies[number as usize].add(&of);
        self.uses.entry(digest).or_default().push((number, of));
    }

    /// Reads a body, the first time it comes. All requests have been counted.
    pub(super) fn body(&mut self, digest: Option<BodyDigest>, body: &str) {
        let Some(digest) = digest else { return };
        let Some(mut uses) = self.uses.remove(&digest) else { return };
        uses.sort_by_key(|(origin, _)| *origin);
        let occurrences = uses.chunk_by(|a, b| a.0 == b.0);
        let occurrences =
            occurrences.map(|of| (of[0].0, Occurrences::of(of.iter().map(|(_, one)| one))));
        let weight = BodyWeight {
            bodies: uses.len() as u64,
            failed: uses.iter().filter(|(_, one)| one.failed).count() as u64,
            occurrences: occurrences.collect(),
        };
        if !self.tree.add(body, &weight) {
            self.cut += weight.bodies;
        }
    }

    /// The schema. All bodies have been read.
    pub(super) fn finish(
        mut self,
        report: &Stored,
        endpoint: &str,
        side: &str,
        examples: usize,
    ) -> Result<BodySchema, ReadError> {
        self.left_out = self.uses.values().map(|uses| uses.len() as u64).sum();
        let stored = stored_shapes(report, endpoint, side)?;
        let mut kinds: Vec<KindTotals> = stored.kinds.into_values().collect();
        kinds.sort_by_key(|kind| std::cmp::Reverse(kind.bodies));
        let mut changes = Vec::new();
        let mut read = self.tree.paths(examples);
        if self.left_out > 0 {
            read = with_stored_presence(read, stored.paths, &kinds);
        } else {
            changes = self.changes();
        }
        Ok(BodySchema {
            bodies: self.bodies,
            left_out: self.left_out,
            cut: self.cut,
            kinds,
            paths: read,
            more_paths: self.tree.full,
            changes,
        })
    }

    fn changes(&mut self) -> Vec<PathChange> {
        self.origin_bodies.iter_mut().for_each(OriginBodies::sort);
        let origins: HashMap<u32, &BodyOrigin> =
            self.origins.iter().map(|(origin, number)| (*number, origin)).collect();
        let nodes = &self.tree.nodes;
        let mut tested = Vec::new();
        for (number, node) in (0..).zip(nodes) {
            for ((origin, ty), with) in &node.occurrences {
                let bodies = &self.origin_bodies[*origin as usize];
                // The only type of a path is there as often as the path.
                let only = *ty != ANY_TYPE
                    && node.occurrences[&(*origin, ANY_TYPE)].count() == with.count();
                if bodies.vary(with) && !only {
                    tested.push(((number, *origin, *ty), bodies, with));
                }
            }
        }
        let mut found: HashMap<(u32, u32, u8, PathEvent), OriginChange> = HashMap::new();
        for &((number, origin, ty), bodies, with) in &tested {
            for event in [PathEvent::Appeared, PathEvent::Vanished] {
                let change = bodies.change(event, with, 2 * tested.len() as u64);
                found.extend(change.map(|change| ((number, origin, ty, event), change)));
            }
        }
        let mut changes: Vec<PathChange> = Vec::new();
        for (&(number, origin, ty, event), change) in &found {
            let node = &nodes[number as usize];
            let same = |number: u32, ty: u8| {
                let other = found.get(&(number, origin, ty, event));
                other.is_some_and(|other| other.at == change.at)
            };
            // What is in a path that appeared appeared with it, and so did the type of its values.
            if ty != ANY_TYPE && same(number, ANY_TYPE)
                || node.parent.is_some_and(|parent| (0..=ANY_TYPE).any(|ty| same(parent, ty)))
            {
                continue;
            }
            let origin = origins[&origin];
            changes.push(PathChange {
                path: node.shown().to_owned(),
                value_type: TYPES.get(usize::from(ty)).copied(),
                event,
                at: change.at,
                with: change.with,
                of: change.of,
                without: change.without,
                flow: origin.flow.clone(),
                step: origin.step.clone(),
                failed: origin.failed,
            });
        }
        changes.sort_by(|a, b| {
            let name = |c: &PathChange| (c.path.clone(), c.value_type, c.flow.clone());
            (a.at, a.event)
                .cmp(&(b.at, b.event))
                .then_with(|| (name(a), &a.step, a.failed).cmp(&(name(b), &b.step, b.failed)))
        });
        changes
    }
}

/// How many requests have a body, and when.
struct BodyWeight {
    bodies: u64,
    failed: u64,
    /// By the number of the origin.
    occurrences: Vec<(u32, Occurrences)>,
}

/// The paths of the bodies so far.
#[derive(Debug)]
struct PathTree {
    shapes: Shapes,
    nodes: Vec<PathCounts>,
    /// Bodies whose paths were counted.
    bodies: u64,
    /// Those that the present body has.
    present: Vec<u32>,
    values: usize,
    full: bool,
}

/// What is counted of a path.
#[derive(Debug, Default)]
struct PathCounts {
    parent: Option<u32>,
    path: String,
    is_json: bool,
    members: HashMap<String, u32>,
    elements: Option<u32>,
    /// In their order.
    children: Vec<u32>,
    /// Whether objects above it can be without it.
    named: bool,
    /// Types in the present body, a bit each.
    here: u8,
    types: u8,
    bodies: u64,
    failed: u64,
    /// Values of all bodies, and those that are objects.
    values: u64,
    objects: u64,
    distinct: HashMap<u64, ValueUses>,
    examples: Vec<(u64, String)>,
    more: bool,
    /// By origin and type.
    occurrences: HashMap<(u32, u8), Occurrences>,
}

#[derive(Debug)]
struct ValueUses {
    count: u64,
    order: usize,
}

impl PathCounts {
    fn shown(&self) -> &str {
        if self.path.is_empty() { "$" } else { &self.path }
    }
}

impl Default for PathTree {
    fn default() -> Self {
        let root = PathCounts { is_json: true, ..PathCounts::default() };
        let shapes = Shapes::default();
        Self { shapes, nodes: vec![root], bodies: 0, present: Vec::new(), values: 0, full: false }
    }
}

impl PathTree {
    /// Counts a body; whether it is whole.
    fn add(&mut self, text: &str, weight: &BodyWeight) -> bool {
        let (body, whole) = self.shapes.body(text);
        match body.kind {
            BodyKind::Json => match Value::of(text).filter(|_| whole) {
                Some(value) => self.value(0, value, LEVELS, weight.bodies),
                None => return false,
            },
            BodyKind::Xml => {
                for name in paths(&body) {
                    self.name(&format!("<{name}>"), weight.bodies);
                }
            }
            BodyKind::Form => {
                for field in text.trim().split('&').filter(|field| !field.is_empty()) {
                    let (name, value) = field.split_once('=').unwrap_or((field, ""));
                    let node = self.name(&format!("{name}="), weight.bodies);
                    if let Some(node) = node {
                        self.example(node, value, weight.bodies);
                    }
                }
            }
            _ => {}
        }
        self.bodies += weight.bodies;
        for number in std::mem::take(&mut self.present) {
            let node = &mut self.nodes[number as usize];
            let here = std::mem::take(&mut node.here);
            node.types |= here & !(1 << ANY_TYPE);
            node.bodies += weight.bodies;
            node.failed += weight.failed;
            for (origin, occurrences) in &weight.occurrences {
                for ty in (0..=ANY_TYPE).filter(|ty| here >> ty & 1 == 1) {
                    node.occurrences.entry((*origin, ty)).or_default().merge(occurrences);
                }
            }
        }
        true
    }

    /// The present body has the path.
    fn visit(&mut self, number: u32, ty: Option<JsonType>) {
        let node = &mut self.nodes[number as usize];
        if node.here == 0 {
            self.present.push(number);
        }
        node.here |= 1 << ANY_TYPE;
        if let Some(ty) = ty {
            node.here |= 1 << ty as u8;
        }
    }

    fn value(&mut self, number: u32, value: Value<'_>, levels: u8, weight: u64) {
        self.visit(number, Some(value.ty));
        self.nodes[number as usize].values += weight;
        match value.ty {
            JsonType::Object => {
                self.nodes[number as usize].objects += weight;
                let mut name = String::new();
                value.members(|key, member| {
                    name.clear();
                    unescape(key, &mut name);
                    if let Some(child) = self.member(number, &name).filter(|_| levels > 0) {
                        self.value(child, member, levels - 1, weight);
                    }
                    true
                });
            }
            JsonType::Array => value.elements(|element| {
                if let Some(child) = self.element(number).filter(|_| levels > 0) {
                    self.value(child, element, levels - 1, weight);
                }
                true
            }),
            JsonType::String => {
                let mut text = String::from("\"");
                unescape(value.inner(), &mut text);
                text.push('"');
                self.example(number, &text, weight);
            }
            _ => self.example(number, value.raw, weight),
        }
    }

    fn example(&mut self, number: u32, text: &str, weight: u64) {
        let node = &mut self.nodes[number as usize];
        let mut hash = DefaultHasher::new();
        hash.write(text.as_bytes());
        let hash = hash.finish();
        let order = node.distinct.len();
        if let Some(uses) = node.distinct.get_mut(&hash) {
            uses.count += weight;
        } else if order < VALUES && self.values < ALL_VALUES {
            self.values += 1;
            node.distinct.insert(hash, ValueUses { count: weight, order });
            if order < CANDIDATES {
                let end = text.floor_char_boundary(EXAMPLE_BYTES);
                let cut = if end < text.len() { "…" } else { "" };
                node.examples.push((hash, format!("{}{cut}", &text[..end])));
            }
        } else {
            node.more = true;
        }
    }

    /// The path of a member; names that are ids share one.
    fn member(&mut self, parent: u32, name: &str) -> Option<u32> {
        let id = model::body::is_id(name);
        let name = if id { "*" } else { name };
        let above = &self.nodes[parent as usize];
        if let Some(known) = above.members.get(name) {
            return Some(*known);
        }
        let dot = if above.path.is_empty() { "" } else { "." };
        let path = format!("{}{dot}{name}", above.path);
        let child = self.push(Some(parent), path, !id)?;
        self.nodes[parent as usize].members.insert(name.to_owned(), child);
        Some(child)
    }

    fn element(&mut self, parent: u32) -> Option<u32> {
        let above = &self.nodes[parent as usize];
        if above.elements.is_some() {
            return above.elements;
        }
        let path = format!("{}[]", above.path);
        let child = self.push(Some(parent), path, false);
        self.nodes[parent as usize].elements = child;
        child
    }

    /// Counts a name of an element or a form field in the present body.
    fn name(&mut self, name: &str, weight: u64) -> Option<u32> {
        let known = self.nodes[0].members.get(name).copied();
        let number = if let Some(known) = known {
            known
        } else {
            let number = self.push(None, name.to_owned(), false)?;
            self.nodes[0].members.insert(name.to_owned(), number);
            number
        };
        self.visit(number, None);
        self.nodes[number as usize].values += weight;
        Some(number)
    }

    /// Adds a path; a name of XML or a form has none above it.
    fn push(&mut self, parent: Option<u32>, path: String, named: bool) -> Option<u32> {
        if self.nodes.len() >= PATHS {
            self.full = true;
            return None;
        }
        let number = self.nodes.len() as u32;
        let is_json = parent.is_some();
        self.nodes.push(PathCounts { parent, path, is_json, named, ..PathCounts::default() });
        self.nodes[parent.unwrap_or(0) as usize].children.push(number);
        Some(number)
    }

    /// The paths that occur, each before those in it.
    fn paths(&self, examples: usize) -> Vec<BodyPath> {
        let mut found = Vec::new();
        let mut names = Vec::new();
        let mut next = vec![0];
        while let Some(number) = next.pop() {
            let node = &self.nodes[number as usize];
            next.extend(node.children.iter().rev());
            if node.bodies > 0 {
                let of_kind = if node.is_json { &mut found } else { &mut names };
                of_kind.push(self.path(node, examples));
            }
        }
        found.append(&mut names);
        found
    }

    fn path(&self, node: &PathCounts, examples: usize) -> BodyPath {
        let above = node.parent.filter(|_| node.named);
        let mut values: Vec<_> = node
            .examples
            .iter()
            .filter_map(|(hash, text)| Some((node.distinct.get(hash)?, text)))
            .collect();
        values.sort_by_key(|(uses, _)| (std::cmp::Reverse(uses.count), uses.order));
        BodyPath {
            path: node.shown().to_owned(),
            types: types(node.types),
            bodies: node.bodies,
            share: node.bodies as f64 / self.bodies.max(1) as f64,
            failed: node.failed,
            missing: above
                .map(|parent| self.nodes[parent as usize].objects.saturating_sub(node.values)),
            distinct: (!node.distinct.is_empty()).then_some(node.distinct.len() as u64),
            at_least: node.more,
            examples: values
                .into_iter()
                .take(examples)
                .map(|(uses, text)| ValueCount { value: text.clone(), count: uses.count })
                .collect(),
        }
    }
}

fn types(bits: u8) -> Vec<&'static str> {
    let types = TYPES.iter().enumerate();
    types.filter(|(ty, _)| bits >> ty & 1 == 1).map(|(_, word)| *word).collect()
}

tables::select! {
    /// A shape of an endpoint.
    struct ShapeOfEndpoint<'b> from Bodies {
        endpoint: Option<EndpointName<'b>>,
        side: BodySideWord<'b>,
        kind: BodyKindWord<'b>,
        count: i64,
        failed: i64,
        distinct: i64,
        bytes_sum: i64,
        bytes_max: i64,
        paths: Vec<ShapePath<'b>>,
    }
}

/// What the table `bodies` says of an endpoint and side.
#[derive(Default)]
struct StoredShapes {
    kinds: BTreeMap<String, KindTotals>,
    /// By path.
    paths: BTreeMap<String, StoredPath>,
}

#[derive(Default)]
struct StoredPath {
    types: HashSet<String>,
    bodies: u64,
    failed: u64,
}

fn stored_shapes(report: &Stored, endpoint: &str, side: &str) -> Result<StoredShapes, ReadError> {
    let mut stored = StoredShapes::default();
    let mut table = report.table::<Bodies>()?;
    for group in 0..table.groups() {
        for shape in table.read::<ShapeOfEndpoint<'_>>(group)?.iter() {
            if shape.endpoint != Some(EndpointName(endpoint)) || shape.side.0 != side {
                continue;
            }
            let [count, failed, distinct, sum, max] =
                [shape.count, shape.failed, shape.distinct, shape.bytes_sum, shape.bytes_max]
                    .map(i64::unsigned_abs);
            let kind = shape.kind.0.to_owned();
            let totals = stored.kinds.entry(kind.clone()).or_insert_with(|| KindTotals {
                kind,
                bodies: 0,
                failed: 0,
                distinct: 0,
                bytes_sum: 0,
                bytes_max: 0,
                shapes: 0,
            });
            totals.bodies += count;
            totals.failed += failed;
            totals.distinct += distinct;
            totals.bytes_sum += sum;
            totals.bytes_max = totals.bytes_max.max(max);
            totals.shapes += 1;
            // A path with several types is listed with each.
            let mut of_shape: BTreeMap<String, Vec<&str>> = BTreeMap::new();
            for ShapePath(path) in &shape.paths {
                let (path, ty) = match shape.kind.0 {
                    "json" => path.rsplit_once(": ").unwrap_or((path, "")),
                    "form" => (&*format!("{path}="), ""),
                    _ => (&*format!("<{path}>"), ""),
                };
                of_shape.entry(path.to_owned()).or_default().push(ty);
            }
            for (path, types) in of_shape {
                let stored = stored.paths.entry(path).or_default();
                stored.bodies += count;
                stored.failed += failed;
                stored.types.extend(types.into_iter().map(str::to_owned));
            }
        }
    }
    Ok(stored)
}

/// The paths of the table `bodies`, with the values that were read.
fn with_stored_presence(
    read: Vec<BodyPath>,
    stored: BTreeMap<String, StoredPath>,
    kinds: &[KindTotals],
) -> Vec<BodyPath> {
    let mut read: HashMap<String, BodyPath> =
        read.into_iter().map(|path| (path.path.clone(), path)).collect();
    let all = kinds.iter().map(|kind| kind.bodies).sum::<u64>();
    let path = |(path, stored): (String, StoredPath)| {
        let values = read.remove(&path);
        let (distinct, at_least, examples) =
            values.map_or((None, false, Vec::new()), |v| (v.distinct, v.at_least, v.examples));
        BodyPath {
            path,
            types: TYPES.into_iter().filter(|word| stored.types.contains(*word)).collect(),
            bodies: stored.bodies,
            share: stored.bodies as f64 / all.max(1) as f64,
            failed: stored.failed,
            missing: None,
            distinct,
            at_least,
            examples,
        }
    };
    stored.into_iter().map(path).collect()
}
