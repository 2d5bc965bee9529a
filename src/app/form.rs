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
use crate::policy::{Verdict, electorate};
use crate::slack::block::{Choice, View};
use crate::slack::command;
use crate::slack::inbound::ViewRef;
use crate::slack::limits::OPTIONS_MAX;
use crate::slack::say::alternative::{self, Alternative, Asking};
use crate::slack::say::field;
use crate::slack::say::forms::{self, Outlook, RequestForm, Ticket, choice_value};
use crate::slack::say::names::Names;
use crate::slack::zone::Zone;

use super::ask::Wish;
use super::behalf::{askable_by, subject_of, wish_for};
use super::find::{Askable, Found, find};
use super::plan::lingers;
use super::policies::Loaded;
use super::sources::Fresh;
use super::when::{When, in_time};
use super::{App, bundle, names};

mod times;

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
    pub subject: Option<PersonId>,
    pub resource: Option<ResourceId>,
    pub role: Option<RoleId>,
    pub length: Option<Ttl>,
    pub from: String,
    pub until: String,
    pub ticket: String,
    pub reason: String,
    /// What was typed, and what it could mean: only that is offered.
    pub narrowed: Option<(String, Vec<ResourceId>)>,
}

impl Filled {
    /// With the times that were named, as they would be typed.
    pub(super) fn beginning(mut self, when: When, zone: &Zone) -> Filled {
        self.from = when.start_at.map(|at| zone.typed(at)).unwrap_or_default();
        self.until = when.end_at.map(|at| format!("until {}", zone.typed(at))).unwrap_or_default();
        self
    }
}

/// Why words mean nothing, and what was probably meant.
#[derive(Debug)]
pub(super) struct Misunderstood {
    pub refusal: Refusal,
    pub instead: Option<Alternative>,
}

impl From<Refusal> for Box<Misunderstood> {
    fn from(refusal: Refusal) -> Self {
        Box::new(Misunderstood { refusal, instead: None })
    }
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
    pub(super) fn meant(&self, loaded: &Loaded, person: &PersonId, ask: command::Ask) -> Result<Meant, Box<Misunderstood>> {
        self.meant_by(loaded, (person, person), ask)
    }

    /// The same, of whoever writes it for somebody. Times are of the zone of whoever wrote them.
    ///
    /// # Errors
    ///
    /// Why it means nothing, with what was probably meant.
    pub(super) fn meant_by(
        &self,
        loaded: &Loaded,
        (filer, person): (&PersonId, &PersonId),
        ask: command::Ask,
    ) -> Result<Meant, Box<Misunderstood>> {
        let askable = askable_by(loaded, filer, person);
        let subject = (filer != person).then(|| person.clone());
        let zone = names::zone_of(&loaded.set, filer);
        let (length, when) = in_time(ask.from, ask.length, (self.now().at, &zone))?;
        let empty = Filled { reason: ask.reason.as_typed().to_owned(), length, subject, ..Filled::default() };
        let mut filled = empty.beginning(when, &zone);
        if ask.words.is_empty() {
            return Ok(Meant::Form(filled));
        }
        match find(loaded, &askable, &ask.words) {
            Ok(Found::Several(things)) => {
                filled.narrowed = Some((ask.words.join(" "), things));
                Ok(Meant::Form(filled))
            }
            Ok(Found::One(what, role)) => {
                filled.resource = Some(what.clone());
                filled.role.clone_from(&role);
                match (role, length) {
                    (Some(role), Some(access_for)) => {
                        let wish = wish_for((filer, person), what, role, access_for, ask.reason);
                        Ok(Meant::Wish(Wish { when, ..wish }))
                    }
                    (Some(_) | None, _) => Ok(Meant::Form(filled)),
                }
            }
            Err(misfit) => {
                // What one tap asks for is for whoever taps.
                let nearly = misfit.nearly.filter(|_| filer == person);
                let asking = nearly.map(|(resource, role)| Asking {
                    by: person.clone(),
                    resource,
                    role,
                    access_for: length,
                    start_at: when.start_at,
                    end_at: when.end_at,
                    manner: alternative::Manner::Usual,
                    reason: ask.reason.as_typed().to_owned(),
                });
                Err(Box::new(Misunderstood { refusal: misfit.refusal, instead: asking.map(Alternative::that_instead) }))
            }
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
        let narrowed = filled.narrowed.as_ref().filter(|(_, things)| things.len() <= OPTIONS_MAX);
        let resources: Vec<Choice> = match narrowed {
            Some((_, things)) => things.iter().filter(|id| askable.contains_key(*id)).map(choice).collect(),
            None => askable.keys().map(choice).collect(),
        };
        let chosen = filled.resource.as_ref().map(choice);
        let roles = role_choices(loaded, &askable, filled.resource.as_ref(), names);
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
                let wish = Wish { when: self.start_of(filled, &names.zone), ..wish };
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
        let named = ticket_named(filled, &patterns);
        forms::request_form(&RequestForm {
            subject: filled.subject.as_ref(),
            resources: &resources,
            resource: chosen.as_ref(),
            roles: &roles,
            role: role.as_deref(),
            lengths: &lengths,
            length: preset.filter(|ttl| lengths.contains(ttl)),
            narrowed_by: narrowed.map(|(words, _)| words.as_str()),
            from: &filled.from,
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
        let begins = wish.when.start_at.unwrap_or(now);
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
        Some(Seen { asked, at_most: ends_at_most.min(begins.plus(wish.access_for)), because, lingers })
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
            from: values.text(field::FROM).to_owned(),
            until: values.text(field::UNTIL).to_owned(),
            ticket: values.text(field::TICKET).trim().to_owned(),
            reason: values.text(field::REASON).to_owned(),
            narrowed: None,
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
        let (length, when) = self.times_of(&filled, &zone, &mut problems);
        if length.is_none() && !problems.contains_key(field::UNTIL) && !problems.contains_key(field::FROM) {
            problems.insert(field::DURATION, "Choose how long, or write until when.".to_owned());
        }
        match (filled.resource, role, length) {
            (Some(resource), Some(role), Some(length)) if problems.is_empty() => {
                let reason = Words::typed(&with_ticket(&filled.ticket, &filled.reason));
                Ok(Wish { when, ..wish_for((person, &subject), resource, role, length, reason) })
            }
            _ => Err(forms::errors(&problems)),
        }
    }
}

/// The roles of what is chosen. A bundle has nothing to choose from.
fn role_choices(loaded: &Loaded, askable: &Askable, resource: Option<&ResourceId>, names: &Names) -> Vec<Choice> {
    let Some(resource) = resource.filter(|resource| loaded.set.bundle(resource).is_none()) else { return Vec::new() };
    let roles = askable.get(resource).into_iter().flatten();
    roles.map(|role| Choice { text: names.role(resource, role).to_owned(), value: choice_value(role.as_str()) }).collect()
}

/// The ticket so far: what was typed as one, or else what the reason names.
fn ticket_named(filled: &Filled, patterns: &[regex_lite::Regex]) -> String {
    if !filled.ticket.is_empty() {
        return filled.ticket.clone();
    }
    let found = patterns.first().and_then(|pattern| pattern.find(&filled.reason));
    // The pattern takes what is around the word as well.
    found.map(|found| found.as_str().trim_matches(|c: char| !c.is_alphanumeric()).to_owned()).unwrap_or_default()
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
