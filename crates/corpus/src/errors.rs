//! Error texts: few causes with many values, and sentences that have nothing in common.

use crate::Random;

/// One error as an exchange reports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorSample {
    /// Code or exception class.
    pub code: Option<&'static str>,
    /// Path of the field that it is about.
    pub field: Option<&'static str>,
    /// The text for people.
    pub message: String,
    /// HTTP status of its exchange.
    pub status: u16,
}

/// `count` errors of a dozen causes, each with its own keys, ids, numbers and hosts: the usual case.
/// Nearly all texts differ; masked, they are a few dozen.
pub fn repeated(count: usize, seed: u64) -> Vec<ErrorSample> {
    let mut random = Random::new(seed);
    (0..count).map(|_| cause(&mut random)).collect()
}

fn cause(random: &mut Random) -> ErrorSample {
    let number = random.below(1_000_000);
    let sku = format!("TRK{:07}-{}", random.below(10_000_000), random.pick(&["S", "M", "L", "XL"]));
    let error = |status, code, field, message| ErrorSample { code, field, message, status };
    match random.below(12) {
        0 => error(404, None, Some("product"), format!("{sku} kodlu ürün bulunamadı.")),
        1 => error(400, None, Some("sku"), format!("Object with sku={sku} does not exist.")),
        2 => error(400, Some("required"), Some("attributes.beden"), "Bu alan zorunlu.".to_owned()),
        3 => error(
            400,
            Some("min_value"),
            Some("price"),
            format!(
                "Ensure this value is greater than or equal to 0.01. Got -{}.{:02}",
                number % 90,
                number % 100
            ),
        ),
        4 => error(
            429,
            Some("throttled"),
            None,
            format!("Request was throttled. Expected available in {} seconds.", number % 60),
        ),
        5 => error(
            500,
            Some("soap:Server"),
            None,
            format!("Cari hesap kartı bulunamadı: 120.01.{number:06}"),
        ),
        6 => error(
            500,
            Some("java.net.SocketTimeoutException"),
            None,
            format!(
                "HTTPSConnectionPool(host='erp{}.example.com', port=443): Read timed out. (read timeout={})",
                number % 9,
                10 + number % 50
            ),
        ),
        7 => error(
            406,
            Some("unique"),
            Some("non_field_errors"),
            format!("The fields sku, channel must make a unique set: ({sku}, {})", number % 90),
        ),
        8 => error(
            200,
            Some("E-1042"),
            None,
            format!("Sipariş {:016} zaten kayıtlı (belge no {number})", number * 7919),
        ),
        9 => error(
            400,
            None,
            Some("orderitem_set.price"),
            format!("'{},{:02}' geçerli bir sayı değil.", number % 900, number % 100),
        ),
        10 => error(
            500,
            Some("KeyError"),
            None,
            format!(
                "Traceback (most recent call last):\n  File \"/opt/flow/{}.py\", line {}, in send\n    row = table[key]\nKeyError: '{sku}'",
                random.pick(&["price", "stock", "order"]),
                number % 400
            ),
        ),
        _ => error(
            409,
            None,
            None,
            format!(
                "Batch {} was changed at 2026-10-05T{:02}:{:02}:11.{:06}Z by another worker",
                random.uuid(),
                number % 24,
                number % 60,
                number
            ),
        ),
    }
}

/// `count` errors that differ even when they are masked: sentences of random words. No service has so
/// many; the worst case for the table of masked messages and for mining.
pub fn distinct(count: usize, seed: u64) -> Vec<ErrorSample> {
    const WHO: [&str; 16] = [
        "channel",
        "catalogue",
        "warehouse",
        "carrier",
        "customer",
        "invoice",
        "basket",
        "campaign",
        "ledger",
        "supplier",
        "voucher",
        "category",
        "currency",
        "address",
        "variant",
        "return",
    ];
    const VERB: [&str; 16] = [
        "rejects",
        "misses",
        "duplicates",
        "locks",
        "drops",
        "expects",
        "overrides",
        "cancels",
        "delays",
        "ignores",
        "refuses",
        "splits",
        "rounds",
        "replaces",
        "closes",
        "hides",
    ];
    const HOW: [&str; 16] = [
        "silently",
        "twice",
        "early",
        "partly",
        "again",
        "without reason",
        "during import",
        "after approval",
        "before shipment",
        "on retry",
        "by default",
        "in part",
        "at night",
        "under load",
        "by mistake",
        "for good",
    ];
    let mut random = Random::new(seed);
    let sentence = |random: &mut Random| {
        let number = random.below(100_000);
        format!(
            "{} {} {} {} and {} {} {number}",
            random.pick(&WHO),
            random.pick(&VERB),
            random.pick(&WHO),
            random.pick(&HOW),
            random.pick(&VERB),
            random.pick(&WHO),
        )
    };
    (0..count)
        .map(|_| ErrorSample {
            code: None,
            field: None,
            message: sentence(&mut random),
            status: 500,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use grouping::{ErrorRef, MaskedMessages};

    use super::*;

    fn masked_messages(errors: &[ErrorSample]) -> usize {
        let mut messages = MaskedMessages::default();
        let ids: HashSet<_> = errors
            .iter()
            .map(|error| {
                messages.add(ErrorRef {
                    code: error.code,
                    field: error.field,
                    message: &error.message,
                    status: Some(error.status),
                    cut: false,
                })
            })
            .collect();
        ids.len()
    }

    #[test]
    fn equal_seeds_give_equal_texts() {
        assert_eq!(repeated(100, 7), repeated(100, 7));
        assert_eq!(distinct(100, 7), distinct(100, 7));
        assert_ne!(repeated(100, 7), repeated(100, 8));
    }

    #[test]
    fn repeated_errors_have_few_masked_messages() {
        let count = masked_messages(&repeated(5_000, 1));
        assert!((12..60).contains(&count), "{count}");
    }

    #[test]
    fn distinct_errors_have_nearly_as_many_masked_messages_as_texts() {
        let count = masked_messages(&distinct(5_000, 1));
        assert!(count > 4_900, "{count}");
    }
}
