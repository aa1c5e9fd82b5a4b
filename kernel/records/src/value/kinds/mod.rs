//! The types of fields, those that belong together in one file.

pub(super) mod choice;
pub(super) mod document;
pub(super) mod number;
pub(super) mod person;
pub(super) mod place;
pub(super) mod property;
pub(super) mod reference;
pub(super) mod rich_text;
pub(super) mod text;
pub(super) mod time;
