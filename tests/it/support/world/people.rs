//! What people do in Slack, and what they see of it at once.

use std::time::Duration;

use daypass::demo::emulator::{
    Delivery, DeliveryFault, Fault, FaultKind, Input, Message, Place, Shown, Submitted, Then, Values, View, signature,
};

use super::{SIGNING_SECRET, World, account};

impl World {
    /// Somebody writes a command. The answer is what they see.
    pub async fn says(&mut self, who: &str, words: &str) -> String {
        let shown = self.slack.slash(&account(who), "C0GENERAL", words).await;
        assert!(shown.is_acknowledged(), "{who}: {words}: {shown:?}");
        self.settle().await;
        shown.text()
    }

    /// Somebody presses a button on the newest message that shows `about` and has it. The answer is what they see.
    pub async fn presses(&mut self, who: &str, about: &str, action: &str) -> String {
        let shown = self.presses_before_work(who, about, action).await;
        self.settle().await;
        shown
    }

    /// The same, before the worker gets its turn.
    pub async fn presses_before_work(&mut self, who: &str, about: &str, action: &str) -> String {
        let message = self.button(who, about, action).unwrap_or_else(|| panic!("{who} sees no `{action}` of {about}"));
        self.click(who, &message, action).await
    }

    pub async fn click(&mut self, who: &str, message: &Message, action: &str) -> String {
        let before = self.slack.ephemerals(&account(who)).len();
        let shown = self.slack.press(&account(who), &message.channel, &message.ts, action).await;
        assert!(shown.is_acknowledged(), "{who} {action}: {shown:?}");
        self.answer_after(who, before, &shown).await
    }

    /// Somebody chooses from the menu on the newest message that shows `about`. The answer is what they see.
    pub async fn chooses(&mut self, who: &str, about: &str, choice: &str) -> String {
        let message = self.button(who, about, "request.more").unwrap_or_else(|| panic!("{who} sees no menu of {about}"));
        let answer = self.chooses_on(who, &message, about, choice).await;
        self.settle().await;
        answer
    }

    /// The same on this message, before the worker gets its turn.
    pub async fn chooses_on(&mut self, who: &str, message: &Message, about: &str, choice: &str) -> String {
        let blocks = serde_json::to_string(&message.blocks).unwrap();
        let from = blocks.find(&format!("\"{choice} {about} ")).unwrap_or_else(|| panic!("no `{choice}` in {blocks}"));
        let value = blocks[from + 1..].split('"').next().unwrap().to_owned();
        let place = Place::Message { channel: message.channel.clone(), ts: message.ts.clone() };
        let before = self.slack.ephemerals(&account(who)).len();
        let block = message.blocks.iter().find(|block| block.to_string().contains(&value)).unwrap();
        let block = block["block_id"].as_str();
        let shown = self.slack.act(&account(who), &place, block, "request.more", Input::Option(value.clone())).await;
        assert!(shown.is_acknowledged(), "{who} {choice}: {shown:?}");
        self.answer_after(who, before, &shown).await
    }

    /// The answer to a click comes by its own way, after the acknowledgement.
    async fn answer_after(&self, who: &str, before: usize, shown: &Shown) -> String {
        let mut changes = self.slack.watch();
        let arrived = async {
            loop {
                let seen = self.slack.ephemerals(&account(who));
                if let Some(answer) = seen.get(before) {
                    return answer.shown_text();
                }
                if self.slack.open_view(&account(who)).is_some() {
                    return String::new();
                }
                changes.changed().await.unwrap();
            }
        };
        tokio::time::timeout(Duration::from_secs(10), arrived).await.unwrap_or_else(|_| panic!("{who} got no answer: {shown:?}"))
    }

    /// The first answer that only this person sees, once it has arrived.
    pub async fn answer_to(&self, who: &str) -> String {
        let mut changes = self.slack.watch();
        let arrived = async {
            loop {
                if let Some(answer) = self.slack.ephemerals(&account(who)).first() {
                    return answer.shown_text();
                }
                changes.changed().await.unwrap();
            }
        };
        tokio::time::timeout(Duration::from_secs(60), arrived).await.unwrap_or_else(|_| panic!("{who} got no answer"))
    }

    /// Waits for a message that is written after its cause was acknowledged.
    pub async fn is_shown(&self, who: &str, about: &str, action: &str) {
        let mut changes = self.slack.watch();
        let shown = async {
            while self.button(who, about, action).is_none() {
                changes.changed().await.unwrap();
            }
        };
        let shown = tokio::time::timeout(Duration::from_secs(10), shown).await;
        shown.unwrap_or_else(|_| panic!("{who} sees no `{action}` of {about}"));
    }

    /// Somebody fills in the form before them and sends it.
    pub async fn submits(&mut self, who: &str, values: Values) -> Submitted {
        let form = self.form(who).unwrap_or_else(|| panic!("{who} has no form open"));
        let submitted = self.slack.submit(&account(who), &form.id, values).await;
        self.settle().await;
        submitted
    }

    /// Somebody presses Deny, and says why in the form that opens.
    pub async fn denies(&mut self, who: &str, about: &str, why: &str) -> Submitted {
        assert_eq!(self.presses(who, about, "request.deny").await, "", "a form opens");
        self.submits(who, Values::new().text("reason", why)).await
    }

    /// Somebody presses Approve where a note is wanted, and writes it into the form that opens.
    pub async fn approves_because(&mut self, who: &str, about: &str, why: &str) {
        assert_eq!(self.presses(who, about, "request.approve").await, "", "a form opens");
        let submitted = self.submits(who, Values::new().text("reason", why)).await;
        assert_eq!(submitted.then, Then::Closed, "{submitted:?}");
    }

    /// The form that somebody has before them.
    pub fn form(&self, who: &str) -> Option<View> {
        self.slack.open_view(&account(who))
    }

    /// What a form that took the place of another one says.
    pub fn form_text(&self, who: &str) -> String {
        let form = self.form(who).unwrap_or_else(|| panic!("{who} has no form open"));
        serde_json::to_string(form.blocks()).unwrap()
    }

    /// Somebody presses a button, but Slack's message is lost on the way. It can be delivered later, as Slack would have made it.
    pub async fn presses_in_vain(&mut self, who: &str, about: &str, action: &str) -> Delivery {
        let message = self.button(who, about, action).unwrap_or_else(|| panic!("{who} sees no `{action}` of {about}"));
        self.slack.delivery_fault(DeliveryFault::Lose);
        self.slack.press(&account(who), &message.channel, &message.ts, action).await;
        self.last_delivery()
    }

    /// What was pressed in vain arrives. The answer is what they see.
    pub async fn arrives(&mut self, who: &str, delivery: Delivery) -> String {
        let before = self.slack.ephemerals(&account(who)).len();
        let shown = self.delivers(delivery).await;
        assert_eq!(shown.status, Some(200), "{shown:?}");
        let answer = self.answer_after(who, before, &shown).await;
        self.settle().await;
        answer
    }

    /// Messages stay as they are for a while: Slack takes no updates.
    pub fn messages_stay(&self, calls: u32) {
        self.slack.fault(Fault::times("chat.update", calls, FaultKind::ServerError));
    }

    /// What Slack last told the app.
    pub fn last_delivery(&self) -> Delivery {
        self.slack.deliveries().last().unwrap().clone()
    }

    /// Slack signs something (anew) and delivers it now.
    pub async fn delivers(&self, delivery: Delivery) -> Shown {
        self.slack.push_raw(&self.signed_again(delivery, 0)).await
    }

    /// The same, signed so many seconds ago.
    pub fn signed_again(&self, delivery: Delivery, seconds_ago: i64) -> Delivery {
        let timestamp_s = self.now().as_millis().div_euclid(1000) - seconds_ago;
        let signature = signature(SIGNING_SECRET, timestamp_s, &delivery.body);
        Delivery { timestamp_s, signature, ..delivery }
    }

    /// Somebody approves by what `/jit pending` shows them.
    pub async fn presses_from(&mut self, who: &str, about: &str) {
        self.says(who, "/jit pending").await;
        let answer = self.presses(who, about, "request.approve").await;
        assert!(answer.contains("Approved"), "{answer}");
    }

    /// Somebody who may deletes a message.
    pub fn deletes(&self, message: &Message) {
        assert!(self.slack.delete_message(&message.channel, &message.ts));
    }

    /// The same interaction with a trigger of its own, as if it had been pressed anew.
    pub fn with_another_trigger(&self, body: &str) -> String {
        static NUMBER: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        let from = body.find("trigger_id").expect("it has a trigger");
        format!("{}{}", &body[..from], body[from..].replacen("%3A%22", &format!("%3A%22{number}."), 1))
    }

    /// Somebody joins a channel.
    pub fn join(&self, who: &str, channel: &str) {
        assert!(self.slack.edit_channel(channel, |channel| channel.members.push(account(who))));
    }
}
