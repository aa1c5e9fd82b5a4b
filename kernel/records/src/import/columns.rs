//! Which column is which field.

use anju_definitions::FieldType;

use super::{ImportSheet, ImportWrite};
use crate::{
    Error, FieldError, Result,
    access::Access,
    plan::{ChildPlan, EntityPlan, FieldPlan, Plans},
};

/// The column that links child rows to the main sheet.
pub(crate) const LINK_TITLE: &str = "序号";

/// A sheet whose columns are known.
#[derive(Debug, Clone)]
pub(crate) struct Columns {
    /// Which of the sheets that were given.
    pub sheet: usize,
    pub name: String,
    /// Position among the entity's children, for child sheets.
    pub child: Option<usize>,
    /// The reference to the parent, for child sheets.
    pub link: Option<usize>,
    /// By column: position of the field.
    pub fields: Vec<Option<usize>>,
    /// Column of the running number.
    pub number: Option<usize>,
    /// Column of the key by which records are found, where they are to be found.
    pub key: Option<usize>,
    /// Titles of columns that are known but not written.
    pub ignored: Vec<String>,
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

/// Maps all sheets, the main one first. Missing, unknown and repeated columns are told at once, before any row is
/// looked at.
pub(crate) fn map(
    plans: &Plans,
    plan: &EntityPlan,
    access: &Access<'_>,
    write: ImportWrite,
    sheets: &[ImportSheet],
) -> Result<Vec<Columns>> {
    let mut faults = Vec::new();
    let named = |name: &str| sheets.iter().position(|sheet| sheet.name.trim() == name);
    let Some(main_at) = named(&plan.entity.title).or(if sheets.is_empty() { None } else { Some(0) }) else {
        return Err(Error::invalid("", "missing_sheet", "工作簿中没有工作表"));
    };
    let writes = |field: &FieldPlan| access.writes(&field.name);
    let main = Mapper { plan, child: None, numbered: !plan.children.is_empty(), write, writes: &writes };
    let mut mapped = vec![main.map(main_at, &sheets[main_at], &mut faults)];
    for (at, sheet) in sheets.iter().enumerate().filter(|(at, _)| *at != main_at) {
        let name = sheet.name.trim();
        let child = plan.children.iter().position(|child| child.title == name || child.name == name);
        match child {
            Some(position) => {
                let child = (position, &plan.children[position]);
                let plan = plans.child(child.1)?;
                let mapper = Mapper {
                    plan,
                    child: Some(child),
                    numbered: true,
                    write: ImportWrite::Insert,
                    writes: &|_| true,
                };
                mapped.push(mapper.map(at, sheet, &mut faults));
            }
            None if name.contains("说明") || !sheet.has_rows => {}
            None => {
                let message = format!("第 {} 个工作表“{name}”无法识别", at + 1);
                faults.push(FieldError::new(name, "unknown_sheet", message));
            }
        }
    }
    match faults.is_empty() {
        true => Ok(mapped),
        false => Err(Error::Invalid(faults)),
    }
}

struct Mapper<'a> {
    plan: &'a EntityPlan,
    child: Option<(usize, &'a ChildPlan)>,
    numbered: bool,
    write: ImportWrite,
    writes: &'a dyn Fn(&FieldPlan) -> bool,
}

impl Mapper<'_> {
    fn map(&self, at: usize, sheet: &ImportSheet, faults: &mut Vec<FieldError>) -> Columns {
        let link = self.child.map(|(_, child)| child.parent_field);
        let mut mapped = Columns {
            sheet: at,
            name: sheet.name.clone(),
            child: self.child.map(|(position, _)| position),
            link,
            fields: Vec::with_capacity(sheet.header.len()),
            number: None,
            key: None,
            ignored: Vec::new(),
        };
        let (mut unknown, mut repeated) = (Vec::new(), Vec::new());
        for (column, cell) in sheet.header.iter().enumerate() {
            let title = cell.trim().trim_end_matches(['*', '＊']).trim();
            if title == LINK_TITLE && self.numbered {
                mapped.number = Some(column);
                mapped.fields.push(None);
                continue;
            }
            let found = self.field_titled(title).filter(|at| Some(*at) != link);
            if found.is_some() && found == self.key() {
                mapped.key = Some(column);
            }
            let position = found.filter(|at| self.is_written(*at));
            match (position, found) {
                (None, Some(_)) if self.write != ImportWrite::Insert => mapped.ignored.push(title.to_owned()),
                (None, _) if !title.is_empty() => unknown.push(title.to_owned()),
                _ => {}
            }
            if position.is_some() && mapped.fields.contains(&position) {
                repeated.push(title.to_owned());
            }
            mapped.fields.push(position);
        }
        let name = sheet.name.as_str();
        for (code, what, titles) in [
            ("missing_column", "缺少列", self.missing(&mapped)),
            ("unknown_column", "有无法识别的列", unknown),
            ("repeated_column", "有重复的列", repeated),
        ] {
            if !titles.is_empty() {
                let message = format!("工作表“{name}”{what}：{}", titles.join("、"));
                faults.push(FieldError::new(name, code, message));
            }
        }
        mapped
    }

    /// The field by which records are found, where they are to be found.
    fn key(&self) -> Option<usize> {
        let key = self.plan.entity.key.as_deref().filter(|_| self.write != ImportWrite::Insert)?;
        self.plan.position(key)
    }

    fn is_written(&self, at: usize) -> bool {
        let field = &self.plan.fields[at];
        is_importable(field) && (self.writes)(field)
    }

    /// Whoever updates may leave columns in the workbook that they cannot write, as an export has them.
    fn field_titled(&self, title: &str) -> Option<usize> {
        let titled = |field: &FieldPlan| field.title == title || header_title(field) == title;
        let insert = self.write == ImportWrite::Insert;
        self.plan.fields.iter().position(|field| titled(field) && (!insert || is_importable(field)))
    }

    fn missing(&self, mapped: &Columns) -> Vec<String> {
        let fields = self.plan.fields.iter().enumerate();
        if self.write != ImportWrite::Insert {
            let key = self.key().filter(|_| mapped.key.is_none());
            return key.map(|at| header_title(&self.plan.fields[at])).into_iter().collect();
        }
        let scope = &self.plan.entity.scope;
        let places = [&scope.district, &scope.subdistrict, &scope.operator, &scope.owner];
        // The actor's place fills these in where it can; rows that stay empty are told one by one.
        let from_place = |name: &str| places.iter().any(|path| path.as_deref() == Some(name));
        let needed = fields.filter(|(position, field)| {
            field.definition.required
                && is_importable(field)
                && field.definition.default.is_none()
                && mapped.link != Some(*position)
                && !from_place(&field.name)
                && !mapped.fields.contains(&Some(*position))
        });
        let number = (self.child.is_some() && mapped.number.is_none()).then(|| LINK_TITLE.to_owned());
        number.into_iter().chain(needed.map(|(_, field)| header_title(field))).collect()
    }
}
