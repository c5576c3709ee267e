//! Documents that are no strict JSON: values that break are read again, mended; records that cannot be
//! mended are skipped. Sound documents never come here.

use std::ops::Range;

use super::look::is_likely_record;
use super::places::LOOK_LEVELS;
use super::{Broken, Inherited, Walk};
use crate::json::{Cursor, Fault, FaultKind, Type, Value};
use crate::mend::{
    Behind, NextElement, RecordStart, Repairs, after_document, mend_value, next_element,
    next_sibling,
};
use crate::record::scan;

/// A value of more bytes is not mended as one. If it holds records, these are mended one by one.
const MOST_BYTES: usize = 64 << 20;

/// What is read of a text although it is not strict JSON.
#[derive(Debug)]
pub(super) struct Mending {
    /// Whether values are read strictly: in strings that hold JSON.
    pub(super) off: bool,
    /// Where the text begins in memory.
    base: usize,
    /// Bytes that may still be read in vain, so that the time stays in proportion to the text.
    left: usize,
    /// How the document begins.
    document: RecordStart,
    /// Where the document begins, in bytes.
    start: usize,
    /// What was mended in this document.
    repairs: Repairs,
    /// What was left out between documents.
    between: Repairs,
    /// Records of this document that were skipped.
    skipped: Option<Broken>,
    /// Where the last of them ends, in bytes.
    skipped_end: usize,
    /// Where the last one ended when the document began: reading can go on before that place.
    skipped_before: usize,
    /// Where an element was just skipped.
    skipped_to: Option<usize>,
    /// Where the last container of a broken document was left, in memory.
    read_to: usize,
    /// The text ended in a container of a broken document.
    cut: bool,
}

impl Mending {
    /// For the reading of `text`.
    pub(super) fn of(text: &str) -> Self {
        Self {
            off: false,
            base: text.as_ptr() as usize,
            left: text.len().saturating_mul(4).saturating_add(1 << 16),
            document: RecordStart::of(text, 0),
            start: 0,
            repairs: Repairs::default(),
            between: Repairs::default(),
            skipped: None,
            skipped_end: 0,
            skipped_before: 0,
            skipped_to: None,
            read_to: 0,
            cut: false,
        }
    }

    /// Reads strictly from now on. Gives what [`off`](Self::off) was.
    pub(super) fn switch_off(&mut self) -> bool {
        std::mem::replace(&mut self.off, true)
    }

    /// Takes bytes that were read in vain off the budget.
    fn charge(&mut self, bytes: usize) {
        self.left = self.left.saturating_sub(bytes + 1);
    }

    /// Notes how far a container was read.
    pub(super) fn leave(&mut self, container: &str, end: usize, read: Result<(), Fault>) {
        if self.off {
            return;
        }
        // A container around one that was read further stops where the first of it breaks.
        self.read_to = self.read_to.max(container.as_ptr() as usize + end);
        self.cut |= read.is_err_and(|fault| fault.kind == FaultKind::Truncated);
    }

    /// The place in the text of the byte `at` of a part of it.
    fn place(&self, part: &str, at: usize) -> usize {
        (part.as_ptr() as usize + at).wrapping_sub(self.base)
    }
}

/// Whether another document may follow behind the cursor.
pub(super) fn something_follows(cursor: &Cursor<'_>) -> bool {
    let text = cursor.text();
    after_document(text, cursor.pos(), &mut Repairs::default()) < text.len()
}

impl Walk<'_> {
    /// Moves to the next document; whether there is one.
    pub(super) fn next_document(&mut self, cursor: &mut Cursor<'_>) -> bool {
        if cursor.at_end() {
            return false;
        }
        if cursor.peek().is_err() {
            let text = cursor.text();
            let at = after_document(text, cursor.pos(), &mut self.mending.between);
            *cursor = Cursor::within(text, at, cursor.levels());
        }
        let more = !cursor.at_end();
        self.mending.document = RecordStart::of(cursor.text(), cursor.pos());
        self.mending.start = cursor.pos();
        self.mending.skipped_before = self.mending.skipped_end;
        more
    }

    /// Reports what of a document could not be read. The place from where reading goes on, when the document
    /// was not read to its end.
    pub(super) fn end_of_document(
        &mut self,
        text: &str,
        document: Range<usize>,
        read: Result<(), Fault>,
        gave: bool,
    ) -> Option<usize> {
        let repairs = std::mem::take(&mut self.mending.repairs);
        let mut skipped = self.mending.skipped.take();
        let cut = std::mem::take(&mut self.mending.cut);
        let read_to = std::mem::take(&mut self.mending.read_to).wrapping_sub(self.mending.base);
        let Err(mut fault) = read else {
            if gave {
                self.found.repairs.add(&repairs, 0);
            } else if let Some(first) = repairs.first() {
                // No log that was mended, but a text of another kind.
                let fault = Fault { offset: first, kind: FaultKind::Syntax };
                let start = document.start.max(self.mending.skipped_before);
                let left_over = document.end.saturating_sub(start);
                skipped = Some(Broken { fault, places: 1, left_over });
            }
            let broken = skipped.map(|broken| self.found.add_fault(broken));
            return broken.map(|()| document.end);
        };
        if gave {
            self.found.repairs.add(&repairs, 0);
        }
        let read_to =
            Some(read_to).filter(|read_to| (document.start..=text.len()).contains(read_to));
        let mut next = match fault.kind {
            FaultKind::Truncated => text.len(),
            _ => next_line(text, document.start, fault.offset.max(read_to.unwrap_or(0))),
        };
        if fault.kind == FaultKind::Syntax && cut {
            fault = Fault { offset: text.len(), kind: FaultKind::Truncated };
            next = text.len();
        }
        let used = self.used_of(text).filter(|used| (document.start..=next).contains(used));
        let skipped_end = self.mending.skipped_end.min(next);
        let used = used.unwrap_or(document.start).max(skipped_end);
        let mut broken = Broken { fault, places: 1, left_over: next - used };
        if let Some(skipped) = skipped {
            if skipped.fault.kind == fault.kind {
                // Most often the document breaks where its first record does that was skipped.
                let places = skipped.places + u32::from(fault.offset >= skipped_end);
                let left_over = skipped.left_over + broken.left_over;
                broken = Broken { places, left_over, ..skipped };
            } else {
                self.found.add_fault(skipped);
            }
        }
        self.found.add_fault(broken);
        Some(next)
    }

    /// Where the document begins, in bytes from the start of the text.
    pub(super) fn document_start(&self) -> usize {
        self.mending.start
    }

    /// Ends the text: requests that still wait are handed out.
    pub(super) fn end_of_text(&mut self) {
        self.end_of_halves();
        self.end_of_pieces();
        if self.found.exchanges > 0 {
            let between = std::mem::take(&mut self.mending.between);
            self.found.repairs.add(&between, 0);
        }
    }

    /// Reads the value at `start` again, mended; whether that is possible. The cursor then stands behind it.
    pub(super) fn mended(
        &mut self,
        text: &str,
        cursor: &mut Cursor<'_>,
        (start, levels): (usize, usize),
        above: Inherited<'_>,
        root: Option<bool>,
    ) -> bool {
        if self.mending.off || self.mending.left == 0 {
            return false;
        }
        let mended = match mend_value(text, start, levels, MOST_BYTES) {
            Ok(mended) => mended,
            Err(read) => {
                self.mending.charge(read - start);
                return false;
            }
        };
        let json = mended.json.as_str();
        let mut inner = Cursor::within(json, 0, levels);
        let Ok(ty) = inner.peek() else { return false };
        // A lone word is no document.
        if root.is_some() && !matches!(ty, Type::Object | Type::Array) {
            return false;
        }
        let from = self.mending.place(text, 0);
        self.mending.repairs.add(&mended.repairs, from);
        *cursor = Cursor::within(cursor.text(), mended.end, levels);
        let before = self.found.exchanges;
        // What was mended is sound.
        let off = self.mending.switch_off();
        if ty == Type::Object {
            let mut fields = self.list();
            let start = inner.pos();
            let read = scan(json, &mut inner, &mut self.extractor.names, &mut fields);
            let object = Value { ty, raw: &json[start..inner.pos()] };
            self.listed(object, &fields, cursor, above, read.is_ok(), root);
            self.recycle(fields);
        } else {
            let _sound = self.value_at(json, &mut inner, above, root);
        }
        self.mending.off = off;
        if self.found.exchanges > before {
            self.last_end = text.as_ptr() as usize + mended.end;
        }
        true
    }

    /// Whether a value that breaks holds records, by the first elements that can be read of the array it breaks in.
    pub(super) fn broken_holds(&mut self, value: Value<'_>) -> bool {
        if self.mending.off {
            return false;
        }
        let text = value.raw;
        let mut cursor = Cursor::new(text);
        for _ in 0..LOOK_LEVELS {
            match cursor.peek() {
                Ok(Type::Array) => return self.elements_hold(text, &mut cursor),
                Ok(Type::Object) if cursor.enter().is_ok() => {
                    let (mut first, mut broken) = (true, None);
                    while let Ok(Some(_)) = cursor.key(first) {
                        first = false;
                        let start = cursor.pos();
                        if cursor.value().is_err() {
                            broken = Some(start);
                            break;
                        }
                    }
                    let Some(start) = broken else { return false };
                    cursor = Cursor::at(text, start);
                }
                _ => return false,
            }
        }
        false
    }

    /// Whether one of the first elements of an array that breaks is a record.
    fn elements_hold(&mut self, text: &str, cursor: &mut Cursor<'_>) -> bool {
        // This is only a look: nothing is counted.
        let (repairs, skipped) = (self.mending.repairs.clone(), self.mending.skipped);
        let skipped_end = self.mending.skipped_end;
        let mut found = false;
        if cursor.enter().is_ok() {
            for at in 0..4 {
                let Ok(true) = self.element(text, cursor, at == 0) else { break };
                let from = (cursor.pos(), cursor.levels());
                if let Ok(element) = cursor.value() {
                    found = self.holds(element, LOOK_LEVELS, is_likely_record);
                } else if let Ok(mended) = mend_value(text, from.0, from.1, MOST_BYTES) {
                    found = Value::of(&mended.json)
                        .is_some_and(|v| self.holds(v, LOOK_LEVELS, is_likely_record));
                    *cursor = Cursor::within(cursor.text(), mended.end, from.1);
                } else {
                    let fault = Fault { offset: from.0, kind: FaultKind::Syntax };
                    if self.skip_element(text, cursor, from, fault).is_err() {
                        break;
                    }
                }
                if found {
                    break;
                }
            }
        }
        self.mending.repairs = repairs;
        self.mending.skipped = skipped;
        self.mending.skipped_end = skipped_end;
        found
    }

    /// In an array, past its bracket or an element: whether another element follows; steps past the end.
    pub(super) fn element(
        &mut self,
        text: &str,
        cursor: &mut Cursor<'_>,
        first: bool,
    ) -> Result<bool, Fault> {
        let (from, levels) = (cursor.pos(), cursor.levels());
        let skipped = self.mending.skipped_to.take() == Some(from) && !first;
        let mut behind = match (first, skipped) {
            (true, _) => Behind::Bracket,
            (_, true) => Behind::Skipped,
            _ => Behind::Element,
        };
        if !skipped {
            let more = cursor
                .element(first)
                .and_then(|more| if more { cursor.peek().map(|_| true) } else { Ok(false) });
            match more {
                Err(fault) if fault.kind == FaultKind::Syntax && !self.mending.off => {}
                more => return more,
            }
        }
        // Behind the first element, which is neither object nor array.
        let first_scalar = !first && !text[..from].ends_with(['}', ']', ')']);
        let mut at = from;
        loop {
            let mut repairs = Repairs::default();
            let next = next_element(text, at, behind, self.mending.document, &mut repairs);
            self.mending.repairs.add(&repairs, self.mending.place(text, 0));
            match next {
                NextElement::Element(at) => {
                    *cursor = Cursor::within(cursor.text(), at, levels);
                    return Ok(true);
                }
                NextElement::End(at) => {
                    *cursor = Cursor::within(cursor.text(), at, levels + 1);
                    return Ok(false);
                }
                NextElement::NextDocument(offset) => {
                    return Err(Fault { offset, kind: FaultKind::Syntax });
                }
                NextElement::Cut => {
                    return Err(Fault { offset: text.len(), kind: FaultKind::Truncated });
                }
                NextElement::Unclear(here) => {
                    let fault = Fault { offset: here, kind: FaultKind::Syntax };
                    if first_scalar && text[here..].starts_with("=>") {
                        return Err(fault);
                    }
                    // In the outermost list a bracket that closes nothing is one too many.
                    let stray = matches!(text.as_bytes()[here], b'}' | b')');
                    at = if stray && self.pointer.is_empty() {
                        self.note_skipped(text, here..here + 1, fault);
                        here + 1
                    } else {
                        self.skip(text, here, fault)?
                    };
                    behind = Behind::Skipped;
                }
            }
        }
    }

    /// Skips the element of an array that begins at `start` and breaks.
    pub(super) fn skip_element(
        &mut self,
        text: &str,
        cursor: &mut Cursor<'_>,
        (start, levels): (usize, usize),
        fault: Fault,
    ) -> Result<(), Fault> {
        if fault.kind != FaultKind::Syntax || self.mending.off {
            return Err(fault);
        }
        let next = self.skip(text, start, fault)?;
        // What stands behind the next element is read once more.
        self.mending.charge(cursor.pos().max(fault.offset).saturating_sub(next));
        *cursor = Cursor::within(cursor.text(), next, levels);
        self.mending.skipped_to = Some(next);
        Ok(())
    }

    /// Skips what begins at `start`; the place behind it.
    fn skip(&mut self, text: &str, start: usize, fault: Fault) -> Result<usize, Fault> {
        if self.mending.left == 0 {
            return Err(fault);
        }
        let next = next_sibling(text, start).filter(|next| *next > start);
        self.mending.charge(next.unwrap_or(text.len()) - start);
        let next = next.ok_or(fault)?;
        self.note_skipped(text, start..next, fault);
        Ok(next)
    }

    /// Notes what is skipped.
    fn note_skipped(&mut self, text: &str, bytes: Range<usize>, fault: Fault) {
        let (begins, ends) =
            (self.mending.place(text, bytes.start), self.mending.place(text, bytes.end));
        let offset = self.mending.place(text, fault.offset);
        let skipped = self.mending.skipped.get_or_insert(Broken {
            fault: Fault { offset, ..fault },
            places: 0,
            left_over: 0,
        });
        // What was skipped inside of it is counted.
        let counted = self.mending.skipped_end;
        skipped.places = skipped.places.saturating_add(u32::from(counted <= begins));
        skipped.left_over += ends.saturating_sub(counted.max(begins));
        self.mending.skipped_end = counted.max(ends);
    }
}

/// Where reading goes on behind a document that begins at `start` and breaks at `at`: at a line that begins one.
fn next_line(text: &str, start: usize, at: usize) -> usize {
    let bytes = text.as_bytes();
    // The line may begin where the fault stands.
    let from = at.min(bytes.len());
    let begins = from > start && matches!(bytes[from - 1], b'\n' | b'\r');
    let from = from - usize::from(begins);
    memchr::memchr2_iter(b'\n', b'\r', &bytes[from..])
        .map(|n| from + n + 1)
        .find(|next| matches!(bytes.get(*next), Some(b'{' | b'[')))
        .unwrap_or(text.len())
}

#[cfg(test)]
mod tests;
