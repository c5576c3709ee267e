//! The loop over the layers: look at the first bytes, take one layer off, look at the result.

mod containers;
mod envelopes;
mod members;
mod texts;

use std::fmt;

use crate::budget::{Budget, Share};
use crate::ends::{self, Ends};
use crate::envelope;
use crate::inflate::Inflater;
use crate::limits::{Limits, Method};
use crate::problem::{Problem, ProblemKind, Stage, first_bytes};
use crate::sniff::{self, Magic};
use crate::zip::directory;
use crate::{base64, text, wide};

/// The kind of content that a leaf has, by its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Form {
    /// Begins like JSON: `{`, `[`, `"`, or is a lone number, `true`, `false`, `null`.
    Json,
    /// Begins with `<`: HTML or XML.
    Markup,
    /// Any other text.
    Text,
    /// Not text: NULs in the first KiB, control characters, or the signature of a known binary format.
    Binary,
    /// No bytes, or only blanks.
    Blank,
}

/// What is left when no more layers are recognised: the content of a file, or of one member of an archive.
#[derive(Debug, Clone, Copy)]
pub struct Leaf<'a> {
    /// Path inside the archive, `/` between the names of nested archives and their members; None
    /// when the file is no archive. A label from the input, never to be used as a path; at most
    /// 1,024 bytes, a longer one is cut and ends in the CRC-32 of the whole.
    pub member: Option<&'a str>,
    /// Layers taken off, outermost first, `>` between: `base64>zip`. Empty for a bare text. Words:
    /// `quoted`, `object`, `data-uri`, `base64`, `base32`, `hex`, `literal` (the bytes of a Python literal), `uuencode`, `numbers` (a list of
    /// bytes),
    /// `percent`, `entities`, `table` and `escaped` (JSON with the escapes of an address, a page, a cell or a
    /// string), `http`, `mail`, `colours` (of a terminal), `marks` (before each line), `text` (payloads or JSON between other text), `zip`, `tar`, `gzip`, `zlib`,
    /// `deflate`, `xz`, `bzip2`, `lz4`, `zstd`.
    pub layers: &'a str,
    /// The text: UTF-8 without a byte order mark. Empty for [`Form::Binary`].
    pub text: &'a str,
    /// The bytes that the text was made from, in their own encoding, with their byte order mark. Also
    /// there for [`Form::Binary`].
    pub raw: &'a [u8],
    /// Size of the leaf in bytes: the length of `raw`, which only [`peek`](Decoder::peek) cuts.
    pub bytes: u64,
    /// Compressed size in the innermost archive or compressed layer, in bytes; the size of the payload when
    /// there is none.
    pub packed: u64,
    /// The kind of content, by its first bytes.
    pub form: Form,
    /// False when the data is cut, and this is the part before the cut.
    pub whole: bool,
    /// The bytes were not valid UTF-8: UTF-16, UTF-32, read as windows-1254, or repaired.
    pub reencoded: bool,
}

/// The result of decoding one payload: counts and problems. The leaves themselves go to the callback.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Decoded {
    /// Layers of the first leaf, as in [`Leaf::layers`]; when there is no leaf, the layers that were
    /// recognised before the first problem. Empty for a bare text.
    pub layers: String,
    /// Members of archives, folders left out, those of nested archives included; also the payloads of a text
    /// that holds several. Each of them is
    /// exactly one of three: a leaf, one of `archives`, or one of `unread`.
    pub members: u32,
    /// Members that are archives and were opened; the members in them are counted too.
    pub archives: u32,
    /// Members of which nothing could be used; `problems` says why.
    pub unread: u32,
    /// Defects, in the order in which they were found; at most [`Limits::problems`] and one that says how
    /// many are left out.
    pub problems: Vec<Problem>,
    /// Sum of [`Leaf::bytes`].
    pub bytes: u64,
}

/// Decodes payloads: takes all layers off and gives the leaves inside. Holds the buffers that are reused
/// from file to file, so each worker has one of its own.
pub struct Decoder {
    limits: Limits,
    inflater: Inflater,
    base64: Vec<base64::Buffers>,
    /// Buffers for decompressed bytes that no layer uses now.
    spare: Vec<Vec<u8>>,
}

impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoder").field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl Decoder {
    /// A decoder without buffers. They grow with the data, to a few times the size of the largest member;
    /// between two payloads they have at most [`Budget::keep`] bytes together.
    pub fn new(limits: Limits) -> Self {
        Self { limits, inflater: Inflater::new(), base64: Vec::new(), spare: Vec::new() }
    }

    /// Decodes the payload `input` and gives each leaf to `sink`, in the order of the archive.
    ///
    /// Never fails: what cannot be read is in [`Decoded::problems`], and all that can be read is given,
    /// before and behind it. The time is bounded by the limits; the memory by [`Limits::member_bytes`] for
    /// each layer that is open at once, of which there are at most [`Limits::depth`].
    pub fn decode(&mut self, input: &[u8], sink: &mut dyn FnMut(Leaf<'_>)) -> Decoded {
        self.decode_within(&Budget::unlimited().share(0), input, sink)
    }

    /// As [`decode`](Self::decode), with the memory of its buffers counted in `share`: waits when the
    /// [`Budget`] is used up by other files. The result is the same.
    pub fn decode_within(
        &mut self,
        share: &Share<'_>,
        input: &[u8],
        sink: &mut dyn FnMut(Leaf<'_>),
    ) -> Decoded {
        self.run(share, input, None, sink)
    }

    /// Gives the first `max` bytes of the text of each leaf to `sink`, cut between characters, so at most
    /// three bytes less. `""` for a binary leaf.
    ///
    /// Decompresses no more than it needs and checks no checksums, so it costs a small part of
    /// [`decode`](Self::decode): the base64 step when there is an archive in it, and `max` bytes for
    /// each member. Does not report problems.
    pub fn peek(&mut self, input: &[u8], max: usize, sink: &mut dyn FnMut(&str)) {
        self.peek_within(&Budget::unlimited().share(0), input, max, sink);
    }

    /// As [`peek`](Self::peek), with the memory of its buffers counted in `share`.
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

    /// The first `max` bytes of the text of a usual download, as [`peek`](Self::peek) gives them for the
    /// whole file. `None` when the ends do not show that the file is a zip, bare or in base64 on one line,
    /// with exactly one leaf that begins like JSON and has at least `max` bytes: then the whole file has to
    /// be read. The cost does not depend on the size of the file.
    pub fn peek_ends(&mut self, ends: &Ends<'_>, max: usize) -> Option<String> {
        ends::peek(&mut self.inflater, ends, max)
    }

    fn run(
        &mut self,
        share: &Share<'_>,
        input: &[u8],
        peek: Option<usize>,
        sink: &mut dyn FnMut(Leaf<'_>),
    ) -> Decoded {
        let size = input.len() as u64;
        let mut run = DecodeRun {
            left: self.limits.total(size),
            decoder: self,
            share,
            sink,
            peek,
            decoded: Decoded::default(),
            leaves: 0,
            named: false,
            stopped: false,
            unreported: 0,
        };
        let place = LayerPlace { member: None, layers: "", depth: 0, packed: size, whole: true };
        run.peel(input, place);
        let decoded = run.finish();
        self.shrink(share.keep());
        decoded
    }

    /// Frees buffers until those that are left have at most `keep` bytes.
    fn shrink(&mut self, keep: usize) {
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

/// Where some bytes stand among the layers of a payload. `member`, `layers`, `packed` and `whole` become
/// those of the [`Leaf`].
#[derive(Debug, Clone, Copy)]
struct LayerPlace<'a> {
    member: Option<&'a str>,
    layers: &'a str,
    /// How many layers are in `layers`.
    depth: u32,
    packed: u64,
    whole: bool,
}

/// The decoding of one payload.
struct DecodeRun<'r, 's> {
    decoder: &'r mut Decoder,
    share: &'r Share<'r>,
    sink: &'s mut dyn FnMut(Leaf<'_>),
    /// How many bytes of each leaf are wanted; None for all, with problems and checksums.
    peek: Option<usize>,
    decoded: Decoded,
    /// Leaves given to the callback so far.
    leaves: u64,
    /// `decoded.layers` is that of the first leaf, and does not change any more.
    named: bool,
    /// Bytes that the layers may still have after decoding, see [`Limits::total_bytes`].
    left: u64,
    /// A limit of the whole file is exceeded; nothing more is read.
    stopped: bool,
    /// Problems beyond [`Limits::problems`].
    unreported: u32,
}

impl DecodeRun<'_, '_> {
    /// Takes the outermost layer of `data` off and goes on with the result; `data` is a leaf when it has none.
    fn peel(&mut self, data: &[u8], place: LayerPlace<'_>) {
        if self.stopped {
            return;
        }
        let mark = if data.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        match sniff::magic(&data[mark..]) {
            Some(Magic::Zip) => return self.unzip(&data[mark..], place),
            Some(Magic::Gzip) => return self.gunzip(data, place),
            Some(Magic::Zlib) if self.zlib(data, place) => return,
            Some(Magic::Tar) => return self.untar(data, place),
            Some(Magic::Stream(method)) => return self.stream(method, data, place),
            _ => {}
        }
        let text = sniff::trim_start(&data[mark..]);
        let handled = match text.first() {
            // Before the quotes and braces of a text whose characters have more than one byte.
            Some(_) if wide::sniff(text).is_some() => {
                self.encoded(text, data.len() - text.len(), place)
            }
            Some(b'"') => self.quoted(text, place),
            Some(b'{') => self.object(text, place),
            None | Some(b'[' | b'<') => false,
            Some(_) => self.encoded(text, data.len() - text.len(), place),
        };
        if handled {
            return;
        }
        if !sniff::opens_json(text) && directory::has_end(data) {
            return self.unzip(data, place);
        }
        if !self.enveloped(text, place) {
            self.leaf(data, place);
        }
    }

    /// Takes a text off in which payloads or JSON stand between other things. Returns whether `text` is one.
    fn enveloped(&mut self, text: &[u8], place: LayerPlace<'_>) -> bool {
        let head = &text[..text.len().min(512)];
        match text.first() {
            None => false,
            Some(b'{' | b'[' | b'"')
                if (text[0] != b'"' && envelope::opens_value(text))
                    || envelope::begins_json(head) =>
            {
                self.escaped_json(text, place)
                    || self.numbers(text, place)
                    || self.json_envelope(text, place)
            }
            Some(_) if !sniff::is_text(head) => false,
            Some(b'<') => self.values(text, place),
            Some(_) => self.text_envelope(text, place),
        }
    }

    /// Gives `data` to the callback as a leaf.
    fn leaf(&mut self, data: &[u8], place: LayerPlace<'_>) {
        let bytes = data.len() as u64;
        let data = match self.peek {
            // A character more than wanted, so that a cut one at the end does no harm.
            Some(max) => &data[..data.len().min(max.saturating_add(8))],
            None => data,
        };
        let read = text::read(data, self.share);
        // What begins like JSON is looked at for an archive only when it is no sound text.
        let unsound = read.form == Form::Binary || read.fault.is_some();
        if unsound && sniff::opens_json(data) && directory::has_end(data) {
            self.share.release(read.held);
            return self.unzip(data, place);
        }
        if let Some((byte, kind, fault)) = read.fault {
            self.problem(place, byte, Stage::Text, kind, &fault);
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
        self.decoded.bytes += bytes;
        if !self.named {
            self.named = true;
            place.layers.clone_into(&mut self.decoded.layers);
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
        self.share.release(read.held);
    }

    /// `place.layers` with one more; None, with a problem, when these are too many.
    fn deeper(&mut self, place: LayerPlace<'_>, layer: &str, stage: Stage) -> Option<String> {
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
        if !self.named && self.decoded.problems.is_empty() {
            layers.clone_into(&mut self.decoded.layers);
        }
        Some(layers)
    }

    /// Counts `bytes` of output against [`Limits::total_bytes`]. False, with a problem, when that is
    /// exceeded; then nothing more is read.
    fn charge(&mut self, bytes: u64, place: LayerPlace<'_>, stage: Stage) -> bool {
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

    /// The most that a layer of `packed` bytes may have after decompression, in bytes.
    fn cap(&self, packed: u64, method: Method) -> u64 {
        let cap = self.decoder.limits.allowance(packed, method).min(self.left);
        self.peek.map_or(cap, |max| cap.min(max as u64 + 64))
    }

    fn problem(
        &mut self,
        place: LayerPlace<'_>,
        byte: u64,
        stage: Stage,
        kind: ProblemKind,
        fault: &str,
    ) {
        if self.peek.is_some() {
            return;
        }
        if self.decoded.problems.len() >= self.decoder.limits.problems as usize {
            self.unreported += 1;
            return;
        }
        self.decoded.problems.push(Problem::new(place.member, byte, stage, kind, fault));
    }

    fn take_buffer(&mut self) -> Vec<u8> {
        // A small one for `peek`: the decompressor fills all the room it finds.
        if self.peek.is_some() {
            return Vec::new();
        }
        let buffer = self.decoder.spare.pop().unwrap_or_default();
        self.share.take(buffer.capacity() as u64);
        buffer
    }

    fn recycle(&mut self, mut buffer: Vec<u8>) {
        self.share.release(buffer.capacity() as u64);
        if self.peek.is_none() && buffer.capacity() <= self.share.keep() {
            buffer.clear();
            self.decoder.spare.push(buffer);
        }
    }

    fn finish(mut self) -> Decoded {
        if self.unreported > 0 {
            let fault = format!("{} more problems in this file", self.unreported);
            let kind = ProblemKind::TooManyProblems;
            self.decoded.problems.push(Problem::new(None, 0, Stage::Read, kind, &fault));
        }
        self.decoded
    }
}

#[cfg(test)]
mod tests;
