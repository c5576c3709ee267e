//! Layers that are text: quotes, objects, URIs, UTF-16 and UTF-32, base64.

use super::{DecodeRun, LayerPlace};
use crate::base64::{self, Likeness};
use crate::problem::{ProblemKind, Stage, first_bytes};
use crate::sniff::{self, Magic};
use crate::{wide, wrap};

impl DecodeRun<'_, '_> {
    /// Takes the quotes off a JSON string that holds a payload or JSON. Returns whether `text` is one.
    pub(super) fn quoted(&mut self, text: &[u8], place: LayerPlace<'_>) -> bool {
        let Some((content, closed)) = wrap::quoted(text) else { return false };
        let inner = &text[content.clone()];
        let head = wrap::head_unescaped(inner);
        let head = sniff::trim_end(sniff::trim_start(&head));
        let layered = wrap::data_uri(head).is_some()
            || sniff::json_begins(head)
            || matches!(base64::likeness(head), Likeness::Sure | Likeness::Unclear);
        if !layered {
            return false;
        }
        let Some(layers) = self.deeper(place, "quoted", Stage::Base64) else { return true };
        if !closed {
            let fault = format!("the closing quote is missing after {} bytes", inner.len());
            self.problem(place, text.len() as u64, Stage::Base64, ProblemKind::Truncated, &fault);
        }
        let whole = place.whole && closed;
        let inside = LayerPlace { layers: &layers, depth: place.depth + 1, whole, ..place };
        self.unescaped(inner, inside);
        true
    }

    /// Takes an object off that is a wrap around one payload. Returns whether `text` is one.
    pub(super) fn object(&mut self, text: &[u8], place: LayerPlace<'_>) -> bool {
        let Some(wrap::WrappedPayload { content, sure }) = wrap::object(text) else { return false };
        if !sure && self.peek.is_none() && !self.carries_json(&text[content.clone()]) {
            return false;
        }
        let Some(layers) = self.deeper(place, "object", Stage::Base64) else { return true };
        let inside = LayerPlace { layers: &layers, depth: place.depth + 1, ..place };
        self.unescaped(&text[content], inside);
        true
    }

    /// Whether an escaped string is base64 of an archive with JSON in it. A record that holds any
    /// other archive is a document, and stays one.
    pub(super) fn carries_json(&mut self, content: &[u8]) -> bool {
        let mut plain = Vec::new();
        if !wrap::is_plain(content) {
            self.share.reserve(&mut plain, content.len());
            wrap::unescape(content, &mut plain);
        }
        let content = if plain.is_empty() { content } else { &plain };
        let text = &content[wrap::data_uri(content).unwrap_or_default()..];
        let mut json = false;
        let look = &mut |head: &str| json |= sniff::json_begins(head.as_bytes());
        self.decoder.peek_within(self.share, text, 256, look);
        self.share.release(plain.capacity() as u64);
        json
    }

    /// Undoes the escapes of a JSON string, if there are any, and decodes its content further.
    fn unescaped(&mut self, content: &[u8], place: LayerPlace<'_>) {
        if wrap::is_plain(content) {
            return self.peel(content, place);
        }
        let mut plain = self.take_buffer();
        // Undoing an escape makes nothing longer.
        self.share.reserve(&mut plain, content.len());
        wrap::unescape(content, &mut plain);
        if self.charge(plain.len() as u64, place, Stage::Base64) {
            self.peel(&plain, place);
        }
        self.recycle(plain);
    }

    /// Text that may be a `data:` URI, UTF-16, UTF-32 or base64. `byte` is where it begins in its layer.
    /// Returns whether it is one of them.
    pub(super) fn encoded(&mut self, text: &[u8], byte: usize, place: LayerPlace<'_>) -> bool {
        if let Some(start) = wrap::data_uri(text) {
            if let Some(layers) = self.deeper(place, "data-uri", Stage::Base64) {
                let inside = LayerPlace { layers: &layers, depth: place.depth + 1, ..place };
                if !self.base64(&text[start..], byte + start, inside) {
                    let fault = "a data URI of nothing known";
                    let kind = ProblemKind::NotAnArchive;
                    self.problem(inside, byte as u64, Stage::Base64, kind, fault);
                }
            }
            return true;
        }
        if let Some((wide, mark)) = wide::sniff(text) {
            let held = wide.held(&text[mark..]);
            self.share.take(held);
            let (plain, _) = wide.decode(&text[mark..]);
            let plain = sniff::trim_start(plain.as_bytes());
            let wrapped = match plain.first() {
                Some(b'"') => wrap::quoted(plain).is_some(),
                Some(b'{') => wrap::object(plain).is_some(),
                _ => base64::likeness(plain) == Likeness::Sure || wrap::data_uri(plain).is_some(),
            };
            let handled = wrapped || self.enveloped(plain, place);
            if wrapped && self.charge(plain.len() as u64, place, Stage::Text) {
                self.peel(plain, place);
            }
            self.share.release(held);
            return handled;
        }
        self.base64(text, byte, place)
    }

    /// Takes a base64 layer off, if `text` is base64 of something. Returns whether it is.
    fn base64(&mut self, text: &[u8], byte: usize, place: LayerPlace<'_>) -> bool {
        let likeness = base64::likeness(text);
        if likeness == Likeness::No {
            return false;
        }
        // The same characters as base64 has.
        if likeness == Likeness::Unclear
            && (self.spelled_bytes(text, place) || self.values(text, place))
        {
            return true;
        }
        if self.payload_lines(text, place) {
            return true;
        }
        let mut buffers = self.decoder.base64.pop().unwrap_or_default();
        self.share.take(buffers.capacity() as u64);
        let handled = self.base64_with(text, byte, place, likeness, &mut buffers);
        self.share.release(buffers.capacity() as u64);
        if buffers.capacity() <= self.share.keep() {
            self.decoder.base64.push(buffers);
        }
        handled
    }

    fn base64_with(
        &mut self,
        text: &[u8],
        byte: usize,
        place: LayerPlace<'_>,
        likeness: Likeness,
        buffers: &mut base64::Buffers,
    ) -> bool {
        let mut part = text;
        if let Some(max) = self.peek {
            // Of a zip the end is needed too: it has the directory.
            let head = base64::decode(&text[..text.len().min(64)], buffers, self.share).length;
            if sniff::magic(buffers.bytes(head)) != Some(Magic::Zip) {
                part = &text[..text.len().min(max.saturating_mul(2).saturating_add(1 << 14))];
            }
        }
        let result = base64::decode(part, buffers, self.share);
        let bytes = buffers.bytes(result.length);
        let head = &bytes[..bytes.len().min(256)];
        let zlib = likeness == Likeness::Zlib && sniff::magic(bytes) == Some(Magic::Zlib);
        if likeness == Likeness::Zlib && !zlib {
            return false;
        }
        let Some(layers) = self.deeper(place, "base64", Stage::Base64) else { return true };
        let whole = place.whole && result.whole;
        let inside = LayerPlace { layers: &layers, depth: place.depth + 1, whole, ..place };
        if zlib && !self.zlib(bytes, inside) {
            place.layers.clone_into(&mut self.decoded.layers);
            return false;
        }
        if let Some((at, kind, fault)) = &result.fault {
            self.problem(place, byte as u64 + at, Stage::Base64, *kind, fault);
        }
        if zlib {
            return true;
        }
        let known = sniff::magic(bytes).is_some_and(|magic| magic != Magic::Zlib);
        if likeness == Likeness::Unclear && !known && !sniff::is_clean_text(head) {
            if self.deflated(bytes, inside) {
                return true;
            }
            let what = sniff::foreign(bytes).unwrap_or("base64 of nothing known");
            let fault =
                format!("{what}: {} bytes that begin with {}", bytes.len(), first_bytes(bytes));
            self.problem(place, byte as u64, Stage::Base64, ProblemKind::NotAnArchive, &fault);
            return true;
        }
        if self.charge(bytes.len() as u64, place, Stage::Base64) {
            self.peel(bytes, inside);
        }
        true
    }
}
