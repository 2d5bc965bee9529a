use crate::slack::say::forms::review_form;
use crate::slack::say::samples::Stage;
use crate::slack::say::shown;

// E46
#[test]
fn everybody_reads_who_broke_the_glass_and_who_has_to_review_it() {
    let stage = Stage::set().unwrap();
    let mut out = String::new();
    for (name, message) in stage.broken_glass() {
        out.push_str(&format!("=== {name}\n{}\n", shown::message(&message)));
    }
    out.push_str(&shown::view(&review_form(&stage.broken(), &stage.names)));
    insta::assert_snapshot!(out);
}
