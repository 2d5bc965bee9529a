//! The samples of what is said about a request beside yes and no, and of approving several at once.

use super::stage::{Stage, at, ttl};
use crate::access::decide::NoteRule;
use crate::access::ids::{GrantId, PersonId, RequestId};
use crate::access::request::{Request, RequestState, TermsHash};
use crate::access::talk::{Answered, Feedback, Measure, Measured, Passed, Question, Shortened, Talk};
use crate::access::words::Words;
use crate::slack::block::{Message, View};
use crate::slack::say::card::{CardFacts, card};
use crate::slack::say::several::{self, Apart};
use crate::slack::say::status::status;
use crate::slack::say::{talk, why};

impl Stage {
    /// The request about which Carol asked two questions, of which Maya answered one, and which Carol passed on to Dave after she
    /// approved half the time.
    pub(in crate::slack) fn talked(&self) -> Request {
        let [carol, dave] =
            [self.approvers.first(), self.approvers.last()].map(|who| who.cloned().unwrap_or(self.grant.person.clone()));
        let (maya, said) = (self.grant.person.clone(), Words::typed(&self.said));
        let answer = Some(Answered { by: maya, at: at(3), answer: said.clone() });
        let asked = |minute, answer| Question { by: carol.clone(), at: at(minute), question: said.clone(), answer };
        let talk = Talk {
            questions: vec![asked(2, answer), asked(5, None)],
            passed: vec![Passed { by: carol.clone(), at: at(6), to: dave }],
            shortened: vec![Shortened { by: carol.clone(), at: at(4), from: ttl(120), to: ttl(60) }],
            feedback: None,
        };
        let mut request = Request { talk, state: RequestState::Pending, ..self.approved() };
        request.terms.access_for = ttl(60);
        request.terms_hash = TermsHash(0x0123_4567_89ab_cdef);
        request
    }

    /// Every message of it, with a name for it.
    pub(in crate::slack) fn talk(&self) -> Vec<(String, Message)> {
        let open = self.talked();
        let unapproved = Request { approvals: Vec::new(), ..open.clone() };
        let decided = Request { state: self.approved().state, ..open.clone() };
        let grants: Vec<_> = self.grants().into_iter().filter(|(name, _)| *name == "active").map(|(_, grant)| grant).collect();
        let facts = |request| CardFacts { mention: &[], ..self.card(request, &[]) };
        let ended: Vec<_> = self.grants().into_iter().filter(|(name, _)| *name == "ended").map(|(_, grant)| grant).collect();
        let measured = |measure| Measured { at: at(130), measure };
        let [asked, answered] = [None, Some(measured(Measure::JustRight))].map(|answer| {
            let talk = Talk { feedback: Some(Feedback { asked_at: at(125), answer }), ..Talk::default() };
            Request { talk, ..self.approved() }
        });
        let (first, second) = (open.talk.question(1), open.talk.question(2));
        let passed = open.talk.passed.first();
        let messages = [
            ("card.talked", Some(card(&self.card(&open, &[])))),
            ("card.talked.decided", Some(card(&self.card(&decided, &grants)))),
            ("status.shortened", Some(status(&self.status(&open, &[])))),
            ("status.shortened.decided", Some(status(&self.status(&decided, &grants)))),
            ("status.feedback", Some(status(&self.status(&asked, &ended)))),
            ("status.feedback.given", Some(status(&self.status(&answered, &ended)))),
            ("why.talked", Some(why::why(&self.why(&open, &[])))),
            ("question", second.map(|asked| talk::question(&facts(&open), 2, asked))),
            ("question.answered", first.map(|asked| talk::question(&facts(&open), 1, asked))),
            ("question.decided", second.map(|asked| talk::question(&facts(&decided), 2, asked))),
            ("answered", first.and_then(|asked| talk::answered(&facts(&unapproved), asked))),
            ("answered.approved", first.and_then(|asked| talk::answered(&facts(&open), asked))),
            ("passed_on", passed.map(|passed| talk::passed_on_card(&facts(&open), passed))),
            ("passed_on.decided", passed.map(|passed| talk::passed_on_card(&facts(&decided), passed))),
            ("less", talk::less(&open, &self.names)),
        ];
        messages.into_iter().filter_map(|(name, message)| Some((name.to_owned(), message?))).collect()
    }

    /// Every form of it, with a name for it.
    pub(in crate::slack) fn talk_forms(&self) -> Vec<(&'static str, View)> {
        let (request, names) = (self.talked(), &self.names);
        let people: &[PersonId] = &self.approvers;
        let lengths = [ttl(15), ttl(30)];
        let second = request.talk.question(2);
        let another = Request { id: RequestId::from_number(43), grants: vec![GrantId::from_number(58)], ..self.request.clone() };
        let apart = [(another.clone(), Apart::HighRisk), (another.clone(), Apart::NeedsNote), (another.clone(), Apart::NotNow)];
        let results = ["✅ Approved: R-42".to_owned(), format!("⚠️ R-43: {}", self.said)];
        let forms = [
            ("question", Some(talk::question_form(&request, names))),
            ("answer", second.map(|asked| talk::answer_form(&request, 2, asked, names))),
            ("shorter", talk::shorter_form(&request, &lengths, NoteRule::Optional, names)),
            ("shorter.note", talk::shorter_form(&request, &lengths, NoteRule::Required, names)),
            ("pass_on", talk::pass_on_form(&request, people, names)),
            ("several", Some(several::form(&[self.request.clone(), another], &apart, names))),
            ("several.results", Some(several::results(&results))),
            ("several.nothing", Some(several::results(&[]))),
        ];
        forms.into_iter().filter_map(|(name, form)| Some((name, form?))).collect()
    }
}
