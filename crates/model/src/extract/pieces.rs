//! Lines that docker's `json-file` driver divides: a line of more than 16 KiB stands in several records, of
//! which only the last ends in a line end.
//!
//! ```text
//!   {"log":"{\"request\": {\"url\": \"/ord","stream":"stdout","time":".."}
//!   {"log":"ers\"}, \"status\": 400}\n","stream":"stdout","time":".."}
//! ```

use super::{Broken, Inherited, Walk};
use crate::json::{Cursor, Fault, FaultKind, Type, unescape};
use crate::record::{Field, scan};

/// A longer line is not joined.
const MAX_LINE_BYTES: usize = 16 << 20;

/// The beginning of a divided line.
#[derive(Debug)]
pub(super) struct DividedLine {
    stream: String,
    /// What it holds so far, escaped as it stands.
    content: String,
    /// Where its first record stands.
    pointer: String,
}

impl Walk<'_> {
    /// Joins a record that holds a piece of a divided line with the others; whether it is such a piece. What
    /// the whole line holds is handed out with its last piece.
    pub(super) fn piece<'a>(
        &mut self,
        fields: &[Field<'a>],
        above: Inherited<'a>,
        root: Option<bool>,
    ) -> bool {
        let text = |key: &str| {
            let field = fields.iter().find(|field| field.key == key && field.parent.is_none())?;
            (field.value.ty == Type::String).then(|| field.value.inner())
        };
        let (Some(content), Some(stream), Some(_)) = (text("log"), text("stream"), text("time"))
        else {
            return false;
        };
        let before = content.strip_suffix('n').unwrap_or_default();
        let ends = (before.len() - before.trim_end_matches('\\').len()) % 2 == 1;
        let Some(at) = self.pieces.iter().position(|line| line.stream == stream) else {
            let begins = !ends && read(content) == Some(FaultKind::Truncated);
            if begins {
                self.pieces.push(DividedLine {
                    stream: stream.to_owned(),
                    content: content.to_owned(),
                    pointer: self.pointer.clone(),
                });
                self.waited += 1;
            }
            return begins;
        };
        // A record of its own: the line before was cut, and its rest does not come.
        let own = content.starts_with('{') && read(content).is_none();
        if own || self.pieces[at].content.len() + content.len() > MAX_LINE_BYTES {
            let lost = self.pieces.remove(at);
            self.lose(&lost);
            return false;
        }
        self.pieces[at].content.push_str(content);
        if !ends {
            self.waited += 1;
            return true;
        }
        let line = self.pieces.remove(at);
        let mut record = format!("{{\"log\":\"{}\"", line.content);
        for field in fields.iter().filter(|field| field.parent.is_none() && field.key != "log") {
            record.extend([",\"", field.key, "\":", field.value.raw]);
        }
        record.push('}');
        let mut inner = self.list();
        let names = &mut self.extractor.names;
        // Made of what was read before, so it is sound.
        let sound = scan(&record, &mut Cursor::new(&record), names, &mut inner).is_ok();
        let pointer = std::mem::replace(&mut self.pointer, line.pointer);
        self.object(&inner, above, sound, root);
        self.pointer = pointer;
        self.recycle(inner);
        true
    }

    /// Reports the divided lines whose rest did not come.
    pub(super) fn end_of_pieces(&mut self) {
        for line in std::mem::take(&mut self.pieces) {
            self.lose(&line);
        }
    }

    fn lose(&mut self, line: &DividedLine) {
        let fault = Fault { offset: self.document_start(), kind: FaultKind::Truncated };
        self.found.add_fault(Broken { fault, places: 1, left_over: line.content.len() });
    }
}

/// Why the content of a string is no whole JSON object or array; `None` when it is one.
fn read(content: &str) -> Option<FaultKind> {
    if !content.trim_start().starts_with(['{', '[']) {
        return Some(FaultKind::Syntax);
    }
    let mut text = String::new();
    unescape(content, &mut text);
    Cursor::new(&text).value().err().map(|fault| fault.kind)
}
