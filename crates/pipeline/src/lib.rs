//! From saved Integrator logs to the rows of a report: the stages of the other crates in one job.
//!
//! [`run::report`] is the main job. It takes [`Input`](input::Input)s in name order. A first pass finds copies and
//! listing pages ([`survey`]). Then workers turn a few neighbouring files at a time into rows ([`worker`]) and counts
//! ([`aggregate`], merged at the end), and link each download to its log ([`link`]). Typed rows go to a
//! [`tables::Sink`]: a folder, or memory.
//!
//! ```text
//!   survey ──► worker: archive ─► leaves ─► model ─► records ─► grouping ──► sink (exchanges, errors, files, problems)
//!                                                       └─► aggregate ─────► sink (the small tables), summary
//! ```
//!
//! [`merge`] makes one report of several, and [`update`] brings a report up to date with the files that came since.
//!
//! ```no_run
//! use std::path::Path;
//! use std::sync::atomic::AtomicBool;
//!
//! use pipeline::{input, run};
//! use tables::{Folder, Formats, Metadata};
//!
//! let found = input::find(&["dump".to_owned()])?;
//! let metadata = Metadata { rules_version: grouping::RULES_VERSION, redaction: "none" };
//! let folder = Folder::create(Path::new("report"), false, Formats::default(), &metadata)?;
//! let (options, progress) = (run::Options::default(), run::Progress::default());
//! let never = AtomicBool::new(false);
//! let done = run::report(&found.inputs, &found.unread, folder, &options, &progress, &never)?;
//! assert_eq!(done.summary.files["total"], found.inputs.len() as u64);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The library knows no command line and prints nothing; it does not know zip, base64 or the grammar
//! of JSON. The same input gives the same bytes for any number of threads.

pub mod merge;
pub mod run;
pub mod update;

pub mod at_hand;
pub mod input;
pub mod survey;

mod copies;
mod earlier;
pub mod members;
pub mod outcome;
pub mod problem;

pub mod worker;

mod leaves;
mod log_text;
mod records;
mod state;

pub mod aggregate;
pub mod link;
pub mod roles;
pub mod rules;

pub mod summary;
