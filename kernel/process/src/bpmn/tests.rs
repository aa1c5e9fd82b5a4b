use anju_calendar::WorkingCalendar;
use serde_json::json;

use super::*;

fn diagram(body: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d">
<bpmn:process id="p">
{body}
</bpmn:process>
</bpmn:definitions>"#
    )
}

fn faults(body: &str) -> Vec<String> {
    parse(&diagram(body)).unwrap_err().iter().map(ToString::to_string).collect()
}

const LINE: &str = r#"<bpmn:startEvent id="s"/><bpmn:userTask id="t" name="初审"/><bpmn:endEvent id="e"/>
<bpmn:sequenceFlow id="f1" sourceRef="s" targetRef="t"/><bpmn:sequenceFlow id="f2" sourceRef="t" targetRef="e"/>"#;

#[test]
fn a_diagram_becomes_a_graph() {
    let graph = parse(&diagram(LINE)).unwrap();
    assert_eq!(graph.start.as_deref(), Some("s"));
    assert_eq!(graph.elements["t"].title(), "初审");
    assert_eq!(graph.leaving(&graph.elements["t"]).next().unwrap().target, "e");
    assert_eq!(graph.next_user_tasks("s")[0].id, "t");
}

#[test]
fn what_is_not_understood_is_named_with_its_line() {
    let body = LINE.replace(
        r#"<bpmn:endEvent id="e"/>"#,
        "<bpmn:endEvent id=\"e\"/>\n<bpmn:complexGateway id=\"both\" name=\"复杂\"/>",
    );
    assert_eq!(faults(&body), ["第 5 行：“both”（复杂）：不支持“complexGateway”"]);
    let inside = LINE.replace(
        r#"<bpmn:userTask id="t" name="初审"/>"#,
        r#"<bpmn:userTask id="t"><bpmn:standardLoopCharacteristics/></bpmn:userTask>"#,
    );
    assert_eq!(faults(&inside), ["第 4 行：“t”：不支持“standardLoopCharacteristics”"]);
}

#[test]
fn a_document_type_is_refused() {
    let xml = format!(
        "<!DOCTYPE x [<!ENTITY a \"b\">]>{}",
        diagram(LINE).replacen("<?xml version=\"1.0\" encoding=\"UTF-8\"?>", "", 1)
    );
    assert!(parse(&xml).is_err());
    assert!(parse("no xml at all").is_err());
    assert!(parse("<a/>").is_err());
}

#[test]
fn what_is_too_large_is_refused() {
    let many: String = (0..2_100).map(|n| format!("<bpmn:userTask id=\"t{n}\"/>")).collect();
    assert!(faults(&many)[0].contains("2000"));
    assert!(parse(&" ".repeat(6 * 1024 * 1024)).is_err());
}

#[test]
fn a_graph_hangs_together() {
    let dangling = LINE.replace(r#"targetRef="e""#, r#"targetRef="nowhere""#);
    assert!(faults(&dangling).iter().any(|fault| fault.contains("终点“nowhere”不存在")));
    let unreached =
        format!(r#"{LINE}<bpmn:userTask id="x"/><bpmn:sequenceFlow id="f3" sourceRef="x" targetRef="e"/>"#);
    assert!(faults(&unreached)[0].contains("到不了这里"));
    let endless = r#"<bpmn:startEvent id="s"/><bpmn:userTask id="a"/><bpmn:userTask id="b"/>
        <bpmn:sequenceFlow id="f1" sourceRef="s" targetRef="a"/><bpmn:sequenceFlow id="f2" sourceRef="a" targetRef="b"/>
        <bpmn:sequenceFlow id="f3" sourceRef="b" targetRef="a"/>"#;
    assert!(faults(endless).iter().all(|fault| fault.contains("到不了结束事件")));
    let startless = LINE.replace(r#"<bpmn:startEvent id="s"/>"#, "");
    assert!(faults(&startless).iter().any(|fault| fault.contains("一个开始事件")));
    let twice = LINE.replace(r#"<bpmn:endEvent id="e"/>"#, r#"<bpmn:endEvent id="t"/>"#);
    assert!(faults(&twice)[0].contains("重复"));
}

#[test]
fn a_gateway_needs_conditions_or_a_default() {
    let gateway = |attributes: &str, first: &str| {
        format!(
            r#"<bpmn:startEvent id="s"/><bpmn:exclusiveGateway id="g"{attributes}/><bpmn:endEvent id="a"/><bpmn:endEvent id="b"/>
            <bpmn:sequenceFlow id="f" sourceRef="s" targetRef="g"/>
            <bpmn:sequenceFlow id="ga" sourceRef="g" targetRef="a">{first}</bpmn:sequenceFlow>
            <bpmn:sequenceFlow id="gb" sourceRef="g" targetRef="b"/>"#
        )
    };
    let condition = "<bpmn:conditionExpression> = vars.x > 1 </bpmn:conditionExpression>";
    assert!(faults(&gateway("", condition))[0].contains("gb"));
    assert!(faults(&gateway(r#" default="f""#, condition))[0].contains("不是它的流出"));
    let graph = parse(&diagram(&gateway(r#" default="gb""#, condition))).unwrap();
    assert_eq!(graph.flows["ga"].condition.as_deref(), Some("vars.x > 1"));
    let misplaced = LINE.replace(
        r#"<bpmn:sequenceFlow id="f1" sourceRef="s" targetRef="t"/>"#,
        &format!(r#"<bpmn:sequenceFlow id="f1" sourceRef="s" targetRef="t">{condition}</bpmn:sequenceFlow>"#),
    );
    assert!(faults(&misplaced)[0].contains("可以带条件"));
}

#[test]
fn a_timer_stands_on_a_task() {
    let timer = |host: &str, inner: &str| {
        format!(
            r#"{LINE}<bpmn:boundaryEvent id="late" attachedToRef="{host}" cancelActivity="false"><bpmn:timerEventDefinition>{inner}</bpmn:timerEventDefinition></bpmn:boundaryEvent>
            <bpmn:endEvent id="e2"/><bpmn:sequenceFlow id="f3" sourceRef="late" targetRef="e2"/>"#
        )
    };
    let graph = parse(&diagram(&timer("t", "<bpmn:timeDuration>P5WD</bpmn:timeDuration>"))).unwrap();
    assert_eq!(graph.elements["t"].boundary, ["late"]);
    let late = Kind::Boundary {
        attached_to: "t".into(),
        trigger: Trigger::Timer(Timer::WorkingDays(5)),
        cancels: false,
    };
    assert_eq!(graph.elements["late"].kind, late);
    assert!(faults(&timer("s", "<bpmn:timeDuration>P5D</bpmn:timeDuration>"))[0].contains("附在环节上"));
    for wrong in
        ["<bpmn:timeDuration>soon</bpmn:timeDuration>", "<bpmn:timeCycle>R0/PT1H</bpmn:timeCycle>", ""]
    {
        assert!(!faults(&timer("t", wrong)).is_empty(), "{wrong}");
    }
}

#[test]
fn events_name_what_they_wait_for_and_what_they_tell() {
    let xml = r#"<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL">
<bpmn:message id="m" name="补正材料"/><bpmn:signal id="g" name="政策调整"/><bpmn:error id="x" name="不符" errorCode="E1"/>
<bpmn:process id="p">
<bpmn:startEvent id="s"/><bpmn:intermediateCatchEvent id="c"><bpmn:messageEventDefinition messageRef="m"/></bpmn:intermediateCatchEvent>
<bpmn:intermediateThrowEvent id="t"><bpmn:signalEventDefinition signalRef="g"/></bpmn:intermediateThrowEvent>
<bpmn:endEvent id="e"><bpmn:errorEventDefinition errorRef="x"/></bpmn:endEvent>
<bpmn:sequenceFlow id="f1" sourceRef="s" targetRef="c"/><bpmn:sequenceFlow id="f2" sourceRef="c" targetRef="t"/><bpmn:sequenceFlow id="f3" sourceRef="t" targetRef="e"/>
</bpmn:process></bpmn:definitions>"#;
    let graph = parse(xml).unwrap();
    assert_eq!(graph.elements["c"].kind, Kind::Catch(Trigger::Message("补正材料".into())));
    assert_eq!(graph.elements["t"].kind, Kind::Throw(Throw::Signal("政策调整".into())));
    assert_eq!(graph.elements["e"].kind, Kind::End(Throw::Error("E1".into())));
    let nameless = xml.replace(r#" messageRef="m""#, "");
    assert!(parse(&nameless).unwrap_err()[0].cause.contains("没有写明消息"));
    let nowhere =
        xml.replace(r#"<bpmn:errorEventDefinition errorRef="x"/>"#, "<bpmn:compensateEventDefinition/>");
    assert!(parse(&nowhere).unwrap_err()[0].cause.contains("不支持“compensateEventDefinition”"));
}

#[test]
fn a_sub_process_begins_as_it_should() {
    let sub = |attributes: &str, start: &str| {
        format!(
            r#"<bpmn:startEvent id="s"/><bpmn:subProcess id="u"{attributes}>{start}<bpmn:endEvent id="ue"/><bpmn:sequenceFlow id="f3" sourceRef="us" targetRef="ue"/></bpmn:subProcess><bpmn:endEvent id="e"/>
            <bpmn:sequenceFlow id="f1" sourceRef="s" targetRef="u"/><bpmn:sequenceFlow id="f2" sourceRef="u" targetRef="e"/>"#
        )
    };
    let plain = r#"<bpmn:startEvent id="us"/>"#;
    let graph = parse(&diagram(&sub("", plain))).unwrap();
    assert_eq!(graph.elements["us"].scope.as_deref(), Some("u"));
    assert_eq!(graph.plain_start("u").unwrap().id, "us");
    let timed = r#"<bpmn:startEvent id="us"><bpmn:timerEventDefinition><bpmn:timeDuration>P1D</bpmn:timeDuration></bpmn:timerEventDefinition></bpmn:startEvent>"#;
    assert!(faults(&sub("", timed))[0].contains("不带触发条件"));
    let by_event = faults(&sub(r#" triggeredByEvent="true""#, timed));
    assert!(by_event.iter().any(|fault| fault.contains("不能有流向指向它")), "{by_event:?}");
    let across = sub("", plain).replace(r#"sourceRef="us""#, r#"sourceRef="s""#);
    assert!(faults(&across).iter().any(|fault| fault.contains("穿过子流程")));
}

#[test]
fn an_activity_may_be_done_several_times() {
    let several = |inner: &str| {
        let inner = format!(
            r#"<bpmn:userTask id="t"><bpmn:multiInstanceLoopCharacteristics isSequential="true" {inner}</bpmn:multiInstanceLoopCharacteristics></bpmn:userTask>"#
        );
        diagram(&LINE.replace(r#"<bpmn:userTask id="t" name="初审"/>"#, &inner))
    };
    let repeat = |inner: &str| parse(&several(inner)).unwrap().elements["t"].repeat.clone().unwrap();
    let counted = repeat(
        "><bpmn:loopCardinality>3</bpmn:loopCardinality><bpmn:completionCondition>${nrOfCompletedInstances >= 2}</bpmn:completionCondition>",
    );
    assert_eq!(counted.times.as_deref(), Some("3"));
    assert_eq!(counted.until.as_deref(), Some("nrOfCompletedInstances >= 2"));
    assert!(counted.sequential);
    let listed =
        repeat(r#"xmlns:camunda="http://camunda.org/schema/1.0/bpmn" camunda:collection="${vars.signers}">"#);
    assert_eq!(listed.each.as_deref(), Some("vars.signers"));
}

#[test]
fn timers_fire_when_their_time_is_over() {
    let now: jiff::Timestamp = "2026-09-30T10:00:00+08:00".parse().unwrap();
    let calendar = WorkingCalendar {
        holidays: (1..=7).map(|day| jiff::civil::date(2026, 10, day)).collect(),
        make_up: [jiff::civil::date(2026, 10, 10)].into(),
    };
    let due = |timer: Result<Timer, String>, value: serde_json::Value| {
        timer
            .unwrap()
            .due(now, &calendar, &value)
            .unwrap()
            .to_zoned_datetime(anju_calendar::zone())
            .datetime()
            .to_string()
    };
    assert_eq!(due(Timer::duration("PT2H"), json!(null)), "2026-09-30T12:00:00");
    assert_eq!(due(Timer::duration("P1M"), json!(null)), "2026-10-30T10:00:00");
    // Three working days after the 30th: the 8th, the 9th, the made-up Saturday; over at midnight.
    assert_eq!(due(Timer::duration("P3WD"), json!(null)), "2026-10-11T00:00:00");
    assert_eq!(due(Timer::date("=record.to"), json!("2026-10-20")), "2026-10-21T00:00:00");
    assert_eq!(due(Timer::date("=record.at"), json!("2026-10-20T08:30:00+08:00")), "2026-10-20T08:30:00");
    assert!(Timer::date("=record.to").unwrap().due(now, &calendar, &json!(null)).is_err());
    assert!(Timer::date("tomorrow").is_err());
    assert!(Timer::duration("-P1D").is_err());
    let cycle = Timer::cycle("R3/PT1H").unwrap();
    assert_eq!(due(Ok(cycle.clone()), json!(null)), "2026-09-30T11:00:00");
    assert_eq!([1, 2, 3].map(|fired| cycle.fires_again(fired)), [true, true, false]);
    assert!(Timer::cycle("R/P1D").unwrap().fires_again(1_000));
    assert_eq!(due(Timer::cycle("R/2020-01-31T02:00:00+08:00/P1M"), json!(null)), "2026-10-31T02:00:00");
    assert_eq!(due(Timer::cycle("R/2027-01-01T00:00:00+08:00/P1Y"), json!(null)), "2027-01-01T00:00:00");
    assert_eq!(due(Timer::cycle("R/2020-01-01T00:00:00+08:00/PT1M"), json!(null)), "2026-09-30T10:01:00");
    assert!(Timer::cycle("R/PT0S").is_err() && Timer::cycle("P1D").is_err());
}

/// Models as other tools write them, with their extensions, pools, lanes, notes and drawing.
#[test]
fn models_of_other_tools_are_read() {
    let camunda = parse(include_str!("../../tests/models/camunda7.bpmn")).unwrap();
    assert_eq!(camunda.elements["Event_supplement"].kind, Kind::Catch(Trigger::Message("补正材料".into())));
    let panel = camunda.elements["Activity_panel"].repeat.clone().unwrap();
    assert_eq!(panel.each.as_deref(), Some("vars.members"));
    assert_eq!(panel.until.as_deref(), Some("nrOfCompletedInstances / nrOfInstances >= 0.5"));
    assert_eq!(camunda.variables.keys().collect::<Vec<_>>(), ["DataObject_1"]);
    let flowable = parse(include_str!("../../tests/models/flowable.bpmn")).unwrap();
    let caught = Trigger::Error(Some("MISMATCH".into()));
    assert_eq!(flowable.elements["caught"].trigger(), Some(&caught));
    assert!(caught.catches(&Throw::Error("MISMATCH".into())));
    assert_eq!(flowable.elements["look"].scope.as_deref(), Some("visit"));
    let plain = parse(include_str!("../../tests/models/bpmn_io.bpmn")).unwrap();
    assert_eq!(plain.elements["Activity_1"].kind, Kind::Manual);
    assert_eq!(plain.flows["Flow_b"].condition.as_deref(), Some("record.rent > 100"));
}
