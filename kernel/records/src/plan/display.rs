use crate::Error;

/// Text with `{path}` placeholders, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Segment {
    Literal(String),
    /// Field names from the entity on, through references.
    Path(Vec<String>),
}

pub(crate) fn parse(template: &str) -> Result<Vec<Segment>, Error> {
    let mut segments = Vec::new();
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        if open > 0 {
            segments.push(Segment::Literal(rest[..open].to_owned()));
        }
        let Some(length) = rest[open..].find('}') else {
            return Err(Error::Internal(format!("unclosed placeholder in {template:?}")));
        };
        let path = &rest[open + 1..open + length];
        segments.push(Segment::Path(path.split('.').map(|name| name.trim().to_owned()).collect()));
        rest = &rest[open + length + 1..];
    }
    if !rest.is_empty() {
        segments.push(Segment::Literal(rest.to_owned()));
    }
    Ok(segments)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_literals_and_paths() {
        let segments = parse("{project.name} 第{no}室").unwrap();
        let path = |names: &[&str]| Segment::Path(names.iter().map(|n| (*n).to_owned()).collect());
        let literal = |text: &str| Segment::Literal(text.to_owned());
        assert_eq!(segments, [path(&["project", "name"]), literal(" 第"), path(&["no"]), literal("室")]);
        assert!(parse("{open").is_err());
    }
}
