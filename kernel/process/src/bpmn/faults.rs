//! Every fault of a diagram is named with its element and line.

use super::parse;

/// A whole diagram with the default namespace; what is given begins on line 3.
fn diagram(body: &str) -> String {
    format!(
        "<definitions xmlns='http://www.omg.org/spec/BPMN/20100524/MODEL'>\n<process id='p'>\n{body}\n</process></definitions>"
    )
}

fn faults(body: &str) -> Vec<String> {
    match parse(&diagram(body)) {
        Ok(_) => Vec::new(),
        Err(errors) => errors.iter().map(ToString::to_string).collect(),
    }
}

/// From a start to an end, with a place in between for what is tried, which is on line 4.
fn with(tried: &str, flows: &[(&str, &str)]) -> String {
    let flow = |(from, to): &(&str, &str)| {
        format!("<sequenceFlow id='{from}-{to}' sourceRef='{from}' targetRef='{to}'/>")
    };
    let flows: String = flows.iter().map(flow).collect();
    format!("<startEvent id='s'/><userTask id='a'/><endEvent id='e'/>\n{tried}\n{flows}")
}

const LINE: [(&str, &str); 2] = [("s", "a"), ("a", "e")];
const THROUGH: [(&str, &str); 4] = [("s", "a"), ("a", "x"), ("x", "e"), ("x", "e2")];

/// The fault comes first, or only, with what is tried.
fn only(tried: &str, flows: &[(&str, &str)], cause: &str) {
    let found = faults(&with(tried, flows));
    let wanted = format!("第 4 行：“x”：{cause}");
    assert!(found.contains(&wanted), "{wanted}\n{found:#?}");
}

#[test]
fn faults_of_events_are_named() {
    let three = [("s", "x"), ("x", "a"), ("a", "e")];
    for (tried, cause) in [
        ("<intermediateCatchEvent id='x'/>", "中间捕获事件应写明等待什么"),
        (
            "<intermediateCatchEvent id='x'><errorEventDefinition/></intermediateCatchEvent>",
            "错误和升级只能由边界事件或事件子流程捕获",
        ),
        (
            "<intermediateCatchEvent id='x'><escalationEventDefinition/></intermediateCatchEvent>",
            "错误和升级只能由边界事件或事件子流程捕获",
        ),
        (
            "<intermediateCatchEvent id='x'><terminateEventDefinition/></intermediateCatchEvent>",
            "终止只能用在结束事件上",
        ),
        (
            "<intermediateCatchEvent id='x'><messageEventDefinition/></intermediateCatchEvent>",
            "事件没有写明消息（messageRef）",
        ),
        (
            "<intermediateCatchEvent id='x'><signalEventDefinition/></intermediateCatchEvent>",
            "事件没有写明信号（signalRef）",
        ),
        (
            "<intermediateCatchEvent id='x'><conditionalEventDefinition/></intermediateCatchEvent>",
            "条件事件没有条件（condition）",
        ),
        (
            "<intermediateCatchEvent id='x'><messageEventDefinition messageRef='m'/><signalEventDefinition signalRef='g'/></intermediateCatchEvent>",
            "一个事件只能有一个定义",
        ),
        (
            "<intermediateCatchEvent id='x'><timerEventDefinition/></intermediateCatchEvent>",
            "定时器应写明时长（timeDuration）、日期（timeDate）或重复（timeCycle）之一",
        ),
        (
            "<intermediateCatchEvent id='x'><timerEventDefinition><timeDuration>soon</timeDuration></timerEventDefinition></intermediateCatchEvent>",
            "“soon”不是 ISO 8601 时长",
        ),
        (
            "<intermediateCatchEvent id='x'><timerEventDefinition><timeDuration>P0WD</timeDuration></timerEventDefinition></intermediateCatchEvent>",
            "定时器可等待 1 至 3660 个工作日，不能是 0",
        ),
        (
            "<intermediateCatchEvent id='x'><timerEventDefinition><timeCycle>R0/PT1H</timeCycle></timerEventDefinition></intermediateCatchEvent>",
            "“R0/PT1H”不是 ISO 8601 重复时长，例如 R3/PT1H",
        ),
        (
            "<intermediateCatchEvent id='x'><timerEventDefinition><timeDate>tomorrow</timeDate></timerEventDefinition></intermediateCatchEvent>",
            "“tomorrow”既不是日期也不是时刻",
        ),
        (
            "<intermediateThrowEvent id='x'><terminateEventDefinition/></intermediateThrowEvent>",
            "只有结束事件可以抛出错误或终止",
        ),
        (
            "<intermediateThrowEvent id='x'><errorEventDefinition errorRef='E'/></intermediateThrowEvent>",
            "只有结束事件可以抛出错误或终止",
        ),
        (
            "<intermediateThrowEvent id='x'><messageEventDefinition/></intermediateThrowEvent>",
            "事件没有写明消息、信号、错误或升级的名称",
        ),
        (
            "<intermediateThrowEvent id='x'><timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition></intermediateThrowEvent>",
            "这种事件只能等待，不能抛出",
        ),
        ("<boundaryEvent id='x' attachedToRef='a'/>", "边界事件应写明等待什么"),
    ] {
        only(tried, &three, cause);
    }
}

#[test]
fn faults_of_activities_and_gateways_are_named() {
    let three = [("s", "x"), ("x", "a"), ("a", "e")];
    for (tried, cause) in [
        ("<receiveTask id='x'/>", "接收任务没有写明消息（messageRef）"),
        ("<callActivity id='x'/>", "调用活动没有写明流程（calledElement）"),
        ("<eventBasedGateway id='x' instantiate='true'/>", "只支持流程中的、排他的事件网关"),
        ("<eventBasedGateway id='x' eventGatewayType='Parallel'/>", "只支持流程中的、排他的事件网关"),
        (
            "<userTask id='x'><multiInstanceLoopCharacteristics><loopCardinality>1</loopCardinality><loopDataInputRef>vars.x</loopDataInputRef></multiInstanceLoopCharacteristics></userTask>",
            "多实例应写明次数（loopCardinality）或集合之一",
        ),
        ("<userTask id='x'><standardLoopCharacteristics/></userTask>", "不支持“standardLoopCharacteristics”"),
        ("<complexGateway id='x'/>", "不支持“complexGateway”"),
        ("<transaction id='x'/>", "不支持“transaction”"),
        ("<adHocSubProcess id='x'/>", "不支持“adHocSubProcess”"),
        (
            "<manualTask id='x'><multiInstanceLoopCharacteristics><loopCardinality>1</loopCardinality></multiInstanceLoopCharacteristics></manualTask>",
            "只有环节和子流程可以多次办理",
        ),
        ("<exclusiveGateway id='x' default='s-x'/>", "默认流向“s-x”不是它的流出"),
        ("<eventBasedGateway id='x'/>", "事件网关之后应是只由它到达的捕获事件或接收任务，不能是“a”"),
    ] {
        only(tried, &three, cause);
    }
    only(
        "<exclusiveGateway id='x' default='x-e'/><endEvent id='e2'/>",
        &THROUGH,
        "流出 x-e2 没有条件，也不是默认流向",
    );
    let conditional = "<parallelGateway id='x'/><endEvent id='e2'/><sequenceFlow id='c' sourceRef='x' targetRef='e2'><conditionExpression>true</conditionExpression></sequenceFlow>";
    only(conditional, &[("s", "a"), ("a", "x"), ("x", "e")], "只有环节、排他网关和相容网关的流出可以带条件");
    let shared = "<intermediateCatchEvent id='c'><messageEventDefinition messageRef='m'/></intermediateCatchEvent><eventBasedGateway id='x'/>";
    let twice = [("s", "a"), ("a", "x"), ("x", "c"), ("a", "c"), ("c", "e")];
    only(shared, &twice, "事件网关之后应是只由它到达的捕获事件或接收任务，不能是“c”");
}

#[test]
fn faults_of_flows_are_named() {
    let flow = |from: &str, to: &str| format!("<sequenceFlow id='x' sourceRef='{from}' targetRef='{to}'/>");
    only(&flow("nobody", "e"), &LINE, "起点“nobody”不存在");
    only(&flow("a", "nobody"), &LINE, "终点“nobody”不存在");
    let sub = "<subProcess id='u'><startEvent id='us'/><endEvent id='ue'/><sequenceFlow id='uf' sourceRef='us' targetRef='ue'/></subProcess>";
    let through = [("s", "a"), ("a", "u"), ("u", "e")];
    only(&format!("{}{sub}", flow("a", "ue")), &through, "流向不能穿过子流程的边界");
    only("<endEvent id='x'/>", &[("s", "a"), ("a", "x"), ("x", "e")], "结束事件不能再有流出");
    only("<userTask id='x'/>", &[("s", "a"), ("a", "e"), ("a", "x")], "没有流出");
    only("<userTask id='x'/>", &[("s", "a"), ("a", "e"), ("x", "e")], "从开始事件到不了这里");
    only(
        "<userTask id='x'/><userTask id='y'/>",
        &[("s", "a"), ("a", "e"), ("a", "x"), ("x", "y"), ("y", "x")],
        "从这里到不了结束事件",
    );
    let timer = "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>";
    let boundary = |on: &str| {
        format!("<boundaryEvent id='x' attachedToRef='{on}'>{timer}</boundaryEvent><manualTask id='m'/>")
    };
    only(
        &boundary("m"),
        &[("s", "a"), ("a", "m"), ("m", "e"), ("x", "e")],
        "边界事件应附在环节上，不能附在“m”上",
    );
    only(
        &boundary("s"),
        &[("s", "a"), ("a", "m"), ("m", "e"), ("x", "e")],
        "边界事件应附在环节上，不能附在“s”上",
    );
    only(&boundary("a"), &[("s", "a"), ("a", "x"), ("x", "m"), ("m", "e"), ("a", "e")], "不能有流向指向它");
}

#[test]
fn faults_of_beginnings_are_named() {
    let start = |definition: &str| format!("<startEvent id='x'>{definition}</startEvent>");
    let beside = [("s", "a"), ("a", "e"), ("x", "e")];
    only(&start("<errorEventDefinition/>"), &beside, "流程不能由错误或升级开始");
    only(&start("<escalationEventDefinition/>"), &beside, "流程不能由错误或升级开始");
    let found = faults(&with(&start(""), &beside));
    assert_eq!(found, ["第 2 行：流程应有一个开始事件，现有 2 个"]);

    let sub = |attributes: &str, start: &str| {
        format!(
            "<subProcess id='x'{attributes}>{start}<endEvent id='ue'/><sequenceFlow id='uf' sourceRef='us' targetRef='ue'/></subProcess>"
        )
    };
    let through = [("s", "a"), ("a", "x"), ("x", "e")];
    let timer = "<startEvent id='us'><timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition></startEvent>";
    only(&sub("", timer), &through, "子流程应恰有一个不带触发条件的开始事件");
    only(&sub("", "<manualTask id='us'/>"), &through, "子流程应恰有一个不带触发条件的开始事件");
    let by_event = " triggeredByEvent='true'";
    only(&sub(by_event, "<startEvent id='us'/>"), &LINE, "事件子流程应恰有一个带触发条件的开始事件");
    only(&sub(by_event, timer), &[("s", "a"), ("a", "e"), ("a", "x")], "不能有流向指向它");
    only(&sub(by_event, timer), &[("s", "a"), ("a", "e"), ("x", "e")], "事件子流程不能有流出");
}

#[test]
fn faults_of_files_are_named() {
    let whole = |xml: &str| parse(xml).unwrap_err().iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(whole("<a/>"), ["第 1 行：不是 BPMN 2.0 文件"]);
    let none = diagram("");
    assert_eq!(whole(&none), ["第 1 行：文件中应有一个流程，现有 0 个"]);
    let two = diagram(&with("", &LINE))
        .replace("</definitions>", "<process id='q'><task id='z'/></process></definitions>");
    assert_eq!(whole(&two), ["第 1 行：文件中应有一个流程，现有 2 个"]);
    let other = diagram(&with("", &LINE)).replace("</definitions>", "\n<choreography id='q'/></definitions>");
    assert_eq!(whole(&other), ["第 7 行：“q”：不支持“choreography”"]);
    assert!(
        faults(&with("<userTask/>", &LINE))
            .iter()
            .any(|fault| fault.starts_with("第 4 行") && fault.ends_with("元素没有 id"))
    );
    assert!(faults(&with("<userTask id='a'/>", &LINE))[0].ends_with("“a”：id “a”重复"));
    let deep =
        (0..13).map(|n| format!("<subProcess id='u{n}'>")).collect::<String>() + &"</subProcess>".repeat(13);
    assert!(faults(&with(&deep, &LINE))[0].ends_with("“u12”：子流程嵌套超过 12 层"));
}
