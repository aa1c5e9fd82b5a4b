//! The zip container of a workbook, checked before anything is parsed.

use std::io::{Cursor, Read, copy, sink};

use zip::ZipArchive;

use super::Limits;
use crate::Error;

/// Entries a workbook may have; real ones have a few per sheet.
const ENTRIES_MAX: usize = 2_000;
/// Entries below this size may have any ratio: an empty sheet compresses well too.
const RATIO_FREE_BYTES: u64 = 1024 * 1024;

/// Refuses what would flood the reader: first by what the directory says, then, since a directory may lie, by
/// unpacking to nowhere with a bound.
pub(super) fn check(bytes: &[u8], limits: &Limits) -> Result<(), Error> {
    if bytes.len() as u64 > limits.file_bytes_max {
        return Err(Error::Refused(format!("文件超过 {} MB", limits.file_bytes_max / 1024 / 1024)));
    }
    let mut archive = open(bytes)?;
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
        let room = limits.inflated_bytes_max.saturating_sub(inflated).saturating_add(1);
        let size = copy(&mut entry.take(room), &mut sink()).map_err(|_| damaged())?;
        inflated = inflated.saturating_add(size);
        check_size(inflated, size, compressed, limits)?;
    }
    Ok(())
}

fn open(bytes: &[u8]) -> Result<ZipArchive<Cursor<&[u8]>>, Error> {
    // An encrypted workbook and the old .xls are OLE files.
    if bytes.starts_with(&[0xD0, 0xCF, 0x11, 0xE0]) {
        return Err(Error::Unreadable("旧版 .xls 或加密文件，请另存为未加密的 .xlsx 后上传".to_owned()));
    }
    ZipArchive::new(Cursor::new(bytes))
        .map_err(|_| Error::Unreadable("不是 .xlsx 文件，或文件已损坏".to_owned()))
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
