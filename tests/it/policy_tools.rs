//! The tools of the policy as somebody at a terminal and a pipeline meet them: the real program, what it prints for people and
//! for programs, and the code that it ends with. 0: it is done; 1: it failed, and said why; 2: it was used wrongly.

use std::path::{Path, PathBuf};
use std::process::Command;

use daypass::access::time::Timestamp;
use daypass::store::Store;
use serde_json::Value;

/// A run of `daypass policy`, without a bot, without Slack and without any secret.
struct Run {
    code: i32,
    out: String,
    err: String,
}

impl Run {
    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|problem| panic!("{problem}: {}", self.out))
    }
}

fn policy(policies: &Path, words: &[&str]) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_daypass"));
    command.arg("policy").args(words).env_clear().current_dir(policies.parent().unwrap());
    command.env("DAYPASS_POLICIES", policies).env("DAYPASS_DATA_DIR", policies.with_file_name("data"));
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Run { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
}

/// The example of this repository, as a copy, with this added to the rules.
fn example(dir: &Path, more: &str) -> PathBuf {
    let policies = dir.join("policies");
    std::fs::create_dir_all(&policies).unwrap();
    for name in ["people", "policies", "resources", "tests"] {
        let from = format!("{}/policies/{name}.yaml", env!("CARGO_MANIFEST_DIR"));
        std::fs::copy(from, policies.join(format!("{name}.yaml"))).unwrap();
    }
    if !more.is_empty() {
        std::fs::write(policies.join("more.yaml"), format!("version: 1\n{more}")).unwrap();
    }
    policies
}

/// Each question, as somebody would put it, and a word of its answer.
const QUESTIONS: [(&[&str], &str, &str); 7] = [
    (&["check"], "0 warnings", "digest"),
    (&["check", "--strict"], "0 warnings", "findings"),
    (&["test"], "0 failed", "coverage"),
    (&["explain", "maya", "prod/orders", "readonly", "2h", "--at", "2026-11-24T09:00:00Z"], "acme-read-orders", "verdict"),
    (&["who-can", "prod/orders", "readonly", "--at", "2026-11-24T09:00:00Z"], "maya", "ways"),
    (&["risky", "--at", "2026-11-24T09:00:00Z"], "", "ways"),
    (&["plan"], "0", "since_ms"),
];

#[test]
fn every_tool_answers_people_and_programs_and_ends_with_zero() {
    let dir = tempfile::tempdir().unwrap();
    let policies = example(dir.path(), "");
    // A database without any request, for `plan`.
    drop(Store::open(&policies.with_file_name("data"), Timestamp::from_millis(1_795_510_800_000)).unwrap());
    for (words, shown, key) in QUESTIONS {
        let told = policy(&policies, words);
        assert_eq!((told.code, told.err.as_str()), (0, ""), "{words:?}");
        assert!(told.out.contains(shown) && serde_json::from_str::<Value>(&told.out).is_err(), "{words:?}: {}", told.out);
        let read = policy(&policies, &[words, &["--format", "json"]].concat());
        assert_eq!((read.code, read.err.as_str()), (0, ""), "{words:?}");
        assert!(read.json().get(key).is_some(), "{words:?}: {}", read.out);
    }
    let schema = policy(&policies, &["schema"]);
    assert_eq!((schema.code, schema.json()["$schema"].as_str()), (0, Some("https://json-schema.org/draft/2020-12/schema")));
}

#[test]
fn files_to_begin_with_are_written_once_and_check_clean() {
    let dir = tempfile::tempdir().unwrap();
    let policies = dir.path().join("policies");
    let wrote = policy(&policies, &["init", "--format", "json"]);
    assert_eq!(wrote.code, 0, "{}", wrote.err);
    assert_eq!(wrote.json()["wrote"].as_array().unwrap().len(), 4);
    assert_eq!(policy(&policies, &["check", "--strict"]).code, 0);
    assert_eq!(policy(&policies, &["test", "--strict"]).code, 0);
    let again = policy(&policies, &["init"]);
    assert_eq!((again.code, again.out.as_str()), (1, ""));
    assert!(again.err.contains("there is a policy file already") && again.err.contains("nothing was written"), "{}", again.err);
}

#[test]
fn what_is_wrong_ends_with_one_and_says_where() {
    let dir = tempfile::tempdir().unwrap();
    let policies = example(dir.path(), "forbid: [{ id: f, whom: { kind: service } }]\n");
    for (words, _, _) in QUESTIONS {
        let told = policy(&policies, words);
        assert_eq!((told.code, told.out.as_str()), (1, ""), "{words:?}");
        assert!(told.err.contains("more.yaml:2:19: unknown key `whom` in a prohibition; did you mean `who`?"), "{}", told.err);
        let read = policy(&policies, &[words, &["--format", "json"]].concat());
        assert_eq!(read.code, 1, "{words:?}");
        let read = read.json();
        let problem = read["problems"].as_array().unwrap().iter().find(|problem| problem["column"] == 19).unwrap();
        assert_eq!((problem["line"].as_u64(), problem["suggestion"].as_str()), (Some(2), Some("who")), "{problem}");
    }
}

#[test]
fn what_is_odd_fails_only_where_it_is_asked_to() {
    let dir = tempfile::tempdir().unwrap();
    let policies = example(dir.path(), "groups: [{ id: idle, members: [bob] }]\n");
    let told = policy(&policies, &["check"]);
    assert_eq!(told.code, 0, "{}", told.err);
    assert!(told.out.contains("`idle`: is a group that nothing names"), "{}", told.out);
    assert_eq!(policy(&policies, &["check", "--strict"]).code, 1);
    assert_eq!(policy(&policies, &["check", "--strict", "--format", "json"]).json()["warnings"], 1);

    let policies = example(
        &dir.path().join("other"),
        "tests: [{ name: t, at: 2026-11-24T09:00:00Z, request: { who: maya, what: prod/orders, role: readonly, for: 1h }, expect: { outcome: auto } }]\n",
    );
    let told = policy(&policies, &["test"]);
    assert_eq!(told.code, 1);
    assert!(told.err.contains("1 tests of the policy files failed"), "{}", told.err);
    assert_eq!(policy(&policies, &["test", "--format", "json"]).json()["failed"], 1);
}

#[test]
fn what_is_used_wrongly_ends_with_two() {
    let dir = tempfile::tempdir().unwrap();
    let policies = example(dir.path(), "");
    for words in [&["explain", "maya"][..], &["check", "--format", "yaml"], &["apply"], &["polish"]] {
        assert_eq!(policy(&policies, words).code, 2, "{words:?}");
    }
    let told = policy(&policies, &["who-can", "prod/order", "readonly"]);
    assert_eq!(told.code, 1);
    assert!(told.err.contains("did you mean `prod/orders`?"), "{}", told.err);
}
