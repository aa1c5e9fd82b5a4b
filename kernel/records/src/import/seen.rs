//! What earlier rows of the same import hold: the first row of every unique value, as a digest.

use std::collections::HashMap;

use anju_store::SqlValue;

/// First rows by sheet (position among the importer's), unique group and digest of the values: twenty-some bytes for
/// each row, however long its values are.
#[derive(Default)]
pub(crate) struct Seen(HashMap<(u16, u16, [u8; 16]), u32>);

impl Seen {
    /// The earlier row with these values; otherwise remembers this one as the first.
    pub(crate) fn earlier(
        &mut self,
        sheet: usize,
        group: usize,
        values: &[SqlValue],
        row: u32,
    ) -> Option<u32> {
        let small = |number: usize| u16::try_from(number).unwrap_or(u16::MAX);
        let first = *self.0.entry((small(sheet), small(group), digest(values))).or_insert(row);
        (first != row).then_some(first)
    }
}

fn digest(values: &[SqlValue]) -> [u8; 16] {
    let mut bytes = Vec::with_capacity(64);
    let mut part = |kind: u8, value: &[u8]| {
        bytes.push(kind);
        bytes.extend_from_slice(&(value.len() as u64).to_be_bytes());
        bytes.extend_from_slice(value);
    };
    for value in values {
        match value {
            SqlValue::Null => part(0, &[]),
            SqlValue::Text(text) => part(1, text.as_bytes()),
            SqlValue::Int(int) => part(2, &int.to_be_bytes()),
            SqlValue::Bool(bool) => part(3, &[u8::from(*bool)]),
            SqlValue::Bytes(bytes) => part(4, bytes),
        }
    }
    let mut short = [0; 16];
    short.copy_from_slice(&anju_crypto::sm3(&bytes)[..16]);
    short
}
