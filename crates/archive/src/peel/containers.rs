//! Single compressed streams, and tar.

use super::{DecodeRun, LayerPlace};
use crate::inflate::{self, StreamEnd};
use crate::limits::Method;
use crate::problem::{ProblemKind, Stage};
use crate::sniff::{self, StreamMethod};
use crate::tar::{self, TarEntry, TarMember};
use crate::zip::rare;

impl DecodeRun<'_, '_> {
    /// Takes a gzip layer off.
    pub(super) fn gunzip(&mut self, data: &[u8], place: LayerPlace<'_>) {
        let Some(layers) = self.deeper(place, "gzip", Stage::Inflate) else { return };
        let mut out = self.take_buffer();
        let packed = data.len() as u64;
        let cap = self.cap(packed, Method::Deflate);
        let result = inflate::gunzip(&mut self.decoder.inflater, data, &mut out, cap, self.share);
        let mut usable = result.usable;
        if let Some((byte, kind, fault)) = result.fault {
            if kind == ProblemKind::TooLarge {
                usable = true;
                self.keep_beginning(&mut out, packed, Method::Deflate, &StreamEnd::Full);
                self.too_large(place, out.len(), packed, Method::Deflate);
            } else {
                self.problem(place, byte, Stage::Inflate, kind, &fault);
            }
        }
        let produced = out.len() as u64;
        if self.charge(produced, place, Stage::Inflate) && usable && (result.whole || produced > 0)
        {
            let whole = place.whole && result.whole;
            let inside =
                LayerPlace { layers: &layers, depth: place.depth + 1, packed, whole, ..place };
            self.peel(&out, inside);
        }
        self.recycle(out);
    }

    /// Takes a zlib layer off, if the data is valid; text can begin with the same two bytes. Returns
    /// whether it is zlib.
    pub(super) fn zlib(&mut self, data: &[u8], place: LayerPlace<'_>) -> bool {
        let mut out = self.take_buffer();
        let packed = data.len() as u64;
        let cap = self.cap(packed, Method::Deflate);
        let (used, end) = self.decoder.inflater.zlib(data, &mut out, cap, self.share);
        self.keep_beginning(&mut out, packed, Method::Deflate, &end);
        let rest = sniff::trim_end(&data[used.min(data.len())..]).len();
        let text = out.len() >= 16 && sniff::is_clean_text(&out[..out.len().min(512)]);
        let fault = match &end {
            StreamEnd::Complete if rest == 0 => None,
            StreamEnd::Complete if text => {
                Some((ProblemKind::SizeMismatch, format!("{rest} bytes after the zlib data")))
            }
            StreamEnd::Cut if text => {
                let fault = format!("zlib data ends after {} bytes of output", out.len());
                Some((ProblemKind::Truncated, fault))
            }
            StreamEnd::Full if text => Some((ProblemKind::TooLarge, String::new())),
            _ => {
                self.recycle(out);
                return false;
            }
        };
        if let Some(layers) = self.deeper(place, "zlib", Stage::Inflate) {
            match &fault {
                Some((ProblemKind::TooLarge, _)) => {
                    self.too_large(place, out.len(), packed, Method::Deflate);
                }
                Some((kind, fault)) => {
                    self.problem(place, used as u64, Stage::Inflate, *kind, fault);
                }
                None => {}
            }
            if self.charge(out.len() as u64, place, Stage::Inflate) {
                let whole = place.whole && end == StreamEnd::Complete;
                let inside =
                    LayerPlace { layers: &layers, depth: place.depth + 1, packed, whole, ..place };
                self.peel(&out, inside);
            }
        }
        self.recycle(out);
        true
    }

    /// Reports a layer that exceeds its limit, unless the file as a whole does, which is reported as that.
    fn too_large(&mut self, place: LayerPlace<'_>, produced: usize, packed: u64, method: Method) {
        let limits = &self.decoder.limits;
        let cap = limits.allowance(packed, method);
        if produced as u64 <= self.left {
            let fault = format!(
                "inflates past {cap} bytes, from {packed}; {}",
                limits.exceeded(packed, method)
            );
            self.problem(place, 0, Stage::Inflate, ProblemKind::TooLarge, &fault);
        }
    }

    /// Takes a raw DEFLATE layer off, if `data` is one that holds JSON: nothing else shows that it is.
    pub(super) fn deflated(&mut self, data: &[u8], place: LayerPlace<'_>) -> bool {
        let mut out = self.take_buffer();
        let cap = self.cap(data.len() as u64, Method::Deflate);
        let (used, end) = self.decoder.inflater.raw(data, &mut out, 0, cap, self.share);
        let complete = end == StreamEnd::Complete && used == data.len();
        let complete = complete || (end == StreamEnd::Full && self.peek.is_some());
        let found = complete && sniff::json_begins(&out[..out.len().min(256)]);
        if found && let Some(layers) = self.deeper(place, "deflate", Stage::Inflate) {
            let packed = data.len() as u64;
            let inside = LayerPlace { layers: &layers, depth: place.depth + 1, packed, ..place };
            if self.charge(out.len() as u64, place, Stage::Inflate) {
                self.peel(&out, inside);
            }
        }
        self.recycle(out);
        found
    }

    /// Takes the layer of a compression program off.
    pub(super) fn stream(&mut self, method: StreamMethod, data: &[u8], place: LayerPlace<'_>) {
        let Some(layers) = self.deeper(place, method.name(), Stage::Inflate) else { return };
        let mut out = self.take_buffer();
        let packed = data.len() as u64;
        let cap = self.cap(packed, Method::Other);
        let end = rare::unpack_file(method, data, &mut out, cap, self.share);
        self.keep_beginning(&mut out, packed, Method::Other, &end);
        let produced = out.len() as u64;
        let usable = match &end {
            StreamEnd::Complete => true,
            StreamEnd::Full => {
                self.too_large(place, out.len(), packed, Method::Other);
                true
            }
            StreamEnd::Cut => {
                let fault = format!("{} data ends after {produced} bytes of output", method.name());
                self.problem(place, packed, Stage::Inflate, ProblemKind::Truncated, &fault);
                true
            }
            StreamEnd::Broken(why) => {
                let fault = format!("{why}, {produced} bytes of output before");
                self.problem(place, 0, Stage::Inflate, ProblemKind::BadDeflate, &fault);
                false
            }
            StreamEnd::Window(why) => {
                self.problem(place, 0, Stage::Inflate, ProblemKind::TooLarge, why);
                false
            }
        };
        let whole = end == StreamEnd::Complete;
        if self.charge(produced, place, Stage::Inflate) && usable && (whole || produced > 0) {
            let whole = place.whole && whole;
            let inside =
                LayerPlace { layers: &layers, depth: place.depth + 1, packed, whole, ..place };
            self.peel(&out, inside);
        }
        self.recycle(out);
    }

    /// Takes a tar layer off: every file in it is a member.
    pub(super) fn untar(&mut self, data: &[u8], place: LayerPlace<'_>) {
        let Some(layers) = self.deeper(place, "tar", Stage::Zip) else { return };
        self.decoded.archives += u32::from(place.member.is_some());
        for entry in tar::entries(data) {
            match entry {
                TarEntry::Damaged(bytes) => {
                    let fault = format!("{} bytes that are no tar header", bytes.len());
                    let kind = ProblemKind::HeaderMismatch;
                    self.problem(place, bytes.start as u64, Stage::Zip, kind, &fault);
                }
                TarEntry::File(_) if self.decoded.members >= self.decoder.limits.members => {
                    return self.too_many(place, None);
                }
                TarEntry::File(member) => {
                    self.one_member(|run| run.tar_member(data, &member, &layers, place));
                }
            }
        }
    }

    /// Decodes a file of a tar archive.
    fn tar_member(&mut self, data: &[u8], member: &TarMember, layers: &str, place: LayerPlace<'_>) {
        let path = super::members::path(place.member, &member.name);
        let bytes = &data[member.data.clone()];
        let packed = bytes.len() as u64;
        let place = LayerPlace { member: Some(&path), ..place };
        let cut = packed < member.size;
        if cut {
            let fault = format!("the archive ends after {packed} bytes of {}", member.size);
            self.problem(place, data.len() as u64, Stage::Zip, ProblemKind::Truncated, &fault);
        }
        let whole = place.whole && !cut;
        if (whole || packed > 0) && self.charge(packed, place, Stage::Zip) {
            self.peel(bytes, LayerPlace { layers, depth: place.depth + 1, packed, whole, ..place });
        }
    }
}
