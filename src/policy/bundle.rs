//! A bundle is judged by its parts, each by its own rules: all must permit, and what they ask of people is asked once. Pure.

use std::cmp::Reverse;

use super::electorate::merge_steps;
use super::evaluate::judge;
use super::facts::{ExtendLimits, Facts, Review, Said, Trace, Verdict};
use super::file::Bundle;
use super::permit::{Case, Reasons, total};
use super::set::PolicySet;
use crate::access::refusal::Refusal;
use crate::access::request::Mode;
use crate::access::time::Timestamp;

/// The one role that a bundle has.
pub const ROLE: &str = "all";

/// The verdict on the whole: the steps are the union of what the parts ask for, filled by distinct people; every length is the
/// shortest, the end is the earliest, and a note is required where any part requires it.
pub(super) fn merged(set: &PolicySet, bundle: &Bundle, facts: &Facts, now: Timestamp, reasons: Reasons) -> Verdict {
    let verdicts = bundle.of.iter().map(|part| {
        let (resource, role) = (part.resource.value.clone(), part.role.value.clone());
        judge(set, &Facts { resource, role, ..facts.clone() }, now, reasons)
    });
    let (mut allowed, mut denied) = (Vec::new(), Vec::new());
    for verdict in verdicts {
        match verdict {
            Verdict::Allow { .. } => allowed.push(verdict),
            Verdict::Deny { refusal, because, trace } => denied.push((refusal, because, trace)),
        }
    }
    if !denied.is_empty() {
        return refused(denied);
    }
    let Some(whole) = allowed.into_iter().reduce(both) else {
        return Verdict::Deny { refusal: Refusal::NoPolicy, because: Vec::new(), trace: Trace::default() };
    };
    fillable(whole, &Case::new(set, facts, now, reasons))
}

/// The nearest no of the parts: of several that are too long, the shortest that is allowed.
fn refused(mut denied: Vec<(Refusal, Vec<String>, Trace)>) -> Verdict {
    denied.sort_by_key(|(refusal, _, _)| match refusal {
        Refusal::OverCap { at_most } => (1, at_most.as_millis()),
        Refusal::OutsideWindow { earliest: Some(earliest) } => (2, -earliest.as_millis()),
        _ => (0, 0),
    });
    let because = denied.iter().flat_map(|(_, because, _)| because.clone()).collect();
    let lines = denied.iter().flat_map(|(_, _, trace)| trace.lines.clone()).collect();
    let refusal = denied.into_iter().next().map_or(Refusal::NoPolicy, |(refusal, _, _)| refusal);
    Verdict::Deny { refusal, because, trace: Trace { lines } }
}

/// Two parts of one bundle, as one. Both are permitted.
fn both(mut one: Verdict, other: Verdict) -> Verdict {
    if let Verdict::Allow {
        policy,
        also,
        steps,
        mode,
        ends_at_most,
        clamped_by,
        answer_within,
        start_within,
        warn_before,
        note_required,
        extend,
        review,
        remind,
        trace,
    } = &mut one
        && let Verdict::Allow {
            policy: mut other_policy,
            also: other_also,
            steps: other_steps,
            mode: other_mode,
            ends_at_most: other_end,
            clamped_by: other_clamp,
            answer_within: other_answer,
            start_within: other_start,
            warn_before: other_warn,
            note_required: other_note,
            extend: other_extend,
            review: other_review,
            remind: other_remind,
            trace: other_trace,
        } = other
    {
        // Named after the part that asks most of people, ties by id.
        if (Reverse(total(&other_steps)), &other_policy) < (Reverse(total(steps)), policy) {
            std::mem::swap(policy, &mut other_policy);
        }
        also.extend(other_also.into_iter().chain([other_policy]));
        also.sort();
        also.dedup();
        also.retain(|id| id != policy);
        *steps = merge_steps(steps, &other_steps);
        *mode = strictest(*mode, other_mode);
        if other_end < *ends_at_most {
            (*ends_at_most, *clamped_by) = (other_end, other_clamp);
        }
        *answer_within = other_answer.min(*answer_within);
        *start_within = other_start.min(*start_within);
        *warn_before = other_warn.min(*warn_before);
        *note_required |= other_note;
        *extend =
            extend.zip(other_extend).map(|(a, b)| ExtendLimits { times: a.times.min(b.times), total: a.total.min(b.total) });
        *review = match (review.take(), other_review) {
            (Some(a), Some(b)) => Some(Review { within: a.within.min(b.within), by: union(a.by, b.by) }),
            (review, None) | (None, review) => review,
        };
        *remind = match (remind.take(), other_remind) {
            (Some(a), Some(b)) => Some(if b.after < a.after { b } else { a }),
            (remind, None) | (None, remind) => remind,
        };
        trace.lines.extend(other_trace.lines);
    }
    one
}

/// People decide about the whole where they decide about any part.
fn strictest(one: Mode, other: Mode) -> Mode {
    match (one, other) {
        (Mode::Ask, _) | (_, Mode::Ask) => Mode::Ask,
        (Mode::BreakGlass, _) | (_, Mode::BreakGlass) => Mode::BreakGlass,
        (Mode::Auto, Mode::Auto) => Mode::Auto,
    }
}

fn union(mut one: Vec<String>, other: Vec<String>) -> Vec<String> {
    for by in other {
        if !one.contains(&by) {
            one.push(by);
        }
    }
    one
}

/// What each part can be agreed to may be more than the same people can agree to together.
fn fillable(whole: Verdict, case: &Case<'_>) -> Verdict {
    let Verdict::Allow { policy, steps, mode, trace, .. } = &whole else { return whole };
    if *mode != Mode::Ask {
        return whole;
    }
    let unfilled = case.unfilled(steps, &case.facts.outside);
    if unfilled.is_empty() {
        return whole;
    }
    let mut trace = trace.clone();
    let refusal = match case.waits_for(steps, &unfilled) {
        Some(source) => {
            trace.lines.push(super::facts::TraceLine { rule: policy.clone(), said: Said::Unreadable { source: source.clone() } });
            Refusal::SourceUnreadable { source }
        }
        None => Refusal::NobodyCanApprove { steps: unfilled },
    };
    Verdict::Deny { refusal, because: vec![format!("{policy}.approve")], trace }
}
