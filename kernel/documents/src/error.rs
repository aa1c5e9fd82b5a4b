use std::fmt;

/// What can go wrong, in words for the person who sees it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The template does not compile or fails with this data: its author must mend it.
    #[error("文书模板有错误：{}", list(.0))]
    Template(Vec<TemplateProblem>),
    /// No font has these characters. The document must not be issued without them: give a larger font.
    #[error("字库缺少以下字符，文书未生成：{}", characters(.0))]
    MissingGlyphs(Vec<char>),
    /// Template, data or result are larger than the bounds of this crate.
    #[error("超出文书限制：{0}")]
    TooLarge(String),
    /// The fonts given cannot be read.
    #[error("字体文件无法读取：{0}")]
    Font(String),
    /// The text does not fit into a QR code.
    #[error("内容过长，无法生成二维码")]
    QrTooLong,
    /// The file is not a workbook that can be read.
    #[error("无法读取电子表格：{0}")]
    Unreadable(String),
    /// The workbook was refused before reading: too large, or made to flood the reader.
    #[error("电子表格被拒绝：{0}")]
    Refused(String),
    /// The workbook cannot be written: a name or text that the format does not allow.
    #[error("无法写出电子表格：{0}")]
    Unwritable(String),
}

/// One error in a template. Lines and columns count from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateProblem {
    /// Name of the template, or of the virtual file (`data.json`, `anju.typ`) the cause lies in.
    pub file: String,
    /// `None` when the cause has no place, such as a PDF conformance error.
    pub line: Option<usize>,
    pub column: Option<usize>,
    pub message: String,
    pub hints: Vec<String>,
}

impl fmt::Display for TemplateProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, " 第 {line} 行")?;
        }
        if let Some(column) = self.column {
            write!(f, "第 {column} 列")?;
        }
        write!(f, "：{}", self.message)?;
        if !self.hints.is_empty() {
            write!(f, "（提示：{}）", self.hints.join("；"))?;
        }
        Ok(())
    }
}

fn list(problems: &[TemplateProblem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("；")
}

fn characters(missing: &[char]) -> String {
    missing.iter().map(|c| format!("“{c}”（U+{:04X}）", u32::from(*c))).collect::<Vec<_>>().join("、")
}
