//! The words that say how long and from when: `2h`, `2 hours`, `until fri 12:00`, `from 23:00 until 01:00`, `from fri 22:00 for 2h`.
//!
//! What people write in other words for the same is understood; what could mean two things is not.

use crate::access::time::{NotATtl, Ttl};

use super::super::until::Until;
use super::Length;

/// What stands at the head of some words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Head {
    /// Nothing about time.
    Other,
    /// When it begins, how long it is, as far as either is said; and how many words say so.
    Said {
        /// From when.
        from: Option<Until>,
        /// How long.
        length: Option<Length>,
        /// So many words.
        read: usize,
    },
    /// It is about time, and cannot be: what is wrong, as a clause.
    Wrong(String),
}

const AFTER_UNTIL: &str = "after `until` comes a time of day, such as `18:00` or `fri 12:00`";
const AFTER_FROM: &str = "after `from` comes a time of day, such as `23:00` or `fri 22:00`";

/// Reads the time that these words begin with.
pub(super) fn head(words: &[&str]) -> Head {
    let Some((first, rest)) = words.split_first() else { return Head::Other };
    if is(first, &["from", "starting"]) {
        return from(rest);
    }
    match length(words) {
        Some(Ok((length, read))) => Head::Said { from: None, length: Some(length), read },
        Some(Err(problem)) => Head::Wrong(problem),
        None => Head::Other,
    }
}

/// `23:00 until 01:00`, `fri 22:00 for 2h`, `23:00 2h`, `23:00-01:00`, `23:00`: what comes after `from`.
fn from(words: &[&str]) -> Head {
    // `23:00-01:00` is `23:00 until 01:00`.
    if let Some((begin, end)) = words.first().and_then(|word| word.split_once('-'))
        && let (Some((from, 1)), Some((until, 1))) = (Until::read(&[begin]), Until::read(&[end]))
    {
        return Head::Said { from: Some(from), length: Some(Length::Until(until)), read: 2 };
    }
    let Some((from, used)) = Until::read(words) else {
        let names_a_time = |word: &&str| word.starts_with(|c: char| c.is_ascii_digit()) || Until::is_day(word);
        return if words.first().is_some_and(names_a_time) { Head::Wrong(AFTER_FROM.to_owned()) } else { Head::Other };
    };
    let rest = words.get(used..).unwrap_or_default();
    let (rest, to) = match rest.split_first() {
        Some((word, tail)) if is(word, &["to", "-"]) && Until::read(tail).is_some() => (tail, true),
        Some(_) | None => (rest, false),
    };
    let length = if to { Until::read(rest).map(|(until, read)| Ok((Length::Until(until), read + 1))) } else { length(rest) };
    match length {
        Some(Ok((length, read))) => Head::Said { from: Some(from), length: Some(length), read: 1 + used + read },
        Some(Err(problem)) => Head::Wrong(problem),
        None => Head::Said { from: Some(from), length: None, read: 1 + used },
    }
}

/// How long, and how many words say so; `None` where they say something else.
fn length(words: &[&str]) -> Option<Result<(Length, usize), String>> {
    let (first, rest) = words.split_first()?;
    if is(first, &["until", "till"]) {
        let until = Until::read(rest).map(|(until, read)| (Length::Until(until), read + 1));
        return Some(until.ok_or_else(|| AFTER_UNTIL.to_owned()));
    }
    let (words, before) = if is(first, &["for"]) { (rest, 1) } else { (words, 0) };
    match ttl(words)? {
        Ok((ttl, read)) => Some(Ok((Length::For(ttl), before + read))),
        Err(NotATtl::Unreadable(_)) => None,
        Err(problem) => Some(Err(problem.to_string())),
    }
}

/// The length that these words begin with, and how many of them it is: `2h`, `2 h`, `2hrs`, `1h 30m`, `90 minutes`.
pub(super) fn ttl(words: &[&str]) -> Option<Result<(Ttl, usize), NotATtl>> {
    let mut text = String::new();
    let mut read = 0;
    let mut left = words;
    let mut found: Option<Result<(Ttl, usize), NotATtl>> = None;
    // At most days, hours and minutes, each a number and its unit.
    while let Some((piece, used)) = piece(left).filter(|_| read < 6) {
        text.push_str(&piece);
        let so_far = text.parse::<Ttl>();
        // `1h 2h` are two lengths, of which the first counts.
        if matches!((&so_far, &found), (Err(NotATtl::Unreadable(_)), Some(_))) {
            break;
        }
        read += used;
        found = Some(so_far.map(|ttl| (ttl, read)));
        left = left.get(used..).unwrap_or_default();
    }
    found
}

/// One word, or a number and the word after it, as [`Ttl`] spells it; `None` where that is no length.
fn piece(words: &[&str]) -> Option<(String, usize)> {
    let first = words.first()?.trim_start_matches('-');
    let digits = first.bytes().take_while(u8::is_ascii_digit).count();
    if digits == 0 {
        return None;
    }
    if digits == first.len() {
        let unit = unit(words.get(1)?)?;
        return Some((format!("{first}{unit}"), 2));
    }
    let mut text = String::new();
    let mut rest = first;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, tail) = rest.split_at_checked(digits)?;
        let letters = tail.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (letters, tail) = tail.split_at_checked(letters)?;
        if number.is_empty() || letters.is_empty() {
            return None;
        }
        text.push_str(number);
        text.push_str(unit(letters)?);
        rest = tail;
    }
    Some((text, 1))
}

fn unit(word: &str) -> Option<&'static str> {
    match word.to_ascii_lowercase().as_str() {
        "m" | "min" | "mins" | "minute" | "minutes" => Some("m"),
        "h" | "hr" | "hrs" | "hour" | "hours" => Some("h"),
        "d" | "day" | "days" => Some("d"),
        _ => None,
    }
}

fn is(word: &str, words: &[&str]) -> bool {
    words.iter().any(|known| word.eq_ignore_ascii_case(known))
}
