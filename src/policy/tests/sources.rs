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
