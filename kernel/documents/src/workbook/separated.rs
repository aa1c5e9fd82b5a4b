//! RFC 4180, with the liberties that spreadsheet programs take.

use super::rows::{Limits, Piece, Taker};
use super::{Cell, Row, formula::unshielded};
use crate::Error;

/// Longest text of a cell, as Excel has it.
const CELL_CHARS_MAX: usize = 32_767;

/// The separator of a text: whichever stands most often in its first line.
pub(super) fn separator_of(text: &str) -> char {
    let line = text.lines().next().unwrap_or_default();
    let count = |separator: char| line.matches(separator).count();
    // The comma wins a tie: it comes last among equals.
    [';', '\t', ','].into_iter().max_by_key(|separator| count(*separator)).unwrap_or(',')
}

/// Where the parser stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Before the first character of a cell.
    Begin,
    Bare,
    Quoted,
    /// After a quote within quotes: the end of the cell, or the first of two.
    Quote,
}

/// Rows out of a text that comes in pieces.
pub(super) struct Parser {
    separator: char,
    place: Place,
    text: String,
    /// Characters of the text.
    length: usize,
    row: Row,
    /// A row of blank cells only is none.
    blank: bool,
    after_return: bool,
    rows_max: u32,
    columns_max: usize,
}

impl Parser {
    pub(super) fn new(separator: char, limits: &Limits) -> Self {
        Self {
            separator,
            place: Place::Begin,
            text: String::new(),
            length: 0,
            row: Row { number: 1, cells: Vec::new() },
            blank: true,
            after_return: false,
            rows_max: limits.rows_max,
            columns_max: limits.columns_max as usize,
        }
    }

    pub(super) fn push(&mut self, text: &str, take: &mut Taker<'_>) -> Result<(), Error> {
        for c in text.chars() {
            self.step(c, take)?;
        }
        Ok(())
    }

    pub(super) fn finish(mut self, take: &mut Taker<'_>) -> Result<(), Error> {
        if self.place == Place::Quoted {
            let message = format!("第 {} 行的引号没有结束", self.row.number);
            return Err(Error::Unreadable(message));
        }
        self.end_row(take)
    }

    fn step(&mut self, c: char, take: &mut Taker<'_>) -> Result<(), Error> {
        let after_return = std::mem::replace(&mut self.after_return, false);
        match (self.place, c) {
            (Place::Begin, '"') => self.place = Place::Quoted,
            (Place::Quoted, '"') => self.place = Place::Quote,
            (Place::Quote, '"') => {
                self.place = Place::Quoted;
                return self.add(c);
            }
            (Place::Quoted, _) => return self.add(c),
            (_, '\n') if after_return => {}
            (_, '\n' | '\r') => {
                self.after_return = c == '\r';
                return self.end_row(take);
            }
            (_, c) if c == self.separator => return self.end_cell(),
            _ => {
                self.place = Place::Bare;
                return self.add(c);
            }
        }
        Ok(())
    }

    fn add(&mut self, c: char) -> Result<(), Error> {
        self.text.push(c);
        self.length += 1;
        if self.length > CELL_CHARS_MAX {
            let message = format!("第 {} 行有单元格超过 {CELL_CHARS_MAX} 个字", self.row.number);
            return Err(Error::Refused(message));
        }
        Ok(())
    }

    fn end_cell(&mut self) -> Result<(), Error> {
        if self.row.cells.len() >= self.columns_max {
            let message = format!("第 {} 行超过 {} 列", self.row.number, self.columns_max);
            return Err(Error::Refused(message));
        }
        self.place = Place::Begin;
        let cell = cell_of(&self.text);
        self.blank &= cell.is_empty();
        self.row.cells.push(cell);
        self.text.clear();
        self.length = 0;
        Ok(())
    }

    fn end_row(&mut self, take: &mut Taker<'_>) -> Result<(), Error> {
        if self.row.cells.is_empty() && self.text.is_empty() && self.place == Place::Begin {
            self.row.number += 1;
            return Ok(());
        }
        self.end_cell()?;
        if self.row.number > self.rows_max {
            return Err(Error::Refused(format!("超过 {} 行", self.rows_max)));
        }
        let number = self.row.number + 1;
        let mut row = std::mem::replace(&mut self.row, Row { number, cells: Vec::new() });
        if std::mem::replace(&mut self.blank, true) {
            return Ok(());
        }
        while row.cells.last().is_some_and(Cell::is_empty) {
            row.cells.pop();
        }
        take(Piece::Row(row))
    }
}

fn cell_of(text: &str) -> Cell {
    let text = unshielded(text);
    if text.trim().is_empty() {
        return Cell::Empty;
    }
    if is_rounded(text.trim()) {
        let message =
            "数字超过 15 位，已被改写为科学计数法并舍去末位；请在表格中把该列设为文本格式后重新填写";
        return Cell::Faulty(message.to_owned());
    }
    Cell::Text(text.to_owned())
}

/// `3.10101E+17`: what Excel makes of an identity number when it saves the text.
fn is_rounded(text: &str) -> bool {
    let Some((digits, power)) = text.split_once("E+") else { return false };
    let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    whole.len() == 1
        && is_digits(whole)
        && is_digits(fraction)
        && is_digits(power)
        && power.parse::<u32>().is_ok_and(|power| power >= 15)
}
