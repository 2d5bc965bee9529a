//! Reads `tests`. Trying them out is `scenario`'s business.

use super::fields::{Fields, Sink, Space, list, one_of, parsed, reference, text, ttl};
use super::file::At;
use super::problem::Place;
use super::scenario::{Expect, Scenario};
use super::yaml::Node;
use crate::access::ids::{PersonId, PolicyId};
use crate::access::time::Timestamp;
use crate::access::words::Words;

pub(super) fn scenario(node: &Node, sink: &mut Sink) -> Option<Scenario> {
    let mut fields = Fields::of(node, "a test", sink)?;
    let place = fields.place;
    let name = fields.need("name", sink).and_then(|node| text(node, "a name", sink)).map(str::to_owned);
    let at = fields.need("at", sink).and_then(|node| moment(node, sink));
    let request = fields.need("request", sink);
    let expect = fields.need("expect", sink).and_then(|node| expect(node, sink));
    fields.finish(sink);
    let mut request = Fields::of(request?, "`request`", sink)?;
    let who = request.need("who", sink).and_then(|node| reference(node, Space::Person, sink));
    let what = request.need("what", sink).and_then(|node| reference(node, Space::Resource, sink));
    let role = request.need("role", sink).and_then(|node| parsed(node, "a role", sink));
    let length = request.need("for", sink).and_then(|node| ttl(node, sink));
    let reason = request.take("reason").and_then(|node| text(node, "a reason", sink)).map(Words::typed).unwrap_or_default();
    request.finish(sink);
    Some(Scenario {
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
    Deny,
}

fn expect(node: &Node, sink: &mut Sink) -> Option<Expect> {
    const OUTCOMES: [(&str, Outcome); 3] = [("ask", Outcome::Ask), ("auto", Outcome::Auto), ("deny", Outcome::Deny)];
    let mut fields = Fields::of(node, "`expect`", sink)?;
    let outcome = fields.need("outcome", sink).and_then(|node| one_of(node, &OUTCOMES, sink));
    let expect = outcome.map(|outcome| match outcome {
        Outcome::Ask => Expect::Ask { policy: policy(&mut fields, sink), of: people(&mut fields, sink) },
        Outcome::Auto => Expect::Auto { policy: policy(&mut fields, sink) },
        Outcome::Deny => Expect::Deny { because: because(&mut fields, sink) },
    });
    // Where the outcome is unknown, so is what else may stand here.
    if expect.is_some() {
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

/// A rule, or one of its conditions after a full stop.
fn because(fields: &mut Fields<'_>, sink: &mut Sink) -> Option<String> {
    const CONDITIONS: [&str; 5] = ["who", "for", "when", "reason", "approve"];
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
