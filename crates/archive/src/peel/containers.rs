//! Single compressed streams: gzip and zlib.

use super::{DecodeRun, LayerPlace};
use crate::inflate::{self, StreamEnd};
use crate::problem::{ProblemKind, Stage};
use crate::sniff;

impl DecodeRun<'_, '_> {
    /// Takes a gzip layer off.
    pub(super) fn gunzip(&mut self, data: &[u8], place: LayerPlace<'_>) {
        let Some(layers) = self.deeper(place, "gzip", Stage::Inflate) else { return };
        let mut out = self.take_buffer();
        let packed = data.len() as u64;
        let cap = self.cap(packed);
        let result = inflate::gunzip(&mut self.decoder.inflater, data, &mut out, cap, self.share);
        let mut usable = result.usable;
        if let Some((byte, kind, fault)) = result.fault {
            usable |= self.peek.is_some() && kind == ProblemKind::TooLarge;
            self.problem(place, byte, Stage::Inflate, kind, &fault);
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
        let cap = self.cap(packed);
        let (used, end) = self.decoder.inflater.zlib(data, &mut out, cap, self.share);
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
            StreamEnd::Full if text => {
                Some((ProblemKind::TooLarge, format!("inflates past {cap} bytes")))
            }
            _ => {
                self.recycle(out);
                return false;
            }
        };
        if let Some(layers) = self.deeper(place, "zlib", Stage::Inflate) {
            if let Some((kind, fault)) = &fault {
                let at = if end == StreamEnd::Full { 0 } else { used };
                self.problem(place, at as u64, Stage::Inflate, *kind, fault);
            }
            let usable = end != StreamEnd::Full || self.peek.is_some();
            if self.charge(out.len() as u64, place, Stage::Inflate) && usable {
                let whole = place.whole && end == StreamEnd::Complete;
                let inside =
                    LayerPlace { layers: &layers, depth: place.depth + 1, packed, whole, ..place };
                self.peel(&out, inside);
            }
        }
        self.recycle(out);
        true
    }
}
