//! Bodies: what they are, their shape, whether they are whole.
//!
//! The *shape* of a body is the set of its paths with their types, values left out, so that bodies of
//! one kind count together whatever they hold. Elements of an array share one path, and keys that
//! are ids (a map keyed by SKU or number) share the name `*`. A shape is a 64-bit hash; [`paths`] lists the
//! paths themselves.

mod tree;

use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use self::tree::{NodeId, Tree};
use crate::answer::may_be_json;
use crate::answer::names::Says;
use crate::answer::statement::Statement;
use crate::exchange::{Body, BodyKind};
use crate::fault::kind;
use crate::json::{Cursor, Fault, FaultKind, Type, Value};
use crate::members::Member;
use crate::record::NameRoles;

/// At most this many paths are listed of one shape.
pub const MAX_PATHS: usize = 1000;

/// A path is cut at so many bytes.
pub const MAX_PATH: usize = 1000;

/// Buffers of [`Shapes::body`], and the paths of the bodies so far, of which it keeps some 2 MB.
#[derive(Debug, Default)]
pub struct Shapes {
    levels: Vec<Level>,
    tree: Tree,
    elements: NameSet,
    /// A member of the present body may say that something failed.
    alarm: bool,
}

/// A member of a JSON body's root object, or of an object in it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BodyMember<'r> {
    /// 1 for members of the root, 2 for those of an object in the root.
    pub(crate) depth: u8,
    /// The member itself.
    pub(crate) member: Member<'r>,
}

/// How many members are listed. A body with more of them at its top is a map or a table.
const MAX_MEMBERS: usize = 512;

#[derive(Debug, Clone, Copy)]
struct Level {
    node: NodeId,
    /// The path of the member read last; [`tree::ROOT`] before the first.
    last: NodeId,
    object: bool,
    /// Where it is listed among the members, if it is, and where it begins in the text.
    listed: Option<usize>,
    start: usize,
}

impl Shapes {
    /// A body with its digest, kind and shape, and whether it is whole: false when it begins as
    /// JSON or markup and ends inside. One pass over the text, no allocation in the steady state.
    pub fn body<'r>(&mut self, text: &'r str) -> (Body<'r>, bool) {
        let digest = xxh3_128(text.as_bytes());
        self.outlined(text, digest, &mut NameRoles::default(), &mut Vec::new())
    }

    /// As [`body`](Self::body), and lists the members of the first two levels of objects on the way, those of an
    /// object after the object itself, so that a name is looked up without another pass. `digest`: the digest of
    /// the text.
    pub(crate) fn outlined<'r>(
        &mut self,
        text: &'r str,
        digest: u128,
        names: &mut NameRoles,
        members: &mut Vec<BodyMember<'r>>,
    ) -> (Body<'r>, bool) {
        members.clear();
        let (kind, shape, whole) = match kind(text) {
            BodyKind::Empty => (BodyKind::Empty, 0, true),
            BodyKind::Json => match self.json(text, Some(names), members) {
                Ok(shape) => (BodyKind::Json, shape, true),
                Err(fault) if fault.kind == FaultKind::Syntax => (BodyKind::Text, 0, true),
                // The paths before the cut, so that equal shapes have equal paths here too.
                Err(_) => (BodyKind::Json, mix(self.tree.sum() ^ CUT), false),
            },
            BodyKind::Xml => (BodyKind::Xml, self.names(text, b'<'), closed(text)),
            BodyKind::Html => (BodyKind::Html, 0, closed(text)),
            BodyKind::Form => (BodyKind::Form, self.names(text, b'&'), true),
            BodyKind::Text => (BodyKind::Text, 0, true),
        };
        let shape = mix(shape ^ mix(kind as u64 + 1));
        (Body { text, digest, kind, shape }, whole)
    }

    /// Walks a JSON body. Without `names` only its paths are wanted.
    fn json<'r>(
        &mut self,
        text: &'r str,
        mut names: Option<&mut NameRoles>,
        members: &mut Vec<BodyMember<'r>>,
    ) -> Result<u64, Fault> {
        self.levels.clear();
        self.alarm = false;
        self.tree.begin();
        let mut cursor = Cursor::new(text);
        let mut here = tree::ROOT;
        let mut listed = None;
        loop {
            let ty = cursor.peek()?;
            let start = cursor.pos();
            self.tree.add(here, ty);
            let mut opened = matches!(ty, Type::Object | Type::Array);
            if opened {
                cursor.enter()?;
                let object = ty == Type::Object;
                self.levels.push(Level { node: here, last: tree::ROOT, object, listed, start });
            } else {
                cursor.scalar(ty)?;
                if let Some(names) = names.as_deref_mut() {
                    let value = Value { ty, raw: &text[start..cursor.pos()] };
                    self.alarm = self.alarm || alarms(self.tree.says(here, names), value);
                    if let Some(at) = listed {
                        members[at].member.value = value;
                    }
                }
            }
            listed = None;
            loop {
                let depth = self.levels.len();
                let Some(level) = self.levels.last_mut() else {
                    return if cursor.at_end() {
                        Ok(self.tree.sum())
                    } else {
                        Err(Fault { offset: cursor.pos(), kind: FaultKind::Syntax })
                    };
                };
                if level.object {
                    if let Some((key, node)) = self.tree.key(level.node, level.last, &mut cursor)? {
                        (level.last, here) = (node, node);
                        if let Some(names) = names.as_deref_mut()
                            && (depth == 1 || (depth == 2 && level.listed.is_some()))
                            && members.len() < MAX_MEMBERS
                        {
                            listed = Some(members.len());
                            let role = self.tree.role(node, key, names);
                            // A value that breaks off is no value.
                            let value = Value { ty: Type::Null, raw: "" };
                            let says = self.tree.says(node, names);
                            let member = Member { name: key, role, says, value };
                            members.push(BodyMember { depth: depth as u8, member });
                        }
                        break;
                    }
                } else if cursor.element(opened)? {
                    here = self.tree.element(level.node);
                    break;
                }
                if let Some(at) = level.listed {
                    let ty = if level.object { Type::Object } else { Type::Array };
                    members[at].member.value = Value { ty, raw: &text[level.start..cursor.pos()] };
                }
                self.levels.pop();
                opened = false;
            }
        }
    }

    /// Whether a member of the JSON body that was looked at last may say that something failed.
    pub(crate) fn alarm(&self) -> bool {
        self.alarm
    }

    /// The paths of the JSON body that was looked at last, as [`paths()`] lists them, without another pass over it.
    pub(crate) fn paths(&self) -> Vec<String> {
        self.tree.paths()
    }

    /// The set of element or form names in a text.
    fn names(&mut self, text: &str, sign: u8) -> u64 {
        self.elements.clear();
        for name in names_in(text, sign) {
            self.elements.add(mix(xxh3_64(name.as_bytes())));
        }
        self.elements.sum
    }
}

/// The names of elements (`sign` is `<`) or form fields (`&`): what follows the sign up to a delimiter.
fn names_in(text: &str, sign: u8) -> impl Iterator<Item = &str> {
    let starts = memchr::memchr_iter(sign, text.as_bytes()).map(|at| at + 1);
    (sign == b'&').then_some(0).into_iter().chain(starts).filter_map(|start| {
        let rest = &text[start..];
        let ends = |b| matches!(b, b' ' | b'\t' | b'\r' | b'\n' | b'/' | b'>' | b'=' | b'&' | b'<');
        let end = rest.bytes().position(ends);
        let name = &rest[..end.unwrap_or(rest.len())];
        (!name.is_empty() && !name.starts_with(['!', '?'])).then_some(name)
    })
}

/// Whether a scalar may say that something failed; `says`: what its name says.
#[inline]
fn alarms(says: Says, value: Value<'_>) -> bool {
    match says {
        Says::Aside => false,
        Says::Nothing | Says::Text(_) => value.ty == Type::String && may_be_json(value),
        _ => Statement::alarms(says, value) || (value.ty == Type::String && may_be_json(value)),
    }
}

/// The paths of a JSON body with their types, sorted: `items[].sku: string`. Names of elements or
/// fields for XML and forms, nothing for the rest. At most [`MAX_PATHS`].
pub fn paths(body: &Body<'_>) -> Vec<String> {
    let mut found = Paths::default();
    match body.kind {
        BodyKind::Json => {
            let mut shapes = Shapes::default();
            // Of a body that was cut, the paths before the cut.
            let _cut = shapes.json(body.text, None, &mut Vec::new());
            return shapes.paths();
        }
        BodyKind::Xml | BodyKind::Form => {
            let sign = if body.kind == BodyKind::Xml { b'<' } else { b'&' };
            for name in names_in(body.text, sign) {
                found.keep(name.to_owned());
            }
        }
        _ => {}
    }
    found.sorted()
}

/// The first [`MAX_PATHS`] paths in their order, whatever the order they come in.
#[derive(Debug, Default)]
struct Paths(Vec<String>);

impl Paths {
    fn keep(&mut self, path: String) {
        if self.0.len() >= 2 * MAX_PATHS {
            self.sort();
        }
        self.0.push(path);
    }

    fn sort(&mut self) {
        self.0.sort_unstable();
        self.0.dedup();
        self.0.truncate(MAX_PATHS);
    }

    fn sorted(mut self) -> Vec<String> {
        self.sort();
        self.0
    }
}

/// Whether a key is a value: all digits, or eight characters and more with three digits among them.
pub fn is_id(key: &str) -> bool {
    let digits = key.bytes().filter(u8::is_ascii_digit).count();
    digits > 0 && (digits == key.len() || (key.len() >= 8 && digits >= 3))
}

/// Markup that was not cut ends with its last tag.
fn closed(text: &str) -> bool {
    text.trim_end().ends_with('>')
}

const CUT: u64 = 0x6375_7400;

/// The finaliser of `SplitMix64` (Steele, Lea, Flood 2014).
fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// A set of hashes and the sum of them: the same for any order.
#[derive(Debug, Default)]
struct NameSet {
    slots: Vec<u64>,
    used: Vec<u32>,
    sum: u64,
}

impl NameSet {
    fn clear(&mut self) {
        for at in self.used.drain(..) {
            self.slots[at as usize] = 0;
        }
        self.sum = 0;
    }

    /// Adds a hash, unless it is in the set.
    fn add(&mut self, hash: u64) {
        if self.used.len() * 2 >= self.slots.len() {
            self.grow();
        }
        // 0 marks a free slot.
        let hash = hash.max(1);
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            match self.slots[at] {
                0 => break,
                there if there == hash => return,
                _ => at = (at + 1) & mask,
            }
        }
        self.slots[at] = hash;
        self.used.push(at as u32);
        self.sum = self.sum.wrapping_add(mix(hash));
    }

    fn grow(&mut self) {
        let kept: Vec<u64> = self.used.drain(..).map(|at| self.slots[at as usize]).collect();
        let sum = self.sum;
        self.slots = vec![0; (self.slots.len() * 2).max(256)];
        for hash in kept {
            self.add(hash);
        }
        self.sum = sum;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    fn shape(text: &str) -> u64 {
        Shapes::default().body(text).0.shape
    }

    #[test]
    fn values_and_order_do_not_matter_and_types_do() {
        let one = shape(r#"{"sku":"A","price":1,"tags":["x"]}"#);
        assert_eq!(one, shape(r#"{"tags":["y","z"],"price":2.5,"sku":"B"}"#));
        assert_ne!(one, shape(r#"{"sku":"A","price":"1","tags":["x"]}"#));
        assert_ne!(one, shape(r#"{"sku":"A","price":1,"tags":[]}"#));
    }

    #[test]
    fn keys_that_are_ids_share_a_name() {
        assert_eq!(shape(r#"{"SKU-000123":1}"#), shape(r#"{"SKU-000124":1,"8690000000001":2}"#));
        assert_ne!(shape(r#"{"price":1}"#), shape(r#"{"stock":1}"#));
    }

    #[test]
    fn a_cut_body_is_not_whole() {
        let whole = |text| Shapes::default().body(text).1;
        assert!(
            whole(r#"{"a":1}"#) && whole("plain") && whole("<a><b/></a>\n") && whole("{'a': 1}")
        );
        assert!(!whole(r#"{"a":"#) && !whole("[1,") && !whole("<a><b"));
    }

    #[test]
    fn the_outline_lists_two_levels_of_objects() {
        let text = r#"{"a":{"b":[1,{"c":2}],"d":{"e":3}},"f":[{"g":1}],"h":"x"}"#;
        let mut members = Vec::new();
        Shapes::default().outlined(text, 0, &mut NameRoles::default(), &mut members);
        let listed: Vec<_> =
            members.iter().map(|m| (m.depth, m.member.name, m.member.value.raw)).collect();
        let wanted = [
            (1, "a", r#"{"b":[1,{"c":2}],"d":{"e":3}}"#),
            (2, "b", r#"[1,{"c":2}]"#),
            (2, "d", r#"{"e":3}"#),
            (1, "f", r#"[{"g":1}]"#),
            (1, "h", "\"x\""),
        ];
        assert_eq!(listed, wanted);
    }

    #[test]
    fn paths_are_sorted_and_listed_once() {
        let (body, _) =
            Shapes::default().body(r#"{"b":[{"c":1},{"c":2,"d":null}],"a":{"SKU-00123":""}}"#);
        let wanted = [
            "$: object",
            "a.*: string",
            "a: object",
            "b: array",
            "b[].c: number",
            "b[].d: null",
            "b[]: object",
        ];
        assert_eq!(paths(&body), wanted);
    }

    proptest! {
        #[test]
        fn equal_shapes_have_equal_paths(bodies in vec(r#"\{"[ab]":(1|"x"|\[\]|\[1,\{"c":null\}\]|\{"c":1\}),"[ab]":(2|"y"|\{\})\}|<[ab]/?>(<c x="1">|&amp;)?</[ab]>|[ab]=1&[ab]=2"#, 2..6), cut in 0usize..30) {
            let mut shapes = Shapes::default();
            let mut known = std::collections::HashMap::new();
            for text in &bodies {
                for text in [text.as_str(), &text[..cut.min(text.len())]] {
                    let (body, _) = shapes.body(text);
                    let first = known.entry(body.shape).or_insert_with(|| paths(&body));
                    prop_assert_eq!(&*first, &paths(&body), "{}", text);
                }
            }
        }
    }

    #[test]
    fn many_paths_are_one_shape() {
        let keys = |range: std::ops::Range<u32>| -> String {
            let members: Vec<_> = range.map(|n| format!("\"k{n}\":{{\"v{n}\":1}}")).collect();
            format!("{{{}}}", members.join(","))
        };
        assert_eq!(shape(&keys(0..500)), shape(&keys(0..500)));
        assert_ne!(shape(&keys(0..500)), shape(&keys(0..499)));
    }
}
