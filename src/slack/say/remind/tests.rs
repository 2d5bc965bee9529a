use super::*;
use crate::slack::say::samples::Stage;
use crate::slack::say::shown;

#[test]
fn whoever_is_asked_and_whoever_asked_read_how_far_it_has_gone() {
    let stage = Stage::set().unwrap();
    let mut told = String::new();
    for (name, message) in stage.reminders() {
        told.push_str(&format!("=== {name}\n{}\n", shown::message(&message)));
    }
    let (title, details) = page_text(&stage.reminded().1, &stage.still, &stage.names);
    told.push_str(&format!("=== the page\n{title}\n{details}\n"));
    insta::assert_snapshot!(told);
}

#[test]
fn what_is_decided_is_no_news_of_waiting_and_no_alarm() {
    let stage = Stage::set().unwrap();
    let (_, twice) = stage.reminded();
    let over = Request { state: stage.approved().state, ..twice };
    assert!(still_waiting(&over, &[], over.asked_at, &stage.names).is_none());
    assert!(page_fails(&over, &stage.names).is_none());
    assert!(so_far(&over, &stage.names).is_empty());
}
