//! What can be looked at from outside: messages, what the provider gives, rows and the audit log.

use daypass::access::grant::Grant;
use daypass::access::ids::{GrantId, RequestId};
use daypass::access::request::Request;
use daypass::access::review::ReviewState;
use daypass::demo::emulator::Message;

use super::{World, account};

impl World {
    /// The newest message that this person can see, is about this, and has this button.
    pub fn button(&self, who: &str, about: &str, action: &str) -> Option<Message> {
        self.seen_by(who).into_iter().rev().find(|message| {
            let text = serde_json::to_string(&message.blocks).unwrap();
            text.contains(&format!("\"{action}\"")) && (text.contains(about) || message.shown_text().contains(about))
        })
    }

    /// Everything in a person's sight, oldest first.
    pub fn seen_by(&self, who: &str) -> Vec<Message> {
        let account = account(who);
        let mut all: Vec<Message> = self
            .slack
            .channels()
            .iter()
            // Other people's direct messages are in nobody's sight.
            .filter(|channel| !channel.id.starts_with('D'))
            .flat_map(|channel| self.slack.visible(&account, &channel.id))
            .chain(self.slack.dm(&account))
            .collect();
        all.sort_by(|a, b| a.ts.cmp(&b.ts));
        all
    }

    /// What Daypass wrote to a person, oldest first.
    pub fn dms(&self, who: &str) -> Vec<String> {
        self.slack.dm(&account(who)).iter().map(Message::shown_text).collect()
    }

    pub fn last_dm(&self, who: &str) -> String {
        self.dms(who).last().cloned().unwrap_or_default()
    }

    pub fn in_channel(&self, channel: &str) -> Vec<String> {
        self.slack.messages(channel).iter().map(Message::shown_text).collect()
    }

    /// What the provider really gives.
    pub fn level(&self, account: &str, thing: &str) -> Option<String> {
        self.provider.level(account, thing)
    }

    pub fn grant_state(&self, id: &str) -> String {
        self.grant(id).map_or_else(|| "none".to_owned(), |grant| grant.state.name().to_owned())
    }

    /// The audit log as sentences.
    pub fn audit(&self) -> Vec<String> {
        let lines = self.read(|reader| reader.lines(0, 10_000));
        // The installation's id is drawn at random.
        let ours = self.app().store().installation().to_owned();
        let told = |line: &daypass::store::log::Line| daypass::audit::sentence::sentence(&line.entry, &|_| None);
        lines.iter().map(|line| told(line).replace(&ours, "<installation>")).collect()
    }

    pub fn grant(&self, id: &str) -> Option<Grant> {
        let id: GrantId = id.parse().unwrap();
        self.read(move |reader| reader.grant(id))
    }

    pub fn request(&self, id: &str) -> Option<Request> {
        let id: RequestId = id.parse().unwrap();
        self.read(move |reader| reader.request(id))
    }

    pub fn request_state(&self, id: &str) -> String {
        self.request(id).map_or_else(|| "none".to_owned(), |request| request.state.name().to_owned())
    }

    /// `none`, `open`, or what came of it.
    pub fn review_state(&self, id: &str) -> String {
        let id: RequestId = id.parse().unwrap();
        match self.read(move |reader| reader.review(id)).map(|review| review.state) {
            None => "none".to_owned(),
            Some(ReviewState::Open) => "open".to_owned(),
            Some(ReviewState::Closed { finding, .. }) => finding.name().to_owned(),
        }
    }

    /// The end of a grant that is in force, as minutes from now.
    pub fn ends_in_minutes(&self, id: &str) -> i64 {
        let state = self.grant(id).unwrap().state;
        let daypass::access::grant::GrantState::Active { ends_at, .. } = state else { panic!("{id} is {}", state.name()) };
        (ends_at.as_millis() - self.now().as_millis()) / 60_000
    }

    /// The cards of a request: in the channel, and in whoever's direct messages.
    pub fn cards(&self, id: &str) -> Vec<String> {
        self.card_messages(id).iter().map(Message::shown_text).collect()
    }

    pub fn card_messages(&self, id: &str) -> Vec<Message> {
        let about =
            |message: &Message| message.metadata.as_ref().is_some_and(|data| data.to_string().contains(&format!("\"{id}\"")));
        self.slack.messages("C0DBACCESS").into_iter().filter(about).collect()
    }

    /// The only card of a request in the channel.
    pub fn card(&self, id: &str) -> String {
        let cards = self.cards(id);
        assert_eq!(cards.len(), 1, "{cards:#?}");
        cards.concat()
    }

    /// What the security channel was told.
    pub fn alarms(&self) -> Vec<String> {
        // The installation's id is drawn at random.
        let ours = self.app().store().installation().to_owned();
        self.in_channel("C0SECURITY").iter().map(|text| text.replace(&ours, "<installation>")).collect()
    }

    /// Whether the audit log says this.
    pub fn has_audit(&self, words: &str) -> bool {
        self.audit().iter().any(|line| line.contains(words))
    }

    /// How often the audit log says this.
    pub fn count_audit(&self, words: &str) -> usize {
        self.audit().iter().filter(|line| line.contains(words)).count()
    }
}
