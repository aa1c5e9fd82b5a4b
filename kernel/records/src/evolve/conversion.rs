//! Whether values of one field are values of another.

use anju_definitions::FieldType;
use anju_store::Rescale;

use crate::plan::FieldPlan;

/// What has to be done so that stored values mean the same under the new definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Conversion {
    /// Nothing, and the type is the same.
    None,
    /// Nothing: every value of the old type is one of the new.
    Widening,
    /// The whole numbers they lie as are brought to another scale.
    Rescale(Rescale),
    /// There is none.
    Impossible,
}

pub(super) fn conversion(before: &FieldPlan, after: &FieldPlan) -> Conversion {
    use FieldType as T;
    if before.sensitive() != after.sensitive() || before.definition.to != after.definition.to {
        return Conversion::Impossible;
    }
    match (before.kind, after.kind) {
        (T::Integer | T::Decimal, T::Integer | T::Decimal) => rescale(before, after),
        (a, b) if a == b => Conversion::None,
        (
            T::Text
            | T::LongText
            | T::Choice
            | T::Phone
            | T::CreditCode
            | T::IdNumber
            | T::PersonName
            | T::BankCard
            | T::RealEstateCertificate
            | T::Sequence,
            T::Text | T::LongText,
        ) => Conversion::Widening,
        _ => Conversion::Impossible,
    }
}

fn rescale(before: &FieldPlan, after: &FieldPlan) -> Conversion {
    let factor = |places: u32| 10_i64.checked_pow(places);
    let found = match after.scale.cmp(&before.scale) {
        std::cmp::Ordering::Equal if before.kind == after.kind => return Conversion::None,
        std::cmp::Ordering::Equal => return Conversion::Widening,
        std::cmp::Ordering::Greater => factor(after.scale - before.scale).map(Rescale::Multiply),
        std::cmp::Ordering::Less => factor(before.scale - after.scale).map(Rescale::Divide),
    };
    // A sealed value carries its places in its text, and its blind index is made of them.
    match found.filter(|_| !before.sensitive()) {
        Some(rescale) => Conversion::Rescale(rescale),
        None => Conversion::Impossible,
    }
}
