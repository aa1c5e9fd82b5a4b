use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::Value;
use typst::diag::SourceDiagnostic;
use typst::foundations::{Bytes, Smart};
use typst::layout::{Frame, FrameItem};
use typst::syntax::Source;
use typst::text::{Font, TextItemView};
use typst::{Library, LibraryExt, World, WorldExt};
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards};

use crate::world::{DATA, HELPERS, Page, Shared, TEMPLATE, typst_datetime};
use crate::{Error, TemplateProblem};

/// Largest template, in bytes.
pub const TEMPLATE_BYTES_MAX: usize = 256 * 1024;
/// Largest data, in bytes of JSON.
pub const DATA_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Most pages of one document.
pub const PAGES_MAX: usize = 200;

/// Renderings after which memoized layout results that nobody used again are given back.
const MEMO_AGE_MAX: usize = 4;
/// Errors reported of one template.
const PROBLEMS_MAX: usize = 20;

const SERIF_REGULAR: &[u8] = include_bytes!("../fonts/NotoSerifCJKsc-Regular-subset.otf");
const SANS_BOLD: &[u8] = include_bytes!("../fonts/NotoSansCJKsc-Bold-subset.otf");

/// A template: its name is for error messages.
#[derive(Debug, Clone, Copy)]
pub struct Template<'a> {
    pub name: &'a str,
    /// Typst text. It reads its data with `json("data.json")` and helpers with `#import "anju.typ": *`.
    pub source: &'a str,
}

/// Whoever renders documents. As a trait object it keeps the typesetter's deep types out of every future that holds
/// the platform: whoever compiles one would have to prove anew that they may cross threads.
pub trait Press: Send + Sync {
    /// As [`DocumentMaker::render_pdf`].
    ///
    /// # Errors
    /// Those of [`DocumentMaker::render_pdf`].
    fn render_pdf(&self, template: Template<'_>, data: &Value, made_at: Timestamp) -> Result<Vec<u8>, Error>;
}

impl Press for DocumentMaker {
    fn render_pdf(&self, template: Template<'_>, data: &Value, made_at: Timestamp) -> Result<Vec<u8>, Error> {
        DocumentMaker::render_pdf(self, template, data, made_at)
    }
}

/// Renders documents; holds the fonts. One for the life of the program, shared by all threads.
///
/// Rendering is pure computation of up to seconds: call it on a blocking thread and bound its time there.
pub struct DocumentMaker {
    shared: Shared,
}

impl DocumentMaker {
    /// With the embedded fonts only.
    pub fn new() -> Self {
        Self::of(embedded())
    }

    /// With more fonts (contents of .otf, .ttf or .ttc files), used where the embedded ones lack a character.
    pub fn with_fonts(files: impl IntoIterator<Item = Vec<u8>>) -> Result<Self, Error> {
        let mut fonts = embedded();
        for (index, file) in files.into_iter().enumerate() {
            let before = fonts.len();
            fonts.extend(Font::iter(Bytes::new(file)));
            if fonts.len() == before {
                return Err(Error::Font(format!("第 {} 个文件不是字体", index + 1)));
            }
        }
        Ok(Self::of(fonts))
    }

    fn of(fonts: Vec<Font>) -> Self {
        Self { shared: Shared::new(Library::default(), fonts) }
    }

    /// Renders a template with its data to PDF/A-2u. `made_at` is the document's time: `datetime.today()` in
    /// the template (its day in Shanghai) and the creation date in the file. Same input, same bytes.
    pub fn render_pdf(
        &self,
        template: Template<'_>,
        data: &Value,
        made_at: Timestamp,
    ) -> Result<Vec<u8>, Error> {
        let world = self.world(template, data, made_at)?;
        let result = self.render(&world, template.name);
        typst::comemo::evict(MEMO_AGE_MAX);
        result
    }

    fn world(&self, template: Template<'_>, data: &Value, made_at: Timestamp) -> Result<Page<'_>, Error> {
        if template.source.len() > TEMPLATE_BYTES_MAX {
            return Err(Error::TooLarge(format!("模板超过 {} KB", TEMPLATE_BYTES_MAX / 1024)));
        }
        let data = data.to_string();
        if data.len() > DATA_BYTES_MAX {
            return Err(Error::TooLarge(format!("数据超过 {} MB", DATA_BYTES_MAX / 1024 / 1024)));
        }
        Ok(Page {
            shared: &self.shared,
            template: Source::new(*TEMPLATE, template.source.to_owned()),
            data: Bytes::from_string(data),
            made_at: jiff::tz::offset(8).to_datetime(made_at),
        })
    }

    fn render(&self, world: &Page<'_>, name: &str) -> Result<Vec<u8>, Error> {
        let problems =
            |diagnostics: &[SourceDiagnostic]| Error::Template(template_problems(world, name, diagnostics));
        let document = typst::compile::<PagedDocument>(world).output.map_err(|errors| problems(&errors))?;
        if document.pages().len() > PAGES_MAX {
            return Err(Error::TooLarge(format!(
                "文书共 {} 页，最多 {PAGES_MAX} 页",
                document.pages().len()
            )));
        }
        let mut missing = BTreeSet::new();
        for page in document.pages() {
            collect_missing(&page.frame, &mut missing);
        }
        if !missing.is_empty() {
            return Err(Error::MissingGlyphs(missing.into_iter().collect()));
        }
        typst_pdf::pdf(&document, &pdf_options(world)).map_err(|errors| problems(&errors))
    }
}

impl Default for DocumentMaker {
    fn default() -> Self {
        Self::new()
    }
}

fn embedded() -> Vec<Font> {
    [SERIF_REGULAR, SANS_BOLD].into_iter().flat_map(|file| Font::iter(Bytes::new(file))).collect()
}

/// PDF/A-2u: made to be kept, every character can be read back as text.
fn pdf_options(world: &Page<'_>) -> PdfOptions {
    PdfOptions {
        creator: Smart::Custom(Some("Anju".to_owned())),
        timestamp: typst_datetime(world.made_at).and_then(|at| typst_pdf::Timestamp::new_local(at, 8 * 60)),
        standards: PdfStandards::new(&[PdfStandard::A_2u]).expect("one standard alone contradicts nothing"),
        ..PdfOptions::default()
    }
}

/// Characters set with the `.notdef` glyph because no font has them.
fn collect_missing(frame: &Frame, missing: &mut BTreeSet<char>) {
    for (_, item) in frame.items() {
        match item {
            FrameItem::Group(group) => collect_missing(&group.frame, missing),
            FrameItem::Text(text) => {
                let view = TextItemView::full(text);
                for glyph in text.glyphs.iter().filter(|glyph| glyph.id == 0) {
                    missing.extend(view.glyph_text(glyph).chars());
                }
            }
            _ => {}
        }
    }
}

fn template_problems(world: &Page<'_>, name: &str, diagnostics: &[SourceDiagnostic]) -> Vec<TemplateProblem> {
    diagnostics
        .iter()
        .take(PROBLEMS_MAX)
        .map(|diagnostic| template_problem(world, name, diagnostic))
        .collect()
}

/// The place in the template when there is one: an error inside a helper is shown where it was called.
fn template_problem(world: &Page<'_>, name: &str, diagnostic: &SourceDiagnostic) -> TemplateProblem {
    let calls = diagnostic.trace.iter().map(|point| point.span.into());
    let spans: Vec<typst::syntax::DiagSpan> = std::iter::once(diagnostic.span).chain(calls).collect();
    let span = spans.iter().find(|span| span.id() == Some(*TEMPLATE)).unwrap_or(&diagnostic.span);
    let file = match span.id() {
        Some(id) if id == *HELPERS => "anju.typ",
        Some(id) if id == *DATA => "data.json",
        _ => name,
    };
    let place = span.id().and_then(|id| {
        let source = world.source(id).ok()?;
        let start = world.range(*span)?.start;
        Some((source.lines().byte_to_line(start)? + 1, source.lines().byte_to_column(start)? + 1))
    });
    TemplateProblem {
        file: file.to_owned(),
        line: place.map(|(line, _)| line),
        column: place.map(|(_, column)| column),
        message: diagnostic.message.to_string(),
        hints: diagnostic.hints.iter().map(|hint| hint.v.to_string()).collect(),
    }
}
