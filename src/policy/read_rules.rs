//! Reads `policies`, `require` and `forbid`, but for who is asked. It judges each item alone, not how they fit together.

use super::fields::{Fields, Sink, Space, number, one_of, reference, text, ttl, zone};
use super::file::{At, Extend, ExtendApproval, Forbid, Kind, Limits, Note, Policy, Reason, Require, Ticket, What, Who};
use super::glob::Glob;
use super::read_approval;
use super::read_people::own_id;
use super::read_things::{count, risk};
use super::window::{Days, Hours, Window};
use super::yaml::Node;
use crate::access::ids::PolicyId;

pub(super) const WHO_KINDS: [(&str, Kind); 3] =
    [("employee", Kind::Employee), ("contractor", Kind::Contractor), ("service", Kind::Service)];
const NOTES: [(&str, Note); 2] = [("optional", Note::Optional), ("required", Note::Required)];
const EXTENSIONS: [(&str, ExtendApproval); 2] = [("policy", ExtendApproval::AsPolicy), ("auto", ExtendApproval::Auto)];
const BREAK_GLASS: [(&str, bool); 2] = [("raised", false), ("exempt", true)];

/// A policy as read, whose window may still need the zone of the defaults.
pub(super) struct ReadPolicy {
    pub(super) policy: Policy,
    pub(super) zone_given: bool,
}

pub(super) fn policy(node: &Node, sink: &mut Sink) -> Option<ReadPolicy> {
    let mut fields = Fields::of(node, "a policy", sink)?;
    let id: Option<At<PolicyId>> = own_id(&mut fields, Space::Rule, sink);
    let about = about(&mut fields, sink);
    let who = fields.need("who", sink).and_then(|node| {
        let who = who(node, sink)?;
        if node.value.is_empty_map() {
            sink.problem(node.place, "say who: an empty `who:` would permit everybody");
        }
        Some(who)
    });
    let what = fields.need("what", sink).and_then(|node| {
        let what = what(node, sink)?;
        if !node.value.has_key("resource") || !node.value.has_key("role") {
            sink.problem(node.place, "say which `resource:` and which `role:`; all of them is `\"*\"`");
        }
        Some(what)
    });
    let limits = fields.take("for").and_then(|node| limits(node, sink)).unwrap_or_default();
    let (when, zone_given) = match fields.take("when").and_then(|node| when(node, sink)) {
        Some((window, zone_given)) => (Some(window), zone_given),
        None => (None, true),
    };
    let reason = fields.take("reason").and_then(|node| reason(node, sink)).unwrap_or_default();
    let approve = read_approval::approve(&mut fields, sink);
    let approver_note = fields.take("approver_note").and_then(|node| one_of(node, &NOTES, sink)).unwrap_or_default();
    let [answer_within, start_within, warn_before] = ["answer_within", "start_within", "warn_before"]
        .map(|key| fields.take(key).and_then(|node| ttl(node, sink)).map(|length| length.value));
    let remind = fields.take("remind").and_then(|node| read_approval::remind(node, sink));
    fields.finish(sink);
    let (who, what, approve) = (who?, what?, approve?);
    let policy = Policy {
        id: id?,
        about,
        who,
        what,
        limits,
        when,
        reason,
        approve,
        approver_note,
        answer_within,
        start_within,
        warn_before,
        remind,
    };
    Some(ReadPolicy { policy, zone_given })
}

fn about(fields: &mut Fields<'_>, sink: &mut Sink) -> Option<String> {
    fields.take("about").and_then(|node| text(node, "a sentence", sink)).map(str::to_owned)
}

fn who(node: &Node, sink: &mut Sink) -> Option<Who> {
    let mut fields = Fields::of(node, "`who`", sink)?;
    let contract = fields.take("contract").and_then(|node| one_of(node, &[("ended", ())], sink));
    let who = who_fields(&mut fields, sink);
    fields.finish(sink);
    Some(Who { contract_ended: contract.is_some(), ..who })
}

/// `where:` of a group: as `who:`, but without what changes as time goes by, so that a group is the same all day.
pub(super) fn computed_who(node: &Node, sink: &mut Sink) -> Option<Who> {
    let mut fields = Fields::of(node, "`where`", sink)?;
    let who = who_fields(&mut fields, sink);
    let (place, empty) = (fields.place, fields.is_empty());
    fields.finish(sink);
    if empty {
        sink.problem(place, "say where: an empty `where:` would take everybody");
        return None;
    }
    Some(who)
}

fn who_fields(fields: &mut Fields<'_>, sink: &mut Sink) -> Who {
    Who {
        group: fields.take("group").and_then(|node| reference(node, Space::Group, sink)),
        person: fields.take("person").and_then(|node| reference(node, Space::Person, sink)),
        kind: fields.take("kind").and_then(|node| one_of(node, &WHO_KINDS, sink)),
        company: fields.take("company").and_then(|node| text(node, "a company", sink)).map(str::to_owned),
        contract_ended: false,
    }
}

fn what(node: &Node, sink: &mut Sink) -> Option<What> {
    let mut fields = Fields::of(node, "`what`", sink)?;
    let what = What {
        resource: fields.take("resource").and_then(|node| glob(node, sink)),
        role: fields.take("role").and_then(|node| glob(node, sink)),
        risk: fields.take("risk").and_then(|node| risk(node, sink)),
    };
    fields.finish(sink);
    Some(what)
}

fn glob(node: &Node, sink: &mut Sink) -> Option<At<Glob>> {
    let written = text(node, "a name or a pattern such as `prod/*`", sink)?;
    match Glob::new(written) {
        Some(value) => Some(At { value, place: node.place }),
        None => {
            sink.problem(node.place, format!("`{written}` is neither a name nor a pattern such as `prod/*`"));
            None
        }
    }
}

fn limits(node: &Node, sink: &mut Sink) -> Option<Limits> {
    let mut fields = Fields::of(node, "`for`", sink)?;
    let max = fields.take("max").and_then(|node| ttl(node, sink));
    let default = fields.take("default").and_then(|node| ttl(node, sink));
    let extend = fields.take("extend").and_then(|node| extend(node, sink));
    fields.finish(sink);
    if let (Some(max), Some(default)) = (&max, &default)
        && default.value > max.value
    {
        sink.problem(default.place, format!("`default` ({}) goes past `max` ({})", default.value, max.value));
    }
    Some(Limits { max, default, extend })
}

fn extend(node: &Node, sink: &mut Sink) -> Option<Extend> {
    let mut fields = Fields::of(node, "`extend`", sink)?;
    let times = fields.need("times", sink).and_then(|node| count(node, sink));
    let total = fields.take("total").and_then(|node| ttl(node, sink));
    let approve = fields.take("approve").and_then(|node| one_of(node, &EXTENSIONS, sink)).unwrap_or_default();
    fields.finish(sink);
    Some(Extend { times: times?, total, approve })
}

/// The window, and whether it names its zone.
fn when(node: &Node, sink: &mut Sink) -> Option<(Window, bool)> {
    let mut fields = Fields::of(node, "`when`", sink)?;
    let days = fields.take("days").map(|node| own_form(node, "days such as `mon-fri`", Days::parse, sink));
    let hours = fields.take("hours").map(|node| own_form(node, "hours such as `08:00-18:00`", Hours::parse, sink));
    let named = fields.take("timezone");
    let zone = named.map(|node| zone(node, sink));
    let place = fields.place;
    fields.finish(sink);
    if days.is_none() && hours.is_none() {
        sink.problem(place, "`when` needs `days:` or `hours:`");
        return None;
    }
    let window = Window {
        days: days.unwrap_or(Some(Days::ALL))?,
        hours: hours.unwrap_or(Some(Hours::ALL))?,
        zone: zone.unwrap_or(Some(jiff::tz::TimeZone::UTC))?,
    };
    Some((window, named.is_some()))
}

fn own_form<T>(node: &Node, what: &str, read: fn(&str) -> Result<T, String>, sink: &mut Sink) -> Option<T> {
    match read(text(node, what, sink)?) {
        Ok(value) => Some(value),
        Err(problem) => {
            sink.problem(node.place, problem);
            None
        }
    }
}

fn reason(node: &Node, sink: &mut Sink) -> Option<Reason> {
    let mut fields = Fields::of(node, "`reason`", sink)?;
    let most = u32::try_from(crate::access::words::WORDS_CHARS_MAX).unwrap_or(u32::MAX);
    let min_length = fields.take("min_length").and_then(|node| number(node, 1..=most, sink)).unwrap_or(0);
    let ticket = fields.take("ticket").and_then(|node| ticket(node, sink));
    fields.finish(sink);
    Some(Reason { min_length, ticket })
}

/// The longest pattern of a ticket, in characters.
const PATTERN_CHARS_MAX: usize = 200;

fn ticket(node: &Node, sink: &mut Sink) -> Option<Ticket> {
    let pattern = text(node, "a pattern such as `OPS-\\d+`", sink)?;
    if pattern.chars().count() > PATTERN_CHARS_MAX {
        sink.problem(node.place, format!("the pattern is longer than {PATTERN_CHARS_MAX} characters"));
        return None;
    }
    // The pattern must stand alone first: `a)(b` would become valid only through our own brackets.
    match regex_lite::Regex::new(pattern)
        .and_then(|_| regex_lite::Regex::new(&format!(r"\b{{start-half}}(?:{pattern})\b{{end-half}}")))
    {
        Ok(regex) if regex.is_match("") => {
            sink.problem(node.place, format!("`{pattern}` is content with an empty text, and so asks for nothing"));
            None
        }
        Ok(regex) => Some(Ticket { pattern: pattern.to_owned(), regex }),
        Err(error) => {
            sink.problem(node.place, format!("`{pattern}` is not a regular expression: {error}"));
            None
        }
    }
}

pub(super) fn require(node: &Node, sink: &mut Sink) -> Option<Require> {
    let mut fields = Fields::of(node, "a requirement", sink)?;
    let id = own_id(&mut fields, Space::Rule, sink);
    let about = about(&mut fields, sink);
    let (who, what) = optional_scope(&mut fields, sink);
    let approvals = fields.take("approvals").map(|node| count(node, sink));
    let note = fields.take("note").map(|node| one_of(node, &NOTES, sink));
    let exempts_break_glass = fields.take("break_glass").and_then(|node| one_of(node, &BREAK_GLASS, sink)).unwrap_or_default();
    let place = fields.place;
    fields.finish(sink);
    if approvals.is_none() && note.is_none() {
        sink.problem(place, "a requirement needs `approvals:` or `note:`");
        return None;
    }
    Some(Require {
        id: id?,
        about,
        who,
        what,
        approvals: approvals.unwrap_or(Some(0))?,
        note: note.unwrap_or(Some(Note::Optional))?,
        exempts_break_glass,
    })
}

pub(super) fn forbid(node: &Node, sink: &mut Sink) -> Option<Forbid> {
    let mut fields = Fields::of(node, "a prohibition", sink)?;
    let id = own_id(&mut fields, Space::Rule, sink);
    let about = about(&mut fields, sink);
    let (who, what) = optional_scope(&mut fields, sink);
    let (place, scoped) = (fields.place, fields.says("who") || fields.says("what"));
    fields.finish(sink);
    if !scoped {
        sink.problem(place, "a prohibition needs `who:` or `what:`; it would forbid everything");
        return None;
    }
    Some(Forbid { id: id?, about, who, what })
}

fn optional_scope(fields: &mut Fields<'_>, sink: &mut Sink) -> (Who, What) {
    let who = fields.take("who").and_then(|node| who(node, sink)).unwrap_or_default();
    let what = fields.take("what").and_then(|node| what(node, sink)).unwrap_or_default();
    (who, what)
}
