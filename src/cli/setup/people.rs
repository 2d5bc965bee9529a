//! The people of a workspace as a policy file. Text only: what is done with it is decided elsewhere.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::slack::client::{AccountStanding, Standing};

/// The people as entries of `people`, in the order of their ids. Ids that are `taken` are not given again.
pub fn entries(accounts: &[&AccountStanding], taken: &BTreeSet<String>) -> String {
    let mut taken = taken.clone();
    let mut text = String::new();
    for account in accounts {
        let id = free_id(account, &taken);
        taken.insert(id.clone());
        text.push_str(&entry(account, &id));
    }
    text
}

/// A whole file of them.
pub fn file(workspace: &str, accounts: &[&AccountStanding]) -> String {
    let head = format!(
        "# Who is who, as `daypass setup` found it in the workspace {}. Every check compares the `id`, never a Slack\n\
         # account, a name or an e-mail address. Groups and policies: docs/policies.md.\nversion: 1\n\npeople:\n",
        workspace.replace(char::is_control, " ")
    );
    head + &entries(accounts, &BTreeSet::new())
}

/// Whether an account is one of a person that can be somebody here.
pub fn is_somebody(account: &AccountStanding) -> bool {
    match account.standing {
        Standing::Member | Standing::Guest | Standing::SingleChannelGuest => true,
        Standing::Deactivated | Standing::Bot | Standing::Stranger | Standing::Unclear => false,
    }
}

/// Whether it is a guest's: somebody who needs a sponsor and the end of a contract.
pub fn is_guest(account: &AccountStanding) -> bool {
    matches!(account.standing, Standing::Guest | Standing::SingleChannelGuest)
}

fn entry(account: &AccountStanding, id: &str) -> String {
    let mut text = String::new();
    let name = account.real_name.as_deref().unwrap_or(&account.name);
    let kind = if is_guest(account) { "contractor" } else { "employee" };
    // A JSON string is one of YAML too, whatever the name holds.
    let quoted = serde_json::Value::String(name.to_owned());
    let _ = writeln!(text, "  - id: {id}\n    name: {quoted}\n    slack: [{}]\n    kind: {kind}", account.user);
    if let Some(zone) = account.tz.as_deref().filter(|zone| jiff::tz::TimeZone::get(zone).is_ok()) {
        let _ = writeln!(text, "    timezone: {zone}");
    }
    if is_guest(account) {
        text.push_str(
            "    # A guest. To be completed:\n    # company: Acme\n    # sponsor: the id of the employee who answers for them\n    \
             # contract_ends: 2027-12-31\n",
        );
    }
    text
}

/// `maya.okafor`: the name in Slack in small letters, as far as an id can have them; with a number where that is taken.
fn free_id(account: &AccountStanding, taken: &BTreeSet<String>) -> String {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-_".contains(c);
    let lower = account.name.to_lowercase();
    let cleaned = lower.split(|c| !fits(c)).filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-");
    let cleaned = cleaned.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    let base: String = match cleaned.is_empty() {
        true => account.user.to_lowercase(),
        false => cleaned.chars().take(40).collect::<String>().trim_end_matches(|c: char| !c.is_ascii_alphanumeric()).to_owned(),
    };
    let numbered = (2..).map(|number: u32| format!("{base}-{number}"));
    std::iter::once(base.clone()).chain(numbered).find(|id| !taken.contains(id)).unwrap_or(base)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::parse::Source;
    use crate::policy::{PolicySet, Shapes};
    use serde_json::json;

    fn account(id: &str, name: &str, more: serde_json::Value) -> AccountStanding {
        let mut user = json!({
            "id": id, "team_id": "T0SHOP", "name": name, "real_name": format!("{name} \"Q\" # x"), "deleted": false, "is_bot": false,
            "is_restricted": false, "is_ultra_restricted": false, "tz": "Europe/Berlin", "profile": {}
        });
        more.as_object().unwrap().iter().for_each(|(key, value)| user[key] = value.clone());
        AccountStanding::read(&user).unwrap()
    }

    #[test]
    fn whatever_people_are_called_the_file_can_be_read() {
        let people = [
            account("U1", "Carol", json!({})),
            account("U2", "carol", json!({ "tz": "Nowhere/Town" })),
            account("U3", "Łukasz: {x}", json!({ "is_restricted": true })),
            account("U4", "🙂", json!({})),
            account("U5", "--", json!({ "is_restricted": true, "is_ultra_restricted": true })),
        ];
        let text = file("Shop\n: x", &people.iter().collect::<Vec<_>>());
        let set = PolicySet::parse(vec![Source { name: "people.yaml".to_owned(), text: text.clone() }], Shapes::UNCHECKED);
        let set = set.unwrap_or_else(|problem| panic!("{problem}\n{text}"));
        assert_eq!(set.people().len(), 5);
        insta::assert_snapshot!(text);
    }

    #[test]
    fn bots_and_people_who_left_are_nobody() {
        for (more, expected) in [(json!({}), true), (json!({ "is_bot": true }), false), (json!({ "deleted": true }), false)] {
            assert_eq!(is_somebody(&account("U1", "carol", more)), expected);
        }
    }
}
