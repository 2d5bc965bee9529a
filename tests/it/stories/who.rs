//! Who holds what, for those who answer for it; numbers of either kind; and help that fits the person.

use super::ASK;
use crate::support::world::{World, hours};

async fn where_maya_and_bob_hold_something() -> World {
    let mut w = World::new().await;
    w.says("maya", ASK).await;
    w.presses("carol", "R-1", "request.approve").await;
    w.says("bob", "/jit request prod/orders readonly 1h the totals are wrong").await;
    w.presses("dave", "R-2", "request.approve").await;
    w
}

#[tokio::test]
async fn owners_and_admins_see_who_holds_it_and_others_see_their_own() {
    let mut w = where_maya_and_bob_hold_something().await;
    let seen = w.says("carol", "/jit who prod/orders").await;
    for words in
        ["Maya Okafor (contractor, Acme)", "G-1 (Orders database · Read only)", "Bob Keller", "G-2", "seen at the provider"]
    {
        assert!(seen.contains(words), "{words}: {seen}");
    }
    assert!(!seen.contains("You see your own access"), "{seen}");
    insta::assert_snapshot!(seen);
    assert!(w.says("priya", "/jit who orders readonly").await.contains("2 accesses"));

    let seen = w.says("maya", "/jit who orders").await;
    assert!(seen.contains("G-1") && !seen.contains("Bob"), "{seen}");
    assert!(seen.contains("You see your own access, that of the people you sponsor"), "{seen}");
    let seen = w.says("sam", "/jit who prod/orders").await;
    assert!(seen.contains("there is nothing for you to see") && !seen.contains("Maya"), "{seen}");
    // Her sponsor sees hers, and his own.
    let seen = w.says("bob", "/jit who prod/orders").await;
    assert!(seen.contains("G-1") && seen.contains("G-2"), "{seen}");
    let seen = w.says("bob", "/jit who @maya").await;
    assert!(seen.contains("G-1") && !seen.contains("G-2"), "{seen}");
    insta::assert_snapshot!(seen);
    assert!(w.says("hugo", "/jit who maya").await.contains("there is nothing for you to see"));

    w.advance(hours(2)).await;
    assert!(w.says("carol", "/jit who prod/orders").await.contains("Nobody holds Orders database now"));
}

#[tokio::test]
async fn a_person_a_role_and_numbers_of_either_kind_are_understood() {
    let mut w = where_maya_and_bob_hold_something().await;
    for (words, said) in [
        ("/jit who readonly", "G-2"),
        ("/jit who R-1", "R-1 (Orders database · Read only): 1 access"),
        ("/jit who r1", "Maya Okafor"),
        ("/jit who g-2", "Bob Keller"),
        ("/jit who @bob", "what Bob Keller has: 1 access"),
        ("/jit who Bob", "what Bob Keller has: 1 access"),
        ("/jit who nothing", "I know nothing and nobody called “nothing”"),
        ("/jit who", "it does not say of what or of whom"),
        ("/jit holders prod/orders", "Did you mean: /jit who prod/orders"),
        ("/jit why G-1", "acme-read-orders"),
        ("/jit why g1", "acme-read-orders"),
        ("/jit cancel G-1", "Did you mean: /jit done G-1"),
        ("/jit done R-1", "Did you mean: /jit cancel R-1"),
        ("/jit vacation until mon", "Did you mean: /jit away until mon"),
    ] {
        let answer = w.says("priya", words).await;
        assert!(answer.contains(said), "{words}: {answer}");
    }
    let answer = w.says("hugo", "/jit why G-1").await;
    assert!(answer.contains("There is no access G-1 for you to see") && !answer.contains("R-1"), "{answer}");
    let answer = w.says("hugo", "/jit who R-1").await;
    assert!(answer.contains("nothing for you to see") && !answer.contains("Orders"), "{answer}");
}

#[tokio::test]
async fn help_is_what_this_person_can_do() {
    let mut w = World::new().await;
    let mut all = Vec::new();
    for who in ["maya", "carol", "bob", "priya", "sam"] {
        all.push(format!("{who}\n{}", w.says(who, "/jit help").await));
    }
    insta::assert_snapshot!(all.join("\n\n"));
}
