use proptest::prelude::*;
use serde_json::json;

use super::identity::same;
use super::*;
use crate::node::{Content, Key, Node, read};
use crate::tests::{files, fixture};
use crate::{Kind, Source, load};

fn release() -> Vec<Source> {
    files(&[fixture("library.txt")])
}

/// The release with the file's text changed.
fn release_with(path: &str, change: impl Fn(&str) -> String) -> Vec<Source> {
    let mut files = release();
    let path = format!("apps/library/definitions/{path}");
    let file = files.iter_mut().find(|file| file.path == path).unwrap_or_else(|| panic!("no {path}"));
    let changed = change(&file.text);
    assert_ne!(changed, file.text, "the change changes nothing");
    file.text = changed;
    files
}

fn text_of(files: &[Source], path: &str) -> String {
    files.iter().find(|file| file.path.ends_with(path)).unwrap().text.clone()
}

/// A site's copy of a shipped definition, changed.
fn own(kind: Kind, key: &str, path: &str, change: impl Fn(&str) -> String) -> Source {
    Source::new(definition_path(kind, key), change(&text_of(&release(), path)))
}

fn extension(fields: &str) -> Source {
    let text = format!("extension: site.reader\nentity: library.reader\nfields:\n{fields}");
    Source::new(definition_path(Kind::Extension, "site.reader"), text)
}

/// What the site has after the new release, and the conflicts as `path: resolution`.
fn upgraded(new: &[Source], site: &[Source]) -> (Vec<Source>, Vec<String>) {
    let Upgrade { site, conflicts } = upgrade(&release(), new, site);
    let word = |resolution| match resolution {
        Resolution::SiteKept => "site",
        Resolution::ShippedKept => "shipped",
    };
    (site, conflicts.iter().map(|c| format!("{}: {}", c.path, word(c.resolution))).collect())
}

fn without_problems(shipped: &[Source], site: &[Source]) {
    let (_, problems) = load(&compose(shipped, site));
    let errors: Vec<_> = problems.iter().filter(|problem| problem.is_error()).collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

#[test]
fn a_site_replaces_a_shipped_definition_and_keeps_the_file_beside_it() {
    let site = [
        own(Kind::Dictionary, "library.state", "state.yaml", |text| text.replace("草稿", "拟稿")),
        own(Kind::Process, "library.admission", "processes/admission.yaml", |text| format!("{text}\n")),
    ];
    let (catalog, problems) = load(&compose(&release(), &site));
    assert!(problems.is_empty(), "{problems:#?}");
    assert_eq!(catalog.dictionary("library.state").unwrap().title_of("draft"), Some("拟稿"));
    assert!(catalog.process("library.admission").unwrap().xml.contains("userTask"));
    let place = catalog.place(Kind::Dictionary, "library.state", "").unwrap();
    assert_eq!(place.file, "site/library/definitions/dictionaries/state.yaml");
}

type Edit = fn(&str) -> String;

/// Kinds of change of a release under a site's own changes: (what, file, release's change, site's change, what
/// the merged text has, what it has not, conflicts).
#[allow(clippy::type_complexity)]
const MERGES: [(&str, &str, Edit, Edit, &[&str], &[&str], &[&str]); 16] = [
    (
        "both add a field",
        "entities/branch.yaml",
        |t| t.replace("fields:\n", "fields:\n  floor: { title: 楼层, type: integer }\n"),
        |t| format!("{}  phone: {{ title: 电话, type: phone }}\n", t),
        &["floor:", "phone:"],
        &[],
        &[],
    ),
    (
        "release adds an attribute, site changes a title",
        "entities/branch.yaml",
        |t| t.replace("title: 名称, type: text", "title: 名称, type: text, length_max: 80"),
        |t| t.replace("title: 名称", "title: 馆名"),
        &["馆名", "length_max: 80"],
        &[],
        &[],
    ),
    (
        "both change a title",
        "entities/branch.yaml",
        |t| t.replace("title: 名称", "title: 分馆名称"),
        |t| t.replace("title: 名称", "title: 馆名"),
        &["馆名"],
        &["分馆名称"],
        &["fields/title/title: site"],
    ),
    (
        "both make the same change",
        "entities/branch.yaml",
        |t| t.replace("title: 名称", "title: 馆名"),
        |t| t.replace("title: 名称", "title: 馆名"),
        &["馆名"],
        &[],
        &[],
    ),
    (
        "release removes a field",
        "entities/branch.yaml",
        |t| t.replace("  code: { title: 代码, type: text, pattern: \"[A-Z]{2}\" }\n", ""),
        |t| t.replace("title: 名称", "title: 馆名"),
        &["馆名"],
        &["代码"],
        &[],
    ),
    (
        "release removes a field that the site has changed",
        "entities/branch.yaml",
        |t| t.replace("  code: { title: 代码, type: text, pattern: \"[A-Z]{2}\" }\n", ""),
        |t| t.replace("title: 代码", "title: 馆号"),
        &["馆号"],
        &[],
        &["fields/code: site"],
    ),
    (
        "site removes a field that the release has changed",
        "entities/branch.yaml",
        |t| t.replace("title: 代码", "title: 馆号"),
        |t| t.replace("  code: { title: 代码, type: text, pattern: \"[A-Z]{2}\" }\n", ""),
        &[],
        &["馆号"],
        &["fields/code: site"],
    ),
    (
        "site removes a field",
        "entities/branch.yaml",
        |t| t.replace("title: 名称", "title: 馆名"),
        |t| t.replace("  code: { title: 代码, type: text, pattern: \"[A-Z]{2}\" }\n", ""),
        &["馆名"],
        &["代码"],
        &[],
    ),
    (
        "release adds an item, site another",
        "dictionaries/state.yaml",
        |t| format!("{t}  - {{ code: lost, title: 遗失 }}\n"),
        |t| t.replace("  - { code: closed", "  - { code: paused, title: 暂停 }\n  - { code: closed"),
        &["遗失", "暂停", "草稿"],
        &[],
        &[],
    ),
    (
        "both add an item of one code",
        "dictionaries/state.yaml",
        |t| format!("{t}  - {{ code: lost, title: 遗失 }}\n"),
        |t| format!("{t}  - {{ code: lost, title: 丢失 }}\n"),
        &["丢失"],
        &["遗失"],
        &["items/lost/title: site"],
    ),
    (
        "release retires an item, site renames it",
        "dictionaries/state.yaml",
        |t| t.replace("code: draft, title: 草稿", "code: draft, title: 草稿, retired: true"),
        |t| t.replace("草稿", "拟稿"),
        &["拟稿", "retired: true"],
        &["草稿"],
        &[],
    ),
    (
        "release adds a column, site reorders and adds one",
        "pages/readers.yaml",
        |t| t.replace("{ field: name }", "{ field: name }, { field: phone }"),
        |t| {
            t.replace(
                "{ field: name }, { field: branch.title }",
                "{ field: branch.title, width: 200 }, { field: name }, { field: card_no }",
            )
        },
        &["phone", "card_no", "width: 200"],
        &[],
        &[],
    ),
    (
        "release adds a filter, site another",
        "pages/readers.yaml",
        |t| t.replace("filters: [district, state, ", "filters: [district, state, phone, "),
        |t| t.replace("filters: [district, state, ", "filters: [name, district, state, "),
        &["name", "phone"],
        &[],
        &[],
    ),
    (
        "both change what cannot be told apart",
        "entities/reader.yaml",
        |t| t.replace("- set: { state: closed }", "- set: { state: active }"),
        |t| t.replace("- set: { state: closed }", "- set: { state: draft }"),
        &["state: draft"],
        &["state: active }"],
        &["actions/close/effects: site"],
    ),
    (
        "release adds a rule, site an action's question",
        "entities/reader.yaml",
        |t| {
            t.replace(
                "rules:\n",
                "rules:\n  - { code: of_age, check: born_on < today, field: born_on, message: 日期有误 }\n",
            )
        },
        |t| t.replace("title: 注销\n", "title: 注销\n    confirm: 确定吗\n"),
        &["of_age", "确定吗", "has_contact"],
        &[],
        &[],
    ),
    (
        "release changes nothing",
        "entities/branch.yaml",
        |t| t.replace("title: 分馆\n", "title: 分馆 # 同前\n"),
        |t| t.replace("title: 名称", "title: 馆名 "),
        &["馆名"],
        &[],
        &[],
    ),
];

#[test]
fn a_release_and_a_site_that_changed_the_same_definition_are_merged() {
    for (what, path, release_change, site_change, has, lacks, conflicts) in MERGES {
        let new = release_with(path, release_change);
        let (kind, key) = name_of(&text_of(&release(), path)).unwrap();
        let site = [own(kind, &key, path, site_change)];
        let (merged, found) = upgraded(&new, &site);
        let text = &merged[0].text;
        assert!(has.iter().all(|part| text.contains(part)), "{what}: {text}");
        assert!(!lacks.iter().any(|part| text.contains(part)), "{what}: {text}");
        assert_eq!(found, conflicts, "{what}");
        assert!(read(text).1.is_empty(), "{what}: {text}");
    }
}

#[test]
fn a_field_that_the_release_brings_itself_leaves_the_extension() {
    let new = release_with("entities/reader.yaml", |text| {
        text.replace("fields:\n", "fields:\n  mail: { title: 邮箱, type: text }\n")
    });
    let site = [extension("  mail: { title: 电子邮箱, type: text }\n  job: { title: 职业, type: text }\n")];
    let (kept, conflicts) = upgraded(&new, &site);
    assert_eq!(conflicts, ["fields/mail: shipped"]);
    assert!(!kept[0].text.contains("mail") && kept[0].text.contains("职业"));
    without_problems(&new, &kept);
    let (kept, conflicts) = upgraded(&new, &[extension("  mail: { title: 电子邮箱, type: text }\n")]);
    assert_eq!((kept.len(), conflicts), (0, vec!["fields/mail: shipped".to_owned()]));
}

#[test]
fn an_extension_stays_as_it_is_when_its_entity_changes_otherwise() {
    let new = release_with("entities/reader.yaml", |text| text.replace("title: 姓名", "title: 读者姓名"));
    let site = [extension("  # 单位要求\n  job: { title: 职业, type: text }\n")];
    assert_eq!(upgraded(&new, &site), (site.to_vec(), vec![]));
    without_problems(&new, &site);
}

#[test]
fn what_the_release_no_longer_has_or_newly_has_is_told() {
    let site =
        [own(Kind::Menu, "library.main", "menus/main.yaml", |text| text.replace("title: ", "title: 新"))];
    let mut new = release();
    new.retain(|file| !file.path.ends_with("menus/main.yaml"));
    let (kept, conflicts) = upgraded(&new, &site);
    assert_eq!((kept, conflicts), (site.to_vec(), vec![": site".to_owned()]));
    let site = [Source::new(
        definition_path(Kind::Menu, "library.more"),
        "menu: library.more\ntitle: 更多\nitems: []\n",
    )];
    let mut new = release();
    new.push(Source::new(
        "apps/library/definitions/menus/more.yaml",
        "menu: library.more\ntitle: 其他\nitems: []\n",
    ));
    let (kept, conflicts) = upgraded(&new, &site);
    assert_eq!((kept, conflicts), (site.to_vec(), vec![": site".to_owned()]));
    without_problems(&new, &site);
    let mut new = release();
    new.retain(|file| !file.path.ends_with("entities/reader.yaml"));
    let (_, conflicts) = upgraded(&new, &[extension("  job: { title: 职业, type: text }\n")]);
    assert_eq!(conflicts, ["entity: site"]);
}

#[test]
fn a_file_beside_a_definition_follows_the_release_until_the_site_changes_it() {
    let document =
        own(Kind::Document, "library.card", "documents/card.yaml", |text| text.replace("借书证", "读者证"));
    let template = text_of(&release(), "documents/card.typ");
    let beside = |text: &str| Source::new("site/library/definitions/documents/card.typ", text);
    let new = release_with("documents/card.typ", |text| format!("{text}// 新版\n"));
    let (kept, conflicts) = upgraded(&new, &[document.clone(), beside(&template)]);
    assert!(kept[1].text.contains("新版") && conflicts.is_empty());
    let (kept, conflicts) = upgraded(&new, &[document.clone(), beside("= 读者证\n")]);
    assert_eq!((kept[1].text.as_str(), conflicts), ("= 读者证\n", vec![": site".to_owned()]));
    assert_eq!(upgraded(&release(), &[document.clone(), beside("= 读者证\n")]).1, Vec::<String>::new());
}

#[test]
fn differences_are_parts_and_not_lines() {
    let before = text_of(&release(), "dictionaries/state.yaml");
    let after = before.replace("草稿", "拟稿").replace("title: 状态", "title: 状 态")
        + "  - { code: lost, title: 遗失 }\n";
    let found: Vec<_> = changes(Some(&before), Some(&after))
        .into_iter()
        .map(|change| (change.path, change.before, change.after))
        .collect();
    let expected = [
        ("title".to_owned(), json!("状态"), json!("状 态")),
        ("items/draft/title".to_owned(), json!("草稿"), json!("拟稿")),
        ("items/lost".to_owned(), json!(null), json!({ "code": "lost", "title": "遗失" })),
    ];
    assert_eq!(found, expected);
    assert_eq!(changes(Some(&before), Some(&format!("# 说明\n{before}"))), []);
    assert_eq!(changes(None, Some("menu: a.b\n")).len(), 1);
    let order = changes(Some("menu: a.b\nitems: [a, b]\n"), Some("menu: a.b\nitems: [b, a]\n"));
    assert_eq!((order[0].path.as_str(), &order[0].after), ("items", &json!(["b", "a"])));
}

#[test]
fn every_fixture_is_written_back_as_it_is_read() {
    for file in release().iter().filter(|file| file.path.ends_with(".yaml")) {
        let root = read(&file.text).0.unwrap();
        let written = emit(&root);
        let again = read(&written);
        assert!(again.1.is_empty() && same(&root, &again.0.unwrap()), "{}:\n{written}", file.path);
    }
    let written = emit(&read(&text_of(&release(), "entities/reader.yaml")).0.unwrap());
    insta::assert_snapshot!(written);
}

fn scalar() -> impl Strategy<Value = Node> {
    let text = prop_oneof![
        "\\PC{0,12}",
        "[ \\t\\n#:{}\\[\\],&*!|>'\"%@`-]{0,6}",
        prop::sample::select(vec![
            "null", "~", "true", "0101", "1.50", "1e3", "yes", "a: b", "- x", "今 日", "\u{85}", ""
        ])
        .prop_map(str::to_owned),
    ];
    (text, any::<bool>()).prop_map(|(text, plain)| {
        // Only text that the parser could have found without quotes is plain.
        let plain = plain && read(&format!("k: {text}\n")).0.as_ref().and_then(|root| root.get("k")).is_some_and(
            |node| matches!(&node.content, Content::Scalar { text: found, plain: true } if *found == text),
        );
        Node { line: 1, content: Content::Scalar { text, plain } }
    })
}

fn tree() -> impl Strategy<Value = Node> {
    let branch = scalar().prop_recursive(4, 40, 5, |inner| {
        let list = prop::collection::vec(inner.clone(), 0..5)
            .prop_map(|items| Node { line: 1, content: Content::List(items) });
        let entries = prop::collection::btree_map("[a-z_$ :]{1,8}", inner, 0..5);
        let map = entries.prop_map(|entries| {
            let entries = entries.into_iter().map(|(text, node)| (Key { text, line: 1 }, node));
            Node { line: 1, content: Content::Map(entries.collect()) }
        });
        prop_oneof![list, map]
    });
    prop::collection::btree_map("[a-z_]{1,8}", branch, 1..5).prop_map(|entries| {
        let entries = entries.into_iter().map(|(text, node)| (Key { text, line: 1 }, node));
        Node { line: 1, content: Content::Map(entries.collect()) }
    })
}

proptest! {
    #[test]
    fn any_tree_is_read_back_from_what_is_written(root in tree()) {
        let written = emit(&root);
        let (again, faults) = read(&written);
        prop_assert!(faults.is_empty(), "{written}\n{faults:?}");
        prop_assert!(same(&root, &again.unwrap()), "{written}");
    }

    #[test]
    fn a_site_that_changed_nothing_gets_the_release(old in tree(), new in tree()) {
        let mut clashes = Vec::new();
        let three = super::merge::Three { old: Some(&old), new: Some(&new), site: Some(&old) };
        let merged = super::merge::merge("", three, &mut clashes).unwrap();
        prop_assert!(same(&merged, &new) && clashes.is_empty());
    }

    #[test]
    fn a_release_that_changed_nothing_leaves_the_site_alone(old in tree(), site in tree()) {
        let mut clashes = Vec::new();
        let three = super::merge::Three { old: Some(&old), new: Some(&old), site: Some(&site) };
        let merged = super::merge::merge("", three, &mut clashes).unwrap();
        prop_assert!(same(&merged, &site) && clashes.is_empty());
    }

    #[test]
    fn texts_without_differences_are_the_same(a in tree(), b in tree()) {
        let found = changes(Some(&emit(&a)), Some(&emit(&b)));
        prop_assert_eq!(found.is_empty(), same(&a, &b));
    }
}
