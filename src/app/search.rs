//! The search in the form, while somebody types: what they may ask for, by its name or its id, best first.

use crate::access::ids::{PersonId, ResourceId};
use crate::slack::block::Choice;
use crate::slack::limits::OPTIONS_MAX;
use crate::slack::say::forms::{choice_value, nothing_found};
use crate::slack::say::names::Names;
use crate::slack::text::clean;

use super::behalf::askable_by;
use super::policies::Loaded;

/// What a search finds, at most as many as Slack shows; where that is nothing, a line that says so, and that cannot be asked for.
pub(super) fn search(loaded: &Loaded, (filer, subject): (&PersonId, &PersonId), names: &Names, typed: &str) -> Vec<Choice> {
    let askable: Vec<ResourceId> = askable_by(loaded, filer, subject).into_keys().collect();
    let found = best(askable.iter().map(|id| (id, names.resource(id))), typed);
    if found.is_empty() {
        return vec![nothing_found(typed)];
    }
    found.into_iter().map(|id| Choice { text: names.resource(id).to_owned(), value: choice_value(id.as_str()) }).collect()
}

/// Everything in whose id or name each of the words stands: what begins with them before what has them at the beginning of a word, and that
/// before the rest; within each by name.
fn best<'a>(all: impl Iterator<Item = (&'a ResourceId, &'a str)>, typed: &str) -> Vec<&'a ResourceId> {
    let typed = clean(typed).to_lowercase();
    let words: Vec<&str> = typed.split_whitespace().collect();
    let mut found: Vec<(Rank, String, &ResourceId)> = all
        .filter_map(|(id, name)| {
            let (id_text, name) = (id.as_str().to_lowercase(), name.to_lowercase());
            let ranks = words.iter().map(|word| rank(&id_text, word).into_iter().chain(rank(&name, word)).min());
            // As good as the worst of the words.
            let rank = ranks.collect::<Option<Vec<Rank>>>()?.into_iter().max().unwrap_or(Rank::Begins);
            Some((rank, name, id))
        })
        .collect();
    found.sort();
    found.into_iter().map(|(_, _, id)| id).take(OPTIONS_MAX).collect()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Begins,
    BeginsAWord,
    Contains,
}

fn rank(text: &str, word: &str) -> Option<Rank> {
    let at = text.find(word)?;
    if at == 0 {
        return Some(Rank::Begins);
    }
    let begins_a_word = |(at, _): (usize, &str)| text.get(..at).is_some_and(|before| !before.ends_with(char::is_alphanumeric));
    Some(if text.match_indices(word).any(begins_a_word) { Rank::BeginsAWord } else { Rank::Contains })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(things: &[(&str, &str)], typed: &str) -> Vec<String> {
        let things: Vec<(ResourceId, &str)> = things.iter().map(|(id, name)| (id.parse().unwrap(), *name)).collect();
        best(things.iter().map(|(id, name)| (id, *name)), typed).into_iter().map(ToString::to_string).collect()
    }

    // E43
    #[test]
    fn what_begins_with_the_words_comes_first_and_all_of_them_have_to_be_there() {
        let things = [
            ("prod/orders", "Orders database"),
            ("prod/reorders", "Reorders"),
            ("staging/orders", "Staging of orders"),
            ("shop/repo", "Shop repository"),
        ];
        assert_eq!(found(&things, "orders"), ["prod/orders", "staging/orders", "prod/reorders"]);
        assert_eq!(found(&things, "ORDERS  prod"), ["prod/orders", "prod/reorders"]);
        assert_eq!(found(&things, "database prod"), ["prod/orders"], "a word of the name and one of the id");
        assert_eq!(found(&things, "orders shop"), Vec::<String>::new());
        assert_eq!(found(&things, " ").len(), 4, "before anything is typed, all of it");
    }

    // E43
    #[test]
    fn no_more_is_answered_than_slack_shows() {
        let ids: Vec<String> = (0..250).map(|number| format!("db/orders-{number:03}")).collect();
        let things: Vec<(&str, &str)> = ids.iter().map(|id| (id.as_str(), id.as_str())).collect();
        assert_eq!(found(&things, "").len(), OPTIONS_MAX);
        assert_eq!(found(&things, "249"), ["db/orders-249"], "what is beyond the first hundred is found");
    }
}
