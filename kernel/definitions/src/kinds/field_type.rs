//! The types of fields, and for each in one row of one table: how it lies, what it can be asked, which
//! attributes it takes. What the kernel does with its values stands in `records`, in `value/kinds`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The type of a field: how it is checked, stored, shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FieldType {
    /// One line of text. JSON string.
    Text,
    /// Several lines of text. JSON string.
    LongText,
    /// Text with headings, lists, tables, links. JSON string of well-formed markup out of a short list of
    /// tags; anything else is refused.
    RichText,
    /// Whole number. JSON number.
    Integer,
    /// Fixed-point number with `scale` places. JSON string with exactly that many places, e.g. `"56.30"`.
    Decimal,
    /// Integer fen. JSON number.
    Money,
    Boolean,
    /// Civil date, `YYYY-MM-DD`.
    Date,
    /// Instant, RFC 3339 with offset.
    DateTime,
    /// Code of a dictionary item; with `leaf_only` one that has none below it.
    Choice,
    /// JSON array of codes.
    MultiChoice,
    /// Id of a record of the entity `to`.
    Ref,
    /// JSON array of ids of records of the entity `to`.
    RefList,
    /// Id of a stored file; with `many` a JSON array of ids.
    File,
    /// As `file`, pictures only (`image/*`).
    Image,
    /// As `file`, films only (`video/*`).
    Video,
    /// A place on earth: JSON object `{longitude, latitude}`, degrees as strings with six places.
    GeoPoint,
    /// JSON object `{region, detail}`: the codes of `dictionary` from the top down, and street and number.
    Address,
    /// Number drawn from a sequence when the record is created; never set by a caller.
    Sequence,
    /// Value of the ZEN `expression` over the record, of the type `result`; never set by a caller.
    Computed,
    /// Identity number; which rules apply follows the field named by `id_type_field` (GB 11643 otherwise).
    IdNumber,
    /// Name of a person; masked to its first character.
    PersonName,
    /// Mobile or fixed phone number of mainland China.
    Phone,
    /// Bank card number with its Luhn digit.
    BankCard,
    /// Unified social credit code, GB 32100.
    CreditCode,
    /// Number of a real-estate certificate, e.g. 沪（2023）浦字不动产权第001234号, or of the older 沪房地….
    RealEstateCertificate,
    /// Free JSON value, at most 64 KiB.
    Json,
}

/// How values of a type lie in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storage {
    Text,
    Integer,
    Boolean,
    /// JSON in a text column.
    Json,
    /// Nowhere: worked out whenever it is read.
    None,
}

/// What a filter may ask of a type, beside whether there is a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Search {
    /// Nothing else.
    Presence,
    /// Equality and sets of values.
    Equality,
    /// Equality and order.
    Order,
    /// Equality, order and parts of the text.
    Parts,
    /// Parts of the text only.
    Contains,
    /// Codes of a tree: equality and `under`.
    Tree,
    /// Whether a list holds a value.
    Members,
    /// A region by `under`, parts of the text.
    Region,
}

/// What is fixed for a type.
#[derive(Debug, Clone, Copy)]
pub struct Traits {
    /// What it is called in Chinese.
    pub title: &'static str,
    pub storage: Storage,
    pub search: Search,
    /// Whether lists may be ordered by it.
    pub sortable: bool,
    /// Whether figures may be grouped by it.
    pub groupable: bool,
    /// Whether it may be `sensitive`.
    pub sealable: bool,
    /// Whether it may be `unique`.
    pub uniquable: bool,
    /// Whether a definition may give it a `default`.
    pub defaults: bool,
    /// Attributes it must have.
    pub needs: &'static [&'static str],
    /// Attributes it may have, beside those of every type.
    pub takes: &'static [&'static str],
}

const TEXT: &[&str] = &["length_min", "length_max", "pattern"];
const FILE: &[&str] = &["accept", "many", "count_max", "size_mb_max"];

/// A type that takes part in everything; rows below say what differs.
const PLAIN: Traits = Traits {
    title: "",
    storage: Storage::Text,
    search: Search::Equality,
    sortable: true,
    groupable: true,
    sealable: true,
    uniquable: true,
    defaults: true,
    needs: &[],
    takes: &[],
};
/// Text that people look up by a part of it.
const NUMBER_PLATE: Traits = Traits { search: Search::Parts, ..PLAIN };
/// Something written at length, or made of several parts.
const BULKY: Traits = Traits { sortable: false, groupable: false, uniquable: false, ..PLAIN };
const FILES: Traits =
    Traits { sealable: false, defaults: false, needs: &[], takes: FILE, sortable: false, ..PLAIN };

impl FieldType {
    pub const ALL: [FieldType; 27] = [
        Self::Text,
        Self::LongText,
        Self::RichText,
        Self::Integer,
        Self::Decimal,
        Self::Money,
        Self::Boolean,
        Self::Date,
        Self::DateTime,
        Self::Choice,
        Self::MultiChoice,
        Self::Ref,
        Self::RefList,
        Self::File,
        Self::Image,
        Self::Video,
        Self::GeoPoint,
        Self::Address,
        Self::Sequence,
        Self::Computed,
        Self::IdNumber,
        Self::PersonName,
        Self::Phone,
        Self::BankCard,
        Self::CreditCode,
        Self::RealEstateCertificate,
        Self::Json,
    ];

    /// The one table of types.
    pub const fn traits(self) -> Traits {
        use Search as S;
        use Storage::{Boolean, Integer, Json};
        match self {
            Self::Text => Traits { title: "单行文字", takes: TEXT, ..NUMBER_PLATE },
            Self::LongText => Traits { title: "多行文字", search: S::Parts, takes: TEXT, ..BULKY },
            Self::RichText => Traits {
                title: "图文",
                search: S::Contains,
                sealable: false,
                defaults: false,
                takes: &["length_max"],
                ..BULKY
            },
            Self::Integer => Traits {
                title: "整数",
                storage: Integer,
                search: S::Order,
                takes: &["unit", "min", "max"],
                ..PLAIN
            },
            Self::Decimal => Traits {
                title: "小数",
                storage: Integer,
                search: S::Order,
                needs: &["scale"],
                takes: &["unit", "min", "max"],
                ..PLAIN
            },
            Self::Money => Traits {
                title: "金额",
                storage: Integer,
                search: S::Order,
                takes: &["unit", "min", "max"],
                ..PLAIN
            },
            Self::Boolean => Traits { title: "是否", storage: Boolean, sealable: false, ..PLAIN },
            Self::Date => Traits { title: "日期", search: S::Order, takes: &["min", "max"], ..PLAIN },
            Self::DateTime => Traits {
                title: "日期时间",
                storage: Integer,
                search: S::Order,
                takes: &["min", "max"],
                ..PLAIN
            },
            Self::Choice => Traits {
                title: "单选",
                search: S::Tree,
                needs: &["dictionary"],
                takes: &["leaf_only"],
                ..PLAIN
            },
            Self::MultiChoice => Traits {
                title: "多选",
                storage: Json,
                search: S::Members,
                needs: &["dictionary"],
                takes: &["leaf_only", "count_max"],
                ..BULKY
            },
            Self::Ref => {
                Traits { title: "关联", sealable: false, needs: &["to"], takes: &["on_delete"], ..PLAIN }
            }
            Self::RefList => Traits {
                title: "多项关联",
                storage: Json,
                search: S::Members,
                sealable: false,
                defaults: false,
                needs: &["to"],
                takes: &["count_max", "on_delete"],
                ..BULKY
            },
            Self::File => Traits { title: "文件", ..FILES },
            Self::Image => Traits { title: "图片", ..FILES },
            Self::Video => Traits { title: "视频", ..FILES },
            Self::GeoPoint => {
                Traits { title: "坐标", storage: Json, search: S::Presence, takes: &["datum"], ..BULKY }
            }
            Self::Address => Traits {
                title: "地址",
                storage: Json,
                search: S::Region,
                defaults: false,
                needs: &["dictionary"],
                takes: &["leaf_only", "length_max"],
                ..BULKY
            },
            Self::Sequence => Traits {
                title: "编号",
                sealable: false,
                defaults: false,
                needs: &["sequence"],
                ..NUMBER_PLATE
            },
            // Everything else follows its result; see `Field::traits`.
            Self::Computed => Traits {
                title: "计算",
                defaults: false,
                needs: &["expression", "result"],
                takes: &["stored"],
                ..PLAIN
            },
            Self::IdNumber => Traits { title: "证件号码", takes: &["id_type_field"], ..NUMBER_PLATE },
            Self::PersonName => Traits { title: "姓名", takes: &["length_max"], ..NUMBER_PLATE },
            Self::Phone => Traits { title: "电话", ..NUMBER_PLATE },
            Self::BankCard => Traits { title: "银行卡号", ..NUMBER_PLATE },
            Self::CreditCode => Traits { title: "统一社会信用代码", ..NUMBER_PLATE },
            Self::RealEstateCertificate => Traits { title: "不动产权证号", ..NUMBER_PLATE },
            Self::Json => {
                Traits { title: "结构数据", storage: Json, search: S::Presence, sealable: false, ..BULKY }
            }
        }
    }

    /// Whether values are so few, or so close together, that a blind index of them would tell which they are: incomes,
    /// birthdays, answers of yes and no. Sealed, they are found by nobody (B-10).
    pub const fn is_guessable(self) -> bool {
        self.is_number()
            || matches!(self, Self::Boolean | Self::Date | Self::DateTime | Self::Choice | Self::MultiChoice)
    }

    /// Integers, decimals and money: what can be added up.
    pub const fn is_number(self) -> bool {
        matches!(self, Self::Integer | Self::Decimal | Self::Money)
    }

    /// Whether values hold texts that people search in.
    pub const fn is_searchable(self) -> bool {
        matches!(self.traits().search, Search::Parts | Search::Contains | Search::Region)
    }

    /// Ids of other records.
    pub const fn is_reference(self) -> bool {
        matches!(self, Self::Ref | Self::RefList)
    }

    /// Ids of stored files.
    pub const fn is_file(self) -> bool {
        matches!(self, Self::File | Self::Image | Self::Video)
    }

    /// Whether the platform alone fills it in.
    pub const fn is_given_by_platform(self) -> bool {
        matches!(self, Self::Sequence | Self::Computed)
    }

    /// The types a computed field may result in.
    pub const fn is_result(self) -> bool {
        self.is_number()
            || matches!(self, Self::Text | Self::Boolean | Self::Date | Self::DateTime | Self::Choice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_whole_and_agrees_with_itself() {
        for one in FieldType::ALL {
            let traits = one.traits();
            assert!(!traits.title.is_empty(), "{one:?}");
            assert!(traits.needs.iter().all(|name| !traits.takes.contains(name)), "{one:?}");
            assert!(traits.storage != Storage::Json || (!traits.sortable && !traits.groupable), "{one:?}");
            assert_eq!(one.is_number(), traits.takes.contains(&"unit"), "{one:?}");
            assert_eq!(FieldType::ALL.iter().filter(|other| **other == one).count(), 1);
        }
        let written = serde_json::to_value(FieldType::RealEstateCertificate).unwrap();
        assert_eq!(written, "real_estate_certificate");
    }
}
