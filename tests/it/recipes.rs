//! The recipes of the guide are real: each loads as it would for an operator, does what its own tests say, is seen to permit
//! and to deny, and is named in docs/policies.md.

use std::fs;
use std::path::{Path, PathBuf};

use daypass::access::time::Timestamp;
use daypass::app::policies::shapes;
use daypass::policy::check::{Severity, check};
use daypass::policy::parse::Source;
use daypass::policy::{PolicySet, scenario};

const CAST: &str = "cast.yaml";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recipes")
}

fn recipes() -> Vec<String> {
    let entries = fs::read_dir(folder()).unwrap();
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| name != CAST);
    names.sort();
    names
}

fn loaded(recipe: &str) -> PolicySet {
    let read = |name: &str| Source { name: name.to_owned(), text: fs::read_to_string(folder().join(name)).unwrap() };
    match PolicySet::parse(vec![read(CAST), read(recipe)], shapes()) {
        Ok(set) => set,
        Err(error) => panic!("{recipe}\n{error}"),
    }
}

#[test]
fn there_are_ten_and_the_guide_names_each() {
    let guide = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/policies.md")).unwrap();
    let recipes = recipes();
    assert_eq!(recipes.len(), 10, "{recipes:?}");
    for recipe in recipes {
        assert!(guide.contains(&format!("../tests/recipes/{recipe}")), "the guide does not name {recipe}");
    }
}

#[test]
fn each_does_what_it_says() {
    for recipe in recipes() {
        let report = scenario::run(&loaded(&recipe));
        let failures: Vec<String> = report.failures.iter().map(ToString::to_string).collect();
        assert!(failures.is_empty(), "{recipe}: {failures:#?}");
        let untried: Vec<_> = report.coverage.iter().filter(|tried| !tried.is_tried()).collect();
        assert!(untried.is_empty(), "{recipe} never shows all of {untried:#?}");
    }
}

#[test]
fn none_of_their_rules_is_odd() {
    let monday = Timestamp::from_millis(1_773_648_000_000);
    for recipe in recipes() {
        let set = loaded(&recipe);
        let rules: Vec<&str> = set.policies().iter().map(|policy| policy.id.value.as_str()).collect();
        let odd: Vec<String> = check(&set, monday)
            .iter()
            .filter(|finding| finding.severity == Severity::Warning && rules.contains(&finding.about.as_str()))
            .map(ToString::to_string)
            .collect();
        assert!(odd.is_empty(), "{recipe}: {odd:#?}");
    }
}
