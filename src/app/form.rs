//! The form that asks for access, and what is meant by words that do without it.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use crate::access::ids::{PersonId, ResourceId, RoleId};
use crate::access::refusal::Refusal;
use crate::access::time::{Timestamp, Ttl};
use crate::access::words::Words;
use crate::policy::asking::{outlook, permit_of};
use crate::policy::facts::Clamp;
use crate::policy::problem::nearest;
use crate::policy::{Verdict, electorate};
use crate::slack::block::{Choice, View};
use crate::slack::command::{self, Length, read_length};
use crate::slack::inbound::ViewRef;
use crate::slack::say::field;
use crate::slack::say::forms::{self, Outlook, RequestForm, Ticket, choice_value};
use crate::slack::say::names::Names;
use crate::slack::zone::Zone;

use super::ask::Wish;
use super::behalf::{askable_by, subject_of, wish_for};
use super::plan::lingers;
use super::policies::Loaded;
use super::sources::Fresh;
use super::{App, bundle, names};

/// What is offered as lengths, where the cap allows.
const LENGTHS: [i64; 7] = [15, 30, 60, 120, 240, 480, 1440];

/// Everything that a person may ask for by some policy, perhaps not now.
pub(super) fn askable(loaded: &Loaded, person: &PersonId) -> BTreeMap<ResourceId, Vec<RoleId>> {
    let set = &loaded.set;
    let mut found: BTreeMap<ResourceId, Vec<RoleId>> = BTreeMap::new();
    for (id, resource) in set.resources() {
        for role in &resource.roles {
            if permit_of(set, person, id, &role.id.value).is_some() {
                found.entry(id.clone()).or_default().push(role.id.value.clone());
            }
        }
    }
    found.extend(bundle::askable(set, person).into_iter().map(|(id, all)| (id, vec![all])));
    found
}

/// A form as far as it is filled in.
#[derive(Debug, Clone, Default)]
pub(super) struct Filled {
    /// For whom, where that is not who fills it in.
    pub(super) subject: Option<PersonId>,
    resource: Option<ResourceId>,
    role: Option<RoleId>,
    length: Option<Ttl>,
    until: String,
    ticket: String,
    reason: String,
}

/// What words come to.
pub(super) enum Meant {
    /// Enough to ask.
    Wish(Wish),
    /// Not enough: the form is opened with what they say.
    Form(Filled),
}

impl App {
    /// What is meant by `/jit request …`.
    pub(super) fn meant(&self, loaded: &Loaded, person: &PersonId, ask: command::Ask) -> Result<Meant, Refusal> {
        self.meant_by(loaded, (person, person), ask)
    }

    /// The same, of whoever writes it for somebody.
    pub(super) fn meant_by(
        &self,
        loaded: &Loaded,
        (filer, person): (&PersonId, &PersonId),
        ask: command::Ask,
    ) -> Result<Meant, Refusal> {
        let askable = askable_by(loaded, filer, person);
        let subject = (filer != person).then(|| person.clone());
        let mut filled = Filled { reason: ask.reason.as_typed().to_owned(), subject, ..Filled::default() };
        let zone = names::zone_of(&loaded.set, person);
        filled.length = ask.length.map(|length| in_time(length, self.now().at, &zone)).transpose()?;
        let Some((last, first)) = ask.words.split_last() else { return Ok(Meant::Form(filled)) };
        let (what, role) = match find_resource(loaded, &askable, &ask.words.join(" ")) {
            Found::One(resource) => (resource, None),
            Found::Several => return Ok(Meant::Form(filled)),
            Found::None => match find_resource(loaded, &askable, &first.join(" ")) {
                Found::One(resource) => (resource, Some(last.as_str())),
                Found::Several => return Ok(Meant::Form(filled)),
                Found::None => return Err(no_such_resource(&askable, first.first().unwrap_or(last))),
            },
        };
        let roles = askable.get(&what).map(Vec::as_slice).unwrap_or_default();
        let role = match (role, roles) {
            (Some(word), _) => Some(find_role(loaded, &what, roles, word)?),
            (None, [only]) => Some(only.clone()),
            (None, _) => None,
        };
        filled.resource = Some(what.clone());
        filled.role.clone_from(&role);
        match (role, filled.length) {
            (Some(role), Some(access_for)) => Ok(Meant::Wish(wish_for((filer, person), what, role, access_for, ask.reason))),
            (Some(_) | None, _) => Ok(Meant::Form(filled)),
        }
    }

    /// The form, with what follows from what is filled in. `None` when there is nothing that this person could ask for.
    pub(super) async fn request_form(
        &self,
        loaded: &Arc<Loaded>,
        names: &Names,
        person: &PersonId,
        filled: &Filled,
    ) -> Option<View> {
        let (filer, person) = (person, filled.subject.as_ref().unwrap_or(person));
        let askable = askable_by(loaded, filer, person);
        let choice = |id: &ResourceId| Choice { text: names.resource(id).to_owned(), value: choice_value(id.as_str()) };
        let resources: Vec<Choice> = askable.keys().map(choice).collect();
        let chosen = filled.resource.as_ref().map(choice);
        // A bundle has nothing to choose from.
        let roles: Vec<Choice> = filled
            .resource
            .iter()
            .filter(|resource| loaded.set.bundle(resource).is_none())
            .flat_map(|resource| askable.get(resource).into_iter().flatten().map(move |role| (resource, role)))
            .map(|(resource, role)| Choice { text: names.role(resource, role).to_owned(), value: choice_value(role.as_str()) })
            .collect();
        let role = filled.role.clone().or_else(|| {
            match filled.resource.as_ref().and_then(|resource| askable.get(resource)).map(Vec::as_slice) {
                Some([only]) => Some(only.clone()),
                Some(_) | None => None,
            }
        });
        let all: Vec<Ttl> = LENGTHS.iter().filter_map(|minutes| Ttl::from_minutes(*minutes)).collect();
        let (lengths, preset, (ticket, patterns), outlook) = match (&filled.resource, &role) {
            (Some(resource), Some(role)) => {
                let limits = self.limits(loaded, person, resource, role);
                let lengths: Vec<Ttl> = all.iter().copied().filter(|ttl| limits.max.is_none_or(|max| *ttl <= max)).collect();
                let length = filled.length.or(limits.default);
                let wish = wish_for(
                    (filer, person),
                    resource.clone(),
                    role.clone(),
                    length.unwrap_or(Ttl::MIN),
                    Words::typed(&filled.reason),
                );
                (
                    if lengths.is_empty() { all } else { lengths },
                    length,
                    (limits.ticket, limits.patterns),
                    self.outlook(loaded, wish).await,
                )
            }
            (Some(_), None) | (None, _) => (all, filled.length, (None, Vec::new()), None),
        };
        let outlook = outlook.as_ref().map(|seen| Outlook {
            asked: &seen.asked,
            at_most: seen.at_most,
            because: seen.because,
            lingers: seen.lingers.as_deref(),
        });
        let role = role.as_ref().map(|role| choice_value(role.as_str()));
        let named = named_ticket(filled, &patterns);
        forms::request_form(&RequestForm {
            subject: filled.subject.as_ref(),
            resources: &resources,
            resource: chosen.as_ref(),
            roles: &roles,
            role: role.as_deref(),
            lengths: &lengths,
            length: preset.filter(|ttl| lengths.contains(ttl)),
            until: &filled.until,
            reason: &filled.reason,
            ticket: ticket.as_ref().map(|looks| Ticket { looks, typed: &named }),
            outlook,
            names,
        })
    }

    fn limits(&self, loaded: &Loaded, person: &PersonId, resource: &ResourceId, role: &RoleId) -> Limits {
        let policies = bundle::permits_of(&loaded.set, person, resource, role).unwrap_or_default();
        let max = policies.iter().map(|policy| loaded.set.max_of(policy)).min();
        let default = policies.iter().filter_map(|policy| policy.limits.default.as_ref()).map(|default| default.value).min();
        let mut tickets: Vec<&str> =
            policies.iter().filter_map(|policy| policy.reason.ticket.as_ref()).map(|ticket| ticket.pattern.as_str()).collect();
        tickets.dedup();
        let patterns = policies.iter().filter_map(|policy| Some(policy.reason.ticket.as_ref()?.regex.clone())).collect();
        let ticket = (!tickets.is_empty()).then(|| tickets.join(" and "));
        Limits { max, default: default.filter(|default| max.is_none_or(|max| *default <= max)), ticket, patterns }
    }

    /// Who would be asked and until when, whatever the reason will be.
    async fn outlook(&self, loaded: &Arc<Loaded>, wish: Wish) -> Option<Seen> {
        let wanted = wish.terms(&loaded.set).wanted();
        let lingers = match wanted.as_slice() {
            [only] => closing(self.caps(loaded, only).as_ref()),
            several => self.lingers(loaded, several).map(|text| format!("At the end {text}")),
        };
        let (facts, _) = self.judge_wish(loaded, &wish, Fresh::Lately).await.ok()?;
        let now = self.now().at;
        let Verdict::Allow { steps, ends_at_most, clamped_by, .. } = outlook(&loaded.set, &facts, now) else { return None };
        let voters = electorate(&loaded.set, &steps, &wish.subject, &wish.filed_by, &facts.outside, now);
        let mut asked: Vec<PersonId> = voters.into_iter().flatten().collect();
        asked.sort();
        asked.dedup();
        let because = clamped_by.map(|clamp| match clamp {
            Clamp::Contract => "end of the contract",
            Clamp::Window => "end of the window",
            Clamp::Ceiling => "the longest that is possible",
        });
        Some(Seen { asked, at_most: ends_at_most.min(now.plus(wish.access_for)), because, lingers })
    }

    /// What a form as it came back is filled with; choices are matched with what this person may choose.
    pub(super) fn filled(&self, loaded: &Loaded, person: &PersonId, view: &ViewRef) -> Filled {
        let (subject, values) = (subject_of(loaded, view), &view.values);
        let askable = askable_by(loaded, person, subject.as_ref().unwrap_or(person));
        let chosen = |block: &str| values.chosen(block).map(str::to_owned);
        let resource =
            chosen(field::RESOURCE).and_then(|value| askable.keys().find(|id| choice_value(id.as_str()) == value).cloned());
        let roles = resource.as_ref().and_then(|resource| askable.get(resource)).cloned().unwrap_or_default();
        let role = chosen(field::ROLE).and_then(|value| roles.iter().find(|id| choice_value(id.as_str()) == value).cloned());
        Filled {
            subject,
            resource,
            role,
            length: chosen(field::DURATION).and_then(|text| text.parse().ok()),
            until: values.text(field::UNTIL).to_owned(),
            ticket: values.text(field::TICKET).trim().to_owned(),
            reason: values.text(field::REASON).to_owned(),
        }
    }

    /// The wish of a submitted form, or what is wrong with it, by field.
    pub(super) fn wish_of_form(&self, loaded: &Loaded, person: &PersonId, view: &ViewRef) -> Result<Wish, Value> {
        let (filled, values) = (self.filled(loaded, person, view), &view.values);
        let subject = filled.subject.clone().unwrap_or_else(|| person.clone());
        let mut problems = BTreeMap::new();
        // What was offered and is not there any more went with other policy files, while the form was open.
        if filled.resource.is_none() {
            let problem = match values.chosen(field::RESOURCE) {
                Some(value) if !value.starts_with('#') => "You can't ask for this any more. Choose something else.",
                Some(_) | None => "Choose what you need.",
            };
            problems.insert(field::RESOURCE, problem.to_owned());
        }
        let roles = filled
            .resource
            .as_ref()
            .and_then(|resource| askable_by(loaded, person, &subject).remove(resource))
            .unwrap_or_default();
        // Only where none was chosen: another one than was chosen is never taken for it.
        let role = filled.role.clone().or_else(|| match (roles.as_slice(), values.chosen(field::ROLE)) {
            ([only], None) => Some(only.clone()),
            (_, _) => None,
        });
        if role.is_none() && filled.resource.is_some() {
            let was_chosen = values.chosen(field::ROLE).is_some();
            let problem = if was_chosen { "You can't ask for this any more. Choose another." } else { "Choose as what." };
            // Before a resource is chosen there is no field for its role.
            let at = if values.has(field::ROLE) { field::ROLE } else { field::RESOURCE };
            problems.insert(at, problem.to_owned());
        }
        let zone = names::zone_of(&loaded.set, person);
        let typed = (!filled.until.trim().is_empty()).then(|| {
            let length = read_length(&filled.until).map_err(|problem| problem.to_string())?;
            in_time(length, self.now().at, &zone).map_err(|_| "That time is over already.".to_owned())
        });
        let length = match typed {
            Some(Err(problem)) => {
                problems.insert(field::UNTIL, problem);
                None
            }
            Some(Ok(length)) => Some(length),
            None => filled.length,
        };
        if length.is_none() && !problems.contains_key(field::UNTIL) {
            problems.insert(field::DURATION, "Choose how long, or write until when.".to_owned());
        }
        match (filled.resource, role, length) {
            (Some(resource), Some(role), Some(length)) if problems.is_empty() => Ok(wish_for(
                (person, &subject),
                resource,
                role,
                length,
                Words::typed(&with_ticket(&filled.ticket, &filled.reason)),
            )),
            _ => Err(forms::errors(&problems)),
        }
    }
}

/// The ticket in its own field, else the one that the reason names.
fn named_ticket(filled: &Filled, patterns: &[regex_lite::Regex]) -> String {
    let found = patterns.first().and_then(|pattern| pattern.find(&filled.reason));
    // The pattern takes what is around the word as well.
    let named = found.map_or("", |found| found.as_str().trim_matches(|c: char| !c.is_alphanumeric()));
    if filled.ticket.is_empty() { named.to_owned() } else { filled.ticket.clone() }
}

/// The reason with the ticket before it, unless it names it already.
fn with_ticket(ticket: &str, reason: &str) -> String {
    if ticket.is_empty() || reason.contains(ticket) { reason.to_owned() } else { format!("{ticket} {reason}") }
}

struct Limits {
    max: Option<Ttl>,
    default: Option<Ttl>,
    ticket: Option<String>,
    /// The same, to find one.
    patterns: Vec<regex_lite::Regex>,
}

struct Seen {
    asked: Vec<PersonId>,
    at_most: Timestamp,
    because: Option<&'static str>,
    lingers: Option<String>,
}

fn closing(caps: Option<&crate::providers::Caps>) -> Option<String> {
    match caps {
        Some(caps) if caps.kills_sessions => Some("Open sessions are closed at the end".to_owned()),
        other => lingers(other).map(|text| format!("At the end {text}")),
    }
}

/// A length, or the time until a moment.
pub(super) fn in_time(length: Length, now: Timestamp, zone: &Zone) -> Result<Ttl, Refusal> {
    match length {
        Length::For(ttl) => Ok(ttl),
        Length::Until(until) => {
            let end = until.after(now, zone);
            end.and_then(|end| Ttl::from_millis(end.as_millis().saturating_sub(now.as_millis()))).ok_or_else(|| {
                Refusal::NotUnderstood {
                    problem: "that time is over, or less than a minute away".to_owned(),
                    example: command::EXAMPLE.to_owned(),
                }
            })
        }
    }
}

pub(super) enum Found {
    One(ResourceId),
    Several,
    None,
}

/// By its id, the last part of its id, or its name; else by what only one of them contains.
pub(super) fn find_resource(loaded: &Loaded, askable: &BTreeMap<ResourceId, Vec<RoleId>>, words: &str) -> Found {
    let words = words.to_lowercase();
    if words.is_empty() {
        return Found::None;
    }
    let name = |id: &ResourceId| {
        let resource = loaded.set.resource(id).map(|resource| &resource.name);
        resource.or(loaded.set.bundle(id).map(|bundle| &bundle.name)).map(|name| name.to_lowercase()).unwrap_or_default()
    };
    let exact = |id: &&ResourceId| {
        let id_text = id.as_str();
        id_text == words || id_text.rsplit('/').next() == Some(words.as_str()) || name(id) == words
    };
    let similar = |id: &&ResourceId| id.as_str().contains(&words) || name(id).contains(&words);
    for matching in [askable.keys().filter(exact).collect::<Vec<_>>(), askable.keys().filter(similar).collect()] {
        match matching.as_slice() {
            [] => {}
            [only] => return Found::One((*only).clone()),
            _ => return Found::Several,
        }
    }
    Found::None
}

pub(super) fn no_such_resource(askable: &BTreeMap<ResourceId, Vec<RoleId>>, asked: &str) -> Refusal {
    let ids: Vec<&str> = askable.keys().map(ResourceId::as_str).collect();
    let similar = nearest(asked, ids.iter().copied()).map(str::to_owned).into_iter().collect();
    Refusal::NoSuchResource { asked: asked.to_owned(), similar }
}

pub(super) fn find_role(loaded: &Loaded, resource: &ResourceId, roles: &[RoleId], word: &str) -> Result<RoleId, Refusal> {
    let word_lower = word.to_lowercase();
    let name = |role: &RoleId| loaded.set.role(resource, role).map(|role| role.name.to_lowercase()).unwrap_or_default();
    let found = roles.iter().find(|role| role.as_str() == word_lower || name(role) == word_lower);
    found.cloned().ok_or_else(|| Refusal::NoSuchRole {
        resource: resource.to_string(),
        asked: word.to_owned(),
        roles: roles.iter().map(ToString::to_string).collect(),
    })
}
