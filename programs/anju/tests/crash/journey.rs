//! The way of one case, known beforehand step by step.

use std::sync::Arc;

use anju::demo::people::with_check;
use jiff::civil::Date;
use serde_json::{Value, json};

use crate::{caller::Caller, office::Office};

pub const CASE: &str = "eligibility.case";
/// Every so many-th family has a child.
const CHILD_EVERY: u32 = 3;

/// What becomes of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// Entered at the counter; ends with the certificate.
    Counter,
    /// Entered online and pre-reviewed; ends with the certificate.
    Online,
    NotAccepted,
    PreliminaryFailed,
    /// Taken back while the outside systems are asked.
    Withdrawn,
}

pub const ROUTES: [Route; 5] =
    [Route::Counter, Route::Online, Route::NotAccepted, Route::PreliminaryFailed, Route::Withdrawn];

/// One task and how it is completed.
struct Move {
    by: fn(&Office) -> &Caller,
    step: &'static str,
    outcome: &'static str,
    /// Given the platform's day.
    data: fn(Date) -> Value,
}

const PRE_REVIEW: Move =
    Move { by: |office| &office.clerk, step: "pre_review", outcome: "pass", data: |_| json!({}) };
const ACCEPT: Move =
    Move { by: |office| &office.clerk, step: "acceptance", outcome: "accept", data: |_| json!({}) };
const NOT_ACCEPT: Move = Move {
    by: |office| &office.clerk,
    step: "acceptance",
    outcome: "refuse",
    data: |_| json!({ "refusal_kind": "employment", "refusal_reason": "劳动合同已到期，未提供续签合同" }),
};
const CONFIRM_CHECKS: Move = Move {
    by: |office| &office.clerk,
    step: "verification_review",
    outcome: "confirm",
    data: |_| json!({ "housing_check": "passed", "marriage_check": "passed", "insurance_check": "none" }),
};
const PRELIMINARY_FAIL: Move = Move {
    by: |office| &office.reviewer,
    step: "preliminary_review",
    outcome: "fail",
    data: |_| json!({ "refusal_kind": "housing", "refusal_reason": "经核查，家庭人均住房建筑面积已达到规定标准" }),
};
const TO_ADMISSION: [Move; 10] = [
    Move { by: |office| &office.reviewer, step: "preliminary_review", outcome: "pass", data: |_| json!({}) },
    Move {
        by: |office| &office.confirmer,
        step: "preliminary_confirm",
        outcome: "confirm",
        data: |_| json!({}),
    },
    Move {
        by: |office| &office.reviewer,
        step: "local_notice",
        outcome: "publish",
        data: |today| notice("local", today),
    },
    Move {
        by: |office| &office.reviewer,
        step: "local_notice_result",
        outcome: "no_objection",
        data: |_| json!({ "local_notice_objection": false }),
    },
    Move { by: |office| &office.district, step: "secondary_review", outcome: "pass", data: |_| json!({}) },
    Move { by: |office| &office.manager, step: "secondary_confirm", outcome: "confirm", data: |_| json!({}) },
    Move {
        by: |office| &office.district,
        step: "online_notice",
        outcome: "publish",
        data: |today| notice("online", today),
    },
    Move {
        by: |office| &office.district,
        step: "online_notice_result",
        outcome: "no_objection",
        data: |_| json!({ "online_notice_objection": false }),
    },
    Move {
        by: |office| &office.manager,
        step: "online_notice_confirm",
        outcome: "confirm",
        data: |_| json!({}),
    },
    Move {
        by: |office| &office.manager,
        step: "admission",
        outcome: "admit",
        data: |_| json!({ "admission_condition": "local_household", "priority_group": "none" }),
    },
];

fn notice(kind: &str, today: Date) -> Value {
    let last = today.saturating_add(jiff::Span::new().days(7));
    json!({
        format!("{kind}_notice_from"): today.to_string(),
        format!("{kind}_notice_to"): last.to_string(),
        format!("{kind}_notice_place"): "张杨路公示栏",
    })
}

impl Route {
    fn of(number: u32) -> Self {
        match number % 10 {
            1 | 6 | 9 => Self::Online,
            3 => Self::NotAccepted,
            5 => Self::PreliminaryFailed,
            8 => Self::Withdrawn,
            _ => Self::Counter,
        }
    }

    fn moves(self) -> Vec<&'static Move> {
        let admission = [&ACCEPT, &CONFIRM_CHECKS].into_iter().chain(&TO_ADMISSION);
        match self {
            Self::Counter => admission.collect(),
            Self::Online => std::iter::once(&PRE_REVIEW).chain(admission).collect(),
            Self::NotAccepted => vec![&NOT_ACCEPT],
            Self::PreliminaryFailed => vec![&ACCEPT, &CONFIRM_CHECKS, &PRELIMINARY_FAIL],
            Self::Withdrawn => vec![&ACCEPT],
        }
    }

    /// The steps that are completed, in this order, each once.
    pub fn steps(self) -> Vec<&'static str> {
        self.moves().iter().map(|task| task.step).collect()
    }

    pub fn status(self) -> &'static str {
        match self {
            Self::Counter | Self::Online => "admitted",
            Self::NotAccepted => "not_accepted",
            Self::PreliminaryFailed => "preliminary_failed",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// The texts the applicant gets, in alphabetical order.
    pub fn messages(self) -> &'static [&'static str] {
        match self {
            Self::Counter => &["eligibility.accepted", "eligibility.admitted"],
            Self::Online => {
                &["eligibility.accepted", "eligibility.admitted", "eligibility.pre_review_passed"]
            }
            Self::NotAccepted => &["eligibility.not_accepted"],
            Self::PreliminaryFailed => &["eligibility.accepted", "eligibility.failed"],
            Self::Withdrawn => &["eligibility.accepted"],
        }
    }

    /// The fields of the case that hold a document.
    pub fn documents(self) -> &'static [&'static str] {
        match self {
            Self::Counter | Self::Online => &["acceptance_notice", "certificate_file"],
            Self::NotAccepted => &["refusal_notice"],
            Self::PreliminaryFailed | Self::Withdrawn => &["acceptance_notice"],
        }
    }
}

/// How many changes carrying a case takes.
pub fn acknowledgements(number: u32) -> u64 {
    let route = Route::of(number);
    let withdrawal = u64::from(route == Route::Withdrawn);
    // The upload, the entry, the submission and the signing for the acceptance come on top of the steps.
    route.moves().len() as u64 + 4 + withdrawal
}

/// A case that has come to its end, as the server has acknowledged it.
pub struct Case {
    pub id: String,
    pub case_no: String,
    pub route: Route,
    pub persons: usize,
}

impl Case {
    /// Carries a family's case from its entry to its end.
    pub async fn carry(office: Arc<Office>, number: u32) -> Self {
        let route = Route::of(number);
        let application = application(&office, number, route).await;
        let persons = 1 + application["members"].as_array().map_or(0, Vec::len);
        let path = format!("/api/records/{CASE}");
        let record = office.clerk.post(&path, &format!("{number}-enter"), application).await;
        let text = |field: &str| record[field].as_str().expect("a text").to_owned();
        let case = Self { id: text("id"), case_no: text("case_no"), route, persons };
        let submitted = json!({ "ids": [case.id], "input": {} });
        let path = format!("/api/records/{CASE}/actions/submit");
        office.clerk.post(&path, &format!("{number}-submit"), submitted).await;
        for task in route.moves() {
            case.complete(&office, number, task).await;
        }
        if route == Route::Withdrawn {
            case.withdraw(&office, number).await;
        }
        case.wait_for_documents(&office).await;
        case
    }

    async fn complete(&self, office: &Office, number: u32, task: &Move) {
        let caller = (task.by)(office);
        let list = format!("/api/tasks?box=todo&entity={CASE}&record_id={}", self.id);
        let what = format!("the task {} of {}", task.step, self.case_no);
        let id = office
            .wait_for(&what, || async {
                let tasks = caller.get(&list).await;
                let open = tasks["items"].as_array()?.iter().find(|open| open["step"] == task.step)?;
                open["id"].as_str().map(str::to_owned)
            })
            .await;
        if task.step == "acceptance" {
            caller.post(&format!("/api/tasks/{id}/claim"), &format!("{number}-claim"), Value::Null).await;
        }
        let data = (task.data)(office.time.today());
        let completion = json!({ "outcome": task.outcome, "opinion": "情况属实，按规定办理", "data": data });
        let key = format!("{number}-{}", task.step);
        caller.post(&format!("/api/tasks/{id}/complete"), &key, completion).await;
    }

    async fn withdraw(&self, office: &Office, number: u32) {
        let list = format!("/api/process-instances?entity={CASE}&record_id={}", self.id);
        let instances = office.clerk.get(&list).await;
        let instance = instances["items"][0]["id"].as_str().expect("the running instance");
        let path = format!("/api/process-instances/{instance}/withdraw");
        let reason = json!({ "reason": "申请人因工作变动撤回申请" });
        office.clerk.post(&path, &format!("{number}-withdraw"), reason).await;
    }

    async fn wait_for_documents(&self, office: &Office) {
        let path = format!("/api/records/{CASE}/{}", self.id);
        let what = format!("the documents of {}", self.case_no);
        office
            .wait_for(&what, || async {
                let case = office.clerk.get(&path).await;
                self.route.documents().iter().all(|field| case[*field].is_string()).then_some(())
            })
            .await;
    }
}

/// The application as it is entered, its one file uploaded before. The outside systems know the family.
async fn application(office: &Office, number: u32, route: Route) -> Value {
    let id_no = |year: u32| with_check(&format!("310115{year}0101{:03}", 1 + number));
    let (applicant, child) = (id_no(1990), id_no(2015));
    office.make_known(&applicant).await;
    office.make_known(&child).await;
    let has_child = number.is_multiple_of(CHILD_EVERY);
    let members = if has_child {
        json!([{ "name": "陈小宝", "relation": "child", "part": "co_resident", "id_no": child }])
    } else {
        json!([])
    };
    let name = format!("material-{number}.pdf");
    let pdf = format!("%PDF-1.7 sample {number}");
    let file = office.clerk.upload("/api/files", &format!("{number}-upload"), &name, pdf.as_bytes()).await;
    let material = |kind: &str| json!({ "kind": kind, "file": file["id"] });
    let materials = ["identity", "employment", "housing_proof"].map(material);
    json!({
        "channel": if route == Route::Online { "one_stop" } else { "counter" },
        "procurement": "district",
        "applicant_name": "陈建国",
        "id_no": applicant,
        "phone": "13800138000",
        "marital_status": "single",
        "registered_here": true,
        "district": "310115",
        "address": "上海市浦东新区张杨路100弄1号101室",
        "employer": "上海申江物业管理有限公司",
        "contract_months": 24,
        "insurance_months": 24,
        "members": members,
        "housings": [{ "address": "上海市浦东新区张杨路100弄1号101室", "kind": "market_rented", "floor_area": "30.00" }],
        "materials": materials,
    })
}
