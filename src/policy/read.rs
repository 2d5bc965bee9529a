//! Reads the files, each by itself, and puts what they say together in their order. Large ones are read side by side: nothing that is
//! read of one depends on another.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::fields::{Fields, Sink, list};
use super::file::Files;
use super::parse::{Source, at};
use super::problem::Place;
use super::yaml::{self, Node, Value};
use super::{read_people, read_rules, read_tests, read_things};

/// From so many bytes on, files are read side by side: for less a second thread costs more than it saves.
const SIDE_BY_SIDE_BYTES: usize = 64 * 1024;

/// Up to so many bytes are read before they are put together, so that what is wrong with them takes no more memory than what is told
/// of it.
const ROUND_BYTES_MAX: usize = 2 * 1024 * 1024;

/// What was read.
#[derive(Default)]
pub(super) struct Read {
    /// What the files say.
    pub(super) files: Files,
    /// The numbers of the policies whose hours name no zone.
    pub(super) zoneless: Vec<usize>,
    /// Whether the defaults name one.
    pub(super) zone_is_named: bool,
    /// Which references are those of tests, as numbers.
    pub(super) tests_refer: Vec<Range<usize>>,
    defaults_at: Option<Place>,
}

/// Reads every file.
pub(super) fn read(sources: &[Source], sink: &mut Sink) -> Read {
    let mut all = Read::default();
    let mut rest = sources;
    while !rest.is_empty() {
        let mut bytes = 0;
        let fits = |source: &&Source| {
            bytes += source.text.len();
            bytes <= ROUND_BYTES_MAX
        };
        let (round, later) = rest.split_at(rest.iter().take_while(fits).count().max(1));
        let first = sources.len() - rest.len();
        rest = later;
        for (read, mistakes) in read_each(round, first) {
            all.add(read, sources, sink);
            sink.add(mistakes);
        }
    }
    all
}

/// Reads each of these files, the first of which has this number, and gives what was read in their order.
fn read_each(sources: &[Source], first: usize) -> Vec<(Read, Sink)> {
    let read = |n: usize| {
        let mut sink = Sink::of_one_file();
        let read = sources.get(n).map(|source| read_one(source, first + n, &mut sink)).unwrap_or_default();
        (read, sink)
    };
    let bytes: usize = sources.iter().map(|source| source.text.len()).sum();
    let has_two_cores = || std::thread::available_parallelism().is_ok_and(|cores| cores.get() > 1);
    if sources.len() < 2 || bytes < SIDE_BY_SIDE_BYTES || !has_two_cores() {
        return (0..sources.len()).map(read).collect();
    }
    // The largest first, so that neither of the two waits long for the other.
    let mut order: Vec<usize> = (0..sources.len()).collect();
    order.sort_by_key(|n| std::cmp::Reverse(sources.get(*n).map(|source| source.text.len())));
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || {
        while let Some(n) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
            let read = read(*n);
            done.lock().unwrap_or_else(PoisonError::into_inner).push((*n, read));
        }
    };
    std::thread::scope(|scope| {
        // Where no thread can be had, this one reads all of them.
        let _second = std::thread::Builder::new().spawn_scoped(scope, work);
        work();
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(n, _)| *n);
    done.into_iter().map(|(_, read)| read).collect()
}

fn read_one(source: &Source, number: usize, sink: &mut Sink) -> Read {
    let mut read = Read::default();
    let root = match yaml::parse(&source.text, number) {
        Ok(Node { value: Value::Nothing, .. }) => return read,
        Ok(root) => root,
        Err(error) => {
            sink.problem(Place { file: number, line: error.line, column: error.column }, error.message);
            return read;
        }
    };
    let Some(mut fields) = Fields::of(&root, "a policy file", sink) else { return read };
    if let Some(version) = fields.need("version", sink)
        && version.value.as_int() != Some(1)
    {
        sink.problem(version.place, format!("expected `version: 1`, found {}", version.value.shape()));
    }
    let files = &mut read.files;
    if let Some(node) = fields.take("defaults") {
        read.defaults_at = Some(node.place);
        read.zone_is_named = node.value.has_key("timezone");
        files.defaults = read_people::defaults(node, sink);
    }
    files.people = list(fields.take("people"), "people", sink, read_people::person);
    files.groups = list(fields.take("groups"), "groups", sink, read_things::group);
    files.resources = list(fields.take("resources"), "resources", sink, read_things::resource);
    files.providers = list(fields.take("providers"), "providers", sink, read_things::provider);
    for policy in list(fields.take("policies"), "policies", sink, read_rules::policy) {
        if !policy.zone_given {
            read.zoneless.push(files.policies.len());
        }
        files.policies.push(policy.policy);
    }
    files.require = list(fields.take("require"), "requirements", sink, read_rules::require);
    files.forbid = list(fields.take("forbid"), "prohibitions", sink, read_rules::forbid);
    let before = sink.references.count();
    files.scenarios = list(fields.take("tests"), "tests", sink, read_tests::scenario);
    read.tests_refer.push(before..sink.references.count());
    files.bundles = list(fields.take("bundles"), "bundles", sink, read_things::bundle);
    fields.finish(sink);
    read
}

impl Read {
    /// Adds what a later file says, before its mistakes are added to the sink of all.
    fn add(&mut self, later: Read, sources: &[Source], sink: &mut Sink) {
        let Read { files, zoneless, zone_is_named, tests_refer, defaults_at } = later;
        if let (Some(first), Some(second)) = (self.defaults_at, defaults_at) {
            let message = format!("`defaults` stand in one file only; they are already at {}", at(first, sources));
            sink.problem(second, message);
        }
        let (policies, references) = (self.files.policies.len(), sink.references.count());
        self.zoneless.extend(zoneless.into_iter().map(|number| policies + number));
        self.zone_is_named |= zone_is_named;
        self.tests_refer.extend(tests_refer.into_iter().map(|made| references + made.start..references + made.end));
        self.defaults_at = defaults_at.or(self.defaults_at);
        self.files.add(files);
    }
}

impl Files {
    fn add(&mut self, later: Files) {
        let Files { defaults, people, groups, resources, bundles, providers, policies, require, forbid, scenarios } = later;
        self.defaults = defaults.or(self.defaults.take());
        self.people.extend(people);
        self.groups.extend(groups);
        self.resources.extend(resources);
        self.bundles.extend(bundles);
        self.providers.extend(providers);
        self.policies.extend(policies);
        self.require.extend(require);
        self.forbid.extend(forbid);
        self.scenarios.extend(scenarios);
    }
}
