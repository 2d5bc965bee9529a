use crate::slack::say::card::card;
use crate::slack::say::samples::Stage;
use crate::slack::say::shown;
use crate::slack::say::status::status;

fn stage() -> Stage {
    Stage::set().unwrap().bundled().unwrap()
}

#[test]
fn the_requester_reads_where_all_of_it_stands() {
    let stage = stage();
    let (request, all) = stage.bundles();
    let mut out = String::new();
    for (name, grants) in all {
        out.push_str(&format!("=== {name}\n{}\n", shown::message(&status(&stage.status(&request, &grants)))));
    }
    insta::assert_snapshot!(out);
}

#[test]
fn a_card_names_the_bundle_and_its_parts() {
    let stage = stage();
    let (request, all) = stage.bundles();
    let mut out = format!("=== pending\n{}\n", shown::message(&card(&stage.card(&stage.request, &[]))));
    for (name, grants) in all.into_iter().filter(|(name, _)| ["rolled_back", "ended"].contains(name)) {
        out.push_str(&format!("=== {name}\n{}\n", shown::message(&card(&stage.card(&request, &grants)))));
    }
    insta::assert_snapshot!(out);
}
