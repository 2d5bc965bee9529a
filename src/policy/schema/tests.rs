//! The schema and the reader know the same keys and types: the reader itself is asked, key by key. And every policy file of
//! this repository is valid by the schema, by a small checker of what the schema uses.

use std::collections::BTreeSet;

mod every_key;
mod rows;

use super::*;
use crate::access::time::{Timestamp, Ttl};
use crate::policy::file::Defaults;
use crate::policy::parse::Source;
use crate::policy::{PolicySet, Shapes, starter, yaml};

/// A key that no item has.
const UNKNOWN: &str = "zzzzzzzzzzzzzzzzzzzzzzzz";

fn item(name: &str) -> &'static Item {
    ITEMS.iter().find(|item| item.name == name).unwrap_or_else(|| panic!("no `{name}`"))
}

/// Something of this shape.
fn sample(shape: Shape) -> Value {
    match shape {
        Shape::Text => "x".into(),
        Shape::Zone => "Europe/Berlin".into(),
        Shape::Form(pattern) => {
            let forms = [
                "2h",
                "2026-11-24T10:00:00Z",
                "2026-12-31",
                "mon-fri",
                "08:00-18:00",
                "owners",
                "U0X",
                "S0X",
                "C0X",
                "A_URL",
                "age1x",
                "prod/orders:readonly",
                "pagerduty/orders",
                "x",
            ];
            let regex = regex_lite::Regex::new(pattern).unwrap();
            (*forms.iter().find(|form| regex.is_match(form)).unwrap_or_else(|| panic!("{pattern}"))).into()
        }
        Shape::Words(words) | Shape::WordsOrList(words, _) => words[0].into(),
        Shape::Number(low, _) => low.into(),
        Shape::Item(name) => needed(item(name)),
        Shape::List(of) => json!([sample(*of)]),
        Shape::ByName(of) => json!({ "x": sample(*of) }),
        Shape::Open => json!({ "x": 1 }),
    }
}

/// Something of another shape.
fn wrong(shape: Shape) -> Value {
    match shape {
        Shape::Text | Shape::Zone | Shape::Form(_) | Shape::Words(_) | Shape::Number(..) | Shape::WordsOrList(..) => {
            json!({ "x": 1 })
        }
        Shape::Item(_) | Shape::List(_) | Shape::ByName(_) | Shape::Open => json!(7),
    }
}

/// The keys of an item that must be there.
fn needed(item: &Item) -> Value {
    let keys = item.keys.iter().filter(|key| key.is_needed);
    Value::Object(keys.map(|key| (key.name.to_owned(), sample(key.shape))).collect())
}

/// An item with one key more, or another value.
fn with(item: &Item, key: &str, value: Value) -> Value {
    let mut object = needed(item);
    // What else may stand beside an outcome depends on it.
    if item.name == "expect" {
        object["outcome"] = if key == "because" { "deny" } else { "ask" }.into();
    }
    object[key] = value;
    object
}

/// A file in which this stands as that item.
fn file_with(name: &str, value: Value) -> Value {
    if name == "file" {
        return value;
    }
    let holds = |shape: Shape| -> Option<Value> {
        match shape {
            Shape::Item(inner) if inner == name => Some(value.clone()),
            Shape::List(Shape::Item(inner)) | Shape::WordsOrList(_, Shape::Item(inner)) if *inner == name => Some(json!([value])),
            _ => None,
        }
    };
    let place = ITEMS.iter().find_map(|parent| parent.keys.iter().find_map(|key| Some((parent, key, holds(key.shape)?))));
    let (parent, key, held) = place.unwrap_or_else(|| panic!("nothing holds `{name}`"));
    file_with(parent.name, with(parent, key.name, held))
}

/// What the reader says of this file.
fn said(file: &Value) -> Vec<String> {
    let source = Source { name: "x.yaml".to_owned(), text: file.to_string() };
    let problems = PolicySet::parse(vec![source], Shapes::UNCHECKED).err().map(|error| error.problems).unwrap_or_default();
    problems.into_iter().map(|problem| problem.message).collect()
}

/// The keys that the reader knows where this one is unknown.
fn known_beside(file: &Value) -> BTreeSet<String> {
    let said = said(file);
    let start = format!("unknown key `{UNKNOWN}` in ");
    let line = said.iter().find(|line| line.starts_with(&start)).unwrap_or_else(|| panic!("{said:?}"));
    let (_, keys) = line.split_once("; known are ").unwrap();
    keys.split(", ").map(|key| key.trim_matches('`').to_owned()).collect()
}

fn checked(file: &Value) -> Result<(), String> {
    let schema = schema();
    check(&schema, &schema, file, "")
}

/// Whether a value is valid, by as much of JSON Schema as ours uses; a word that is none of that fails.
fn check(root: &Value, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    let no = |why: &str| Err(format!("{at}: {why}: {value}"));
    for (word, rule) in schema.as_object().unwrap() {
        let is_fine = match word.as_str() {
            "$schema" | "title" | "$defs" | "description" | "default" | "examples" => true,
            "$ref" => {
                check(root, root.pointer(rule.as_str().unwrap().trim_start_matches('#')).unwrap(), value, at)?;
                true
            }
            "type" => match rule.as_str().unwrap() {
                "object" => value.is_object(),
                "array" => value.is_array(),
                "string" => value.is_string(),
                "integer" => value.is_i64(),
                other => panic!("{other}"),
            },
            "enum" => rule.as_array().unwrap().contains(value),
            "anyOf" => rule.as_array().unwrap().iter().any(|rule| check(root, rule, value, at).is_ok()),
            "pattern" => value.as_str().is_none_or(|text| regex_lite::Regex::new(rule.as_str().unwrap()).unwrap().is_match(text)),
            "minLength" => value.as_str().is_none_or(|text| !text.is_empty()),
            "minimum" => value.as_i64().is_none_or(|number| number >= rule.as_i64().unwrap()),
            "maximum" => value.as_i64().is_none_or(|number| number <= rule.as_i64().unwrap()),
            "minItems" => value.as_array().is_none_or(|items| !items.is_empty()),
            "items" => {
                for (n, inner) in value.as_array().into_iter().flatten().enumerate() {
                    check(root, rule, inner, &format!("{at}/{n}"))?;
                }
                true
            }
            "required" => rule.as_array().unwrap().iter().all(|key| value.get(key.as_str().unwrap()).is_some()),
            "properties" => {
                for (key, rule) in rule.as_object().unwrap() {
                    if let Some(inner) = value.get(key) {
                        check(root, rule, inner, &format!("{at}/{key}"))?;
                    }
                }
                true
            }
            "additionalProperties" => {
                let named = schema.get("properties").and_then(Value::as_object);
                let others = value
                    .as_object()
                    .into_iter()
                    .flatten()
                    .filter(|(key, _)| named.is_none_or(|named| !named.contains_key(*key)));
                for (key, inner) in others {
                    match rule {
                        Value::Bool(true) => {}
                        Value::Bool(false) => return no(&format!("unknown key `{key}`")),
                        rule => check(root, rule, inner, &format!("{at}/{key}"))?,
                    }
                }
                true
            }
            other => panic!("the checker does not know `{other}`"),
        };
        if !is_fine {
            return no(&format!("{word} {rule}"));
        }
    }
    Ok(())
}

#[test]
fn the_reader_knows_the_keys_of_the_schema_and_no_others() {
    for item in ITEMS.iter().filter(|item| !item.is_open) {
        let ours: BTreeSet<String> = item.keys.iter().map(|key| key.name.to_owned()).collect();
        let mut theirs = BTreeSet::new();
        let outcomes = item.keys.iter().find(|key| key.name == "outcome").map(|key| match key.shape {
            Shape::Words(words) => words,
            other => panic!("{other:?}"),
        });
        for outcome in outcomes.unwrap_or(&[""]) {
            let mut value = with(item, UNKNOWN, 1.into());
            if !outcome.is_empty() {
                value["outcome"] = (*outcome).into();
            }
            theirs.extend(known_beside(&file_with(item.name, value)));
        }
        assert_eq!(theirs, ours, "{}", item.name);
    }
}

#[test]
fn what_the_schema_allows_the_reader_reads() {
    for item in ITEMS {
        for key in item.keys {
            let file = file_with(item.name, with(item, key.name, sample(key.shape)));
            checked(&file).unwrap();
            let refused: Vec<String> = said(&file)
                .into_iter()
                .filter(|line| line.starts_with("expected") || line.starts_with("unknown key") || line.contains("is not a"))
                .collect();
            assert!(refused.is_empty(), "{}.{}: {refused:?}", item.name, key.name);
        }
    }
}

#[test]
fn what_the_schema_refuses_the_reader_refuses() {
    for item in ITEMS {
        for key in item.keys {
            let file = file_with(item.name, with(item, key.name, wrong(key.shape)));
            assert!(checked(&file).is_err(), "{}.{}", item.name, key.name);
            assert!(said(&file).iter().any(|line| line.contains("found")), "{}.{}: {:?}", item.name, key.name, said(&file));
        }
        for key in item.keys.iter().filter(|key| key.is_needed) {
            let mut value = needed(item);
            value.as_object_mut().unwrap().remove(key.name);
            let file = file_with(item.name, value);
            assert!(checked(&file).is_err(), "{} without {}", item.name, key.name);
            let line = format!("needs `{}:`", key.name);
            assert!(said(&file).iter().any(|said| said.contains(&line)), "{}.{}: {:?}", item.name, key.name, said(&file));
        }
    }
}

#[test]
fn a_default_is_of_the_shape_of_its_key_and_the_one_that_the_reader_takes() {
    for item in ITEMS {
        for (key, default) in item.keys.iter().filter_map(|key| Some((key, key.default?))) {
            checked(&file_with(item.name, with(item, key.name, of_default(key.shape, default)))).unwrap();
        }
    }
    let written = |key: &str| item("defaults").keys.iter().find(|k| k.name == key).unwrap().default.unwrap();
    let length = |key: &str| written(key).parse::<Ttl>().unwrap();
    let Defaults { timezone, answer_within, start_within, warn_before, max, hard_ceiling } = Defaults::default();
    assert_eq!(timezone.iana_name(), Some(written("timezone")));
    let taken = [answer_within, start_within, warn_before, max, hard_ceiling];
    assert_eq!(["answer_within", "start_within", "warn_before", "max", "hard_ceiling"].map(length), taken);
}

#[test]
fn every_policy_file_here_is_valid_by_the_schema() {
    let mut files: Vec<(String, String)> = Vec::new();
    for dir in ["policies", "tests/recipes"] {
        for entry in std::fs::read_dir(format!("{}/{dir}", env!("CARGO_MANIFEST_DIR"))).unwrap() {
            let path = entry.unwrap().path();
            files.push((path.display().to_string(), std::fs::read_to_string(&path).unwrap()));
        }
    }
    files.extend(starter::files(Timestamp::from_millis(0)).into_iter().map(|source| (source.name, source.text)));
    assert!(files.len() > 15, "{}", files.len());
    for (name, text) in files {
        let value = yaml::parse(&text, 0).unwrap().value.to_json().unwrap();
        checked(&value).unwrap_or_else(|problem| panic!("{name}: {problem}"));
    }
}
