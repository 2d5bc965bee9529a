//! The digest: what happened since the last one, in few lines; and the messages that Daypass is taken out of service, or back in.

use std::collections::BTreeMap;
use std::time::Duration;

use super::names::{Names, counted, lasted, listed};
use crate::access::ids::PersonId;
use crate::access::request::Terms;
use crate::access::talk::Measure;
use crate::access::time::Timestamp;
use crate::slack::block::{Message, section};
use crate::slack::text::Markup;

/// How many contracts are named; the rest is counted.
const CONTRACTS_MAX: usize = 8;
/// Of how many things it is said what people said of them.
const FEEDBACK_MAX: usize = 8;

/// What an access was for, and how often people said that it was how much.
pub type Said = (Terms, BTreeMap<Measure, usize>);

/// What a digest is drawn from.
#[derive(Debug, Clone, Copy)]
pub struct DigestFacts<'a> {
    /// From when on.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// How many requests were filed.
    pub asked: usize,
    /// How many were decided by people, and how long that took in the median.
    pub decided: Option<(usize, Duration)>,
    /// How many wait for a decision now.
    pub pending: u64,
    /// How often the glass was broken.
    pub broken: usize,
    /// How many reviews are open, and how many of them are late.
    pub reviews: (usize, usize),
    /// How many ends were late.
    pub late: u64,
    /// How many are late now.
    pub overdue: u64,
    /// What people said of access that they had.
    pub feedback: &'a [Said],
    /// Contracts that end soon, the earliest first.
    pub contracts: &'a [(PersonId, Timestamp)],
    /// Names.
    pub names: &'a Names,
}

/// The digest. Where nothing happened it is one line all the same, so that its absence means something.
pub fn digest(facts: &DigestFacts<'_>) -> Message {
    let zone = &facts.names.zone;
    let since = Markup::new().lit("*Digest* · ").day(facts.from, zone).lit(" – ").day(facts.until, zone);
    let lines = lines(facts);
    if lines.is_empty() {
        let text = "Nobody asked for anything, no end was late, and nothing waits.";
        return Message::new(&format!("Digest: {text}"), vec![section(&since.lit("\n").lit(text))]);
    }
    let (reviews, _) = facts.reviews;
    let told = format!(
        "Digest: {}, {}, {}.",
        counted(facts.asked, "request", "requests"),
        counted(reviews, "review open", "reviews open"),
        counted(usize::try_from(facts.late).unwrap_or(usize::MAX), "late end", "late ends")
    );
    Message::new(&told, vec![section(&since.lit("\n").joined(lines, "\n"))])
}

fn lines(facts: &DigestFacts<'_>) -> Vec<Markup> {
    let mut lines = Vec::new();
    let mut say = |text: String| lines.push(Markup::new().lit("• ").text(&text));
    if facts.asked > 0 {
        say(format!("{} filed.", counted(facts.asked, "request was", "requests were")));
    }
    if let Some((number, median)) = facts.decided {
        say(format!("{} by people, in {} in the median.", counted(number, "was decided", "were decided"), lasted(median)));
    }
    if facts.pending > 0 {
        say(format!("{} for a decision now.", counted_u64(facts.pending, "request waits", "requests wait")));
    }
    if facts.broken > 0 {
        say(format!("The glass was broken {}.", times(facts.broken)));
    }
    if facts.late > 0 {
        say(format!("{} late.", counted_u64(facts.late, "end was", "ends were")));
    }
    if let (open @ 1.., late) = facts.reviews {
        let late = if late > 0 { format!(" ({late} late)") } else { String::new() };
        let open = counted(open, "review of broken glass is open", "reviews of broken glass are open");
        let line = Markup::new().lit("• ").text(&format!("{open}{late}: "));
        lines.push(line.command("/jit pending").lit(" shows what is open to those who may close it."));
    }
    if facts.overdue > 0 {
        let line = Markup::new().lit("• ⚠️ ").bold(&counted_u64(facts.overdue, "end is late now", "ends are late now"));
        lines.push(line.lit(": on the host, ").code("daypass grants list").lit(" shows which."));
    }
    lines.extend(facts.feedback.iter().take(FEEDBACK_MAX).map(|(terms, counts)| said_of(terms, counts, facts.names)));
    let more = facts.feedback.len().saturating_sub(FEEDBACK_MAX);
    if more > 0 {
        lines
            .push(Markup::new().text(&format!("• People said how much it was of {} more.", counted(more, "access", "accesses"))));
    }
    for (person, end) in facts.contracts.iter().take(CONTRACTS_MAX) {
        let line = Markup::new().lit("• The contract of ").text(&facts.names.person_in_full(person)).lit(" ends ");
        lines.push(line.day(*end, &facts.names.zone).lit("."));
    }
    let more = facts.contracts.len().saturating_sub(CONTRACTS_MAX);
    if more > 0 {
        lines.push(
            Markup::new().text(&format!("• {} as well.", counted(more, "more contract ends soon", "more contracts end soon"))),
        );
    }
    lines
}

/// "• Of Orders database, read only, people said: too much 2 times, just right once."
fn said_of(terms: &Terms, counts: &BTreeMap<Measure, usize>, names: &Names) -> Markup {
    let said: Vec<String> = counts.iter().map(|(measure, count)| format!("{} {}", measure.words(), times(*count))).collect();
    Markup::new().lit("• Of ").bold(&names.what(terms)).lit(" people said: ").text(&listed(&said, "and")).lit(".")
}

fn times(count: usize) -> String {
    if count == 1 { "once".to_owned() } else { format!("{count} times") }
}

fn counted_u64(number: u64, one: &str, many: &str) -> String {
    counted(usize::try_from(number).unwrap_or(usize::MAX), one, many)
}

/// What is said of Daypass being taken out of service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Draining {
    /// It begins.
    Began,
    /// Nobody has anything any more.
    Over,
    /// It is taken back.
    Undone,
}

impl Draining {
    /// The word that the outbox stores.
    pub fn word(self) -> &'static str {
        match self {
            Draining::Began => "began",
            Draining::Over => "over",
            Draining::Undone => "undone",
        }
    }

    /// The stage of this word.
    pub fn named(word: &str) -> Option<Draining> {
        [Draining::Began, Draining::Over, Draining::Undone].into_iter().find(|stage| stage.word() == word)
    }
}

/// The message that Daypass is taken out of service, or back in.
pub fn draining(stage: Draining) -> Message {
    let (mark, text) = match stage {
        Draining::Began => (
            "🚧 ",
            "Daypass is being taken out of service: nothing new is taken, what waits is closed, and all that is in force ends and is looked at.",
        ),
        Draining::Over => ("✅ ", "Nobody has access by Daypass any more; each end was verified. It takes no requests."),
        Draining::Undone => ("✅ ", "Daypass is back in service and takes requests. What has ended stays ended."),
    };
    Message::new(text, vec![section(&Markup::new().lit(mark).lit(text))])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slack::limits::message_problems;
    use crate::slack::say::samples::Stage;
    use crate::slack::say::shown;

    #[test]
    fn a_digest_says_what_happened_and_says_so_when_nothing_did() {
        let stage = Stage::set().unwrap();
        let out: Vec<String> =
            stage.digests().iter().map(|(name, message)| format!("== {name}\n{}", shown::message(message))).collect();
        insta::assert_snapshot!(out.join("\n"));
    }

    #[test]
    fn many_contracts_are_counted() {
        let stage = Stage::set().unwrap();
        let person = stage.request.terms.subject.clone();
        let contracts = vec![(person, Timestamp::from_millis(1_795_600_000_000)); 300];
        let message = digest(&DigestFacts { contracts: &contracts, ..stage.quiet() });
        assert_eq!(message_problems(&message.to_json()), Vec::<String>::new());
        assert!(message.to_json().to_string().contains("292 more contracts end soon"));
    }
}
