//! The endpoints of a report, and how one is named on the command line.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde::Serialize;
use tables::cell::EndpointName;
use tables::rows::Endpoints;
use tables::{ReadError, Stored};

use crate::nearest::nearest;

/// Endpoints that are listed when several have a name.
const LISTED: usize = 10;

/// The requests of an endpoint, of all flows and steps.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EndpointTotals {
    /// Its place among the endpoints: 1 for the one with most failed requests.
    pub rank: usize,
    /// Method, host and path, ids masked.
    pub endpoint: String,
    /// Requests.
    pub requests: u64,
    /// Those that failed.
    pub failed: u64,
    /// The longest took so many milliseconds; `None` when none says.
    pub duration_max_ms: Option<f64>,
}

tables::select! {
    /// The requests of a flow and step to an endpoint.
    struct EndpointCounts<'b> from Endpoints {
        endpoint: Option<EndpointName<'b>>,
        exchanges: i64,
        failed: i64,
        duration_max_ms: Option<f64>,
    }
}

/// All endpoints, the one with most failed requests first, of equal ones the one with most requests, then by name: the
/// order of the summary.
///
/// # Errors
/// When the table `endpoints` cannot be read.
pub fn endpoints(report: &Stored) -> Result<Vec<EndpointTotals>, ReadError> {
    let mut totals: BTreeMap<String, EndpointTotals> = BTreeMap::new();
    let mut table = report.table::<Endpoints>()?;
    for group in 0..table.groups() {
        for row in table.read::<EndpointCounts<'_>>(group)?.iter() {
            let Some(EndpointName(name)) = row.endpoint else { continue };
            let total = totals.entry(name.to_owned()).or_insert_with(|| EndpointTotals {
                rank: 0,
                endpoint: name.to_owned(),
                requests: 0,
                failed: 0,
                duration_max_ms: None,
            });
            total.requests += row.exchanges.unsigned_abs();
            total.failed += row.failed.unsigned_abs();
            let longest = [total.duration_max_ms, row.duration_max_ms].into_iter().flatten();
            total.duration_max_ms = longest.max_by(f64::total_cmp);
        }
    }
    let mut sorted: Vec<_> = totals.into_values().collect();
    sorted.sort_by_key(|total| (Reverse(total.failed), Reverse(total.requests)));
    (1..).zip(&mut sorted).for_each(|(rank, total)| total.rank = rank);
    Ok(sorted)
}

/// Why a name is not that of one endpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FindEndpointError {
    /// No endpoint has it.
    #[error(
        "{name}: no such endpoint; there are {endpoints}{}\nan endpoint is named by its rank (1 has most failed requests) or by words of its name",
        nearest.as_ref().map(|nearest| format!(" (did you mean {nearest}?)")).unwrap_or_default()
    )]
    Unknown {
        /// The name.
        name: String,
        /// How many endpoints there are.
        endpoints: usize,
        /// The endpoint, or the part of one, that was probably meant.
        nearest: Option<String>,
    },
    /// Several endpoints have it.
    #[error("{name}: {count} endpoints have it; their ranks are\n{}", first.join("\n"))]
    Several {
        /// The name.
        name: String,
        /// How many endpoints.
        count: usize,
        /// Rank and name of the first, at most ten, and how many more there are.
        first: Vec<String>,
    },
}

/// The endpoint of this name: a whole name, a rank, or words that all stand in exactly one name (in any case), in this
/// order. A number is a rank and nothing else.
///
/// # Errors
/// When the name is that of no endpoint, or of several.
pub fn find_endpoint<'e>(
    endpoints: &'e [EndpointTotals],
    name: &str,
) -> Result<&'e EndpointTotals, FindEndpointError> {
    if let Some(exact) = endpoints.iter().find(|total| total.endpoint == name) {
        return Ok(exact);
    }
    let unknown = |nearest| FindEndpointError::Unknown {
        name: name.to_owned(),
        endpoints: endpoints.len(),
        nearest,
    };
    if let Ok(rank) = name.trim().parse::<usize>() {
        return endpoints.iter().find(|total| total.rank == rank).ok_or_else(|| unknown(None));
    }
    let words = name.to_lowercase();
    let words: Vec<&str> = words.split_whitespace().collect();
    let has_words = |total: &&EndpointTotals| {
        let name = total.endpoint.to_lowercase();
        !words.is_empty() && words.iter().all(|word| name.contains(word))
    };
    let found: Vec<&EndpointTotals> = endpoints.iter().filter(has_words).collect();
    match found.as_slice() {
        [] => Err(unknown(nearest_name(endpoints, name))),
        [only] => Ok(only),
        several => {
            let line = |total: &&EndpointTotals| format!("{}  {}", total.rank, total.endpoint);
            let mut first: Vec<String> = several.iter().take(LISTED).map(line).collect();
            if several.len() > LISTED {
                first.push(format!("and {} more", several.len() - LISTED));
            }
            Err(FindEndpointError::Several { name: name.to_owned(), count: several.len(), first })
        }
    }
}

/// The query of the search language that finds the requests of this endpoint, and of no other.
pub fn endpoint_query(endpoints: &[EndpointTotals], endpoint: &str) -> String {
    let part_of_another = endpoints.iter().any(|total| {
        total.endpoint != endpoint
            && total.endpoint.to_lowercase().contains(&endpoint.to_lowercase())
    });
    if part_of_another {
        format!("endpoint:/^{}$/", regex::escape(endpoint).replace('/', r"\/"))
    } else {
        format!("endpoint:\"{}\"", endpoint.replace('\\', r"\\").replace('"', "\\\""))
    }
}

/// The whole name that is nearest, else the nearest part of one.
fn nearest_name(endpoints: &[EndpointTotals], name: &str) -> Option<String> {
    let names = || endpoints.iter().map(|total| total.endpoint.as_str());
    // Shorter parts are near to everything.
    let parts = names().flat_map(|name| name.split([' ', '/', '.'])).filter(|part| part.len() > 3);
    nearest(name, names()).or_else(|| nearest(name, parts)).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_named_by_rank_name_or_words() {
        let names = [
            "POST erp.example.com/orders",
            "PATCH shop.example.com/api/product_prices/{id}/",
            "POST shop.example.com/api/product_prices/bulk/",
            "GET shop.example.com/api/product_prices/bulk/",
            "GET shop.example.com/v2",
        ];
        let named = |(rank, name): (usize, &&str)| EndpointTotals {
            rank,
            endpoint: (*name).to_owned(),
            requests: 1,
            failed: 0,
            duration_max_ms: None,
        };
        let endpoints: Vec<_> = (1..).zip(&names).map(named).collect();
        let check = |name: &str, rank: usize| {
            assert_eq!(find_endpoint(&endpoints, name).map(|e| e.rank), Ok(rank), "{name}");
        };
        check("orders", 1);
        check("2", 2);
        check("post BULK", 3);
        check("PATCH", 2);
        check("GET shop.example.com/api/product_prices/bulk/", 4);
        let refused = |name: &str| find_endpoint(&endpoints, name).unwrap_err().to_string();
        assert!(refused("bulk").starts_with("bulk: 2 endpoints have it"), "{}", refused("bulk"));
        assert!(refused("bulk").contains("\n3  POST shop"), "{}", refused("bulk"));
        assert!(refused("ordres").contains("(did you mean orders?)"), "{}", refused("ordres"));
        assert!(refused("prodcut_prices").contains("(did you mean product_prices?)"));
        // A number is a rank, although a name has it.
        for name in ["", " ", "0", "6", "nothing at all"] {
            assert!(refused(name).contains("no such endpoint; there are 5\n"), "{name}");
        }
    }
}
