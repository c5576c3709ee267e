//! Lines as error texts: any order and any shards give the same groups, and a template of one-line texts
//! has one line.
#![no_main]

use grouping::{ErrorRef, Groups, MaskedMessages, classify, retryable};
use libfuzzer_sys::fuzz_target;

fn error(line: &str) -> ErrorRef<'_> {
    let mut parts = line.splitn(3, '\t');
    let message = parts.next().unwrap_or("");
    ErrorRef {
        message,
        code: parts.next().filter(|code| !code.is_empty()),
        field: parts.next().filter(|field| !field.is_empty()),
        status: (line.len() % 7 == 0).then_some(400 + (line.len() % 120) as u16),
        cut: line.len() % 11 == 0,
    }
}

fn shown(groups: &Groups) -> String {
    format!("{:?}", groups.iter().collect::<Vec<_>>())
}

fuzz_target!(|text: &str| {
    // `\r` is the line end inside a text.
    let lines: Vec<String> = text.split('\n').take(64).map(|line| line.replace('\r', "\n")).collect();
    let mut whole = MaskedMessages::default();
    let mut halves = [MaskedMessages::default(), MaskedMessages::default()];
    let mut ids = Vec::new();
    for (n, line) in lines.iter().enumerate() {
        let error = error(line);
        let _retry = retryable(classify(&error), error.status);
        ids.push(whole.add(error));
        halves[n % 2].add(error);
    }
    let mut reversed = MaskedMessages::default();
    lines.iter().rev().for_each(|line| {
        reversed.add(error(line));
    });
    let [mut merged, other] = halves;
    merged.merge(other);
    let groups = whole.finish();
    let expected = shown(&groups);
    assert_eq!(shown(&merged.finish()), expected);
    assert_eq!(shown(&reversed.finish()), expected);
    assert_eq!(groups.iter().map(|group| group.count).sum::<u64>(), lines.len() as u64);
    for (line, id) in lines.iter().zip(ids) {
        let group = groups.of(id);
        assert!(group.count > 0);
        assert_eq!(group.fingerprint.len(), 16);
        let error = error(line);
        // A text that was cut joins the whole text, which may have more lines.
        if error.message.len() <= 1024 && !error.message.contains('\n') && !error.cut {
            assert!(!group.template.contains('\n'), "a line end that is in no text: {:?}", group.template);
        }
    }
});
