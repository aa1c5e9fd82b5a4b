//! Carries each case of the demonstration through the real process up to its goal.

use std::sync::Arc;

use anju_calendar::ManualClock;
use anju_runtime::{
    Runtime, Worker,
    documents::{DocumentMaker, Template},
    process::{Completion, TaskQuery},
    records::{Actor, AggregateQuery, Object},
};
use anyhow::{Context, bail};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{
    dice::Dice,
    directory::{self, Staff, object},
    people,
    plan::Goal,
};

const CASE: &str = "eligibility.case";
const DISTRICTS: [(&str, &str); 3] = [("310115", "pudong"), ("310104", "xuhui"), ("310110", "yangpu")];
/// Days over which cases of the same goal are spread.
const SPREAD_DAYS: i64 = 12;
const CANDIDATES_MAX: u32 = 200;
const SEED: u64 = 42;

/// Creates the cases that are not there yet. Each has dice of its own, so that it is the same whether or not those
/// before it were made by another start.
pub async fn create(
    runtime: &Arc<Runtime>,
    clock: &Arc<ManualClock>,
    now: Timestamp,
    count: u32,
) -> anyhow::Result<()> {
    clock.set(now);
    let staff = directory::staff(runtime).await?;
    let begun = begun(runtime).await?;
    let files = material_files(runtime).await?;
    let mut dice = Dice::new(SEED);
    let mut plans: Vec<(bool, Timestamp, Goal)> = (0..count)
        .map(|index| {
            let goal = Goal::of(index);
            let days =
                goal.days_needed() + dice.between(0, if goal.days_needed() == 0 { 2 } else { SPREAD_DAYS });
            let start = now
                - SignedDuration::from_hours(24 * days)
                - SignedDuration::from_mins(dice.between(30, 300));
            (goal.leaves_calls_open(), start, goal)
        })
        .collect();
    plans.sort_by_key(|(last, start, _)| (*last, *start));
    for (index, (_, start, goal)) in plans.into_iter().enumerate().skip(begun) {
        let dice = Dice::new(SEED ^ (index as u64).rotate_left(32));
        let mut journey = Journey { runtime, clock, staff: &staff, files: &files, dice, now, goal };
        journey
            .travel(start, index)
            .await
            .with_context(|| format!("demonstration case {index} ({goal:?})"))?;
        if index % 20 == 19 {
            tracing::info!(cases = index + 1, of = count, "demonstration data");
        }
    }
    clock.set(now);
    Ok(())
}

/// How many cases there are, the last of which an earlier start may have left on its way.
async fn begun(runtime: &Runtime) -> anyhow::Result<usize> {
    let all = AggregateQuery::default();
    let figures = runtime.records.aggregate(&Actor::system("demo"), CASE, &all).await?;
    let count = figures.rows.first().and_then(|row| row.get("count")?.as_u64()).unwrap_or_default();
    Ok(usize::try_from(count)?)
}

/// One sample file for each kind of material.
async fn material_files(runtime: &Runtime) -> anyhow::Result<Vec<(&'static str, &'static str, String)>> {
    let maker = DocumentMaker::new();
    let kinds = [
        ("identity", "身份证明"),
        ("employment", "劳动合同"),
        ("housing_proof", "住房情况证明"),
        ("marriage", "婚姻证明"),
        ("residence_permit", "居住证"),
    ];
    let mut files = Vec::new();
    for (kind, title) in kinds {
        let source = format!(
            "#set page(width: 148mm, height: 105mm, margin: 12mm, fill: rgb(\"#fbfaf5\"))\n\
             #align(center)[#text(size: 18pt)[{title}]]\n#v(8mm)\n示范数据，非真实材料。\n\n仅用于系统演示。"
        );
        let template = Template { name: "material.typ", source: &source };
        let pdf = maker.render_pdf(template, &json!({}), runtime.clock.now())?;
        let meta = runtime
            .store
            .put_file(pdf, &format!("{title}.pdf"), "application/pdf", "system", runtime.clock.now())
            .await?;
        files.push((kind, title, meta.id));
    }
    Ok(files)
}

struct Journey<'a> {
    runtime: &'a Arc<Runtime>,
    clock: &'a Arc<ManualClock>,
    staff: &'a Staff,
    files: &'a [(&'static str, &'static str, String)],
    dice: Dice,
    now: Timestamp,
    goal: Goal,
}

impl Journey<'_> {
    async fn travel(&mut self, start: Timestamp, index: usize) -> anyhow::Result<()> {
        self.clock.set(start);
        let (district, operator) = DISTRICTS[index % DISTRICTS.len()];
        let city = index % 7 == 6;
        let operator = if city { "shishu" } else { operator };
        let online = matches!(self.goal, Goal::PreReview | Goal::PreReviewRefused) || index.is_multiple_of(3);
        let input = self.application(district, city, online).await?;
        let clerk = self.staff.actor(&format!("{operator}-clerk"))?;
        let mut tx = self.runtime.store.begin().await?;
        let case = self.runtime.records.create(&mut tx, clerk, CASE, input, None).await.map_err(explain)?;
        tx.commit().await?;
        if self.goal == Goal::Draft {
            return Ok(());
        }
        let mut tx = self.runtime.store.begin().await?;
        self.runtime.act(&mut tx, clerk, CASE, "submit", &case.id, Object::new()).await?;
        tx.commit().await?;
        let review = self.staff.actor(&format!("{operator}-review"))?;
        let confirm = self.staff.actor(&format!("{operator}-confirm"))?;
        let district_operator =
            DISTRICTS.iter().find(|(code, _)| *code == district).map_or("pudong", |(_, name)| name);
        let district_review = self.staff.actor(&format!("{district_operator}-district"))?;
        let manager = self.staff.actor(&format!("{district_operator}-manager"))?;
        let id = case.id.as_str();

        if online {
            if self.goal == Goal::PreReview {
                return Ok(());
            }
            self.pass_hours(3, 20);
            if self.goal == Goal::PreReviewRefused {
                let data = refusal("material", "身份证明照片模糊，无法辨认证件号码");
                return self.complete(clerk, id, "refuse", "材料无法辨认，不予受理", data).await;
            }
            self.complete(clerk, id, "pass", "材料齐全", Object::new()).await?;
        }
        if self.goal == Goal::Acceptance {
            return Ok(());
        }
        if self.goal == Goal::Withdrawn {
            return self.withdraw(clerk, id).await;
        }
        self.pass_hours(2, 18);
        self.claim(clerk, id).await?;
        match self.goal {
            Goal::NotAccepted => {
                let data = refusal("employment", "劳动合同已到期，未提供续签合同");
                return self.complete(clerk, id, "refuse", "就业材料不符合受理条件", data).await;
            }
            Goal::Supplement => {
                let data = object([
                    ("supplement_items", json!(["housing_proof"])),
                    ("supplement_note", json!("请补充现居住房屋的租赁合同或产权证明")),
                ]);
                return self.complete(clerk, id, "supplement", "住房情况证明不完整", data).await;
            }
            _ => self.complete(clerk, id, "accept", "材料齐全，予以受理", Object::new()).await?,
        }
        if self.goal == Goal::Verification {
            return Ok(());
        }
        self.verify().await?;
        if self.goal == Goal::VerificationReview {
            return Ok(());
        }
        self.pass_hours(2, 16);
        self.complete(clerk, id, "confirm", "核查结果已核对", self.check_results(id).await?).await?;
        if self.goal == Goal::PreliminaryReview {
            return Ok(());
        }
        self.pass_hours(4, 20);
        if self.goal == Goal::PreliminaryFailed {
            let data = refusal("housing", "经不动产登记核查，家庭人均住房建筑面积已达到15平方米");
            return self.complete(review, id, "fail", "不符合住房困难条件", data).await;
        }
        self.complete(review, id, "pass", "符合公租房准入条件，同意初审通过", Object::new()).await?;
        if self.goal == Goal::PreliminaryConfirm {
            return Ok(());
        }
        self.pass_hours(3, 16);
        self.complete(confirm, id, "confirm", "初审意见与案件情况相符", Object::new()).await?;
        if self.goal == Goal::LocalNotice {
            return Ok(());
        }
        self.pass_hours(2, 12);
        self.publish(review, id, "local", "所在街镇公示栏").await?;
        if self.goal == Goal::LocalNoticeRunning {
            return Ok(());
        }
        self.wait_for_notice().await?;
        let data = object([("local_notice_objection", json!(false))]);
        self.complete(review, id, "no_objection", "公示期内未收到异议", data).await?;
        if self.goal == Goal::SecondaryReview {
            return Ok(());
        }
        self.pass_hours(4, 20);
        self.complete(district_review, id, "pass", "复核无误，同意复审通过", Object::new()).await?;
        if self.goal == Goal::SecondaryConfirm {
            return Ok(());
        }
        self.pass_hours(3, 16);
        self.complete(manager, id, "confirm", "复审意见与案件情况相符", Object::new()).await?;
        if self.goal == Goal::OnlineNotice {
            return Ok(());
        }
        self.pass_hours(2, 12);
        self.publish(district_review, id, "online", "上海住房保障网公示栏").await?;
        if self.goal == Goal::OnlineNoticeRunning {
            return Ok(());
        }
        self.wait_for_notice().await?;
        let data = object([("online_notice_objection", json!(false))]);
        self.complete(district_review, id, "no_objection", "公示期内未收到异议", data).await?;
        if self.goal == Goal::OnlineNoticeConfirm {
            return Ok(());
        }
        self.pass_hours(2, 12);
        self.complete(manager, id, "confirm", "网上公示情况属实", Object::new()).await?;
        if self.goal == Goal::Admission {
            return Ok(());
        }
        self.pass_hours(2, 12);
        let condition = self.record(id).await?.get("admission_condition").clone();
        let condition = if condition.is_null() { json!("local_household") } else { condition };
        let data = object([("admission_condition", condition), ("priority_group", json!("none"))]);
        self.complete(manager, id, "admit", "符合公共租赁住房准入条件，准予准入", data).await?;
        self.run_due().await
    }

    /// Passes working time, but never beyond the present.
    fn pass_hours(&mut self, least: i64, most: i64) {
        let by = SignedDuration::from_hours(self.dice.between(least, most));
        let then = anju_calendar::Clock::now(&**self.clock) + by;
        self.clock.set(then.min(self.now));
    }

    async fn run_due(&self) -> anyhow::Result<()> {
        Worker::run_due(self.runtime).await?;
        Ok(())
    }

    /// Lets the outside systems answer, the next-day ones included.
    async fn verify(&mut self) -> anyhow::Result<()> {
        for _ in 0..3 {
            self.run_due().await?;
            self.pass_hours(13, 15);
        }
        self.run_due().await
    }

    async fn wait_for_notice(&mut self) -> anyhow::Result<()> {
        for _ in 0..20 {
            self.pass_hours(24, 24);
            self.run_due().await?;
        }
        Ok(())
    }

    async fn record(&self, id: &str) -> anyhow::Result<anju_runtime::records::Record> {
        Ok(self.runtime.records.read(&Actor::system("demo"), CASE, id).await?)
    }

    async fn check_results(&self, id: &str) -> anyhow::Result<Object> {
        let case = self.record(id).await?;
        let proposed = |field: &str| match case.text(field) {
            Some(result) => json!(result),
            None => json!("passed"),
        };
        Ok(object([
            ("housing_check", proposed("housing_check")),
            ("marriage_check", proposed("marriage_check")),
            ("insurance_check", proposed("insurance_check")),
        ]))
    }

    async fn publish(&mut self, actor: &Actor, id: &str, kind: &str, place: &str) -> anyhow::Result<()> {
        let today = self.runtime.today();
        let to = self.runtime.calendar().add_working_days(today, 7);
        let data = Object::from_iter([
            (format!("{kind}_notice_from"), json!(today.to_string())),
            (format!("{kind}_notice_to"), json!(to.to_string())),
            (format!("{kind}_notice_place"), json!(place)),
        ]);
        self.complete(actor, id, "publish", "", data).await
    }

    async fn task(&self, actor: &Actor, id: &str) -> anyhow::Result<String> {
        let query = TaskQuery {
            entity: Some(CASE.to_owned()),
            record_id: Some(id.to_owned()),
            ..TaskQuery::default()
        };
        let tasks = self.runtime.processes.tasks(actor, &query).await?;
        let task = tasks.items.first().and_then(|task| task["id"].as_str());
        match task {
            Some(task) => Ok(task.to_owned()),
            None => bail!(
                "{} has no task on the case, whose status is {}",
                actor.name,
                self.record(id).await?.get("status")
            ),
        }
    }

    async fn claim(&self, actor: &Actor, id: &str) -> anyhow::Result<()> {
        let task = self.task(actor, id).await?;
        let mut tx = self.runtime.store.begin().await?;
        self.runtime.processes.claim(&mut tx, actor, &task).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn complete(
        &self,
        actor: &Actor,
        id: &str,
        outcome: &str,
        opinion: &str,
        data: Object,
    ) -> anyhow::Result<()> {
        let task = self.task(actor, id).await?;
        let opinion = (!opinion.is_empty()).then(|| opinion.to_owned());
        let completion = Completion { outcome: outcome.to_owned(), opinion, data, ..Completion::default() };
        let mut tx = self.runtime.store.begin().await?;
        let completed = self.runtime.processes.complete(&mut tx, actor, &task, completion).await;
        completed.map_err(|error| match error {
            anju_runtime::process::Error::Invalid(errors) => anyhow::anyhow!("{outcome}: {errors:?}"),
            other => other.into(),
        })?;
        tx.commit().await?;
        Ok(())
    }

    async fn withdraw(&self, actor: &Actor, id: &str) -> anyhow::Result<()> {
        let mut tx = self.runtime.store.begin().await?;
        let running = self.runtime.processes.running_of(&mut tx, CASE, id).await?;
        let instance = running.first().context("no running process")?;
        self.runtime.processes.withdraw(&mut tx, actor, instance, "申请人因工作变动撤回申请").await?;
        tx.commit().await?;
        Ok(())
    }

    /// What the family enters. Facts agree with the outside systems where the goal needs it.
    async fn application(&mut self, district: &str, city: bool, online: bool) -> anyhow::Result<Object> {
        let (adult, marital_status, spouse) = self.applicant().await?;
        let catalog = self.runtime.catalog.load_full();
        let title = people::district_title(&catalog, district);
        let mut members = Vec::new();
        if let Some((name, id_no)) = spouse {
            members.push(json!({ "name": name, "relation": "spouse", "part": "co_applicant", "id_no": id_no, "registered_here": adult.born_here }));
        }
        if marital_status == "married" && self.dice.percent(60) {
            let surname: String = adult.name.chars().take(1).collect();
            let year = i64::from(self.runtime.today().year());
            let (name, id_no) = people::child(&mut self.dice, year, district, &surname);
            members.push(json!({ "name": name, "relation": "child", "part": "co_resident", "id_no": id_no, "registered_here": adult.born_here }));
        }
        let kind = if self.dice.percent(75) { "market_rented" } else { "dormitory" };
        let rented = format!("{}.{:02}", self.dice.between(18, 65), self.dice.between(0, 99));
        let address = people::address(&mut self.dice, &title);
        let months = self.dice.between(14, 120);
        let materials: Vec<Value> = self
            .files
            .iter()
            .filter(|(kind, ..)| match *kind {
                "marriage" => marital_status == "married",
                "residence_permit" => !adult.born_here,
                _ => true,
            })
            .map(|(kind, title, file)| json!({ "kind": kind, "title": title, "file": file }))
            .collect();
        let channel = match (online, self.dice.percent(70)) {
            (true, true) => "mobile",
            (true, false) => "one_stop",
            (false, _) => "counter",
        };
        Ok(object([
            ("channel", json!(channel)),
            ("procurement", json!(if city { "city" } else { "district" })),
            ("applicant_name", json!(adult.name)),
            ("id_no", json!(adult.id_no)),
            ("phone", json!(people::phone(&mut self.dice))),
            ("marital_status", json!(marital_status)),
            ("registered_here", json!(adult.born_here)),
            ("residence_permit", json!(!adult.born_here)),
            ("registered_address", json!(if adult.born_here { address.clone() } else { String::new() })),
            ("district", json!(district)),
            ("subdistrict", people::subdistrict(&mut self.dice, &catalog, district)),
            ("address", json!(address)),
            ("employer", json!(people::employer(&mut self.dice))),
            ("contract_months", json!(*self.dice.one_of(&[24, 36, 36, 60]))),
            ("insurance_months", json!(months)),
            ("annual_income", json!(self.dice.between(60_000, 240_000) * 100)),
            ("members", Value::Array(members)),
            ("housings", json!([{ "address": address, "kind": kind, "floor_area": rented }])),
            ("materials", Value::Array(materials)),
        ]))
    }

    /// Somebody whose facts fit the goal: asks the outside systems beforehand, as a careful family would.
    async fn applicant(&mut self) -> anyhow::Result<(people::Adult, &'static str, Option<(String, String)>)> {
        let year = i64::from(self.runtime.today().year());
        let districts = ["310101", "310104", "310110", "310115", "310112"];
        for _ in 0..CANDIDATES_MAX {
            let adult = people::adult(&mut self.dice, year, &districts);
            let marriage = self.ask("eligibility.marriage.query", &adult.name, &adult.id_no).await?;
            let status = match marriage["status"].as_str() {
                Some("已婚") => "married",
                Some("离异") => "divorced",
                _ => "single",
            };
            let spouse = marriage["spouse"]["id_no"].as_str().map(|id_no| {
                (marriage["spouse"]["name"].as_str().unwrap_or("配偶").to_owned(), id_no.to_owned())
            });
            if !self.goal.needs_passing() || self.would_pass(&adult, spouse.as_ref()).await? {
                return Ok((adult, status, spouse));
            }
        }
        bail!("no household fits")
    }

    async fn would_pass(
        &self,
        adult: &people::Adult,
        spouse: Option<&(String, String)>,
    ) -> anyhow::Result<bool> {
        let mut persons = vec![(adult.name.clone(), adult.id_no.clone())];
        persons.extend(spouse.cloned());
        for (name, id_no) in persons {
            let owned = self.ask("eligibility.registry.check_now", &name, &id_no).await?;
            let held = self.ask("eligibility.public_housing.check", &name, &id_no).await?;
            let any =
                |answer: &Value, list: &str| answer[list].as_array().is_some_and(|rows| !rows.is_empty());
            if any(&owned, "properties") || any(&held, "dwellings") {
                return Ok(false);
            }
        }
        let insurance = self.ask("eligibility.social_insurance.query", &adult.name, &adult.id_no).await?;
        Ok(adult.born_here || insurance["months_continuous"].as_i64().unwrap_or_default() >= 12)
    }

    async fn ask(&self, operation: &str, name: &str, id_no: &str) -> anyhow::Result<Value> {
        let values = object([("name", json!(name)), ("id_no", json!(id_no))]);
        let key = format!("demo-{operation}-{id_no}");
        let answer = self.runtime.connectors.call(operation, &values, &key).await?;
        Ok(answer["data"].clone())
    }
}

fn refusal(kind: &str, reason: &str) -> Object {
    object([("refusal_kind", json!(kind)), ("refusal_reason", json!(reason))])
}

/// A faulty application of our own making should say where it is faulty.
fn explain(error: anju_runtime::records::Error) -> anyhow::Error {
    match error {
        anju_runtime::records::Error::Invalid(errors) => {
            anyhow::anyhow!("the application is faulty: {errors:?}")
        }
        other => other.into(),
    }
}
