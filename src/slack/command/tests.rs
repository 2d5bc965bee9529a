use super::meant::VERBS;
use super::*;
use crate::slack::until::Day;
use proptest::prelude::*;

fn ttl(text: &str) -> Ttl {
    text.parse().unwrap()
}

fn ask(words: &[&str], length: Option<Length>, reason: &str) -> Command {
    ask_from(words, None, length, reason)
}

fn ask_from(words: &[&str], from: Option<Until>, length: Option<Length>, reason: &str) -> Command {
    let words = words.iter().map(|word| (*word).to_owned()).collect();
    Command::Request(Ask { words, from, length, reason: Words::typed(reason) })
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
fn a_start_is_read_with_what_comes_after_it() {
    let time = |hour, minute| jiff::civil::time(hour, minute, 0, 0);
    let at = |hour, minute| Until { day: None, time: time(hour, minute) };
    let friday = Until { day: Some(Day::On(jiff::civil::Weekday::Friday)), time: time(22, 0) };
    let (eleven, until_one) = (Some(at(23, 0)), Some(Length::Until(at(1, 0))));
    let two_hours = Some(Length::For(ttl("2h")));
    for (text, from, length, reason) in [
        ("from 23:00 until 01:00 OPS-42 import", eleven, until_one, "OPS-42 import"),
        ("from 23:00 to 01:00 OPS-42 import", eleven, until_one, "OPS-42 import"),
        ("from 23:00-01:00 OPS-42", eleven, until_one, "OPS-42"),
        ("From 23:00 Until 1:00", eleven, until_one, ""),
        ("from fri 22:00 for 2h OPS-42", Some(friday), two_hours, "OPS-42"),
        ("from FRIDAY 22:00 2 hours OPS-42", Some(friday), two_hours, "OPS-42"),
        ("from 23:00 2h", eleven, two_hours, ""),
        ("from 23:00", eleven, None, ""),
        ("from 23:00 to see what is slow", eleven, None, "to see what is slow"),
    ] {
        let text = format!("request prod/orders readonly {text}");
        assert_eq!(Command::read(&text), ask_from(&["prod/orders", "readonly"], from, length, reason), "{text}");
    }
    // What is no time is a word like others.
    let words = ["replica", "from", "berlin", "readonly"];
    assert_eq!(Command::read("request replica from berlin readonly 2h x"), ask(&words, two_hours, "x"));
    assert_eq!(read_start(" from Fri 22:00 "), Some(friday));
    assert_eq!(read_start("22:00"), Some(at(22, 0)));
    for text in ["", "from", "later", "22", "fri", "22:00 sharp"] {
        assert_eq!(read_start(text), None, "{text}");
    }
}

#[test]
fn the_same_length_in_other_words_is_understood() {
    for text in
        ["2h", "2H", "2 h", "2hrs", "2 hrs", "2 hours", "2hours", "120min", "120 min", "120 minutes", "1h60m", "1h 60 min", "-2h"]
    {
        let read = Command::read(&format!("request prod/orders readonly {text} OPS-42 slow"));
        assert_eq!(read, ask(&["prod/orders", "readonly"], Some(Length::For(ttl("2h"))), "OPS-42 slow"), "{text}");
        assert_eq!(read_length(text), Ok(Length::For(ttl("2h"))), "{text}");
    }
    let day = Some(Length::For(ttl("1d")));
    assert_eq!(Command::read("request a b for 1 day 3 hosts are slow"), ask(&["a", "b"], day, "3 hosts are slow"));
    assert_eq!(
        Command::read("request a b 2h 3h later it is slow"),
        ask(&["a", "b"], Some(Length::For(ttl("2h"))), "3h later it is slow")
    );
    let typed = crate::slack::inbound::typed("request prod/orders\u{a0}readonly \u{2013} 2\u{a0}h it\u{2019}s slow");
    assert_eq!(Command::read(&typed), ask(&["prod/orders", "readonly"], Some(Length::For(ttl("2h"))), "it's slow"));
    let glass = crate::slack::inbound::typed("break\u{2011}glass prod/orders readonly 30 min stuck");
    assert!(matches!(Command::read(&glass), Command::BreakGlass(_)));
    assert_eq!(
        Command::read("extend G-57 90 minutes still importing"),
        Command::Extend { grant: "G-57".parse().ok(), by: Some(ttl("90m")), reason: Words::typed("still importing") }
    );
}

#[test]
fn breaking_the_glass_is_read_like_a_request() {
    let expected = |reason: &str| {
        let words = vec!["prod/orders".to_owned(), "readonly".to_owned()];
        Command::BreakGlass(Ask { words, from: None, length: Some(Length::For(ttl("30m"))), reason: Words::typed(reason) })
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
        "away until later",
        "away until mon <!subteam^S1>",
        "back now",
        "ooo until mon",
        "lock",
        "lock everything until noon",
        "lock everything from 18:00 until 20:00",
        "unlock everything now",
        "who",
        "holders prod/orders",
        "nudge R-42",
        "remind 42",
        "request for <!subteam^S1> prod/orders readonly 2h",
        "request for maya prod/orders readonly 0m x",
        "break-glass for <@U0MAYA> prod/orders readonly 30m x",
        "request prod/orders readonly from 23 until 01",
        "request prod/orders readonly from fri 2h",
        "request from 23:00 2h",
        "break-glass prod/orders readonly from 23:00 30m stuck",
        "withdraw the one of yesterday",
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
        "why E-1",
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
