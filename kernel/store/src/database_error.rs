//! What an error of either database means to the caller.

use sqlx::error::DatabaseError;
use sqlx::postgres::PgDatabaseError;
use sqlx::sqlite::SqliteError;

use crate::Error;

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::PoolTimedOut => Error::Retry("no connection became free in time".to_owned()),
            sqlx::Error::Database(database) => {
                if let Some(postgres) = database.try_downcast_ref::<PgDatabaseError>() {
                    from_postgres(postgres)
                } else if let Some(sqlite) = database.try_downcast_ref::<SqliteError>() {
                    from_sqlite(sqlite)
                } else {
                    Error::Database(error.to_string())
                }
            }
            _ => Error::Database(error.to_string()),
        }
    }
}

fn from_postgres(error: &PgDatabaseError) -> Error {
    match error.code() {
        "23505" => Error::Unique {
            table: error.table().unwrap_or_default().to_owned(),
            columns: error.detail().map(columns_of_detail).unwrap_or_default(),
        },
        "23503" => Error::ForeignKey,
        // cancelled by the statement timeout
        "57014" => Error::TooSlow,
        // serialization failure, deadlock, lock not available, too many connections, shutting down
        "40001" | "40P01" | "55P03" | "53300" | "57P01" | "57P03" => Error::Retry(error.message().to_owned()),
        code => Error::Database(format!("{} ({code})", error.message())),
    }
}

/// The detail reads `Key (a, b)=(1, 2) already exists.`; its words are translated, its shape is not.
fn columns_of_detail(detail: &str) -> Vec<String> {
    let Some((before, _)) = detail.split_once(")=(") else { return Vec::new() };
    let Some((_, columns)) = before.split_once('(') else { return Vec::new() };
    columns.split(", ").map(|column| column.trim_matches('"').to_owned()).collect()
}

fn from_sqlite(error: &SqliteError) -> Error {
    const BUSY: i32 = 5;
    const LOCKED: i32 = 6;
    const INTERRUPT: i32 = 9;
    const FOREIGN_KEY: i32 = 787;
    const PRIMARY_KEY: i32 = 1555;
    const UNIQUE: i32 = 2067;
    let code = DatabaseError::code(error).and_then(|code| code.parse::<i32>().ok()).unwrap_or(0);
    match code {
        UNIQUE | PRIMARY_KEY => unique_of_message(error.message()),
        FOREIGN_KEY => Error::ForeignKey,
        INTERRUPT => Error::TooSlow,
        _ if matches!(code & 0xff, BUSY | LOCKED) => Error::Retry(error.message().to_owned()),
        _ => Error::Database(format!("{} ({code})", error.message())),
    }
}

/// The message reads `UNIQUE constraint failed: t.a, t.b`.
fn unique_of_message(message: &str) -> Error {
    let list = message.rsplit_once(": ").map_or("", |(_, list)| list);
    let pairs: Vec<(&str, &str)> = list.split(", ").filter_map(|name| name.split_once('.')).collect();
    Error::Unique {
        table: pairs.first().map(|(table, _)| (*table).to_owned()).unwrap_or_default(),
        columns: pairs.iter().map(|(_, column)| (*column).to_owned()).collect(),
    }
}
