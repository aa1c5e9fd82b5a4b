//! Projects, their buildings, and the units, each in the state that its contracts leave it in.

use anju_runtime::records::{LoadRecord, LoadVersion};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    contracts::ended_on,
    filling::version,
    leases::Use,
    organisations::Author,
    plan::{BUILDINGS_PER_PROJECT, Kind, Plan, UNITS_PER_BUILDING},
    time::{Day, FIRST_YEAR},
};
use crate::demo::{directory::object, people};

const UNITS_PER_PROJECT: usize = UNITS_PER_BUILDING * BUILDINGS_PER_PROJECT;
const UNITS_PER_FLOOR: usize = 4;
const FLOORS: usize = UNITS_PER_BUILDING / UNITS_PER_FLOOR;
/// Layouts with their least and greatest areas, in hundredths of a square metre.
const UNIT_TYPES: [(&str, i64, i64); 5] = [
    ("dormitory", 1_800, 2_600),
    ("studio", 2_600, 3_800),
    ("one_room", 3_800, 5_200),
    ("two_rooms", 5_500, 7_500),
    ("three_rooms", 7_800, 9_800),
];
const TITLES: [&str; 16] = [
    "安居", "馨宁", "惠民", "尚景", "和苑", "晶城", "泗水", "景云", "康桥", "新顾", "浦程", "瑞和", "汇成",
    "乐业", "锦绣", "阳光",
];

/// What others have to know of a project.
pub struct Project {
    pub id: String,
    pub district: usize,
    pub operator: usize,
    pub title: String,
    /// Its lane, without the number of a house.
    pub lane: String,
    pub subdistrict: String,
    /// In millionths of a degree.
    pub location: (i64, i64),
    pub delivered: Day,
    housing_kind: &'static str,
}

impl Project {
    pub fn of(plan: &Plan, index: usize) -> Self {
        let mut dice = plan.dice(Kind::Project, index as u64);
        let (district, number) = plan.projects[index];
        let place = &plan.districts[district];
        let delivered = Day::of(FIRST_YEAR - dice.between(1, 8), 1, 1).plus(dice.between(0, 360));
        let delivered = delivered.min(Day::of(FIRST_YEAR - 1, 12, 1));
        let kind = if dice.percent(60) { "public_rental" } else { "affordable_rental" };
        Self {
            id: plan.id(Kind::Project, index, taken_over()),
            operator: if index == 0 { 0 } else { plan.operator(district, &mut dice) },
            title: format!(
                "{}{}{number}期",
                dice.one_of(&TITLES),
                if index.is_multiple_of(2) { "公寓" } else { "家园" }
            ),
            lane: people::lane(&mut dice, &place.title),
            subdistrict: plan.subdistrict(district, &mut dice).to_owned(),
            location: (
                place.centre.0 * 1_000 + dice.between(-40_000, 40_000),
                place.centre.1 * 1_000 + dice.between(-40_000, 40_000),
            ),
            district,
            delivered,
            housing_kind: kind,
        }
    }
}

/// A unit as its contract sees it.
pub struct Unit {
    pub id: String,
    pub project: Project,
    /// In fen a month.
    pub rent: i64,
    /// In hundredths of a square metre.
    pub area: i64,
    unit_type: &'static str,
}

impl Unit {
    pub fn of(plan: &Plan, index: usize) -> Self {
        let mut dice = plan.dice(Kind::Unit, index as u64);
        let (unit_type, least, most) = *dice.one_of(&UNIT_TYPES);
        let area = dice.between(least, most);
        // Yuan a square metre, in whole tens of yuan a month.
        let rent = area * dice.between(30, 62) / 1_000 * 1_000;
        let id = plan.id(Kind::Unit, index, taken_over());
        Self { id, project: Project::of(plan, project_of(index)), rent, area, unit_type }
    }
}

pub fn project_of(unit: usize) -> usize {
    unit / UNITS_PER_PROJECT
}

/// Everything that was there before is entered at the same time.
fn taken_over() -> Timestamp {
    Day::of(FIRST_YEAR - 1, 12, 20).at(9 * 60)
}

fn point((longitude, latitude): (i64, i64)) -> Value {
    let degrees = |millionths: i64| format!("{}.{:06}", millionths / 1_000_000, millionths % 1_000_000);
    json!({ "longitude": degrees(longitude), "latitude": degrees(latitude) })
}

pub fn project(plan: &Plan, index: usize) -> LoadRecord {
    let project = Project::of(plan, index);
    let district = &plan.districts[project.district];
    let values = object([
        ("code", json!(format!("XM{}{:04}", district.code, plan.projects[index].1))),
        ("title", json!(project.title)),
        ("housing_kind", json!(project.housing_kind)),
        ("district", json!(district.code)),
        ("subdistrict", json!(project.subdistrict)),
        ("address", json!(project.lane)),
        ("location", point(project.location)),
        ("developer", json!(format!("上海{}建设发展有限公司", TITLES[index % TITLES.len()]))),
        ("operator", json!(plan.operator_id(project.operator))),
        ("units_planned", json!(UNITS_PER_PROJECT)),
        ("delivered_on", json!(project.delivered.text())),
        ("state", json!("delivered")),
    ]);
    LoadRecord { id: project.id, versions: vec![version(taken_over(), &Author::founder(), values)] }
}

pub fn building(plan: &Plan, index: usize) -> LoadRecord {
    let project = Project::of(plan, index / BUILDINGS_PER_PROJECT);
    let values = object([
        ("project", json!(project.id)),
        ("number", json!(format!("{}号", index % BUILDINGS_PER_PROJECT + 1))),
        ("floors", json!(FLOORS)),
        ("completed_on", json!(project.delivered.plus(-60).text())),
        ("district", json!(plan.districts[project.district].code)),
        ("subdistrict", json!(project.subdistrict)),
        ("operator", json!(plan.operator_id(project.operator))),
    ]);
    let versions = vec![version(taken_over(), &Author::founder(), values)];
    LoadRecord { id: plan.id(Kind::Building, index, taken_over()), versions }
}

pub fn unit(plan: &Plan, index: usize) -> LoadRecord {
    let unit = Unit::of(plan, index);
    let project = &unit.project;
    let district = &plan.districts[project.district];
    let building = index / UNITS_PER_BUILDING;
    let in_building = index % UNITS_PER_BUILDING;
    let floor = in_building / UNITS_PER_FLOOR + 1;
    let first_in_project = (plan.projects[project_of(index)].1 as usize - 1) * UNITS_PER_PROJECT;
    let number = first_in_project + index % UNITS_PER_PROJECT + 1;
    let values = object([
        ("unit_code", json!(format!("FY{}{number:08}", district.code))),
        ("project", json!(project.id)),
        ("building", json!(plan.id(Kind::Building, building, taken_over()))),
        ("housing_kind", json!(project.housing_kind)),
        ("district", json!(district.code)),
        ("subdistrict", json!(project.subdistrict)),
        ("address", json!(format!("{}{}号", project.lane, building % BUILDINGS_PER_PROJECT + 1))),
        ("room_no", json!(format!("{floor}{:02}", in_building % UNITS_PER_FLOOR + 1))),
        ("floor", json!(floor)),
        ("unit_type", json!(unit.unit_type)),
        ("floor_area", json!(format!("{}.{:02}", unit.area / 100, unit.area % 100))),
        ("location", point(project.location)),
        ("monthly_rent", json!(unit.rent)),
        ("operator", json!(plan.operator_id(project.operator))),
    ]);
    let mut versions = vec![version(taken_over(), &Author::founder(), values)];
    versions.extend(life(plan, index, project.operator));
    LoadRecord { id: unit.id, versions }
}

/// From the release on: who moved in and out, and what else the unit is kept for.
fn life(plan: &Plan, index: usize, operator: usize) -> Vec<LoadVersion> {
    let mut dice = plan.dice(Kind::Unit, (index as u64) | (1 << 62));
    let clerk = Author::of_operator(plan, operator, 0);
    let manager = Author::of_operator(plan, operator, 2);
    let state = |day: Day, author: &Author, state: &str| {
        version(day.at(10 * 60), author, object([("state", json!(state))]))
    };
    let released = Day::of(FIRST_YEAR, 1, 4);
    let release = object([("state", json!("vacant")), ("released_on", json!(released.text()))]);
    let mut versions = vec![version(released.at(9 * 60), &manager, release)];
    let leases = &plan.unit_leases[index];
    let lease = |at: u32| &plan.leases[at as usize];
    if let Some(before) = leases.before.map(lease) {
        versions.push(state(before.signed, &clerk, "let"));
        versions.push(state(ended_on(plan, before), &clerk, "vacant"));
    }
    let later = Day::of(FIRST_YEAR + 5, 1, 1).plus(dice.between(0, 1_700));
    let now = leases.now.map(lease);
    match (Use::of(index), now) {
        (Use::Let, Some(now)) => versions.push(state(now.signed, &clerk, "let")),
        (Use::Reserved, Some(now)) => versions.push(state(now.signed.plus(-3), &clerk, "reserved")),
        // Those for whom no household was left stay vacant.
        (Use::Let | Use::Reserved | Use::Vacant, _) => {}
        (Use::Preparing, _) => versions.truncate(0),
        (Use::Locked, _) => {
            let lock = object([("state", json!("locked")), ("lock_reason", json!("房屋维修，暂不出租"))]);
            versions.push(version(later.at(11 * 60), &manager, lock));
        }
        (Use::Withdrawn, _) => versions.push(state(later, &manager, "withdrawn")),
    }
    versions
}
