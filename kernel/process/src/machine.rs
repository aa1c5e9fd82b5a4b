//! The pure core: where the tokens of an instance stand, and what an event does to them. No I/O, no clock.

use crate::bpmn::{Element, Graph, Kind, Timer};

/// A token on an element. Each arrival has its own number, so that what was meant for an earlier visit (a
/// late timer, a repeated answer) can be told from the present one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    pub id: String,
    pub element: String,
    pub visit: i64,
}

/// All tokens of an instance.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Marking {
    pub tokens: Vec<Token>,
    /// Number of the latest arrival.
    pub visits: i64,
    pub ended: Option<Ending>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The last token came to an end event.
    Completed,
    /// A terminate end event was reached, or the platform ended it.
    Terminated,
    Withdrawn,
}

/// Something that happens to an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event<'a> {
    Start {
        token: &'a str,
    },
    /// The token leaves its element by the only flow.
    Leave {
        token: &'a str,
    },
    /// The token leaves a gateway by the flow that was chosen.
    LeaveBy {
        token: &'a str,
        flow: &'a str,
    },
    /// The token is sent back to a user task.
    SendBack {
        token: &'a str,
        element: &'a str,
    },
    /// A timer on the token's element fires; `fresh` is the id of the token it may place.
    Boundary {
        token: &'a str,
        event: &'a str,
        fresh: &'a str,
    },
    /// The token has come to an end event and is done there.
    Finish {
        token: &'a str,
    },
    Withdraw,
    /// The platform ends the instance.
    Terminate,
}

/// One change of a marking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    Placed { token: String, element: String, visit: i64 },
    Moved { token: String, from: String, flow: Option<String>, element: String, visit: i64 },
    Removed { token: String, element: String },
    Ended(Ending),
}

/// What has to be done for a token that has arrived.
#[derive(Debug, Clone, PartialEq)]
pub enum Demand<'a> {
    /// Nothing: it leaves again.
    Pass,
    OpenTask,
    RunService,
    Choose,
    AwaitTimer(&'a Timer),
    Finish,
}

/// An event that cannot happen in this state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Illegal(pub String);

pub fn demand(element: &Element) -> Demand<'_> {
    match &element.kind {
        Kind::Start | Kind::BoundaryTimer { .. } => Demand::Pass,
        Kind::UserTask => Demand::OpenTask,
        Kind::ServiceTask => Demand::RunService,
        Kind::ExclusiveGateway { .. } => Demand::Choose,
        Kind::TimerCatch { timer } => Demand::AwaitTimer(timer),
        Kind::End { .. } => Demand::Finish,
    }
}

/// What an event changes. The marking itself stays; see [`Marking::apply`].
///
/// # Errors
/// [`Illegal`] when the event does not fit the marking or the graph.
pub fn step(graph: &Graph, marking: &Marking, event: &Event) -> Result<Vec<Change>, Illegal> {
    if marking.ended.is_some() {
        return Err(Illegal("the instance has ended".into()));
    }
    let visit = marking.visits + 1;
    match event {
        Event::Start { token } => {
            if marking.visits > 0 {
                return Err(Illegal("the instance has started".into()));
            }
            Ok(vec![Change::Placed { token: (*token).to_owned(), element: graph.start.clone(), visit }])
        }
        Event::Leave { token } => {
            let token = marking.token(token)?;
            let element = known(graph, &token.element)?;
            if matches!(element.kind, Kind::ExclusiveGateway { .. } | Kind::End { .. }) {
                return Err(Illegal(format!("`{}` has no single way out", element.id)));
            }
            let flow = graph
                .only_flow(&element.id)
                .ok_or_else(|| Illegal(format!("`{}` has no way out", element.id)))?;
            Ok(vec![moved(token, Some(&flow.id), &flow.target, visit)])
        }
        Event::LeaveBy { token, flow } => {
            let token = marking.token(token)?;
            let flow = graph.flows.get(*flow).filter(|known| known.source == token.element);
            let flow = flow.ok_or_else(|| Illegal(format!("the flow does not leave `{}`", token.element)))?;
            Ok(vec![moved(token, Some(&flow.id), &flow.target, visit)])
        }
        Event::SendBack { token, element } => {
            let token = marking.token(token)?;
            for at in [token.element.as_str(), element] {
                if known(graph, at)?.kind != Kind::UserTask {
                    return Err(Illegal(format!("`{at}` is no user task")));
                }
            }
            Ok(vec![moved(token, None, element, visit)])
        }
        Event::Boundary { token, event, fresh } => {
            let token = marking.token(token)?;
            match &known(graph, event)?.kind {
                Kind::BoundaryTimer { attached_to, cancels, .. } if *attached_to == token.element => {
                    Ok(vec![if *cancels {
                        moved(token, None, event, visit)
                    } else {
                        Change::Placed { token: (*fresh).to_owned(), element: (*event).to_owned(), visit }
                    }])
                }
                _ => Err(Illegal(format!("`{event}` does not stand on `{}`", token.element))),
            }
        }
        Event::Finish { token } => {
            let token = marking.token(token)?;
            let Kind::End { terminate } = known(graph, &token.element)?.kind else {
                return Err(Illegal(format!("`{}` is no end", token.element)));
            };
            if terminate {
                return Ok(all_removed(marking, Ending::Terminated));
            }
            let mut changes = vec![removed(token)];
            if marking.tokens.len() == 1 {
                changes.push(Change::Ended(Ending::Completed));
            }
            Ok(changes)
        }
        Event::Withdraw => Ok(all_removed(marking, Ending::Withdrawn)),
        Event::Terminate => Ok(all_removed(marking, Ending::Terminated)),
    }
}

impl Marking {
    /// The token of this id.
    pub fn token(&self, id: &str) -> Result<&Token, Illegal> {
        self.tokens
            .iter()
            .find(|token| token.id == id)
            .ok_or_else(|| Illegal(format!("there is no token {id}")))
    }

    /// Makes a change that [`step`] gave.
    pub fn apply(&mut self, change: &Change) {
        match change {
            Change::Placed { token, element, visit } => {
                self.tokens.push(Token { id: token.clone(), element: element.clone(), visit: *visit });
                self.visits = *visit;
            }
            Change::Moved { token, element, visit, .. } => {
                if let Some(token) = self.tokens.iter_mut().find(|known| known.id == *token) {
                    token.element.clone_from(element);
                    token.visit = *visit;
                }
                self.visits = *visit;
            }
            Change::Removed { token, .. } => self.tokens.retain(|known| known.id != *token),
            Change::Ended(ending) => self.ended = Some(*ending),
        }
    }
}

fn known<'a>(graph: &'a Graph, id: &str) -> Result<&'a Element, Illegal> {
    graph.element(id).ok_or_else(|| Illegal(format!("there is no element `{id}`")))
}

fn moved(token: &Token, flow: Option<&str>, element: &str, visit: i64) -> Change {
    Change::Moved {
        token: token.id.clone(),
        from: token.element.clone(),
        flow: flow.map(str::to_owned),
        element: element.to_owned(),
        visit,
    }
}

fn removed(token: &Token) -> Change {
    Change::Removed { token: token.id.clone(), element: token.element.clone() }
}

fn all_removed(marking: &Marking, ending: Ending) -> Vec<Change> {
    marking.tokens.iter().map(removed).chain([Change::Ended(ending)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bpmn::parse;

    const XML: &str = r#"<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"><process id="p">
        <startEvent id="s"/><userTask id="a"/><exclusiveGateway id="g" default="again"/><endEvent id="e"/>
        <boundaryEvent id="late" attachedToRef="a" cancelActivity="false"><timerEventDefinition><timeDuration>P1D</timeDuration></timerEventDefinition></boundaryEvent>
        <endEvent id="e2"/><sequenceFlow id="f4" sourceRef="late" targetRef="e2"/>
        <sequenceFlow id="f1" sourceRef="s" targetRef="a"/><sequenceFlow id="f2" sourceRef="a" targetRef="g"/>
        <sequenceFlow id="done" sourceRef="g" targetRef="e"><conditionExpression>true</conditionExpression></sequenceFlow>
        <sequenceFlow id="again" sourceRef="g" targetRef="a"/>
    </process></definitions>"#;

    fn play(graph: &Graph, marking: &mut Marking, event: &Event) {
        for change in step(graph, marking, event).unwrap() {
            marking.apply(&change);
        }
    }

    fn at(marking: &Marking) -> Vec<(&str, i64)> {
        marking.tokens.iter().map(|token| (token.element.as_str(), token.visit)).collect()
    }

    #[test]
    fn tokens_follow_the_flows_and_every_arrival_counts() {
        let graph = parse(XML).unwrap();
        let mut marking = Marking::default();
        play(&graph, &mut marking, &Event::Start { token: "t" });
        play(&graph, &mut marking, &Event::Leave { token: "t" });
        assert_eq!(at(&marking), [("a", 2)]);
        play(&graph, &mut marking, &Event::Leave { token: "t" });
        play(&graph, &mut marking, &Event::LeaveBy { token: "t", flow: "again" });
        assert_eq!(at(&marking), [("a", 4)]);
        play(&graph, &mut marking, &Event::Boundary { token: "t", event: "late", fresh: "u" });
        assert_eq!(at(&marking), [("a", 4), ("late", 5)]);
        play(&graph, &mut marking, &Event::Leave { token: "u" });
        play(&graph, &mut marking, &Event::Finish { token: "u" });
        assert_eq!(marking.ended, None);
        play(&graph, &mut marking, &Event::Leave { token: "t" });
        play(&graph, &mut marking, &Event::LeaveBy { token: "t", flow: "done" });
        play(&graph, &mut marking, &Event::Finish { token: "t" });
        assert_eq!((marking.ended, marking.tokens.len()), (Some(Ending::Completed), 0));
        assert!(step(&graph, &marking, &Event::Withdraw).is_err());
    }

    #[test]
    fn what_does_not_fit_the_graph_is_illegal() {
        let graph = parse(XML).unwrap();
        let mut marking = Marking::default();
        play(&graph, &mut marking, &Event::Start { token: "t" });
        assert!(step(&graph, &marking, &Event::Start { token: "x" }).is_err());
        play(&graph, &mut marking, &Event::Leave { token: "t" });
        for event in [
            Event::Leave { token: "other" },
            Event::LeaveBy { token: "t", flow: "done" },
            Event::Finish { token: "t" },
            Event::SendBack { token: "t", element: "g" },
            Event::Boundary { token: "t", event: "e", fresh: "u" },
        ] {
            assert!(step(&graph, &marking, &event).is_err(), "{event:?}");
        }
        play(&graph, &mut marking, &Event::Withdraw);
        assert_eq!((marking.ended, marking.tokens.len()), (Some(Ending::Withdrawn), 0));
    }
}
