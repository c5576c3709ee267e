//! Exchanges, and the documents that platforms make of them.

mod document;
#[cfg(test)]
mod tests;

use std::fmt::{Arguments, Write as _};

pub use self::document::{LogShape, document};
use crate::Random;

/// One exchange, before a shape is chosen for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedExchange {
    /// Flow it belongs to.
    pub flow: &'static str,
    /// Step of the flow.
    pub step: &'static str,
    /// Name of the field that holds the key: `sku` or `order_number`.
    pub key_field: &'static str,
    /// Business key.
    pub key: String,
    /// HTTP method.
    pub method: &'static str,
    /// URL.
    pub url: String,
    /// HTTP status; None when no answer came.
    pub status: Option<u16>,
    /// Request body.
    pub request: String,
    /// Response body; None when no answer came.
    pub response: Option<String>,
    /// Error text that the platform adds; None when it adds none.
    pub error: Option<String>,
    /// Milliseconds since 1970-01-01 UTC.
    pub started_ms: u64,
    /// Milliseconds.
    pub duration_ms: u64,
}

impl LoggedExchange {
    /// Whether it failed, by any sign.
    pub fn failed(&self) -> bool {
        self.error.is_some() || self.status.is_none_or(|status| status >= 400)
    }
}

/// 2026-10-05T00:00:00Z, in milliseconds since 1970-01-01 UTC: the day of all logs.
const DAY_MS: u64 = 1_791_158_400_000;

/// How the exchanges of one run relate to those of the runs before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Variety {
    /// No two bodies are equal: each run has its own digits in keys, URLs, bodies and errors.
    #[default]
    Unique,
    /// Every run sends and receives the same bodies, as a flow does that tries the same rows again.
    Repeating,
}

/// `count` exchanges in the order of time, no two with an equal body. Prices 35 %, stock 30 %, products
/// 20 %, orders 13 %, and 2 % pages of a listing, which hold a sixth of the bytes.
pub fn exchanges(count: usize, seed: u64) -> Vec<LoggedExchange> {
    exchanges_of_run(count, seed, 0, Variety::Unique)
}

/// The exchanges of one run of a flow. All runs of a seed agree, exchange by exchange, in everything but
/// digits and times: in kind, words, outcome, and in the length of every text. `variety` says whether the
/// digits differ too; the times always do.
///
/// The values are random: that two bodies of [`Variety::Unique`] are equal by chance has a probability
/// below one in a million for a million exchanges.
pub fn exchanges_of_run(
    count: usize,
    seed: u64,
    run: u64,
    variety: Variety,
) -> Vec<LoggedExchange> {
    let digits_of = match variety {
        Variety::Unique => run,
        Variety::Repeating => 0,
    };
    let mixed = Random::new(seed).bits();
    let mut draw = Draw { plan: Random::new(seed), values: Random::new(mixed ^ digits_of) };
    let mut clock = Random::new(!mixed ^ run);
    let mut at = DAY_MS + clock.below(3_600_000);
    (0..count)
        .map(|_| {
            at += clock.below(2_000);
            let row = match draw.plan.below(100) {
                0..35 => price(&mut draw),
                35..65 => stock(&mut draw),
                65..85 => product(&mut draw),
                85..98 => order(&mut draw),
                _ => page(&mut draw),
            };
            LoggedExchange { started_ms: at, ..row }
        })
        .collect()
}

/// Where an exchange comes from.
struct Draw {
    /// What it is like: the kind, the words, the number of digits. The same in all runs.
    plan: Random,
    /// The digits. As many numbers are taken in all runs, and their texts have the same lengths.
    values: Random,
}

impl Draw {
    /// A number of this many digits, at most 19.
    fn digits(&mut self, count: u32) -> u64 {
        let least = 10_u64.pow(count - 1);
        least + self.values.below(9 * least)
    }

    /// A number of 1 to `longest` digits; the plan says how many.
    fn number(&mut self, longest: u32) -> u64 {
        let count = 1 + self.plan.below(u64::from(longest)) as u32;
        self.digits(count)
    }

    /// A time on the day of the logs.
    fn time_of_day(&mut self) -> String {
        iso(DAY_MS + self.values.below(86_400_000))
    }

    fn sku(&mut self) -> String {
        let number = self.values.below(10_000_000_000);
        match self.plan.below(4) {
            0 => format!("SKU-{:06}", number % 1_000_000),
            1 => format!("869{number:010}"),
            2 => {
                let colour = self.plan.pick(&["BLK", "RED", "NVY"]);
                format!("1KD{:05}-{colour}", number % 100_000)
            }
            _ => format!("TR{:07}M", number % 10_000_000),
        }
    }

    fn name(&mut self) -> String {
        const KINDS: [&str; 6] = [
            "Pamuklu Tişört",
            "Keten Gömlek",
            "Şık Çanta",
            "Deri Ayakkabı",
            "Örgü Kazak",
            "Kot Ceket",
        ];
        format!("{} {}", self.plan.pick(&COLOURS), self.plan.pick(&KINDS))
    }

    fn amount(&mut self) -> String {
        format!("{}.{:02}", self.number(4), self.values.below(100))
    }

    fn prose(&mut self, words: u64, out: &mut String) {
        for n in 0..words {
            if n > 0 {
                out.push(' ');
            }
            out.push_str(self.plan.pick(&WORDS));
        }
    }
}

fn price(draw: &mut Draw) -> LoggedExchange {
    let (key, id) = (draw.sku(), draw.digits(6));
    let request = format!(
        r#"{{"product":"{key}","price":"{}","retail_price":"{}","currency_type":"try","tax_rate":{},"price_list":{}}}"#,
        draw.amount(),
        draw.amount(),
        draw.plan.pick(&["1", "10", "20"]),
        1 + draw.plan.below(8),
    );
    let url = format!("https://omnitron.example.com/api/i1/product_prices/{id}/");
    answered(draw, LoggedExchange { url, request, ..row("price", "PATCH", key) })
}

fn stock(draw: &mut Draw) -> LoggedExchange {
    let (key, id) = (draw.sku(), draw.digits(6));
    let request = format!(
        r#"{{"product":"{key}","stock":{},"unit_type":"qty","sold_quantity_unreported":{},"stock_list":{},"counted_at":"{}"}}"#,
        draw.number(3),
        draw.plan.below(4),
        1 + draw.plan.below(8),
        draw.time_of_day(),
    );
    let url = format!("https://omnitron.example.com/api/i1/product_stocks/{id}/");
    answered(draw, LoggedExchange { url, request, ..row("stock", "PATCH", key) })
}

fn product(draw: &mut Draw) -> LoggedExchange {
    let key = draw.sku();
    let mut request = format!(
        r#"{{"sku":"{key}","base_code":"{}","name":"{}","is_active":{},"attribute_set":{},"attributes":{{"renk":"{}","beden":"{}","kumas":"%{} pamuk","aciklama":""#,
        &key[..6],
        draw.name(),
        draw.plan.chance(90),
        1 + draw.plan.below(30),
        draw.plan.pick(&COLOURS),
        draw.plan.pick(&["XS", "S", "M", "L", "XL"]),
        50 + draw.plan.below(50),
    );
    let words = 40 + draw.plan.below(120);
    draw.prose(words, &mut request);
    request.push_str(r#""},"productimage_set":["#);
    for n in 0..=draw.plan.below(5) {
        let comma = if n == 0 { "" } else { "," };
        put(
            &mut request,
            format_args!(
                r#"{comma}{{"order":{n},"remote_url":"https://cdn.example.com/products/{}.jpg"}}"#,
                draw.values.uuid()
            ),
        );
    }
    request.push_str("]}");
    let url = "https://omnitron.example.com/api/i1/products/".to_owned();
    answered(draw, LoggedExchange { url, request, ..row("product", "POST", key) })
}

fn order(draw: &mut Draw) -> LoggedExchange {
    let key = format!("{:016}", draw.values.below(10_000_000_000));
    let mut request = format!(
        r#"{{"number":"{key}","amount":"{}","currency":"try","created_date":"{}","customer":{{"email":"musteri{}@example.com","phone_number":"05{:09}"}},"shipping_address":{{"line":"Örnek Mah. {}. Sok. No: {}","city":"{}","postcode":"{:05}"}},"orderitem_set":["#,
        draw.amount(),
        draw.time_of_day(),
        draw.number(4),
        draw.values.below(1_000_000_000),
        draw.number(3),
        draw.number(2),
        draw.plan.pick(&["İstanbul", "İzmir", "Şanlıurfa", "Çanakkale", "Ankara"]),
        draw.values.below(82_000),
    );
    for n in 0..=draw.plan.below(6) {
        let comma = if n == 0 { "" } else { "," };
        put(
            &mut request,
            format_args!(
                r#"{comma}{{"sku":"{}","name":"{}","price":"{}","discount":"{}","tax_rate":"20.00"}}"#,
                draw.sku(),
                draw.name(),
                draw.amount(),
                draw.amount()
            ),
        );
    }
    request.push_str("]}");
    let url = format!("https://erp.example.com/ws/orders?ticket={}", draw.values.uuid());
    let mut row = row("order", "POST", key);
    row.step = "write_data_to_erp";
    row.key_field = "order_number";
    answered(draw, LoggedExchange { url, request, ..row })
}

/// A page of products that a flow reads before it writes: few, but large.
fn page(draw: &mut Draw) -> LoggedExchange {
    let at = 100 + draw.values.below(899);
    let mut response = format!(
        r#"{{"count":{},"next":"https://omnitron.example.com/api/i1/products/?page={}","previous":null,"results":["#,
        draw.digits(5),
        at + 1
    );
    for n in 0..40 {
        let comma = if n == 0 { "" } else { "," };
        let key = draw.sku();
        put(
            &mut response,
            format_args!(
                r#"{comma}{{"pk":{},"sku":"{key}","base_code":"{}","name":"{}","attributes":{{"renk":"{}","marka":"{}"}},"price":"{}","modified_date":"{}"}}"#,
                draw.digits(7),
                &key[..6],
                draw.name(),
                draw.plan.pick(&COLOURS),
                draw.number(3),
                draw.amount(),
                draw.time_of_day(),
            ),
        );
    }
    response.push_str("]}");
    let mut row = row("product", "GET", format!("{at}"));
    row.step = "read_data_from_omnitron";
    row.key_field = "page_key";
    row.url = format!("https://omnitron.example.com/api/i1/products/?page={at}");
    row.duration_ms = draw.digits(4);
    LoggedExchange { status: Some(200), response: Some(response), ..row }
}

fn row(flow: &'static str, method: &'static str, key: String) -> LoggedExchange {
    LoggedExchange {
        flow,
        step: "write_data_to_omnitron",
        key_field: "sku",
        key,
        method,
        url: String::new(),
        status: None,
        request: String::new(),
        response: None,
        error: None,
        started_ms: 0,
        duration_ms: 0,
    }
}

/// Gives a request its answer; one in seven is a failure.
fn answered(draw: &mut Draw, row: LoggedExchange) -> LoggedExchange {
    let duration_ms = draw.number(4);
    let (status, response, error) =
        if draw.plan.chance(14) { failure(draw, &row) } else { success(draw, &row) };
    LoggedExchange { status, response, error, duration_ms, ..row }
}

type Answer = (Option<u16>, Option<String>, Option<String>);

/// The service gives the record back, with its ids and dates.
fn success(draw: &mut Draw, row: &LoggedExchange) -> Answer {
    let mut response = row.request.clone();
    response.pop();
    put(
        &mut response,
        format_args!(
            r#","pk":{},"created_date":"{}","modified_date":"{}","uuid":"{}"}}"#,
            draw.digits(7),
            iso(DAY_MS - draw.values.below(1 << 36)),
            draw.time_of_day(),
            draw.values.uuid(),
        ),
    );
    (Some(if row.method == "POST" { 201 } else { 200 }), Some(response), None)
}

/// Each answer names its request, so that two of them differ although they say the same.
fn failure(draw: &mut Draw, row: &LoggedExchange) -> Answer {
    let key = &row.key;
    let id = draw.values.uuid();
    let seconds = 10 + draw.values.below(50);
    match draw.plan.below(9) {
        0 => {
            let body = format!(r#"{{"error":"{key} kodlu ürün bulunamadı.","request_id":"{id}"}}"#);
            (Some(406), Some(body), None)
        }
        1 => {
            let body = format!(
                r#"{{"detail":"Product with sku {key} was not found","request_id":"{id}"}}"#
            );
            (Some(404), Some(body), None)
        }
        2 => {
            let body = format!(
                r#"{{"name":["This field is required."],"base_code":["Bu alan boş olamaz."],"request_id":"{id}"}}"#
            );
            (Some(400), Some(body), None)
        }
        3 => {
            let body = format!(
                r#"{{"price":["Ensure this value is greater than or equal to 0.01. Got -{seconds}.5"],"request_id":"{id}"}}"#
            );
            (Some(400), Some(body), None)
        }
        4 => {
            let body = format!(
                r#"{{"detail":"Request was throttled. Expected available in {seconds} seconds.","request_id":"{id}"}}"#
            );
            (Some(429), Some(body), None)
        }
        5 => {
            let body = format!(
                r#"<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><soap:Fault><faultcode>soap:Server</faultcode><faultstring>Stok kartı bulunamadı: {}</faultstring><detail/></soap:Fault></soap:Body></soap:Envelope>"#,
                draw.digits(16)
            );
            (Some(500), Some(body), None)
        }
        6 => {
            let body = format!(
                "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<h1>502 Bad Gateway</h1>\r\n<p>Request {id}</p>\r\n</body>\r\n</html>\r\n"
            );
            (Some(502), Some(body), None)
        }
        7 => {
            let host = draw.values.below(9);
            let text = format!("erp{host}.example.com:443: read timed out after {seconds} s");
            (None, None, Some(text))
        }
        _ => {
            let body = format!(
                r#"{{"Success":false,"ErrorCode":"E-1042","Message":"{key} zaten kayıtlı (belge no {})","request_id":"{id}"}}"#,
                draw.digits(6)
            );
            (Some(200), Some(body), Some(format!("ERP refused {key}: E-1042")))
        }
    }
}

const COLOURS: [&str; 8] =
    ["Kırmızı", "Siyah", "Haki", "Açık Mavi", "Bej", "Yeşil", "Lacivert", "Gümüş"];
const WORDS: [&str; 32] = [
    "yumuşak",
    "dokulu",
    "kumaş",
    "günlük",
    "kullanım",
    "için",
    "rahat",
    "kesim",
    "yüksek",
    "bel",
    "düğme",
    "detaylı",
    "cep",
    "şık",
    "tasarım",
    "ürün",
    "makinede",
    "yıkanabilir",
    "mevsimlik",
    "koleksiyon",
    "astarlı",
    "su",
    "geçirmez",
    "taban",
    "deri",
    "el",
    "yapımı",
    "hafif",
    "esnek",
    "nefes",
    "alan",
    "örgü",
];

/// ISO 8601 with milliseconds. Months are simplified: days after [`DAY_MS`] are the 5th to the 28th, days
/// before it the 1st to the 28th. Times on the day itself are exact, and the order is always kept.
fn iso(ms: u64) -> String {
    let (days, of_day) = (ms / 86_400_000, ms % 86_400_000);
    let day = DAY_MS / 86_400_000;
    let months = 2026 * 12 + 9;
    let (months, rest) = if days >= day {
        (months + (days - day) / 24, 5 + (days - day) % 24)
    } else {
        (months - (day - days) / 28 - 1, 1 + (day - days) % 28)
    };
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
        months / 12,
        months % 12 + 1,
        rest,
        of_day / 3_600_000,
        of_day / 60_000 % 60,
        of_day / 1_000 % 60,
        of_day % 1_000
    )
}

/// Appends what `format!` would give. Writing to a String does not fail.
fn put(out: &mut String, text: Arguments<'_>) {
    let _never = out.write_fmt(text);
}
