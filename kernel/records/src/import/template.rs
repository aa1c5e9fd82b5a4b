use anju_definitions::FieldType;

use super::{
    TemplateColumn, TemplateSheet, TemplateSpec,
    columns::{LINK_TITLE, header_title, is_importable},
};
use crate::{
    Actor, Records, Result,
    access::{Access, Operation},
    plan::{EntityPlan, FieldPlan},
};

/// Most titles offered as a list in a cell; longer lists are described instead.
const CHOICES_MAX: usize = 50;

impl Records {
    /// What the import workbook of an entity looks like for the actor.
    ///
    /// # Errors
    /// [`crate::Error::Forbidden`] without the right to import.
    pub fn import_template(&self, actor: &Actor, entity: &str) -> Result<TemplateSpec> {
        let plans = self.plans()?;
        let plan = plans.entity(entity)?;
        let access = Access::of(&plans, plan, actor, Operation::Import)?;
        let numbered = !plan.children.is_empty();
        let mut sheets = vec![sheet(plan, None, numbered, &|field| access.writes(&field.name))];
        for child in &plan.children {
            sheets.push(sheet(plans.child(child)?, Some(child.parent_field), true, &|_| true));
        }
        Ok(TemplateSpec { title: format!("{}导入模板", plan.entity.title), sheets })
    }
}

fn sheet(
    plan: &EntityPlan,
    link: Option<usize>,
    numbered: bool,
    writes: &dyn Fn(&FieldPlan) -> bool,
) -> TemplateSheet {
    let number = TemplateColumn {
        title: LINK_TITLE.to_owned(),
        field: String::new(),
        required: true,
        help: "各工作表中属于同一条记录的行填写同一序号".to_owned(),
        example: "1".to_owned(),
        choices: Vec::new(),
    };
    let fields = plan
        .fields
        .iter()
        .enumerate()
        .filter(|(position, field)| is_importable(field) && Some(*position) != link && writes(field));
    let columns = fields.map(|(_, field)| column(plan, field));
    let columns = numbered.then_some(number).into_iter().chain(columns).collect();
    TemplateSheet { name: plan.entity.title.clone(), columns }
}

fn column(plan: &EntityPlan, field: &FieldPlan) -> TemplateColumn {
    let dictionary: Vec<String> = match field.kind {
        FieldType::Choice | FieldType::MultiChoice => {
            field.codes.values().filter(|code| !code.retired).map(|code| code.title.clone()).collect()
        }
        FieldType::Boolean => vec!["是".to_owned(), "否".to_owned()],
        _ => Vec::new(),
    };
    let form = match field.kind {
        FieldType::Choice if dictionary.len() <= CHOICES_MAX => "",
        kind => crate::value::kind(kind).cell_help(field),
    };
    let help = match (&field.definition.help, form) {
        (Some(help), "") => help.clone(),
        (Some(help), form) => format!("{help}；{form}"),
        (None, form) => form.to_owned(),
    };
    let scope = &plan.entity.scope;
    let by_place = [&scope.district, &scope.subdistrict, &scope.operator]
        .into_iter()
        .flatten()
        .any(|f| *f == field.name);
    TemplateColumn {
        title: header_title(field),
        field: field.name.clone(),
        required: field.definition.required && field.definition.default.is_none() && !by_place,
        help,
        example: example(field, &dictionary),
        choices: if dictionary.len() > CHOICES_MAX { Vec::new() } else { dictionary },
    }
}

/// What a cell of the field may look like.
fn example(field: &FieldPlan, choices: &[String]) -> String {
    match field.kind {
        FieldType::Integer => "2".to_owned(),
        FieldType::Decimal => crate::value::format_decimal(56 * 10_i64.pow(field.scale), field.scale),
        FieldType::Money => "1234.50".to_owned(),
        FieldType::Date => "2026-01-31".to_owned(),
        FieldType::DateTime => "2026-01-31 09:00:00".to_owned(),
        FieldType::MultiChoice => choices.iter().take(2).cloned().collect::<Vec<_>>().join("、"),
        FieldType::Choice | FieldType::Boolean => choices.first().cloned().unwrap_or_default(),
        FieldType::IdNumber => "11010519491231002X".to_owned(),
        FieldType::Phone => "13800138000".to_owned(),
        FieldType::CreditCode => "91350100M000100Y43".to_owned(),
        _ => String::new(),
    }
}
