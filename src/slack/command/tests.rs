use super::*;
use crate::slack::until::Day;
use proptest::prelude::*;

fn ttl(text: &str) -> Ttl {
    text.parse().unwrap()
}

fn ask(words: &[&str], length: Option<Length>, reason: &str) -> Command {
    Command::Request(Ask { words: words.iter().map(|word| (*word).to_owned()).collect(), length, reason: Words::typed(reason) })
}

#[test]
fn requests_are_read() {
    let two_hours = Some(Length::For(ttl("2h")));
    let six = jiff::civil::time(18, 0, 0, 0);
    let noon = jiff::civil::time(12, 0, 0, 0);
    let friday = Day::On(jiff::civil::Weekday::Friday);
    for (text, expected) in [
        ("request", ask(&[], None, "")),
        ("REQUEST prod/orders", ask(&["prod/orders"], None, "")),
        (
            "request prod/orders readonly 2h OPS-42 slow checkout",
            ask(&["prod/orders", "readonly"], two_hours, "OPS-42 slow checkout"),
        ),
        ("request  orders database   read only 2h", ask(&["orders", "database", "read", "only"], two_hours, "")),
        ("request prod/orders readonly for 2h it lasts 3h", ask(&["prod/orders", "readonly"], two_hours, "it lasts 3h")),
        ("request a b 1h30m x", ask(&["a", "b"], Some(Length::For(ttl("90m"))), "x")),
        ("request a b until 18:00 x", ask(&["a", "b"], Some(Length::Until(Until { day: None, time: six })), "x")),
        (
            "request a b until fri 12:00 x y",
            ask(&["a", "b"], Some(Length::Until(Until { day: Some(friday), time: noon })), "x y"),
        ),
        ("request a for", ask(&["a", "for"], None, "")),
    ] {
        assert_eq!(Command::read(text), expected, "{text}");
    }
}

#[test]
fn breaking_the_glass_is_read_like_a_request() {
    let expected = |reason: &str| {
        let words = vec!["prod/orders".to_owned(), "readonly".to_owned()];
        Command::BreakGlass(Ask { words, length: Some(Length::For(ttl("30m"))), reason: Words::typed(reason) })
    };
    for text in ["break-glass prod/orders readonly 30m stuck", "BREAK GLASS prod/orders readonly for 30m stuck"] {
        assert_eq!(Command::read(text), expected("stuck"), "{text}");
    }
    // Whether a reason is needed is for others to say.
    assert_eq!(Command::read("breakglass prod/orders readonly 30m"), expected(""));
}

#[test]
fn the_other_commands_are_read() {
    let (request, grant) = ("R-42".parse().unwrap(), "G-57".parse().unwrap());
    for (text, expected) in [
        ("", Command::Help),
        ("  ", Command::Help),
        ("help", Command::Help),
        ("help me", Command::Help),
        ("mine", Command::Mine),
        ("Pending", Command::Pending),
        ("cancel", Command::Cancel { request: None }),
        ("cancel r-42", Command::Cancel { request: Some(request) }),
        ("remind", Command::Remind { request: None }),
        ("remind r-42", Command::Remind { request: Some(request) }),
        ("done", Command::Done { grant: None }),
        ("done G-57", Command::Done { grant: Some(grant) }),
        ("extend", Command::Extend { grant: None, by: None, reason: Words::default() }),
        ("extend G-57", Command::Extend { grant: Some(grant), by: None, reason: Words::default() }),
        ("extend 1h", Command::Extend { grant: None, by: Some(ttl("1h")), reason: Words::default() }),
        (
            "extend g-57 1h still importing",
            Command::Extend { grant: Some(grant), by: Some(ttl("1h")), reason: Words::typed("still importing") },
        ),
        ("revoke G-57 laptop was stolen", Command::Revoke { grant, reason: Words::typed("laptop was stolen") }),
        ("why R-42", Command::Why { request }),
    ] {
        assert_eq!(Command::read(text), expected, "{text}");
    }
}

#[test]
fn what_is_not_understood_is_answered_with_a_line_that_works() {
    let mut out = String::new();
    for text in [
        "requst prod/orders readonly 2h x",
        "minee",
        "prod/orders readonly 2h OPS-42",
        "withdraw R-42",
        "approve R-42",
        "break-glass",
        "break-glass prod/orders",
        "break glass prod/orders readonly",
        "break-glass prod/orders readonly 0m x",
        "brake-glass prod/orders readonly 30m stuck",
        "emergency prod/orders 30m stuck",
        "revoke-all",
        "away until mon",
        "lock",
        "lock everything until noon",
        "unlock everything now",
        "who prod/orders",
        "nudge R-42",
        "remind 42",
        "request for <@U0MAYA> prod/orders readonly 2h",
        "request prod/orders readonly from 23:00 until 01:00",
        "request prod/orders readonly until later",
        "request prod/orders readonly 0m x",
        "request 2h prod/orders",
        "mine please",
        "cancel 42",
        "cancel G-57",
        "done R-42",
        "done G-57 G-58",
        "extend G-57 long",
        "extend G-57 999d",
        "extend x 1h",
        "revoke",
        "revoke maya",
        "why",
        "why G-1",
        "<!channel> \u{202e}evil",
        "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz",
    ] {
        match Command::read(text) {
            Command::NotUnderstood(NotUnderstood { problem, example, nearest }) => {
                out.push_str(&format!("{text}\n    {problem}\n    e.g. {example}\n"));
                if let Some(nearest) = nearest {
                    out.push_str(&format!("    did you mean {nearest}\n"));
                }
                assert!(!matches!(Command::read(example.trim_start_matches("/jit")), Command::NotUnderstood(_)), "{example}");
            }
            other => panic!("{text}: {other:?}"),
        }
    }
    insta::assert_snapshot!(out);
}

#[test]
fn lengths_in_forms_are_read_with_or_without_until() {
    let six = Length::Until(Until { day: None, time: jiff::civil::time(18, 0, 0, 0) });
    assert_eq!(read_length("until 18:00"), Ok(six));
    assert_eq!(read_length(" 18:00 "), Ok(six));
    assert_eq!(read_length("1h 30m"), Ok(Length::For(ttl("90m"))));
    assert!(read_length("18:00 sharp").is_err());
    assert!(read_length("").is_err());
}

proptest! {
    #[test]
    fn no_text_breaks_the_grammar(text in any::<String>(), verb in prop::sample::select(VERBS.to_vec())) {
        let _ = Command::read(&text);
        let _ = Command::read(&format!("{verb} {text}"));
        let _ = read_length(&text);
    }
}

#[test]
fn a_lock_says_on_what_until_when_and_why() {
    let lock = |text: &str| match Command::read(text) {
        Command::Lock(words) => words,
        other => panic!("{text}: {other:?}"),
    };
    let maya = lock("lock <@U0MAYA> until fri 12:00 laptop was stolen");
    let until = crate::slack::until::Until::read(&["fri", "12:00"]).map(|(until, _)| Length::Until(until));
    assert_eq!((maya.what.as_str(), maya.length, maya.reason.as_typed()), ("<@U0MAYA>", until, "laptop was stolen"));
    for (text, what, minutes, reason) in [
        ("lock contractors/acme", "contractors/acme", None, ""),
        ("LOCK prod/orders for 2h the dump leaked", "prod/orders", Some(120), "the dump leaked"),
        ("lock everything 30m", "everything", Some(30), ""),
        ("lock everything for good", "everything", None, "for good"),
        ("lock everything it lasts 2h", "everything", None, "it lasts 2h"),
    ] {
        let length = minutes.and_then(Ttl::from_minutes).map(Length::For);
        let read = lock(text);
        assert_eq!((read.what.as_str(), read.length, read.reason.as_typed()), (what, length, reason), "{text}");
    }
    for text in ["lock", "lock x until", "lock x until noon", "unlock", "unlock x y", "revoke-all"] {
        assert!(matches!(Command::read(text), Command::NotUnderstood(_)), "{text}");
    }
    assert_eq!(Command::read("unlock everything"), Command::Unlock { what: "everything".to_owned() });
    let whose = "<@U0MAYA>".to_owned();
    assert_eq!(Command::read("revoke-all <@U0MAYA> gone"), Command::RevokeAll { whose, reason: Words::typed("gone") });
}
