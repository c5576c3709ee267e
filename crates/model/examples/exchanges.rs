//! Prints the exchanges of a JSON document, one line each: `exchanges FILE...`
//!
//! For a look at what the model makes of a new shape.

#![expect(clippy::print_stdout, reason = "the output is the point")]

fn main() -> std::io::Result<()> {
    let mut extractor = model::extract::Extractor::default();
    for path in std::env::args().skip(1) {
        let text = std::fs::read_to_string(&path)?;
        let found = extractor.extract(&text, true, &mut |x| {
            println!(
                "{} log={:?} run={:?} step={:?} key={:?} at={:?} {:?} {:?} {:?} {:?}/{:?} cut={}",
                x.pointer,
                x.log_id,
                x.run_id,
                x.step,
                x.key,
                x.started_at,
                x.method,
                x.url,
                x.status,
                x.outcome,
                x.evidence,
                x.response_truncated
            );
            println!("   request  {:?}", x.request.map(|b| b.text));
            println!("   response {:?}", x.response.map(|b| b.text));
            for e in x.errors {
                println!(
                    "   error    {:?} {:?} {:?} {:?} {:?}",
                    e.source, e.code, e.field, e.message, e.key
                );
            }
            for row in x.rows {
                println!("   row      {row:?}");
            }
            println!("   extra    {:?}", x.extra);
        });
        println!("{path}: {found:?}");
    }
    Ok(())
}
