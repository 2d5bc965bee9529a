use super::*;
use crate::slack::say::samples::{Stage, ttl};

#[test]
fn every_click_has_an_answer() {
    let stage = Stage::set().unwrap();
    let (request, grant) = (stage.request.id, stage.grant.id);
    let (people, answer_by) = (stage.approvers.clone(), stage.request.answer_by);
    let asked =
        |at_most, not_at_once| Reply::Asked { request, people: people.clone(), answer_by, at_most, from_to: None, not_at_once };
    let answers: Vec<String> = [
        asked(None, None),
        asked(Some(stage.request.answer_by), None),
        asked(None, Some(NotAtOnce::Unread { source: "the on-call schedule `PABC123` of `pagerduty`".to_owned() })),
        asked(None, Some(NotAtOnce::UsedUp { uses: 1, per: "12h".parse().unwrap() })),
        asked(None, Some(NotAtOnce::UsedUp { uses: 5, per: "24h".parse().unwrap() })),
        Reply::Asked {
            request,
            people: people.clone(),
            answer_by,
            at_most: None,
            from_to: Some((answer_by.plus(ttl(540)), answer_by.plus(ttl(660)))),
            not_at_once: None,
        },
        Reply::ApprovedAtOnce { request, from_to: None },
        Reply::ApprovedAtOnce { request, from_to: Some((answer_by, answer_by.plus(ttl(120)))) },
        Reply::GlassBroken { request, review: Box::new(stage.review(None)) },
        Reply::GlassAsked {
            request,
            rules: vec!["prod-needs-two".parse().unwrap()],
            people: stage.approvers.clone(),
            answer_by: stage.request.answer_by,
        },
        Reply::ReviewClosed { request, finding: Finding::NotJustified },
        Reply::Seconded { request, still: stage.still.clone() },
        Reply::Approved { request, starts_at: None },
        Reply::Approved { request, starts_at: Some(answer_by) },
        Reply::Questioned { request, of: stage.request.filed_by.clone() },
        Reply::AnswerGiven { request },
        Reply::FeedbackGiven { measure: Measure::TooLittle },
        Reply::PassedOn { request, to: stage.approvers.last().cloned().unwrap() },
        Reply::Denied { request },
        Reply::Withdrawn { request },
        Reply::Reminded { request, people: stage.approvers.clone() },
        Reply::Ending { grant },
        Reply::EndingAll { request, grants: vec![grant, GrantId::from_number(58)] },
        Reply::Locked { what: Scope::Person("maya".parse().unwrap()), until: None, ending: 3 },
        Reply::Locked { what: Scope::Everything, until: Some(stage.request.answer_by), ending: 1 },
        Reply::Locked { what: Scope::Group("contractors/acme".parse().unwrap()), until: None, ending: 0 },
        Reply::Unlocked { what: Scope::Resource("prod/orders".parse().unwrap()) },
        Reply::RevokingAll { person: "maya".parse().unwrap(), ending: 2, others: Vec::new() },
        Reply::RevokingAll { person: "maya".parse().unwrap(), ending: 1, others: vec![grant] },
        Reply::LookingAgain { grant },
        Reply::Vouched { grant, by: stage.approvers[0].clone() },
        Reply::with(asked(None, None), Some(stage.request.terms.subject.clone()), Vec::new()),
        Reply::with(asked(None, None), None, vec![(stage.approvers[0].clone(), stage.request.answer_by)]),
        Reply::Away { until: stage.request.answer_by, stand_in: stage.approvers.last().cloned() },
        Reply::Away { until: stage.request.answer_by, stand_in: None },
        Reply::Back,
        Reply::SecretLinked { grant },
        Reply::DoneBefore,
        Reply::Later,
    ]
    .iter()
    .map(|what| reply(what, &stage.names).text().to_owned())
    .collect();
    insta::assert_snapshot!(answers.join("\n"));
}
