//! Reading a tree into types without stopping at the first mistake: every mistake goes into the [`Sink`], and reading goes on.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry as InMap;
use std::str::FromStr;

use jiff::tz::TimeZone;

use super::file::At;
use super::problem::{Place, nearest};
use super::references::References;
use super::yaml::{Entry, Node, Value};
use crate::access::time::Ttl;

/// What ids stand for. Each has its own names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Space {
    Person,
    Group,
    Resource,
    /// Those of the resources that are bundles.
    Bundle,
    Provider,
    /// Policies, requirements and prohibitions share theirs, since a verdict names them alike.
    Rule,
    SlackAccount,
    HostUser,
}

impl Space {
    pub(super) fn word(self) -> &'static str {
        match self {
            Space::Person => "person",
            Space::Group => "group",
            Space::Resource => "resource",
            Space::Bundle => "bundle",
            Space::Provider => "provider",
            Space::Rule => "rule",
            Space::SlackAccount => "Slack account",
            Space::HostUser => "host user",
        }
    }

    fn its_id(self) -> &'static str {
        match self {
            Space::Person => "the id of a person",
            Space::Group => "the id of a group",
            Space::Resource => "the id of a resource",
            Space::Bundle => "the id of a bundle",
            Space::Provider => "the id of a provider",
            Space::Rule => "the id of a rule",
            Space::SlackAccount => "the id of a Slack account",
            Space::HostUser => "the id of a host user",
        }
    }
}

/// Where mistakes are collected, and what has been declared and referred to, so that references can be checked at the end.
#[derive(Default)]
pub(super) struct Sink {
    /// At most [`PROBLEMS_KEPT_MAX`].
    pub(super) problems: Vec<(Place, String)>,
    /// How many more there are.
    pub(super) more: usize,
    /// How much was spent on looking for what was meant.
    compared: Cell<usize>,
    declared: BTreeMap<Space, BTreeMap<String, Place>>,
    pub(super) duplicates: Vec<(Space, String, Place, Place)>,
    pub(super) references: References,
    /// Where a test names no role, for what. Only bundles have one that nobody writes.
    pub(super) roles_left_out: Vec<(String, Place)>,
    /// What stands in `by:` and is none of its words.
    pub(super) unclear_approvers: Vec<(String, Place)>,
}

/// The most problems that are kept, of which the first are told. A file can be wrong in more places than memory has.
const PROBLEMS_KEPT_MAX: usize = 10_000;

/// How much is spent on looking for what was meant, in pairs of letters: more than a hundred mistyped names among a thousand.
/// Mistakes past it are told without.
const COMPARED_MAX: usize = 5_000_000;

/// So much of it while one file is read.
const COMPARED_OF_ONE_MAX: usize = COMPARED_MAX / 10;

impl Sink {
    /// For what is found in one file, before it is added to that of all.
    pub(super) fn of_one_file() -> Sink {
        Sink { compared: Cell::new(COMPARED_MAX - COMPARED_OF_ONE_MAX), ..Sink::default() }
    }

    pub(super) fn problem(&mut self, place: Place, message: impl Into<String>) {
        if self.problems.len() < PROBLEMS_KEPT_MAX {
            self.problems.push((place, message.into()));
        } else {
            self.more += 1;
        }
    }

    /// "; did you mean `dba`?", if one of the known words is near enough to be what was meant; else nothing.
    pub(super) fn did_you_mean<'a>(&self, word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
        let spend = |candidate: &&str| {
            self.compared.set(self.compared.get().saturating_add(word.len() * candidate.len()));
            self.compared.get() <= COMPARED_MAX
        };
        let found = nearest(word, known.into_iter().take_while(spend));
        found.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default()
    }

    /// Notes that this id exists, even where the rest of its item is broken, so that references to it are no mistake.
    pub(super) fn declare(&mut self, space: Space, id: &str, place: Place) {
        match self.declared.entry(space).or_default().entry(id.to_owned()) {
            InMap::Vacant(free) => {
                free.insert(place);
            }
            InMap::Occupied(first) => {
                self.duplicates.push((space, id.to_owned(), *first.get(), place));
            }
        }
    }

    /// Notes that what this id declares is of this kind too. That it stands there twice is said where it is declared.
    pub(super) fn declare_as_well(&mut self, space: Space, id: &str, place: Place) {
        self.declared.entry(space).or_default().entry(id.to_owned()).or_insert(place);
    }

    /// Adds what was collected of a file that comes after all that is in here.
    pub(super) fn add(&mut self, later: Sink) {
        let Sink { problems, more, compared: _, declared, duplicates, references, roles_left_out, unclear_approvers } = later;
        problems.into_iter().for_each(|(place, message)| self.problem(place, message));
        self.more += more;
        for (space, id, first, second) in duplicates {
            let first = self.declared.get(&space).and_then(|ids| ids.get(&id)).copied().unwrap_or(first);
            self.duplicates.push((space, id, first, second));
        }
        for (space, ids) in declared {
            if let InMap::Vacant(free) = self.declared.entry(space) {
                free.insert(ids);
                continue;
            }
            for (id, place) in ids {
                match space {
                    Space::Bundle => self.declare_as_well(space, &id, place),
                    _ => self.declare(space, &id, place),
                }
            }
        }
        self.references.append(references);
        self.roles_left_out.extend(roles_left_out);
        self.unclear_approvers.extend(unclear_approvers);
    }

    /// Whether there is something of this kind and id.
    pub(super) fn is_declared(&self, space: Space, id: &str) -> bool {
        self.declared.get(&space).is_some_and(|ids| ids.contains_key(id))
    }

    pub(super) fn refer(&mut self, space: Space, id: &str, place: Place) {
        self.references.add(space, id, place);
    }

    /// The names of this kind.
    pub(super) fn names(&self, space: Space) -> impl Iterator<Item = &str> {
        self.declared.get(&space).into_iter().flat_map(BTreeMap::keys).map(String::as_str)
    }
}

/// The fields of one mapping. A key that nobody asks for is a mistake, and those that were asked for are the known ones.
pub(super) struct Fields<'n> {
    pub(super) place: Place,
    what: &'static str,
    entries: &'n [Entry<'n>],
    known: Vec<&'static str>,
}

impl<'n> Fields<'n> {
    /// The fields of `node`; says so where it is no mapping. `what` names it in sentences, with its article.
    pub(super) fn of(node: &'n Node<'n>, what: &'static str, sink: &mut Sink) -> Option<Fields<'n>> {
        match &node.value {
            Value::Map(entries) => Some(Fields { place: node.place, what, entries, known: Vec::new() }),
            other => {
                let such = example(what).map(|example| format!(" such as `{example}`")).unwrap_or_default();
                sink.problem(node.place, format!("expected {what} as a mapping{such}, found {}", other.shape()));
                None
            }
        }
    }

    /// The value of this key, if it is there.
    pub(super) fn take(&mut self, key: &'static str) -> Option<&'n Node<'n>> {
        self.known.push(key);
        self.entries.iter().find(|entry| entry.key == key).map(|entry| &entry.node)
    }

    /// Whether this key is there, and no empty mapping.
    pub(super) fn says(&self, key: &str) -> bool {
        self.entries.iter().any(|entry| entry.key == key && !entry.node.value.is_empty_map())
    }

    /// Whether nothing is written at all.
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The value of this key; says so where it is missing.
    pub(super) fn need(&mut self, key: &'static str, sink: &mut Sink) -> Option<&'n Node<'n>> {
        let found = self.take(key);
        if found.is_none() {
            sink.problem(self.place, format!("{} needs `{key}:`", self.what));
        }
        found
    }

    /// Reports every key that nobody asked for.
    pub(super) fn finish(self, sink: &mut Sink) {
        for entry in self.entries {
            let key = &*entry.key;
            if self.known.contains(&key) {
                continue;
            }
            let mut hint = sink.did_you_mean(key, self.known.iter().copied());
            if hint.is_empty() {
                hint = format!("; known are {}", quoted(self.known.iter().copied()));
            }
            sink.problem(entry.place, format!("unknown key `{key}` in {}{hint}", self.what));
        }
    }

    /// The entries that nobody asked for, for whoever knows more keys.
    pub(super) fn rest(self) -> impl Iterator<Item = &'n Entry<'n>> {
        let known = self.known;
        self.entries.iter().filter(move |entry| !known.contains(&&*entry.key))
    }
}

/// What a mapping looks like that people like to write as one word.
fn example(what: &str) -> Option<&'static str> {
    Some(match what {
        "`defaults`" => "{ max: 8h }",
        "`who`" | "`where`" => "{ kind: contractor }",
        "`what`" => "{ resource: prod/orders, role: readonly }",
        "`for`" => "{ max: 2h }",
        "`extend`" => "{ times: 1 }",
        "`when`" => "{ days: mon-fri, hours: '08:00-18:00' }",
        "`reason`" => "{ min_length: 10 }",
        "`limit`" => "{ uses: 5, per: 24h }",
        "`review`" => "{ by: group/security, within: 24h }",
        "`remind`" => "{ after: 15m }",
        "`on_call`" => "{ provider: pagerduty, schedule: PABC123 }",
        "`expect`" => "{ outcome: deny }",
        "a step" => "{ by: owners, count: 1 }",
        "a role" => "{ id: readonly, name: Read only, grant: … }",
        _ => return None,
    })
}

/// `a`, `b`, `c`
pub(super) fn quoted<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    words.into_iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

/// The longest text in a policy file, in characters.
pub(super) const TEXT_CHARS_MAX: usize = 2000;

/// A text; a number or yes/no in its place must be put in quotes.
pub(super) fn text<'n>(node: &'n Node<'n>, what: &str, sink: &mut Sink) -> Option<&'n str> {
    match &node.value {
        Value::Text(text) if text.chars().all(char::is_whitespace) => {
            sink.problem(node.place, format!("expected {what}, found an empty text"));
            None
        }
        Value::Text(text) if text.len() > TEXT_CHARS_MAX && text.chars().count() > TEXT_CHARS_MAX => {
            sink.problem(node.place, format!("{what} is longer than {TEXT_CHARS_MAX} characters"));
            None
        }
        Value::Text(text) => Some(text),
        Value::Int(_) | Value::Float(_) | Value::Bool(_) => {
            sink.problem(node.place, format!("expected {what}, found {}; put it in quotes", node.value.shape()));
            None
        }
        Value::Nothing | Value::List(_) | Value::Map(_) => {
            sink.problem(node.place, format!("expected {what}, found {}", node.value.shape()));
            None
        }
    }
}

/// A text that reads as a `T`, with its place.
pub(super) fn parsed<T>(node: &Node, what: &str, sink: &mut Sink) -> Option<At<T>>
where
    T: FromStr,
    T::Err: std::fmt::Display,
{
    let Some(written) = node.value.as_text() else {
        sink.problem(node.place, format!("expected {what}, found {}", node.value.shape()));
        return None;
    };
    match written.parse() {
        Ok(value) => Some(At { value, place: node.place }),
        Err(problem) => {
            let tidied = written.to_lowercase().replace(' ', "-");
            let hint = tidied.parse::<T>().map(|_| format!("; did you mean `{tidied}`?")).unwrap_or_default();
            sink.problem(node.place, format!("{problem}{hint}"));
            None
        }
    }
}

/// A bare name of this kind, that something else declares; whether it does is checked once all is read.
pub(super) fn reference<T: FromStr>(node: &Node, space: Space, sink: &mut Sink) -> Option<At<T>>
where
    T::Err: std::fmt::Display,
{
    let written = text(node, space.its_id(), sink)?;
    let at = parsed(node, space.word(), sink)?;
    sink.refer(space, written, node.place);
    Some(at)
}

/// A length of time.
pub(super) fn ttl(node: &Node, sink: &mut Sink) -> Option<At<Ttl>> {
    if let Value::Int(number @ 1..) = node.value {
        sink.problem(
            node.place,
            format!("expected a length of time, found the number `{number}`; write `{number}m` or `{number}h`"),
        );
        return None;
    }
    parsed(node, "a length of time such as `2h`", sink)
}

/// A whole number within bounds.
pub(super) fn number(node: &Node, bounds: std::ops::RangeInclusive<u32>, sink: &mut Sink) -> Option<u32> {
    let found = node.value.as_int().and_then(|number| u32::try_from(number).ok()).filter(|number| bounds.contains(number));
    if found.is_none() {
        let (low, high) = (bounds.start(), bounds.end());
        sink.problem(node.place, format!("expected a whole number from {low} to {high}, found {}", node.value.shape()));
    }
    found
}

/// One of a few words.
pub(super) fn one_of<T: Copy>(node: &Node, words: &[(&'static str, T)], sink: &mut Sink) -> Option<T> {
    let written = node.value.as_text();
    let found = written.and_then(|text| words.iter().find(|(word, _)| *word == text)).map(|(_, value)| *value);
    if found.is_none() {
        let known = words.iter().map(|(word, _)| *word);
        let hint = written.map(|text| sink.did_you_mean(text, known.clone())).unwrap_or_default();
        sink.problem(node.place, format!("expected one of {}, found {}{hint}", quoted(known), node.value.shape()));
    }
    found
}

/// A zone of the IANA database.
pub(super) fn zone(node: &Node, sink: &mut Sink) -> Option<TimeZone> {
    let name = text(node, "a time zone such as `Europe/Berlin`", sink)?;
    match TimeZone::get(name) {
        Ok(zone) => Some(zone),
        Err(_) => {
            let known: Vec<String> = jiff::tz::db().available().map(|name| name.to_string()).collect();
            let city = known.iter().find(|zone| zone.rsplit('/').next().is_some_and(|city| city.eq_ignore_ascii_case(name)));
            // Of abbreviations another is always near, and never meant.
            let whole = known.iter().map(String::as_str).filter(|zone| zone.contains('/'));
            let mut hint = city.map_or_else(|| sink.did_you_mean(name, whole), |zone| format!("; did you mean `{zone}`?"));
            if hint.is_empty() {
                hint = "; write one such as `Europe/Berlin`".to_owned();
            }
            sink.problem(node.place, format!("`{name}` is not a time zone{hint}"));
            None
        }
    }
}

/// Every item of a list that reads well. A value that is no list is told.
pub(super) fn list<'n, T>(
    node: Option<&'n Node<'n>>,
    what: &str,
    sink: &mut Sink,
    mut read: impl FnMut(&'n Node<'n>, &mut Sink) -> Option<T>,
) -> Vec<T> {
    let Some(node) = node else { return Vec::new() };
    match &node.value {
        Value::List(items) => items.iter().filter_map(|item| read(item, sink)).collect(),
        other => {
            sink.problem(node.place, format!("expected a list of {what}, found {}", other.shape()));
            Vec::new()
        }
    }
}
