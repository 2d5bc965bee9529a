//! What holds for any set of rules: prohibitions win, permits and requirements never make things worse or wider.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::random::{case, permit, requirement, rules, scope};
use super::*;
use crate::access::ids::PersonId;
use crate::access::request::Mode;
use crate::access::seats::fill;
use crate::policy::facts::Reading;
use crate::policy::file::Approve;
use crate::policy::matching::{Fits, Whose, fits};
use crate::policy::{electorate, merge_steps};

/// The people of the example.
const EVERYBODY: [&str; 9] = ["maya", "hugo", "bob", "carol", "dave", "erin", "frank", "priya", "sam"];

/// Who is away, and who stands in for them.
fn absences(
    away: &std::collections::BTreeMap<&str, &str>,
    now: crate::access::time::Timestamp,
) -> Vec<crate::access::absence::Absence> {
    let absence = |(person, stand_in): (&&str, &&str)| crate::access::absence::Absence {
        person: person.parse().unwrap(),
        since: now,
        until: now.plus(crate::access::time::Ttl::MIN),
        stand_in: stand_in.parse().ok(),
    };
    away.iter().map(absence).collect()
}

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
    fn every_prohibition_that_means_the_request_denies_it((facts, now) in case(), rules in rules(), more in scope()) {
        let set = rules.and_forbid(more).set();
        let ended = set.contract_end(&facts.subject).is_some_and(|end| end <= now);
        let whose = Whose::new(&set, &facts.subject, ended);
        let mut about = set.forbid_about(&facts.resource, &facts.role);
        let forbidden = about.any(|rule| fits(&set, &rule.who, whose, &facts.outside) == Fits::Yes);
        prop_assert!(!forbidden || !evaluate(&set, &facts, now).is_allow());
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
            prop_assert_eq!(steps.is_empty(), mode != Mode::Ask);
        }
    }

    // I7, I16
    #[test]
    fn whoever_comes_each_seat_is_filled_by_another_person_and_none_by_those_who_ask(
        (facts, now) in case(),
        rules in rules(),
        raised in rules(),
        come in prop::collection::vec(prop::sample::select(EVERYBODY.to_vec()), 0..12),
    ) {
        let set = rules.set();
        let Verdict::Allow { steps, .. } = evaluate(&set, &facts, now) else { return Ok(()) };
        // Also where the rules were changed while it was pending.
        let steps = match evaluate(&raised.set(), &facts, now) {
            Verdict::Allow { steps: more, .. } => merge_steps(&steps, &more),
            Verdict::Deny { .. } => steps,
        };
        let voters = electorate(&set, &steps, &facts.subject, &facts.filed_by, &facts.outside, now);
        let come: Vec<PersonId> = come.iter().map(|name| name.parse().unwrap()).collect();
        let come: Vec<PersonId> = come.iter().collect::<BTreeSet<_>>().into_iter().cloned().collect();
        let seating = fill(&steps, &voters, &come);
        let seated: BTreeSet<&PersonId> = seating.seats.iter().map(|seat| &seat.person).collect();
        prop_assert_eq!(seated.len(), seating.seats.len());
        prop_assert!(!seated.contains(&facts.subject) && !seated.contains(&facts.filed_by));
        let seats: u32 = steps.iter().map(|step| step.count).sum();
        prop_assert_eq!(seating.is_complete(), u32::try_from(seated.len()).unwrap() == seats);
    }

    // I7, I16
    #[test]
    fn whoever_stands_in_fills_one_seat_of_somebody_else_and_opens_nothing(
        (facts, now) in case(),
        rules in rules(),
        away in prop::collection::btree_map(prop::sample::select(EVERYBODY.to_vec()), prop::sample::select(EVERYBODY.to_vec()), 0..6),
        come in prop::collection::vec(prop::sample::select(EVERYBODY.to_vec()), 0..12),
    ) {
        let id = |name: &str| name.parse::<PersonId>().unwrap();
        let set = rules.set();
        let with_away = Facts { outside: facts.outside.clone().with_away(absences(&away, now)), ..facts.clone() };
        let verdict = evaluate(&set, &with_away, now);
        prop_assert_eq!(&verdict, &evaluate(&set, &facts, now), "no verdict depends on who is away");
        let Verdict::Allow { steps, .. } = verdict else { return Ok(()) };
        let of = |outside: &Outside| electorate(&set, &steps, &facts.subject, &facts.filed_by, outside, now);
        let (own, voters) = (of(&facts.outside), of(&with_away.outside));
        let everybody: Vec<PersonId> = set.people().keys().cloned().collect();
        prop_assert_eq!(fill(&steps, &own, &everybody).seats.len(), fill(&steps, &voters, &everybody).seats.len());

        let come: Vec<PersonId> = come.iter().collect::<BTreeSet<_>>().into_iter().map(|name| id(name)).collect();
        let seating = fill(&steps, &voters, &come);
        let seated: BTreeSet<&PersonId> = seating.seats.iter().map(|seat| &seat.person).collect();
        let rights: BTreeSet<&PersonId> = seating.seats.iter().map(|seat| seat.in_place_of.as_ref().unwrap_or(&seat.person)).collect();
        prop_assert!(seated.len() == seating.seats.len() && rights.len() == seating.seats.len(), "{:?}", seating);
        prop_assert!(!seated.contains(&facts.subject) && !seated.contains(&facts.filed_by));
        for seat in &seating.seats {
            let right = seat.in_place_of.as_ref().unwrap_or(&seat.person);
            let at = steps.iter().position(|step| step.by == seat.step).unwrap();
            prop_assert!(own[at].contains(right), "a seat is filled by the right of somebody who has it");
            if let Some(other) = &seat.in_place_of {
                let named = away.get(other.as_str()).is_some_and(|stand_in| id(stand_in) == seat.person);
                prop_assert!(named && !come.contains(other) && !away.contains_key(seat.person.as_str()), "{:?}", seat);
                let is_employed = set.person(&seat.person).is_some_and(|person| person.kind == crate::policy::file::Kind::Employee);
                prop_assert!(is_employed && *other != facts.subject && *other != facts.filed_by);
            }
        }
    }

    // I16
    #[test]
    fn break_glass_is_for_those_who_ask_for_it((mut facts, now) in case(), rules in rules()) {
        let set = rules.set();
        let verdict = evaluate(&set, &facts, now);
        if let Verdict::Allow { mode, steps, policy, review, .. } = &verdict {
            let is_for_it = set.policy(policy).is_some_and(|policy| matches!(policy.approve, Approve::BreakGlass(_)));
            prop_assert_eq!(is_for_it, facts.manner == Manner::BreakGlass);
            prop_assert_eq!(*mode == Mode::BreakGlass, is_for_it && steps.is_empty());
            prop_assert_eq!(review.is_some(), *mode == Mode::BreakGlass);
        }
        facts.manner = Manner::Usual;
        let is_silent = matches!(evaluate(&set, &facts, now), Verdict::Allow { mode: Mode::BreakGlass, .. });
        prop_assert!(!is_silent);
    }

    // E47, E48
    #[test]
    fn a_group_that_cannot_be_read_never_opens_nor_asks_less(
        (mut facts, now) in case(),
        rules in rules(),
        group in prop::sample::select(vec!["dba", "security", "engineering", "contractors/acme"]),
    ) {
        let set = rules.set();
        let before = evaluate(&set, &facts, now);
        facts.outside.groups.insert(group.parse().unwrap(), Reading::Unreadable { source: "the directory".to_owned() });
        let after = evaluate(&set, &facts, now);
        if !before.is_allow() && after.is_allow() {
            // Who is in it cannot be told, and a rule says who decides then: they are asked. Nobody gets in by that alone.
            let is_left_to_people = set.policies().iter().any(|policy| {
                let is_of_it = policy.who.group.as_ref().is_some_and(|named| named.value.as_str() == group);
                is_of_it && matches!(&policy.approve, Approve::Auto(Some(limit)) if !limit.otherwise.is_empty())
            });
            let asks = people(&after).is_some_and(|people| people > 0);
            prop_assert!(is_left_to_people && asks, "{after:?}");
        }
        if after.is_allow() {
            prop_assert!(people(&after) >= people(&before));
            prop_assert!(must_note(&after) || !must_note(&before));
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
