//! “Did you mean”: the known name nearest to a wrong one.

/// Most names compared for one hint.
const NAMES_MAX: usize = 10_000;
/// Longest name worth comparing, in bytes.
const NAME_BYTES_MAX: usize = 100;

/// A clause to append to a message, empty when nothing known is near.
pub(crate) fn hint<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    if wrong.is_empty() || wrong.len() > NAME_BYTES_MAX {
        return String::new();
    }
    let length = wrong.chars().count();
    let far = (length / 3).clamp(1, 4);
    known
        .into_iter()
        .take(NAMES_MAX)
        .filter(|name| name.len() <= NAME_BYTES_MAX && name.chars().count().abs_diff(length) <= far)
        .map(|name| (strsim::damerau_levenshtein(wrong, name), name))
        .filter(|(distance, _)| *distance <= far)
        .min()
        .map_or_else(String::new, |(_, name)| format!("，是否为“{name}”？"))
}

#[cfg(test)]
mod tests {
    use super::hint;

    #[test]
    fn the_nearest_name_is_proposed_and_a_far_one_is_not() {
        assert_eq!(hint("titel", ["type", "title"]), "，是否为“title”？");
        assert_eq!(hint("colour", ["type", "title"]), "");
    }
}
