//! From the text of policy files to a [`PolicySet`], or to everything that is wrong with them. No I/O.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use super::fields::{Sink, Space};
use super::file::{Files, Policy};
use super::problem::{LoadError, PROBLEMS_MAX, Place, Problem};
use super::read::{Read, read};
use super::set::{PolicySet, Written};
use super::validate;

/// Judges one part of the files that only an adapter understands: the provider's kind, and the keys as written.
pub type ShapeCheck<'a> = &'a dyn Fn(&str, &serde_json::Map<String, serde_json::Value>) -> Result<(), String>;

/// What the adapters know about the parts of the files that are theirs. An error is a sentence for the author of the file.
#[derive(Clone, Copy)]
pub struct Shapes<'a> {
    /// A role's `grant:`.
    pub grant: ShapeCheck<'a>,
    /// What a provider says beside `id` and `kind`. An unknown kind is an error here.
    pub settings: ShapeCheck<'a>,
    /// Whether providers of this kind know who is on call, and can page them.
    pub is_on_call: &'a dyn Fn(&str) -> bool,
    /// Whether somebody can be paged with what a provider of such a kind says.
    pub pages: ShapeCheck<'a>,
}

impl Shapes<'_> {
    /// Believes every shape: for text that was checked when it was loaded, and for tools without adapters.
    pub const UNCHECKED: Shapes<'static> =
        Shapes { grant: &|_, _| Ok(()), settings: &|_, _| Ok(()), is_on_call: &|_| true, pages: &|_, _| Ok(()) };
}

/// A policy file: its name and its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Its name, without the directory.
    pub name: String,
    /// What it says.
    pub text: String,
}

/// What the header of each file begins with, in the text that is kept by digest.
const HEADER: &str = "# daypass policy file, bytes: ";

impl PolicySet {
    /// Reads and checks these files as one set. Their order does not matter.
    ///
    /// # Errors
    /// Everything that is wrong with them, counted where there is too much to tell.
    pub fn parse(mut sources: Vec<Source>, shapes: Shapes<'_>) -> Result<PolicySet, LoadError> {
        sources.sort_by(|a, b| a.name.cmp(&b.name));
        let mut sink = Sink::default();
        let Read { files, zoneless, zone_is_named, tests_refer, .. } = read(&sources, &mut sink);
        let files = with_default_zone(files, &zoneless);
        let unnamed = zoneless.iter().filter(|_| !zone_is_named).filter_map(|number| files.policies.get(*number));
        let written = Written {
            zoneless: unnamed.map(|policy| policy.id.value.clone()).collect(),
            // To be expected somewhere is not to be of use.
            referred: sink.references.names_but(&tests_refer),
        };
        validate::references(&mut sink);
        let members = validate::together(&files, shapes, &mut sink);
        report(sink, &sources)?;
        let text = canonical(&sources);
        let digest = Sha256::digest(text.as_bytes()).iter().fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        });
        let mut set = PolicySet::build(files, members, sources.into_iter().map(|source| source.name).collect(), text, digest);
        set.written = written;
        Ok(set)
    }

    /// Reads a set again from its [`PolicySet::text`], as it is kept by digest. The adapters are not asked again: the text
    /// was in force once, and what they accept today says nothing about it.
    ///
    /// # Errors
    /// Where the text is not one that [`PolicySet::text`] gave, or its language has changed since.
    pub fn reparse(text: &str) -> Result<PolicySet, LoadError> {
        let unreadable = || {
            let message = "this is not the kept text of a policy set".to_owned();
            LoadError::new(vec![Problem { file: "policy".to_owned(), line: 0, column: 0, message, source_line: String::new() }])
        };
        let mut sources = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let (header, after) = rest.strip_prefix(HEADER).and_then(|rest| rest.split_once('\n')).ok_or_else(unreadable)?;
            let (bytes, name) = header.split_once(", name: ").ok_or_else(unreadable)?;
            let bytes: usize = bytes.parse().map_err(|_| unreadable())?;
            let (content, after) = after.split_at_checked(bytes).ok_or_else(unreadable)?;
            sources.push(Source { name: name.to_owned(), text: content.to_owned() });
            rest = after.strip_prefix('\n').ok_or_else(unreadable)?;
        }
        PolicySet::parse(sources, Shapes::UNCHECKED)
    }
}

/// All files as one text from which they can be told apart again, whatever they contain.
fn canonical(sources: &[Source]) -> String {
    let mut text = String::new();
    for source in sources {
        let _ = writeln!(text, "{HEADER}{}, name: {}\n{}", source.text.len(), source.name, source.text);
    }
    text
}

/// Hours without a zone are in that of the defaults, which may stand in a later file.
fn with_default_zone(mut files: Files, zoneless: &[usize]) -> Files {
    let zone = files.defaults.clone().unwrap_or_default().timezone;
    for number in zoneless {
        if let Some(Policy { when: Some(window), .. }) = files.policies.get_mut(*number) {
            window.zone = zone.clone();
        }
    }
    files
}

/// Everything that was collected, in the order of the files.
fn report(sink: Sink, sources: &[Source]) -> Result<(), LoadError> {
    let mut problems = sink.problems;
    for (space, id, first, second) in sink.duplicates {
        let message = format!("duplicate {} `{id}`: it is already at {}", space.word(), at(first, sources));
        problems.push((second, message));
    }
    if problems.is_empty() {
        return Ok(());
    }
    problems.sort();
    problems.dedup();
    let more = problems.len().saturating_sub(PROBLEMS_MAX) + sink.more;
    let problems = problems
        .into_iter()
        .take(PROBLEMS_MAX)
        .map(|(place, message)| {
            let source = sources.get(place.file);
            let source_line = source.and_then(|s| s.text.lines().nth(place.line.saturating_sub(1))).unwrap_or_default();
            Problem {
                file: source.map(|source| source.name.clone()).unwrap_or_default(),
                line: place.line,
                column: place.column,
                message,
                source_line: source_line.to_owned(),
            }
        })
        .collect();
    Err(LoadError { problems, more })
}

/// `people.yaml:7`
pub(super) fn at(place: Place, sources: &[Source]) -> String {
    let name = sources.get(place.file).map(|source| source.name.as_str()).unwrap_or_default();
    format!("{name}:{}", place.line)
}

/// "there is no group `dab`; did you mean `dba`?"
pub(super) fn no_such(space: Space, id: &str, sink: &Sink) -> String {
    let mut hint = sink.did_you_mean(id, sink.names(space));
    let others = [Space::Person, Space::Group, Space::Resource, Space::Provider];
    if hint.is_empty() {
        let other = others.into_iter().find(|other| *other != space && sink.is_declared(*other, id));
        hint = other.map(|other| format!("; `{id}` is a {}", other.word())).unwrap_or_default();
    }
    format!("there is no {} `{id}`{hint}", space.word())
}
