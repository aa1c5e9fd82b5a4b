//! Which rows of an entity a query reaches: by place and rights, by search, by filter.

use anju_definitions::Filter;
use anju_store::{ColumnRef, Condition, Fetch};

use super::{
    filter::{FilterCompiler, tested_for_equality},
    guard::told_if_slow,
    joins::Joins,
    text,
};
use crate::{
    Actor, Error, Records, Result,
    access::{Access, Operation},
    plan::EntityPlan,
    schema::{DELETED_WITH, TOKENS},
};

/// Words that stand in no more records than this are looked up first; others stand in so many that a list in its
/// order soon comes upon them.
const FEW_MAX: u64 = 2_000;

/// What a query asks for.
#[derive(Clone, Copy, Default)]
pub(crate) struct Wanted<'q> {
    pub filter: Option<&'q Filter>,
    /// The condition of its search, see [`found_by`].
    pub found: Option<&'q Condition>,
    pub shelf: Shelf,
}

/// Where records stand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Shelf {
    #[default]
    Live,
    /// The recycle bin.
    Deleted,
}

impl Shelf {
    /// The right to look at it.
    pub(crate) fn operation(self) -> Operation<'static> {
        match self {
            Self::Live => Operation::Read,
            Self::Deleted => Operation::Delete,
        }
    }

    fn condition(self, plan: &EntityPlan) -> Condition {
        let column = |name: &str| ColumnRef::new(plan.table.as_str(), name);
        match self {
            Self::Live => Condition::IsNull(column("deleted_at")),
            Self::Deleted => {
                Condition::NotNull(column("deleted_at")).and(Condition::IsNull(column(DELETED_WITH)))
            }
        }
    }
}

impl Records {
    /// The rows a query reaches: live or deleted, within the actor's rows, matching.
    pub(crate) fn compile_filter<'p>(
        &self,
        joins: &mut Joins<'p>,
        actor: &Actor,
        access: &Access<'p>,
        wanted: &Wanted<'_>,
    ) -> Result<Condition> {
        let mut condition = wanted.shelf.condition(joins.base());
        condition = condition.and(access.condition(joins, &tested_for_equality(wanted.filter))?);
        if let Some(found) = wanted.found {
            condition = condition.and(found.clone());
        }
        let Some(filter) = wanted.filter else { return Ok(condition) };
        let matching = FilterCompiler::new(self, joins, actor, access).compile(filter, None, false, 0)?;
        Ok(condition.and(matching))
    }
}

/// Records with all words of the search in their texts. Whoever does not see all of the texts finds only what stands
/// in those they see, as it is written there.
///
/// Without a text there is nothing to find.
///
/// The databases do not know which words are frequent together, and a wrong guess costs minutes; so it is counted.
pub(crate) async fn found_by(
    source: &mut (dyn Fetch + '_),
    plan: &EntityPlan,
    access: &Access<'_>,
    text: Option<&str>,
    shelf: Shelf,
) -> Result<Option<Condition>> {
    let Some(text) = text else { return Ok(None) };
    let seen: Vec<&str> = plan
        .search
        .iter()
        .filter(|position| access.sees(**position))
        .map(|position| plan.fields[*position].name.as_str())
        .collect();
    if seen.is_empty() {
        let message = format!("{}没有可供搜索的内容，请使用筛选条件", plan.entity.title);
        return Err(Error::invalid("search", "unknown", message));
    }
    let terms = text::terms(text)?;
    let column = ColumnRef::new(plan.table.as_str(), TOKENS);
    let (pairs, single): (Vec<_>, Vec<_>) = terms.iter().partition(|term| term.is_pair());
    let phrases: Vec<Vec<String>> = pairs.into_iter().map(|term| term.tokens.clone()).collect();
    let few = match shelf {
        Shelf::Live => few_with_tokens(source, &column, &phrases).await?,
        Shelf::Deleted => None,
    };
    // also of the few, should one of them be changed meanwhile
    let mut condition =
        few.unwrap_or(Condition::True).and(Condition::Tokens { column: column.clone(), phrases });
    for term in single {
        condition = condition.and(Condition::Contains { column: column.clone(), text: term.tokens.concat() });
    }
    if seen.len() < plan.search.len() {
        for term in &terms {
            let stands_in = |name: &&str| Condition::Contains {
                column: ColumnRef::new(plan.table.as_str(), *name),
                text: term.text.clone(),
            };
            condition = condition.and(Condition::Any(seen.iter().map(stands_in).collect()));
        }
    }
    Ok(Some(condition))
}

/// The rows with the phrases by their ids, if they are few.
async fn few_with_tokens(
    source: &mut (dyn Fetch + '_),
    tokens: &ColumnRef,
    phrases: &[Vec<String>],
) -> Result<Option<Condition>> {
    let ids = source.ids_with_tokens(tokens, phrases, FEW_MAX + 1).await.map_err(told_if_slow)?;
    let column = ColumnRef::new(tokens.table.as_str(), "id");
    Ok((ids.len() as u64 <= FEW_MAX).then_some(Condition::OneOfFew { column, ids }))
}
