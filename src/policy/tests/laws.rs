//! What holds for any set of rules: prohibitions win, permits and requirements never make things worse or wider.

use proptest::prelude::*;

use super::random::{case, permit, requirement, rules, scope};
use super::*;
use crate::access::ids::PersonId;
use crate::access::request::Mode;
use crate::policy::electorate;

/// How many people must agree; none where it is denied.
fn people(verdict: &Verdict) -> Option<u32> {
    match verdict {
        Verdict::Allow { steps, .. } => Some(steps.iter().map(|step| step.count).sum()),
        Verdict::Deny { .. } => None,
    }
}

fn must_note(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Allow { note_required: true, .. })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_matching_prohibition_always_denies((facts, now) in case(), rules in rules()) {
        let everything = format!("who: {{ person: {} }}", facts.subject);
        let verdict = evaluate(&rules.and_forbid(everything).set(), &facts, now);
        prop_assert!(!verdict.is_allow());
    }

    #[test]
    fn a_prohibition_never_opens((facts, now) in case(), rules in rules(), more in scope()) {
        let before = evaluate(&rules.set(), &facts, now);
        let after = evaluate(&rules.and_forbid(more).set(), &facts, now);
        prop_assert!(before.is_allow() || !after.is_allow());
    }

    #[test]
    fn a_permit_never_turns_yes_into_no_nor_asks_more((facts, now) in case(), rules in rules(), more in permit()) {
        let before = evaluate(&rules.set(), &facts, now);
        let after = evaluate(&rules.and_permit(more).set(), &facts, now);
        prop_assert!(!before.is_allow() || after.is_allow());
        if before.is_allow() {
            prop_assert!(people(&after) <= people(&before));
        }
    }

    #[test]
    fn a_requirement_never_opens_and_always_raises((facts, now) in case(), rules in rules(), more in requirement()) {
        let before = evaluate(&rules.set(), &facts, now);
        let after = evaluate(&rules.and_require(more).set(), &facts, now);
        prop_assert!(before.is_allow() || !after.is_allow());
        if after.is_allow() {
            prop_assert!(people(&after) >= people(&before));
            prop_assert!(must_note(&after) || !must_note(&before));
        }
    }

    #[test]
    fn what_is_required_is_asked((facts, now) in case(), rules in rules(), count in 1u32..5) {
        let floor = format!("who: {{ person: {} }}, approvals: {count}, note: required", facts.subject);
        let verdict = evaluate(&rules.and_require(floor).set(), &facts, now);
        prop_assert!(people(&verdict).is_none_or(|people| people >= count));
        prop_assert!(!verdict.is_allow() || must_note(&verdict));
    }

    // I16
    #[test]
    fn nobody_approves_for_themselves_and_every_request_can_be_approved((facts, now) in case(), rules in rules()) {
        let set = rules.set();
        if let Verdict::Allow { steps, mode, .. } = evaluate(&set, &facts, now) {
            let voters = electorate(&set, &steps, &facts.subject, &facts.filed_by, &facts.outside, now);
            prop_assert!(voters.iter().all(|people| !people.contains(&facts.subject) && !people.contains(&facts.filed_by)));
            let everybody: Vec<PersonId> = set.people().keys().cloned().collect();
            prop_assert!(crate::access::seats::fill(&steps, &voters, &everybody).is_complete());
            prop_assert_eq!(steps.is_empty(), mode == Mode::Auto);
        }
    }

    #[test]
    fn no_end_is_past_the_contract_or_the_ceiling((facts, now) in case(), rules in rules()) {
        let set = rules.set();
        if let Verdict::Allow { ends_at_most, .. } = evaluate(&set, &facts, now) {
            prop_assert!(ends_at_most <= now.plus(set.defaults().hard_ceiling));
            prop_assert!(ends_at_most > now);
            prop_assert!(set.contract_end(&facts.subject).is_none_or(|end| ends_at_most <= end));
        }
    }

    #[test]
    fn the_earliest_time_that_is_named_is_within_the_hours((facts, now) in case(), rules in rules()) {
        let set = rules.set();
        let verdict = evaluate(&set, &facts, now);
        if let Verdict::Deny { refusal: Refusal::OutsideWindow { earliest: Some(earliest) }, because, .. } = verdict {
            prop_assert!(earliest > now);
            // The nearest rule comes first; at the time it names, its hours are no obstacle any more.
            let closed = because.iter().find(|rule| rule.ends_with(".when")).unwrap();
            if let Verdict::Deny { because, .. } = evaluate(&set, &facts, earliest) {
                prop_assert!(!because.contains(closed), "{because:?}");
            }
        }
    }

    // E12, E48
    #[test]
    fn what_slack_does_not_say_never_opens((mut facts, now) in case(), rules in rules()) {
        let set = rules.set();
        let heard = evaluate(&set, &facts, now);
        facts.outside = Outside::unread();
        let unheard = evaluate(&set, &facts, now);
        // Nobody is vouched for: nothing that needs anybody can begin, and it is not taken for a no.
        prop_assert!(!unheard.is_allow());
        prop_assert_eq!(heard.is_allow() && !unheard.is_for_want_of_answers(), false);
    }

    #[test]
    fn the_order_of_files_does_not_matter((facts, now) in case()) {
        let mut sources = example_sources();
        sources.reverse();
        let set = PolicySet::parse(sources, Shapes::UNCHECKED).unwrap();
        let sorted = example();
        prop_assert_eq!(set.digest(), sorted.digest());
        prop_assert_eq!(evaluate(&set, &facts, now), evaluate(&sorted, &facts, now));
    }

    #[test]
    fn any_text_is_read_or_refused_without_a_panic(text in "[ -~\n]{0,300}") {
        let _ = parse(&text);
        let _ = PolicySet::reparse(&text);
    }
}
