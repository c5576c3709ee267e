//! `analyze ls --how`: how records were read, each shape once.

use std::io::{self, Write};

use archive::{Budget, Decoder, Form, Leaf, Limits};
use model::extract::Extractor;
use model::how::ShapeReading;
use model::listing;
use pipeline::input::Input;

use super::figures::counted;
use super::table::{Align, ColumnHeads, TextTable};
use super::terminal::safe;

const COLUMNS: ColumnHeads = &[
    ("FIELD", Align::Left),
    ("ROLE", Align::Left),
    ("WHAT BECAME OF IT", Align::Left),
    ("WHY", Align::Left),
    ("VALUE", Align::Left),
];

/// So much of an error is shown. In bytes.
const ERROR_BYTES: usize = 100;

/// The records of one shape in all files.
struct FoundShape {
    /// File, member and pointer of the first.
    place: String,
    reading: ShapeReading,
}

/// Prints how the records of the files were read, the most frequent shape first; whether there were any.
pub(super) fn print(
    inputs: &[Input],
    limits: &Limits,
    budget: &Budget,
    mut extractor: Extractor,
    out: &mut impl Write,
) -> io::Result<bool> {
    let mut shapes: Vec<FoundShape> = Vec::new();
    let mut decoder = Decoder::new(*limits);
    let mut buffer = Vec::new();
    for (number, input) in inputs.iter().enumerate() {
        let share = budget.share(number as u64);
        let Ok(payload) = input.read(limits, &share, &mut buffer) else { continue };
        let sink = &mut |leaf: Leaf<'_>| {
            if leaf.form != Form::Json
                || listing::may_be_listing(leaf.text) && listing::parse(leaf.text).is_some()
            {
                return;
            }
            for reading in extractor.explain(leaf.text, true) {
                let same = |known: &&mut FoundShape| alike(&known.reading, &reading);
                if let Some(known) = shapes.iter_mut().find(same) {
                    known.reading.count += reading.count;
                    continue;
                }
                let member = leaf.member.map(|member| format!(": {member}")).unwrap_or_default();
                let place = format!("{}{member} {}", input.name(), reading.pointer);
                shapes.push(FoundShape { place, reading });
            }
        };
        decoder.decode_within(&share, payload, sink);
    }
    shapes.sort_by_key(|shape| std::cmp::Reverse(shape.reading.count));
    for (number, shape) in shapes.iter().enumerate() {
        if number > 0 {
            writeln!(out)?;
        }
        writeln!(out, "{}", safe(&headline(shape)))?;
        let mut table = TextTable::new(COLUMNS);
        for field in &shape.reading.fields {
            table.row([
                field.path.clone(),
                if field.role == "none" { "-".to_owned() } else { field.role.clone() },
                field.fate.name().to_owned(),
                field.why.to_owned(),
                field.value.clone(),
            ]);
        }
        for line in table.lines(None) {
            writeln!(out, "  {line}")?;
        }
    }
    Ok(!shapes.is_empty())
}

/// Whether two readings have the same fields with the same roles.
fn alike(one: &ShapeReading, other: &ShapeReading) -> bool {
    let fields = |of: &ShapeReading| -> Vec<(String, String)> {
        of.fields.iter().map(|field| (field.path.clone(), field.role.clone())).collect()
    };
    one.exchange.is_some() == other.exchange.is_some() && fields(one) == fields(other)
}

fn headline(shape: &FoundShape) -> String {
    let many = counted(shape.reading.count, "record", "records");
    let Some(first) = &shape.reading.exchange else {
        return format!(
            "{many}, no exchange: no field is a request, response, status, address or error. First {}",
            shape.place
        );
    };
    let evidence = first.evidence.map(|evidence| format!(" by {evidence}")).unwrap_or_default();
    let key = match &first.key {
        Some((kind, value)) => format!("{kind} {value}"),
        None => "no key".to_owned(),
    };
    let error = first
        .error
        .as_ref()
        .map(|error| format!(", error \"{}\"", &error[..error.floor_char_boundary(ERROR_BYTES)]));
    let error = error.unwrap_or_default();
    format!("{many}, first {}: {}{evidence}, {key}{error}", shape.place, first.outcome)
}
