//! Search in names and addresses: texts and what is looked for become pairs of neighbouring characters, which an
//! index finds at any size and in any language without word boundaries; names of two characters are one pair.

use crate::{Error, Result};

/// Characters of a field that are searched at most; names and addresses are shorter.
const CHARACTERS_MAX: usize = 500;
/// Longest text to look for, in characters.
const TEXT_MAX: usize = 100;
/// Most words of a search.
const TERMS_MAX: usize = 8;
/// Between the tokens of two fields, so that nothing is found across them. No token is equal to it.
const BOUNDARY: &str = "|";
/// Changes when the same text gives other tokens.
pub(crate) const VERSION: u32 = 1;

/// One word of a search; all words must be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Term {
    /// As the user wrote it.
    pub text: String,
    /// Pairs in order; a single character when the word has no more.
    pub tokens: Vec<String>,
}

impl Term {
    /// Whether an index can find it.
    pub(crate) fn is_pair(&self) -> bool {
        self.tokens.first().is_some_and(|token| token.chars().count() > 1)
    }
}

/// The tokens of a record's fields, as they lie in its column; `None` when there are none.
pub(crate) fn tokens_of<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> Option<String> {
    let mut column = String::new();
    for text in texts {
        let mut separator = if column.is_empty() { "" } else { BOUNDARY };
        for token in tokens(text.as_ref(), CHARACTERS_MAX) {
            if !separator.is_empty() {
                column.push(' ');
                column.push_str(separator);
            }
            if !column.is_empty() {
                column.push(' ');
            }
            column.push_str(&token);
            separator = "";
        }
    }
    (!column.is_empty()).then_some(column)
}

/// What a user looks for.
pub(crate) fn terms(text: &str) -> Result<Vec<Term>> {
    let refuse = |message: String| Error::invalid("search", "length", message);
    if text.chars().count() > TEXT_MAX {
        return Err(refuse(format!("搜索内容不能超过 {TEXT_MAX} 个字")));
    }
    let words =
        text.split_whitespace().map(|word| Term { text: word.to_owned(), tokens: tokens(word, TEXT_MAX) });
    let terms: Vec<Term> = words.filter(|term| !term.tokens.is_empty()).collect();
    if terms.len() > TERMS_MAX {
        return Err(refuse(format!("搜索内容不能超过 {TERMS_MAX} 个词")));
    }
    match terms.iter().any(Term::is_pair) {
        true => Ok(terms),
        false => Err(refuse("请至少输入两个字".to_owned())),
    }
}

/// Pairs of neighbouring letters and digits, in capitals and plain width; whatever stands between them is passed over.
fn tokens(text: &str, characters_max: usize) -> Vec<String> {
    let plain = anju_crypto::normalise(text);
    let characters: Vec<char> = plain.chars().filter(|c| c.is_alphanumeric()).take(characters_max).collect();
    match characters.as_slice() {
        [] => Vec::new(),
        [only] => vec![only.to_string()],
        many => many.windows(2).map(String::from_iter).collect(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn texts_become_pairs() {
        assert_eq!(tokens_of(["张三"]).as_deref(), Some("张三"));
        assert_eq!(tokens_of(["张三丰", "浦东 a-1号"]).as_deref(), Some("张三 三丰 | 浦东 东A A1 1号"));
        assert_eq!(tokens_of(["李", "ｂ２"]).as_deref(), Some("李 | B2"));
        assert_eq!(tokens_of(["", "—— ", "李"]).as_deref(), Some("李"));
        assert_eq!(tokens_of(["", "|"]), None);
    }

    #[test]
    fn a_search_is_words_of_two_characters_or_more() {
        let found = terms(" 张三丰 东 ").unwrap();
        assert_eq!(found[0].tokens, ["张三", "三丰"]);
        assert_eq!((found[1].text.as_str(), found[1].is_pair()), ("东", false));
        for refused in ["", "张", "张 李", "。。", &"张".repeat(101), "ab ".repeat(9).as_str()] {
            assert!(terms(refused).is_err(), "{refused}");
        }
    }

    proptest! {
        /// Every part of a text of two or more characters is among its tokens.
        #[test]
        fn a_part_of_a_text_is_found_in_its_tokens(text in "[a-zA-Z0-9张三李四 ，路弄]{2,40}", from in 0usize..20, length in 2usize..10) {
            let part: String = text.chars().skip(from).take(length).filter(|c| c.is_alphanumeric()).collect();
            prop_assume!(part.chars().count() >= 2);
            let column = format!(" {} ", tokens_of([text.as_str()]).unwrap_or_default());
            let wanted = format!(" {} ", terms(&part).unwrap()[0].tokens.join(" "));
            prop_assert!(column.contains(&wanted), "{column:?} {wanted:?}");
        }
    }
}
