//! The words of `/jit` → [`Command`]. Knows the grammar and nothing else: which resource "orders" is, is found out by `app`.
//!
//! What is not understood is answered with what was wrong and one line that works, never with silence.

use crate::access::ids::{GrantId, RequestId};
use crate::access::time::{NotATtl, Ttl};
use crate::access::words::Words;

use super::text::{cut_plain, one_line};
use super::until::Until;
use length::Head;

mod length;

pub mod away;
pub mod behalf;
mod lock;
mod meant;
pub mod name;
pub mod numbers;

pub use lock::{LOCK_EXAMPLE, LockWords};

/// What somebody wants of Daypass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Access. Where it does not say enough, the form is opened with what it says.
    Request(Ask),
    /// Access for somebody else.
    RequestFor(behalf::Whom, Ask),
    /// Access at once, without anybody's approval.
    BreakGlass(Ask),
    /// What they hold and have asked for.
    Mine,
    /// What waits for them.
    Pending,
    /// Withdraw a request; without a number the only pending one.
    Cancel {
        /// Which.
        request: Option<RequestId>,
    },
    /// Remind those who are asked; without a number, of the only pending request.
    Remind {
        /// Which.
        request: Option<RequestId>,
    },
    /// End a grant of their own now; without a number the only one.
    Done {
        /// Which.
        grant: Option<GrantId>,
    },
    /// More time. Without a length the form is opened.
    Extend {
        /// Which; the only one when missing.
        grant: Option<GrantId>,
        /// How much more.
        by: Option<Ttl>,
        /// Why.
        reason: Words,
    },
    /// End somebody's grant now.
    Revoke {
        /// Which.
        grant: GrantId,
        /// Why.
        reason: Words,
    },
    /// Nothing new for whom or what it says, and what was given ends.
    Lock(LockWords),
    /// The end of a lock.
    Unlock {
        /// On what.
        what: String,
    },
    /// End everything that somebody has now.
    RevokeAll {
        /// Whose.
        whose: String,
        /// Why.
        reason: Words,
    },
    /// Which rule decided, who was asked, what is missing.
    Why {
        /// Which.
        request: RequestId,
    },
    /// The same, of the request by which this grant came to be.
    WhyGrant {
        /// Which.
        grant: GrantId,
    },
    /// Who holds something now: a thing, a role, a person, or a number, in whatever spelling.
    Who(Vec<String>),
    /// Being away, and who stands in.
    Away(away::Away),
    /// Back before the time.
    Back,
    /// What can be done here.
    Help,
    /// Something else.
    NotUnderstood(NotUnderstood),
}

/// What was asked for, as far as the words say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ask {
    /// The words before the length: resource and role, in whatever spelling. Empty: nothing was said.
    pub words: Vec<String>,
    /// From when on, where it is not to begin at once: a time of day in the person's zone.
    pub from: Option<Until>,
    /// How long.
    pub length: Option<Length>,
    /// The rest.
    pub reason: Words,
}

/// How long access is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// For so long.
    For(Ttl),
    /// Until a time of day in the person's zone.
    Until(Until),
}

/// Words that were not understood. All three texts are plain: what was typed is in them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotUnderstood {
    /// What was wrong, as a clause without a final period.
    pub problem: String,
    /// A line that works.
    pub example: String,
    /// The line that was probably meant, if there is one.
    pub nearest: Option<String>,
}

/// A line that asks for access, as an example.
pub const EXAMPLE: &str = "/jit request prod/orders readonly 2h OPS-42 slow checkout";

/// A line that breaks the glass, as an example.
pub const GLASS_EXAMPLE: &str = "/jit break-glass prod/orders readonly 30m orders are stuck since 14:40";

impl Command {
    /// Reads what follows `/jit`, after [`super::inbound::typed`]. Nothing at all asks for help.
    pub fn read(text: &str) -> Command {
        let words: Vec<&str> = text.split_whitespace().collect();
        let Some((verb, rest)) = words.split_first() else { return Command::Help };
        match verb.to_lowercase().as_str() {
            "request" if behalf::is_for_somebody(rest) => behalf::request_for(rest).unwrap_or_else(Command::NotUnderstood),
            "request" => request(rest, EXAMPLE).map_or_else(Command::NotUnderstood, Command::Request),
            "break-glass" | "breakglass" | "break_glass" => break_glass(rest),
            "break" if rest.first().is_some_and(|word| word.eq_ignore_ascii_case("glass")) => {
                break_glass(rest.get(1..).unwrap_or_default())
            }
            "mine" => alone(verb, rest, Command::Mine),
            "pending" => alone(verb, rest, Command::Pending),
            "who" => who(rest),
            "away" => away::away(rest).unwrap_or_else(Command::NotUnderstood),
            "back" => alone(verb, rest, Command::Back),
            "help" | "?" | "-h" | "--help" => Command::Help,
            "cancel" => {
                numbered(rest, "/jit cancel R-42").map_or_else(Command::NotUnderstood, |request| Command::Cancel { request })
            }
            "remind" => {
                numbered(rest, "/jit remind R-42").map_or_else(Command::NotUnderstood, |request| Command::Remind { request })
            }
            "done" => numbered(rest, "/jit done G-57").map_or_else(Command::NotUnderstood, |grant| Command::Done { grant }),
            "extend" => extend(rest).unwrap_or_else(Command::NotUnderstood),
            "revoke" => revoke(rest).unwrap_or_else(Command::NotUnderstood),
            "revoke-all" | "revokeall" | "revoke_all" => lock::revoke_all(rest).unwrap_or_else(Command::NotUnderstood),
            "lock" => lock::lock(rest).unwrap_or_else(Command::NotUnderstood),
            "unlock" => lock::unlock(rest).unwrap_or_else(Command::NotUnderstood),
            "why" => why(rest).unwrap_or_else(Command::NotUnderstood),
            other => Command::NotUnderstood(meant::no_such(other, rest)),
        }
    }
}

/// Reads a length as it is typed into a form: `2h`, `18:00`, `until fri 12:00`.
pub fn read_length(text: &str) -> Result<Length, NotATtl> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let after_until = match words.split_first() {
        Some((first, rest)) if first.eq_ignore_ascii_case("until") => rest,
        Some(_) | None => words.as_slice(),
    };
    match Until::read(after_until) {
        Some((until, read)) if read == after_until.len() => Ok(Length::Until(until)),
        Some(_) | None => match length::ttl(&words) {
            Some(Ok((ttl, read))) if read == words.len() => Ok(Length::For(ttl)),
            Some(Err(problem)) => Err(problem),
            Some(Ok(_)) | None => Err(NotATtl::Unreadable(text.trim().to_owned())),
        },
    }
}

/// Reads when it begins as it is typed into a form: `23:00`, `from fri 22:00`. `None`: it names no time of day.
pub fn read_start(text: &str) -> Option<Until> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let words = match words.split_first() {
        Some((first, rest)) if first.eq_ignore_ascii_case("from") => rest,
        Some(_) | None => words.as_slice(),
    };
    Until::read(words).filter(|(_, read)| *read == words.len()).map(|(start, _)| start)
}

/// What is asked for; `example` is a line of the same command.
fn request(rest: &[&str], example: &str) -> Result<Ask, NotUnderstood> {
    let mut words = Vec::new();
    let mut left = rest;
    while let Some((word, tail)) = left.split_first() {
        match length::head(left) {
            Head::Said { from, length, read } => {
                return asked(words, (from, length), left.get(read..).unwrap_or_default(), example);
            }
            Head::Wrong(problem) => return Err(not_understood(&problem, example)),
            // A dash between words is no word.
            Head::Other if word.bytes().all(|b| b == b'-') => {}
            Head::Other => words.push((*word).to_owned()),
        }
        left = tail;
    }
    asked(words, (None, None), &[], example)
}

fn asked(
    words: Vec<String>,
    (from, length): (Option<Until>, Option<Length>),
    reason: &[&str],
    example: &str,
) -> Result<Ask, NotUnderstood> {
    if words.is_empty() && (length.is_some() || from.is_some()) {
        return Err(not_understood("the length comes after the resource and the role", example));
    }
    Ok(Ask { words, from, length, reason: Words::typed(&reason.join(" ")) })
}

/// There is no form for it: in an emergency one line says all, or what is missing.
fn break_glass(rest: &[&str]) -> Command {
    let missing = |problem: &str| Command::NotUnderstood(not_understood(problem, GLASS_EXAMPLE));
    if behalf::is_for_somebody(rest) {
        return missing(&name::named(behalf::GLASS_IS_ONES_OWN));
    }
    match request(rest, GLASS_EXAMPLE) {
        Err(words) => Command::NotUnderstood(words),
        Ok(Ask { words, .. }) if words.is_empty() => missing("it does not say what you need"),
        Ok(Ask { from: Some(_), .. }) => missing(&name::named(
            "breaking the glass is for now: it has no `from`. What can wait is asked for in the usual way, with /jit request",
        )),
        Ok(Ask { length: None, .. }) => missing("it does not say for how long"),
        Ok(ask) => Command::BreakGlass(ask),
    }
}

fn alone(verb: &str, rest: &[&str], command: Command) -> Command {
    match rest.first() {
        None => command,
        Some(word) => wrong(
            &format!("nothing comes after `{verb}`, but there was `{}`", shown(word)),
            &format!("/jit {}", verb.to_lowercase()),
        ),
    }
}

fn extend(rest: &[&str]) -> Result<Command, NotUnderstood> {
    const LINE: &str = "/jit extend G-57 1h still importing";
    let (grant, left) = match rest.split_first() {
        Some((word, tail)) if length::ttl(rest).is_none_or(|read| read.is_err()) => (Some(number(word, LINE)?), tail),
        Some(_) | None => (None, rest),
    };
    let left = left.strip_prefix(&["for"]).unwrap_or(left);
    let Some(word) = left.first() else {
        return Ok(Command::Extend { grant, by: None, reason: Words::default() });
    };
    let by = length::ttl(left).unwrap_or_else(|| Err(NotATtl::Unreadable((*word).to_owned())));
    let (by, read) = by.map_err(|problem| not_understood(&clause(problem), LINE))?;
    let reason = left.get(read..).unwrap_or_default();
    Ok(Command::Extend { grant, by: Some(by), reason: Words::typed(&reason.join(" ")) })
}

fn revoke(rest: &[&str]) -> Result<Command, NotUnderstood> {
    const LINE: &str = "/jit revoke G-57 laptop was stolen";
    let (word, reason) = rest.split_first().ok_or_else(|| not_understood("it does not say which grant", LINE))?;
    Ok(Command::Revoke { grant: number(word, LINE)?, reason: Words::typed(&reason.join(" ")) })
}

fn why(rest: &[&str]) -> Result<Command, NotUnderstood> {
    const LINE: &str = "/jit why R-42";
    if let [word] = rest
        && let Some(numbers::Number::Grant(grant)) = numbers::read_number(word)
    {
        return Ok(Command::WhyGrant { grant });
    }
    let request = numbered(rest, LINE)?.ok_or_else(|| not_understood("it does not say which request", LINE))?;
    Ok(Command::Why { request })
}

fn who(rest: &[&str]) -> Command {
    match rest {
        [] => wrong("it does not say of what or of whom", "/jit who prod/orders"),
        words => Command::Who(words.iter().map(|word| (*word).to_owned()).collect()),
    }
}

/// Nothing, or one number.
fn numbered<Id: std::str::FromStr>(rest: &[&str], example: &str) -> Result<Option<Id>, NotUnderstood> {
    match rest {
        [] => Ok(None),
        [word] => number(word, example).map(Some),
        [_, word, ..] => Err(not_understood(&format!("there is a word too many: `{}`", shown(word)), example)),
    }
}

fn number<Id: std::str::FromStr>(word: &str, example: &str) -> Result<Id, NotUnderstood> {
    numbers::with_hyphen(word).parse().map_err(|_| {
        let verb = example.split(' ').nth(1).unwrap_or_default();
        if let Some(other) = numbers::of_the_other_kind(verb, word) {
            return other;
        }
        let letter = if example.contains("R-") { 'R' } else { 'G' };
        let what = if letter == 'R' { "a request, such as `R-42`" } else { "a grant, such as `G-57`" };
        let bare = Some(word).filter(|word| (1..=9).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_digit()));
        NotUnderstood {
            problem: format!("`{}` is not {what}", shown(word)),
            example: example.to_owned(),
            nearest: bare.map(|digits| format!("/jit {verb} {letter}-{digits}")),
        }
    })
}

fn wrong(problem: &str, example: &str) -> Command {
    Command::NotUnderstood(not_understood(problem, example))
}

fn not_understood(problem: &str, example: &str) -> NotUnderstood {
    NotUnderstood { problem: problem.to_owned(), example: example.to_owned(), nearest: None }
}

fn clause(problem: NotATtl) -> String {
    match problem {
        NotATtl::Unreadable(text) => NotATtl::Unreadable(shown(&text)).to_string(),
        NotATtl::TooShort(text) => NotATtl::TooShort(shown(&text)).to_string(),
        NotATtl::TooLong(text) => NotATtl::TooLong(shown(&text)).to_string(),
    }
}

/// A typed word, short enough to be repeated in an answer.
fn shown(word: &str) -> String {
    cut_plain(&one_line(word), 40)
}

#[cfg(test)]
mod tests;
