//! Reads `tests`. Trying them out is `scenario`'s business.

use std::collections::BTreeMap;

use super::bundle;
use super::facts::{Manner, Reading};
use super::fields::{Fields, Sink, Space, list, number, one_of, parsed, reference, text, ttl};
use super::file::At;
use super::problem::Place;
use super::read_approval::USES_MAX;
use super::scenario::{Expect, Scenario};
use super::yaml::{Entry, Node, Value};
use crate::access::ids::{GroupId, PersonId, PolicyId, ResourceId};
use crate::access::time::Timestamp;
use crate::access::words::Words;

pub(super) fn scenario(node: &Node, sink: &mut Sink) -> Option<Scenario> {
    let mut fields = Fields::of(node, "a test", sink)?;
    let place = fields.place;
    let name = fields.need("name", sink).and_then(|node| text(node, "a name", sink)).map(str::to_owned);
    let at = fields.need("at", sink).and_then(|node| moment(node, sink));
    let request = fields.need("request", sink);
    let given = fields.take("given").map_or(Some(Given::default()), |node| given(node, sink));
    let expect = fields.need("expect", sink).and_then(|node| expect(node, sink));
    fields.finish(sink);
    let mut request = Fields::of(request?, "`request`", sink)?;
    let who = request.need("who", sink).and_then(|node| reference(node, Space::Person, sink));
    let what = request.need("what", sink).and_then(|node| reference(node, Space::Resource, sink));
    let role = match request.take("role") {
        Some(node) => parsed(node, "a role", sink),
        // A bundle has one role, which nobody writes.
        None => {
            let what = what.as_ref().map(|what: &At<ResourceId>| what.value.to_string());
            sink.roles_left_out.push((what.unwrap_or_default(), request.place));
            bundle::ROLE.parse().ok().map(|value| At { value, place })
        }
    };
    let length = request.need("for", sink).and_then(|node| ttl(node, sink));
    let reason = request.take("reason").and_then(|node| text(node, "a reason", sink)).map(Words::typed).unwrap_or_default();
    let manner = request.take("as").map_or(Some(Manner::Usual), |node| one_of(node, &MANNERS, sink));
    request.finish(sink);
    let Given { groups, uses } = given?;
    Some(Scenario {
        groups,
        uses,
        manner: manner?,
        name: name?,
        place,
        at: at?,
        who: who?,
        what: what?,
        role: role?,
        access_for: length?.value,
        reason,
        expect: expect?,
    })
}

const MANNERS: [(&str, Manner); 1] = [("break-glass", Manner::BreakGlass)];

/// What the files do not say.
#[derive(Default)]
struct Given {
    groups: BTreeMap<GroupId, Reading>,
    uses: BTreeMap<PolicyId, u32>,
}

fn given(node: &Node, sink: &mut Sink) -> Option<Given> {
    let mut fields = Fields::of(node, "`given`", sink)?;
    let mut given = Given::default();
    for entry in entries(fields.take("groups"), "members by group", sink) {
        sink.refer(Space::Group, &entry.key, entry.place);
        let members = list(Some(&entry.node), "people", sink, |node, sink| reference(node, Space::Person, sink));
        let members = members.into_iter().map(|person| person.value).collect();
        given.groups.extend(entry.key.parse().ok().map(|group| (group, Reading::Members(members))));
    }
    for group in list(fields.take("unreadable"), "groups", sink, |node, sink| reference::<GroupId>(node, Space::Group, sink)) {
        let source = format!("the source of `{}`", group.value);
        given.groups.insert(group.value, Reading::Unreadable { source });
    }
    for entry in entries(fields.take("uses"), "numbers by policy", sink) {
        sink.refer(Space::Rule, &entry.key, entry.place);
        let uses = number(&entry.node, 0..=USES_MAX, sink);
        given.uses.extend(entry.key.parse().ok().zip(uses));
    }
    fields.finish(sink);
    Some(given)
}

fn entries<'n>(node: Option<&'n Node<'n>>, what: &str, sink: &mut Sink) -> &'n [Entry<'n>] {
    match node.map(|node| (node, &node.value)) {
        None => &[],
        Some((_, Value::Map(entries))) => entries,
        Some((node, other)) => {
            sink.problem(node.place, format!("expected {what}, found {}", other.shape()));
            &[]
        }
    }
}

/// A moment with its offset, so that it means the same wherever the files are read.
fn moment(node: &Node, sink: &mut Sink) -> Option<Timestamp> {
    let written = text(node, "a time such as `2026-03-16T09:00:00+01:00`", sink)?;
    match written.parse::<jiff::Timestamp>() {
        Ok(moment) => Some(Timestamp::from_millis(moment.as_millisecond())),
        Err(_) => {
            sink.problem(node.place, format!("`{written}` is not a time with its offset; write `2026-03-16T09:00:00+01:00`"));
            None
        }
    }
}

#[derive(Clone, Copy)]
enum Outcome {
    Ask,
    Auto,
    BreakGlass,
    Deny,
}

fn expect(node: &Node, sink: &mut Sink) -> Option<Expect> {
    const OUTCOMES: [(&str, Outcome); 4] =
        [("ask", Outcome::Ask), ("auto", Outcome::Auto), ("break-glass", Outcome::BreakGlass), ("deny", Outcome::Deny)];
    let mut fields = Fields::of(node, "`expect`", sink)?;
    let outcome = fields.need("outcome", sink).and_then(|node| one_of(node, &OUTCOMES, sink));
    let expect = outcome.map(|outcome| match outcome {
        Outcome::Ask => Expect::Ask { policy: policy(&mut fields, sink), of: people(&mut fields, sink) },
        Outcome::Auto => Expect::Auto { policy: policy(&mut fields, sink) },
        Outcome::BreakGlass => Expect::BreakGlass { policy: policy(&mut fields, sink) },
        Outcome::Deny => Expect::Deny { because: because(&mut fields, sink) },
    });
    // Where the outcome is unknown, so is what else may stand here.
    if !fields.says("outcome") {
        for key in ["policy", "of", "because"] {
            fields.take(key);
        }
    }
    if expect.is_some() || !fields.says("outcome") {
        fields.finish(sink);
    }
    expect
}

fn policy(fields: &mut Fields<'_>, sink: &mut Sink) -> Option<At<PolicyId>> {
    fields.take("policy").and_then(|node| reference(node, Space::Rule, sink))
}

fn people(fields: &mut Fields<'_>, sink: &mut Sink) -> Option<Vec<At<PersonId>>> {
    let node = fields.take("of")?;
    Some(list(Some(node), "people", sink, |node, sink| reference(node, Space::Person, sink)))
}

/// What of a policy can be the reason for a refusal.
pub(super) const CONDITIONS: [&str; 5] = ["who", "for", "when", "reason", "approve"];

/// A rule, or one of its conditions after a full stop.
fn because(fields: &mut Fields<'_>, sink: &mut Sink) -> Option<String> {
    let node = fields.take("because")?;
    let written = text(node, "a rule such as `acme-read-orders.when`", sink)?;
    let place: Place = node.place;
    match written.rsplit_once('.').filter(|(_, condition)| CONDITIONS.contains(condition)) {
        Some((rule, _)) => sink.refer(Space::Rule, rule, place),
        // What is refused without any rule.
        None if ["contract", "accounts"].contains(&written) => {}
        None => sink.refer(Space::Rule, written, place),
    }
    Some(written.to_owned())
}
