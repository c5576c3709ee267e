//! Logs made in memory, the same on every machine and in every run: the input of the benches and of
//! `analyze bench --generate`.
//!
//! ```text
//!   logs::exchanges(count, seed) ──► logs::document(shape, ..) ──► wrap::Download    dump::file(seed, n, variety)
//!                                    JSON text                     zip, and base64   a dump of any size
//!   errors::repeated, errors::distinct ──► texts to group
//!   planted::named, planted::in_text   ──► texts to mask
//! ```
//!
//! Nothing here is timed; a bench builds its input first. The logs imitate the traffic between a shop and
//! an ERP: short price and stock updates, products with descriptions in Turkish, orders with lines, now
//! and then a page of a listing; one exchange in seven fails.
//!
//! **Bodies do not repeat** unless [`logs::Variety::Repeating`] asks for it. A program that remembers bodies
//! is much faster on logs that repeat, and most logs do not; so a figure of speed is one without repeats
//! where nothing else is said. Both varieties have the same exchanges, outcomes and sizes.
//!
//! Numbers measured on other inputs differ, above all with the share of large bodies, so a figure always
//! belongs to the input it was measured on. A change of a generator changes that input: baselines from
//! before are then worthless.
//!
//! ```
//! use corpus::logs::{LogShape, document, exchanges};
//! use corpus::wrap::Download;
//!
//! let download = Download::of(document(LogShape::Flat, &exchanges(20, 1)), "901.json");
//! assert!(download.text.starts_with("UEsDB"));
//! assert!(download.zip.len() < download.json.len());
//! ```

pub mod dump;
pub mod errors;
pub mod logs;
pub mod planted;
mod random;
pub mod wrap;

pub use random::Random;
