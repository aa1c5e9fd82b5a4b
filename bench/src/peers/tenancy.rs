//! The entity that all systems keep: a tenancy of a rented flat. Rows follow from their number alone, so that every
//! system holds the same and what a list must show can be told without asking anybody.

use anju::demo::{dice::Dice, people};
use jiff::{ToSpan, civil::Date};
use serde_json::{Value, json};

/// GB/T 2260 codes of the districts; each has one office.
pub const DISTRICTS: [&str; 16] = [
    "310115", "310101", "310104", "310105", "310106", "310107", "310109", "310110", "310112", "310113",
    "310114", "310116", "310117", "310118", "310120", "310151",
];
/// The district of the person who is measured.
pub const OWN: &str = DISTRICTS[0];
pub const STATES: [&str; 5] = ["waiting", "active", "expiring", "ended", "terminated"];
/// Rows of a page.
pub const PAGE: usize = 20;
/// The fields that a list shows, next to the name of the office.
pub const LISTED: [&str; 8] =
    ["number", "tenant_name", "district", "state", "floor_area", "rent_monthly", "signed_on", "ends_on"];

/// The first day on which a tenancy of before the measurement was signed.
const FIRST_DAY: Date = jiff::civil::date(2020, 1, 1);

pub struct Tenancy {
    pub number: String,
    pub tenant_name: String,
    pub address: String,
    /// Place in [`DISTRICTS`]; also says the office.
    pub place: usize,
    pub state: &'static str,
    /// Hundredths of a square metre.
    pub floor_area: i64,
    pub rooms: i64,
    /// Fen.
    pub rent_monthly: i64,
    /// Fen.
    pub deposit: i64,
    pub signed_on: Date,
    pub starts_on: Date,
    pub ends_on: Date,
    pub furnished: bool,
}

impl Tenancy {
    /// Of the rows from before the measurement. No two of one district were signed on the same day, so that lists by
    /// day have one order only.
    pub fn stored(index: u32) -> Self {
        let day = FIRST_DAY + i64::from(index / DISTRICTS.len() as u32).days();
        Self::drawn("T", index, index as usize % DISTRICTS.len(), day)
    }

    /// Of the rows that measuring creates: in the own district, signed earlier than all others, so that the first page
    /// of every list stays as it is.
    pub fn created(index: u32) -> Self {
        Self::drawn("N", index, 0, FIRST_DAY - i64::from(1 + index % 3000).days())
    }

    /// Of a district that is not the own one, with a number nobody has.
    pub fn foreign() -> Self {
        Self::drawn("F", 0, 1, FIRST_DAY)
    }

    pub fn district(&self) -> &'static str {
        DISTRICTS[self.place]
    }

    /// Square metres with two places.
    pub fn floor_area_text(&self) -> String {
        format!("{}.{:02}", self.floor_area / 100, self.floor_area % 100)
    }

    /// As all systems take it, but for the form of a decimal and of a reference.
    pub fn to_json(&self, floor_area: Value, office: &Value) -> Value {
        json!({
            "number": self.number,
            "tenant_name": self.tenant_name,
            "address": self.address,
            "district": self.district(),
            "state": self.state,
            "floor_area": floor_area,
            "rooms": self.rooms,
            "rent_monthly": self.rent_monthly,
            "deposit": self.deposit,
            "signed_on": self.signed_on.to_string(),
            "starts_on": self.starts_on.to_string(),
            "ends_on": self.ends_on.to_string(),
            "furnished": self.furnished,
            "office": office,
        })
    }

    fn drawn(series: &str, index: u32, place: usize, signed_on: Date) -> Self {
        let mut dice = Dice::new(u64::from(index) * 31 + u64::from(series.as_bytes()[0]));
        let rent_monthly = dice.between(800, 9_000) * 100;
        let starts_on = signed_on + dice.between(1, 30).days();
        Self {
            number: format!("{series}{index:08}"),
            tenant_name: people::adult(&mut dice, 2026, &DISTRICTS).name,
            address: people::address(&mut dice, ""),
            place,
            state: *dice.one_of::<&'static str>(&STATES),
            floor_area: dice.between(1_800, 12_000),
            rooms: dice.between(1, 4),
            rent_monthly,
            deposit: rent_monthly * 2,
            signed_on,
            starts_on,
            ends_on: starts_on + dice.between(1, 5).years(),
            furnished: dice.percent(40),
        }
    }
}

/// What the office of a district is called.
pub fn office_name(place: usize) -> String {
    format!("Office {}", DISTRICTS[place])
}

/// Numbers on the first page of the own district's tenancies in this state, latest first, of so many rows.
pub fn first_page(state: &str, rows: u32) -> Vec<String> {
    let own = (0..rows).rev().map(Tenancy::stored).filter(|row| row.place == 0);
    own.filter(|row| row.state == state).take(PAGE).map(|row| row.number).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_follows_from_its_number_alone() {
        let row = Tenancy::stored(7);
        let pinned = json!({
            "number": "T00000007", "tenant_name": "姚芳", "address": "上海市控江路967弄7号1801室", "district": "310110",
            "state": "expiring", "floor_area": "43.83", "rooms": 2, "rent_monthly": 412_600, "deposit": 825_200,
            "signed_on": "2020-01-01", "starts_on": "2020-01-25", "ends_on": "2022-01-25", "furnished": false,
            "office": null,
        });
        assert_eq!(row.to_json(json!(row.floor_area_text()), &Value::Null), pinned);
    }

    #[test]
    fn what_is_created_is_older_than_what_is_stored() {
        let created = (0..4_000).map(|index| Tenancy::created(index).signed_on).max();
        assert!(created < Some(Tenancy::stored(0).signed_on));
    }

    #[test]
    fn pages_are_full_and_of_the_own_district() {
        for state in STATES {
            let page = first_page(state, 20_000);
            assert_eq!(page.len(), PAGE, "{state}");
            assert!(page.is_sorted_by(|later, earlier| later > earlier));
        }
    }
}
