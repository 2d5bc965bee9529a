//! What is filled into a form, by block. Elements that Daypass does not use are left out.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{required, typed::typed};

/// What is filled in, by `block_id`. Our forms have one element per block.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Values {
    filled: BTreeMap<String, Filled>,
    /// The blocks that were there to be filled in.
    shown: BTreeSet<String>,
}

/// What one element holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filled {
    /// A text, as typed.
    Text(String),
    /// The value of the chosen option. It comes back through the person's client: check it.
    Chosen(String),
    /// A chosen person, as Slack account.
    Account(String),
    /// The values of the ticked boxes. They come back through the person's client: check them.
    Ticked(Vec<String>),
}

impl Values {
    /// The typed text of this block; empty when nothing was typed.
    pub fn text(&self, block_id: &str) -> &str {
        match self.filled.get(block_id) {
            Some(Filled::Text(text)) => text,
            Some(Filled::Chosen(_) | Filled::Account(_) | Filled::Ticked(_)) | None => "",
        }
    }

    /// The value of the option that was chosen in this block, if one was.
    pub fn chosen(&self, block_id: &str) -> Option<&str> {
        match self.filled.get(block_id) {
            Some(Filled::Chosen(value)) => Some(value),
            Some(Filled::Text(_) | Filled::Account(_) | Filled::Ticked(_)) | None => None,
        }
    }

    /// Whether there was such a block, filled in or not.
    pub fn has(&self, block_id: &str) -> bool {
        self.shown.contains(block_id)
    }

    /// The values of all boxes that are ticked, in whichever block.
    pub fn ticked(&self) -> impl Iterator<Item = &str> {
        self.filled
            .values()
            .flat_map(|filled| match filled {
                Filled::Ticked(values) => values.as_slice(),
                Filled::Text(_) | Filled::Chosen(_) | Filled::Account(_) => &[],
            })
            .map(String::as_str)
    }

    /// What this block holds, if anything.
    pub fn get(&self, block_id: &str) -> Option<&Filled> {
        self.filled.get(block_id)
    }

    pub(super) fn of_view(view: &Value) -> Values {
        let blocks = view.get("state").and_then(|state| state.get("values")).and_then(Value::as_object);
        let filled = |(block, elements): (&String, &Value)| {
            let element = elements.as_object()?.values().next()?;
            Some((block.clone(), filled(element)?))
        };
        let shown = blocks.into_iter().flatten().map(|(block, _)| block.clone()).collect();
        Values { filled: blocks.into_iter().flatten().filter_map(filled).collect(), shown }
    }
}

fn filled(element: &Value) -> Option<Filled> {
    let typed_in = || required(element, "value").map(|text| Filled::Text(typed(&text)));
    let chosen = || required(element.get("selected_option")?, "value").map(Filled::Chosen);
    let account = || required(element, "selected_user").map(Filled::Account);
    let ticked = || {
        let options = element.get("selected_options")?.as_array()?.iter();
        Some(Filled::Ticked(options.filter_map(|option| required(option, "value")).collect()))
    };
    typed_in().or_else(chosen).or_else(account).or_else(ticked)
}
