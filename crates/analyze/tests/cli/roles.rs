//! `--how` and `--roles`: shapes that no table of names can know.

use super::kit::TestFolder;

const ODD: &str = r#"{"paketler":[
  {"zx1":{"baslik":{"evrak":"A-77"}},"zx2":"{\"sonuc\":\"NOK\",\"satirlar\":[{\"aciklama\":\"Depo kapalı\"}]}","zx3":12},
  {"zx1":{"baslik":{"evrak":"A-78"}},"zx2":"{\"sonuc\":\"OK\",\"satirlar\":[]}","zx3":13}]}"#;
const ROLES: &str = r#"
[[field]]
role = "request_body"
name = "zx1"
[[field]]
role = "response_body"
name = "zx2"
[[field]]
role = "order"
path = "zx1.baslik.evrak"
[[field]]
role = "failed"
path = "zx2.sonuc"
values = "NOK"
[[field]]
role = "error_message"
path = "zx2.satirlar.*.aciklama"
"#;

fn odd() -> TestFolder {
    let place = TestFolder::new();
    place.file("dump/odd.json", ODD);
    place.file("my.toml", ROLES);
    place
}

#[test]
fn what_was_not_understood_is_shown() {
    let run = odd().run(&["ls", "dump", "--how"]);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    insta::assert_snapshot!(run.out);
}

#[test]
fn roles_of_the_user_are_shown_with_what_they_found() {
    let run = odd().run(&["ls", "dump", "--how", "--roles", "my.toml"]);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    insta::assert_snapshot!(run.out);
}

#[test]
fn report_and_ls_read_by_roles_of_the_user() {
    let place = odd();
    assert_eq!(place.run(&["ls", "dump"]).code, 1);
    assert_eq!(place.run(&["ls", "dump", "--roles", "my.toml"]).code, 0);
    let run =
        place.run(&["report", "dump", "--out", "r", "--format", "json", "--roles", "my.toml"]);
    assert_eq!(run.code, 0, "{}", run.err);
    let lines = std::fs::read_to_string(place.path().join("r/exchanges.jsonl")).unwrap();
    let rows: Vec<serde_json::Value> =
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let said: Vec<_> =
        rows.iter().map(|row| (row["key"].as_str(), row["outcome"].as_str())).collect();
    assert_eq!(said, [(Some("A-77"), Some("failed")), (Some("A-78"), Some("success"))]);
}

#[test]
fn a_wrong_role_is_told_with_its_line_before_any_work() {
    let place = odd();
    place.file("bad.toml", "[[field]]\nname = 'a'\nrole = 'skus'\n");
    for command in [
        &["ls", "dump", "--roles", "bad.toml"][..],
        &["report", "dump", "--out", "r", "--roles", "bad.toml"],
    ] {
        let run = place.run(command);
        assert_eq!(run.code, 2);
        assert!(
            run.err.contains("bad.toml:3: no such role: \"skus\"; there are request, "),
            "{}",
            run.err
        );
    }
    assert!(!place.path().join("r").exists());
}
