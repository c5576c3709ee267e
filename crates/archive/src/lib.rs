//! Files to documents: finds the input files, takes their wraps off, gives the texts inside.
//!
//! A download of the Integrator is base64 text of a zip with JSON in it, but files that people keep
//! come quoted, re-wrapped, unpacked, zipped again or cut. A *payload* (the bytes of one file) is
//! peeled layer by layer: the first bytes say what the layer is, it is taken off, and the result is
//! looked at again. What is left when no layer is recognised is a *leaf*.
//!
//! ```text
//!   Source ──read──► payload ──Decoder::decode──► Leaf, Leaf, ...   and   Decoded { problems, .. }
//!                      base64 ─► zip ─┬─ a.json        one leaf per member, in archive order
//!                                     └─ b.json.gz ─► gzip ─► its text
//! ```
//!
//! Defects are data: a [`Problem`] names the member, the byte, the stage, the kind and the numbers,
//! and costs neither the members beside it nor the other files. Sizes that the input claims are
//! never believed; [`Limits`] are held against the bytes that really flow.
//!
//! ```
//! let mut decoder = archive::Decoder::new(archive::Limits::default());
//! let mut texts = Vec::new();
//! let decoded = decoder.decode(b"eyJzdGF0dXMiOjQwMH0=", &mut |leaf| texts.push(leaf.text.to_owned()));
//! assert_eq!(texts, [r#"{"status":400}"#]);
//! assert_eq!(decoded.layers, "base64");
//! assert!(decoded.problems.is_empty());
//! ```
//!
//! The crate does not know what a log is, parses no JSON beyond the wraps, writes nothing to disk
//! and never uses the name of a member as a path.

mod budget;
mod limits;
mod problem;

mod pool;
mod source;

mod base64;
mod ends;
mod inflate;
mod peel;
mod sniff;
mod text;
mod wide;
mod wrap;
mod zip;

pub mod steps;

pub use budget::{Budget, Share};
pub use ends::Ends;
pub use limits::Limits;
pub use peel::{Decoded, Decoder, Form, Leaf};
pub use pool::{Finished, map_ordered, two_stage};
pub use problem::{Problem, ProblemKind, Stage};
pub use source::{Digest, Discovery, Error, Source, Unread, discover, read, read_ends};
