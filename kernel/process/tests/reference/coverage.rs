//! The thousand processes have every kind of element, each often.

use std::collections::BTreeMap;

use crate::generator;
use crate::model::{Event, Kind, Scope};

/// How often each has to be there at least.
const OFTEN: usize = 40;

fn count(scope: &Scope, found: &mut BTreeMap<String, usize>) {
    let mut add = |what: String| *found.entry(what).or_default() += 1;
    let mut inner = Vec::new();
    for node in &scope.nodes {
        let event = |event: &Event| match event {
            Event::Timer(1) => "timer",
            Event::Timer(_) => "cycle",
            Event::Message => "message",
            Event::Error(_) => "error",
        };
        let kind = match &node.kind {
            Kind::Boundary { event: on, interrupts, .. } => format!("on {} {interrupts}", event(on)),
            Kind::EventSub { inside, event: by, interrupts, .. } => {
                inner.push(inside);
                format!("event sub {} {interrupts}", event(by))
            }
            Kind::Sub(inside) => {
                inner.push(inside);
                "sub".to_owned()
            }
            Kind::Catch(on) => format!("catch {}", event(on)),
            Kind::Error(_) => "error end".to_owned(),
            other => format!("{other:?}"),
        };
        add(kind);
        if let Some(several) = &node.several {
            add(format!("several {} {}", several.in_turn, several.enough.is_some()));
        }
    }
    inner.into_iter().for_each(|scope| count(scope, found));
}

#[test]
fn every_kind_of_element_is_there_often() {
    let mut found = BTreeMap::new();
    (0..1_000).for_each(|seed| count(&generator::process(seed), &mut found));
    let rare: Vec<_> = found.iter().filter(|(_, times)| **times < OFTEN).collect();
    assert!(rare.is_empty(), "{rare:?} of {found:#?}");
    // Start, end, terminate and error; task, automatic, receive; four gateways; two catches; sub-process; six
    // events on activities; five event sub-processes; four ways of repeating.
    assert_eq!(found.len(), 29, "{found:#?}");
}
