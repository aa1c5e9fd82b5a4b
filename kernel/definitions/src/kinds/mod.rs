//! The kinds of definition, one file each. The order of keys in a definition file follows the order of
//! the fields here: identity, title, purpose, fields, rules, actions, permissions.

mod connector;
mod decision;
mod dictionary;
mod document;
mod effect;
mod entity;
mod extension;
mod field_type;
mod filter;
mod menu;
mod message;
mod page;
mod process;
mod role;
mod rule;
mod sequence;
mod time;

pub use connector::*;
pub use decision::*;
pub use dictionary::*;
pub use document::*;
pub use effect::*;
pub use entity::*;
pub use extension::*;
pub use field_type::*;
pub use filter::*;
pub use menu::*;
pub use message::*;
pub use page::*;
pub use process::*;
pub use role::*;
pub use rule::*;
pub use sequence::*;
pub use time::*;
