//! Who may approve, and who never may.

use super::*;
use crate::access::ids::PersonId;
use crate::access::request::Step;
use crate::access::seats::fill;
use crate::policy::facts::Standing;
use crate::policy::{electorate, merge_steps};

fn step(by: &str, count: u32) -> Step {
    Step { by: by.into(), count }
}

fn id(text: &str) -> PersonId {
    text.parse().unwrap()
}

/// Who may fill a step for Maya's request, filed by `filer`.
fn voters(set: &PolicySet, by: &str, filer: &str, outside: &Outside) -> String {
    let found = electorate(set, &[step(by, 1)], &id("maya"), &id(filer), outside, tuesday());
    found[0].iter().map(PersonId::as_str).collect::<Vec<_>>().join(" ")
}

#[test]
fn each_word_means_its_people() {
    let (set, outside) = (example(), Outside::assumed_active());
    for (by, people) in [
        ("group/dba", "carol dave"),
        ("group/dba or group/security", "carol dave erin frank"),
        ("person/sam", "sam"),
        ("sponsor", "bob"),
        ("manager", ""),
        ("group/nobody", ""),
        ("person/nobody", ""),
        ("everybody", ""),
        ("", ""),
    ] {
        assert_eq!(voters(&set, by, "maya", &outside), people, "{by}");
    }
}

// E6, I16
#[test]
fn neither_the_subject_nor_the_filer_is_ever_asked() {
    let (set, outside) = (example(), Outside::assumed_active());
    assert_eq!(voters(&set, "person/maya", "maya", &outside), "");
    assert_eq!(voters(&set, "sponsor", "bob", &outside), "");
    assert_eq!(voters(&set, "group/dba", "carol", &outside), "dave");
    assert_eq!(voters(&set, "group/contractors/acme", "carol", &outside), "");
}

// E11, E40
#[test]
fn accounts_that_cannot_vouch_for_a_person_do_not_approve() {
    let set = example();
    for (standing, in_group, by_name) in [
        (Standing::Active, "carol dave", "carol"),
        (Standing::Guest, "dave", "carol"),
        (Standing::Deactivated, "dave", ""),
        (Standing::Stranger, "dave", ""),
        (Standing::Bot, "dave", ""),
        (Standing::Unknown, "dave", ""),
    ] {
        let mut outside = Outside::assumed_active();
        outside.standings.insert(id("carol"), standing);
        assert_eq!(voters(&set, "group/dba", "maya", &outside), in_group, "{standing:?}");
        assert_eq!(voters(&set, "person/carol", "maya", &outside), by_name, "{standing:?}");
    }
    assert_eq!(voters(&set, "group/dba", "maya", &Outside::unread()), "");
}

#[test]
fn contractors_approve_only_by_name_and_only_while_their_contract_lasts() {
    let set = example_and(
        "people:
  - { id: robot, name: Robot, kind: service }
groups: [{ id: mixed, members: [hugo, sam, robot] }]",
    );
    let outside = Outside::assumed_active();
    assert_eq!(voters(&set, "group/mixed", "maya", &outside), "sam");
    assert_eq!(voters(&set, "person/hugo", "maya", &outside), "hugo");
    assert_eq!(voters(&set, "person/robot", "maya", &outside), "");
    let later = berlin("2027-02-01T00:00");
    let found = electorate(&set, &[step("person/hugo", 1)], &id("maya"), &id("maya"), &outside, later);
    assert!(found.iter().all(|electors| electors.is_empty()), "{found:?}");
}

// E45, I7
#[test]
fn one_person_in_both_groups_is_one_person() {
    let set = example_and("groups: [{ id: both, members: [carol] }]");
    let steps = [step("group/dba", 1), step("group/both", 1)];
    let voters = electorate(&set, &steps, &id("maya"), &id("maya"), &Outside::assumed_active(), tuesday());
    assert!(!fill(&steps, &voters, &[id("carol")]).is_complete());
    assert!(fill(&steps, &voters, &[id("carol"), id("dave")]).is_complete());
}

// E8, I8
#[test]
fn a_changed_policy_only_raises_what_was_asked() {
    let pinned = [step("group/dba", 2), step("sponsor", 1)];
    let current = [step("group/dba", 1), step("group/security", 1)];
    let merged = merge_steps(&pinned, &current);
    assert_eq!(merged, [step("group/dba", 2), step("sponsor", 1), step("group/security", 1)]);
    assert_eq!(merge_steps(&merged, &merged), merged);
}
