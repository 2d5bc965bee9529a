//! `daypass provider`: the systems that access is granted at, and whether they can be reached with just the right rights.

use std::time::Duration;

use clap::Subcommand;

use super::{Done, Here, print};
use crate::access::ids::ProviderId;
use crate::app::Policies;
use crate::providers::{Call, Finding, Severity};

/// How long a provider may take to be looked at.
const TIMEOUT: Duration = Duration::from_secs(20);

#[derive(Debug, Subcommand)]
pub enum Command {
    /// List them.
    List,
    /// Ask each, or one, whether all is as it should be there.
    Check {
        /// Only this one.
        id: Option<ProviderId>,
    },
}

/// What a look at one provider found.
pub struct Checked {
    /// Which.
    pub id: ProviderId,
    /// What was found; one finding at least.
    pub findings: Vec<Finding>,
}

pub async fn run(here: &Here, command: Command) -> Done {
    let basics = here.basics()?;
    let (policies, problem) = Policies::load(&basics.policies, here.secrets());
    let Some(loaded) = policies.current() else {
        let problem = problem.map(|problem| problem.to_string()).unwrap_or_default();
        return Err(anyhow::anyhow!("the policy files cannot be loaded\n{problem}").into());
    };
    match command {
        Command::List => {
            let row = |provider: &crate::policy::file::Provider| {
                let roles = loaded.set.resources().values().filter(|resource| resource.provider.value == provider.id.value);
                let id = &provider.id.value;
                let usable = if policies.provider(id).is_some() || policies.on_call(id).is_some() { "yes" } else { "no" };
                vec![provider.id.value.to_string(), provider.kind.value.clone(), roles.count().to_string(), usable.to_owned()]
            };
            let rows: Vec<Vec<String>> = loaded.set.providers().values().map(row).collect();
            print::table(&["provider", "kind", "resources", "configured"], &rows);
            Ok(())
        }
        Command::Check { id } => {
            if let Some(id) = id.as_ref().filter(|id| !loaded.set.providers().contains_key(*id)) {
                return Err(anyhow::anyhow!("there is no provider `{id}` in the policy files").into());
            }
            let checked = check(&policies, here, id.as_ref()).await;
            let mut broken = 0;
            for Checked { id, findings } in &checked {
                for finding in findings {
                    broken += usize::from(finding.severity == Severity::Broken);
                    print::line(format!("{}  {id}: {}", mark(finding.severity), finding.message));
                }
            }
            if broken > 0 { Err(anyhow::anyhow!("{broken} things do not work").into()) } else { Ok(()) }
        }
    }
}

/// Looks at every provider of the set in force, or at one. Changes nothing there.
pub async fn check(policies: &Policies, here: &Here, only: Option<&ProviderId>) -> Vec<Checked> {
    let mut checked = Vec::new();
    let ids = policies.current().map(|loaded| loaded.set.providers().keys().cloned().collect::<Vec<_>>()).unwrap_or_default();
    for id in ids.into_iter().filter(|id| only.is_none_or(|only| only == id)) {
        let broken = |message: String| vec![Finding { severity: Severity::Broken, message }];
        let call = Call { at: here.now(), timeout: TIMEOUT };
        let looked = match (policies.provider(&id), policies.on_call(&id)) {
            (Some(provider), _) => Some(provider.validate(&call).await),
            (None, Some(provider)) => Some(provider.validate(&call).await),
            (None, None) => None,
        };
        let findings = match looked {
            None => broken("it cannot be used as it is configured; the warning above says why".to_owned()),
            Some(Ok(findings)) if findings.is_empty() => {
                vec![Finding { severity: Severity::Fine, message: "nothing is wrong".to_owned() }]
            }
            Some(Ok(findings)) => findings,
            Some(Err(problem)) => broken(problem.to_string()),
        };
        checked.push(Checked { id, findings });
    }
    checked
}

/// A word for a severity, all of one width.
pub fn mark(severity: Severity) -> &'static str {
    match severity {
        Severity::Fine => "ok  ",
        Severity::Warning => "odd ",
        Severity::Broken => "BAD ",
    }
}
