//! Words for publishers.

use anju_definitions::{Field, FieldType};

/// What users of the designer call a type.
pub(super) fn type_title(field: &Field) -> String {
    let name = match field.field_type {
        FieldType::Text => "文本",
        FieldType::LongText => "长文本",
        FieldType::Integer => "整数",
        FieldType::Decimal => "小数",
        FieldType::Money => "金额",
        FieldType::Boolean => "是否",
        FieldType::Date => "日期",
        FieldType::DateTime => "日期时间",
        FieldType::Choice => "单选",
        FieldType::MultiChoice => "多选",
        FieldType::Ref => "引用",
        FieldType::File => "文件",
        FieldType::Sequence => "编号",
        FieldType::IdNumber => "证件号码",
        FieldType::Phone => "电话",
        FieldType::CreditCode => "统一社会信用代码",
        FieldType::Json => "JSON",
        FieldType::RichText => "富文本",
        FieldType::RefList => "多项引用",
        FieldType::Image => "图片",
        FieldType::Video => "视频",
        FieldType::GeoPoint => "坐标",
        FieldType::Address => "地址",
        FieldType::Computed => "计算",
        FieldType::PersonName => "姓名",
        FieldType::BankCard => "银行卡号",
        FieldType::RealEstateCertificate => "不动产权证号",
    };
    match field.scale {
        Some(scale) => format!("{name}（{scale} 位）"),
        None => name.to_owned(),
    }
}

/// A count that stops at a limit, with its measure word.
pub(super) fn number(count: u64, at_most: u64, unit: &str) -> String {
    if count > at_most { format!("{at_most} {unit}以上") } else { format!("{count} {unit}") }
}
