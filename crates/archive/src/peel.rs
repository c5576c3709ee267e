//! The layer loop: look at the first bytes, take one layer off, look again.

mod containers;
mod members;
mod texts;

use std::fmt;

use crate::budget::{Budget, Share};
use crate::ends::{self, Ends};
use crate::inflate::Inflater;
use crate::limits::Limits;
use crate::problem::{Problem, ProblemKind, Stage, first_bytes};
use crate::sniff::{self, Magic};
use crate::zip::directory;
use crate::{base64, text, wide};

/// What a leaf is, by its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Form {
    /// Begins like JSON: `{`, `[`, `"`, or is a lone number, `true`, `false`, `null`.
    Json,
    /// Begins with `<`: HTML or XML.
    Markup,
    /// Any other text.
    Text,
    /// Not text: NULs, or bytes of no encoding.
    Binary,
    /// No bytes, or only blanks.
    Blank,
}

/// What is left when no more layers are recognised: one document, or one member of an archive.
#[derive(Debug, Clone, Copy)]
pub struct Leaf<'a> {
    /// Path inside the archive, `/` between the names of nested archives and their members; None
    /// when no archive was in the way. A label from the input, never to be used as a path; at most
    /// 1,024 bytes, a longer one ends in the CRC-32 of the whole.
    pub member: Option<&'a str>,
    /// Layers taken off, outermost first, `>` between: `base64>zip`. Empty for a bare text. Words:
    /// `quoted`, `object`, `data-uri`, `base64`, `zip`, `gzip`, `zlib`.
    pub layers: &'a str,
    /// The text: UTF-8 without a byte order mark. Empty for [`Form::Binary`].
    pub text: &'a str,
    /// The bytes that the text was made from: with their mark, in their own encoding. Those of
    /// [`Form::Binary`] stand here alone.
    pub raw: &'a [u8],
    /// How many these are; with [`peek`](Decoder::peek) more than are given.
    pub bytes: u64,
    /// Packed size in the innermost archive around it; the size of the payload when there is none.
    pub packed: u64,
    /// What it is, by its first bytes.
    pub form: Form,
    /// False when it is the part before a cut.
    pub whole: bool,
    /// The bytes were not sound UTF-8: UTF-16, or read as windows-1254.
    pub reencoded: bool,
}

/// The account of one payload.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Decoded {
    /// Layers of the first leaf, as in [`Leaf::layers`]; when there is no leaf, the layers that were
    /// recognised before the first problem.
    pub layers: String,
    /// Members of archives, folders left out, those of nested archives included. Each of them is
    /// exactly one of three: a leaf, one of `archives`, or one of `unread`.
    pub members: u32,
    /// Members that are archives of their own and were opened; what is in them counts for itself.
    pub archives: u32,
    /// Members of which nothing could be used; problems say why.
    pub unread: u32,
    /// Defects, in the order they were met.
    pub problems: Vec<Problem>,
    /// Sum of [`Leaf::bytes`].
    pub bytes: u64,
}

/// Takes payloads apart. Holds the limits and the buffers that are reused from file to file, so
/// each worker keeps one.
pub struct Decoder {
    limits: Limits,
    inflater: Inflater,
    base64: Vec<base64::Buffers>,
    spare: Vec<Vec<u8>>,
}

impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoder").field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl Decoder {
    /// A decoder with empty buffers; they grow with the data, to a few times the largest member.
    pub fn new(limits: Limits) -> Self {
        Self { limits, inflater: Inflater::new(), base64: Vec::new(), spare: Vec::new() }
    }

    /// Takes `input` apart and gives each leaf to `sink`, in archive order.
    ///
    /// Never fails: what cannot be read is in [`Decoded::problems`], and what can be read beside or
    /// before it is given. Time is bounded by the limits, memory by
    /// [`Limits::member_bytes`] for each layer that is open at once.
    pub fn decode(&mut self, input: &[u8], sink: &mut dyn FnMut(Leaf<'_>)) -> Decoded {
        self.decode_within(&Budget::unlimited().share(0), input, sink)
    }

    /// [`decode`](Self::decode) with other decoders beside it: what buffers grow to is taken from
    /// `share`, which may wait for them. The result is the same.
    pub fn decode_within(
        &mut self,
        share: &Share<'_>,
        input: &[u8],
        sink: &mut dyn FnMut(Leaf<'_>),
    ) -> Decoded {
        self.run(share, input, None, sink)
    }

    /// Gives the first `max` bytes of the text of each leaf, or less, cut between characters.
    ///
    /// Unpacks no more than it needs and checks no sums, so it costs a small part of
    /// [`decode`](Self::decode): the base64 step when there is an archive in it, and `max` bytes for
    /// each member. Problems are not told; binary leaves give `""`.
    pub fn peek(&mut self, input: &[u8], max: usize, sink: &mut dyn FnMut(&str)) {
        self.peek_within(&Budget::unlimited().share(0), input, max, sink);
    }

    /// [`peek`](Self::peek) with other decoders beside it, as [`decode_within`](Self::decode_within).
    pub fn peek_within(
        &mut self,
        share: &Share<'_>,
        input: &[u8],
        max: usize,
        sink: &mut dyn FnMut(&str),
    ) {
        self.run(share, input, Some(max), &mut |leaf| {
            let mut end = leaf.text.len().min(max);
            while !leaf.text.is_char_boundary(end) {
                end -= 1;
            }
            sink(&leaf.text[..end]);
        });
    }

    /// The first `max` bytes of the only document that stands between the ends of a file, as
    /// [`peek`](Self::peek) gives them of the whole; `None` when the ends do not tell that there is only one. Costs
    /// as much for a large file as for a small one.
    pub fn begins(&mut self, ends: &Ends<'_>, max: usize) -> Option<String> {
        ends::begins(&mut self.inflater, ends, max)
    }

    fn run(
        &mut self,
        share: &Share<'_>,
        input: &[u8],
        peek: Option<usize>,
        sink: &mut dyn FnMut(Leaf<'_>),
    ) -> Decoded {
        let size = input.len() as u64;
        let mut run = Run {
            left: self.limits.total(size),
            decoder: self,
            share,
            sink,
            peek,
            report: Decoded::default(),
            leaves: 0,
            named: false,
            stopped: false,
            untold: 0,
        };
        let place = Place { member: None, layers: "", depth: 0, packed: size, whole: true };
        run.peel(input, place);
        let decoded = run.finish();
        self.shed(share.keep());
        decoded
    }

    /// Gives buffers back to the system until those that are left have at most `keep` bytes.
    fn shed(&mut self, keep: usize) {
        let mut held = 0;
        let mut fits = |capacity: usize| {
            let fits = held + capacity <= keep;
            held += if fits { capacity } else { 0 };
            fits
        };
        self.base64.retain(|buffers| fits(buffers.capacity()));
        self.spare.retain(|buffer| fits(buffer.capacity()));
    }
}

/// Where in the nest of layers some bytes stand.
#[derive(Debug, Clone, Copy)]
struct Place<'a> {
    member: Option<&'a str>,
    layers: &'a str,
    depth: u32,
    packed: u64,
    whole: bool,
}

/// One payload on its way through the layers.
struct Run<'r, 's> {
    decoder: &'r mut Decoder,
    share: &'r Share<'r>,
    sink: &'s mut dyn FnMut(Leaf<'_>),
    /// Only so many bytes of each leaf are wanted.
    peek: Option<usize>,
    report: Decoded,
    /// Leaves that were given out.
    leaves: u64,
    /// `report.layers` is settled.
    named: bool,
    /// What the layers may still produce, in bytes.
    left: u64,
    /// A limit of the whole file was passed; nothing more is read.
    stopped: bool,
    /// Problems beyond the limit.
    untold: u32,
}

impl Run<'_, '_> {
    /// Recognises the outermost layer of `data`, or gives it out as a leaf.
    fn peel(&mut self, data: &[u8], place: Place<'_>) {
        if self.stopped {
            return;
        }
        let mark = if data.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        match sniff::magic(&data[mark..]) {
            Some(Magic::Zip) => return self.unzip(&data[mark..], place),
            Some(Magic::Gzip) => return self.gunzip(data, place),
            Some(Magic::Zlib) if self.zlib(data, place) => return,
            _ => {}
        }
        let text = sniff::trim_start(&data[mark..]);
        let handled = match text.first() {
            None | Some(b'[' | b'<') => false,
            // Before the quotes and braces of a text whose characters have more than one byte.
            Some(_) if wide::sniff(text).is_some() => {
                self.encoded(text, data.len() - text.len(), place)
            }
            Some(b'"') => self.quoted(text, place),
            Some(b'{') => self.object(text, place),
            Some(_) => self.encoded(text, data.len() - text.len(), place),
        };
        if handled {
            return;
        }
        if !sniff::opens_json(text) && directory::has_end(data) {
            return self.unzip(data, place);
        }
        self.leaf(data, place);
    }

    /// Gives `data` out as a leaf.
    fn leaf(&mut self, data: &[u8], place: Place<'_>) {
        let bytes = data.len() as u64;
        let data = match self.peek {
            // A character more than asked for, so that one cut there costs nothing.
            Some(max) => &data[..data.len().min(max.saturating_add(8))],
            None => data,
        };
        let read = text::read(data, self.share);
        // What begins like JSON is looked at for an archive only when it is no sound text.
        let unsound = read.form == Form::Binary || read.fault.is_some();
        if unsound && sniff::opens_json(data) && directory::has_end(data) {
            self.share.give_back(read.held);
            return self.unzip(data, place);
        }
        if let Some((offset, kind, fault)) = read.fault {
            self.problem(place, offset, Stage::Text, kind, &fault);
        }
        if read.form == Form::Binary && place.member.is_none() {
            let what = sniff::foreign(data).unwrap_or("neither text nor an archive");
            let fault = format!("{what}: {bytes} bytes that begin with {}", first_bytes(data));
            let stage = match place.layers.rsplit('>').next() {
                Some("base64") => Stage::Base64,
                Some("gzip" | "zlib") => Stage::Inflate,
                _ => Stage::Text,
            };
            self.problem(place, 0, stage, ProblemKind::NotAnArchive, &fault);
        }
        self.report.bytes += bytes;
        if !self.named {
            self.named = true;
            place.layers.clone_into(&mut self.report.layers);
        }
        self.leaves += 1;
        (self.sink)(Leaf {
            member: place.member,
            layers: place.layers,
            text: &read.utf8,
            raw: data,
            bytes,
            packed: place.packed,
            form: read.form,
            whole: place.whole && read.whole,
            reencoded: read.reencoded,
        });
        self.share.give_back(read.held);
    }

    /// The layers with one more; None, with a problem, when there are too many.
    fn deeper(&mut self, place: Place<'_>, layer: &str, stage: Stage) -> Option<String> {
        let limit = self.decoder.limits.depth;
        if place.depth >= limit {
            let fault = format!("{layer} within {limit} layers, which is the limit");
            self.problem(place, 0, stage, ProblemKind::TooDeep, &fault);
            return None;
        }
        let layers = if place.layers.is_empty() {
            layer.to_owned()
        } else {
            format!("{}>{layer}", place.layers)
        };
        if !self.named && self.report.problems.is_empty() {
            layers.clone_into(&mut self.report.layers);
        }
        Some(layers)
    }

    /// Takes `bytes` of output off what the file may produce. False, with a problem, when it is used
    /// up; then the run ends.
    fn charge(&mut self, bytes: u64, place: Place<'_>, stage: Stage) -> bool {
        if let Some(left) = self.left.checked_sub(bytes) {
            self.left = left;
            return true;
        }
        self.left = 0;
        if !self.stopped {
            self.stopped = true;
            let fault = "all layers of the file together are too large, the rest is not read";
            self.problem(place, 0, stage, ProblemKind::TooLarge, fault);
        }
        false
    }

    /// What a layer of `packed` bytes may become, in bytes.
    fn cap(&self, packed: u64) -> u64 {
        let cap = self.decoder.limits.allowance(packed).min(self.left);
        self.peek.map_or(cap, |max| cap.min(max as u64 + 64))
    }

    fn problem(
        &mut self,
        place: Place<'_>,
        offset: u64,
        stage: Stage,
        kind: ProblemKind,
        fault: &str,
    ) {
        if self.peek.is_some() {
            return;
        }
        if self.report.problems.len() >= self.decoder.limits.problems as usize {
            self.untold += 1;
            return;
        }
        self.report.problems.push(Problem::new(place.member, offset, stage, kind, fault));
    }

    fn take_buffer(&mut self) -> Vec<u8> {
        // To peek, a small one: the decompressor fills all the room it finds.
        if self.peek.is_some() {
            return Vec::new();
        }
        let buffer = self.decoder.spare.pop().unwrap_or_default();
        self.share.take(buffer.capacity() as u64);
        buffer
    }

    fn give_back(&mut self, mut buffer: Vec<u8>) {
        self.share.give_back(buffer.capacity() as u64);
        if self.peek.is_none() && buffer.capacity() <= self.share.keep() {
            buffer.clear();
            self.decoder.spare.push(buffer);
        }
    }

    fn finish(mut self) -> Decoded {
        if self.untold > 0 {
            let fault = format!("{} more problems in this file", self.untold);
            let kind = ProblemKind::TooManyProblems;
            self.report.problems.push(Problem::new(None, 0, Stage::Read, kind, &fault));
        }
        self.report
    }
}

#[cfg(test)]
mod tests;
