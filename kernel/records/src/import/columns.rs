//! Which column is which field.

use anju_definitions::FieldType;

use super::SheetData;
use crate::{
    Error, FieldError, Result,
    access::Access,
    plan::{ChildPlan, EntityPlan, FieldPlan, Plans},
};

/// The column that links child rows to the main sheet.
pub(crate) const LINK_TITLE: &str = "序号";

/// A sheet whose columns are known.
pub(crate) struct MappedSheet<'a> {
    pub sheet: &'a SheetData,
    pub plan: &'a EntityPlan,
    /// The reference to the parent, for child sheets.
    pub link: Option<usize>,
    /// Child name, for child sheets.
    pub name: Option<&'a str>,
    /// By column: position of the field.
    pub fields: Vec<Option<usize>>,
    /// Column of the running number.
    pub number: Option<usize>,
}

/// The sheets of a workbook: the main one first.
pub(crate) struct MappedWorkbook<'a> {
    pub main: MappedSheet<'a>,
    pub children: Vec<MappedSheet<'a>>,
}

/// Whether a person can give the field in a workbook.
pub(crate) fn is_importable(field: &FieldPlan) -> bool {
    let by_hand = !field.definition.system && !field.is_given_by_platform();
    by_hand && !field.kind.is_file() && field.kind != FieldType::Json
}

/// Text of a field's header cell: money is entered in yuan.
pub(crate) fn header_title(field: &FieldPlan) -> String {
    match field.kind {
        FieldType::Money if !field.title.contains('元') => format!("{}（元）", field.title),
        _ => field.title.clone(),
    }
}

/// Maps all sheets. Missing, unknown and repeated columns are told at once, before any row is looked at.
pub(crate) fn map<'a>(
    plans: &'a Plans,
    plan: &'a EntityPlan,
    access: &Access<'_>,
    sheets: &'a [SheetData],
) -> Result<MappedWorkbook<'a>> {
    let mut faults = Vec::new();
    let named = |name: &str| sheets.iter().position(|sheet| sheet.name.trim() == name);
    let Some(main_at) = named(&plan.entity.title).or(if sheets.is_empty() { None } else { Some(0) }) else {
        return Err(Error::invalid("", "missing_sheet", "工作簿中没有工作表"));
    };
    let has_children = !plan.children.is_empty();
    let writes = |field: &FieldPlan| access.writes(&field.name);
    let main = map_sheet(&sheets[main_at], plan, None, has_children, &writes, &mut faults);
    let mut children = Vec::new();
    for (at, sheet) in sheets.iter().enumerate().filter(|(at, _)| *at != main_at) {
        let name = sheet.name.trim();
        let child = plan.children.iter().find(|child| child.title == name || child.name == name);
        match child {
            Some(child) => {
                let child_plan = plans.child(child)?;
                children.push(map_sheet(sheet, child_plan, Some(child), true, &|_| true, &mut faults));
            }
            None if name.contains("说明") || sheet.rows.is_empty() => {}
            None => {
                let message = format!("第 {} 个工作表“{name}”无法识别", at + 1);
                faults.push(FieldError::new(name, "unknown_sheet", message));
            }
        }
    }
    match faults.is_empty() {
        true => Ok(MappedWorkbook { main, children }),
        false => Err(Error::Invalid(faults)),
    }
}

fn map_sheet<'a>(
    sheet: &'a SheetData,
    plan: &'a EntityPlan,
    child: Option<&'a ChildPlan>,
    numbered: bool,
    writes: &dyn Fn(&FieldPlan) -> bool,
    faults: &mut Vec<FieldError>,
) -> MappedSheet<'a> {
    let link = child.map(|child| child.parent_field);
    let mut mapped = MappedSheet {
        sheet,
        plan,
        link,
        name: child.map(|child| child.name.as_str()),
        fields: Vec::with_capacity(sheet.header.len()),
        number: None,
    };
    let mut unknown = Vec::new();
    let mut repeated = Vec::new();
    for (column, cell) in sheet.header.iter().enumerate() {
        let title = cell.trim().trim_end_matches(['*', '＊']).trim();
        if title == LINK_TITLE && numbered {
            mapped.number = Some(column);
            mapped.fields.push(None);
            continue;
        }
        let position = field_titled(plan, title).filter(|at| Some(*at) != link && writes(&plan.fields[*at]));
        if position.is_none() && !title.is_empty() {
            unknown.push(title);
        }
        if position.is_some() && mapped.fields.contains(&position) {
            repeated.push(title);
        }
        mapped.fields.push(position);
    }
    let mut missing: Vec<String> = missing_columns(plan, &mapped, child.is_some());
    if child.is_some() && mapped.number.is_none() {
        missing.insert(0, LINK_TITLE.to_owned());
    }
    let name = sheet.name.as_str();
    for (code, what, titles) in [
        ("missing_column", "缺少列", missing),
        ("unknown_column", "有无法识别的列", unknown.into_iter().map(str::to_owned).collect()),
        ("repeated_column", "有重复的列", repeated.into_iter().map(str::to_owned).collect()),
    ] {
        if !titles.is_empty() {
            let message = format!("工作表“{name}”{what}：{}", titles.join("、"));
            faults.push(FieldError::new(name, code, message));
        }
    }
    mapped
}

fn field_titled(plan: &EntityPlan, title: &str) -> Option<usize> {
    plan.fields
        .iter()
        .position(|field| is_importable(field) && (field.title == title || header_title(field) == title))
}

fn missing_columns(plan: &EntityPlan, mapped: &MappedSheet<'_>, is_child: bool) -> Vec<String> {
    let scope = &plan.entity.scope;
    let places = [&scope.district, &scope.subdistrict, &scope.operator, &scope.owner];
    // The actor's place fills these in where it can; rows that stay empty are told one by one.
    let from_place = |name: &str| places.iter().any(|path| path.as_deref() == Some(name));
    let needed = plan.fields.iter().enumerate().filter(|(position, field)| {
        field.definition.required
            && is_importable(field)
            && field.definition.default.is_none()
            && !(is_child && mapped.link == Some(*position))
            && !from_place(&field.name)
            && !mapped.fields.contains(&Some(*position))
    });
    needed.map(|(_, field)| header_title(field)).collect()
}
