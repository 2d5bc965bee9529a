//! Erasing what somebody typed: gone from the rows, from beside the log, from the file and from the cards; what was done stays.

use daypass::app::{HostUser, NotErased};

use super::{ASK, WRITE};
use crate::support::world::{World, hours, minutes};

impl World {
    pub(super) async fn erases(&mut self, person: &str) -> Result<(), NotErased> {
        let user = HostUser { uid: 1000, names: vec!["operator".to_owned()] };
        let erased = self.app().erase(&user, &person.parse().unwrap()).await;
        self.settle().await;
        erased.map(drop)
    }

    /// Whether these words stand anywhere in the files of the database.
    pub(super) fn keeps(&self, words: &str) -> bool {
        let holds = |bytes: &[u8]| bytes.windows(words.len()).any(|window| window == words.as_bytes());
        let files = std::fs::read_dir(self.data_dir()).unwrap().map(|entry| entry.unwrap().path());
        files.filter(|path| path.is_file()).any(|path| holds(&std::fs::read(path).unwrap()))
    }

    /// Whether anybody can read these words in any message.
    pub(super) fn shows(&self, words: &str) -> bool {
        let channels = self.slack.channels();
        channels.iter().any(|channel| {
            let messages = self.slack.messages(&channel.id);
            messages.iter().any(|message| message.shown_text().contains(words) || format!("{message:?}").contains(words))
        })
    }
}

#[tokio::test]
async fn what_a_person_typed_is_gone_and_what_they_did_stays() {
    let mut w = World::new().await;
    w.says("maya", "/jit request prod/orders readonly 2h OPS-42 because of my zebra").await;
    assert!(matches!(w.erases("maya").await, Err(NotErased::Open { .. })), "they wait for something");
    w.presses("carol", "R-1", "request.approve").await;
    let refused = w.erases("maya").await.unwrap_err().to_string();
    assert!(refused.contains("still has G-1"), "{refused}");
    w.says("maya", "/jit request prod/zebra readonly 2h").await;
    w.advance(hours(2)).await;
    assert!(w.keeps("zebra") && w.shows("zebra"));

    w.erases("maya").await.unwrap();
    w.advance(minutes(1)).await;
    assert!(!w.keeps("zebra"), "it stands in a file");
    assert!(!w.shows("zebra"), "it stands in a message");
    assert_eq!(w.request("R-1").unwrap().reason.as_typed(), "");
    assert_eq!(w.grant_state("G-1"), "ended");
    assert!(w.has_audit("what maya typed was erased (on the host)"), "{:#?}", w.audit());
    w.restart().await;
    assert!(w.has_audit("R-1: maya asked for"), "{:#?}", w.audit());
}

#[tokio::test]
async fn notes_and_words_of_denial_are_erased_of_whoever_wrote_them() {
    let mut w = World::new().await;
    w.says("bob", WRITE).await;
    w.approves_because("carol", "R-1", "a zebra approves").await;
    w.denies("dave", "R-1", "the giraffe says no").await;
    assert!(w.shows("zebra") && w.shows("giraffe"));
    w.erases("carol").await.unwrap();
    w.advance(minutes(1)).await;
    assert!(!w.keeps("zebra") && !w.shows("zebra"));
    assert!(w.keeps("giraffe") && w.shows("giraffe"), "what others wrote stays");
    w.erases("dave").await.unwrap();
    w.advance(minutes(1)).await;
    assert!(!w.keeps("giraffe") && !w.shows("giraffe"), "also in what was said once");
    assert!(w.keeps("backfill of the totals"));
    assert_eq!(w.request("R-1").unwrap().approvals.len(), 1);
}

#[tokio::test]
async fn nobody_of_whom_nothing_is_kept_is_erased() {
    let mut w = World::new().await;
    w.says("maya", ASK).await;
    let refused = w.erases("nobody").await.unwrap_err().to_string();
    assert!(refused.contains("nobody is called `nobody`"), "{refused}");
    assert!(!w.has_audit("erased"));
    w.says("maya", "/jit cancel R-1").await;
    w.erases("maya").await.unwrap();
}
