//! From files to texts: finds the input files, decodes them, and gives the texts inside.
//!
//! A download of the Integrator is base64 text of a zip with JSON in it, but files that people keep
//! are quoted, encoded again, unpacked, zipped again or cut. The bytes of one file are a *payload*. Its
//! first bytes say what its outermost *layer* is; the layer is taken off, and the result is looked at in
//! the same way. What is left when no layer is recognised is a *leaf*.
//!
//! ```text
//!   Source ──read──► payload ──Decoder::decode──► Leaf, Leaf, ...   and   Decoded { problems, .. }
//!                      base64 ─► zip ─┬─ a.json        one leaf per member, in archive order
//!                                     └─ b.json.gz ─► gzip ─► its text
//! ```
//!
//! A defect is not an error of the run: it becomes a [`Problem`] with the member, the byte, the stage, the
//! kind and the numbers, and the other members and files are read. Sizes that headers claim are never
//! believed: [`Limits`] are checked against the bytes that are really read and produced. All workers share
//! the memory of one [`Budget`]; [`map_ordered`] runs them.
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
//! The crate does not know what a log is. It parses JSON only as far as a payload can be inside a JSON
//! string or object, writes nothing to disk, and never uses the name of a member as a path.

mod budget;
mod limits;
mod problem;

mod pool;
mod source;

mod base64;
mod ends;
mod envelope;
mod inflate;
mod peel;
mod sniff;
mod spelled;
mod tar;
mod text;
mod wide;
mod wrap;
mod zip;

pub mod steps;

pub use budget::{Budget, Share};
pub use ends::Ends;
pub use limits::Limits;
pub use peel::{Decoded, Decoder, Form, Leaf};
pub use pool::{Finished, map_ordered};
pub use problem::{Problem, ProblemKind, Stage, problem_message};
pub use source::{Digest, DiscoverError, Discovery, Source, Unread, discover, read, read_ends};
