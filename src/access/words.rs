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

    /// Whether nothing was typed.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }
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
    fn a_wall_of_text_is_cut_on_a_character() {
        assert_eq!(Words::typed(&"🙂".repeat(5000)).as_typed().chars().count(), WORDS_CHARS_MAX);
    }
}
