//! main
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let found = archive::discover(&args[2..3].to_vec()).unwrap();
    let inputs: Vec<_> = found.sources.into_iter().map(analyze::input::Input::File).collect();
    let done = analyze::run::report(&inputs, &found.unread, std::path::Path::new(&args[3]), &analyze::run::Options { force: true, threads: std::env::var("T").ok().and_then(|t| t.parse().ok()).unwrap_or(0), formats: if std::env::var("P").is_ok() { analyze::report::Formats::new([analyze::report::Format::Parquet]) } else { Default::default() }, ..Default::default() }, &Default::default(), &Default::default()).unwrap();
    println!("{}", done.summary.to_json());
}
