//! YAML text to a tree of nodes that know their lines. Stops at a syntax error only; everything else that
//! the definition language does not allow (anchors, tags, duplicate keys) is noted and passed over.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use saphyr_parser::{Event, Parser, ScalarStyle};
use serde_json::{Number, Value};

/// Deepest nesting of a definition.
pub(crate) const DEPTH_MAX: usize = 40;
/// Most faults reported of one file.
pub(crate) const FAULTS_MAX: usize = 200;

#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub line: u32,
    pub content: Content,
}

#[derive(Debug, Clone)]
pub(crate) enum Content {
    /// `plain` text may be read as a number, boolean or null; quoted text may not.
    Scalar {
        text: String,
        plain: bool,
    },
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

#[derive(Debug, Clone)]
pub(crate) struct Key {
    pub text: String,
    pub line: u32,
}

/// A fault in the YAML itself: line, code, message.
pub(crate) type Fault = (u32, &'static str, String);

/// The tree of the first document (none if the text is empty or broken) and all faults found.
pub(crate) fn read(text: &str) -> (Option<Node>, Vec<Fault>) {
    let mut builder = Builder::default();
    for event in Parser::new_from_str(text) {
        match event {
            Ok((event, span)) => {
                let line = u32::try_from(span.start.line()).unwrap_or(u32::MAX);
                if builder.take(event, line).is_err() {
                    return (None, builder.faults);
                }
            }
            Err(error) => {
                let line = u32::try_from(error.marker().line()).unwrap_or(u32::MAX).max(1);
                builder.fault(line, "yaml_syntax", format!("YAML 语法错误：{}", error.info()));
                return (None, builder.faults);
            }
        }
    }
    (builder.root, builder.faults)
}

#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    root: Option<Node>,
    documents: usize,
    faults: Vec<Fault>,
}

struct Open {
    line: u32,
    content: Content,
    /// The key whose value comes next; its node is dropped when the key is a duplicate.
    key: Option<(Key, Repeated)>,
    seen: HashMap<String, u32>,
}

type Repeated = bool;

/// The text is given up: what follows would only repeat the fault.
struct GivenUp;

impl Builder {
    fn take(&mut self, event: Event<'_>, line: u32) -> Result<(), GivenUp> {
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents > 1 {
                    self.fault(line, "second_document", "一个文件只能有一个定义".into());
                    return Err(GivenUp);
                }
            }
            Event::Alias(_) => {
                self.fault(line, "anchor", "定义文件不支持 YAML 锚点和引用（& 与 *）".into());
                self.add(Node { line, content: Content::Scalar { text: String::new(), plain: true } });
            }
            Event::Scalar(text, style, anchor, tag) => {
                self.note(anchor, tag.is_some(), line);
                let plain = style == ScalarStyle::Plain;
                self.scalar(text, plain, line);
            }
            Event::SequenceStart(anchor, tag) => {
                self.note(anchor, tag.is_some(), line);
                self.begin(Content::List(Vec::new()), line)?;
            }
            Event::MappingStart(anchor, tag) => {
                self.note(anchor, tag.is_some(), line);
                self.begin(Content::Map(Vec::new()), line)?;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(open) = self.open.pop() {
                    self.add(Node { line: open.line, content: open.content });
                }
            }
        }
        Ok(())
    }

    fn fault(&mut self, line: u32, code: &'static str, message: String) {
        if self.faults.len() < FAULTS_MAX {
            self.faults.push((line, code, message));
        }
    }

    fn note(&mut self, anchor: usize, tagged: bool, line: u32) {
        if anchor != 0 {
            self.fault(line, "anchor", "定义文件不支持 YAML 锚点和引用（& 与 *）".into());
        }
        if tagged {
            self.fault(line, "tag", "定义文件不支持 YAML 标签（!）".into());
        }
    }

    fn begin(&mut self, content: Content, line: u32) -> Result<(), GivenUp> {
        if self.open.len() >= DEPTH_MAX {
            self.fault(line, "too_deep", format!("嵌套超过 {DEPTH_MAX} 层"));
            return Err(GivenUp);
        }
        if matches!(self.open.last(), Some(Open { content: Content::Map(_), key: None, .. })) {
            self.fault(line, "yaml_key", "键只能是文字".into());
            return Err(GivenUp);
        }
        self.open.push(Open { line, content, key: None, seen: HashMap::new() });
        Ok(())
    }

    fn scalar(&mut self, text: Cow<'_, str>, plain: bool, line: u32) {
        let text = text.into_owned();
        if let Some(Open { content: Content::Map(_), key: key @ None, seen, .. }) = self.open.last_mut() {
            let first = seen.get(&text).copied();
            let fault = first.map(|first| format!("键“{text}”重复，前一处在第 {first} 行"));
            if first.is_none() {
                seen.insert(text.clone(), line);
            }
            *key = Some((Key { text, line }, first.is_some()));
            if let Some(message) = fault {
                self.fault(line, "duplicate_key", message);
            }
            return;
        }
        self.add(Node { line, content: Content::Scalar { text, plain } });
    }

    fn add(&mut self, node: Node) {
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open { content: Content::List(items), .. }) => items.push(node),
            Some(Open { content: Content::Map(entries), key, .. }) => match key.take() {
                // Of duplicates the first stays; the fault is already noted.
                Some((_, true)) => {}
                Some((key, false)) => entries.push((key, node)),
                // An alias used as a key; noted too.
                None => *key = Some((Key { text: String::new(), line: node.line }, true)),
            },
            Some(Open { content: Content::Scalar { .. }, .. }) => {}
        }
    }
}

impl Node {
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        match &self.content {
            Content::Map(entries) => entries.iter().find(|(k, _)| k.text == key).map(|(_, node)| node),
            _ => None,
        }
    }

    /// The text of a scalar as it is written.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(&self.content, Content::Scalar { text, plain: true } if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }

    /// The value by the core schema of YAML 1.2.
    pub(crate) fn value(&self) -> Value {
        match &self.content {
            Content::Scalar { text, plain } => {
                if self.is_null() {
                    Value::Null
                } else if *plain {
                    plain_value(text)
                } else {
                    Value::String(text.clone())
                }
            }
            Content::List(items) => Value::Array(items.iter().map(Node::value).collect()),
            Content::Map(entries) => {
                Value::Object(entries.iter().map(|(key, node)| (key.text.clone(), node.value())).collect())
            }
        }
    }

    /// The lines of all parts below `path`.
    pub(crate) fn lines(&self, path: &str, into: &mut BTreeMap<String, u32>) {
        into.entry(path.to_owned()).or_insert(self.line);
        match &self.content {
            Content::Scalar { .. } => {}
            Content::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    item.lines(&join(path, &index.to_string()), into);
                }
            }
            Content::Map(entries) => {
                for (key, node) in entries {
                    let path = join(path, &key.text);
                    into.insert(path.clone(), key.line);
                    node.lines(&path, into);
                }
            }
        }
    }
}

pub(crate) fn join(path: &str, part: &str) -> String {
    if path.is_empty() { part.to_owned() } else { format!("{path}/{part}") }
}

fn plain_value(text: &str) -> Value {
    match text {
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !digits.starts_with(|c: char| c.is_ascii_digit()) {
        return Value::String(text.to_owned());
    }
    if let Ok(number) = text.parse::<i64>() {
        return Value::from(number);
    }
    let numeric = digits.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-'));
    match text.parse::<f64>().ok().filter(|_| numeric).and_then(Number::from_f64) {
        Some(number) => Value::Number(number),
        None => Value::String(text.to_owned()),
    }
}
