use super::*;
use crate::bpmn::parse;

/// A process with these elements; `a>b` stands for a flow of that id.
fn graph(elements: &str, flows: &str) -> Graph {
    let flows: String = flows
        .split_whitespace()
        .map(|flow| {
            let (source, target) = flow.split_once('>').unwrap();
            format!("<sequenceFlow id='{source}&gt;{target}' sourceRef='{source}' targetRef='{target}'/>")
        })
        .collect();
    // Flows within sub-processes are told where they are used.
    let xml = format!(
        "<definitions xmlns='http://www.omg.org/spec/BPMN/20100524/MODEL'><error id='x' errorCode='X'/>\
         <process id='p'>{elements}{flows}</process></definitions>"
    );
    parse(&xml).unwrap_or_else(|errors| panic!("{errors:?}"))
}

fn flow(source: &str, target: &str) -> String {
    format!("<sequenceFlow id='{source}&gt;{target}' sourceRef='{source}' targetRef='{target}'/>")
}

struct Play {
    graph: Graph,
    marking: Marking,
    ids: u32,
}

impl Play {
    fn of(graph: Graph) -> Self {
        let mut play = Self { graph, marking: Marking::default(), ids: 0 };
        play.happen(&Event::Start { element: "s" });
        play
    }

    fn attempt(&mut self, event: &Event) -> Result<Vec<Change>, Illegal> {
        let ids = &mut self.ids;
        step(&self.graph, &self.marking, event, &mut || {
            *ids += 1;
            format!("t{ids}")
        })
    }

    fn happen(&mut self, event: &Event) -> Vec<Change> {
        let changes = self.attempt(event).unwrap_or_else(|illegal| panic!("{illegal}: {event:?}"));
        for change in &changes {
            if let Change::Removed { token, .. } = change {
                assert!(self.marking.token(token).is_ok(), "{token} is removed twice: {changes:?}");
            }
            self.marking.apply(change);
        }
        changes
    }

    /// The first token on an element; of a repeated one, an item.
    fn on(&self, element: &str) -> String {
        let on = |token: &&Token| token.element == element && token.round.is_none();
        self.marking
            .tokens
            .iter()
            .find(on)
            .unwrap_or_else(|| panic!("nothing on {element}: {:?}", self.at()))
            .id
            .clone()
    }

    /// A token leaves by all flows, or by these.
    fn leave(&mut self, element: &str) {
        let flows = self.graph.elements[element].outgoing.clone();
        self.leave_by(element, &flows);
    }

    fn leave_by(&mut self, element: &str, flows: &[String]) {
        let token = self.on(element);
        self.happen(&Event::Leave { token: &token, flows });
    }

    fn finish(&mut self, element: &str) -> Vec<Change> {
        let token = self.on(element);
        self.happen(&Event::Finish { token: &token })
    }

    fn join(&mut self) -> bool {
        let Some(tokens) = ready(&self.graph, &self.marking) else { return false };
        self.happen(&Event::Join { tokens: &tokens });
        true
    }

    fn at(&self) -> Vec<&str> {
        let mut at: Vec<&str> = self.marking.tokens.iter().map(|token| token.element.as_str()).collect();
        at.sort_unstable();
        at
    }
}

#[test]
fn every_arrival_counts() {
    let mut play = Play::of(graph(
        "<startEvent id='s'/><userTask id='a'/><exclusiveGateway id='g' default='g&gt;a'/><endEvent id='e'/>\
         <boundaryEvent id='late' attachedToRef='a' cancelActivity='false'><timerEventDefinition><timeDuration>P1D</timeDuration></timerEventDefinition></boundaryEvent>\
         <endEvent id='e2'/><sequenceFlow id='done' sourceRef='g' targetRef='e'><conditionExpression>true</conditionExpression></sequenceFlow>",
        "s>a a>g g>a late>e2",
    ));
    play.leave("s");
    play.leave("a");
    play.leave_by("g", &["g>a".to_owned()]);
    let token = play.on("a");
    assert_eq!(play.marking.token(&token).unwrap().visit, 4);
    play.happen(&Event::Boundary { token: &token, event: "late" });
    assert_eq!(play.at(), ["a", "late"]);
    play.leave("late");
    play.finish("e2");
    assert_eq!(play.marking.ended, None);
    play.leave("a");
    play.leave_by("g", &["done".to_owned()]);
    play.finish("e");
    assert_eq!((play.marking.ended, play.marking.tokens.len()), (Some(Ending::Completed), 0));
    assert!(play.attempt(&Event::Withdraw).is_err());
}

#[test]
fn what_does_not_fit_the_graph_is_illegal() {
    let mut play = Play::of(graph("<startEvent id='s'/><userTask id='a'/><endEvent id='e'/>", "s>a a>e"));
    let token = play.on("s");
    for event in [
        Event::Start { element: "s" },
        Event::Leave { token: "other", flows: &["s>a".to_owned()] },
        Event::Leave { token: &token, flows: &["a>e".to_owned()] },
        Event::Leave { token: &token, flows: &[] },
        Event::Finish { token: &token },
        Event::Enter { token: &token },
        Event::Repeat { token: &token, total: 2 },
        Event::ItemDone { token: &token, complete: true },
        Event::Send { token: &token, element: "e", back: false },
        Event::Boundary { token: &token, event: "e" },
        Event::EventSub { scope: None, start: "s" },
    ] {
        assert!(play.attempt(&event).is_err(), "{event:?}");
    }
    play.happen(&Event::Withdraw);
    assert_eq!((play.marking.ended, play.marking.tokens.len()), (Some(Ending::Withdrawn), 0));
}

#[test]
fn a_parallel_gateway_waits_for_each_of_its_flows() {
    let mut play = Play::of(graph(
        "<startEvent id='s'/><parallelGateway id='f'/><userTask id='a'/><userTask id='b'/><parallelGateway id='j'/><endEvent id='e'/>",
        "s>f f>a f>b a>j b>j j>e",
    ));
    play.leave("s");
    play.leave("f");
    assert_eq!(play.at(), ["a", "b"]);
    play.leave("a");
    assert!(!play.join());
    play.leave("b");
    assert!(play.join());
    assert_eq!(play.at(), ["j"]);
    play.leave("j");
    play.finish("e");
    assert_eq!(play.marking.ended, Some(Ending::Completed));
}

#[test]
fn an_inclusive_gateway_waits_only_for_what_can_still_come() {
    let elements = "<startEvent id='s'/><inclusiveGateway id='f'/><userTask id='a'/><userTask id='b'/><userTask id='c'/>\
                    <inclusiveGateway id='j'/><endEvent id='e'/>";
    let flows = "s>f f>a f>b f>c a>j b>j c>j j>e";
    let mut play = Play::of(graph(elements, flows));
    play.leave("s");
    play.leave_by("f", &["f>a".to_owned(), "f>b".to_owned()]);
    play.leave("a");
    assert!(!play.join(), "b may still come");
    play.leave("b");
    assert!(play.join(), "nothing is on its way by c");
    play.leave("j");
    play.finish("e");
    assert_eq!(play.marking.ended, Some(Ending::Completed));
}

#[test]
fn a_sub_process_is_left_when_nothing_is_left_in_it() {
    let inner = format!(
        "<subProcess id='sub'><startEvent id='si'/><parallelGateway id='f'/><userTask id='x'/><userTask id='y'/><endEvent id='e1'/><endEvent id='e2'/>{}{}{}{}{}</subProcess>",
        flow("si", "f"),
        flow("f", "x"),
        flow("f", "y"),
        flow("x", "e1"),
        flow("y", "e2"),
    );
    let late = "<boundaryEvent id='late' attachedToRef='sub'><timerEventDefinition><timeDuration>P1D</timeDuration></timerEventDefinition></boundaryEvent>";
    let build = || {
        let mut play = Play::of(graph(
            &format!("<startEvent id='s'/>{inner}{late}<endEvent id='e'/><endEvent id='el'/>"),
            "s>sub sub>e late>el",
        ));
        play.leave("s");
        let token = play.on("sub");
        play.happen(&Event::Enter { token: &token });
        play.leave("si");
        play.leave("f");
        (play, token)
    };
    let (mut play, token) = build();
    assert_eq!(play.at(), ["sub", "x", "y"]);
    assert!(play.attempt(&Event::Leave { token: &token, flows: &["sub>e".to_owned()] }).is_err(), "not done");
    play.leave("x");
    assert_eq!(play.finish("e1").len(), 1);
    play.leave("y");
    assert_eq!(play.finish("e2").last(), Some(&Change::Done { token }));
    play.leave("sub");
    play.finish("e");
    assert_eq!(play.marking.ended, Some(Ending::Completed));

    let (mut play, token) = build();
    play.happen(&Event::Boundary { token: &token, event: "late" });
    assert_eq!(play.at(), ["late"], "all within is gone");
}

#[test]
fn a_repeated_activity_is_left_when_all_are_done_or_enough() {
    let several = |sequential: bool| {
        let elements = format!(
            "<startEvent id='s'/><userTask id='a'><multiInstanceLoopCharacteristics isSequential='{sequential}'><loopCardinality>3</loopCardinality></multiInstanceLoopCharacteristics></userTask><endEvent id='e'/>"
        );
        let mut play = Play::of(graph(&elements, "s>a a>e"));
        play.leave("s");
        let body = play.on("a");
        play.happen(&Event::Repeat { token: &body, total: 3 });
        (play, body)
    };
    let (mut play, body) = several(false);
    assert_eq!(play.at(), ["a", "a", "a", "a"]);
    for left in [2, 1] {
        let item = play.on("a");
        play.happen(&Event::ItemDone { token: &item, complete: false });
        assert_eq!(play.marking.within(Some(&body)).count(), left);
    }
    let item = play.on("a");
    let changes = play.happen(&Event::ItemDone { token: &item, complete: false });
    assert_eq!(changes.last(), Some(&Change::Done { token: body.clone() }));

    let (mut play, body) = several(false);
    let item = play.on("a");
    let changes = play.happen(&Event::ItemDone { token: &item, complete: true });
    assert_eq!(changes.last(), Some(&Change::Done { token: body }));
    assert_eq!(play.at(), ["a"]);

    let (mut play, body) = several(true);
    for done in 1..=3 {
        assert_eq!(play.marking.within(Some(&body)).count(), 1);
        let item = play.on("a");
        play.happen(&Event::ItemDone { token: &item, complete: false });
        assert_eq!(play.marking.token(&body).unwrap().round.unwrap().done, done);
    }
    assert_eq!(play.at(), ["a"]);
}

#[test]
fn errors_are_caught_from_the_inside_outwards() {
    let inner = format!(
        "<subProcess id='sub'><startEvent id='si'/><endEvent id='bad'><errorEventDefinition errorRef='x'/></endEvent>{}</subProcess>",
        flow("si", "bad"),
    );
    let boundary = |id: &str, code: &str| {
        format!(
            "<boundaryEvent id='{id}' attachedToRef='sub'><errorEventDefinition{code}/></boundaryEvent><endEvent id='e{id}'/>"
        )
    };
    let build = |boundaries: &str, flows: &str| {
        let mut play = Play::of(graph(
            &format!("<startEvent id='s'/>{inner}{boundaries}<endEvent id='e'/>"),
            &format!("s>sub sub>e {flows}"),
        ));
        play.leave("s");
        let token = play.on("sub");
        play.happen(&Event::Enter { token: &token });
        play.leave("si");
        play
    };
    let thrown = Throw::Error("X".to_owned());
    let both = format!("{}{}", boundary("any", ""), boundary("one", " errorRef='x'"));
    let play = build(&both, "any>eany one>eone");
    let caught = catcher(&play.graph, &play.marking, &play.on("bad"), &thrown);
    assert_eq!(caught, Some(Catcher::Boundary { token: play.on("sub"), event: "one".to_owned() }));
    let other = Throw::Error("Y".to_owned());
    let caught = catcher(&play.graph, &play.marking, &play.on("bad"), &other);
    assert_eq!(caught, Some(Catcher::Boundary { token: play.on("sub"), event: "any".to_owned() }));
    let play = build("", "");
    assert_eq!(catcher(&play.graph, &play.marking, &play.on("bad"), &thrown), None);

    let around = format!(
        "<subProcess id='es' triggeredByEvent='true'><startEvent id='se'><errorEventDefinition/></startEvent><endEvent id='ee'/>{}</subProcess>",
        flow("se", "ee"),
    );
    let mut play = build(&around, "");
    let caught = catcher(&play.graph, &play.marking, &play.on("bad"), &thrown);
    assert_eq!(caught, Some(Catcher::EventSub { scope: None, start: "se".to_owned() }));
    play.happen(&Event::EventSub { scope: None, start: "se" });
    assert_eq!(play.at(), ["es", "se"], "what was around is gone");
    play.leave("se");
    play.finish("ee");
    assert_eq!(play.marking.ended, Some(Ending::Completed));
}

#[test]
fn an_event_sub_process_that_does_not_interrupt_runs_beside() {
    let beside = format!(
        "<subProcess id='es' triggeredByEvent='true'><startEvent id='se' isInterrupting='false'><timerEventDefinition><timeDuration>P1D</timeDuration></timerEventDefinition></startEvent><endEvent id='ee'/>{}</subProcess>",
        flow("se", "ee"),
    );
    let mut play = Play::of(graph(
        &format!("<startEvent id='s'/><userTask id='a'/><endEvent id='e'/>{beside}"),
        "s>a a>e",
    ));
    play.leave("s");
    play.happen(&Event::EventSub { scope: None, start: "se" });
    assert_eq!(play.at(), ["a", "es", "se"]);
    play.leave("a");
    play.finish("e");
    assert_eq!(play.marking.ended, None, "the other is still at work");
    play.leave("se");
    play.finish("ee");
    assert_eq!(play.marking.ended, Some(Ending::Completed));
}

#[test]
fn what_went_on_from_where_a_case_is_sent_back_to_gives_way() {
    let elements = "<startEvent id='s'/><userTask id='first'/><parallelGateway id='f'/><userTask id='a'/><userTask id='a2'/><userTask id='b'/>\
                    <parallelGateway id='j'/><userTask id='last'/><exclusiveGateway id='g' default='g&gt;e'/><endEvent id='e'/>\
                    <sequenceFlow id='again' sourceRef='g' targetRef='first'><conditionExpression>true</conditionExpression></sequenceFlow>";
    let mut play = Play::of(graph(elements, "s>first first>f f>a f>b a>a2 a2>j b>j j>last last>g g>e"));
    for element in ["s", "first", "f", "a"] {
        play.leave(element);
    }
    // Within its branch: the other branch stays.
    let token = play.on("a2");
    play.happen(&Event::Send { token: &token, element: "a", back: false });
    assert_eq!(play.at(), ["a", "b"]);
    play.leave("b");
    play.leave("a");
    let token = play.on("a2");
    play.happen(&Event::Send { token: &token, element: "a", back: true });
    assert_eq!(play.at(), ["a", "j"], "who waits at the gateway came from the other branch");
    play.leave("a");
    assert_eq!(play.at(), ["a2", "j"], "straight back");
    // Before the branches parted: both end.
    let token = play.on("a2");
    assert!(play.attempt(&Event::Send { token: &token, element: "first", back: true }).is_err());
    play.happen(&Event::Send { token: &token, element: "first", back: false });
    assert_eq!(play.at(), ["first"]);
}

#[test]
fn a_terminate_end_ends_what_is_around_it() {
    let inner = format!(
        "<subProcess id='sub'><startEvent id='si'/><parallelGateway id='f'/><userTask id='x'/><endEvent id='t'><terminateEventDefinition/></endEvent><endEvent id='e1'/>{}{}{}{}</subProcess>",
        flow("si", "f"),
        flow("f", "x"),
        flow("f", "t"),
        flow("x", "e1"),
    );
    let mut play = Play::of(graph(&format!("<startEvent id='s'/>{inner}<endEvent id='e'/>"), "s>sub sub>e"));
    play.leave("s");
    let token = play.on("sub");
    play.happen(&Event::Enter { token: &token });
    play.leave("si");
    play.leave("f");
    assert_eq!(play.finish("t").last(), Some(&Change::Done { token }));
    assert_eq!(play.at(), ["sub"]);
}
