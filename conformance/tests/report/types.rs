//! Cells of every type of column, through Parquet as Polars reads it.

use std::fs;

use polars::prelude::{AnyValue, DataType, TimeUnit, TimeZone};
use tables::{Batch, Column, Format, Formats, Output, Schema, TABLES, Type, encode};

use crate::kit::{Table, read_parquet};

/// A table with a column of every type, and one that is always null.
static EVERYTHING: Schema = Schema {
    name: "everything",
    columns: &[
        column("text", Type::Text),
        column("repeated", Type::Text),
        column("never", Type::Text),
        column("u16", Type::U16),
        column("u32", Type::U32),
        column("u64", Type::U64),
        column("i64", Type::I64),
        column("f64", Type::F64),
        column("bool", Type::Bool),
        column("time", Type::Time),
        column("list", Type::List),
        Column { name: "body", kind: Type::Text, body: true },
    ],
};

const fn column(name: &'static str, kind: Type) -> Column {
    Column { name, kind, body: false }
}

/// What stands in row `n`; None in every seventh, which has nulls only.
struct Row {
    text: String,
    repeated: String,
    u16: u16,
    u32: u32,
    u64: u64,
    i64: i64,
    f64: f64,
    bool: bool,
    time: i64,
    list: Vec<String>,
    body: String,
}

fn row(n: u64) -> Option<Row> {
    (n % 7 != 3).then(|| Row {
        text: match n % 5 {
            0 => String::new(),
            1 => format!("çğıİöşü 😀 \"{n}\", \r\n\ttail\u{0}"),
            2 => format!("=1+{n}"),
            _ => format!("row {n}"),
        },
        repeated: format!("flow {}", n % 3),
        u16: u16::MAX - (n % 1000) as u16,
        u32: u32::MAX - n as u32,
        u64: u64::MAX - n,
        i64: i64::MIN + n.cast_signed(),
        f64: -0.1 * n as f64,
        bool: n.is_multiple_of(2),
        time: 1_792_800_000_000_001 + n.cast_signed(),
        list: (0..n % 4).map(|item| format!("ö {item}")).collect(),
        body: match n % 50 {
            5 => format!("{{\"n\":{n},\"long\":\"{}\"}}", "ş😀".repeat(20_000)),
            6 => String::new(),
            _ => format!("{{\"n\":{n}}}"),
        },
    })
}

fn batch(rows: std::ops::Range<u64>) -> Batch {
    let mut batch = Batch::new(&EVERYTHING);
    for n in rows {
        let row = row(n);
        let row = row.as_ref();
        let mut out = batch.row();
        out.text(row.map(|row| row.text.as_str()));
        out.text(row.map(|row| row.repeated.as_str()));
        out.text(None);
        out.u16(row.map(|row| row.u16));
        out.u32(row.map(|row| row.u32));
        out.u64(row.map(|row| row.u64));
        out.i64(row.map(|row| row.i64));
        out.f64(row.map(|row| row.f64));
        out.bool(row.map(|row| row.bool));
        out.time(row.map(|row| row.time));
        out.list(row.map_or(&[], |row| row.list.as_slice()));
        out.text(row.map(|row| row.body.as_str()));
    }
    batch
}

#[test]
fn parquet_holds_every_cell_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("report");
    let formats = Formats::new([Format::Parquet]);
    let out = Output::create(&dir, false).unwrap();
    let mut table = out.table(&EVERYTHING, &formats).unwrap();
    // More than one row group, and long enough for dictionaries to be tried and given up.
    for rows in [0..4_000, 4_000..4_001, 4_001..9_000] {
        table.append(encode(&batch(rows), &formats).unwrap()).unwrap();
    }
    assert_eq!(table.finish().unwrap(), 9_000);
    out.commit().unwrap();

    let table = Table(read_parquet(&dir.join("everything.parquet")));
    assert_eq!(table.rows(), 9_000);
    let types = [
        DataType::String,
        DataType::String,
        DataType::String,
        DataType::UInt16,
        DataType::UInt32,
        DataType::UInt64,
        DataType::Int64,
        DataType::Float64,
        DataType::Boolean,
        DataType::Datetime(TimeUnit::Microseconds, Some(TimeZone::UTC)),
        DataType::List(Box::new(DataType::String)),
        DataType::String,
    ];
    for ((column, expected), found) in EVERYTHING.columns.iter().zip(types).zip(table.0.columns()) {
        assert_eq!((found.name().as_str(), found.dtype()), (column.name, &expected));
    }
    for n in 0..9_000 {
        let cell = |column: &str| table.cell(n, column);
        assert_eq!(cell("never"), AnyValue::Null);
        let Some(row) = row(n as u64) else {
            for column in EVERYTHING.columns.iter().filter(|column| column.kind != Type::List) {
                assert_eq!(cell(column.name), AnyValue::Null, "row {n} of {}", column.name);
            }
            continue;
        };
        assert_eq!(cell("text"), AnyValue::String(&row.text));
        assert_eq!(cell("repeated"), AnyValue::String(&row.repeated));
        assert_eq!(cell("u16"), AnyValue::UInt16(row.u16));
        assert_eq!(cell("u32"), AnyValue::UInt32(row.u32));
        assert_eq!(cell("u64"), AnyValue::UInt64(row.u64));
        assert_eq!(cell("i64"), AnyValue::Int64(row.i64));
        let AnyValue::Float64(float) = cell("f64") else { panic!("{:?}", cell("f64")) };
        assert_eq!(float.to_bits(), row.f64.to_bits());
        assert_eq!(cell("bool"), AnyValue::Boolean(row.bool));
        assert_eq!(crate::kit::micros(&cell("time")), Some(row.time));
        let AnyValue::List(items) = cell("list") else { panic!("{:?}", cell("list")) };
        assert!(items.str().unwrap().iter().eq(row.list.iter().map(|item| Some(item.as_str()))));
        assert_eq!(cell("body"), AnyValue::String(&row.body));
    }
}

#[test]
fn a_table_without_rows_has_its_columns() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("report");
    let formats = Formats::new([Format::Parquet]);
    let out = Output::create(&dir, false).unwrap();
    for schema in TABLES {
        let mut table = out.table(schema, &formats).unwrap();
        // A batch without rows is no row group.
        table.append(encode(&Batch::new(schema), &formats).unwrap()).unwrap();
        assert_eq!(table.finish().unwrap(), 0);
    }
    out.commit().unwrap();
    for schema in TABLES {
        let frame = read_parquet(&dir.join(schema.name).with_extension("parquet"));
        assert_eq!((frame.height(), frame.width()), (0, schema.columns.len()));
    }
    assert_eq!(fs::read_dir(&dir).unwrap().count(), TABLES.len());
}
