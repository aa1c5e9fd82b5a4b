//! Events on activities: each trigger on each kind of activity, ending it or not.

use anju_records::{Actor, Object};
use anju_store::on_both_databases;
use anju_store::testing::TestDatabase;
use serde_json::{Value, json};

use crate::desk::Desk;
use crate::run;

/// An activity `h`, and where the tokens, tasks and waits of it are while it is at work.
struct Host {
    key: &'static str,
    body: &'static str,
    at: &'static str,
    tasks: &'static str,
    waits: &'static str,
}

const HOSTS: [Host; 6] = [
    Host { key: "task", body: "<userTask id='h'/>", at: "h", tasks: "h", waits: "" },
    Host { key: "service", body: "<serviceTask id='h'/>", at: "h", tasks: "", waits: "" },
    Host {
        key: "receive",
        body: "<receiveTask id='h' messageRef='来'/>",
        at: "h",
        tasks: "",
        waits: "message 来@h",
    },
    Host {
        key: "sub",
        body: "<subProcess id='h'><startEvent id='hs'/><userTask id='ha'/><endEvent id='he'/>{hs > ha > he}</subProcess>",
        at: "h ha",
        tasks: "ha",
        waits: "",
    },
    Host {
        key: "call",
        body: "<callActivity id='h' calledElement='t.called'/>",
        at: "h",
        tasks: "",
        waits: "",
    },
    Host {
        key: "several",
        body: "<userTask id='h'><multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics></userTask>",
        at: "h h h",
        tasks: "h h",
        waits: "",
    },
];

/// How an event is written, how it is shown while it is waited for, and whether it stays when it has happened beside.
const TRIGGERS: [(&str, &str, &str, bool); 4] = [
    ("timer", "@timer(PT1H)", "", false),
    ("message", "@message(信)", "message 信@x", true),
    ("signal", "@signal(令)", "signal 令@x", true),
    ("condition", "@when(record.kind == 'x')", "condition@x", false),
];

fn shown(at: &str, tasks: &str, waits: &[&str], timer: bool) -> String {
    let sorted = |text: &str| {
        let mut words: Vec<&str> = text.split(' ').filter(|word| !word.is_empty()).collect();
        words.sort_unstable();
        words.join(" ")
    };
    let mut waits: Vec<&str> = waits.iter().copied().filter(|wait| !wait.is_empty()).collect();
    waits.sort_unstable();
    let timer = if timer { "x" } else { "" };
    let parts = [
        ("at", sorted(at)),
        ("tasks", sorted(tasks)),
        ("waits", waits.join(" ")),
        ("timers", timer.to_owned()),
    ];
    let parts = parts.iter().filter(|(_, list)| !list.is_empty());
    parts.map(|(word, list)| format!("{word} {list}")).collect::<Vec<_>>().join("; ")
}

fn process(host: &Host, event: &str, cancels: bool) -> String {
    format!(
        "<startEvent id='s'/>{}<boundaryEvent id='x' attachedToRef='h' cancelActivity='{cancels}'>{event}</boundaryEvent>\
         <userTask id='b'/><endEvent id='e'/><endEvent id='eb'/>{{s > h > e; x > b > eb}}",
        host.body
    )
}

async fn happens(desk: &Desk, trigger: &str) {
    match trigger {
        "timer" => assert_eq!(desk.hours(1).await, 1),
        "message" => assert_eq!(desk.tell("信", json!({})).await.unwrap(), 1),
        "signal" => {
            assert_eq!(run!(desk, signal_all(&Actor::system("测试"), "令", Object::new())).unwrap(), 1);
            assert_eq!(desk.deliver().await, 1);
        }
        _ => desk.record(json!({"kind": "x"})).await,
    }
}

async fn finish(desk: &Desk, host: &str) {
    match host {
        "task" => desk.complete("h", "done").await,
        "several" => {
            desk.complete("h", "done").await;
            desk.complete("h", "done").await;
        }
        "sub" => desk.complete("ha", "done").await,
        "call" => desk.complete("ca", "done").await,
        "service" => run!(desk, signal(&desk.instance, "h", Object::new())).unwrap(),
        _ => assert_eq!(desk.tell("来", json!({})).await.unwrap(), 1),
    }
}

const CALLED: &str = "<startEvent id='s'/><userTask id='ca'/><endEvent id='e'/>{s > ca > e}";

fn bound(host: &Host) -> Value {
    match host.key {
        "service" => json!({"services": {"h": {"wait": true, "effects": []}}}),
        _ => json!({}),
    }
}

/// All hosts with one trigger.
async fn desk_of(db: TestDatabase, event: &str, cancels: bool) -> Desk {
    let bodies: Vec<String> = HOSTS.iter().map(|host| process(host, event, cancels)).collect();
    let mut all: Vec<(&str, &str, Value)> = vec![("called", CALLED, json!({}))];
    all.extend(HOSTS.iter().zip(&bodies).map(|(host, body)| (host.key, body.as_str(), bound(host))));
    Desk::of(db, &all).await
}

async fn ends_what_it_stands_on(db: TestDatabase, trigger: usize) {
    let (name, event, wait, _) = TRIGGERS[trigger];
    let mut desk = desk_of(db, event, true).await;
    let timed = name == "timer";
    for host in &HOSTS {
        let waiting = shown(host.at, host.tasks, &[host.waits, wait], timed);
        desk.begin(host.key, json!({})).await;
        assert_eq!(desk.now().await, waiting, "{}", host.key);
        happens(&desk, name).await;
        assert_eq!(desk.now().await, "at b; tasks b", "{}", host.key);
        if host.key == "call" {
            assert_eq!(desk.now_of(&desk.latest("called").await).await, "terminated");
        }
        desk.complete("b", "done").await;
        assert_eq!(desk.now().await, "completed eb", "{}", host.key);

        desk.begin(host.key, json!({})).await;
        finish(&desk, host.key).await;
        assert_eq!(desk.now().await, "completed e", "{}: it did not happen", host.key);

        desk.begin(host.key, json!({})).await;
        desk.withdraw().await;
    }
}

async fn happens_beside_what_it_stands_on(db: TestDatabase, trigger: usize) {
    let (name, event, wait, stays) = TRIGGERS[trigger];
    let mut desk = desk_of(db, event, false).await;
    for host in &HOSTS {
        desk.begin(host.key, json!({})).await;
        happens(&desk, name).await;
        let (at, tasks) = (format!("{} b", host.at), format!("{} b", host.tasks));
        let wait = if stays { wait } else { "" };
        assert_eq!(desk.now().await, shown(&at, &tasks, &[host.waits, wait], false), "{}", host.key);
        finish(&desk, host.key).await;
        assert_eq!(desk.now().await, "at b; tasks b", "{}", host.key);
        desk.complete("b", "done").await;
        assert!(desk.now().await.starts_with("completed"), "{}", host.key);
    }
}

macro_rules! for_each_trigger {
    ($($name:ident = $what:ident($trigger:expr)),+ $(,)?) => {
        $(async fn $name(db: TestDatabase) { $what(db, $trigger).await; })+
        on_both_databases!($($name),+);
    };
}

for_each_trigger!(
    a_timer_ends_what_it_stands_on = ends_what_it_stands_on(0),
    a_message_ends_what_it_stands_on = ends_what_it_stands_on(1),
    a_signal_ends_what_it_stands_on = ends_what_it_stands_on(2),
    a_condition_ends_what_it_stands_on = ends_what_it_stands_on(3),
    a_timer_happens_beside_what_it_stands_on = happens_beside_what_it_stands_on(0),
    a_message_happens_beside_what_it_stands_on = happens_beside_what_it_stands_on(1),
    a_signal_happens_beside_what_it_stands_on = happens_beside_what_it_stands_on(2),
    a_condition_happens_beside_what_it_stands_on = happens_beside_what_it_stands_on(3),
);
