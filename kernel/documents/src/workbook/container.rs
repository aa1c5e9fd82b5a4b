//! The zip container of a workbook, checked before anything is parsed (S-07).

use std::io::{Read, Seek, Write, copy};

use zip::ZipArchive;

use super::Limits;
use crate::Error;

/// Entries a workbook may have; real ones have a few per sheet.
const ENTRIES_MAX: usize = 2_000;
/// Entries below this size may have any ratio: an empty sheet compresses well too.
const RATIO_FREE_BYTES: u64 = 1024 * 1024;
/// Texts of the whole workbook; they are held in memory while it is read.
const STRINGS_MAX: usize = 2_000_000;
/// Bytes of those texts with their marks.
const STRINGS_BYTES_MAX: u64 = 120 * 1024 * 1024;
/// Bytes of any other part that is parsed, besides the sheets.
const PART_BYTES_MAX: u64 = 20 * 1024 * 1024;
/// Bytes at the start of a part in which its declaration must stand.
const HEAD_BYTES: usize = 64 * 1024;

/// Refuses what would flood the reader: first by what the directory says, then, since a directory may lie, by
/// unpacking to nowhere with a bound.
pub(super) fn check<R: Read + Seek>(file: R, limits: &Limits) -> Result<(), Error> {
    let mut archive =
        ZipArchive::new(file).map_err(|_| Error::Unreadable("不是 .xlsx 文件，或文件已损坏".to_owned()))?;
    if archive.len() > ENTRIES_MAX {
        return Err(Error::Refused("文件内部条目过多".to_owned()));
    }
    let mut declared = 0_u64;
    for index in 0..archive.len() {
        let entry = archive.by_index_raw(index).map_err(|_| damaged())?;
        if entry.encrypted() {
            return Err(Error::Refused("文件已加密，请取消密码后重新上传".to_owned()));
        }
        declared = declared.saturating_add(entry.size());
        check_size(declared, entry.size(), entry.compressed_size(), limits)?;
    }
    let mut inflated = 0_u64;
    for index in 0..archive.len() {
        let entry = archive.by_index(index).map_err(|_| damaged())?;
        let compressed = entry.compressed_size();
        let mut part = Part::named(&entry.name().map_err(|_| damaged())?.to_lowercase());
        let room = limits.inflated_bytes_max.saturating_sub(inflated).saturating_add(1);
        let size = copy(&mut entry.take(room), &mut part).map_err(|_| damaged())?;
        inflated = inflated.saturating_add(size);
        check_size(inflated, size, compressed, limits)?;
        part.check()?;
    }
    Ok(())
}

fn check_size(total: u64, size: u64, compressed: u64, limits: &Limits) -> Result<(), Error> {
    if total > limits.inflated_bytes_max {
        return Err(Error::Refused(format!("解压后超过 {} MB", limits.inflated_bytes_max / 1024 / 1024)));
    }
    if size > RATIO_FREE_BYTES && size / compressed.max(1) > limits.ratio_max {
        return Err(Error::Refused("压缩比异常，疑似压缩炸弹".to_owned()));
    }
    Ok(())
}

fn damaged() -> Error {
    Error::Unreadable("文件已损坏".to_owned())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum PartKind {
    Strings,
    Sheet,
    OtherXml,
    /// Pictures and the like, which are never read.
    Other,
}

/// A part on its way to nowhere: what must be known of it before it is parsed.
struct Part {
    kind: PartKind,
    size: u64,
    head: Vec<u8>,
    /// `<` so far; every text has four of them.
    marks: usize,
}

impl Part {
    fn named(name: &str) -> Self {
        let kind = match name {
            _ if name.ends_with("sharedstrings.xml") => PartKind::Strings,
            _ if name.contains("worksheets/") && name.ends_with(".xml") => PartKind::Sheet,
            _ if name.ends_with(".xml") || name.ends_with(".rels") => PartKind::OtherXml,
            _ => PartKind::Other,
        };
        Self { kind, size: 0, head: Vec::new(), marks: 0 }
    }

    fn check(&self) -> Result<(), Error> {
        let too_large = || Error::Refused("文件内部内容过大".to_owned());
        match self.kind {
            PartKind::Other => return Ok(()),
            PartKind::OtherXml if self.size > PART_BYTES_MAX => return Err(too_large()),
            PartKind::Strings if self.size > STRINGS_BYTES_MAX || self.marks / 4 > STRINGS_MAX => {
                return Err(Error::Refused(format!("文本单元格过多，最多 {STRINGS_MAX} 个不同的文本")));
            }
            PartKind::Strings if self.declares_too_many_strings() => return Err(too_large()),
            _ => {}
        }
        match is_plain_utf8(&self.head) {
            true => Ok(()),
            false => {
                Err(Error::Unreadable("文件内部编码不是 UTF-8，请用 Excel 或 WPS 另存后上传".to_owned()))
            }
        }
    }

    /// The reader makes room for as many texts as the part says it has, whether it has them or not.
    fn declares_too_many_strings(&self) -> bool {
        const COUNT: &[u8] = b"uniqueCount";
        let begins = self.head.windows(3).any(|at| at == b"<si" || at == b":si");
        if !begins && self.size > HEAD_BYTES as u64 {
            return true;
        }
        let places = self.head.windows(COUNT.len()).enumerate().filter(|(_, at)| *at == COUNT);
        places.map(|(at, _)| &self.head[at + COUNT.len()..]).any(|rest| {
            let digits =
                rest.iter().skip_while(|byte| !byte.is_ascii_digit()).take_while(|b| b.is_ascii_digit());
            let count = digits.fold(0_usize, |count, digit| {
                count.saturating_mul(10).saturating_add(usize::from(digit - b'0'))
            });
            count > STRINGS_MAX
        })
    }
}

impl Write for Part {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.size += bytes.len() as u64;
        if self.kind != PartKind::Other {
            let room = HEAD_BYTES.saturating_sub(self.head.len()).min(bytes.len());
            self.head.extend_from_slice(&bytes[..room]);
        }
        if self.kind == PartKind::Strings {
            self.marks += bytes.iter().filter(|byte| **byte == b'<').count();
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// What the checks above look for must stand there as it will be parsed: no other encoding, no control characters.
fn is_plain_utf8(head: &[u8]) -> bool {
    let text = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head);
    if text.iter().any(|byte| byte.is_ascii_control() && !matches!(byte, b'\t' | b'\r' | b'\n')) {
        return false;
    }
    if !text.starts_with(b"<?xml") {
        return true;
    }
    let Some(end) = text.windows(2).position(|at| at == b"?>") else { return false };
    let declaration = String::from_utf8_lossy(&text[..end]).to_lowercase();
    !declaration.contains("encoding") || declaration.contains("utf-8")
}
