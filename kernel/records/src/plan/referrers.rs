use std::{collections::HashMap, sync::Arc};

use anju_definitions::OnDelete;

use super::EntityPlan;

/// A reference field, or a list of references, seen from the entity it points to.
pub(crate) struct Referrer {
    pub entity: String,
    /// Position of the field.
    pub field: usize,
    pub on_delete: OnDelete,
}

/// By entity: the fields that point to it. A child row's link to its parent is none: rows go with their parent.
pub(super) fn collect(entities: &HashMap<String, Arc<EntityPlan>>) -> HashMap<String, Vec<Referrer>> {
    let mut referrers: HashMap<String, Vec<Referrer>> = HashMap::new();
    let mut plans: Vec<&Arc<EntityPlan>> = entities.values().collect();
    plans.sort_by_key(|plan| plan.key());
    for plan in plans {
        let link = plan.parent().and_then(|parent| plan.position(&parent.field));
        for (position, field) in plan.fields.iter().enumerate() {
            let Some(to) = &field.definition.to else { continue };
            if link != Some(position) {
                referrers.entry(to.clone()).or_default().push(Referrer {
                    entity: plan.key().to_owned(),
                    field: position,
                    on_delete: field.definition.on_delete(),
                });
            }
        }
    }
    referrers
}
