use super::*;
use crate::slack::limits::{message_problems, view_problems};
use crate::slack::say::card::CardFacts;
use proptest::prelude::*;

/// Texts that people might write in order to look like somebody or something else.
const HOSTILE: [&str; 12] = [
    "<!channel>",
    "<https://evil.example|https://jira.example/OPS-42>",
    "`code` *bold* _it_ ~no~",
    "\u{202e}desrever\u{202c} \u{200b}\u{2066}x\u{2069}",
    "👩🏽‍💻 𝕏 🙂",
    "✅ Approved by CTO\n\n*Approved by Carol* <!date^1^{time}|now>",
    "&lt;!here&gt; &amp; &",
    "> quoted\n```\nblock\n```",
    "<@U0CAROL> approved <@U0DAVE|Dave>",
    "'; DROP TABLE requests; --",
    "\u{0}\u{7}\u{1b}[31mred",
    "",
];

/// Every text that Slack would read as markup: `mrkdwn` objects and the `text` of a message.
fn marked_up(value: &Value, out: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            if map.get("type").and_then(Value::as_str) == Some("mrkdwn") || map.contains_key("blocks") {
                out.extend(map.get("text").and_then(Value::as_str).map(str::to_owned));
            }
            map.values().for_each(|value| marked_up(value, out));
        }
        Value::Array(items) => items.iter().for_each(|item| marked_up(item, out)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The tokens that we put in ourselves, and nothing else.
fn is_ours(token: &str) -> bool {
    let date = token.strip_prefix("<!date^").and_then(|rest| rest.strip_suffix('>')).is_some_and(|rest| {
        rest.split_once('|').is_some_and(|(_, fallback)| fallback.ends_with(" Berlin"))
            && rest.bytes().next().is_some_and(|b| b.is_ascii_digit())
    });
    let link = token.strip_prefix("<https://daypass.example/reveal/G-57/").and_then(|rest| rest.strip_suffix("|Open the page>"));
    date || link.is_some_and(|random| random.bytes().all(|b| b.is_ascii_alphanumeric()))
        || ["<@U0STRANGER>", "<@U0CAROL>", "<@U0DAVE>", "<#C0DBACCESS>"].contains(&token)
}

/// What is markup in this text and not ours.
fn foreign_markup(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['<', '>', '&']) {
        let tail = &rest[at..];
        let entity = ["&amp;", "&lt;", "&gt;"].into_iter().find(|entity| tail.starts_with(entity));
        let token = tail.find('>').map(|end| &tail[..=end]).filter(|token| token.starts_with('<') && is_ours(token));
        match entity.or(token) {
            Some(fine) => rest = &tail[fine.len()..],
            None => {
                found.push(tail.chars().take(40).collect());
                rest = &tail[1..];
            }
        }
    }
    found
}

fn check(said: &str, called: Option<&str>) {
    let drawn = Stage::with(said, called).unwrap().play().unwrap();
    let bundles = Stage::with(said, called).unwrap().bundled().unwrap().play_bundles();
    for (name, message) in drawn["messages"].as_object().unwrap().iter().chain(&bundles) {
        assert_eq!(message_problems(message), Vec::<String>::new(), "{name}");
    }
    for (name, view) in drawn["views"].as_object().unwrap() {
        assert_eq!(view_problems(view), Vec::<String>::new(), "{name}");
    }
    let mut texts = Vec::new();
    marked_up(&drawn, &mut texts);
    marked_up(&Value::Object(bundles), &mut texts);
    for text in &texts {
        assert_eq!(foreign_markup(text), Vec::<String>::new(), "{text}");
    }
    let all = drawn.to_string();
    for invisible in ['\u{202e}', '\u{200b}', '\u{2066}', '\u{1b}', '\u{0}'] {
        assert!(!all.contains(invisible) && !all.contains(&format!("\\u{:04x}", invisible as u32)), "{invisible:?}");
    }
}

#[test]
fn every_message_and_form_is_within_the_limits() {
    check("OPS-42 slow checkout", None);
}

// E42
#[test]
fn no_text_of_a_person_becomes_markup_or_breaks_a_limit() {
    let wall = "wall of text 🙂 <&> ".repeat(600);
    let lines = "✅ Approved by CTO\n".repeat(500);
    for text in HOSTILE.into_iter().chain([wall.as_str(), lines.as_str()]) {
        check(text, Some(text));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn nor_does_any_other(said in "\\PC{0,60}", called in any::<String>()) {
        check(&said, Some(&called));
    }
}

#[test]
fn what_a_person_wrote_is_in_no_markup_at_all() {
    let drawn = Stage::with("xyzzy", None).unwrap();
    let request = drawn.request.clone();
    let mut texts = Vec::new();
    for message in
        [card(&CardFacts { lingers: None, ..drawn.card(&request, &[]) }), status(&drawn.status(&drawn.approved(), &[]))]
    {
        marked_up(&message.to_json()["blocks"], &mut texts);
        assert!(message.to_json()["blocks"].to_string().contains("xyzzy"));
    }
    assert!(texts.iter().all(|text| !text.contains("xyzzy")), "{texts:?}");
}

/// Every time that is shown is a date token whose fallback names its zone, or names it itself.
#[test]
fn no_time_is_shown_without_a_zone() {
    let drawn = Stage::set().unwrap().play().unwrap();
    let mut texts = Vec::new();
    marked_up(&drawn, &mut texts);
    assert!(texts.len() > 100);
    for text in texts {
        for (at, _) in text.match_indices(':') {
            let around =
                |from: usize, to: usize| text.get(from..to).is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
            if at >= 2 && around(at - 2, at) && around(at + 1, at + 3) {
                let after = text.get(at + 3..).unwrap_or_default();
                // The example in the help is not a time.
                assert!(after.starts_with(" Berlin") || text.contains("/jit request"), "{text}");
            }
        }
    }
}

/// Writes the samples where Slack's published models can be run over them.
#[test]
#[ignore = "needs DAYPASS_SLACK_SAMPLES_OUT, a file to write"]
#[expect(clippy::disallowed_methods, reason = "the file to write is given to this test alone")]
fn the_samples_are_written_for_slacks_own_models() {
    let path = std::env::var("DAYPASS_SLACK_SAMPLES_OUT").expect("DAYPASS_SLACK_SAMPLES_OUT names no file");
    std::fs::write(path, serde_json::to_string_pretty(&samples().unwrap()).unwrap()).unwrap();
}
