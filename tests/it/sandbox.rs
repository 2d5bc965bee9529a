//! The sandbox adapter, judged like every other, against a server that keeps its side of the protocol.

use std::sync::Arc;
use std::time::Duration;

use daypass::access::entitlement::{Class, Level, Mark, Seen, Target};
use daypass::access::ids::GrantId;
use daypass::access::time::Timestamp;
use daypass::providers::conformance::{self, Case, Faulty, Proxy, Speaks};
use daypass::providers::{self, Call, Ensured, Provider, Settings, Wanted};
use secrecy::SecretString;
use serde_json::json;

use crate::support::sandbox::{SandboxServer, TOKEN};

fn call() -> Call {
    Call { at: Timestamp::from_millis(1_795_489_200_000), timeout: Duration::from_secs(5) }
}

fn adapter(address: std::net::SocketAddr, token: &str) -> Arc<dyn Provider> {
    let settings = Settings {
        url: SecretString::from(format!("http://{address}")),
        token: Some(SecretString::from(token)),
        options: Default::default(),
    };
    providers::build("sandbox", "orders".parse().unwrap(), &settings).unwrap()
}

fn wanted() -> Wanted {
    Wanted {
        shape: json!({"level": "readonly"}).as_object().unwrap().clone(),
        resource: "prod/orders".to_owned(),
        account: "maya".to_owned(),
        grant: GrantId::from_number(57),
        installation: "3f9c".to_owned(),
        keys: Vec::new(),
    }
}

fn level(name: &str, rank: u32) -> Level {
    Level { name: name.to_owned(), rank }
}

#[tokio::test]
async fn the_sandbox_adapter_conforms_over_a_good_and_a_bad_network() {
    let server = SandboxServer::start().await;
    let proxy = Proxy::start(server.address).await.unwrap();
    let faulty = Faulty {
        subject: adapter(proxy.address(), TOKEN),
        proxy,
        speaks: Speaks::Http,
        delay_timeout: Duration::from_millis(300),
    };
    let case = Case {
        call: call(),
        wanted: wanted(),
        unknown_account: "nobody".to_owned(),
        prior: Some(level("view", 1)),
        until: Timestamp::from_millis(0),
        faulty: Some(faulty),
    };
    let report = conformance::run(adapter(server.address, TOKEN).as_ref(), &case).await;
    assert!(report.has_passed(), "{report}");
    insta::assert_snapshot!(report);
    assert_eq!(server.held("maya", "prod/orders"), None);
}

#[tokio::test]
async fn what_we_grant_carries_our_mark_and_what_was_there_before_gets_none() {
    let server = SandboxServer::start().await;
    let provider = adapter(server.address, TOKEN);
    let plan = provider.plan(&call(), &wanted()).await.unwrap();
    let present = |level: &Level| Target::Present { level: level.clone(), until: None };

    server.give("maya", "prod/orders", "view", None);
    provider.ensure(&call(), &plan.description, &present(&plan.level)).await.unwrap();
    assert_eq!(server.held("maya", "prod/orders"), Some(("readonly".to_owned(), Some("daypass-3f9c-g57".to_owned()))));

    provider.ensure(&call(), &plan.description, &present(&level("view", 1))).await.unwrap();
    assert_eq!(server.held("maya", "prod/orders"), Some(("view".to_owned(), None)));
}

#[tokio::test]
async fn the_mark_says_whose_it_is() {
    let server = SandboxServer::start().await;
    let provider = adapter(server.address, TOKEN);
    let plan = provider.plan(&call(), &wanted()).await.unwrap();
    for (mark, whose) in [
        (None, Mark::Unmarked),
        (Some("daypass-3f9c-g1"), Mark::Ours),
        (Some("daypass-beef-g57"), Mark::Foreign),
        (Some("jo"), Mark::Unmarked),
    ] {
        server.give("maya", "prod/orders", "readonly", mark);
        assert_eq!(provider.observe(&call(), &plan.description).await.unwrap().mark, whose, "{mark:?}");
    }
}

#[tokio::test]
async fn what_is_so_already_is_not_asked_for() {
    let server = SandboxServer::start().await;
    let provider = adapter(server.address, TOKEN);
    let plan = provider.plan(&call(), &wanted()).await.unwrap();
    server.give("maya", "prod/orders", "readonly", None);
    let present = Target::Present { level: plan.level, until: None };
    assert_eq!(provider.ensure(&call(), &plan.description, &present).await.unwrap(), Ensured::AlreadySo);
    assert_eq!(server.changes(), 0);
}

#[tokio::test]
async fn a_level_that_the_server_invents_is_a_matter_for_people() {
    let server = SandboxServer::start().await;
    let provider = adapter(server.address, TOKEN);
    let plan = provider.plan(&call(), &wanted()).await.unwrap();
    server.give("maya", "prod/orders", "god", None);
    assert_eq!(provider.observe(&call(), &plan.description).await.unwrap_err().trouble.class, Class::NeedsHuman);
}

#[tokio::test]
async fn a_wrong_token_and_a_closed_port_are_told_apart() {
    let server = SandboxServer::start().await;
    let plan = adapter(server.address, TOKEN).plan(&call(), &wanted()).await.unwrap();
    let error = adapter(server.address, "wrong-token").observe(&call(), &plan.description).await.unwrap_err();
    assert_eq!((error.trouble.class, error.trouble.code.as_str()), (Class::NeedsHuman, "bad_token"));
    assert!(!format!("{error:?}").contains("wrong-token"));

    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for target in [Target::Absent, Target::Present { level: plan.level.clone(), until: None }] {
        let error = adapter(closed, TOKEN).ensure(&call(), &plan.description, &target).await.unwrap_err();
        assert_eq!((error.trouble.class, error.trouble.code.as_str()), (Class::Transient, "unreachable"));
    }
}

#[tokio::test]
async fn an_adapter_that_lies_does_not_conform() {
    /// Says that everything is done, and does nothing.
    struct Liar(Arc<dyn Provider>);
    #[async_trait::async_trait]
    impl Provider for Liar {
        fn kind(&self) -> &'static str {
            self.0.kind()
        }
        fn caps(&self, shape: &providers::GrantShape) -> providers::Caps {
            self.0.caps(shape)
        }
        async fn validate(&self, call: &Call) -> Result<Vec<providers::Finding>, providers::ProviderError> {
            self.0.validate(call).await
        }
        async fn resolve(&self, call: &Call, account: &str) -> Result<(), providers::ProviderError> {
            self.0.resolve(call, account).await
        }
        async fn plan(&self, call: &Call, wanted: &Wanted) -> Result<providers::Plan, providers::ProviderError> {
            self.0.plan(call, wanted).await
        }
        async fn observe(
            &self,
            call: &Call,
            what: &daypass::access::entitlement::Description,
        ) -> Result<daypass::access::entitlement::Observation, providers::ProviderError> {
            self.0.observe(call, what).await
        }
        async fn ensure(
            &self,
            _call: &Call,
            _what: &daypass::access::entitlement::Description,
            _target: &Target,
        ) -> Result<Ensured, providers::ProviderError> {
            Ok(Ensured::Made)
        }
        async fn inventory(&self, call: &Call, cursor: Option<String>) -> Result<providers::Page, providers::ProviderError> {
            self.0.inventory(call, cursor).await
        }
    }

    let server = SandboxServer::start().await;
    let case = Case {
        call: call(),
        wanted: wanted(),
        unknown_account: "nobody".to_owned(),
        prior: None,
        until: Timestamp::from_millis(0),
        faulty: None,
    };
    let report = conformance::run(&Liar(adapter(server.address, TOKEN)), &case).await;
    assert!(!report.has_passed());
    insta::assert_snapshot!(report);
    assert_eq!(
        adapter(server.address, TOKEN)
            .observe(&call(), &adapter(server.address, TOKEN).plan(&call(), &wanted()).await.unwrap().description)
            .await
            .unwrap()
            .seen,
        Seen::Absent
    );
}
