//! Texts of separated values, in whatever encoding a Chinese Excel or WPS writes them.

use std::io::{Read, Seek};

use encoding_rs::{DecoderResult, Encoding, GB18030, UTF_8, UTF_16BE, UTF_16LE};

use super::rows::{Limits, Piece, Taker};
use super::separated::{Parser, separator_of};
use crate::Error;

/// Bytes decoded at a time.
const CHUNK_BYTES: usize = 64 * 1024;
/// Longest name of a sheet.
const NAME_CHARS_MAX: usize = 31;

/// The one sheet of the file, called by the file's name.
pub(super) fn sheet<R: Read + Seek>(
    file: &mut R,
    name: &str,
    limits: &Limits,
    take: &mut Taker<'_>,
) -> Result<(), Error> {
    let (encoding, skipped) = encoding_of(file)?;
    rewind(file, skipped)?;
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let title: String = stem.trim().chars().take(NAME_CHARS_MAX).collect();
    let mut parser: Option<Parser> = None;
    let mut begun = false;
    let mut take = |piece| {
        if !std::mem::replace(&mut begun, true) {
            take(Piece::Sheet(title.clone()))?;
        }
        take(piece)
    };
    decode(file, encoding, &mut |text| {
        let parser = parser.get_or_insert_with(|| Parser::new(separator_of(text), limits));
        parser.push(text, &mut take)
    })?;
    parser.map_or(Ok(()), |parser| parser.finish(&mut take))
}

/// By its mark; without one UTF-8 if all of it is, otherwise GB 18030, which includes GBK and GB 2312.
fn encoding_of<R: Read + Seek>(file: &mut R) -> Result<(&'static Encoding, u64), Error> {
    let mut head = Vec::with_capacity(3);
    file.by_ref().take(3).read_to_end(&mut head).map_err(unreadable)?;
    match head.as_slice() {
        [0xEF, 0xBB, 0xBF] => return Ok((UTF_8, 3)),
        [0xFF, 0xFE, ..] => return Ok((UTF_16LE, 2)),
        [0xFE, 0xFF, ..] => return Ok((UTF_16BE, 2)),
        _ => rewind(file, 0)?,
    }
    match decode(file, UTF_8, &mut |_| Ok(())) {
        Ok(()) => Ok((UTF_8, 0)),
        Err(_) => Ok((GB18030, 0)),
    }
}

fn decode<R: Read>(
    file: &mut R,
    encoding: &'static Encoding,
    take: &mut dyn FnMut(&str) -> Result<(), Error>,
) -> Result<(), Error> {
    let strange = || {
        Error::Unreadable(
            "不是 .xlsx 或 CSV 文件，或编码无法识别；CSV 请用 UTF-8 或 GB18030 编码保存".to_owned(),
        )
    };
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let mut bytes = vec![0; CHUNK_BYTES];
    let mut text = String::with_capacity(3 * CHUNK_BYTES);
    loop {
        let read = file.read(&mut bytes).map_err(unreadable)?;
        let mut rest = &bytes[..read];
        loop {
            text.clear();
            let (result, used) = decoder.decode_to_string_without_replacement(rest, &mut text, read == 0);
            rest = &rest[used..];
            if matches!(result, DecoderResult::Malformed(..)) || text.contains('\0') {
                return Err(strange());
            }
            take(&text)?;
            if matches!(result, DecoderResult::InputEmpty) {
                break;
            }
        }
        if read == 0 {
            return Ok(());
        }
    }
}

fn rewind<R: Seek>(file: &mut R, to: u64) -> Result<(), Error> {
    file.seek(std::io::SeekFrom::Start(to)).map(drop).map_err(unreadable)
}

#[allow(clippy::needless_pass_by_value)]
fn unreadable(_: std::io::Error) -> Error {
    Error::Unreadable("文件无法读取".to_owned())
}
