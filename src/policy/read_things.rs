//! Reads `groups`, `resources`, `bundles` and `providers`. It judges each item alone, not how they fit together.

use super::fields::{Fields, Sink, Space, list, number, one_of, parsed, reference, text};
use super::file::{At, Bundle, Group, Members, OnCall, Part, Provider, Resource, Risk, Role};
use super::read_people::own_id;
use super::read_rules::computed_who;
use super::yaml::{Node, Value};
use crate::access::ids::{GroupId, ResourceId};

const RISKS: [(&str, Risk); 2] = [("normal", Risk::Normal), ("high", Risk::High)];

pub(super) fn group(node: &Node, sink: &mut Sink) -> Option<Group> {
    const SOURCES: &str = "`members:`, `where:`, `slack_usergroup:` or `on_call:`";
    let mut fields = Fields::of(node, "a group", sink)?;
    let id: Option<At<GroupId>> = own_id(&mut fields, Space::Group, sink);
    let given = ["members", "where", "slack_usergroup", "on_call"].map(|key| fields.take(key));
    let place = fields.place;
    fields.finish(sink);
    let members = match given {
        [listed @ Some(_), None, None, None] => {
            Some(Members::Listed(list(listed, "people", sink, |node, sink| reference(node, Space::Person, sink))))
        }
        [None, Some(node), None, None] => computed_who(node, sink).map(Members::Where),
        [None, None, Some(node), None] => usergroup(node, sink).map(Members::Slack),
        [None, None, None, Some(node)] => on_call(node, sink).map(Members::OnCall),
        [None, None, None, None] => {
            sink.problem(place, format!("a group needs one of {SOURCES}"));
            None
        }
        several => {
            let second = several.into_iter().flatten().nth(1).map_or(place, |node| node.place);
            sink.problem(second, format!("a group has one source: {SOURCES}, not several"));
            None
        }
    };
    Some(Group { id: id?, members: members? })
}

fn usergroup(node: &Node, sink: &mut Sink) -> Option<At<String>> {
    let written = text(node, "the id of a user group such as `S0SECURITY`", sink)?;
    let fits =
        written.len() > 1 && written.starts_with('S') && written.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    if !fits {
        sink.problem(
            node.place,
            format!("`{written}` is not the id of a user group; it looks like `S0SECURITY`, not like `@security`"),
        );
        return None;
    }
    Some(At { value: written.to_owned(), place: node.place })
}

fn on_call(node: &Node, sink: &mut Sink) -> Option<OnCall> {
    let mut fields = Fields::of(node, "`on_call`", sink)?;
    let provider = fields.need("provider", sink).and_then(|node| reference(node, Space::Provider, sink));
    let schedule = fields.need("schedule", sink).and_then(|node| {
        let id = text(node, "the id of a schedule such as `PABC123`", sink)?;
        Some(At { value: id.to_owned(), place: node.place })
    });
    fields.finish(sink);
    Some(OnCall { provider: provider?, schedule: schedule? })
}

pub(super) fn bundle(node: &Node, sink: &mut Sink) -> Option<Bundle> {
    let mut fields = Fields::of(node, "a bundle", sink)?;
    let id: Option<At<ResourceId>> = own_id(&mut fields, Space::Resource, sink);
    if let Some(id) = &id {
        sink.declare_as_well(Space::Bundle, id.value.as_str(), id.place);
    }
    let name = fields.need("name", sink).and_then(|node| text(node, "a name", sink));
    let of = fields.need("of", sink);
    let place = fields.place;
    fields.finish(sink);
    let parts = list(of, "parts such as `prod/orders:readonly`", sink, part);
    if matches!(of.map(|node| &node.value), Some(Value::List(items)) if items.len() < 2) {
        sink.problem(place, "a bundle needs at least two parts; one alone can be asked for by its own name");
    }
    for (n, part) in parts.iter().enumerate() {
        let same = |other: &&Part| other.resource.value == part.resource.value && other.role.value == part.role.value;
        if parts.iter().take(n).any(|other| same(&other)) {
            sink.problem(part.resource.place, format!("`{}:{}` is in this bundle twice", part.resource.value, part.role.value));
        }
    }
    Some(Bundle { id: id?, name: name?.to_owned(), of: parts })
}

fn part(node: &Node, sink: &mut Sink) -> Option<Part> {
    let written = text(node, "a part such as `prod/orders:readonly`", sink)?;
    let place = node.place;
    let read = written.split_once(':').and_then(|(resource, role)| Some((resource.parse().ok()?, role.parse().ok()?, resource)));
    let Some((resource, role, name)) = read else {
        sink.problem(place, format!("`{written}` is not a part; write the resource and the role: `prod/orders:readonly`"));
        return None;
    };
    sink.refer(Space::Resource, name, place);
    Some(Part { resource: At { value: resource, place }, role: At { value: role, place } })
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
            sink.problem(
                node.place,
                format!(
                    "expected what to grant as a mapping such as `{{ member_of: app_reader }}`, found {}",
                    node.value.shape()
                ),
            );
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
                settings.insert(entry.key.to_string(), value);
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
