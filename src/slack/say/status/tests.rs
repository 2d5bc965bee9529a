use super::*;
use crate::slack::say::samples::Stage;
use crate::slack::say::shown;

#[test]
fn the_requester_always_reads_where_it_stands() {
    let stage = Stage::set().unwrap();
    let mut out = String::new();
    for (name, request) in stage.requests() {
        out.push_str(&format!("=== {name}\n{}\n", shown::message(&status(&stage.status(&request, &[])))));
    }
    insta::assert_snapshot!(out);
}

#[test]
fn the_requester_reads_what_became_of_the_access() {
    let stage = Stage::set().unwrap();
    let request = stage.approved();
    let mut out = String::new();
    for (name, grant) in stage.grants() {
        let grants = std::slice::from_ref(&grant);
        out.push_str(&format!("=== {name}\n{}\n", shown::message(&status(&stage.status(&request, grants)))));
    }
    insta::assert_snapshot!(out);
}

#[test]
fn an_extension_says_when_the_access_ends_now() {
    let stage = Stage::set().unwrap();
    let mut request = stage.approved();
    request.terms.purpose = Purpose::Extension(stage.grant.id);
    let mut out = String::new();
    for (name, grant) in stage.grants() {
        let facts = stage.status(&request, std::slice::from_ref(&grant));
        out.push_str(&format!("{name}: {}\n", headline(&facts).told));
    }
    let (_, active) = stage.grants().into_iter().find(|(name, _)| *name == "active").unwrap();
    let moving = crate::access::grant::Extension { request: request.id, to: crate::slack::say::samples::at(185) };
    let moving = Grant { extension: Some(moving), ..active };
    out.push_str(&format!("moving: {}\n", headline(&stage.status(&request, std::slice::from_ref(&moving))).told));
    insta::assert_snapshot!(out);
}

// "Granted" is said only once a look at the provider showed it.
#[test]
fn nothing_is_called_yours_before_it_is_in_force() {
    let stage = Stage::set().unwrap();
    let request = stage.approved();
    for (name, grant) in stage.grants() {
        let in_force = matches!(grant.state, GrantState::Active { .. });
        let grants = std::slice::from_ref(&grant);
        let facts = stage.status(&request, grants);
        let json = status(&facts).to_json().to_string();
        assert_eq!(headline(&facts).told.contains("is yours"), in_force, "{name}");
        assert_eq!(json.contains("psql"), in_force, "{name}");
        assert_eq!(json.contains("grant.done"), in_force, "{name}");
        assert_eq!(json.contains("BEGIN AGE"), name == "active_with_secret", "{name}");
    }
}
