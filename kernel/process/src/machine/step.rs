//! What an event changes.

use super::{Change, Ending, Event, Illegal, Marking, Round, Token, known, sending};
use crate::bpmn::{Graph, Kind, Throw};

/// What an event changes. The marking itself stays; see [`Marking::apply`]. `fresh` gives ids for new tokens.
///
/// # Errors
/// [`Illegal`] when the event does not fit the marking or the graph.
pub fn step(
    graph: &Graph,
    marking: &Marking,
    event: &Event,
    fresh: &mut dyn FnMut() -> String,
) -> Result<Vec<Change>, Illegal> {
    if marking.ended.is_some() {
        return Err(Illegal("the instance has ended".into()));
    }
    let mut stepping = Stepping { graph, marking, visits: marking.visits, fresh, changes: Vec::new() };
    match event {
        Event::Start { element } => stepping.start(element)?,
        Event::Leave { token, flows } => stepping.leave(token, flows)?,
        Event::Enter { token } => stepping.enter(token)?,
        Event::Repeat { token, total } => stepping.repeat(token, *total)?,
        Event::ItemDone { token, complete } => stepping.item_done(token, *complete)?,
        Event::Join { tokens } => stepping.join(tokens)?,
        Event::Boundary { token, event } => stepping.boundary(token, event)?,
        Event::EventSub { scope, start } => stepping.event_sub(*scope, start)?,
        Event::Finish { token } => stepping.finish(token)?,
        Event::Send { token, element, back } => stepping.send(token, element, *back)?,
        Event::Withdraw => stepping.end(Ending::Withdrawn),
        Event::Terminate => stepping.end(Ending::Terminated),
    }
    Ok(stepping.changes)
}

struct Stepping<'s> {
    graph: &'s Graph,
    marking: &'s Marking,
    visits: i64,
    fresh: &'s mut dyn FnMut() -> String,
    changes: Vec<Change>,
}

impl<'s> Stepping<'s> {
    fn start(&mut self, element: &str) -> Result<(), Illegal> {
        if self.marking.visits > 0 {
            return Err(Illegal("the instance has started".into()));
        }
        let start = known(self.graph, element)?;
        if !start.is_start() || start.scope.is_some() {
            return Err(Illegal(format!("the process does not start at `{element}`")));
        }
        self.place(element, Token::default());
        Ok(())
    }

    fn leave(&mut self, token: &str, flows: &[String]) -> Result<(), Illegal> {
        let token = self.marking.token(token)?;
        if token.item.is_some() || self.marking.within(Some(&token.id)).next().is_some() {
            return Err(Illegal(format!("`{}` is not done", token.element)));
        }
        if let Some(back) = &token.back_to {
            self.go(token, None, back);
            return Ok(());
        }
        let (first, others) =
            flows.split_first().ok_or_else(|| Illegal(format!("no way out of `{}`", token.element)))?;
        let target = self.target(token, first)?;
        self.go(token, Some(first), target);
        for flow in others {
            let target = self.target(token, flow)?;
            self.place(
                target,
                Token { via: Some(flow.clone()), parent: token.parent.clone(), ..Token::default() },
            );
        }
        Ok(())
    }

    fn target(&self, token: &Token, flow: &str) -> Result<&'s str, Illegal> {
        let flow = self.graph.flows.get(flow).filter(|known| known.source == token.element);
        let flow = flow.ok_or_else(|| Illegal(format!("the flow does not leave `{}`", token.element)))?;
        Ok(&flow.target)
    }

    fn enter(&mut self, token: &str) -> Result<(), Illegal> {
        let token = self.marking.token(token)?;
        let start = self.graph.plain_start(&token.element);
        let start = start.ok_or_else(|| Illegal(format!("`{}` is no sub-process", token.element)))?;
        self.place(&start.id, Token { parent: Some(token.id.clone()), ..Token::default() });
        Ok(())
    }

    fn repeat(&mut self, token: &str, total: i64) -> Result<(), Illegal> {
        let token = self.marking.token(token)?;
        let repeat = known(self.graph, &token.element)?.repeat.as_ref().filter(|_| token.item.is_none());
        let repeat = repeat.ok_or_else(|| Illegal(format!("`{}` is done once", token.element)))?;
        if total < 1 || token.round.is_some() {
            return Err(Illegal(format!("`{}` cannot be repeated {total} times", token.element)));
        }
        let begun = if repeat.sequential { 1 } else { total };
        let round = Round { total, begun, done: 0 };
        self.changes.push(Change::Round { token: token.id.clone(), round });
        (0..begun).for_each(|item| self.place_item(token, item));
        Ok(())
    }

    fn place_item(&mut self, body: &Token, item: i64) {
        self.place(
            &body.element,
            Token { parent: Some(body.id.clone()), item: Some(item), ..Token::default() },
        );
    }

    fn item_done(&mut self, token: &str, complete: bool) -> Result<(), Illegal> {
        let token = self.marking.token(token)?;
        let body = token.parent.as_deref().filter(|_| token.item.is_some());
        let body = body.ok_or_else(|| Illegal(format!("`{}` is done once", token.element)))?;
        let body = self.marking.token(body)?;
        let mut round = body.round.ok_or_else(|| Illegal(format!("`{}` is not repeated", body.element)))?;
        round.done += 1;
        self.remove(token);
        let sequential =
            known(self.graph, &body.element)?.repeat.as_ref().is_some_and(|repeat| repeat.sequential);
        let over = complete || round.done == round.total;
        let next = (!over && sequential && round.begun < round.total).then_some(round.begun);
        round.begun += i64::from(next.is_some());
        self.changes.push(Change::Round { token: body.id.clone(), round });
        if over {
            let others = self.marking.within(Some(&body.id)).filter(|other| other.id != token.id);
            others.for_each(|other| self.remove(other));
            self.changes.push(Change::Done { token: body.id.clone() });
        } else if let Some(item) = next {
            self.place_item(body, item);
        }
        Ok(())
    }

    fn join(&mut self, tokens: &[String]) -> Result<(), Illegal> {
        let (first, others) = tokens.split_first().ok_or_else(|| Illegal("nothing to join".into()))?;
        let at = self.marking.token(first)?;
        for other in others {
            let other = self.marking.token(other)?;
            if other.element != at.element || other.parent != at.parent {
                return Err(Illegal(format!("{first} and {} do not meet", other.id)));
            }
            self.remove(other);
        }
        self.changes.push(Change::Joined { token: first.clone() });
        Ok(())
    }

    fn boundary(&mut self, token: &str, event: &str) -> Result<(), Illegal> {
        let token = self.marking.token(token)?;
        match &known(self.graph, event)?.kind {
            Kind::Boundary { attached_to, cancels, .. }
                if *attached_to == token.element && token.item.is_none() =>
            {
                if *cancels {
                    self.clear(token);
                    self.go(token, None, event);
                } else {
                    self.place(event, Token { parent: token.parent.clone(), ..Token::default() });
                }
                Ok(())
            }
            _ => Err(Illegal(format!("`{event}` does not stand on `{}`", token.element))),
        }
    }

    fn event_sub(&mut self, scope: Option<&str>, start: &str) -> Result<(), Illegal> {
        let start = known(self.graph, start)?;
        let sub = start.scope.as_deref().and_then(|sub| self.graph.element(sub));
        let (Kind::Start { interrupts, .. }, Some(sub)) = (&start.kind, sub) else {
            return Err(Illegal(format!("`{}` starts no event sub-process", start.id)));
        };
        let surrounding =
            scope.map(|id| self.marking.token(id)).transpose()?.map(|token| token.element.as_str());
        if surrounding != sub.scope.as_deref() {
            return Err(Illegal(format!("`{}` is not part of what the token stands on", sub.id)));
        }
        if *interrupts {
            self.marking.within(scope).for_each(|token| self.remove(token));
        }
        let parent = self.place(&sub.id, Token { parent: scope.map(str::to_owned), ..Token::default() });
        self.place(&start.id, Token { parent: Some(parent), ..Token::default() });
        Ok(())
    }

    fn finish(&mut self, token: &str) -> Result<(), Illegal> {
        let token = self.marking.token(token)?;
        let Kind::End(throw) = &known(self.graph, &token.element)?.kind else {
            return Err(Illegal(format!("`{}` is no end", token.element)));
        };
        if *throw == Throw::Terminate {
            self.marking.within(token.parent.as_deref()).for_each(|other| self.remove(other));
            return self.over(token.parent.as_deref(), Ending::Terminated);
        }
        self.remove(token);
        let others = self.marking.within(token.parent.as_deref()).any(|other| other.id != token.id);
        if others { Ok(()) } else { self.over(token.parent.as_deref(), Ending::Completed) }
    }

    /// Nothing is left within a token, or in the whole instance.
    fn over(&mut self, parent: Option<&str>, ending: Ending) -> Result<(), Illegal> {
        let Some(parent) = parent else {
            self.changes.push(Change::Ended(ending));
            return Ok(());
        };
        let parent = self.marking.token(parent)?;
        if !matches!(known(self.graph, &parent.element)?.kind, Kind::SubProcess { by_event: true }) {
            self.changes.push(Change::Done { token: parent.id.clone() });
            return Ok(());
        }
        self.remove(parent);
        let others = self.marking.within(parent.parent.as_deref()).any(|other| other.id != parent.id);
        if others { Ok(()) } else { self.over(parent.parent.as_deref(), Ending::Completed) }
    }

    fn send(&mut self, token: &str, element: &str, back: bool) -> Result<(), Illegal> {
        let sent = sending::sent(self.graph, self.marking, token, element)?;
        if back && !sent.others.is_empty() {
            return Err(Illegal(format!("others have gone on from `{element}`")));
        }
        for other in &sent.others {
            self.remove(other);
        }
        self.clear(sent.token);
        let back_to = back.then(|| sent.token.element.clone());
        self.visits += 1;
        let moved = Token {
            id: sent.token.id.clone(),
            element: element.to_owned(),
            visit: self.visits,
            parent: sent.token.parent.clone(),
            back_to,
            ..Token::default()
        };
        self.changes.push(Change::Moved { token: moved, from: sent.token.element.clone() });
        Ok(())
    }

    fn end(&mut self, ending: Ending) {
        self.marking.within(None).for_each(|token| self.remove(token));
        self.changes.push(Change::Ended(ending));
    }

    fn place(&mut self, element: &str, token: Token) -> String {
        self.visits += 1;
        let id = (self.fresh)();
        let token = Token { id: id.clone(), element: element.to_owned(), visit: self.visits, ..token };
        self.changes.push(Change::Placed(token));
        id
    }

    fn go(&mut self, token: &Token, flow: Option<&String>, element: &str) {
        self.visits += 1;
        let moved = Token {
            id: token.id.clone(),
            element: element.to_owned(),
            visit: self.visits,
            parent: token.parent.clone(),
            via: flow.cloned(),
            ..Token::default()
        };
        self.changes.push(Change::Moved { token: moved, from: token.element.clone() });
    }

    /// Removes a token with all within it.
    fn remove(&mut self, token: &Token) {
        self.clear(token);
        self.take_away(token);
    }

    /// Removes all within a token.
    fn clear(&mut self, token: &Token) {
        self.marking.inside(&token.id).into_iter().for_each(|inner| self.take_away(inner));
    }

    /// Removes one token, unless this step has removed it already: the last of a sub-process goes before that does.
    fn take_away(&mut self, token: &Token) {
        let removed = Change::Removed { token: token.id.clone(), element: token.element.clone() };
        if !self.changes.contains(&removed) {
            self.changes.push(removed);
        }
    }
}
