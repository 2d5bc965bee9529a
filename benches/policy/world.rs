//! Policy files of a large house: 1 000 people, 60 groups, 500 resources, 100 policies.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use daypass::access::ids::ProviderId;
use daypass::access::time::Timestamp;
use daypass::access::words::Words;
use daypass::policy::facts::{Manner, Purpose};
use daypass::policy::{Facts, Outside};
use daypass::store::StoreError;

/// Tuesday 24 November 2026 at 10:00 in Berlin.
pub const NOW: Timestamp = Timestamp::from_millis(1_795_510_800_000);

const PEOPLE: usize = 1000;
const GROUPS: usize = 50;
const RESOURCES: usize = 500;
const AREAS: usize = 10;

/// What the rules are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// Most of them about one of ten areas each, so that twenty are about any one role.
    Areas,
    /// Every one about everything.
    Everything,
}

/// At how many providers everybody has an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accounts {
    /// At three, as in the guide.
    Three,
    /// At every one of ten.
    Everywhere,
}

/// Writes the files.
pub fn write(dir: &Path, about: About, accounts: Accounts) -> anyhow::Result<()> {
    std::fs::create_dir_all(dir)?;
    std::fs::write(dir.join("people.yaml"), people(accounts)?)?;
    std::fs::write(dir.join("resources.yaml"), resources()?)?;
    std::fs::write(dir.join("policies.yaml"), policies(about)?)?;
    Ok(())
}

fn people(accounts: Accounts) -> anyhow::Result<String> {
    let areas = match accounts {
        Accounts::Three => 3,
        Accounts::Everywhere => AREAS,
    };
    let mut text = "version: 1\ndefaults: { timezone: Europe/Berlin }\npeople:\n".to_owned();
    for n in 0..PEOPLE {
        let accounts: Vec<String> = (0..areas).map(|area| format!("area-{area}: user{n}")).collect();
        let kind = if n % 4 == 3 {
            format!("contractor\n    company: Company {}\n    sponsor: p0\n    contract_ends: 2027-06-{:02}", n % 7, 1 + n % 28)
        } else {
            if n == 0 { "employee".to_owned() } else { "employee\n    manager: p0".to_owned() }
        };
        writeln!(text, "  - id: p{n}\n    name: Person {n}\n    slack: [U0P{n}]\n    kind: {kind}")?;
        writeln!(text, "    accounts: {{ {} }}", accounts.join(", "))?;
    }
    text.push_str("groups:\n");
    for group in 0..GROUPS {
        let members: Vec<String> = (0..PEOPLE).filter(|n| n % GROUPS == group && n % 4 != 3).map(|n| format!("p{n}")).collect();
        writeln!(text, "  - {{ id: g{group}, members: [{}] }}", members.join(", "))?;
    }
    for company in 0..7 {
        writeln!(text, "  - {{ id: contractors/c{company}, where: {{ kind: contractor, company: Company {company} }} }}")?;
    }
    Ok(text)
}

fn resources() -> anyhow::Result<String> {
    let mut text = "version: 1\nproviders:\n".to_owned();
    for area in 0..AREAS {
        writeln!(text, "  - {{ id: area-{area}, kind: sandbox, url_env: AREA_{area}_URL }}")?;
    }
    text.push_str("resources:\n");
    for n in 0..RESOURCES {
        let (area, group) = (n % AREAS, n % GROUPS);
        writeln!(text, "  - id: area-{area}/r{n}\n    name: Resource {n}\n    provider: area-{area}\n    owners: [g{group}]")?;
        writeln!(text, "    how_to_connect: \"psql host=r{n}.internal user={{account}}\"\n    roles:")?;
        writeln!(text, "      - {{ id: readonly, name: Read only, grant: {{ level: readonly }} }}")?;
        writeln!(text, "      - {{ id: readwrite, name: Read and write, grant: {{ level: readwrite }}, risk: high }}")?;
    }
    Ok(text)
}

/// A hundred rules: 96 permits, two requirements, two prohibitions.
fn policies(about: About) -> anyhow::Result<String> {
    let mut text = "version: 1\npolicies:\n".to_owned();
    for n in 0..96 {
        let resource = if about == About::Areas && n < 86 { format!("'area-{}/*'", n % AREAS) } else { "'*'".to_owned() };
        let who = if n % 5 == 4 { "kind: employee".to_owned() } else { format!("group: g{}", n * 7 % GROUPS) };
        writeln!(
            text,
            "  - id: rule-{n}\n    who: {{ {who} }}\n    what: {{ resource: {resource}, role: '*' }}\n    for: {{ max: 8h }}"
        )?;
        if n % 3 == 0 {
            writeln!(text, "    when: {{ days: mon-fri, hours: \"08:00-18:00\" }}")?;
        }
        if n % 2 == 0 {
            writeln!(text, "    reason: {{ min_length: 10, ticket: '(JIRA|OPS)-\\d+' }}")?;
        }
        let (count, others) = (1 + n % 2, (n + 1) % GROUPS);
        writeln!(text, "    approve: [{{ by: owners, count: {count} }}, {{ by: group/g{others}, count: 1 }}]")?;
    }
    writeln!(text, "require:\n  - {{ id: two, what: {{ risk: high }}, approvals: 2 }}")?;
    writeln!(text, "  - {{ id: note, what: {{ resource: '*' }}, note: required }}")?;
    writeln!(text, "forbid:\n  - {{ id: ended, who: {{ kind: contractor, contract: ended }} }}")?;
    writeln!(text, "  - {{ id: no, who: {{ kind: contractor }}, what: {{ risk: high }} }}")?;
    Ok(text)
}

/// A provider that the store keeps something about.
pub fn provider() -> Result<ProviderId, StoreError> {
    "area-1".parse().map_err(|_| StoreError::Closed)
}

/// Somebody asks for something.
pub fn question() -> anyhow::Result<Facts> {
    asks("p8", "area-1/r11")
}

/// This person asks to read this.
pub fn asks(person: &str, resource: &str) -> anyhow::Result<Facts> {
    Ok(Facts {
        subject: person.parse()?,
        filed_by: person.parse()?,
        resource: resource.parse()?,
        role: "readonly".parse()?,
        access_for: "2h".parse()?,
        reason: Words::typed("OPS-42 slow checkout"),
        purpose: Purpose::Access,
        start_at: None,
        manner: Manner::Usual,
        uses: BTreeMap::new(),
        outside: Outside::assumed_active(),
    })
}
