//! Pages: what the front end renders.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Filter, Sort, Tone};

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
// serde cannot refuse unknown keys here because of the flattened body; the loader does.
#[schemars(deny_unknown_fields)]
pub struct Page {
    /// Key: `app.name`.
    pub page: String,
    pub title: String,
    /// Shown under the title.
    #[serde(default)]
    pub purpose: Option<String>,
    /// May be seen without log-in (its data still needs the `public` role's rights).
    #[serde(default)]
    pub public: bool,
    #[serde(flatten)]
    pub body: PageBody,
}

impl Page {
    /// The entity whose records the page shows; none for dashboards and work lists.
    pub fn entity(&self) -> Option<&str> {
        match &self.body {
            PageBody::List(page) => Some(&page.entity),
            PageBody::Form(page) => Some(&page.entity),
            PageBody::Detail(page) => Some(&page.entity),
            PageBody::Dashboard(_) | PageBody::Tasks(_) => None,
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
// Few exist, each behind an `Arc`; boxing would only be in the reader's way.
#[allow(clippy::large_enum_variant)]
pub enum PageBody {
    List(ListPage),
    Form(FormPage),
    Detail(DetailPage),
    Dashboard(DashboardPage),
    /// The work list of tasks: to do, done, started.
    Tasks(TasksPage),
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ListPage {
    pub entity: String,
    /// Always applied.
    #[serde(default, rename = "where")]
    pub filter: Option<Filter>,
    /// Fields offered as filters above the list, and `$countdown`.
    #[serde(default)]
    pub filters: Vec<String>,
    /// Quick views: title → filter.
    #[serde(default)]
    pub views: IndexMap<String, Filter>,
    pub columns: Vec<Column>,
    #[serde(default)]
    pub sort: Vec<Sort>,
    /// Detail page opened by a row.
    #[serde(default)]
    pub detail: Option<String>,
    /// Reference field whose record the detail page shows; absent: the row's own record.
    #[serde(default)]
    pub detail_of: Option<String>,
    /// Form page for a new record.
    #[serde(default)]
    pub create: Option<String>,
    /// Actions offered on selected rows.
    #[serde(default)]
    pub actions: Vec<String>,
    /// Whether importing a workbook is offered.
    #[serde(default)]
    pub import: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Field or path through references, or `$countdown` (working days left of the running process).
    pub field: String,
    #[serde(default)]
    pub title: Option<String>,
    /// Width in pixels.
    #[serde(default)]
    pub width: Option<u32>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct FormPage {
    pub entity: String,
    pub sections: Vec<Section>,
    /// Action offered beside saving, e.g. `submit`: saves, then acts.
    #[serde(default)]
    pub submit: Option<String>,
    /// Page opened after saving; gets the record's id.
    #[serde(default)]
    pub then: Option<String>,
}

/// A titled group: fields, or the rows of a child table.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Section {
    pub title: String,
    #[serde(default)]
    pub help: Option<String>,
    #[serde(default)]
    pub fields: Vec<String>,
    /// Name of a child table (`as` of its parent link).
    #[serde(default)]
    pub children: Option<String>,
    /// Columns of the child table.
    #[serde(default)]
    pub columns: Vec<String>,
    /// ZEN expression over the record.
    #[serde(default)]
    pub visible_when: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct DetailPage {
    pub entity: String,
    /// Field shown as the status tag.
    #[serde(default)]
    pub status: Option<String>,
    /// Facts in the head of the page.
    #[serde(default)]
    pub facts: Vec<String>,
    pub tabs: Vec<Tab>,
    /// Actions offered.
    #[serde(default)]
    pub actions: Vec<String>,
    /// Form page for editing.
    #[serde(default)]
    pub edit: Option<String>,
    /// ZEN expression over the record: whether editing is offered.
    #[serde(default)]
    pub edit_when: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tab {
    pub title: String,
    #[serde(default)]
    pub sections: Vec<Section>,
    /// Records of another entity that refer to this one.
    #[serde(default)]
    pub related: Option<Related>,
    /// A built-in panel.
    #[serde(default)]
    pub panel: Option<Panel>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Related {
    pub entity: String,
    /// Its reference field.
    pub by: String,
    pub columns: Vec<Column>,
    #[serde(default)]
    pub sort: Vec<Sort>,
    #[serde(default)]
    pub actions: Vec<String>,
    #[serde(default)]
    pub detail: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Panel {
    /// Opinions of all completed steps.
    Opinions,
    /// The process picture with the path taken, and its timeline.
    Process,
    /// History of the record.
    History,
    /// Files of the record and its child tables, with a viewer.
    Files,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct DashboardPage {
    pub widgets: Vec<Widget>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "widget", rename_all = "snake_case", deny_unknown_fields)]
pub enum Widget {
    /// A count of records that opens its list.
    Figure {
        title: String,
        entity: String,
        #[serde(default, rename = "where")]
        filter: Option<Filter>,
        /// List page that shows the records behind the figure.
        #[serde(default)]
        page: Option<String>,
        /// How a count above zero is coloured.
        #[serde(default)]
        tone: Option<Tone>,
    },
    /// Counts by the values of a field, as a bar chart that opens its list.
    Breakdown {
        title: String,
        entity: String,
        group_by: String,
        #[serde(default, rename = "where")]
        filter: Option<Filter>,
        #[serde(default)]
        page: Option<String>,
    },
    /// The caller's open tasks, the most urgent first.
    Tasks { title: String, size: u32 },
    /// Short links.
    Shortcuts { title: String, pages: Vec<String> },
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct TasksPage {
    /// Only tasks of these processes; empty: all.
    #[serde(default)]
    pub processes: Vec<String>,
}
