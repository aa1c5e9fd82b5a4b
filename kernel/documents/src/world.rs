//! The world a template sees: itself, its data, the helpers, the fonts, one date. Nothing else exists in it.

use std::sync::LazyLock;

use jiff::civil::DateTime;
use typst::diag::{FileError, FileResult};
use typst::foundations::{Bytes, Datetime, Duration};
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Library, World};

pub(crate) static TEMPLATE: LazyLock<FileId> = LazyLock::new(|| file("template.typ"));
pub(crate) static DATA: LazyLock<FileId> = LazyLock::new(|| file("data.json"));
pub(crate) static HELPERS: LazyLock<FileId> = LazyLock::new(|| file("anju.typ"));

const HELPERS_TEXT: &str = include_str!("anju.typ");

/// What all renderings share.
pub(crate) struct Shared {
    pub(crate) library: LazyHash<Library>,
    pub(crate) book: LazyHash<FontBook>,
    pub(crate) fonts: Vec<Font>,
    helpers: Source,
}

impl Shared {
    pub(crate) fn new(library: Library, fonts: Vec<Font>) -> Self {
        Self {
            library: LazyHash::new(library),
            book: LazyHash::new(FontBook::from_fonts(&fonts)),
            fonts,
            helpers: Source::new(*HELPERS, HELPERS_TEXT.to_owned()),
        }
    }
}

/// One rendering.
pub(crate) struct Page<'a> {
    pub(crate) shared: &'a Shared,
    pub(crate) template: Source,
    pub(crate) data: Bytes,
    /// Time of making, in Asia/Shanghai.
    pub(crate) made_at: DateTime,
}

impl World for Page<'_> {
    fn library(&self) -> &LazyHash<Library> {
        &self.shared.library
    }

    fn book(&self) -> &LazyHash<FontBook> {
        &self.shared.book
    }

    fn main(&self) -> FileId {
        *TEMPLATE
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        match id {
            _ if id == *TEMPLATE => Ok(self.template.clone()),
            _ if id == *HELPERS => Ok(self.shared.helpers.clone()),
            _ => Err(absent(id)),
        }
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        match id {
            _ if id == *DATA => Ok(self.data.clone()),
            _ => self.source(id).map(|source| Bytes::from_string(source.text().to_owned())),
        }
    }

    fn font(&self, index: usize) -> Option<Font> {
        self.shared.fonts.get(index).cloned()
    }

    fn today(&self, _offset: Option<Duration>) -> Option<Datetime> {
        let day = self.made_at.date();
        Datetime::from_ymd(i32::from(day.year()), day.month().unsigned_abs(), day.day().unsigned_abs())
    }
}

pub(crate) fn typst_datetime(at: DateTime) -> Option<Datetime> {
    Datetime::from_ymd_hms(
        i32::from(at.year()),
        at.month().unsigned_abs(),
        at.day().unsigned_abs(),
        at.hour().unsigned_abs(),
        at.minute().unsigned_abs(),
        at.second().unsigned_abs(),
    )
}

fn absent(id: FileId) -> FileError {
    FileError::NotFound(id.get().vpath().get_without_slash().into())
}

fn file(name: &str) -> FileId {
    let path = VirtualPath::new(name).expect("a plain file name is a valid virtual path");
    RootedPath::new(VirtualRoot::Project, path).intern()
}
