use crate::Sequence;

use super::{Check, Reach, placeholders};

const DAY_PARTS: [&str; 4] = ["yyyy", "yy", "mm", "dd"];

pub(super) fn check<'a>(at: &mut Check<'a>, sequence: &'a Sequence) {
    let parts = match placeholders(&sequence.pattern) {
        Ok(parts) => parts,
        Err(message) => return at.error("pattern", "placeholder", message),
    };
    let (counters, others): (Vec<&str>, Vec<&str>) =
        parts.into_iter().partition(|p| *p == "n" || p.starts_with("n:"));
    let digits = counters.first().and_then(|counter| counter.strip_prefix("n:")?.parse::<u32>().ok());
    if counters.len() != 1 || !digits.is_some_and(|digits| (1..=18).contains(&digits)) {
        at.error("pattern", "sequence_pattern", "须有且只有一个流水号，形如 {n:6}，位数 1 至 18");
    }
    let fields: Vec<&str> = others.into_iter().filter(|part| !DAY_PARTS.contains(part)).collect();
    let catalog = at.catalog;
    let in_fields = catalog.entities.values().filter(|entity| {
        entity.fields.values().any(|field| field.sequence.as_deref() == Some(sequence.sequence.as_str()))
    });
    let in_documents =
        catalog.documents.values().filter(|document| document.number.as_ref() == Some(&sequence.sequence));
    let in_documents = in_documents.filter_map(|document| catalog.entity(&document.entity));
    let mut users: Vec<_> = in_fields.chain(in_documents).map(|entity| entity.entity.as_str()).collect();
    users.sort_unstable();
    users.dedup();
    for entity in users {
        for field in &fields {
            part(at, "pattern", entity, field);
        }
        for (index, field) in sequence.per.iter().enumerate() {
            part(at, &format!("per/{index}"), entity, field);
        }
    }
}

/// A field whose value goes into numbers.
fn part<'a>(at: &mut Check<'a>, place: &str, entity: &str, name: &'a str) {
    let field = at.path(place, entity, name, Reach::Own).and_then(|path| path.field());
    if field.is_some_and(|field| field.sensitive) {
        at.error(place, "sequence_sensitive", format!("“{name}”已加密，不能用于编号"));
    }
}
