//! Random queries against a brute-force oracle, which knows the logs from the generator and reads JSON by `serde_json`.

use serde_json::Value;

use crate::kit::{self, TestRandom, TrueLog, escaped, uuid};
use api::protocol::{AskedAt, Parameters};
use api::query;

/// One random query.
#[derive(Debug, Default)]
struct Asked {
    flow: String,
    limit: Option<usize>,
    page: Option<usize>,
    log_type: Option<u8>,
    file: Option<String>,
    run: Option<String>,
    search: Vec<(String, String)>,
}

impl Asked {
    fn random(random: &mut TestRandom, logs: &[TrueLog]) -> Self {
        let log = random.pick(logs).clone();
        let mut asked = Self { flow: log.flow, ..Self::default() };
        if random.one_in(20) {
            asked.flow = uuid(1, 1);
        }
        if random.one_in(2) {
            let most = *random.pick(&[5, 100]);
            asked.limit = Some(1 + random.below(most));
        }
        if random.one_in(2) {
            asked.page = Some(1 + random.below(4));
        }
        if !random.one_in(3) {
            asked.log_type = Some(1 + random.below(3) as u8);
        }
        if random.one_in(6) {
            asked.file = Some(if random.one_in(2) { log.run.clone() } else { log.file });
        }
        if random.one_in(3) {
            asked.run = Some(log.run);
        }
        if asked.log_type == Some(3) && random.one_in(2) {
            for _ in 0..=random.below(2) {
                let n = random.below(9);
                asked.search.push(match random.below(8) {
                    0 | 1 => ("sku".to_owned(), format!("A-{n}")),
                    2 => ("SKU".to_owned(), format!("A-{n}")),
                    3 => ("price".to_owned(), format!("{}.25", n % 5)),
                    4 => ("detail".to_owned(), format!("n{}", n % 5)),
                    5 => ("stock".to_owned(), format!("{}", n % 5)),
                    6 => ("row_num".to_owned(), format!("{}", n % 4)),
                    _ => ("errors".to_owned(), "too low ı".to_owned()),
                });
            }
        }
        asked
    }

    fn query(&self, random: &mut TestRandom) -> String {
        let project = if random.one_in(2) { "projectId" } else { "projectid" };
        let mut pairs = vec![format!("{project}=12"), format!("flowId={}", escaped(&self.flow))];
        let mut add = |name: &str, value: Option<String>| {
            pairs.extend(value.map(|value| format!("{name}={}", escaped(&value))));
        };
        add("limit", self.limit.map(|n| n.to_string()));
        add("page", self.page.map(|n| n.to_string()));
        add("log_type", self.log_type.map(|n| n.to_string()));
        add("filename_uuid", self.file.clone());
        add("original_filename_uuid", self.run.clone());
        for (n, (field, value)) in self.search.iter().enumerate() {
            add(&format!("search_field.{}", n + 1), Some(field.clone()));
            add(&format!("search_value.{}", n + 1), Some(value.clone()));
        }
        for n in (1..pairs.len()).rev() {
            pairs.swap(n, random.below(n + 1));
        }
        pairs.join("&")
    }

    /// The rows of the page and of all pages, by looking at every log.
    fn oracle<'l>(&self, logs: &'l [TrueLog]) -> (usize, Vec<&'l str>) {
        let implied = match (&self.file, &self.run) {
            (Some(_), None) => Some(1),
            (None, Some(_)) => Some(3),
            _ => None,
        };
        let wanted = self.log_type.or(implied);
        let mut rows: Vec<&TrueLog> = logs
            .iter()
            .filter(|log| log.flow == self.flow)
            .filter(|log| wanted.is_none_or(|wanted| log.log_type == wanted))
            .filter(|log| self.file.as_ref().is_none_or(|file| log.file == *file))
            .filter(|log| self.run.as_ref().is_none_or(|run| log.run == *run))
            .filter(|log| self.search.iter().all(|(field, value)| has(log, field, value)))
            .collect();
        rows.sort_by_key(|log| std::cmp::Reverse((log.created, log.id)));
        let limit = self.limit.unwrap_or(25);
        let first = (self.page.unwrap_or(1) - 1) * limit;
        let page = rows.iter().skip(first).take(limit).map(|log| log.record.as_str()).collect();
        (rows.len(), page)
    }
}

fn has(log: &TrueLog, field: &str, value: &str) -> bool {
    let texts = [Some(&log.record), log.download.as_ref()];
    texts
        .into_iter()
        .flatten()
        .any(|text| inside(&serde_json::from_str(text).unwrap(), "", field, value))
}

fn inside(json: &Value, name: &str, field: &str, value: &str) -> bool {
    match json {
        Value::Object(object) => object.iter().any(|(name, json)| inside(json, name, field, value)),
        Value::Array(array) => array.iter().any(|json| inside(json, name, field, value)),
        Value::String(text) => {
            let nested = || serde_json::from_str::<Value>(text).ok().filter(Value::is_object);
            name.eq_ignore_ascii_case(field) && text == value
                || nested().is_some_and(|json| inside(&json, "", field, value))
        }
        Value::Null => false,
        scalar => {
            let text = scalar.to_string();
            name.eq_ignore_ascii_case(field) && text == value
        }
    }
}

#[test]
fn ten_thousand_random_queries_equal_the_oracle() {
    let mut random = TestRandom(17);
    let mut seen = [0; 2];
    for seed in 0..4 {
        let place = tempfile::tempdir().unwrap();
        let logs = kit::write_dump(place.path(), seed, 40);
        let dump = kit::read(place.path());
        assert_eq!(dump.logs().len(), logs.len());
        for _ in 0..2500 {
            let asked = Asked::random(&mut random, &logs);
            let text = asked.query(&mut random);
            let at = AskedAt { origin: "http://h".to_owned(), parameters: Parameters::of(&text) };
            let answer = query::list(&dump, &at);
            let (count, rows) = asked.oracle(&logs);
            seen[usize::from(rows.is_empty())] += 1;
            if rows.is_empty() {
                assert_eq!(answer.status, 404, "{text}");
                continue;
            }
            assert_eq!(answer.status, 200, "{text}: {}", String::from_utf8_lossy(&answer.body));
            let body = String::from_utf8(answer.body).unwrap();
            let end = format!("\"results\":[{}]}}", rows.join(","));
            assert!(body.ends_with(&end), "{text}\n{body}\nshould end in\n{end}");
            let envelope: Value = serde_json::from_str(&body).unwrap();
            assert_eq!(envelope["count"], count, "{text}");
            assert_eq!(envelope["limit"], asked.limit.unwrap_or(25));
            let page = asked.page.unwrap_or(1);
            assert_eq!(envelope["page"], page);
            let pages = count.div_ceil(asked.limit.unwrap_or(25));
            assert_eq!(envelope["previous"] == "", page == 1);
            assert_eq!(envelope["next"] == "", page == pages);
        }
    }
    // Both kinds of answers have to be tested.
    assert!(seen[0] > 3000 && seen[1] > 1000, "{seen:?}");
}

#[test]
fn a_million_records_answer_within_a_second() {
    // A tenth of it in the dev profile, in which it is ten times as slow.
    let records: u64 = if cfg!(debug_assertions) { 100_000 } else { 1_000_000 };
    let place = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(place.path()).unwrap();
    let (flow, per_page) = (uuid(0xf10e, 1), 10_000);
    for page in 0..records / per_page {
        let rows: Vec<String> = (0..per_page)
            .map(|n| {
                let id = page * per_page + n;
                let at = kit::time(id * 1000);
                format!(
                    r#"{{"id":{id},"log_type":3,"process_group_id":"write","process_group_name":"Write","parent_process_group_id":"{flow}","original_filename_uuid":"{}","filename_uuid":"{}","state":3,"status":2,"created":"{at}","row_num":{n},"sku":"S-{id}"}}"#,
                    uuid(2, id / 100),
                    uuid(3, id)
                )
            })
            .collect();
        let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
        let body = kit::page_body(&rows, records, per_page, page + 1);
        std::fs::write(place.path().join(format!("{page}.json")), body).unwrap();
    }
    let began = std::time::Instant::now();
    let dump = kit::read(place.path());
    println!("{records} records read in {:?}", began.elapsed());
    for query in [
        format!("projectId=1&flowId={flow}"),
        format!("projectId=1&flowId={flow}&log_type=3&original_filename_uuid={}", uuid(2, 77)),
        format!(
            "projectId=1&flowId={flow}&log_type=3&search_field.1=sku&search_value.1=S-{}",
            records / 2
        ),
        format!("projectId=1&flowId={flow}&limit=100&page={}", records / 100),
    ] {
        let asked = AskedAt { origin: String::new(), parameters: Parameters::of(&query) };
        let began = std::time::Instant::now();
        let answer = query::list(&dump, &asked);
        println!("{:?} for {query}", began.elapsed());
        assert_eq!(answer.status, 200);
        assert!(began.elapsed().as_secs_f64() < 1.0, "{query}");
    }
}
