use super::*;
use crate::access::ids::RequestId;
use crate::slack::limits::view_problems;
use crate::slack::say::lists::LISTED_MAX;
use crate::slack::say::samples::Stage;

#[test]
fn as_many_as_a_list_shows_fit_the_form_and_each_carries_its_own_terms() {
    let stage = Stage::set().unwrap();
    let numbered = |number| Request { id: RequestId::from_number(number), ..stage.request.clone() };
    let offered: Vec<Request> = (1..=LISTED_MAX as i64).map(numbered).collect();
    let apart: Vec<(Request, Apart)> = offered.iter().map(|request| (request.clone(), Apart::HighRisk)).collect();
    let form = form(&offered, &apart, &stage.names).to_json();
    assert_eq!(view_problems(&form), Vec::<String>::new());
    assert_eq!(form.to_string().matches("00abcdef01234567").count(), 2 * LISTED_MAX, "each option, and each as ticked");
}

#[test]
fn one_alone_is_not_offered_as_several() {
    assert!(offer(0).is_none() && offer(1).is_none() && offer(2).is_some());
}
