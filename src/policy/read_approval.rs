//! Reads who agrees to a permit, and what happens while nobody does: `approve`, `limit`, `otherwise`, `review`, `remind`.

use super::fields::{Fields, Sink, Space, list, number, text, ttl};
use super::file::{Approve, Asked, At, By, Limit, Page, Remind, Review};
use super::problem::Place;
use super::read_things::count;
use super::yaml::{Node, Value};

/// The most uses that a limit can count.
pub(super) const USES_MAX: u32 = 1000;

/// What stands behind `approve:`, before it is known what belongs to it.
enum Written {
    Steps(Vec<Asked>),
    Auto,
    BreakGlass,
}

/// `approve:` with what belongs to it: `limit:` and `otherwise:` to `auto`, `review:` to `break-glass`.
pub(super) fn approve(fields: &mut Fields<'_>, sink: &mut Sink) -> Option<Approve> {
    let written = fields.need("approve", sink).and_then(|node| written(node, sink));
    let place = fields.place;
    let (limit, otherwise, review) = (fields.take("limit"), fields.take("otherwise"), fields.take("review"));
    let uses = limit.and_then(|node| uses(node, sink));
    let steps = otherwise.and_then(|node| steps(node, "otherwise", sink));
    let reviewed = review.and_then(|node| self::review(node, sink));
    let written = written?;
    let is_auto = matches!(written, Written::Auto);
    for (key, node) in [("limit", limit), ("otherwise", otherwise)].into_iter().filter(|_| !is_auto) {
        if let Some(node) = node {
            sink.problem(
                node.place,
                format!("`{key}:` belongs to `approve: auto`, where nobody is asked; leave it out, or write `approve: auto`"),
            );
        }
    }
    if let Some(node) = review.filter(|_| !matches!(written, Written::BreakGlass)) {
        sink.problem(node.place, "`review:` belongs to `approve: break-glass`, where nobody decides before; leave it out, or write `approve: break-glass`");
    }
    match written {
        Written::Steps(steps) => Some(Approve::Ask(steps)),
        Written::Auto => match (limit, otherwise) {
            (None, None) => Some(Approve::Auto(None)),
            (Some(_), Some(_)) => {
                let ((uses, per), otherwise) = (uses?, steps?);
                Some(Approve::Auto(Some(Limit { uses, per, otherwise })))
            }
            (Some(node), None) => {
                sink.problem(node.place, "`limit:` needs `otherwise:`, the steps that apply past it");
                None
            }
            (None, Some(node)) => {
                sink.problem(node.place, "`otherwise:` needs `limit:`, past which it applies, such as `{ uses: 5, per: 24h }`");
                None
            }
        },
        Written::BreakGlass if review.is_none() => {
            let message = "`approve: break-glass` needs `review:`, such as `{ by: group/security, within: 24h }`";
            sink.problem(place, message);
            None
        }
        Written::BreakGlass => reviewed.map(Approve::BreakGlass),
    }
}

fn written(node: &Node, sink: &mut Sink) -> Option<Written> {
    match &node.value {
        Value::Text(word) if word == "auto" => Some(Written::Auto),
        Value::Text(word) if word == "break-glass" => Some(Written::BreakGlass),
        Value::List(_) => steps(node, "approve", sink).map(Written::Steps),
        Value::Nothing | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Text(_) | Value::Map(_) => {
            let found = node.value.shape();
            sink.problem(
                node.place,
                format!(
                    "expected `auto`, `break-glass` or a list of steps such as `[ {{ by: owners, count: 1 }} ]`, found {found}"
                ),
            );
            None
        }
    }
}

fn steps(node: &Node, key: &str, sink: &mut Sink) -> Option<Vec<Asked>> {
    if matches!(&node.value, Value::List(items) if items.is_empty()) {
        sink.problem(node.place, format!("`{key}` needs at least one step: nobody is asked by an empty list"));
        return None;
    }
    let steps = list(Some(node), "steps", sink, step);
    (!steps.is_empty()).then_some(steps)
}

fn uses(node: &Node, sink: &mut Sink) -> Option<(u32, crate::access::time::Ttl)> {
    let mut fields = Fields::of(node, "`limit`", sink)?;
    let uses = fields.need("uses", sink).and_then(|node| number(node, 1..=USES_MAX, sink));
    let per = fields.need("per", sink).and_then(|node| ttl(node, sink));
    fields.finish(sink);
    Some((uses?, per?.value))
}

fn review(node: &Node, sink: &mut Sink) -> Option<Review> {
    let mut fields = Fields::of(node, "`review`", sink)?;
    let by = fields.need("by", sink).and_then(|node| by(node, sink));
    let within = fields.need("within", sink).and_then(|node| ttl(node, sink));
    fields.finish(sink);
    Some(Review { by: by?, within: within?.value })
}

pub(super) fn remind(node: &Node, sink: &mut Sink) -> Option<Remind> {
    let mut fields = Fields::of(node, "`remind`", sink)?;
    let after = fields.need("after", sink).and_then(|node| ttl(node, sink));
    let then_ask = fields.take("then_ask").map(|node| by(node, sink));
    let after_that = fields.take("after_that").map(|node| ttl(node, sink));
    let page_node = fields.take("page");
    let page = page_node.map(|node| page(node, sink));
    fields.finish(sink);
    if let (Some(node), None) = (page_node, &after_that) {
        sink.problem(node.place, "`page:` needs `after_that:`, how long after the reminder somebody is paged");
    }
    // What was written and did not read well must not be left out in silence.
    Some(Remind {
        after: after?.value,
        then_ask: then_ask.map_or(Some(None), |by| by.map(Some))?,
        after_that: after_that.map_or(Some(None), |length| length.map(|length| Some(length.value)))?,
        page: page.map_or(Some(None), |page| page.map(Some))?,
    })
}

fn page(node: &Node, sink: &mut Sink) -> Option<Page> {
    let written = text(node, "whom to page, such as `pagerduty/orders`", sink)?;
    let Some((provider, service)) = written.split_once('/').filter(|(_, service)| !service.trim().is_empty()) else {
        sink.problem(node.place, format!("`{written}` names no service; write the provider and the service: `pagerduty/orders`"));
        return None;
    };
    sink.refer(Space::Provider, provider, node.place);
    let place: Place = node.place;
    Some(Page { provider: At { value: provider.parse().ok()?, place }, service: service.to_owned() })
}

pub(super) fn step(node: &Node, sink: &mut Sink) -> Option<Asked> {
    let mut fields = Fields::of(node, "a step", sink)?;
    let by = fields.need("by", sink).and_then(|node| by(node, sink));
    let count = match fields.take("count") {
        Some(node) => count(node, sink),
        None => Some(1),
    };
    fields.finish(sink);
    Some(Asked { by: by?, count: count? })
}

pub(super) fn by(node: &Node, sink: &mut Sink) -> Option<At<By>> {
    let written = text(node, "who may approve", sink)?;
    let named = |space: Space, id: &str, sink: &mut Sink| sink.refer(space, id, node.place);
    let value = match written.split_once('/') {
        Some(("group", id)) => {
            named(Space::Group, id, sink);
            id.parse().ok().map(By::Group)
        }
        Some(("person", id)) => {
            named(Space::Person, id, sink);
            id.parse().ok().map(By::Person)
        }
        Some(_) | None => match written {
            "owners" => Some(By::Owners),
            "sponsor" => Some(By::Sponsor),
            "manager" => Some(By::Manager),
            other => {
                // Told apart from a mistyped word once all groups and people are known.
                sink.unclear_approvers.push((other.to_owned(), node.place));
                None
            }
        },
    };
    value.map(|value| At { value, place: node.place })
}
