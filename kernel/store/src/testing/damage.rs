//! An intruder with the database's password: rows changed past the platform, whatever triggers say.

use std::collections::BTreeSet;

use super::TestDatabase;
use crate::build::{CodedRows, Statement};
use crate::row_codes::{CODE, Coding, Judged, judged};
use crate::{ColumnKind, Condition, Dialect, Result, Row, SqlValue, Store};

/// Changes sent to the database at once.
const BATCH: usize = 500;

/// What was done to a row.
#[derive(Debug, Clone)]
pub struct Damage {
    /// The values of the row's key, as they are now, separated by `/`.
    pub key: String,
    /// The column that was changed.
    pub column: String,
    /// What was done to it.
    pub how: &'static str,
}

/// A repeatable choice.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        // xorshift64*
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % sides.max(1)
    }
}

impl TestDatabase {
    /// Changes one random column of each chosen row of an authenticated table: a flipped bit or character, a value
    /// taken away or put where there was none, another row's code, no code at all, and on SQLite values that are none of
    /// the column's kind. `chosen` is asked for each row by its number.
    pub async fn damage(
        &self,
        store: &Store,
        table: &str,
        seed: u64,
        chosen: impl Fn(usize) -> bool,
    ) -> Vec<Damage> {
        self.try_damage(store, table, seed, chosen)
            .await
            .expect("the database obeys whoever has its password")
    }

    async fn try_damage(
        &self,
        store: &Store,
        table: &str,
        seed: u64,
        chosen: impl Fn(usize) -> bool,
    ) -> Result<Vec<Damage>> {
        let coding = store.known().coding(table).cloned().expect("an authenticated table");
        let wanted = CodedRows { table, filter: &Condition::True, after: None, limit: None, lock: false };
        let (coding, rows) = judged(&mut store.reader(), &coding, &wanted).await?;
        let fixed = fixed_columns(store, table).await?;
        let mut dice = Dice(seed | 1);
        let mut taken: BTreeSet<String> = rows.iter().map(Judged::label).collect();
        let (mut damages, mut statements) = (Vec::new(), Vec::new());
        for (number, row) in rows.iter().enumerate().filter(|(number, _)| chosen(*number)) {
            let other = &rows[(number + 1) % rows.len()];
            let mut hit = Hit { dialect: store.dialect(), coding: &coding, fixed: &fixed, row, other };
            let (damage, sql) = hit.change(&mut dice, &mut taken);
            damages.push(damage);
            statements.push(sql);
        }
        for batch in statements.chunks(BATCH) {
            past_triggers(store, table, batch.join(";\n")).await?;
        }
        Ok(damages)
    }

    /// Carries SQL out as an intruder would.
    pub async fn past_the_platform(&self, sql: &str) {
        let mut tx = self.store().begin().await.expect("a transaction");
        tx.run(sql.to_owned()).await.expect("the database obeys whoever has its password");
        tx.commit().await.expect("commits");
    }
}

/// Columns that the database keeps from being empty, or unique.
async fn fixed_columns(store: &Store, table: &str) -> Result<BTreeSet<String>> {
    let sql = match store.dialect() {
        Dialect::Sqlite => {
            "SELECT name FROM pragma_table_info(?1) WHERE \"notnull\" <> 0 UNION \
             SELECT c.name FROM pragma_index_list(?1) i JOIN pragma_index_info(i.name) c WHERE i.\"unique\" <> 0"
        }
        Dialect::Postgres => {
            "SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = $1::text::regclass AND a.attnotnull \
             UNION SELECT a.attname::text FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid \
             AND a.attnum = ANY (i.indkey) WHERE i.indrelid = $1::text::regclass AND i.indisunique"
        }
    };
    let statement = Statement::new(sql.to_owned(), vec![table.into()]);
    let rows = store.read(statement, &[ColumnKind::Text]).await?;
    rows.iter().map(|row: &Row| Ok(row.text(0)?.to_owned())).collect()
}

async fn past_triggers(store: &Store, table: &str, sql: String) -> Result<()> {
    let mut tx = store.begin().await?;
    match store.dialect() {
        Dialect::Sqlite => {
            let triggers = ["append_only_update", "append_only_delete", "erasable_update", "erasable_delete"]
                .map(|name| format!("DROP TRIGGER IF EXISTS \"{table}_{name}\";"))
                .concat();
            tx.run(format!("{triggers}\n{sql}")).await?;
        }
        Dialect::Postgres => {
            tx.run("SET LOCAL session_replication_role = replica".to_owned()).await?;
            tx.run(sql).await?;
        }
    }
    tx.commit().await
}

/// One row about to be changed.
struct Hit<'h> {
    dialect: Dialect,
    coding: &'h Coding,
    fixed: &'h BTreeSet<String>,
    row: &'h Judged,
    other: &'h Judged,
}

impl Hit<'_> {
    fn change(&mut self, dice: &mut Dice, taken: &mut BTreeSet<String>) -> (Damage, String) {
        let values = self.row.values.as_deref().unwrap_or_default();
        loop {
            let at = dice.roll(self.coding.columns.len() + 1);
            let Some((name, kind)) = self.coding.columns.get(at) else {
                let (how, literal) = self.code(dice);
                return (self.damage(CODE, how), self.sql(CODE, &literal));
            };
            let Some((how, new)) = self.other_value(dice, name, *kind, &values[at]) else { continue };
            let mut damage = self.damage(name, how);
            if self.coding.key.contains(name) {
                // A key that another row has would be refused by the database.
                let Value::Plain(new) = &new else { continue };
                let key = self.coding.key.iter().zip(&self.row.key);
                let key = key.map(|(column, old)| if column == name { new.clone() } else { old.clone() });
                damage.key = Judged::label_of(&key.collect::<Vec<_>>());
                if !taken.insert(damage.key.clone()) {
                    continue;
                }
            }
            return (damage, self.sql(name, &new.literal(self.dialect)));
        }
    }

    fn code(&self, dice: &mut Dice) -> (&'static str, String) {
        let SqlValue::Bytes(code) = &self.row.code else {
            return ("an invented code", bytes(self.dialect, &[7; 16]));
        };
        let is_another = self.other.code != self.row.code;
        match dice.roll(4) {
            0 => ("no code", "NULL".to_owned()),
            1 if is_another => ("another row's code", literal(self.dialect, &self.other.code)),
            2 => ("a shorter code", bytes(self.dialect, &code[..15])),
            _ => ("a flipped code", bytes(self.dialect, &flipped(dice, code))),
        }
    }

    /// Another value for a column; `None` if this die gives none.
    fn other_value(
        &self,
        dice: &mut Dice,
        name: &str,
        kind: ColumnKind,
        value: &SqlValue,
    ) -> Option<(&'static str, Value)> {
        let is_free = !self.fixed.contains(name);
        let plain = |how, value| Some((how, Value::Plain(value)));
        if is_free && !value.is_null() && dice.roll(5) == 0 {
            return plain("taken away", SqlValue::Null);
        }
        if self.dialect == Dialect::Sqlite && !value.is_null() && dice.roll(5) == 0 {
            return strange(kind, value, dice).map(|strange| ("of another kind", Value::Strange(strange)));
        }
        match value {
            SqlValue::Null if is_free => plain("put in", invented(kind, dice)),
            SqlValue::Null => None,
            SqlValue::Int(int) => plain("flipped", SqlValue::Int(int ^ (1 << dice.roll(63)))),
            SqlValue::Bool(bool) => plain("flipped", SqlValue::Bool(!bool)),
            SqlValue::Bytes(bytes) => plain("flipped", SqlValue::Bytes(flipped(dice, bytes))),
            // Nor a unique value that another row might have.
            SqlValue::Text(text) if !is_free && !self.coding.key.iter().any(|key| key == name) => {
                plain("lengthened", SqlValue::Text(format!("{text}{}", dice.roll(1 << 30))))
            }
            SqlValue::Text(text) => plain("flipped", SqlValue::Text(changed(dice, text))),
        }
    }

    fn damage(&self, column: &str, how: &'static str) -> Damage {
        Damage { key: self.row.label(), column: column.to_owned(), how }
    }

    fn sql(&self, column: &str, literal: &str) -> String {
        let key = self.coding.key.iter().zip(&self.row.key);
        let key: Vec<String> =
            key.map(|(name, value)| format!("\"{name}\" = {}", self::literal(self.dialect, value))).collect();
        format!("UPDATE \"{}\" SET \"{column}\" = {literal} WHERE {}", self.coding.table, key.join(" AND "))
    }
}

enum Value {
    Plain(SqlValue),
    /// A literal that is none of the column's kind.
    Strange(String),
}

impl Value {
    fn literal(&self, dialect: Dialect) -> String {
        match self {
            Self::Plain(value) => literal(dialect, value),
            Self::Strange(literal) => literal.clone(),
        }
    }
}

/// What SQLite takes into a column of another kind, and would read as nearly the same.
fn strange(kind: ColumnKind, value: &SqlValue, dice: &mut Dice) -> Option<String> {
    match (kind, value) {
        (ColumnKind::Bool, SqlValue::Bool(_)) => Some("3".to_owned()),
        (ColumnKind::Int, SqlValue::Int(int)) => Some(format!("{int}.5")),
        (ColumnKind::Text, SqlValue::Text(text)) if dice.roll(2) == 0 => {
            Some(bytes(Dialect::Sqlite, text.as_bytes()))
        }
        (ColumnKind::Text, SqlValue::Text(text)) => Some(format!("CAST(x'ff{}' AS TEXT)", hex::encode(text))),
        (ColumnKind::Bytes, SqlValue::Bytes(bytes)) => Some(format!("'{}'", hex::encode(bytes))),
        _ => None,
    }
}

fn invented(kind: ColumnKind, dice: &mut Dice) -> SqlValue {
    match kind {
        ColumnKind::Text => SqlValue::Text(format!("伪造{}", dice.roll(1_000_000))),
        ColumnKind::Int | ColumnKind::Serial => SqlValue::Int(dice.roll(1_000_000) as i64),
        ColumnKind::Bool => SqlValue::Bool(dice.roll(2) == 0),
        ColumnKind::Bytes => SqlValue::Bytes(vec![1; 16]),
    }
}

fn flipped(dice: &mut Dice, bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let at = dice.roll(bytes.len());
    match bytes.get_mut(at) {
        Some(byte) => *byte ^= 1 << dice.roll(8),
        None => bytes.push(0),
    }
    bytes
}

/// A text with one other character.
fn changed(dice: &mut Dice, text: &str) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    let at = dice.roll(characters.len());
    match characters.get_mut(at) {
        Some(character) => *character = if *character == 'x' { 'y' } else { 'x' },
        None => characters.push('x'),
    }
    characters.into_iter().collect()
}

fn literal(dialect: Dialect, value: &SqlValue) -> String {
    match value {
        SqlValue::Null => "NULL".to_owned(),
        SqlValue::Text(text) => format!("'{}'", text.replace('\'', "''")),
        SqlValue::Int(i64::MIN) => "-9223372036854775807 - 1".to_owned(),
        SqlValue::Int(int) => int.to_string(),
        SqlValue::Bool(bool) => bool.to_string().to_uppercase(),
        SqlValue::Bytes(value) => bytes(dialect, value),
    }
}

fn bytes(dialect: Dialect, bytes: &[u8]) -> String {
    match dialect {
        Dialect::Sqlite => format!("x'{}'", hex::encode(bytes)),
        Dialect::Postgres => format!("'\\x{}'::bytea", hex::encode(bytes)),
    }
}
