//! Cells of every type of column, through Parquet as Polars reads it.

use std::fs;

use pipeline::run::Options;
use polars::prelude::{AnyValue, DataType, TimeUnit, TimeZone};
use tables::cell::{BodyText, FlowName, MessageText, Micros, ShapePath, StepName};
use tables::rows::{
    Bodies, Endpoints, ErrorGroups, Errors, Exchanges, Files, Keys, Logs, Problems, Runs,
};
use tables::{
    Batch, ColumnType, Folder, Format, Formats, Memory, Metadata, Output, Select, Sink as _,
    Stored, TABLES, Table, encode,
};

use crate::kit::{Report, dump, read_parquet, run};

tables::table! {
    /// A column of every type, one that repeats and one that is always null.
    pub(crate) table Everything, EVERYTHING = "everything" of EverythingRow<'b> {
        /// never null
        id: i64,
        /// different in each row
        text: Option<MessageText<'b>>,
        /// one of three
        repeated: Option<FlowName<'b>>,
        /// always null
        never: Option<StepName<'b>>,
        /// 32 bits
        small: Option<i32>,
        /// 64 bits
        large: Option<i64>,
        /// a double
        double: Option<f64>,
        /// true or false
        flag: Option<bool>,
        /// a point in time
        time: Option<Micros>,
        /// zero to three items
        list: Vec<ShapePath<'b>>,
        /// half of them repeat
        body: Option<BodyText<'b>>,
    }
}

const METADATA: Metadata = Metadata { rules_version: 2, redaction: "none" };

/// What row `n` has; `None` in every seventh, where all that can be null is null.
struct Values {
    text: String,
    repeated: String,
    small: i32,
    large: i64,
    double: f64,
    flag: bool,
    time: i64,
    list: Vec<String>,
    body: String,
}

fn values(n: u64) -> Option<Values> {
    (n % 7 != 3).then(|| Values {
        text: match n % 5 {
            0 => String::new(),
            1 => format!("çğıİöşü 😀 \"{n}\", \r\n\ttail\u{0}"),
            2 => format!("=1+{n}"),
            _ => format!("row {n}"),
        },
        repeated: format!("flow {}", n % 3),
        small: i32::MIN + n as i32,
        large: i64::MIN + n.cast_signed(),
        double: -0.1 * n as f64,
        flag: n.is_multiple_of(2),
        time: 1_792_800_000_000_001 + n.cast_signed(),
        list: (0..n % 4).map(|item| format!("ö {item}")).collect(),
        body: match n % 50 {
            5 => format!("{{\"n\":{n},\"long\":\"{}\"}}", "ş😀".repeat(20_000)),
            6 => String::new(),
            _ => format!("{{\"n\":{}}}", n / 2),
        },
    })
}

fn batch(rows: std::ops::Range<u64>) -> Batch<Everything> {
    let mut batch = Batch::new();
    for n in rows {
        let values = values(n);
        let values = values.as_ref();
        batch.push(&EverythingRow {
            id: n.cast_signed(),
            text: values.map(|values| MessageText(&values.text)),
            repeated: values.map(|values| FlowName(&values.repeated)),
            never: None,
            small: values.map(|values| values.small),
            large: values.map(|values| values.large),
            double: values.map(|values| values.double),
            flag: values.map(|values| values.flag),
            time: values.map(|values| Micros(values.time)),
            list: values
                .map(|values| values.list.iter().map(|item| ShapePath(item)).collect())
                .unwrap_or_default(),
            body: values.map(|values| BodyText { text: &values.body, hash: n / 2 }),
        });
    }
    batch
}

#[test]
fn parquet_holds_every_cell_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("report");
    let formats = Formats::new([Format::Parquet]);
    let out = Output::create(&dir, false).unwrap();
    let mut table = out.table(&EVERYTHING, &formats, &METADATA).unwrap();
    // More than one row group, and long enough for dictionaries to be tried and given up.
    for rows in [0..4_000, 4_000..4_001, 4_001..9_000] {
        table.append(encode(&batch(rows), &formats).unwrap()).unwrap();
    }
    assert_eq!(table.finish().unwrap(), 9_000);
    out.commit().unwrap();

    let table = crate::kit::Table(read_parquet(&dir.join("everything.parquet")));
    assert_eq!(table.rows(), 9_000);
    let types = [
        DataType::Int64,
        DataType::String,
        DataType::String,
        DataType::String,
        DataType::Int32,
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
        assert_eq!(cell("id"), AnyValue::Int64(n.cast_signed() as i64));
        assert_eq!(cell("never"), AnyValue::Null);
        let AnyValue::List(items) = cell("list") else { panic!("{:?}", cell("list")) };
        let Some(values) = values(n as u64) else {
            for column in EVERYTHING.columns.iter().filter(|column| column.nullable) {
                assert_eq!(cell(column.name), AnyValue::Null, "row {n} of {}", column.name);
            }
            assert!(items.is_empty());
            continue;
        };
        assert_eq!(cell("text"), AnyValue::String(&values.text));
        assert_eq!(cell("repeated"), AnyValue::String(&values.repeated));
        assert_eq!(cell("small"), AnyValue::Int32(values.small));
        assert_eq!(cell("large"), AnyValue::Int64(values.large));
        let AnyValue::Float64(double) = cell("double") else { panic!("{:?}", cell("double")) };
        assert_eq!(double.to_bits(), values.double.to_bits());
        assert_eq!(cell("flag"), AnyValue::Boolean(values.flag));
        assert_eq!(crate::kit::micros(&cell("time")), Some(values.time));
        assert!(items.str().unwrap().iter().eq(values.list.iter().map(|item| Some(item.as_str()))));
        assert_eq!(cell("body"), AnyValue::String(&values.body));
    }
}

#[test]
fn a_table_without_rows_has_its_columns() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("report");
    let formats = Formats::new([Format::Parquet]);
    let sink = Folder::create(&dir, false, formats, &METADATA).unwrap();
    sink.finish("{}").unwrap();
    for schema in TABLES {
        let frame = read_parquet(&dir.join(schema.name).with_extension("parquet"));
        assert_eq!((frame.height(), frame.width()), (0, schema.columns.len()));
    }
    assert_eq!(fs::read_dir(&dir).unwrap().count(), TABLES.len() + 1);
}

/// Polars reads what the row types say: signed integers only, and each column by its name.
#[test]
fn the_types_of_all_tables_are_those_of_their_columns() {
    let report = Report::of_dump();
    for schema in TABLES {
        let frame = report.table(schema.name).0;
        assert_eq!(frame.width(), schema.columns.len());
        for (column, found) in schema.columns.iter().zip(frame.columns()) {
            let expected = match column.kind {
                ColumnType::Text => DataType::String,
                ColumnType::I32 => DataType::Int32,
                ColumnType::I64 => DataType::Int64,
                ColumnType::F64 => DataType::Float64,
                ColumnType::Bool => DataType::Boolean,
                ColumnType::Time => DataType::Datetime(TimeUnit::Microseconds, Some(TimeZone::UTC)),
                ColumnType::List => DataType::List(Box::new(DataType::String)),
                other => panic!("{other:?}"),
            };
            let place = format!("{}.{}", schema.name, column.name);
            assert_eq!((found.name().as_str(), found.dtype()), (column.name, &expected), "{place}");
            assert!(column.nullable || found.null_count() == 0, "{place} has nulls");
        }
    }
}

#[test]
fn a_report_in_memory_has_the_rows_of_the_folder() {
    fn check<T>(stored: &Stored, memory: &Memory)
    where
        T: Table + for<'b> Select<Table = T, Row<'b> = <T as Table>::Row<'b>>,
        for<'b> <T as Table>::Row<'b>: std::fmt::Debug,
    {
        let mut table = stored.table::<T>().unwrap();
        let batches: Vec<_> = memory.batches::<T>().collect();
        let mut found = batches.iter().flat_map(Batch::rows);
        for group in 0..table.groups() {
            for row in table.read::<T>(group).unwrap().iter() {
                let expected = found.next().map(|row| format!("{row:?}"));
                assert_eq!(Some(format!("{row:?}")), expected, "{}", T::SCHEMA.name);
            }
        }
        assert!(found.next().is_none(), "more rows of {} in memory", T::SCHEMA.name);
    }
    let report = Report::of_dump();
    let mut memory = Memory::default();
    let summary = run(&[&dump()], &Options::default(), &mut memory);
    let numbers = summary.to_json();
    assert!(report.text("summary.json").starts_with(numbers.trim_end().trim_end_matches("\n}")));
    assert_eq!(memory.summary(), report.text("summary.json"));
    let stored = Stored::open(&report.path()).unwrap();
    check::<Files>(&stored, &memory);
    check::<Problems>(&stored, &memory);
    check::<Logs>(&stored, &memory);
    check::<Exchanges>(&stored, &memory);
    check::<Errors>(&stored, &memory);
    check::<ErrorGroups>(&stored, &memory);
    check::<Keys>(&stored, &memory);
    check::<Endpoints>(&stored, &memory);
    check::<Runs>(&stored, &memory);
    check::<Bodies>(&stored, &memory);
}
