//! Numbers with rules of their own: of persons, organisations, accounts and property.

mod bank_card;
mod identity;
mod real_estate;

pub(crate) use bank_card::luhn_is_valid;
pub(crate) use identity::{Certificate, credit_code_is_valid, phone};
pub(crate) use real_estate::real_estate_certificate;
