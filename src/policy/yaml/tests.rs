use super::*;

fn json(text: &str) -> serde_json::Value {
    parse(text, 0).unwrap().value.to_json().unwrap()
}

fn refused(text: &str) -> String {
    let NotYaml { line, column, message } = parse(text, 0).unwrap_err();
    format!("{line}:{column}: {message}")
}

#[test]
fn words_without_quotes_mean_what_the_core_schema_says() {
    let text = "[~, null, '', yes, on, true, False, 0, -7, +7, 0x1F, 0o17, 1.5, -1e3, .5, a]";
    let read = serde_json::json!([null, null, "", "yes", "on", true, false, 0, -7, 7, 31, 15, 1.5, -1000.0, 0.5, "a"]);
    assert_eq!(json(text), read);
}

#[test]
fn what_only_looks_like_a_number_stays_text() {
    let text = "['7', 007, 012345678901, 1_000, 1.2.3, 2026-11-24, 08:00-18:00, 99999999999999999999, ., 1e, 0x, 0o8, 7d]";
    let read = serde_json::json!([
        "7",
        "007",
        "012345678901",
        "1_000",
        "1.2.3",
        "2026-11-24",
        "08:00-18:00",
        "99999999999999999999",
        ".",
        "1e",
        "0x",
        "0o8",
        "7d"
    ]);
    assert_eq!(json(text), read);
}

#[test]
fn every_value_knows_its_place() {
    let root = parse("a: 1\nb:\n  - ü: x\n", 3).unwrap();
    let Value::Map(entries) = root.value else { panic!("{root:?}") };
    let Value::List(items) = &entries[1].node.value else { panic!("{entries:?}") };
    let Value::Map(inner) = &items[0].value else { panic!("{items:?}") };
    assert_eq!(entries[1].place, Place { file: 3, line: 2, column: 1 });
    assert_eq!(inner[0].place, Place { file: 3, line: 3, column: 5 });
    assert_eq!(inner[0].node.place, Place { file: 3, line: 3, column: 8 });
}

#[test]
fn an_alias_repeats_a_value_that_has_ended() {
    assert_eq!(json("a: &x [1, 2]\nb: *x"), serde_json::json!({ "a": [1, 2], "b": [1, 2] }));
    assert_eq!(refused("a: &x [1, *x]"), "1:11: this alias stands within the value that it would repeat");
    assert!(refused("a: *x").contains("unknown anchor"));
}

#[test]
fn what_aliases_repeat_counts_as_if_it_were_written_out() {
    let long = "x".repeat(5_000);
    let text = format!("a: &x {long}\nb: [{}]", vec!["*x"; 1_000].join(", "));
    insta::assert_snapshot!(refused(&text), @"2:3197: the file says too much, with what its aliases repeat; split it, or write less by aliases");
    let nested = |levels: usize| {
        let steps = (1..levels).map(|n| format!("x{n}: &x{n} [*x{}]\n", n - 1));
        format!("x0: &x0 [1]\n{}", steps.collect::<String>())
    };
    assert!(parse(&nested(DEPTH_MAX - 1), 0).is_ok());
    insta::assert_snapshot!(refused(&nested(DEPTH_MAX + 1)), @r#"
    32:12: lists and mappings lie more than 32 deep in each other here
    "#);
    insta::assert_snapshot!(refused(&"[".repeat(1_000)), @r#"
    1:256: lists and mappings lie more than 32 deep in each other here
    "#);
}

#[test]
fn what_would_hide_what_a_rule_means_is_refused() {
    insta::assert_snapshot!(refused("a: !!str 7"), @r#"
    1:4: tags (`!…`) are not read here; what is meant as text stands in quotes
    "#);
    insta::assert_snapshot!(refused("a: &x { b: 1 }\nc:\n  <<: *x"), @r#"
    3:3: `<<` is not read here; write out what it would bring in
    "#);
    insta::assert_snapshot!(refused("a: 1\n---\nb: 2"), @r#"
    3:1: a policy file is one document; put the next one into a file of its own
    "#);
    insta::assert_snapshot!(refused("? [a, b]\n: 1"), @r#"
    1:3: a key is a word, without tag, anchor or alias
    "#);
    let many: String = (0..40).map(|n| format!("k{n}: 1\n")).collect();
    insta::assert_snapshot!(refused(&(many + "k7: 2")), @r#"
    41:1: the key `k7` stands here for the second time
    "#);
}
