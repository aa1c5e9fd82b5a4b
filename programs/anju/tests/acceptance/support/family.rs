use anju::demo::people::with_check;
use serde_json::{Value, json};

use super::{Client, Platform};

pub const CASE: &str = "eligibility.case";

/// A family to be: `a_family("310115").of(3).registered_here().…`
pub struct Family {
    pub id_no: String,
    values: Value,
    number: u32,
    materials: bool,
}

/// A single applicant, registered in the city, who rents a room. `number` makes the ID number unique.
pub fn a_family(district: &str, number: u32) -> Family {
    let id_no = with_check(&format!(
        "3101151990{:02}{:02}{:03}",
        1 + number / 336 % 12,
        1 + number / 12 % 28,
        1 + number % 998
    ));
    let values = json!({
        "channel": "counter",
        "procurement": "district",
        "applicant_name": "陈建国",
        "id_no": id_no,
        "phone": "13800138000",
        "marital_status": "single",
        "registered_here": true,
        "district": district,
        "address": "上海市浦东新区张杨路100弄1号101室",
        "employer": "上海申江物业管理有限公司",
        "contract_months": 24,
        "insurance_months": 24,
        "housings": [{ "address": "上海市浦东新区张杨路100弄1号101室", "kind": "market_rented", "floor_area": "30.00" }],
    });
    Family { id_no, values, number, materials: true }
}

impl Family {
    /// Any field of the application.
    pub fn with(mut self, field: &str, value: impl Into<Value>) -> Self {
        self.values[field] = value.into();
        self
    }

    /// Adds children until the family has so many persons.
    pub fn of(mut self, persons: u32) -> Self {
        let members: Vec<Value> = (1..persons)
            .map(|index| {
                let digits = format!("31011520150{}{:02}{:03}", 1 + index % 9, 1 + self.number % 28, 1 + (self.number * 7 + index) % 998);
                json!({ "name": format!("陈小{index}"), "relation": "child", "part": "co_resident", "id_no": with_check(&digits) })
            })
            .collect();
        self.values["members"] = json!(members);
        self
    }

    pub fn without_materials(mut self) -> Self {
        self.materials = false;
        self
    }

    /// The application as it is entered, its materials uploaded before.
    pub async fn application(&self, clerk: &Client) -> Value {
        let mut values = self.values.clone();
        if self.materials {
            let mut rows = Vec::new();
            for kind in ["identity", "employment", "housing_proof", "marriage", "residence_permit"] {
                let upload = clerk
                    .upload("/api/files", &format!("{kind}.pdf"), b"%PDF-1.7 sample".to_vec())
                    .await
                    .ok();
                rows.push(json!({ "kind": kind, "file": upload["id"] }));
            }
            values["materials"] = json!(rows);
        }
        values
    }

    /// Enters and submits the application; the id of the case. The sandbox knows the applicant as owning
    /// nothing.
    pub async fn apply(&self, platform: &Platform, clerk: &Client) -> String {
        let marriage = match self.values["marital_status"].as_str() {
            Some("married") => "已婚",
            Some("divorced") => "离异",
            _ => "未婚",
        };
        platform.a_person_without_housing(&self.id_no, marriage, 36).await;
        for member in self.values["members"].as_array().into_iter().flatten() {
            platform.a_person_without_housing(member["id_no"].as_str().unwrap_or_default(), "未婚", 0).await;
        }
        let id = clerk.create(CASE, self.application(clerk).await).await;
        clerk.act(CASE, "submit", &id, json!({})).await.ok();
        id
    }
}
