//! Functions that SQLite lacks: `regexp`, `median`, `quantile`.

use std::error::Error;

use regex::Regex;
use rusqlite::functions::{Aggregate, Context, FunctionFlags};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Result};

/// Adds the functions to a connection.
pub(crate) fn add(connection: &Connection) -> Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8
        | FunctionFlags::SQLITE_DETERMINISTIC
        | FunctionFlags::SQLITE_INNOCUOUS;
    connection.create_scalar_function("regexp", 2, flags, regexp)?;
    connection.create_aggregate_function("median", 1, flags, Middle)?;
    connection.create_aggregate_function("quantile", 2, flags, NearestRank)
}

/// `text REGEXP pattern`, which SQLite calls as `regexp(pattern, text)`: whether the text has such a part. Null for null.
fn regexp(context: &mut Context<'_>) -> Result<Option<bool>> {
    let pattern =
        context.get_or_create_aux(0, |pattern| -> Result<_, Box<dyn Error + Send + Sync>> {
            Ok(pattern.as_str_or_null()?.map(Regex::new).transpose()?)
        })?;
    let Some(pattern) = &*pattern else { return Ok(None) };
    Ok(match context.get_raw(1) {
        ValueRef::Null => None,
        ValueRef::Text(text) | ValueRef::Blob(text) => {
            Some(pattern.is_match(&String::from_utf8_lossy(text)))
        }
        ValueRef::Integer(number) => Some(pattern.is_match(&number.to_string())),
        ValueRef::Real(number) => Some(pattern.is_match(&number.to_string())),
    })
}

/// The numbers of a group, and of `quantile` the part that was asked for.
#[derive(Debug, Default)]
struct Numbers {
    values: Vec<f64>,
    part: f64,
}

impl Numbers {
    fn push(&mut self, context: &Context<'_>) -> Result<()> {
        // Null does not count, as in every aggregate function of SQL.
        let value = context.get::<Option<f64>>(0).map_err(|_other_type| {
            rusqlite::Error::UserFunctionError("median and quantile are of numbers".into())
        })?;
        self.values.extend(value);
        Ok(())
    }

    /// The value at a place of the sorted numbers, counted from 0.
    fn at(&mut self, place: usize) -> f64 {
        *self.values.select_nth_unstable_by(place, f64::total_cmp).1
    }
}

/// `median(x)`: the middle one, of an even number the mean of the two in the middle.
struct Middle;

impl Aggregate<Numbers, Option<f64>> for Middle {
    fn init(&self, _: &mut Context<'_>) -> Result<Numbers> {
        Ok(Numbers::default())
    }

    fn step(&self, context: &mut Context<'_>, numbers: &mut Numbers) -> Result<()> {
        numbers.push(context)
    }

    fn finalize(&self, _: &mut Context<'_>, numbers: Option<Numbers>) -> Result<Option<f64>> {
        let Some(mut numbers) = numbers.filter(|numbers| !numbers.values.is_empty()) else {
            return Ok(None);
        };
        let count = numbers.values.len();
        let (low, high) = (numbers.at((count - 1) / 2), numbers.at(count / 2));
        Ok(Some(f64::midpoint(low, high)))
    }
}

/// `quantile(x, q)`: the smallest number that at least the part `q` of all numbers does not exceed, as the percentiles of the
/// table `endpoints` are meant, and as DuckDB has it.
struct NearestRank;

impl Aggregate<Numbers, Option<f64>> for NearestRank {
    fn init(&self, _: &mut Context<'_>) -> Result<Numbers> {
        Ok(Numbers::default())
    }

    fn step(&self, context: &mut Context<'_>, numbers: &mut Numbers) -> Result<()> {
        numbers.part = context.get(1)?;
        if !(0.0..=1.0).contains(&numbers.part) {
            let fault = format!("quantile: {} is not between 0 and 1", numbers.part);
            return Err(rusqlite::Error::UserFunctionError(fault.into()));
        }
        numbers.push(context)
    }

    fn finalize(&self, _: &mut Context<'_>, numbers: Option<Numbers>) -> Result<Option<f64>> {
        let Some(mut numbers) = numbers.filter(|numbers| !numbers.values.is_empty()) else {
            return Ok(None);
        };
        let rank = (numbers.part * numbers.values.len() as f64).ceil();
        #[expect(clippy::cast_sign_loss, reason = "a part of a count is not negative")]
        let place = (rank as usize).saturating_sub(1);
        Ok(Some(numbers.at(place)))
    }
}
