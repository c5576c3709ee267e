//! Exchanges, and the documents that platforms make of them.

use std::fmt::{Arguments, Write as _};

use model::json::push_escaped;

use crate::Random;

/// One exchange, before a shape is chosen for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
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
    /// What the platform says of the failure.
    pub error: Option<String>,
    /// Milliseconds since 1970-01-01 UTC.
    pub started_ms: u64,
    /// Milliseconds.
    pub duration_ms: u64,
}

impl Row {
    /// Whether it failed, by any sign.
    pub fn failed(&self) -> bool {
        self.error.is_some() || self.status.is_none_or(|status| status >= 400)
    }
}

/// How a platform writes its exchanges down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shape {
    /// A list of flat rows, bodies as strings: every quote in them is escaped.
    Flat,
    /// A list of rows with `request` and `response` objects, bodies as JSON where they are JSON.
    Nested,
    /// A list of flow files (Apache `NiFi`): attributes that are all strings, the request as `content`,
    /// failed answers cut at 256 bytes.
    Nifi,
}

impl Shape {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Flat, Self::Nested, Self::Nifi];

    /// Its name in the ids of benches.
    pub fn name(self) -> &'static str {
        match self {
            Self::Flat => "flat",
            Self::Nested => "nested",
            Self::Nifi => "nifi",
        }
    }
}

/// 2026-10-05T00:00:00Z, in milliseconds since 1970-01-01 UTC: the day of all logs.
const DAY_MS: u64 = 1_791_158_400_000;
/// How much of a failed answer a flow file keeps, in bytes.
const NIFI_CUT: usize = 256;

/// `count` exchanges in the order of time. Prices 35 %, stock 30 %, products 20 %, orders 13 %, and 2 %
/// pages of a listing, which hold a sixth of the bytes.
pub fn rows(count: usize, seed: u64) -> Vec<Row> {
    let mut random = Random::new(seed);
    let mut at = DAY_MS + random.below(3_600_000);
    (0..count)
        .map(|_| {
            at += random.below(2_000);
            let mut row = match random.below(100) {
                0..35 => price(&mut random),
                35..65 => stock(&mut random),
                65..85 => product(&mut random),
                85..98 => order(&mut random),
                _ => page(&mut random),
            };
            row.started_ms = at;
            row
        })
        .collect()
}

fn price(random: &mut Random) -> Row {
    let (key, id) = (sku(random), random.below(1_000_000));
    let request = format!(
        r#"{{"product":"{key}","price":"{}","retail_price":"{}","currency_type":"try","tax_rate":{},"price_list":{}}}"#,
        amount(random),
        amount(random),
        random.pick(&["1", "10", "20"]),
        1 + random.below(8),
    );
    let url = format!("https://omnitron.example.com/api/i1/product_prices/{id}/");
    answered(random, Row { url, request, ..row("price", "PATCH", key) })
}

fn stock(random: &mut Random) -> Row {
    let (key, id) = (sku(random), random.below(1_000_000));
    let request = format!(
        r#"{{"product":"{key}","stock":{},"unit_type":"qty","sold_quantity_unreported":{},"stock_list":{}}}"#,
        random.below(500),
        random.below(4),
        1 + random.below(8),
    );
    let url = format!("https://omnitron.example.com/api/i1/product_stocks/{id}/");
    answered(random, Row { url, request, ..row("stock", "PATCH", key) })
}

fn product(random: &mut Random) -> Row {
    let key = sku(random);
    let mut request = format!(
        r#"{{"sku":"{key}","base_code":"{}","name":"{}","is_active":{},"attribute_set":{},"attributes":{{"renk":"{}","beden":"{}","kumas":"%{} pamuk","aciklama":""#,
        &key[..6],
        name(random),
        random.chance(90),
        1 + random.below(30),
        random.pick(&COLOURS),
        random.pick(&["XS", "S", "M", "L", "XL"]),
        50 + random.below(51),
    );
    let words = 40 + random.below(120);
    prose(random, words, &mut request);
    request.push_str(r#""},"productimage_set":["#);
    for n in 0..=random.below(5) {
        let comma = if n == 0 { "" } else { "," };
        put(
            &mut request,
            format_args!(
                r#"{comma}{{"order":{n},"remote_url":"https://cdn.example.com/products/{}.jpg"}}"#,
                random.uuid()
            ),
        );
    }
    request.push_str("]}");
    let url = "https://omnitron.example.com/api/i1/products/".to_owned();
    answered(random, Row { url, request, ..row("product", "POST", key) })
}

fn order(random: &mut Random) -> Row {
    let key = format!("{:016}", random.below(10_000_000_000));
    let mut request = format!(
        r#"{{"number":"{key}","amount":"{}","currency":"try","created_date":"{}","customer":{{"email":"musteri{}@example.com","phone_number":"05{:09}"}},"shipping_address":{{"line":"Örnek Mah. {}. Sok. No: {}","city":"{}","postcode":"{:05}"}},"orderitem_set":["#,
        amount(random),
        iso(DAY_MS + random.below(86_400_000)),
        random.below(10_000),
        random.below(1_000_000_000),
        random.below(900),
        random.below(90),
        random.pick(&["İstanbul", "İzmir", "Şanlıurfa", "Çanakkale", "Ankara"]),
        random.below(82_000),
    );
    for n in 0..=random.below(6) {
        let comma = if n == 0 { "" } else { "," };
        put(
            &mut request,
            format_args!(
                r#"{comma}{{"sku":"{}","name":"{}","price":"{}","discount":"{}","tax_rate":"20.00"}}"#,
                sku(random),
                name(random),
                amount(random),
                amount(random)
            ),
        );
    }
    request.push_str("]}");
    let url = format!("https://erp.example.com/ws/orders?ticket={}", random.uuid());
    let mut row = row("order", "POST", key);
    row.step = "write_data_to_erp";
    row.key_field = "order_number";
    answered(random, Row { url, request, ..row })
}

/// A page of products that a flow reads before it writes: few, but large.
fn page(random: &mut Random) -> Row {
    let at = 1 + random.below(400);
    let mut response = format!(
        r#"{{"count":{},"next":"https://omnitron.example.com/api/i1/products/?page={}","previous":null,"results":["#,
        40 * (at + random.below(100)),
        at + 1
    );
    for n in 0..40 {
        let comma = if n == 0 { "" } else { "," };
        let key = sku(random);
        put(
            &mut response,
            format_args!(
                r#"{comma}{{"pk":{},"sku":"{key}","base_code":"{}","name":"{}","attributes":{{"renk":"{}","marka":"{}"}},"price":"{}","modified_date":"{}"}}"#,
                random.below(10_000_000),
                &key[..6],
                name(random),
                random.pick(&COLOURS),
                random.below(400),
                amount(random),
                iso(DAY_MS + random.below(86_400_000)),
            ),
        );
    }
    response.push_str("]}");
    let mut row = row("product", "GET", format!("{at}"));
    row.step = "read_data_from_omnitron";
    row.key_field = "page_key";
    row.url = format!("https://omnitron.example.com/api/i1/products/?page={at}");
    row.duration_ms = 300 + random.below(9_000);
    Row { status: Some(200), response: Some(response), ..row }
}

fn row(flow: &'static str, method: &'static str, key: String) -> Row {
    Row {
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
fn answered(random: &mut Random, row: Row) -> Row {
    let duration_ms = 8 + random.below(4_000);
    let (status, response, error) =
        if random.chance(14) { failure(random, &row) } else { success(random, &row) };
    Row { status, response, error, duration_ms, ..row }
}

type Answer = (Option<u16>, Option<String>, Option<String>);

/// The service gives the record back, with its ids and dates.
fn success(random: &mut Random, row: &Row) -> Answer {
    let mut response = row.request.clone();
    response.pop();
    put(
        &mut response,
        format_args!(
            r#","pk":{},"created_date":"{}","modified_date":"{}","uuid":"{}"}}"#,
            random.below(10_000_000),
            iso(DAY_MS - random.below(1 << 36)),
            iso(DAY_MS + random.below(86_400_000)),
            random.uuid(),
        ),
    );
    (Some(if row.method == "POST" { 201 } else { 200 }), Some(response), None)
}

fn failure(random: &mut Random, row: &Row) -> Answer {
    let key = &row.key;
    let number = random.below(1_000_000);
    match random.below(9) {
        0 => (Some(406), Some(format!(r#"{{"error":"{key} kodlu ürün bulunamadı."}}"#)), None),
        1 => (
            Some(404),
            Some(format!(r#"{{"detail":"Product with sku {key} was not found"}}"#)),
            None,
        ),
        2 => (
            Some(400),
            Some(
                r#"{"name":["This field is required."],"base_code":["Bu alan boş olamaz."]}"#
                    .to_owned(),
            ),
            None,
        ),
        3 => {
            let body = format!(
                r#"{{"price":["Ensure this value is greater than or equal to 0.01. Got -{}.5"]}}"#,
                number % 90
            );
            (Some(400), Some(body), None)
        }
        4 => {
            let body = format!(
                r#"{{"detail":"Request was throttled. Expected available in {} seconds."}}"#,
                number % 60
            );
            (Some(429), Some(body), None)
        }
        5 => {
            let body = format!(
                r#"<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><soap:Fault><faultcode>soap:Server</faultcode><faultstring>Stok kartı bulunamadı: {number}</faultstring><detail/></soap:Fault></soap:Body></soap:Envelope>"#
            );
            (Some(500), Some(body), None)
        }
        6 => {
            let body = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<h1>502 Bad Gateway</h1>\r\n</body>\r\n</html>\r\n";
            (Some(502), Some(body.to_owned()), None)
        }
        7 => {
            let text = format!(
                "erp{}.example.com:443: read timed out after {} s",
                number % 9,
                10 + number % 50
            );
            (None, None, Some(text))
        }
        _ => {
            let body = format!(
                r#"{{"Success":false,"ErrorCode":"E-1042","Message":"{key} zaten kayıtlı (belge no {number})"}}"#
            );
            (Some(200), Some(body), Some(format!("ERP refused {key}: E-1042")))
        }
    }
}

/// The rows as one download of this shape, without blanks between the tokens.
pub fn document(shape: Shape, rows: &[Row]) -> String {
    let mut out = String::new();
    for (n, row) in rows.iter().enumerate() {
        out.push(if n == 0 { '[' } else { ',' });
        match shape {
            Shape::Flat => flat(row, n, &mut out),
            Shape::Nested => nested(row, n, &mut out),
            Shape::Nifi => nifi(row, n, &mut out),
        }
    }
    out.push_str(if rows.is_empty() { "[]" } else { "]" });
    out
}

fn flat(row: &Row, n: usize, out: &mut String) {
    put(
        out,
        format_args!(
            r#"{{"row_num":{},"created":"{}","{}":"{}","method":"{}","url":"{}","status_code":"#,
            n + 1,
            iso(row.started_ms),
            row.key_field,
            row.key,
            row.method,
            row.url
        ),
    );
    status(row, out);
    put(out, format_args!(r#","duration":{},"request_body":"#, row.duration_ms));
    string(Some(&row.request), out);
    out.push_str(r#","response_body":"#);
    string(row.response.as_deref(), out);
    out.push_str(r#","errors":["#);
    if row.error.is_some() {
        string(row.error.as_deref(), out);
    }
    out.push_str("]}");
}

fn nested(row: &Row, n: usize, out: &mut String) {
    put(
        out,
        format_args!(
            r#"{{"row_num":{},"timestamp":{},"{}":"{}","request":{{"method":"{}","url":"{}","headers":{{"Content-Type":"application/json","Accept-Language":"tr"}},"body":"#,
            n + 1,
            row.started_ms,
            row.key_field,
            row.key,
            row.method,
            row.url
        ),
    );
    body(Some(&row.request), out);
    out.push_str(r#"},"response":"#);
    if row.status.is_some() {
        out.push_str(r#"{"status":"#);
        status(row, out);
        out.push_str(r#","headers":{"Content-Type":"application/json","Server":"nginx"},"body":"#);
        body(row.response.as_deref(), out);
        out.push('}');
    } else {
        out.push_str("null");
    }
    put(out, format_args!(r#","duration_ms":{},"errors":["#, row.duration_ms));
    if row.error.is_some() {
        out.push_str(r#"{"message":"#);
        string(row.error.as_deref(), out);
        out.push('}');
    }
    out.push_str("]}");
}

fn nifi(row: &Row, n: usize, out: &mut String) {
    put(
        out,
        format_args!(
            r#"{{"attributes":{{"invokehttp.request.url":"{}","invokehttp.tx.id":"{:08x}-0000-4000-8000-{:012x}","invokehttp.request.duration":"{}","fragment.index":"{n}","created":"{}","{}":"{}","mime.type":"application/json""#,
            row.url,
            row.duration_ms,
            row.started_ms,
            row.duration_ms,
            row.started_ms,
            row.key_field,
            row.key
        ),
    );
    if let Some(status) = row.status {
        put(out, format_args!(r#","invokehttp.status.code":"{status}""#));
    }
    if let Some(response) = &row.response {
        if row.failed() {
            let mut end = response.len().min(NIFI_CUT);
            while !response.is_char_boundary(end) {
                end -= 1;
            }
            out.push_str(r#","invokehttp.response.body":"#);
            string(Some(&response[..end]), out);
        } else {
            out.push_str(r#","response_body":"#);
            string(Some(response), out);
        }
    }
    if row.error.is_some() {
        out.push_str(r#","invokehttp.java.exception.class":"java.net.SocketTimeoutException","invokehttp.java.exception.message":"#);
        string(row.error.as_deref(), out);
    }
    out.push_str(r#"},"content":"#);
    string(Some(&row.request), out);
    out.push('}');
}

fn status(row: &Row, out: &mut String) {
    match row.status {
        Some(status) => put(out, format_args!("{status}")),
        None => out.push_str("null"),
    }
}

/// A body as it stands in a nested log: JSON as JSON, anything else as a string.
fn body(text: Option<&str>, out: &mut String) {
    match text {
        Some(json) if json.starts_with(['{', '[']) => out.push_str(json),
        other => string(other, out),
    }
}

/// A JSON string; null for nothing.
fn string(text: Option<&str>, out: &mut String) {
    match text.filter(|text| !text.is_empty()) {
        Some(text) => {
            out.push('"');
            push_escaped(text, out);
            out.push('"');
        }
        None => out.push_str("null"),
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

fn sku(random: &mut Random) -> String {
    match random.below(4) {
        0 => format!("SKU-{:06}", random.below(1_000_000)),
        1 => format!("869{:010}", random.below(10_000_000_000)),
        2 => format!("1KD{:05}-{}", random.below(100_000), random.pick(&["BLK", "RED", "NVY"])),
        _ => format!("TR{:07}M", random.below(10_000_000)),
    }
}

fn name(random: &mut Random) -> String {
    const KINDS: [&str; 6] =
        ["Pamuklu Tişört", "Keten Gömlek", "Şık Çanta", "Deri Ayakkabı", "Örgü Kazak", "Kot Ceket"];
    format!("{} {}", random.pick(&COLOURS), random.pick(&KINDS))
}

fn amount(random: &mut Random) -> String {
    format!("{}.{:02}", 1 + random.below(3_000), random.below(100))
}

fn prose(random: &mut Random, words: u64, out: &mut String) {
    for n in 0..words {
        if n > 0 {
            out.push(' ');
        }
        out.push_str(random.pick(&WORDS));
    }
}

/// ISO 8601 with milliseconds. Days around [`DAY_MS`] keep their order, months are given 28 days
/// at most: nobody asks a calendar.
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

#[cfg(test)]
mod tests {
    use model::exchange::Outcome;
    use model::extract::Extractor;

    use super::*;

    #[test]
    fn equal_seeds_give_equal_logs() {
        for shape in Shape::ALL {
            assert_eq!(document(shape, &rows(40, 9)), document(shape, &rows(40, 9)));
            assert_ne!(document(shape, &rows(40, 9)), document(shape, &rows(40, 10)));
        }
    }

    #[test]
    fn the_sizes_are_those_of_the_description() {
        let rows = rows(5_000, 1);
        let bytes = |row: &Row| row.request.len() + row.response.as_ref().map_or(0, String::len);
        let all: usize = rows.iter().map(bytes).sum();
        let pages: usize = rows.iter().filter(|row| row.method == "GET").map(bytes).sum();
        let failed = rows.iter().filter(|row| row.failed()).count();
        assert!((800..3_000).contains(&(all / rows.len())), "{}", all / rows.len());
        assert!((all / 8..all / 3).contains(&pages), "{pages} of {all}");
        assert!((600..800).contains(&failed), "{failed}");
    }

    #[test]
    fn the_extractor_finds_every_row_and_both_bodies_in_every_shape() {
        let rows = rows(300, 2);
        for shape in Shape::ALL {
            let text = document(shape, &rows);
            let mut found = 0;
            let extracted = Extractor::default().extract(&text, true, &mut |x| {
                let row = &rows[found];
                assert_eq!(
                    x.request.map(|body| body.text),
                    Some(row.request.as_str()).filter(|b| !b.is_empty())
                );
                assert_eq!(
                    x.outcome == Outcome::Failed,
                    row.failed(),
                    "{shape:?} {}: {row:?}",
                    x.pointer
                );
                assert_eq!(x.response.is_some(), row.response.is_some());
                assert_eq!(x.status, row.status);
                assert_eq!(x.started_at.map(|at| at.0), Some(row.started_ms.cast_signed() * 1_000));
                found += 1;
            });
            assert!(extracted.faults.is_empty(), "{shape:?}: {:?}", extracted.faults);
            assert_eq!(found, rows.len(), "{shape:?}");
        }
    }

    #[test]
    fn no_rows_are_an_empty_list() {
        assert_eq!(document(Shape::Flat, &[]), "[]");
    }
}
