//! Says in words, for a terminal, what the policy makes of a request: the verdict, who would be asked, and what each rule said.
//!
//! It knows the files alone: everybody counts as active in Slack, and the reason as good enough.

use std::fmt::Write as _;

use super::electorate::electorate;
use super::evaluate::evaluate_with_any_reason;
use super::facts::{Facts, Manner, Said, Trace, Verdict};
use super::file::Policy;
use super::set::PolicySet;
use crate::access::electors::Electors;
use crate::access::ids::{PersonId, PolicyId, ResourceId, RoleId};
use crate::access::refusal::Refusal;
use crate::access::request::Step;
use crate::access::time::{Timestamp, Ttl};

/// What would happen if this person asked for this now, as several lines of text.
pub fn explain(
    set: &PolicySet,
    person: &PersonId,
    resource: &ResourceId,
    role: &RoleId,
    access_for: Ttl,
    now: Timestamp,
) -> String {
    let facts = Facts { access_for, ..Facts::supposed(person, resource, role, Manner::Usual) };
    let tale = Tale { set, facts, now };
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = tale.write(&mut text);
    text
}

/// The same as data, for programs.
#[derive(Debug, Clone, PartialEq)]
pub struct Explained {
    /// What the policy says.
    pub verdict: Verdict,
    /// Of a denial, why, as a sentence; empty otherwise.
    pub why: String,
    /// Of a denial for the hours, the earliest time at which it would be permitted.
    pub earliest: Option<Timestamp>,
    /// Who may fill each step.
    pub electorate: Vec<Electors>,
}

/// What would happen if this person asked for this now, as data.
pub fn explained(
    set: &PolicySet,
    person: &PersonId,
    resource: &ResourceId,
    role: &RoleId,
    access_for: Ttl,
    now: Timestamp,
) -> Explained {
    let facts = Facts { access_for, ..Facts::supposed(person, resource, role, Manner::Usual) };
    let verdict = evaluate_with_any_reason(set, &facts, now);
    match &verdict {
        Verdict::Allow { steps, .. } => {
            let electorate = electorate(set, steps, person, person, &facts.outside, now);
            Explained { electorate, verdict, why: String::new(), earliest: None }
        }
        Verdict::Deny { refusal, trace, .. } => {
            let earliest = if let Refusal::OutsideWindow { earliest } = refusal { *earliest } else { None };
            let earliest = earliest.filter(|at| evaluate_with_any_reason(set, &facts, *at).is_allow());
            Explained { electorate: Vec::new(), why: why(refusal, trace), earliest, verdict }
        }
    }
}

/// What kind of rule this is: `permit`, `require` or `forbid`.
pub fn effect(set: &PolicySet, rule: &PolicyId) -> &'static str {
    if set.forbid().iter().any(|known| known.id.value == *rule) {
        "forbid"
    } else if set.require().iter().any(|known| known.id.value == *rule) {
        "require"
    } else {
        "permit"
    }
}

/// Why it is denied, as a sentence for whoever writes policies.
fn why(refusal: &Refusal, trace: &Trace) -> String {
    let forbidden = trace.lines.iter().any(|line| line.said == Said::Forbids);
    if forbidden { "a rule forbids it".to_owned() } else { sentence(refusal) }
}

struct Tale<'a> {
    set: &'a PolicySet,
    facts: Facts,
    now: Timestamp,
}

impl Tale<'_> {
    fn write(&self, out: &mut String) -> std::fmt::Result {
        let Facts { subject, resource, role, access_for, .. } = &self.facts;
        writeln!(out, "{} asks for {resource} {role}, {access_for}, on {}", self.named(subject), self.time(self.now))?;
        writeln!(out)?;
        let trace = match evaluate_with_any_reason(self.set, &self.facts, self.now) {
            Verdict::Deny { refusal, because, trace } => {
                self.denied(out, &refusal, &because, &trace)?;
                trace
            }
            Verdict::Allow {
                policy,
                steps,
                ends_at_most,
                clamped_by,
                answer_within,
                start_within,
                note_required,
                extend,
                trace,
                ..
            } => {
                let how = if steps.is_empty() { "at once: nobody is asked" } else { "once people agree" };
                writeln!(out, "Permitted by `{policy}`, {how}.")?;
                if let Some(rule) = self.set.policy(&policy) {
                    self.wording(out, rule)?;
                }
                self.asked(out, &steps)?;
                if note_required {
                    writeln!(out, "  note       whoever approves must say why")?;
                }
                writeln!(out, "  answer     within {answer_within}; in force within {start_within} of the approval")?;
                match clamped_by {
                    Some(clamp) => {
                        writeln!(out, "  ends       {} at the latest (end of the {})", self.time(ends_at_most), clamp.name())?
                    }
                    None => {
                        writeln!(out, "  ends       {access_for} after it is in force; never past {}", self.time(ends_at_most))?
                    }
                }
                match extend {
                    Some(limits) => writeln!(out, "  extension  {} at most, up to {} in all", times(limits.times), limits.total)?,
                    None => writeln!(out, "  extension  none")?,
                }
                trace
            }
        };
        self.rules(out, &trace)
    }

    fn denied(&self, out: &mut String, refusal: &Refusal, because: &[String], trace: &Trace) -> std::fmt::Result {
        let why = why(refusal, trace);
        let end = if why.ends_with('?') { "" } else { "." };
        writeln!(out, "Denied: {why}{end}")?;
        if !because.is_empty() {
            writeln!(out, "  because    {}", because.join(", "))?;
        }
        if let Refusal::OutsideWindow { earliest: Some(earliest) } = refusal {
            let then = evaluate_with_any_reason(self.set, &self.facts, *earliest);
            let verdict = if then.is_allow() {
                "it would be permitted"
            } else {
                "the hours begin, but it would be denied for other reasons"
            };
            writeln!(out, "  earliest   {}: {verdict}", self.time(*earliest))?;
        }
        Ok(())
    }

    fn wording(&self, out: &mut String, rule: &Policy) -> std::fmt::Result {
        if let Some(about) = &rule.about {
            writeln!(out, "  about      {about}")?;
        }
        let mut wanted = Vec::new();
        if rule.reason.min_length > 0 {
            wanted.push(format!("at least {} characters", rule.reason.min_length));
        }
        if let Some(ticket) = &rule.reason.ticket {
            wanted.push(format!("a ticket like `{}`", ticket.pattern));
        }
        if !wanted.is_empty() {
            writeln!(out, "  reason     {}", wanted.join(", "))?;
        }
        Ok(())
    }

    fn asked(&self, out: &mut String, steps: &[Step]) -> std::fmt::Result {
        let (subject, filed_by) = (&self.facts.subject, &self.facts.filed_by);
        let electorate = electorate(self.set, steps, subject, filed_by, &self.facts.outside, self.now);
        for (step, people) in steps.iter().zip(electorate) {
            let names: Vec<String> = people.iter().map(|person| self.named(person)).collect();
            writeln!(out, "  asked      {} of {}: {}", step.count, step.by, names.join(", "))?;
        }
        Ok(())
    }

    fn rules(&self, out: &mut String, trace: &Trace) -> std::fmt::Result {
        if trace.lines.is_empty() {
            return Ok(());
        }
        writeln!(out, "\nRules that are about it:")?;
        let width = trace.lines.iter().map(|line| line.rule.as_str().len()).max().unwrap_or(0);
        for line in &trace.lines {
            writeln!(out, "  {:<7}  {:<width$}  {}", effect(self.set, &line.rule), line.rule.as_str(), said(&line.said))?;
        }
        Ok(())
    }

    fn named(&self, id: &PersonId) -> String {
        match self.set.person(id) {
            Some(person) => format!("{} ({id})", person.name),
            None => id.to_string(),
        }
    }

    /// `Tue 24 Nov 2026 10:00 Europe/Berlin`, in the subject's zone.
    fn time(&self, at: Timestamp) -> String {
        let own = self.set.person(&self.facts.subject).and_then(|person| person.timezone.as_ref());
        let zone = own.unwrap_or(&self.set.defaults().timezone);
        match jiff::Timestamp::from_millisecond(at.as_millis()) {
            Ok(moment) => moment.to_zoned_datetime(zone.clone()).strftime("%a %-d %b %Y %H:%M %Q").to_string(),
            Err(_) => format!("{} ms", at.as_millis()),
        }
    }
}

/// What the policy refuses, for whoever writes it. People who ask get their own sentences elsewhere.
fn sentence(refusal: &Refusal) -> String {
    match refusal {
        Refusal::NoSuchPerson { asked } => format!("there is no person `{asked}`"),
        Refusal::NoSuchResource { asked, similar } => {
            let hint = similar.first().map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            format!("there is no resource `{asked}`{hint}")
        }
        Refusal::NoSuchRole { asked, roles, .. } => format!("there is no role `{asked}`; there are {}", roles.join(", ")),
        Refusal::NotPermitted { because } if because.is_empty() => "no policy is about it".to_owned(),
        Refusal::NotPermitted { .. } => "no policy permits it".to_owned(),
        Refusal::OverCap { at_most } => format!("{at_most} is the most that can be asked for"),
        Refusal::OutsideWindow { earliest: Some(_) } => "not at this time".to_owned(),
        Refusal::OutsideWindow { earliest: None } => "not at this time, nor within two weeks".to_owned(),
        Refusal::TooFarAhead { .. } => "it begins too far ahead".to_owned(),
        Refusal::NoTimeLeft { limit } => format!("the {limit} leaves no time"),
        Refusal::NobodyCanApprove { steps } => format!("nobody could approve it: too few people for {}", steps.join(" and ")),
        Refusal::NoProviderAccount { provider } => format!("they have no account at `{provider}` on file"),
        Refusal::SourceUnreadable { source } => format!("{source} cannot be read"),
        Refusal::NoExtension { .. } => "no extension is permitted".to_owned(),
        Refusal::AccountNotAllowed => "the account is deactivated, or a bot".to_owned(),
        Refusal::ForeignAccount => "the account belongs to another organisation".to_owned(),
        Refusal::ReasonTooShort { min_chars } => format!("the reason needs {min_chars} characters"),
        Refusal::TicketMissing { pattern } => format!("the reason names no ticket like `{pattern}`"),
        // Nothing that a policy says: `evaluate` gives no other reasons.
        other => format!("{other:?}"),
    }
}

fn times(times: u32) -> String {
    if times == 1 { "once".to_owned() } else { format!("{times} times") }
}

fn said(said: &Said) -> String {
    match said {
        Said::NotForThem => "not for them".to_owned(),
        Said::Forbids => "forbids it".to_owned(),
        Said::Unreadable { source } => format!("cannot be read: {source}"),
        Said::Fails { conditions } => format!("its {} is not met", conditions.join(", ")),
        Said::Outranked { by } => format!("permits it too, but `{by}` asks less of people"),
        Said::PastLimit { uses, per } => {
            format!("lets nobody in without being asked more than {} in {per}; others decide now", times(*uses))
        }
        Said::Permits => "permits it".to_owned(),
        Said::Raises { approvals, note_required } => {
            let note = if *note_required { ", who say why" } else { "" };
            format!("at least {approvals} people{note}")
        }
    }
}
