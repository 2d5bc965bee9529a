//! Every key of the language has a file that holds it and loads, and one that holds it wrongly and is refused in words that
//! somebody has read: file, line, caret, and what to write. The rows stand in `rows`; a key without one fails here.

use super::rows::{PLACES, Place, ROWS, Row};
use super::*;

/// A small world that loads, one section to a line.
const WORLD: [&str; 7] = [
    "version: 1",
    "defaults: { timezone: Europe/Berlin, hard_ceiling: 24h }",
    "people: [{ id: bob, name: Bob, kind: employee, accounts: { db: bob } }, { id: eve, name: Eve, kind: employee }]",
    "groups: [{ id: dba, members: [bob, eve] }]",
    "providers: [{ id: db, kind: sandbox }]",
    "resources: [{ id: orders, name: Orders, provider: db, owners: [dba], roles: [{ id: read, name: Read, grant: {} }, { id: write, name: Write, grant: {} }] }]",
    "policies: [{ id: p, who: { group: dba }, what: { resource: orders, role: read }, approve: [{ by: owners }] }]",
];

/// A file, and which of its lines are about the row.
struct Text {
    text: String,
    about: std::ops::RangeInclusive<usize>,
}

/// The section that a line begins.
fn section(line: &str) -> &str {
    line.split(':').next().unwrap()
}

/// What is not within brackets.
fn outermost(value: &str) -> String {
    let mut depth = 0;
    let is_out = |c: &char| {
        depth += i32::from("{[".contains(*c)) - i32::from("]}".contains(*c));
        depth == 0
    };
    value.chars().filter(is_out).collect()
}

/// The world with this key in its place. The place comes last, unless its section is one that the world has.
fn file(row: &Row, key: &str, value: &str) -> Text {
    let written = if row.item == "file" {
        let known = WORLD.iter().find(|line| section(line) == row.key);
        match (value, known) {
            ("as it is", Some(line)) => line.replacen(row.key, key, 1),
            _ => format!("{key}: {value}"),
        }
    } else {
        let Place { around, keys, .. } =
            PLACES.iter().find(|place| place.item == row.item).unwrap_or_else(|| panic!("no place for `{}`", row.item));
        let others = keys.iter().filter(|(k, _)| *k != row.key && !outermost(value).contains(&format!(", {k}: ")));
        let body: Vec<String> = others.map(|(k, v)| format!("{k}: {v}")).chain([format!("{key}: {value}")]).collect();
        around.replace("HERE", &format!("{{ {} }}", body.join(", ")))
    };
    let replaced = if row.item == "file" { row.key } else { section(&written) };
    let mut lines: Vec<&str> = WORLD.iter().copied().filter(|line| section(line) != replaced).collect();
    let first = lines.len() + 1;
    lines.extend(written.lines());
    Text { about: first..=lines.len(), text: lines.join("\n") }
}

/// What the reader says about the lines of the row. What follows elsewhere from a broken id is another story.
fn refused(text: &Text) -> Vec<String> {
    let source = Source { name: "policies.yaml".to_owned(), text: text.text.clone() };
    let problems = PolicySet::parse(vec![source], Shapes::UNCHECKED).err().map(|error| error.problems).unwrap_or_default();
    problems.iter().filter(|problem| text.about.contains(&problem.line)).map(ToString::to_string).collect()
}

#[test]
fn every_key_has_a_row() {
    for item in ITEMS {
        let keys: Vec<_> = item.keys.iter().map(|key| key.name).collect();
        let rows: Vec<_> = ROWS.iter().filter(|row| row.item == item.name).map(|row| row.key).collect();
        assert_eq!(rows, keys, "{}", item.name);
    }
    let strays: Vec<_> = ROWS.iter().filter(|row| !ITEMS.iter().any(|item| item.name == row.item)).map(|row| row.item).collect();
    assert!(strays.is_empty(), "{strays:?}");
}

#[test]
fn every_key_is_read_where_it_belongs() {
    for row in ROWS {
        let text = file(row, row.key, row.good);
        let source = Source { name: "policies.yaml".to_owned(), text: text.text.clone() };
        let read = PolicySet::parse(vec![source], Shapes::UNCHECKED);
        assert!(read.is_ok(), "{}.{}\n{}\n{}", row.item, row.key, text.text, read.unwrap_err());
        checked(&yaml::parse(&text.text, 0).unwrap().value.to_json().unwrap()).unwrap();
    }
}

#[test]
fn every_key_that_is_wrong_is_refused_in_words_that_help() {
    for item in ITEMS {
        let told: Vec<String> = ROWS
            .iter()
            .filter(|row| row.item == item.name)
            .map(|row| {
                let refused = refused(&file(row, row.key, row.bad));
                assert!(!refused.is_empty(), "{}.{}: {} loads", row.item, row.key, row.bad);
                format!("## {}\n{}", row.key, refused.join("\n"))
            })
            .collect();
        insta::assert_snapshot!(item.name, told.join("\n\n"));
    }
}

#[test]
fn every_key_that_is_mistyped_is_told_with_the_one_that_was_meant() {
    for row in ROWS.iter().filter(|row| row.key.len() > 2 && !item(row.item).is_open) {
        let mistyped = &row.key[..row.key.len() - 1];
        let refused = refused(&file(row, mistyped, row.good)).join("\n");
        let hint = format!("; did you mean `{}`?", row.key);
        assert!(refused.contains(&format!("unknown key `{mistyped}` in ")) && refused.contains(&hint), "{}: {refused}", row.item);
    }
}
