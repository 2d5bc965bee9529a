//! Every screen that the tour does not come by: the pinned message, home tabs, the menu of a card and its forms, broken glass, an end
//! that is late, a digest, a lock. Each is looked at wide and on a phone, light and dark.

use super::{Demo, HELD, NOTHING_HELD, be, judge, leave_form, say, until_answers, until_form, until_said, visit};
use crate::support::webdriver::Browser;

const ASK: &str = "/jit request prod/orders readonly 2h OPS-42 slow checkout";
const GLASS: &str = "/jit break-glass prod/orders readonly 30m orders are stuck since ten o'clock";
/// Priya cannot vouch for the end of her own access, which is late as well.
const VOUCH: &str = "[data-action-id=\"grant.vouch\"][aria-label*=\"G-1 \"]";
const MENU: &str = "[data-action-id=\"request.more\"]";

/// Opens the menu of a card, unless it is open.
async fn open_menu(browser: &Browser) {
    let open = format!("return document.querySelector('{MENU}').getAttribute('aria-expanded') === 'true'");
    if browser.eval(&open).await != true {
        browser.click(MENU).await;
    }
}

/// Chooses from the newest menu of a card.
async fn choose(browser: &Browser, choice: &str) {
    open_menu(browser).await;
    browser
        .until(
            &format!("{choice} is chosen"),
            &format!(
                "(() => {{ const item = [...document.querySelectorAll('[role=menuitem]')].find((e) => e.checkVisibility() && \
                 e.innerText.startsWith('{choice}')); item?.click(); return item; }})()"
            ),
        )
        .await;
}

async fn until_home(browser: &Browser, words: &str) {
    let said = format!("document.querySelector('#messages .home')?.innerText.includes('{words}')");
    browser.until(&format!("the home tab says {words}"), &said).await;
}

/// Maya asks, and Carol approves.
async fn maya_gets_in(browser: &Browser) {
    be(browser, "maya", "C0DBACCESS").await;
    // What stands before the card moves no more when it comes.
    browser.until("the message with the buttons is pinned", "document.querySelector('#messages .only')").await;
    say(browser, ASK).await;
    until_answers(browser, 1).await;
    be(browser, "carol", "C0DBACCESS").await;
    browser.click("[data-action-id=\"request.approve\"]").await;
    browser.until("the provider gives it", HELD).await;
}

#[tokio::test]
#[ignore = "needs Chromium"]
async fn doors_homes_and_the_menu_of_a_card_fit_every_screen() {
    let demo = Demo::start().await;
    let browser = visit(&demo).await;
    be(&browser, "maya", "C0DBACCESS").await;
    until_said(&browser, "Need access?").await;
    judge(&browser, "g-door").await;
    browser.click("[data-action-id=\"request.open\"]").await;
    until_form(&browser, "Request access").await;
    leave_form(&browser, "[data-action-id=\"request.open\"]").await;
    say(&browser, ASK).await;
    until_answers(&browser, 1).await;
    be(&browser, "maya", "home").await;
    until_home(&browser, "Waiting for a decision").await;
    judge(&browser, "h-home-asked").await;

    be(&browser, "carol", "home").await;
    until_home(&browser, "Waiting for you").await;
    judge(&browser, "h-home-owner").await;
    be(&browser, "carol", "C0DBACCESS").await;
    open_menu(&browser).await;
    judge(&browser, "i-menu").await;
    for (choice, title) in [("Approve shorter", "Less time"), ("Pass on", "Pass on"), ("Details", "Details")] {
        choose(&browser, choice).await;
        until_form(&browser, title).await;
        judge(&browser, &format!("i-{}", choice.to_lowercase().replace(' ', "-"))).await;
        leave_form(&browser, MENU).await;
    }
    browser.click("[data-action-id=\"request.approve\"]").await;
    browser.until("the provider gives it", HELD).await;
    be(&browser, "maya", "home").await;
    until_home(&browser, "left").await;
    judge(&browser, "h-home-holds").await;
    assert_eq!(browser.complaints().await, [""; 0], "the page's own errors");
    browser.close().await;
    demo.interrupt().await;
}

#[tokio::test]
#[ignore = "needs Chromium"]
async fn broken_glass_a_late_end_and_a_digest_fit_every_screen() {
    let demo = Demo::start().await;
    let browser = visit(&demo).await;
    maya_gets_in(&browser).await;

    be(&browser, "priya", "C0DBACCESS").await;
    say(&browser, GLASS).await;
    be(&browser, "priya", "C0SECURITY").await;
    until_said(&browser, "broke the glass").await;
    judge(&browser, "j-glass").await;

    browser.click("#provider-switch").await;
    browser.until("the provider is down", "document.querySelector('#provider-title .badge.bad')").await;
    browser.click("[data-advance=\"7200000\"]").await;
    browser.click("[data-advance=\"900000\"]").await;
    until_said(&browser, "should have ended").await;
    browser.until("it can be looked at again", "document.querySelector('[data-action-id=\"grant.check\"]')").await;
    judge(&browser, "k-overdue").await;
    browser.click("[data-action-id=\"grant.check\"]").await;
    until_said(&browser, "I looked, and can't say").await;
    browser.click(VOUCH).await;
    until_form(&browser, "Attest").await;
    judge(&browser, "k-attest").await;
    leave_form(&browser, VOUCH).await;
    be(&browser, "priya", "home").await;
    until_home(&browser, "For admins").await;
    judge(&browser, "h-home-admin").await;

    browser.click("#provider-switch").await;
    browser.click("[data-advance=\"900000\"]").await;
    browser.until("nobody holds anything", NOTHING_HELD).await;
    for _ in 0..3 {
        browser.click("[data-advance=\"7200000\"]").await;
    }
    be(&browser, "priya", "C0SECURITY").await;
    until_said(&browser, "in the median").await;
    judge(&browser, "l-digest").await;
    assert_eq!(browser.complaints().await, [""; 0], "the page's own errors");
    browser.close().await;
    demo.interrupt().await;
}

#[tokio::test]
#[ignore = "needs Chromium"]
async fn a_lock_fits_every_screen() {
    let demo = Demo::start().await;
    let browser = visit(&demo).await;
    maya_gets_in(&browser).await;

    be(&browser, "priya", "C0GENERAL").await;
    say(&browser, "/jit lock @maya until 18:00 her laptop was stolen").await;
    until_said(&browser, "Nothing was done yet").await;
    judge(&browser, "m-lock").await;
    browser.click("[data-action-id=\"lock.set\"]").await;
    browser.until("it asks once more", "document.querySelector('#confirm-yes')").await;
    judge(&browser, "m-lock-confirm").await;
    browser.click("#confirm-yes").await;
    browser.until("nobody holds anything", NOTHING_HELD).await;
    be(&browser, "priya", "D").await;
    until_said(&browser, "verified gone").await;
    judge(&browser, "m-lock-table").await;
    be(&browser, "maya", "C0GENERAL").await;
    say(&browser, ASK).await;
    until_said(&browser, "locked").await;
    judge(&browser, "m-locked-out").await;
    assert_eq!(browser.complaints().await, [""; 0], "the page's own errors");
    browser.close().await;
    demo.interrupt().await;
}

#[tokio::test]
#[ignore = "needs Chromium"]
async fn the_question_how_much_an_access_was_fits_every_screen() {
    let demo = Demo::start().await;
    let browser = visit(&demo).await;
    be(&browser, "maya", "C0DBACCESS").await;
    browser.until("the message with the buttons is pinned", "document.querySelector('#messages .only')").await;
    // One request in five is asked about.
    for number in 1..5 {
        say(&browser, ASK).await;
        until_answers(&browser, 2 * number - 1).await;
        say(&browser, &format!("/jit cancel R-{number}")).await;
        until_answers(&browser, 2 * number).await;
    }
    say(&browser, ASK).await;
    until_answers(&browser, 9).await;
    be(&browser, "carol", "C0DBACCESS").await;
    browser.click("[data-action-id=\"request.approve\"]").await;
    browser.until("the provider gives it", HELD).await;
    be(&browser, "maya", "D").await;
    browser.click("[data-advance=\"7200000\"]").await;
    until_said(&browser, "too much, just right or too little?").await;
    judge(&browser, "n-feedback").await;
    browser.click("[data-action-id=\"feedback.just_right\"]").await;
    until_said(&browser, "You said that it was just right.").await;
    judge(&browser, "n-feedback-given").await;
    assert_eq!(browser.complaints().await, [""; 0], "the page's own errors");
    browser.close().await;
    demo.interrupt().await;
}
