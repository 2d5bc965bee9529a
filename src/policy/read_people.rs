//! Reads `defaults` and `people`. It judges each item alone, not how they fit together.

use jiff::civil::Date;

use super::fields::{Fields, Sink, Space, list, one_of, parsed, reference, text, ttl, zone};
use super::file::{At, Defaults, Person, SlackAccount};
use super::read_rules::WHO_KINDS;
use super::yaml::{Node, Value};

pub(super) fn defaults(node: &Node, sink: &mut Sink) -> Option<Defaults> {
    let mut fields = Fields::of(node, "`defaults`", sink)?;
    let mut defaults = Defaults::default();
    if let Some(zone) = fields.take("timezone").and_then(|node| zone(node, sink)) {
        defaults.timezone = zone;
    }
    for (key, place) in [
        ("answer_within", &mut defaults.answer_within),
        ("start_within", &mut defaults.start_within),
        ("warn_before", &mut defaults.warn_before),
        ("max", &mut defaults.max),
        ("hard_ceiling", &mut defaults.hard_ceiling),
    ] {
        if let Some(length) = fields.take(key).and_then(|node| ttl(node, sink)) {
            *place = length.value;
        }
    }
    if defaults.max > defaults.hard_ceiling {
        let (max, ceiling) = (defaults.max, defaults.hard_ceiling);
        sink.problem(fields.place, format!("`max` ({max}) goes past `hard_ceiling` ({ceiling})"));
    }
    fields.finish(sink);
    Some(defaults)
}

/// The id of an item, declared even where the rest of the item turns out to be broken.
pub(super) fn own_id<T: std::str::FromStr>(fields: &mut Fields<'_>, space: Space, sink: &mut Sink) -> Option<At<T>>
where
    T::Err: std::fmt::Display,
{
    let node = fields.need("id", sink)?;
    let id = parsed(node, "an id", sink)?;
    sink.declare(space, node.value.as_text()?, node.place);
    Some(id)
}

pub(super) fn person(node: &Node, sink: &mut Sink) -> Option<Person> {
    let mut fields = Fields::of(node, "a person", sink)?;
    let id = own_id(&mut fields, Space::Person, sink);
    let name = fields.need("name", sink).and_then(|node| text(node, "a name", sink));
    let slack = list(fields.take("slack"), "Slack accounts", sink, slack_account);
    let kind = fields.need("kind", sink).and_then(|node| one_of(node, &WHO_KINDS, sink));
    let company = fields.take("company").and_then(|node| text(node, "a company", sink)).map(str::to_owned);
    let sponsor = fields.take("sponsor").and_then(|node| reference(node, Space::Person, sink));
    let manager = fields.take("manager").and_then(|node| reference(node, Space::Person, sink));
    let keys = list(fields.take("keys"), "public keys", sink, public_key);
    let host_user = fields.take("host_user").and_then(|node| {
        let user = text(node, "a user of the host", sink)?;
        sink.declare(Space::HostUser, user, node.place);
        Some(user.to_owned())
    });
    let contract_ends = fields.take("contract_ends").and_then(|node| date(node, sink));
    let timezone = fields.take("timezone").and_then(|node| zone(node, sink));
    let accounts = match fields.take("accounts").map(|node| (node, &node.value)) {
        None => Vec::new(),
        Some((_, Value::Map(entries))) => entries
            .iter()
            .filter_map(|entry| {
                sink.refer(Space::Provider, &entry.key, entry.place);
                let account = text(&entry.node, "an account", sink)?.to_owned();
                Some((At { value: entry.key.parse().ok()?, place: entry.place }, account))
            })
            .collect(),
        Some((node, other)) => {
            sink.problem(node.place, format!("expected accounts by provider id, found {}", other.shape()));
            Vec::new()
        }
    };
    fields.finish(sink);
    Some(Person {
        id: id?,
        name: name?.to_owned(),
        slack,
        kind: kind?,
        company,
        sponsor,
        manager,
        keys,
        host_user,
        contract_ends,
        timezone,
        accounts,
    })
}

fn slack_account(node: &Node, sink: &mut Sink) -> Option<At<SlackAccount>> {
    let written = text(node, "a Slack account such as `U0MAYA`", sink)?;
    let (team, user) = match written.split_once('/') {
        Some((team, user)) => (Some(team), user),
        None => (None, written),
    };
    let fits = |id: &str, initials: &str| {
        id.len() >= 2
            && id.starts_with(|c| initials.contains(c))
            && id.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
    };
    if !fits(user, "UW") || team.is_some_and(|team| !fits(team, "TE")) {
        sink.problem(
            node.place,
            format!("`{written}` is not a Slack account; write `U0X`, or `T0OTHER/U0X` for another workspace"),
        );
        return None;
    }
    sink.declare(Space::SlackAccount, written, node.place);
    Some(At { value: SlackAccount { team: team.map(str::to_owned), user: user.to_owned() }, place: node.place })
}

fn public_key(node: &Node, sink: &mut Sink) -> Option<String> {
    let key = text(node, "a public key", sink)?;
    if !["age1", "ssh-ed25519 ", "ssh-rsa "].iter().any(|start| key.starts_with(start)) {
        sink.problem(node.place, "expected a public key that begins with `age1`, `ssh-ed25519 ` or `ssh-rsa `");
        return None;
    }
    Some(key.to_owned())
}

fn date(node: &Node, sink: &mut Sink) -> Option<Date> {
    let written = text(node, "a date such as `2026-12-31`", sink)?;
    // The last day of the calendar has no end.
    let read = || written.parse::<Date>().ok().filter(|date| date.tomorrow().is_ok());
    match (written.len() == 10).then(read).flatten() {
        Some(date) => Some(date),
        None => {
            sink.problem(node.place, format!("`{written}` is not a date; write `2026-12-31`"));
            None
        }
    }
}
