//! By which flows a token leaves.

use super::Run;
use crate::bpmn::Kind;
use crate::gateway::{self, Choice};
use crate::machine::Token;
use crate::trail::{Entry, TrailKind};
use crate::{Error, Result};

impl Run<'_> {
    /// All flows, or those that the conditions choose; the trail says why.
    pub(super) async fn flows(&mut self, token: &Token) -> Result<Vec<String>> {
        let plan = self.plan.clone();
        let element = plan.graph.element(&token.element);
        let element = element.ok_or_else(|| Error::Internal(format!("no element {}", token.element)))?;
        let decides = match element.kind {
            Kind::Exclusive => true,
            Kind::Inclusive => element.outgoing.len() > 1,
            Kind::Parallel => false,
            _ => {
                element.default.is_some() || plan.graph.leaving(element).any(|flow| flow.condition.is_some())
            }
        };
        if !decides {
            return Ok(element.outgoing.clone());
        }
        let scene = self.scene(Some(&token.id)).await?;
        let catalog = self.processes.catalog();
        let hidden = |path: &str| gateway::is_sensitive(&catalog, &plan.definition.entity, path);
        let Choice { flows, why } = match element.kind {
            Kind::Exclusive => gateway::first(&plan.graph, element, &scene, &hidden)?,
            _ => gateway::every(&plan.graph, element, &scene, &hidden)?,
        };
        let entry = Entry {
            token: Some((&token.id, token.visit)),
            detail: why,
            ..Entry::new(TrailKind::Gateway, &element.id, plan.title(&element.id))
        };
        self.note(entry).await?;
        Ok(flows)
    }
}
