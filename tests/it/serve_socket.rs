//! The real program in Socket Mode, from the request to the verified end, killed and stopped on the way.

use crate::kill::story;
use crate::support::process::Rig;

const TWO_HOURS_MS: i64 = 2 * 3_600_000;

#[tokio::test]
async fn the_real_program_meets_slack_over_connections_of_its_own() {
    let mut rig = Rig::new().await;
    let app_token = rig.slack.use_socket_mode();
    // The signing secret that is there as well has no use.
    rig.environment.push(("SLACK_APP_TOKEN".to_owned(), app_token.clone()));
    rig.environment.push(("DAYPASS_LOG".to_owned(), "trace".to_owned()));
    story::play_until_in_force(&mut rig).await;
    rig.kill().await;
    rig.slack.links_until(|working, _| working == 0).await;
    rig.ready().await;
    assert!((1..=2).contains(&rig.slack.links()), "{} connections", rig.slack.links());
    rig.push(TWO_HOURS_MS + 1_000).await;
    rig.until("ended, and told", async |rig| story::is_over(rig).await).await;
    story::check(&mut rig).await;

    let log = rig.log();
    assert!(log.contains("apps.connections.open"), "the library tells what it calls, when everything is told");
    for secret in ["ticket=1", "ticket=2", &app_token] {
        let found: Vec<&str> = log.lines().filter(|line| line.contains(secret)).collect();
        assert!(found.is_empty(), "{secret} is in the log: {found:#?}");
    }
}
