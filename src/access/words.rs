//! What people typed. Kept apart from every other text, so that it is never logged, never markup and can be erased.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Free text written by a person: a reason, an answer, a note.
///
/// Its serialised form is `{"words": "…"}`, by which the audit log finds it and puts a salted commitment in its place.
/// It has no `Display`, and `Debug` shows only its length.
#[derive(Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Words {
    words: String,
}

/// The longest text a person may give as a reason or note, in characters. Slack's own inputs end at 3000.
pub const WORDS_CHARS_MAX: usize = 1000;

impl Words {
    /// Takes the text as typed, without the white space around it, cut at [`WORDS_CHARS_MAX`] characters.
    pub fn typed(text: &str) -> Words {
        Words { words: text.trim().chars().take(WORDS_CHARS_MAX).collect() }
    }

    /// The text exactly as typed. Whoever shows it must escape it.
    pub fn as_typed(&self) -> &str {
        &self.words
    }

    /// Whether nothing was typed that anybody could read: what cannot be seen is no reason.
    pub fn is_empty(&self) -> bool {
        self.seen_chars() == 0
    }

    /// How many characters can be seen, with one for each gap between words.
    pub fn seen_chars(&self) -> usize {
        let seen = |word: &str| word.chars().filter(|c| !is_invisible(*c)).count();
        let words = self.words.split_whitespace().map(seen).filter(|chars| *chars > 0);
        let (count, chars) = words.fold((0usize, 0), |(count, all), chars| (count + 1, all + chars));
        chars + count.saturating_sub(1)
    }
}

/// Whether a character shows nothing, or changes how others are shown: controls, joiners, direction marks, fillers, tags.
pub fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
            | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Words({} chars)", self.words.chars().count())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_typed_stays_out_of_debug_output() {
        let words = Words::typed("  my ex-wife's illness ");
        assert_eq!(format!("{words:?}"), "Words(20 chars)");
        assert_eq!(words.as_typed(), "my ex-wife's illness");
    }

    #[test]
    fn what_cannot_be_seen_is_nothing() {
        for nothing in ["", " ", "\u{200b} \u{feff}", "\u{202e}\u{3164}\u{2800}"] {
            assert!(Words::typed(nothing).is_empty(), "{nothing:?}");
        }
        assert_eq!(Words::typed("\u{200b}a \u{200b}   b\u{2060}🙂").seen_chars(), 4);
    }

    #[test]
    fn a_wall_of_text_is_cut_on_a_character() {
        assert_eq!(Words::typed(&"🙂".repeat(5000)).as_typed().chars().count(), WORDS_CHARS_MAX);
    }
}
