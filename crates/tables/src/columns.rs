//! How the cells of a batch lie in memory.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use crate::schema::{Column, ColumnType};

/// The cells of one column.
#[derive(Debug, Clone, PartialEq)]
pub struct Cells {
    /// One bit a row, unset where the cell is null.
    pub(crate) valid: Bits,
    /// One value a row; what stands at a null is empty, false or 0.
    pub(crate) data: Data,
}

/// The values of one column, in the representation of its [`ColumnType`].
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Data {
    Text(ColumnTexts),
    /// [`ColumnType::Text`] of a column with bodies.
    Bodies(BodyTexts),
    I32(Vec<i32>),
    /// [`ColumnType::I64`] and [`ColumnType::Time`].
    I64(Vec<i64>),
    F64(Vec<f64>),
    Bool(Bits),
    List(Lists),
}

/// Texts one behind the other in one buffer.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct TextBuffer {
    pub(crate) buffer: String,
    /// Where each text ends in `buffer`; it starts where the one before it ends. Ascending, and on
    /// character boundaries.
    pub(crate) ends: Vec<usize>,
}

/// The texts of a column. One that equals the text of the row before is not copied: file, log and flow are the same
/// for many neighbouring rows.
#[derive(Debug, Clone, Default)]
pub(crate) struct ColumnTexts {
    /// In the order of their first rows; equal ones may be there more than once.
    pub(crate) distinct: TextBuffer,
    /// For each row the place of its text among them.
    pub(crate) rows: Vec<u32>,
    /// Bytes of all rows, repeats counted.
    pub(crate) bytes: usize,
}

impl PartialEq for ColumnTexts {
    fn eq(&self, other: &Self) -> bool {
        let rows = self.rows.len();
        rows == other.rows.len() && (0..rows).all(|row| self.get(row) == other.get(row))
    }
}

/// Large texts of which many are equal: each distinct one stands there once.
#[derive(Debug, Clone, Default)]
pub(crate) struct BodyTexts {
    /// The distinct texts in the order in which they first appear, each with its length in four
    /// bytes, little endian, before it: as a page of plain values has them.
    pub(crate) plain: Vec<u8>,
    /// Where each distinct text ends in `plain`.
    pub(crate) ends: Vec<usize>,
    /// For each row the place of its text among them; 0 at a null.
    pub(crate) rows: Vec<u32>,
    /// Bytes of all rows, repeats counted.
    bytes: usize,
    places: HashMap<u64, u32, BuildHasherDefault<Hashed>>,
}

impl PartialEq for BodyTexts {
    /// Rows decide; `places` follows from them.
    fn eq(&self, other: &Self) -> bool {
        self.plain == other.plain && self.rows == other.rows
    }
}

/// Takes a number that is a hash already.
#[derive(Debug, Clone, Default)]
pub(crate) struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {
        debug_assert!(false, "only whole hashes are written");
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

/// One cell of any type.
#[derive(Debug, Clone, PartialEq)]
pub enum CellRef<'b> {
    /// Absent.
    Null,
    /// A text.
    Text(&'b str),
    /// Of 32 or 64 bits.
    Integer(i64),
    /// May be infinite or no number.
    Float(f64),
    /// True or false.
    Bool(bool),
    /// Microseconds since 1970-01-01 UTC.
    Time(i64),
    /// A list of texts.
    List(Items<'b>),
}

/// The items of one list cell, in their order.
#[derive(Debug, Clone, PartialEq)]
pub struct Items<'b> {
    texts: &'b TextBuffer,
    range: std::ops::Range<usize>,
}

impl<'b> Iterator for Items<'b> {
    type Item = &'b str;

    fn next(&mut self) -> Option<&'b str> {
        self.range.next().map(|index| self.texts.get(index))
    }
}

/// Lists of text, their items one behind the other.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Lists {
    pub(crate) items: TextBuffer,
    /// Where each list ends in `items`. Ascending.
    pub(crate) ends: Vec<usize>,
}

/// Bits packed eight to a byte, the lowest first, as Arrow packs them.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Bits {
    pub(crate) bytes: Vec<u8>,
    len: usize,
    unset: usize,
}

impl Cells {
    pub(crate) fn new(column: &Column) -> Self {
        Self::of_kind(column.kind, column.body)
    }

    pub(crate) fn of_kind(kind: ColumnType, body: bool) -> Self {
        let data = if body { Data::Bodies(BodyTexts::default()) } else { Data::new(kind) };
        Self { valid: Bits::default(), data }
    }

    /// So many nulls.
    pub(crate) fn nulls(column: &Column, rows: usize) -> Self {
        let mut cells = Self::new(column);
        (0..rows).for_each(|_| cells.push_null());
        cells
    }

    pub(crate) fn push_null(&mut self) {
        self.valid.push(false);
        match &mut self.data {
            Data::Text(texts) => texts.push(""),
            Data::Bodies(bodies) => bodies.push_null(),
            Data::I32(values) => values.push(0),
            Data::I64(values) => values.push(0),
            Data::F64(values) => values.push(0.0),
            Data::Bool(values) => values.push(false),
            Data::List(lists) => lists.ends.push(lists.items.ends.len()),
        }
    }

    #[inline]
    pub(crate) fn push_text(&mut self, text: &str) {
        match &mut self.data {
            Data::Text(texts) => texts.push(text),
            _ => self.wrong_type(ColumnType::Text),
        }
        self.valid.push(true);
    }

    pub(crate) fn push_body(&mut self, text: &str, hash: u64) {
        match &mut self.data {
            Data::Bodies(bodies) => bodies.push(text, hash),
            _ => self.wrong_type(ColumnType::Text),
        }
        self.valid.push(true);
    }

    pub(crate) fn push_list<'t>(&mut self, items: impl Iterator<Item = &'t str>) {
        match &mut self.data {
            Data::List(lists) => {
                items.for_each(|item| lists.items.push(item));
                lists.ends.push(lists.items.ends.len());
            }
            _ => self.wrong_type(ColumnType::List),
        }
        self.valid.push(true);
    }

    /// The text of a row; any text where the cell is null.
    pub(crate) fn text(&self, row: usize) -> &str {
        match &self.data {
            Data::Text(texts) => texts.get(row),
            Data::Bodies(bodies) => bodies.get(row),
            _ => self.wrong_type(ColumnType::Text),
        }
    }

    /// One cell; `row` is in range, and `kind` is that of the column.
    pub(crate) fn get(&self, row: usize, kind: ColumnType) -> CellRef<'_> {
        if !self.valid.get(row) {
            return CellRef::Null;
        }
        match &self.data {
            Data::Text(_) | Data::Bodies(_) => CellRef::Text(self.text(row)),
            Data::I32(values) => CellRef::Integer(values[row].into()),
            Data::I64(values) if kind == ColumnType::Time => CellRef::Time(values[row]),
            Data::I64(values) => CellRef::Integer(values[row]),
            Data::F64(values) => CellRef::Float(values[row]),
            Data::Bool(values) => CellRef::Bool(values.get(row)),
            Data::List(lists) => CellRef::List(lists.get(row)),
        }
    }

    /// The items of a list; `None` where the cell is null.
    pub(crate) fn list(&self, row: usize) -> Option<Items<'_>> {
        match &self.data {
            Data::List(lists) => self.valid.get(row).then(|| lists.get(row)),
            _ => self.wrong_type(ColumnType::List),
        }
    }

    /// Columns are made from the types of their cells, so no cell meets another type.
    #[cold]
    pub(crate) fn wrong_type(&self, asked: ColumnType) -> ! {
        unreachable!(
            "a column of {:?} holds no {}",
            std::mem::discriminant(&self.data),
            asked.name()
        )
    }

    pub(crate) fn bytes(&self) -> usize {
        let texts = |texts: &TextBuffer| texts.buffer.len() + size_of_val(texts.ends.as_slice());
        self.valid.bytes.len()
            + match &self.data {
                // As if each text stood there: where a row group is cut must not depend on what is known
                // of its rows.
                Data::Text(texts) => texts.bytes + size_of::<usize>() * texts.rows.len(),
                // An entry of `places` takes some 16 bytes.
                Data::Bodies(bodies) => {
                    bodies.plain.len() + 4 * bodies.rows.len() + (8 + 16) * bodies.ends.len()
                }
                Data::I32(values) => size_of_val(values.as_slice()),
                Data::I64(values) => size_of_val(values.as_slice()),
                Data::F64(values) => size_of_val(values.as_slice()),
                Data::Bool(values) => values.bytes.len(),
                Data::List(lists) => texts(&lists.items) + size_of_val(lists.ends.as_slice()),
            }
    }

    pub(crate) fn clear(&mut self) {
        self.valid.clear();
        match &mut self.data {
            Data::Text(texts) => texts.clear(),
            Data::Bodies(bodies) => bodies.clear(),
            Data::I32(values) => values.clear(),
            Data::I64(values) => values.clear(),
            Data::F64(values) => values.clear(),
            Data::Bool(values) => values.clear(),
            Data::List(lists) => {
                lists.items.clear();
                lists.ends.clear();
            }
        }
    }
}

impl Data {
    pub(crate) fn new(kind: ColumnType) -> Self {
        match kind {
            ColumnType::Text => Self::Text(ColumnTexts::default()),
            ColumnType::I32 => Self::I32(Vec::new()),
            ColumnType::I64 | ColumnType::Time => Self::I64(Vec::new()),
            ColumnType::F64 => Self::F64(Vec::new()),
            ColumnType::Bool => Self::Bool(Bits::default()),
            ColumnType::List => Self::List(Lists::default()),
        }
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Text(texts) => texts.rows.len(),
            Self::Bodies(bodies) => bodies.rows.len(),
            Self::I32(values) => values.len(),
            Self::I64(values) => values.len(),
            Self::F64(values) => values.len(),
            Self::Bool(values) => values.len(),
            Self::List(lists) => lists.ends.len(),
        }
    }
}

impl TextBuffer {
    pub(crate) fn push(&mut self, text: &str) {
        self.buffer.push_str(text);
        self.ends.push(self.buffer.len());
    }

    fn clear(&mut self) {
        self.buffer.clear();
        self.ends.clear();
    }

    pub(crate) fn get(&self, index: usize) -> &str {
        &self.buffer[self.start(index)..self.ends[index]]
    }

    /// Bytes of the text at `index`.
    fn length(&self, index: usize) -> usize {
        self.ends[index] - self.start(index)
    }

    /// Where the text at `index` starts in the buffer; `index` may be one past the last.
    pub(crate) fn start(&self, index: usize) -> usize {
        index.checked_sub(1).map_or(0, |before| self.ends[before])
    }
}

impl ColumnTexts {
    /// Rows of which each has a text of `distinct`.
    pub(crate) fn of(distinct: TextBuffer, rows: Vec<u32>) -> Self {
        let bytes = rows.iter().map(|place| distinct.length(*place as usize)).sum();
        Self { distinct, rows, bytes }
    }

    #[inline]
    pub(crate) fn push(&mut self, text: &str) {
        let known = self.distinct.ends.len();
        let newest = known.checked_sub(1).map(|newest| self.distinct.start(newest));
        let buffer = self.distinct.buffer.as_bytes();
        // Empty texts are not compared: that takes 130 ns where the buffer is not allocated yet, as in a column of nulls.
        let same = |start: usize| {
            buffer.len() - start == text.len()
                && (text.is_empty() || &buffer[start..] == text.as_bytes())
        };
        let place = if newest.is_some_and(same) {
            known - 1
        } else {
            self.distinct.push(text);
            known
        };
        self.bytes += text.len();
        self.rows.push(place as u32);
    }

    fn clear(&mut self) {
        self.distinct.clear();
        self.rows.clear();
        self.bytes = 0;
    }

    pub(crate) fn get(&self, row: usize) -> &str {
        self.distinct.get(self.rows[row] as usize)
    }

    /// All of them one behind the other, repeats too.
    pub(crate) fn plain(&self) -> TextBuffer {
        let mut plain = TextBuffer {
            buffer: String::with_capacity(self.bytes),
            ends: Vec::with_capacity(self.rows.len()),
        };
        (0..self.rows.len()).for_each(|row| plain.push(self.get(row)));
        plain
    }
}

impl BodyTexts {
    /// Pushes a text. `hash`: equal texts have equal hashes.
    pub(crate) fn push(&mut self, text: &str, hash: u64) {
        let place = self.place_of(text, hash);
        self.rows.push(place);
    }

    fn place_of(&mut self, text: &str, hash: u64) -> u32 {
        let next = self.ends.len() as u32;
        let place = *self.places.entry(hash).or_insert(next);
        self.bytes += text.len();
        if place < next && self.distinct(place as usize) == text.as_bytes() {
            return place;
        }
        // New, or another text of a known hash, which then stands there as often as it comes.
        // Lengths are below 2^32: `Limits` ends a text long before.
        self.plain.extend_from_slice(&(text.len() as u32).to_le_bytes());
        self.plain.extend_from_slice(text.as_bytes());
        self.ends.push(self.plain.len());
        next
    }

    fn clear(&mut self) {
        self.plain.clear();
        self.ends.clear();
        self.rows.clear();
        self.bytes = 0;
        self.places.clear();
    }

    /// Pushes what stands at a null.
    pub(crate) fn push_null(&mut self) {
        self.rows.push(0);
    }

    /// The text of a row; any text for a null. Costs a look at all its bytes.
    pub(crate) fn get(&self, row: usize) -> &str {
        std::str::from_utf8(self.bytes(row)).expect("texts were pushed")
    }

    /// The bytes of the text of a row; those of any text for a null.
    pub(crate) fn bytes(&self, row: usize) -> &[u8] {
        let place = self.rows[row] as usize;
        if place < self.ends.len() { self.distinct(place) } else { &[] }
    }

    /// Whether a quarter and more of the bytes are repeats, so that a dictionary pays.
    pub(crate) fn repeat(&self) -> bool {
        self.plain.len() / 3 < self.bytes / 4
    }

    fn distinct(&self, place: usize) -> &[u8] {
        let start = place.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.plain[start + size_of::<u32>()..self.ends[place]]
    }
}

impl Lists {
    pub(crate) fn get(&self, index: usize) -> Items<'_> {
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        Items { texts: &self.items, range: start..self.ends[index] }
    }
}

impl Bits {
    /// Bits out of whole bytes; `None` when these are fewer or more than `len` bits need.
    pub(crate) fn from_bytes(bytes: Vec<u8>, len: usize) -> Option<Self> {
        if bytes.len() != len.div_ceil(8) {
            return None;
        }
        let mut bits = Self { bytes, len, unset: 0 };
        bits.clear_spare();
        let set: usize = bits.bytes.iter().map(|byte| byte.count_ones() as usize).sum();
        bits.unset = len - set;
        Some(bits)
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.len = 0;
        self.unset = 0;
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// How many bits are unset.
    pub(crate) fn unset(&self) -> usize {
        self.unset
    }

    pub(crate) fn push(&mut self, bit: bool) {
        if self.len.is_multiple_of(8) {
            self.bytes.push(0);
        }
        if bit {
            self.bytes[self.len / 8] |= 1 << (self.len % 8);
        } else {
            self.unset += 1;
        }
        self.len += 1;
    }

    pub(crate) fn get(&self, index: usize) -> bool {
        self.bytes[index / 8] >> (index % 8) & 1 == 1
    }

    /// Unsets the bits behind the last one, so that equal bits are equal bytes.
    fn clear_spare(&mut self) {
        let used = self.len % 8;
        if used > 0
            && let Some(last) = self.bytes.last_mut()
        {
            *last &= (1 << used) - 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn bits_from_bytes_forget_what_stands_behind_the_last() {
        let bits = Bits::from_bytes(vec![0b1111_1101], 3).unwrap();
        assert_eq!(bits.bytes, [0b101]);
        assert_eq!(bits.unset(), 1);
        assert_eq!(Bits::from_bytes(vec![0, 0], 8), None);
    }

    proptest! {
        #[test]
        fn texts_of_a_column_read_as_they_were_pushed_and_repeats_are_not_copied(
            texts in vec(prop_oneof![Just(""), Just("a"), Just("ab"), Just("ş")], 1..20),
        ) {
            let mut column = ColumnTexts::default();
            let mut expected = Vec::new();
            for text in &texts {
                column.push(text);
                expected.push(*text);
            }
            let read: Vec<&str> = (0..expected.len()).map(|row| column.get(row)).collect();
            prop_assert_eq!(&read, &expected);
            prop_assert_eq!(column.bytes, expected.concat().len());
            prop_assert_eq!(&column.plain().buffer, &expected.concat());
            let changes = texts.iter().zip(texts.iter().skip(1)).filter(|(a, b)| a != b).count();
            prop_assert_eq!(column.distinct.ends.len(), 1 + changes);
            prop_assert_eq!(ColumnTexts::of(column.distinct.clone(), column.rows.clone()), column);
        }
    }

    #[test]
    fn a_repeated_body_is_kept_once() {
        let mut bodies = BodyTexts::default();
        // The last two: another text with a hash seen before.
        for (text, hash) in [("one", 1), ("two", 2), ("one", 1), ("six", 1), ("six", 1)] {
            bodies.push(text, hash);
        }
        assert_eq!(bodies.rows, [0, 1, 0, 2, 3]);
        let texts: Vec<_> = (0..5).map(|row| bodies.get(row)).collect();
        assert_eq!(texts, ["one", "two", "one", "six", "six"]);
        assert_eq!(bodies.bytes, 15);
        bodies.clear();
        bodies.push("two", 2);
        assert_eq!(bodies.get(0), "two");
    }
}
