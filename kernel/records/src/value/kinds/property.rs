//! Numbers of organisations and of real estate.

use jiff::civil::Date;
use serde_json::Value;

use crate::{
    plan::FieldPlan,
    value::{
        codes,
        kind::{Kind, Parsed, fault, input_text},
    },
};

pub(crate) struct CreditCode;
pub(crate) struct RealEstateCertificate;

impl Kind for CreditCode {
    fn parse(&self, _field: &FieldPlan, input: &Value, _today: Date) -> Parsed {
        let code = self.search_form(input_text(input)?);
        match codes::credit_code_is_valid(&code) {
            true => Ok(Value::String(code)),
            false => Err(fault("format", "统一社会信用代码不正确，请核对 18 位代码")),
        }
    }

    fn search_form(&self, text: &str) -> String {
        anju_crypto::normalise(text)
    }
}

impl Kind for RealEstateCertificate {
    fn parse(&self, _field: &FieldPlan, input: &Value, today: Date) -> Parsed {
        let number = codes::real_estate_certificate(input_text(input)?, today);
        number.map(Value::String).ok_or_else(|| {
            fault(
                "format",
                "不动产权证号应形如“沪（2023）浦字不动产权第001234号”，旧证形如“沪房地浦字（2005）第012345号”",
            )
        })
    }

    /// A whole number as it is printed; a part of one as it is typed.
    fn search_form(&self, text: &str) -> String {
        codes::real_estate_certificate(text, Date::MAX).unwrap_or_else(|| text.to_owned())
    }
}
