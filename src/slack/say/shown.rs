//! A message or form as lines of text, close to how a person sees it: for snapshots that can be reviewed by reading.

use serde_json::Value;

/// The message as text.
pub(super) fn message(message: &crate::slack::block::Message) -> String {
    let json = message.to_json();
    format!("notification: {}\n{}", json["text"].as_str().unwrap_or_default(), blocks(&json))
}

/// The form as text.
pub(super) fn view(view: &crate::slack::block::View) -> String {
    let json = view.to_json();
    let part = |key: &str| json[key]["text"].as_str().unwrap_or("-").to_owned();
    let (callback, metadata) = (json["callback_id"].as_str().unwrap_or("-"), json["private_metadata"].as_str().unwrap_or("-"));
    format!("[{}] {callback} metadata: {metadata}\n{}({}) ({})\n", part("title"), blocks(&json), part("submit"), part("close"))
}

/// The home tab as text.
pub(super) fn home(home: &crate::slack::block::Home) -> String {
    blocks(&home.to_json())
}

fn blocks(parent: &Value) -> String {
    parent["blocks"].as_array().into_iter().flatten().map(block).collect()
}

fn items(parent: &Value) -> impl Iterator<Item = &Value> {
    parent["elements"].as_array().into_iter().flatten()
}

fn block(block: &Value) -> String {
    let id = block["block_id"].as_str().map(|id| format!("{id}: ")).unwrap_or_default();
    match block["type"].as_str().unwrap_or_default() {
        "section" => format!("{}\n", block["text"]["text"].as_str().unwrap_or_default()),
        "header" => format!("# {}\n", block["text"]["text"].as_str().unwrap_or_default()),
        "divider" => "----\n".to_owned(),
        "context" => items(block).map(|element| format!("  | {}\n", element["text"].as_str().unwrap_or_default())).collect(),
        "actions" => format!("{id}{}\n", items(block).map(button).collect::<Vec<_>>().join(" ")),
        "rich_text" => items(block).map(rich).collect(),
        "input" => {
            let kind = block["element"]["type"].as_str().unwrap_or_default();
            let choices: Vec<String> = block["element"]["options"]
                .as_array()
                .into_iter()
                .flatten()
                .take(5)
                .map(|option| {
                    format!(
                        "{}={}",
                        option["text"]["text"].as_str().unwrap_or_default(),
                        option["value"].as_str().unwrap_or_default()
                    )
                })
                .collect();
            let initial = block["element"]["initial_value"].as_str().or(block["element"]["initial_option"]["value"].as_str());
            let initial = initial.or(block["element"]["initial_options"][0]["value"].as_str());
            let optional = if block["optional"] == true { " (optional)" } else { "" };
            let hint = block["hint"]["text"].as_str().map(|hint| format!("    {hint}\n")).unwrap_or_default();
            let label = block["label"]["text"].as_str().unwrap_or_default();
            format!("{id}{label}{optional} <{kind}> {choices:?} = {initial:?}\n{hint}")
        }
        other => format!("({other})\n"),
    }
}

fn button(button: &Value) -> String {
    if button["type"] == "overflow" {
        let options = button["options"].as_array().into_iter().flatten();
        let options: Vec<String> = options
            .map(|option| format!("{}={}", option["text"]["text"].as_str().unwrap_or_default(), option["value"]))
            .collect();
        return format!("[⋯ {} {}]", button["action_id"].as_str().unwrap_or_default(), options.join(" | "));
    }
    let text = |key: &str| button[key].as_str().unwrap_or_default();
    let style = button["style"].as_str().map(|style| format!(" {style}")).unwrap_or_default();
    let confirm = button["confirm"]["text"]["text"].as_str().map(|text| format!(" asks \"{text}\"")).unwrap_or_default();
    let label = button["text"]["text"].as_str().unwrap_or_default();
    format!("[{label}{style} {}={:?} \"{}\"{confirm}]", text("action_id"), text("value"), text("accessibility_label"))
}

fn rich(element: &Value) -> String {
    let text: String = items(element).filter_map(|part| part["text"].as_str()).collect();
    match element["type"].as_str().unwrap_or_default() {
        "rich_text_quote" => text.lines().map(|line| format!("  > {line}\n")).collect(),
        "rich_text_preformatted" => text.lines().map(|line| format!("    {line}\n")).collect(),
        _ => format!("{text}\n"),
    }
}
