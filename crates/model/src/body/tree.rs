//! The paths of bodies as a tree, learned as they come.
//!
//! The rows of a body have the same members in the same order, and so have the bodies of one endpoint. So each
//! path keeps which member came first in it and which came after it, and a key that stands where it is expected
//! costs one comparison. What was learned changes how long it takes, never what comes out.

use std::hash::BuildHasher as _;

use hashbrown::{DefaultHashBuilder, HashTable};
use smallvec::SmallVec;
use xxhash_rust::xxh3::xxh3_64;

use super::{MAX_PATH, Paths, is_id, mix};
use crate::answer::names::Says;
use crate::json::{Cursor, ExpectedKey, Fault, Type, unescape};
use crate::record::{FieldSide, NameRoles};
use crate::roles::Role;

/// By [`Type`]: what makes a type part of a shape, and what it is called.
const TYPE: [u64; 6] = [0x11, 0x22, 0x33, 0x44, 0x55, 0x66];
const WORDS: [&str; 6] = ["null", "bool", "number", "string", "array", "object"];

const ELEMENT: u64 = 0x9e37_79b9_7f4a_7c15;

/// The name that keys share which are ids.
const ID_NAME: &str = "*";

/// Paths that are kept from one body to the next at most, some 100 bytes each beside their names.
const MOST_NODES: usize = 1 << 14;

/// Bytes of their names that are kept at most.
const MOST_NAMES: usize = 1 << 20;

/// The number of a path.
pub(super) type NodeId = u32;

/// The path of the root, and where none can be that, no path.
pub(super) const ROOT: NodeId = 0;

/// The paths of the bodies so far, and which of them the present body has.
#[derive(Debug)]
pub(super) struct Tree {
    nodes: Vec<PathNode>,
    /// The names of members, escaped as they stand, one after the other.
    names: Vec<u8>,
    /// The members by parent and name.
    index: HashTable<NodeId>,
    hasher: DefaultHashBuilder,
    /// Those of the present body, parents before children.
    present: Vec<NodeId>,
    /// The number of the present body.
    body: u64,
}

#[derive(Debug, Default)]
struct PathNode {
    /// Its name, to be compared.
    key: ExpectedKey,
    /// The hash of the path.
    path: u64,
    /// The last body that had it, and the types of its values there, a bit each.
    body: u64,
    types: u8,
    /// The sum over these types the last time, and which they were.
    summed: u8,
    sum: u64,
    /// An element of an array, which has no name.
    element: bool,
    depth: u16,
    parent: NodeId,
    /// The member that came first in it the last time, and what came after it.
    first: NodeId,
    next: NodeId,
    /// Its elements, if it is an array.
    elements: NodeId,
    /// Where its name begins and ends.
    name: (u32, u32),
    /// What its name can mean in a record, once it was asked for.
    role: Option<Role>,
    /// What it says in an answer, once it was asked for.
    says: Option<Says>,
}

impl PathNode {
    fn name<'n>(&self, names: &'n [u8]) -> &'n [u8] {
        &names[self.name.0 as usize..self.name.1 as usize]
    }
}

impl Default for Tree {
    fn default() -> Self {
        Self {
            nodes: vec![PathNode::default()],
            names: Vec::new(),
            index: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
            present: Vec::new(),
            body: 0,
        }
    }
}

impl Tree {
    /// Begins with the next body.
    pub(super) fn begin(&mut self) {
        if self.nodes.len() > MOST_NODES || self.names.len() > MOST_NAMES {
            *self = Self::default();
        }
        self.present.clear();
        self.body += 1;
    }

    /// The sum over the paths and types of this body, the same in any order.
    pub(super) fn sum(&mut self) -> u64 {
        let mut sum = 0u64;
        for &node in &self.present {
            let node = &mut self.nodes[node as usize];
            if node.summed != node.types {
                let types = TYPE.iter().enumerate().filter(|(ty, _)| node.types >> ty & 1 == 1);
                let hashes = types.map(|(_, ty)| mix(mix(node.path ^ ty).max(1)));
                (node.summed, node.sum) = (node.types, hashes.fold(0, u64::wrapping_add));
            }
            sum = sum.wrapping_add(node.sum);
        }
        sum
    }

    /// The body has a value of this type at `node`.
    pub(super) fn add(&mut self, node: NodeId, ty: Type) {
        let place = &mut self.nodes[node as usize];
        if place.body != self.body {
            (place.body, place.types) = (self.body, 0);
            self.present.push(node);
        }
        place.types |= 1 << ty as u8;
    }

    /// The next key in the object at `parent` and its path, or `None` past the end of the object. `last`: the path
    /// of the member before it, [`ROOT`] for the first.
    ///
    /// # Errors
    /// As [`Cursor::key`].
    #[inline]
    pub(super) fn key<'a>(
        &mut self,
        parent: NodeId,
        last: NodeId,
        cursor: &mut Cursor<'a>,
    ) -> Result<Option<(&'a str, NodeId)>, Fault> {
        let first = last == ROOT;
        let guess =
            if first { self.nodes[parent as usize].first } else { self.nodes[last as usize].next };
        if guess != ROOT
            && let Some(key) = cursor.key_if(&self.nodes[guess as usize].key, first)
        {
            return Ok(Some((key, guess)));
        }
        let Some(key) = cursor.key(first)? else { return Ok(None) };
        let node = self.member(parent, key);
        if first {
            self.nodes[parent as usize].first = node;
        } else {
            self.nodes[last as usize].next = node;
        }
        Ok(Some((key, node)))
    }

    /// What a value at `node` says in an answer: what its name says, if it does not stand in something that
    /// changes it.
    #[inline]
    pub(super) fn says(&mut self, node: NodeId, names: &mut NameRoles) -> Says {
        match self.nodes[node as usize].says {
            Some(says) => says,
            None => self.find_says(node, names),
        }
    }

    #[cold]
    fn find_says(&mut self, node: NodeId, names: &mut NameRoles) -> Says {
        // Those that hold it first, for what they say changes what it says.
        let (mut at, mut above) = (node, Says::Nothing);
        let mut unknown: SmallVec<[NodeId; 8]> = SmallVec::new();
        while at != ROOT {
            if let Some(says) = self.nodes[at as usize].says {
                above = says;
                break;
            }
            unknown.push(at);
            at = self.nodes[at as usize].parent;
        }
        for at in unknown.into_iter().rev() {
            let place = &self.nodes[at as usize];
            let own = match std::str::from_utf8(place.name(&self.names)) {
                Ok(name) if !place.element && name != ID_NAME => names.in_answer(name).says,
                _ => Says::Nothing,
            };
            above = match (above, own) {
                (Says::Aside, _) => Says::Aside,
                (
                    Says::Errors | Says::ErrorText | Says::Failed | Says::InErrors,
                    Says::Nothing | Says::Text(_),
                ) => Says::InErrors,
                _ => own,
            };
            self.nodes[at as usize].says = Some(above);
        }
        above
    }

    /// What the key of the member at `node` can mean in a record.
    pub(super) fn role(&mut self, node: NodeId, key: &str, names: &mut NameRoles) -> Role {
        if let Some(role) = self.nodes[node as usize].role {
            return role;
        }
        let role = names.role(FieldSide::Record, key);
        if !is_id(key) && key != ID_NAME {
            self.nodes[node as usize].role = Some(role);
        }
        role
    }

    /// The path of the elements of the array at `parent`.
    pub(super) fn element(&mut self, parent: NodeId) -> NodeId {
        let PathNode { path, elements, .. } = self.nodes[parent as usize];
        if elements != ROOT {
            return elements;
        }
        let node = self.push(parent, mix(path ^ ELEMENT), None);
        self.nodes[parent as usize].elements = node;
        node
    }

    /// The path of the member of `parent` with this key. Keys that are ids share one.
    fn member(&mut self, parent: NodeId, key: &str) -> NodeId {
        if let Some(node) = self.known(parent, key) {
            return node;
        }
        let name = if is_id(key) { ID_NAME } else { key };
        if let Some(node) = self.known(parent, name) {
            return node;
        }
        let path = self.nodes[parent as usize].path.rotate_left(5);
        let path = mix(path ^ xxh3_64(name.as_bytes()));
        let node = self.push(parent, path, Some(name));
        let Self { nodes, names, index, hasher, .. } = self;
        let hash = |parent: NodeId, name: &[u8]| hasher.hash_one((parent, name));
        index.insert_unique(hash(parent, name.as_bytes()), node, |node| {
            let node = &nodes[*node as usize];
            hash(node.parent, node.name(names))
        });
        node
    }

    fn known(&self, parent: NodeId, name: &str) -> Option<NodeId> {
        let name = name.as_bytes();
        let same = |node: &NodeId| {
            let node = &self.nodes[*node as usize];
            node.parent == parent && node.name(&self.names) == name
        };
        self.index.find(self.hasher.hash_one((parent, name)), same).copied()
    }

    /// Adds a path below `parent`; that of an element has no name.
    fn push(&mut self, parent: NodeId, path: u64, name: Option<&str>) -> NodeId {
        let (element, name) = (name.is_none(), name.unwrap_or_default());
        let begin = self.names.len() as u32;
        self.names.extend_from_slice(name.as_bytes());
        self.nodes.push(PathNode {
            key: ExpectedKey::new(name),
            path,
            element,
            depth: self.nodes[parent as usize].depth + 1,
            parent,
            name: (begin, self.names.len() as u32),
            ..PathNode::default()
        });
        self.nodes.len() as NodeId - 1
    }

    /// The paths of the present body with their types, as [`paths`](super::paths) lists them.
    pub(super) fn paths(&self) -> Vec<String> {
        let mut found = Paths::default();
        let mut text = String::new();
        // The nodes that `text` leads through, and where the step to each ends in it.
        let mut way: Vec<(NodeId, usize)> = Vec::new();
        let mut up = Vec::new();
        for &node in &self.present {
            let (mut at, mut place) = (node, &self.nodes[node as usize]);
            let types = place.types;
            let known = |at: NodeId, depth: u16| {
                way.get(usize::from(depth) - 1).is_some_and(|(known, _)| *known == at)
            };
            while at != ROOT && !known(at, place.depth) {
                up.push(at);
                at = place.parent;
                place = &self.nodes[at as usize];
            }
            way.truncate(place.depth.into());
            text.truncate(way.last().map_or(0, |(_, end)| *end));
            while let Some(node) = up.pop() {
                self.step(node, &mut text);
                way.push((node, text.len()));
            }
            let path = if text.is_empty() { "$" } else { &text };
            for (_, word) in WORDS.iter().enumerate().filter(|(ty, _)| types >> ty & 1 == 1) {
                found.keep([path, ": ", word].concat());
            }
        }
        found.sorted()
    }

    /// Goes on from the path in `text`. Long keys in deep nests would make each path as large as the body.
    fn step(&self, node: NodeId, text: &mut String) {
        let node = &self.nodes[node as usize];
        if node.element {
            text.push_str("[]");
        } else {
            if !text.is_empty() {
                text.push('.');
            }
            unescape(std::str::from_utf8(node.name(&self.names)).unwrap_or_default(), text);
        }
        if text.len() > MAX_PATH {
            text.truncate(text.floor_char_boundary(MAX_PATH));
            text.push_str("...");
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use std::collections::BTreeSet;

    use super::super::{Shapes, paths};
    use super::*;
    use crate::exchange::BodyKind;
    use crate::json::Value;

    const KEYS: [&str; 10] =
        ["a", "b", "ab", "a_:b", "", "*", "[]", r#"a\"b"#, "1234", "SKU-00123"];
    const VALUES: [&str; 6] = ["null", "true", "-1.5", r#""x""#, r#""a\"b""#, "{}"];
    const BLANKS: [&str; 4] = ["", "", " ", "\n\t"];

    /// A JSON text whose keys repeat, in any order, with blanks or without.
    fn json() -> impl Strategy<Value = String> {
        let blank = || prop::sample::select(&BLANKS[..]);
        let key = prop::sample::select(&KEYS[..]);
        let leaf = prop::sample::select(&VALUES[..]);
        leaf.prop_map(str::to_owned).prop_recursive(5, 40, 6, move |inner| {
            let member = (key.clone(), blank(), blank(), inner.clone()).prop_map(
                |(key, before, after, value)| format!("{before}\"{key}\"{after}:{before}{value}"),
            );
            prop_oneof![
                vec(inner, 0..6).prop_map(|all| format!("[{}]", all.join(","))),
                (vec(member, 0..6), blank())
                    .prop_map(|(all, blank)| format!("{{{}{blank}}}", all.join(","))),
            ]
        })
    }

    /// The paths of a value, in the simplest way.
    fn simple(value: Value<'_>, path: &str, found: &mut BTreeSet<String>) {
        let shown = if path.is_empty() { "$" } else { path };
        found.insert(format!("{shown}: {}", WORDS[value.ty as usize]));
        value.members(|key, value| {
            let mut name = if path.is_empty() { String::new() } else { format!("{path}.") };
            unescape(if is_id(key) { "*" } else { key }, &mut name);
            simple(value, &name, found);
            true
        });
        value.elements(|element| {
            simple(element, &format!("{path}[]"), found);
            true
        });
    }

    fn shown(shapes: &mut Shapes, text: &str) -> String {
        let mut members = Vec::new();
        let (body, whole) = shapes.outlined(text, 0, &mut NameRoles::default(), &mut members);
        format!("{body:?} {whole} {members:?}")
    }

    proptest! {
        #[test]
        fn what_was_learned_changes_nothing(texts in vec((json(), 0usize..200), 1..12)) {
            let mut learned = Shapes::default();
            for (text, cut) in &texts {
                for text in [text.as_str(), &text[..*cut.min(&text.len())]] {
                    prop_assert_eq!(shown(&mut learned, text), shown(&mut Shapes::default(), text));
                    let (body, whole) = learned.body(text);
                    if body.kind == BodyKind::Json {
                        prop_assert_eq!(learned.paths(), paths(&body), "{}", text);
                    }
                    if body.kind == BodyKind::Json && whole {
                        let mut found = BTreeSet::new();
                        simple(Value::of(text).unwrap(), "", &mut found);
                        prop_assert_eq!(learned.paths(), Vec::from_iter(found), "{}", text);
                    }
                }
            }
        }
    }

    #[test]
    fn too_many_paths_are_forgotten_and_still_listed() {
        let mut shapes = Shapes::default();
        let rows = |from: usize| {
            let members = (from..from + MOST_NODES).map(|n| {
                // Names that are no ids.
                let name: String =
                    n.to_string().bytes().map(|b| char::from(b + b'a' - b'0')).collect();
                format!("\"{name}\":1")
            });
            format!("{{{}}}", members.collect::<Vec<_>>().join(","))
        };
        let [one, other] = [rows(0), rows(MOST_NODES)];
        for text in [&one, &other, &one] {
            let (body, _) = shapes.body(text);
            assert_eq!(body.shape, Shapes::default().body(text).0.shape);
            assert_eq!(shapes.paths(), paths(&body));
            assert!(shapes.tree.nodes.len() <= MOST_NODES + 2, "{}", shapes.tree.nodes.len());
        }
    }
}
