//! Payloads that stand in other text, and texts that are written in the escapes of another format.

use std::ops::Range;

use super::{DecodeRun, LayerPlace};
use crate::envelope;
use crate::problem::{ProblemKind, Stage};
use crate::{sniff, spelled};

/// The beginning of `text`.
fn head(text: &[u8]) -> &[u8] {
    &text[..text.len().min(512)]
}

impl DecodeRun<'_, '_> {
    /// Takes a JSON document off that carries payloads in its strings. Returns whether `text` is one.
    pub(super) fn json_envelope(&mut self, text: &[u8], place: LayerPlace<'_>) -> bool {
        let found = envelope::json_payloads(text);
        self.payloads(text, &found, place)
    }

    /// Takes a text off that is no JSON and has payloads or JSON in it: a saved HTTP answer, a mail, hex,
    /// log lines, a table. Returns whether `text` is one.
    pub(super) fn text_envelope(&mut self, text: &[u8], place: LayerPlace<'_>) -> bool {
        if text.starts_with(b"HTTP/") {
            // An answer that is no success is read as such.
            let Some(body) = envelope::http_body(text) else { return false };
            return self.inner("http", &body, place);
        }
        if self.spelled_bytes(text, place) {
            return true;
        }
        if let Some(parts) = envelope::mail_parts(text) {
            return self.mail(&parts, place);
        }
        if let Some(plain) = envelope::without_colours(text) {
            return self.inner("colours", &plain, place);
        }
        if let Some(plain) = envelope::without_marks(text)
            && (self.peek.is_some() || self.carries_json(&plain))
        {
            return self.inner("marks", &plain, place);
        }
        self.values(text, place)
    }

    /// Takes bytes off that are written in hex, base32, as a literal, by `uuencode` or as numbers. Returns whether `text` is that.
    pub(super) fn spelled_bytes(&mut self, text: &[u8], place: LayerPlace<'_>) -> bool {
        let bytes = spelled::hex(text)
            .map(|bytes| ("hex", bytes))
            .or_else(|| spelled::base32(text).map(|bytes| ("base32", bytes)))
            .or_else(|| spelled::bytes_literal(text).map(|bytes| ("literal", bytes)))
            .or_else(|| spelled::uuencoded(text).map(|bytes| ("uuencode", bytes)));
        bytes.is_some_and(|(layer, bytes)| self.inner(layer, &bytes, place))
            || self.numbers(text, place)
    }

    /// Takes bytes off that are listed as numbers. Returns whether `text` is that.
    pub(super) fn numbers(&mut self, text: &[u8], place: LayerPlace<'_>) -> bool {
        spelled::numbers(text).is_some_and(|bytes| self.inner("numbers", &bytes, place))
    }

    /// JSON in escapes, JSON between other text, payloads between other text.
    pub(super) fn values(&mut self, text: &[u8], place: LayerPlace<'_>) -> bool {
        if let Some(lines) = envelope::divided_lines(text)
            && (sniff::json_begins(head(&lines)) || envelope::json_values(&lines).is_some())
        {
            return self.inner("text", &lines, place);
        }
        if let Some((layer, plain)) = envelope::unescaped(text) {
            let json = envelope::json_values(&plain)
                .or_else(|| sniff::json_begins(head(&plain)).then_some(plain));
            if let Some(json) = json {
                return self.inner(layer, &json, place);
            }
        }
        if let Some(json) = envelope::json_values(text) {
            return self.inner("text", &json, place);
        }
        let found = envelope::payloads(text);
        self.payloads(text, &found, place)
    }

    /// JSON that is written in the escapes of another format. Returns whether `text` is that.
    pub(super) fn escaped_json(&mut self, text: &[u8], place: LayerPlace<'_>) -> bool {
        if !envelope::begins_escaped(text) {
            return false;
        }
        let Some((layer, plain)) = envelope::unescaped(text) else { return false };
        self.inner(layer, &plain, place)
    }

    /// Decodes the parts of a mail that carry JSON; the others are words around them.
    fn mail(&mut self, parts: &[Vec<u8>], place: LayerPlace<'_>) -> bool {
        let carried: Vec<_> =
            parts.iter().filter(|part| self.peek.is_some() || self.carries_json(part)).collect();
        match carried[..] {
            [] => false,
            [part] => self.inner("mail", part, place),
            _ => self.parts("mail", carried.into_iter(), place),
        }
    }

    /// Decodes the payloads at `found` in `text`, if one of them holds JSON: several are members.
    fn payloads(&mut self, text: &[u8], found: &[Range<usize>], place: LayerPlace<'_>) -> bool {
        if found.is_empty() {
            return false;
        }
        // Only the first few are tried, so that a text of tokens costs little.
        let json = self.peek.is_some()
            || found.iter().take(4).any(|range| {
                let payload = envelope::joined(&text[range.clone()]);
                self.carries_json(&payload)
            });
        if !json {
            return false;
        }
        if let [range] = found {
            return self.inner("text", &envelope::joined(&text[range.clone()]), place);
        }
        let parts = found.iter().map(|range| envelope::joined(&text[range.clone()]));
        self.parts("text", parts, place)
    }

    /// Decodes what `layer` holds several of, each as a member. Always true.
    fn parts(
        &mut self,
        layer: &str,
        parts: impl Iterator<Item = impl AsRef<[u8]>>,
        place: LayerPlace<'_>,
    ) -> bool {
        if let Some(layers) = self.deeper(place, layer, Stage::Text) {
            let inside = LayerPlace { layers: &layers, depth: place.depth + 1, ..place };
            self.decoded.archives += u32::from(place.member.is_some());
            for (n, part) in parts.enumerate() {
                self.part(n, part.as_ref(), inside);
            }
        }
        true
    }

    /// Takes the lines of a text that are one payload each as its members. Returns whether it has such.
    pub(super) fn payload_lines(&mut self, text: &[u8], place: LayerPlace<'_>) -> bool {
        let Some(lines) = envelope::payload_lines(text) else { return false };
        self.payloads(text, &lines, place)
    }

    /// Decodes one of several payloads of a text, as a member with its number as its name.
    fn part(&mut self, n: usize, payload: &[u8], place: LayerPlace<'_>) {
        if self.decoded.members >= self.decoder.limits.members {
            if self
                .decoded
                .problems
                .last()
                .is_none_or(|last| last.kind != ProblemKind::TooManyMembers)
            {
                self.too_many(place, None);
            }
            return;
        }
        let path = super::members::path(place.member, &(n + 1).to_string());
        let place = LayerPlace { member: Some(&path), packed: payload.len() as u64, ..place };
        self.one_member(|run| {
            if !run.stopped && run.charge(payload.len() as u64, place, Stage::Text) {
                run.peel(payload, place);
            }
        });
    }

    /// Decodes `plain` further, which is what `layer` held. Always true.
    fn inner(&mut self, layer: &str, plain: &[u8], place: LayerPlace<'_>) -> bool {
        if let Some(layers) = self.deeper(place, layer, Stage::Text)
            && self.charge(plain.len() as u64, place, Stage::Text)
        {
            let inside = LayerPlace { layers: &layers, depth: place.depth + 1, ..place };
            self.peel(plain, inside);
        }
        true
    }
}
