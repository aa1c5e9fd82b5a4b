//! Whether an instance can go: a function of where it stands and of the two versions. No I/O.

use std::mem::discriminant;

use anju_definitions::Catalog;
use anju_records::Object;
use serde::Serialize;

use super::mapping::Mapping;
use super::standing::Standing;
use crate::bpmn::{Element, Kind, Trigger};
use crate::form;
use crate::machine::{Token, waits_to_join};
use crate::plan::Plan;
use crate::run::{NO_TOKEN, awaited_at};

/// Why an instance cannot go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Obstacle {
    /// `gone`, `kind`, `scope`, `repeat`, `join`, `service`, `back`, `event`, `timer`, `variable`.
    pub code: String,
    /// Id of the element, or name of the variable.
    pub element: String,
    /// For people.
    pub message: String,
}

pub(super) struct Judge<'a> {
    pub old: &'a Plan,
    pub new: &'a Plan,
    pub mapping: Mapping<'a>,
    pub standing: &'a Standing,
}

impl<'a> Judge<'a> {
    /// All that stands against it.
    pub fn obstacles(&self, catalog: &Catalog, vars: &Object) -> Vec<Obstacle> {
        let mut found: Vec<Obstacle> =
            self.standing.marking.tokens.iter().filter_map(|token| self.token(token)).collect();
        // What waits at an element that cannot go is told of with the element.
        if found.is_empty() {
            found.extend(self.events());
        }
        found.extend(self.variables(catalog, vars));
        found.dedup();
        found
    }

    fn token(&self, token: &'a Token) -> Option<Obstacle> {
        let title = self.old.title(&token.element);
        let because = |code: &str, message: String| {
            Some(Obstacle { code: code.to_owned(), element: token.element.clone(), message })
        };
        let (Some(old), Some(new)) =
            (self.old.graph.element(&token.element), self.counterpart(&token.element))
        else {
            return because("gone", format!("新版本中没有与“{title}”对应的环节"));
        };
        if !is_counterpart(&old.kind, &new.kind) {
            return because("kind", format!("“{title}”在新版本中是另一种环节"));
        }
        if old.scope.as_deref().and_then(|scope| self.mapping.element(scope)) != new.scope.as_deref() {
            return because("scope", format!("“{title}”在新版本中不在同一个子流程内"));
        }
        let sequential = |element: &Element| element.repeat.as_ref().map(|repeat| repeat.sequential);
        if sequential(old) != sequential(new) {
            return because("repeat", format!("“{title}”在新版本中的多实例方式不同"));
        }
        if waits_to_join(old, token) && !self.joins(new, token) {
            return because("join", format!("网关“{title}”在新版本中没有对应的来路"));
        }
        // The answer will name the element.
        if self.standing.waiting.contains(&token.id) && old.id != new.id {
            return because("service", format!("“{title}”正在等待外部结果，不能改为其他环节"));
        }
        if let Some(back) = &token.back_to
            && !self.counterpart(back).is_some_and(|element| element.is_activity())
        {
            let back = self.old.title(back);
            return because("back", format!("“{title}”办理后应回到的“{back}”在新版本中没有对应"));
        }
        if matches!(old.kind, Kind::Catch(Trigger::Timer(_))) && !self.has_timer(token) {
            return because("timer", format!("“{title}”的定时器已失效，请先修复"));
        }
        None
    }

    fn counterpart(&self, id: &'a str) -> Option<&'a Element> {
        self.mapping.element(id).and_then(|id| self.new.graph.element(id))
    }

    fn joins(&self, new: &Element, token: &'a Token) -> bool {
        let via = token.via.as_deref().and_then(|flow| self.mapping.flow(flow));
        new.incoming.len() > 1 && via.is_some_and(|flow| new.incoming.iter().any(|known| known == flow))
    }

    fn has_timer(&self, token: &Token) -> bool {
        self.standing.timers.iter().any(|timer| timer.at.token == token.id && timer.at.event == token.element)
    }

    /// Events that are waited for and are gone, or are something else.
    fn events(&self) -> Vec<Obstacle> {
        let waits = self.standing.waits.iter();
        let awaited = waits.chain(self.standing.timers.iter().map(|timer| &timer.at));
        awaited.filter_map(|at| self.event(&at.token, &at.event)).collect()
    }

    fn event(&self, token: &str, event: &'a str) -> Option<Obstacle> {
        if self.mapping.lets_go(event) && !self.stands_on(token, event) {
            return None;
        }
        let title = self.old.title(event);
        let because =
            |message: String| Some(Obstacle { code: "event".to_owned(), element: event.to_owned(), message });
        let (Some(old), Some(new)) = (self.old.graph.element(event), self.counterpart(event)) else {
            return because(format!("正在等待的“{title}”在新版本中没有对应的事件"));
        };
        let is_there = match token {
            NO_TOKEN => self.new.graph.event_subs(None).any(|(_, start)| start.id == new.id),
            token => self.awaited_in_new(token).iter().any(|known| known.id == new.id),
        };
        if !is_there {
            return because(format!("正在等待的“{title}”在新版本中不在同一个环节上"));
        }
        let alike = match (awaits(old), awaits(new)) {
            (Some(old), Some(new)) => discriminant(&old) == discriminant(&new),
            _ => false,
        };
        if alike {
            None
        } else {
            because(format!("正在等待的“{title}”在新版本中等待的是另一种事件"))
        }
    }

    fn stands_on(&self, token: &str, event: &str) -> bool {
        self.standing.marking.token(token).is_ok_and(|at| at.element == event)
    }

    /// The events that are waited for where a token will stand.
    fn awaited_in_new(&self, token: &str) -> Vec<&'a Element> {
        let at = self.standing.marking.token(token).ok().and_then(|at| self.counterpart(&at.element));
        at.map(|element| awaited_at(&self.new.graph, element)).unwrap_or_default()
    }

    fn variables(&self, catalog: &Catalog, vars: &Object) -> Vec<Obstacle> {
        let typed = self.new.definition.variables.iter();
        let faulty = typed.filter_map(|(name, field)| {
            let value = vars.get(name).filter(|value| !value.is_null())?;
            let (_, message) = form::parse(catalog, field, value).err()?;
            let message = format!("变量“{}”的值不合新版本：{message}", field.title);
            Some(Obstacle { code: "variable".to_owned(), element: name.clone(), message })
        });
        faulty.collect()
    }
}

/// What an element waits for; a receive task for a message.
fn awaits(element: &Element) -> Option<Trigger> {
    match &element.kind {
        Kind::Receive(message) => Some(Trigger::Message(message.clone())),
        _ => element.trigger().cloned(),
    }
}

/// Whether a token on one may stand on the other.
fn is_counterpart(old: &Kind, new: &Kind) -> bool {
    match (old, new) {
        (Kind::Call(old), Kind::Call(new)) => old == new,
        (Kind::SubProcess { by_event: old }, Kind::SubProcess { by_event: new }) => old == new,
        (Kind::Catch(old), Kind::Catch(new)) => discriminant(old) == discriminant(new),
        (old, new) => discriminant(old) == discriminant(new),
    }
}
