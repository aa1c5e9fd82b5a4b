//! What is asked, and the SQL somebody would write for it. Parameters change from time to time, so that neither side
//! answers from what it found before.

use serde_json::{Value, json};

/// Path, body of a POST (a GET without), and the statement.
type Variant = (String, Option<Value>, String);

pub struct Question {
    pub name: &'static str,
    /// Who asks.
    pub account: &'static str,
    /// It is asked so many times less often than the others.
    pub weight: usize,
    make: Box<dyn Fn(usize) -> Variant>,
}

impl Question {
    pub fn variant(&self, time: usize) -> Variant {
        (self.make)(time)
    }
}

/// The manager of a district sees its cases; the city sees all.
const MANAGER: &str = "pudong-manager";
const CITY: &str = "city";
const DISTRICT: &str = "310115";

/// All questions; records are asked for by these ids.
pub fn all(ids: Vec<String>) -> Vec<Question> {
    fn question(
        name: &'static str,
        account: &'static str,
        make: impl Fn(usize) -> Variant + 'static,
    ) -> Question {
        Question { name, account, weight: 1, make: Box::new(make) }
    }
    vec![
        question("list: state", MANAGER, by_state),
        question("list: months of submission", MANAGER, by_month),
        question("list: family name, with count", MANAGER, by_name),
        question("list: sealed certificate number", MANAGER, by_id_no),
        question("list: member's relation, income", CITY, by_member),
        question("search: street and number", MANAGER, by_street),
        question("record with relations", MANAGER, move |time| one_record(&ids[time % ids.len()])),
        Question { weight: 10, ..question("figures: district and month", CITY, figures) },
    ]
}

/// Child tables of a case: name in an answer, and table.
pub const CHILDREN: [(&str, &str); 3] = [
    ("members", "eligibility_member"),
    ("housings", "eligibility_housing"),
    ("materials", "eligibility_material"),
];

const COLUMNS: &str = "c.id, c.version, c.case_no, c.applicant_name, c.id_no, c.status, c.due_on, c.channel, c.district, \
     o.title, c.household_size, c.per_capita_area, c.submitted_at";
const FROM: &str = "FROM eligibility_case c LEFT JOIN platform_organisation o ON o.id = c.operator";

fn list(filter: Value, count: bool, statement: String) -> Variant {
    let select = [
        "case_no",
        "applicant_name",
        "id_no",
        "status",
        "due_on",
        "channel",
        "district",
        "operator",
        "household_size",
        "per_capita_area",
        "submitted_at",
    ];
    let sort = json!([{ "field": "submitted_at", "dir": "desc" }]);
    let body =
        json!({ "where": filter, "select": select, "sort": sort, "page": { "size": 20 }, "count": count });
    ("/api/records/eligibility.case/query".to_owned(), Some(body), statement)
}

fn page(condition: &str) -> String {
    format!(
        "SELECT {COLUMNS} {FROM} WHERE c.deleted_at IS NULL AND {condition} ORDER BY c.submitted_at DESC, c.id LIMIT 20"
    )
}

fn own(condition: &str) -> String {
    format!("c.district = '{DISTRICT}' AND {condition}")
}

fn by_state(time: usize) -> Variant {
    let state = ["admitted", "verification", "not_accepted", "preliminary_failed", "withdrawn"][time % 5];
    list(
        json!({ "field": "status", "op": "eq", "value": state }),
        false,
        page(&own(&format!("c.status = '{state}'"))),
    )
}

fn by_month(time: usize) -> Variant {
    let (year, month) = (2017 + time % 9, 1 + time / 9 % 11);
    let (from, to) = (
        format!("{year}-{month:02}-01T00:00:00+08:00"),
        format!("{year}-{:02}-01T00:00:00+08:00", month + 1),
    );
    let ms = |at: &str| at.parse::<jiff::Timestamp>().map(|at| at.as_millisecond()).unwrap_or_default();
    let filter = json!({ "and": [
        { "field": "submitted_at", "op": "ge", "value": from }, { "field": "submitted_at", "op": "lt", "value": to },
    ] });
    let condition = format!("c.submitted_at >= {} AND c.submitted_at < {}", ms(&from), ms(&to));
    list(filter, false, page(&own(&condition)))
}

fn by_name(time: usize) -> Variant {
    let name = ["王", "李", "张", "刘", "陈", "杨"][time % 6];
    let filter = json!({ "field": "applicant_name", "op": "starts_with", "value": name });
    let condition = own(&format!("c.applicant_name LIKE '{name}%'"));
    list(filter, true, page(&condition))
}

/// Nobody has the number, since no made-up person has the sequence 999: SQL looks for its own stand-in of the index, which
/// nobody has either.
fn by_id_no(time: usize) -> Variant {
    let digits = format!("31011519{:02}0{}{:02}999", 50 + time % 50, 1 + time % 9, 1 + time % 28);
    let number = anju::demo::people::with_check(&digits);
    let index = format!("c.id_no_bix = '\\x{:032x}'::bytea", time + 1);
    list(json!({ "field": "id_no", "op": "eq", "value": number }), false, page(&own(&index)))
}

fn by_member(time: usize) -> Variant {
    let relation = ["spouse", "child", "parent"][time % 3];
    let filter = json!({ "and": [
        { "field": "members.relation", "op": "eq", "value": relation },
        { "field": "status", "op": "eq", "value": "admitted" },
    ] });
    let condition = format!(
        "c.status = 'admitted' AND EXISTS (SELECT 1 FROM eligibility_member m WHERE m.\"case\" = c.id AND m.deleted_at IS NULL AND m.relation = '{relation}')"
    );
    list(filter, false, page(&condition))
}

fn by_street(time: usize) -> Variant {
    let street = ["张杨路", "浦三路", "人民路", "南桥路"][time % 4];
    let number = 1 + time % 90;
    let words = format!("{street}{number}");
    let body = json!({ "search": words, "select": ["case_no", "applicant_name", "address"], "page": { "size": 20 } });
    let condition = own(&format!(
        "(c.address LIKE '%{words}%' OR c.registered_address LIKE '%{words}%' OR c.employer LIKE '%{words}%')"
    ));
    let statement = format!(
        "SELECT c.id, c.case_no, c.applicant_name, c.address FROM eligibility_case c WHERE c.deleted_at IS NULL AND {condition} ORDER BY c.id DESC LIMIT 20"
    );
    ("/api/records/eligibility.case/query".to_owned(), Some(body), statement)
}

fn one_record(id: &str) -> Variant {
    let rows = CHILDREN.map(|(_, table)| {
        format!("SELECT * FROM {table} WHERE \"case\" = '{id}' AND deleted_at IS NULL ORDER BY position")
    });
    let own = format!(
        "SELECT c.*, o.title, i.title FROM eligibility_case c LEFT JOIN platform_organisation o ON o.id = c.operator \
         LEFT JOIN eligibility_intake_office i ON i.id = c.intake_office WHERE c.id = '{id}' AND c.deleted_at IS NULL AND c.district = '{DISTRICT}'"
    );
    (format!("/api/records/eligibility.case/{id}"), None, format!("{own}; {}", rows.join("; ")))
}

/// Cases of the district, from all years.
pub fn some_ids() -> String {
    format!(
        "SELECT id FROM eligibility_case WHERE deleted_at IS NULL AND district = '{DISTRICT}' AND status <> 'deleted' ORDER BY id_no_bix LIMIT 500"
    )
}

fn figures(time: usize) -> Variant {
    let state = ["draft", "deleted", "withdrawn", "given_up"][time % 4];
    let body = json!({
        "where": { "field": "status", "op": "ne", "value": state },
        "group_by": [{ "field": "district" }, { "field": "submitted_at", "grain": "month" }],
        "measures": [{ "op": "count", "as": "cases" }],
    });
    let statement = format!(
        "SELECT c.district, to_char(to_timestamp(c.submitted_at / 1000) AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM') AS month, count(*) AS cases \
         FROM eligibility_case c WHERE c.deleted_at IS NULL AND c.status <> '{state}' GROUP BY 1, 2 ORDER BY 1, 2"
    );
    ("/api/records/eligibility.case/aggregate".to_owned(), Some(body), statement)
}
