//! `analyze html`.

use std::fs;

use super::kit::TestFolder;

#[test]
fn a_page_is_written_whole_and_replaced_only_when_asked() {
    let place = TestFolder::with_report();
    let run = place.run(&["html", "report", "-o", "page.html"]);
    assert_eq!((run.code, run.out.as_str()), (0, ""));
    assert!(run.err.starts_with("page.html  "), "{}", run.err);
    assert!(run.err.ends_with("of 462 requests one by one, all counted\n"), "{}", run.err);
    let page = place.read("page.html");
    assert!(page.starts_with("<!doctype html>") && page.ends_with("</html>\n"));

    let again = place.run(&["html", "report", "-o", "page.html"]);
    assert_eq!(again.code, 2);
    let refused = "error: page.html: is there already\nuse --force to replace it\n";
    assert_eq!(again.err, refused);
    assert_eq!(place.run(&["html", "report", "-o", "page.html", "--force"]).code, 0);
    assert_eq!(place.read("page.html"), page, "the same report has the same page");
    assert_eq!(place.run(&["html", "report", "-o", "-"]).out, page);
    let names: Vec<_> =
        fs::read_dir(place.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "nothing but the report and the page: {names:?}");
}

#[test]
fn a_smaller_page_says_what_it_leaves_out() {
    let place = TestFolder::with_report();
    let run = place.run(&["html", "report", "-o", "page.html", "--max-size", "1k"]);
    assert_eq!(run.code, 0);
    assert!(run.err.contains("0 of their "), "{}", run.err);
    let gone = place.run(&["html", "nowhere", "-o", "other.html"]);
    assert_eq!((gone.code, gone.out.as_str()), (2, ""));
    assert!(gone.err.contains("nowhere: no report"), "{}", gone.err);
    let folder = place.run(&["html", "report", "-o", "no/such/page.html"]);
    assert_eq!(folder.code, 2);
    assert!(folder.err.starts_with("error: no/such/page.html"), "{}", folder.err);
}

#[test]
fn a_report_is_made_with_its_page() {
    let place = TestFolder::with_dump();
    let report =
        |more: &[&str]| place.run(&[&["report", "dump", "--out", "week", "--html"], more].concat());
    let run = report(&[]);
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.err.contains("\nweek.html  "), "{}", run.err);
    let page = place.read("week.html");
    assert_eq!(place.run(&["html", "week", "-o", "-"]).out, page);
    fs::remove_dir_all(place.path().join("week")).unwrap();
    let refused = report(&["-q"]);
    assert_eq!(refused.code, 2);
    assert!(refused.err.starts_with("error: week.html: is there already"), "{}", refused.err);
    assert!(!place.path().join("week").exists(), "refused before any work");
    assert_eq!(report(&["-q", "--force"]).code, 0);
    let csv = report(&["-q", "--force", "--format", "csv"]);
    assert_eq!((csv.code, csv.err.contains("add parquet to --format")), (2, true), "{}", csv.err);
}
