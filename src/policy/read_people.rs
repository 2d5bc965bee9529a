//! Reads `defaults`, `people`, `groups`, `resources` and `providers`. It judges each item alone, not how they fit together.

use jiff::civil::Date;

use super::fields::{Fields, Sink, Space, list, number, one_of, parsed, reference, text, ttl, zone};
use super::file::{At, Defaults, Group, Members, Person, Provider, Resource, Risk, Role, SlackAccount};
use super::read_rules::{WHO_KINDS, computed_who};
use super::yaml::{Node, Value};
use crate::access::ids::GroupId;

const RISKS: [(&str, Risk); 2] = [("normal", Risk::Normal), ("high", Risk::High)];

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

pub(super) fn group(node: &Node, sink: &mut Sink) -> Option<Group> {
    let mut fields = Fields::of(node, "a group", sink)?;
    let id: Option<At<GroupId>> = own_id(&mut fields, Space::Group, sink);
    let listed = fields.take("members");
    let computed = fields.take("where");
    let elsewhere = ["slack_usergroup", "on_call"].map(|key| fields.not_yet(key, sink)).contains(&true);
    let members = match (listed, computed) {
        (Some(_), None) => Some(Members::Listed(list(listed, "people", sink, |node, sink| reference(node, Space::Person, sink)))),
        (None, Some(node)) => computed_who(node, sink).map(Members::Where),
        (Some(_), Some(node)) => {
            sink.problem(node.place, "a group has either `members:` or `where:`, not both");
            None
        }
        (None, None) if elsewhere => None,
        (None, None) => {
            sink.problem(fields.place, "a group needs `members:` or `where:`");
            None
        }
    };
    fields.finish(sink);
    Some(Group { id: id?, members: members? })
}

pub(super) fn resource(node: &Node, sink: &mut Sink) -> Option<Resource> {
    let mut fields = Fields::of(node, "a resource", sink)?;
    let id = own_id(&mut fields, Space::Resource, sink);
    let name = fields.need("name", sink).and_then(|node| text(node, "a name", sink));
    let provider = fields.need("provider", sink).and_then(|node| reference(node, Space::Provider, sink));
    let owners = list(fields.take("owners"), "groups", sink, |node, sink| reference(node, Space::Group, sink));
    let channel = fields.take("channel").and_then(|node| channel(node, sink));
    let how_to_connect = fields.take("how_to_connect").and_then(|node| text(node, "a text", sink)).map(str::to_owned);
    let place = fields.place;
    let roles_node = fields.need("roles", sink);
    let roles = list(roles_node, "roles", sink, role);
    if roles_node.is_some_and(|node| matches!(&node.value, Value::List(items) if items.is_empty())) {
        sink.problem(place, "a resource needs at least one role");
    }
    for (n, role) in roles.iter().enumerate() {
        if let Some(first) = roles.iter().take(n).find(|other| other.id.value == role.id.value) {
            let message = format!("duplicate role `{}`: it is already at line {}", role.id.value, first.id.place.line);
            sink.problem(role.id.place, message);
        }
    }
    fields.finish(sink);
    Some(Resource { id: id?, name: name?.to_owned(), provider: provider?, owners, channel, how_to_connect, roles })
}

fn channel(node: &Node, sink: &mut Sink) -> Option<String> {
    let written = text(node, "the id of a channel such as `C0DBACCESS`", sink)?;
    let fits = written.starts_with(['C', 'G']) && written.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    if !fits {
        sink.problem(node.place, format!("`{written}` is not the id of a channel; it looks like `C0DBACCESS`, not like a name"));
        return None;
    }
    Some(written.to_owned())
}

fn role(node: &Node, sink: &mut Sink) -> Option<Role> {
    let mut fields = Fields::of(node, "a role", sink)?;
    let id = fields.need("id", sink).and_then(|node| parsed(node, "an id", sink));
    let name = fields.need("name", sink).and_then(|node| text(node, "a name", sink));
    let grant = fields.need("grant", sink);
    let shape = match grant.map(|node| (node, node.value.to_json())) {
        Some((_, Some(serde_json::Value::Object(shape)))) => Some(shape),
        Some((node, _)) => {
            sink.problem(node.place, format!("expected what to grant as a mapping, found {}", node.value.shape()));
            None
        }
        None => None,
    };
    let risk = fields.take("risk").and_then(|node| one_of(node, &RISKS, sink)).unwrap_or_default();
    fields.finish(sink);
    Some(Role { id: id?, name: name?.to_owned(), grant: shape?, grant_place: grant?.place, risk })
}

pub(super) fn risk(node: &Node, sink: &mut Sink) -> Option<Risk> {
    one_of(node, &RISKS, sink)
}

/// Variables that Daypass reads for itself: a provider that is told to read one would send a secret to the wrong place.
const OWN_VARIABLES: [&str; 2] = ["DAYPASS_", "SLACK_"];

pub(super) fn provider(node: &Node, sink: &mut Sink) -> Option<Provider> {
    let mut fields = Fields::of(node, "a provider", sink)?;
    let id = own_id(&mut fields, Space::Provider, sink);
    let kind = fields.need("kind", sink).and_then(|node| parsed(node, "the kind of the provider", sink));
    let mut settings = serde_json::Map::new();
    for entry in fields.rest() {
        if entry.key.ends_with("_env") {
            variable(&entry.node, sink);
        }
        match entry.node.value.to_json() {
            Some(value) => {
                settings.insert(entry.key.clone(), value);
            }
            None => sink.problem(entry.node.place, "this number cannot be passed on; put it in quotes"),
        }
    }
    Some(Provider { id: id?, kind: kind?, settings })
}

fn variable(node: &Node, sink: &mut Sink) {
    let Some(name) = text(node, "the name of an environment variable", sink) else { return };
    let fits = name.starts_with(|c: char| c.is_ascii_uppercase())
        && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
    if !fits {
        sink.problem(node.place, "expected the name of an environment variable such as `ORDERS_ADMIN_URL`, not its value");
    } else if OWN_VARIABLES.iter().any(|own| name.starts_with(own)) {
        sink.problem(node.place, format!("`{name}` belongs to Daypass itself; name another variable"));
    }
}

/// A whole number from 1, for counts of people and times.
pub(super) fn count(node: &Node, sink: &mut Sink) -> Option<u32> {
    number(node, 1..=20, sink)
}
