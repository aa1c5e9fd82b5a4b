//! From a row to the record an actor sees: fields, masks, display texts.

use anju_definitions::FieldType;
use anju_store::{Row, SqlValue};
use jiff::civil::Date;
use serde_json::Value;

use super::shape::{DisplayPart, Shape, Source};
use crate::{
    Actor, Object, Record, Records, Result,
    access::{Access, may_show},
    computed::compute,
    plan::{EntityPlan, FieldPlan, Plans},
    search::Meta,
    value,
};

/// One actor looking at rows of one shape.
pub(crate) struct Viewer<'a> {
    records: &'a Records,
    shape: &'a Shape,
    /// By position in `shape.values`.
    sees: Vec<bool>,
    /// By position of the field: those that may not be seen; empty when all may.
    hidden: Vec<bool>,
    /// By position in `shape.references`: whether the target may be named.
    names: Vec<bool>,
    clear: bool,
    /// Whether version and who-and-when are shown (not for child rows).
    whole: bool,
}

impl<'a> Viewer<'a> {
    pub(crate) fn new(
        records: &'a Records,
        plans: &Plans,
        shape: &'a Shape,
        access: &Access<'_>,
        actor: &Actor,
        whole: bool,
    ) -> Self {
        let sees = |value: &super::shape::ShownValue| match (&value.source, value.own) {
            (Source::Field { position, .. } | Source::Computed { position, .. }, true) => {
                access.sees(*position)
            }
            _ => true,
        };
        let names = |reference: &super::shape::ShownReference| {
            reference.own.is_none_or(|position| access.sees(position))
                && may_show(plans, &reference.target, actor)
        };
        let hidden = access.hidden();
        Self {
            records,
            hidden,
            sees: shape.values.iter().map(sees).collect(),
            names: shape.references.iter().map(names).collect(),
            shape,
            clear: actor.is_system(),
            whole,
        }
    }

    /// For display texts only.
    pub(crate) fn for_display(records: &'a Records, shape: &'a Shape, actor: &Actor) -> Self {
        Self {
            records,
            shape,
            sees: Vec::new(),
            hidden: Vec::new(),
            names: Vec::new(),
            clear: actor.is_system(),
            whole: false,
        }
    }

    /// How the record of a row is named.
    pub(crate) fn display(&self, row: &Row) -> Result<String> {
        self.text(&self.shape.display, row)
    }

    pub(crate) fn render(&self, mut row: Row) -> Result<Record> {
        let display = self.text(&self.shape.display, &row)?;
        let references = self.references(&row)?;
        let mut worked_out = self.worked_out(&row)?.into_iter();
        let mut masked = Vec::new();
        let mut values = Object::with_capacity(self.shape.values.len() + 9);
        let id = row.text(0)?.to_owned();
        let version = row.int(1)?;
        values.insert("id".to_owned(), Value::String(id.clone()));
        if self.whole {
            for (column, meta) in Meta::ALL.into_iter().enumerate().skip(1) {
                values.insert(meta.name().to_owned(), meta_value(meta, row.value(column)));
            }
        }
        for (shown, sees) in self.shape.values.iter().zip(&self.sees) {
            if !sees {
                continue;
            }
            let value = match &shown.source {
                Source::Meta(meta) => meta_value(*meta, row.value(shown.column)),
                Source::Computed { .. } => worked_out.next().unwrap_or_default(),
                Source::Field { plan, position, id_column } => {
                    let field = &plan.fields[*position];
                    if field.sensitive() {
                        if !self.clear && !row.value(shown.column).is_null() {
                            masked.push(Value::String(shown.name.clone()));
                        }
                        self.sealed(plan, field, row.value(*id_column), row.value(shown.column))?
                    } else {
                        value::of_column(field, row.take(shown.column))?
                    }
                }
            };
            values.insert(shown.name.clone(), value);
        }
        values.insert("$display".to_owned(), Value::String(display));
        if !references.is_empty() {
            values.insert("$refs".to_owned(), Value::Object(references));
        }
        if !masked.is_empty() {
            values.insert("$masked".to_owned(), Value::Array(masked));
        }
        Ok(Record { id, version, values })
    }

    /// The fields that are worked out, in their order, before the values they need are taken out of the row.
    fn worked_out(&self, row: &Row) -> Result<Vec<Value>> {
        let shown = self.shape.values.iter().zip(&self.sees).filter(|(_, sees)| **sees);
        let computed = shown.filter_map(|(shown, _)| match &shown.source {
            Source::Computed { plan, position, inputs } => Some((plan, *position, inputs)),
            _ => None,
        });
        computed
            .map(|(plan, position, inputs)| work_out(plan, position, inputs, row, self.records.today()))
            .collect()
    }

    fn references(&self, row: &Row) -> Result<Object> {
        let mut references = Object::new();
        for (reference, may_name) in self.shape.references.iter().zip(&self.names) {
            if *may_name && !row.value(reference.column).is_null() {
                let text = self.text(&reference.display, row)?;
                references.insert(reference.name.clone(), Value::String(text));
            }
        }
        Ok(references)
    }

    fn text(&self, parts: &[DisplayPart], row: &Row) -> Result<String> {
        let mut text = String::new();
        for part in parts {
            match part {
                DisplayPart::Literal(literal) => text.push_str(literal),
                DisplayPart::Value { source: Source::Field { position, .. }, own: true, .. }
                    if self.hidden.get(*position) == Some(&true) => {}
                DisplayPart::Value { column, source: Source::Meta(meta), .. } => {
                    text.push_str(meta_value(*meta, row.value(*column)).as_str().unwrap_or_default());
                }
                DisplayPart::Value { source: Source::Computed { plan, position, inputs }, .. } => {
                    let value = work_out(plan, *position, inputs, row, self.records.today())?;
                    push_shown(&mut text, &plan.fields[*position], &value);
                }
                DisplayPart::Value {
                    column, source: Source::Field { plan, position, id_column }, ..
                } => {
                    let field = &plan.fields[*position];
                    match (field.sensitive(), row.value(*column)) {
                        (_, SqlValue::Null) => {}
                        (true, sealed) => {
                            let value = self.sealed(plan, field, row.value(*id_column), sealed)?;
                            push_shown(&mut text, field, &value);
                        }
                        (false, stored) => {
                            let value = value::of_column(field, stored.clone())?;
                            push_shown(&mut text, field, &value);
                        }
                    }
                }
            }
        }
        Ok(text)
    }

    /// A sealed value: in clear for the platform, masked for people.
    fn sealed(
        &self,
        plan: &EntityPlan,
        field: &FieldPlan,
        id: &SqlValue,
        sealed: &SqlValue,
    ) -> Result<Value> {
        let (SqlValue::Bytes(sealed), SqlValue::Text(id)) = (sealed, id) else { return Ok(Value::Null) };
        if self.clear {
            return self.records.open(plan, field, id, sealed);
        }
        // Only what leaves something to be seen has to be opened for it.
        if !value::kind(field.kind).mask_keeps_something() {
            return Ok(Value::from(value::BLANK_MASK));
        }
        let clear = self.records.open(plan, field, id, sealed)?;
        Ok(Value::String(value::mask(field, &clear)))
    }
}

/// The value of a field that is worked out from others of the same row.
pub(crate) fn work_out(
    plan: &EntityPlan,
    position: usize,
    inputs: &[(usize, usize)],
    row: &Row,
    today: Date,
) -> Result<Value> {
    let mut values = vec![Value::Null; plan.fields.len()];
    for (at, column) in inputs {
        values[*at] = value::of_column(&plan.fields[*at], row.value(*column).clone())?;
    }
    compute(plan, &mut values, &Object::new(), today, |at| !plan.fields[at].is_stored());
    Ok(values.swap_remove(position))
}

fn meta_value(meta: Meta, value: &SqlValue) -> Value {
    match value {
        SqlValue::Int(ms) if meta.is_instant() => Value::String(value::instant_text(*ms)),
        SqlValue::Int(int) => Value::from(*int),
        SqlValue::Text(text) => Value::String(text.clone()),
        _ => Value::Null,
    }
}

/// A value as people read it: the title of a code, yuan for fen.
pub(crate) fn push_shown(text: &mut String, field: &FieldPlan, value: &Value) {
    text.push_str(&value::to_text(field, value));
}

/// The display text of values at hand, masked for people, without the hidden fields; `None` if it needs other
/// records.
pub(crate) fn display_of(
    plan: &EntityPlan,
    values: &[Value],
    clear: bool,
    hidden: &[bool],
) -> Option<String> {
    let mut text = String::new();
    for segment in &plan.display {
        match segment {
            crate::plan::Segment::Literal(literal) => text.push_str(literal),
            crate::plan::Segment::Path(path) => {
                let [name] = path.as_slice() else { return None };
                let position = plan.position(name)?;
                let field = &plan.fields[position];
                match &values[position] {
                    Value::Null => {}
                    _ if hidden.get(position) == Some(&true) => {}
                    _ if field.kind == FieldType::Ref => return None,
                    value if field.sensitive() && !clear => {
                        text.push_str(&value::mask(field, value));
                    }
                    value => push_shown(&mut text, field, value),
                }
            }
        }
    }
    Some(text)
}
