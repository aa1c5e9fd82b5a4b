//! A short list of tags, read strictly: whatever is not on it is refused, not repaired. What is written again
//! is well formed and holds nothing that a browser would run.

/// Deepest nesting of tags.
const DEPTH_MAX: usize = 24;
/// Most tags and texts.
const PIECES_MAX: usize = 20_000;
/// Longest address of a link in bytes.
const LINK_BYTES_MAX: usize = 1_000;

/// A tag that may stand in a text.
#[derive(Debug, PartialEq, Eq)]
struct Tag {
    name: &'static str,
    /// What it is called by others: `b` for `strong`.
    alias: &'static str,
    /// Tags it must stand in directly; empty: any.
    within: &'static [&'static str],
    attributes: &'static [&'static str],
    /// Has no end.
    void: bool,
    /// Ends a line when read as plain text.
    block: bool,
}

const INLINE: Tag = Tag { name: "", alias: "", within: &[], attributes: &[], void: false, block: false };
const BLOCK: Tag = Tag { block: true, ..INLINE };
const CELL: Tag = Tag { within: &["tr"], attributes: &["colspan", "rowspan"], ..BLOCK };

static TAGS: [Tag; 23] = [
    Tag { name: "p", alias: "div", ..BLOCK },
    Tag { name: "h2", alias: "h1", ..BLOCK },
    Tag { name: "h3", ..BLOCK },
    Tag { name: "h4", ..BLOCK },
    Tag { name: "blockquote", ..BLOCK },
    Tag { name: "ul", ..BLOCK },
    Tag { name: "ol", ..BLOCK },
    Tag { name: "li", within: &["ul", "ol"], ..BLOCK },
    Tag { name: "table", ..BLOCK },
    Tag { name: "thead", within: &["table"], ..BLOCK },
    Tag { name: "tbody", within: &["table"], ..BLOCK },
    Tag { name: "tr", within: &["table", "thead", "tbody"], ..BLOCK },
    Tag { name: "th", ..CELL },
    Tag { name: "td", ..CELL },
    Tag { name: "hr", void: true, ..BLOCK },
    Tag { name: "br", void: true, ..BLOCK },
    Tag { name: "strong", alias: "b", ..INLINE },
    Tag { name: "em", alias: "i", ..INLINE },
    Tag { name: "u", ..INLINE },
    Tag { name: "s", alias: "del", ..INLINE },
    Tag { name: "sub", ..INLINE },
    Tag { name: "sup", ..INLINE },
    Tag { name: "a", attributes: &["href"], ..INLINE },
];

/// A part of a text.
#[derive(Debug)]
pub(crate) enum Piece {
    Open { tag: &'static str, attributes: Vec<(&'static str, String)>, void: bool, block: bool },
    Close { tag: &'static str, block: bool },
    Text(String),
}

impl Piece {
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Whether a reader of the plain text goes on below.
    pub(crate) fn ends_line(&self) -> bool {
        match self {
            Self::Open { void, block, .. } => *void && *block,
            Self::Close { block, .. } => *block,
            Self::Text(_) => false,
        }
    }

    /// In the one form in which it is kept.
    pub(crate) fn write(&self, out: &mut String) {
        match self {
            Self::Text(text) => out.push_str(&escaped(text)),
            Self::Close { tag, .. } => {
                out.push_str("</");
                out.push_str(tag);
                out.push('>');
            }
            Self::Open { tag, attributes, .. } => {
                out.push('<');
                out.push_str(tag);
                for (name, value) in attributes {
                    out.push_str(&format!(" {name}=\"{}\"", escaped(value)));
                }
                out.push('>');
            }
        }
    }
}

/// Text as markup that shows it.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            other => out.push(other),
        }
    }
    out
}

/// The parts of a text, or why it is refused, in Chinese.
pub(crate) fn read(markup: &str) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut open: Vec<&'static Tag> = Vec::new();
    let mut rest = markup;
    while !rest.is_empty() {
        if pieces.len() >= PIECES_MAX {
            return Err("内容过于复杂".to_owned());
        }
        let Some(inside) = rest.strip_prefix('<') else {
            let end = rest.find('<').unwrap_or(rest.len());
            pieces.push(Piece::Text(plain(&rest[..end])?));
            rest = &rest[end..];
            continue;
        };
        let end = inside.find('>').ok_or("有未写完的标签")?;
        let tag = &inside[..end];
        rest = &inside[end + 1..];
        match tag.strip_prefix('/') {
            Some(name) => pieces.push(close(name.trim(), &mut open)?),
            None => pieces.push(begin(tag, &mut open)?),
        }
    }
    match open.last() {
        Some(tag) => Err(format!("标签 <{}> 没有结束", tag.name)),
        None => Ok(pieces),
    }
}

fn begin(text: &str, open: &mut Vec<&'static Tag>) -> Result<Piece, String> {
    let text = text.strip_suffix('/').unwrap_or(text).trim();
    let (name, attributes) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let tag = named(name)?;
    let around = open.last().map_or("", |around| around.name);
    if !tag.within.is_empty() && !tag.within.contains(&around) {
        return Err(format!("标签 <{}> 的位置不对", tag.name));
    }
    if tag.name == "a" && open.iter().any(|outer| outer.name == "a") {
        return Err("链接中不能再有链接".to_owned());
    }
    if open.len() >= DEPTH_MAX {
        return Err("标签嵌套过深".to_owned());
    }
    let attributes = read_attributes(tag, attributes)?;
    if !tag.void {
        open.push(tag);
    }
    Ok(Piece::Open { tag: tag.name, attributes, void: tag.void, block: tag.block })
}

fn close(name: &str, open: &mut Vec<&'static Tag>) -> Result<Piece, String> {
    let tag = named(name)?;
    match open.pop() {
        Some(last) if last.name == tag.name => Ok(Piece::Close { tag: tag.name, block: tag.block }),
        _ => Err(format!("标签 </{}> 没有对应的开始", tag.name)),
    }
}

fn named(name: &str) -> Result<&'static Tag, String> {
    let name = name.to_ascii_lowercase();
    let found = TAGS.iter().find(|tag| tag.name == name || (!tag.alias.is_empty() && tag.alias == name));
    found.ok_or_else(|| format!("不能使用标签 <{}>", name.chars().take(20).collect::<String>()))
}

/// `name="value"` one after another.
fn read_attributes(tag: &Tag, text: &str) -> Result<Vec<(&'static str, String)>, String> {
    let mut found: Vec<(&'static str, String)> = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let wrong = || format!("标签 <{}> 的属性写法不对", tag.name);
        let (name, after) = rest.split_once('=').ok_or_else(wrong)?;
        let name = name.trim();
        let after = after.trim_start();
        let quote = after.chars().next().filter(|c| matches!(c, '"' | '\'')).ok_or_else(wrong)?;
        let (value, after) = after[1..].split_once(quote).ok_or_else(wrong)?;
        let known = tag.attributes.iter().find(|known| known.eq_ignore_ascii_case(name));
        let known = known.ok_or_else(|| {
            format!("标签 <{}> 不能有属性“{}”", tag.name, name.chars().take(20).collect::<String>())
        })?;
        if found.iter().any(|(earlier, _)| earlier == known) {
            return Err(wrong());
        }
        found.push((known, attribute(known, &plain(value)?)?));
        rest = after.trim_start();
    }
    Ok(found)
}

fn attribute(name: &str, value: &str) -> Result<String, String> {
    let value = value.trim();
    let fits = match name {
        "href" => {
            let web = value.starts_with("https://") || value.starts_with("http://");
            web && value.len() <= LINK_BYTES_MAX
                && !value.chars().any(|c| c.is_whitespace() || c.is_control())
        }
        _ => value.parse::<u8>().is_ok_and(|cells| (1..=50).contains(&cells)),
    };
    match (fits, name) {
        (true, _) => Ok(value.to_owned()),
        (false, "href") => Err("链接应以 https:// 或 http:// 开头".to_owned()),
        (false, _) => Err("合并单元格数应在 1 至 50 之间".to_owned()),
    }
}

/// Text without escapes.
fn plain(text: &str) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        let (name, after) = rest[at + 1..].split_once(';').ok_or("“&”应写作 &amp;")?;
        out.push(match name {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" | "#39" => '\'',
            "nbsp" => '\u{a0}',
            _ => return Err(format!("不认识的字符写法 &{};", name.chars().take(10).collect::<String>())),
        });
        rest = after;
    }
    out.push_str(rest);
    match out.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        true => Err("含有不可见字符".to_owned()),
        false => Ok(out),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn kept(markup: &str) -> Result<String, String> {
        let mut out = String::new();
        read(markup)?.iter().for_each(|piece| piece.write(&mut out));
        Ok(out)
    }

    #[test]
    fn tags_on_the_list_are_kept_in_one_form() {
        for (typed, written) in [
            ("<P>甲<BR/>乙</P>", "<p>甲<br>乙</p>"),
            ("<div><b>甲</b><i>乙</i></div>", "<p><strong>甲</strong><em>乙</em></p>"),
            ("<a href='https://x.cn/?a=1&amp;b=2'>甲</a>", "<a href=\"https://x.cn/?a=1&amp;b=2\">甲</a>"),
            (
                "<table><tr><td colspan=\"2\">1 &lt; 2</td></tr></table>",
                "<table><tr><td colspan=\"2\">1 &lt; 2</td></tr></table>",
            ),
            ("甲&nbsp;乙>丙", "甲\u{a0}乙&gt;丙"),
        ] {
            assert_eq!(kept(typed).as_deref(), Ok(written), "{typed}");
        }
    }

    #[test]
    fn everything_else_is_refused_with_a_reason() {
        for (typed, word) in [
            ("<script>alert(1)</script>", "<script>"),
            ("<img src=x onerror=alert(1)>", "<img>"),
            ("<svg/onload=alert(1)>", "<svg"),
            ("<p onclick=\"alert(1)\">甲</p>", "onclick"),
            ("<p style=\"x\">甲</p>", "style"),
            ("<a href=\"javascript:alert(1)\">甲</a>", "https"),
            ("<a href=\" JaVaScript&#58;x\">甲</a>", "&#58;"),
            ("<a href=\"https://x.cn\"><a href=\"https://y.cn\">甲</a></a>", "链接"),
            ("<p>甲", "没有结束"),
            ("<p>甲</strong></p>", "没有对应的开始"),
            ("<p", "未写完"),
            ("<li>甲</li>", "位置"),
            ("<td>甲</td>", "位置"),
            ("甲 & 乙", "&amp;"),
            ("<!-- 甲 -->", "标签"),
            ("<td colspan=\"9999\">", "位置"),
            ("<p>\u{0}</p>", "不可见"),
        ] {
            let why = kept(typed).unwrap_err();
            assert!(why.contains(word), "{typed}: {why}");
        }
        assert!(kept(&"<blockquote>".repeat(30)).is_err());
    }

    proptest! {
        #[test]
        fn what_is_kept_is_kept_as_it_is_and_holds_no_other_tag(
            pieces in prop::collection::vec(prop::sample::select(vec![
                "<p>", "</p>", "<b>", "</b>", "<ul>", "<li>", "</li>", "</ul>", "<br>", "<a href='https://a.cn'>", "</a>", "甲",
                "&lt;", "&", "<script>", "\"", "'", ">", "<", "<table><tr><td>", "</td></tr></table>", " onload=\"x\"",
            ]), 0..14),
        ) {
            if let Ok(once) = kept(&pieces.concat()) {
                prop_assert!(!once.contains("<script") && !once.contains("<p onload"));
                prop_assert_eq!(kept(&once), Ok(once.clone()));
            }
        }

        #[test]
        fn any_text_is_judged_without_panic(text in "\\PC{0,80}") {
            let _ = kept(&text);
        }
    }
}
