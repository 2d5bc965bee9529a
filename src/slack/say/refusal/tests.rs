use super::*;
use crate::access::lock::Scope;
use crate::access::time::Ttl;
use crate::slack::command::Command;
use crate::slack::say::samples::{Stage, TEN};

/// One of each. A new variant breaks `refusal` itself; that it is missing here is noticed by the count below.
#[expect(clippy::too_many_lines, reason = "one of each variant, one beside the other")]
fn all(stage: &Stage) -> Vec<Refusal> {
    let (request, grant) = (stage.request.id, stage.grant.id);
    let text = |text: &str| text.to_owned();
    let provider = "orders-pg".parse().unwrap();
    let two_hours = Ttl::from_minutes(120).unwrap();
    let for_them = |why| Refusal::NotForThem { person: stage.request.terms.subject.clone(), why: Box::new(why) };
    vec![
        Refusal::UnknownAccount,
        Refusal::UnknownHostUser { user: "root".to_owned() },
        Refusal::Draining,
        Refusal::AmbiguousAccount,
        Refusal::ForeignAccount,
        Refusal::AccountNotAllowed,
        Refusal::AccountUnverified,
        Refusal::NotUnderstood { problem: text("there is no command `x`"), example: text("/jit help") },
        Refusal::NoSuchResource { asked: text("ordrs"), similar: vec![text("prod/orders"), text("test/orders")] },
        Refusal::NoSuchResource { asked: text("x"), similar: vec![] },
        Refusal::NoSuchRole { resource: text("Orders database"), asked: text("root"), roles: vec![text("readonly")] },
        Refusal::NoSuchPerson { asked: text("@moya") },
        Refusal::NoSuchRequest { request },
        Refusal::NoSuchGrant { grant },
        Refusal::WhichGrant { grants: vec![grant, grant] },
        Refusal::NothingHeld,
        Refusal::NotPermitted { because: vec![text("contract-ended")] },
        Refusal::NotPermitted { because: vec![] },
        Refusal::OverCap { at_most: two_hours },
        Refusal::OutsideWindow { earliest: Some(TEN) },
        Refusal::OutsideWindow { earliest: None },
        Refusal::TooFarAhead { latest: TEN },
        Refusal::NoTimeLeft { limit: text("contract") },
        Refusal::ReasonTooShort { min_chars: 10 },
        Refusal::TicketMissing { pattern: text(r"OPS-\d+") },
        Refusal::NobodyCanApprove { steps: vec![text("group/dba")] },
        Refusal::SourceUnreadable { source: text("the group security") },
        Refusal::NoProviderAccount { provider },
        Refusal::NoKeyOnFile,
        Refusal::NoSecret { grant },
        Refusal::NotYourSecret,
        Refusal::SecretShown { grant, at: TEN },
        Refusal::SecretUnopenable { grant },
        Refusal::CannotBePlanned { provider: "orders-pg".parse().unwrap(), problem: text("the role app_reader does not exist.") },
        Refusal::AlreadyPending { request },
        Refusal::AlreadyHeld { grant },
        Refusal::TooManyPending { limit: 5 },
        Refusal::OwnRequest,
        Refusal::NotAnApprover,
        Refusal::AgreedThemselves { person: stage.approvers[0].clone() },
        Refusal::ApprovedAlready,
        Refusal::Decided { state: text("approved"), by: stage.approvers.first().cloned(), at: TEN },
        Refusal::Decided { state: text("expired"), by: None, at: TEN },
        Refusal::TermsChanged,
        Refusal::DenialNeedsReason,
        Refusal::ApprovalNeedsNote,
        Refusal::RemindedLately { request, last: TEN, again_at: TEN },
        Refusal::NothingCalled { asked: text("ordrs"), similar: vec![text("prod/orders")] },
        Refusal::NothingCalled { asked: text("x"), similar: vec![] },
        Refusal::AwayTooLong { days: 60 },
        Refusal::NotAway,
        Refusal::CannotStandIn { person: stage.approvers[0].clone() },
        Refusal::CannotBeStoodFor,
        Refusal::MayNotAskFor { person: stage.request.terms.subject.clone() },
        Refusal::WhichPerson { asked: text("maya") },
        Refusal::TooManyForOthers { limit: 10 },
        for_them(Refusal::AlreadyPending { request }),
        for_them(Refusal::AlreadyHeld { grant }),
        for_them(Refusal::TooManyPending { limit: 10 }),
        for_them(Refusal::NoProviderAccount { provider: "orders-pg".parse().unwrap() }),
        for_them(Refusal::NoKeyOnFile),
        for_them(Refusal::AccountNotAllowed),
        for_them(Refusal::NotPermitted { because: vec![text("contract-ended")] }),
        for_them(Refusal::NoTimeLeft { limit: text("contract") }),
        Refusal::GlassNotPermitted,
        Refusal::GlassNeedsReason,
        Refusal::NobodyCanReview { by: vec![text("group/security")] },
        Refusal::GlassNotExtended,
        Refusal::OwnReview,
        Refusal::NotAReviewer,
        Refusal::NoReview { request },
        Refusal::ReviewNeedsNote,
        Refusal::Reviewed { by: stage.approvers[0].clone(), at: TEN },
        Refusal::Locked { what: Scope::Everything, by: stage.approvers[0].clone(), until: None },
        Refusal::Locked {
            what: Scope::Resource("prod/orders".parse().unwrap()),
            by: stage.approvers[0].clone(),
            until: Some(TEN),
        },
        Refusal::NotYoursToLock { what: Scope::Group("contractors/acme".parse().unwrap()) },
        Refusal::LockedThemselves,
        Refusal::LockedAlready { what: Scope::Everything, by: stage.approvers[0].clone(), until: None },
        Refusal::LockedAlready { what: Scope::Everything, by: stage.approvers[0].clone(), until: Some(TEN) },
        Refusal::NotLocked { what: Scope::Person("maya".parse().unwrap()) },
        Refusal::NothingToLock { asked: text("orders"), similar: vec![text("prod/orders"), text("test/orders")] },
        Refusal::NothingToLock { asked: text("x"), similar: vec![] },
        Refusal::GroupElsewhere { group: "oncall".parse().unwrap() },
        Refusal::LockTimeOver { until: TEN },
        Refusal::NothingToRevoke,
        Refusal::NotYours,
        Refusal::VouchingIsForAdmins,
        Refusal::OwnWord,
        Refusal::GrantOver { grant, state: text("ended") },
        Refusal::NotInForce { grant },
        Refusal::NoExtension { times: 0 },
        Refusal::NoExtension { times: 1 },
        Refusal::ExtensionPending { request },
        Refusal::NoPolicy,
        Refusal::ClockSuspect,
        Refusal::NotRecorded,
        Refusal::Internal { reference: text("7f3a") },
    ]
}

#[test]
fn every_refusal_is_a_sentence_that_says_what_to_do() {
    let stage = Stage::set().unwrap();
    let sentences: Vec<String> = all(&stage).iter().map(|what| refusal(what, &stage.names)).collect();
    insta::assert_snapshot!(sentences.join("\n"));
}

#[test]
fn words_that_were_not_understood_are_answered_with_the_line_that_was_meant() {
    let answers: Vec<String> = ["minee", "cancel 42", "revoke"]
        .into_iter()
        .map(|text| match Command::read(text) {
            Command::NotUnderstood(words) => {
                not_understood(&words).to_json()["blocks"][0]["text"]["text"].as_str().unwrap().to_owned()
            }
            other => panic!("{other:?}"),
        })
        .collect();
    insta::assert_snapshot!(answers.join("\n\n"));
}

#[test]
fn what_was_typed_is_shown_literally_and_cut() {
    let stage = Stage::set().unwrap();
    let asked = format!("<!channel>\u{202e}{}", "x".repeat(5000));
    let json = refused(&Refusal::NoSuchResource { asked, similar: vec![] }, &stage.names).to_json();
    assert_eq!(json["blocks"][0]["text"]["type"], "plain_text");
    assert!(json["blocks"][0]["text"]["text"].as_str().unwrap().chars().count() < 400);
    assert!(json["text"].as_str().unwrap().contains("&lt;!channel&gt;"));
}
