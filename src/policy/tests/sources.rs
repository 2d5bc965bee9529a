//! Many files as one set: names, digests, the kept text, the directory.

use super::loading::WORLD;
use super::*;

#[test]
fn the_digest_changes_with_any_byte_and_the_text_reads_again() {
    let set = example();
    assert_eq!(set.digest().len(), 64);
    let again = PolicySet::reparse(set.text()).unwrap();
    assert_eq!((again.digest(), again.files(), again.text()), (set.digest(), set.files(), set.text()));
    assert_ne!(example_and("forbid: [{ id: x, who: { person: maya } }]").digest(), set.digest());
    // The same bytes in files of other names are another set.
    let source = |name: &str| vec![Source { name: name.into(), text: WORLD.into() }];
    let digest = |sources| PolicySet::parse(sources, Shapes::UNCHECKED).unwrap().digest().to_owned();
    assert_ne!(digest(source("a.yaml")), digest(source("b.yaml")));
    for torn in ["x", &set.text()[1..], &set.text()[..set.text().len() - 1]] {
        assert!(PolicySet::reparse(torn).is_err());
    }
}

#[test]
fn an_id_that_is_given_twice_names_both_places() {
    let again = Source {
        name: "b.yaml".into(),
        text: "version: 1\ngroups: [{ id: dba, members: [] }]\nforbid: [{ id: p, who: { kind: service } }]\ndefaults: {}".into(),
    };
    let sources = vec![Source { name: "a.yaml".into(), text: WORLD.into() }, again];
    insta::assert_snapshot!(PolicySet::parse(sources, Shapes::UNCHECKED).unwrap_err(), @r#"
    b.yaml:2:16: duplicate group `dba`: it is already at a.yaml:7
     2 | groups: [{ id: dba, members: [] }]
       |                ^
    b.yaml:3:16: duplicate rule `p`: it is already at a.yaml:18
     3 | forbid: [{ id: p, who: { kind: service } }]
       |                ^
    b.yaml:4:11: `defaults` stand in one file only; they are already at a.yaml:2
     4 | defaults: {}
       |           ^
    "#);
}

#[test]
fn a_directory_is_loaded_whole_or_not_at_all() {
    let dir = tempfile::tempdir().unwrap();
    let load = || super::super::load(dir.path(), Shapes::UNCHECKED);
    let message = |error: LoadError| error.problems.iter().map(|p| p.message.clone()).collect::<Vec<_>>().join("; ");
    assert_eq!(message(load().unwrap_err()), "there is no `*.yaml` in the policy directory");
    std::fs::write(dir.path().join("a.yaml"), WORLD).unwrap();
    std::fs::write(dir.path().join("README.md"), "not a policy").unwrap();
    assert_eq!(load().unwrap().files(), ["a.yaml"]);
    std::fs::write(dir.path().join("b.yml"), "version: 1").unwrap();
    std::fs::write(dir.path().join("c.yaml"), b"\xff\xfe").unwrap();
    assert_eq!(message(load().unwrap_err()), "policy files end in `.yaml`: rename it; it is not UTF-8 text");
    assert!(super::super::load(&dir.path().join("absent"), Shapes::UNCHECKED).is_err());
}

/// The same files, so large that they are read side by side: what is added stands behind everything else.
fn large(sources: &[Source]) -> Vec<Source> {
    let more = "# nothing\n".repeat(10_000);
    sources.iter().map(|source| Source { name: source.name.clone(), text: format!("{}\n{more}", source.text) }).collect()
}

#[test]
fn large_files_say_what_small_ones_say() {
    let small = example_sources();
    let read = |sources: Vec<Source>| PolicySet::parse(sources, Shapes::UNCHECKED).unwrap();
    let (one, other) = (read(small.clone()), read(large(&small)));
    assert!(other.text().len() > 400_000);
    assert_eq!(one.people(), other.people());
    assert_eq!(one.groups(), other.groups());
    assert_eq!(one.resources(), other.resources());
    assert_eq!(one.providers(), other.providers());
    let rules = |set: &PolicySet| format!("{:#?}", (set.policies(), set.require(), set.forbid()));
    assert_eq!(rules(&one), rules(&other));
    assert_eq!(one.scenarios(), other.scenarios());
    assert_eq!(format!("{:?}", one.written), format!("{:?}", other.written));
}

#[test]
fn what_is_wrong_with_large_files_is_told_in_their_order_however_they_were_read() {
    let text = |name: &str, text: &str| Source { name: name.into(), text: format!("version: 1\n{text}") };
    let rule =
        "{ id: p, who: { kind: employee }, what: { resource: a/b, role: c }, approve: auto, when: { hours: '08:00-09:00' } }";
    let small = vec![
        text("a.yaml", "defaults: { max: 4h }\ngroups: [{ id: g, members: [bob] }]\n"),
        text("b.yaml", "groups: [{ id: g, members: [] }, { id: g, members: [bbo] }]\nnonsense: 1\n"),
        text("c.yaml", &format!("defaults: {{ max: 2h }}\ngroups: [{{ id: g, members: [] }}]\npolicies: [{rule}]\n")),
        text(
            "d.yaml",
            &format!("people: [{{ id: bob, name: Bob, kind: employee }}]\npolicies: [{rule}]\nrequire: [{{ id: p }}]\n"),
        ),
        text("e.yaml", "bundles: [{ id: a/b, name: B, of: ['x/y:z'] }]\ntests: [{ name: t, request: maya a/b 1h }]\n"),
        text("f.yaml", "groups: ]\n"),
    ];
    let said = |sources: Vec<Source>| PolicySet::parse(sources, Shapes::UNCHECKED).unwrap_err().to_string();
    assert_eq!(said(small.clone()), said(large(&small)));
    insta::assert_snapshot!(said(small));
}
