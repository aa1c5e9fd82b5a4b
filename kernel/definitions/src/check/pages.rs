use crate::{
    Column, DashboardPage, DetailPage, FieldType, FormPage, Kind, ListPage, Page, PageBody, Related, Section,
    Tab, Widget,
};

use super::entities::action;
use super::{Check, Reach, filters};

/// What a page reference wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    List,
    Form,
    Detail,
    /// Any page of the entity that shows one record.
    Record,
}

pub(super) fn check<'a>(at: &mut Check<'a>, page: &'a Page) {
    match &page.body {
        PageBody::List(list) => self::list(at, list),
        PageBody::Form(form) => self::form(at, form),
        PageBody::Detail(detail) => self::detail(at, detail),
        PageBody::Dashboard(dashboard) => self::dashboard(at, dashboard),
        PageBody::Tasks(tasks) => {
            for (index, process) in tasks.processes.iter().enumerate() {
                at.refers(&format!("processes/{index}"), Kind::Process, process);
            }
        }
    }
}

fn list<'a>(at: &mut Check<'a>, page: &'a ListPage) {
    let entity = &page.entity;
    at.refers("entity", Kind::Entity, entity);
    if let Some(filter) = &page.filter {
        filters::check(at, "where", entity, filter);
    }
    for (index, path) in page.filters.iter().enumerate() {
        let place = format!("filters/{index}");
        if !at.is_countdown(&place, entity, path) {
            at.path(&place, entity, path, Reach::Any);
        }
    }
    for (title, filter) in &page.views {
        filters::check(at, &format!("views/{title}"), entity, filter);
    }
    if page.columns.is_empty() {
        at.error("columns", "empty", "列表没有任何列");
    }
    columns(at, "columns", entity, &page.columns);
    filters::sorts(at, "sort", entity, &page.sort);
    if let Some(detail) = &page.detail {
        let shown = shown_by(at, page);
        opens(at, "detail", shown, detail, Wanted::Record);
    } else if page.detail_of.is_some() {
        at.error("detail_of", "detail_of", "有 detail_of 的列表须有 detail");
    }
    if let Some(page) = &page.create {
        opens(at, "create", entity, page, Wanted::Form);
    }
    actions(at, "actions", entity, &page.actions);
}

/// The entity whose records the detail page of a list shows.
fn shown_by<'a>(at: &mut Check<'a>, page: &'a ListPage) -> &'a str {
    let Some(name) = &page.detail_of else { return &page.entity };
    let field = at.own_field("detail_of", &page.entity, name);
    match field.map(|field| field.to.as_deref()) {
        Some(Some(target)) => target,
        Some(None) => {
            at.error("detail_of", "field_type", format!("“{name}”应为引用字段"));
            &page.entity
        }
        None => &page.entity,
    }
}

fn form<'a>(at: &mut Check<'a>, page: &'a FormPage) {
    let entity = &page.entity;
    at.refers("entity", Kind::Entity, entity);
    for (index, section) in page.sections.iter().enumerate() {
        self::section(at, &format!("sections/{index}"), entity, section, Reach::Own);
    }
    if let Some(name) = &page.submit {
        action(at, "submit", entity, name);
    }
    if let Some(page) = &page.then {
        at.refers("then", Kind::Page, page);
    }
}

fn detail<'a>(at: &mut Check<'a>, page: &'a DetailPage) {
    let entity = &page.entity;
    at.refers("entity", Kind::Entity, entity);
    if let Some(name) = &page.status {
        let field = at.own_field("status", entity, name);
        if field.is_some_and(|field| field.field_type != FieldType::Choice) {
            at.error("status", "field_type", format!("“{name}”应为选项字段"));
        }
    }
    for (index, path) in page.facts.iter().enumerate() {
        at.path(&format!("facts/{index}"), entity, path, Reach::One);
    }
    for (index, tab) in page.tabs.iter().enumerate() {
        self::tab(at, &format!("tabs/{index}"), entity, tab);
    }
    actions(at, "actions", entity, &page.actions);
    if let Some(page) = &page.edit {
        opens(at, "edit", entity, page, Wanted::Form);
    }
}

fn tab<'a>(at: &mut Check<'a>, place: &str, entity: &str, tab: &'a Tab) {
    if tab.sections.is_empty() && tab.related.is_none() && tab.panel.is_none() {
        at.error(place, "empty", format!("页签“{}”没有内容", tab.title));
    }
    for (index, section) in tab.sections.iter().enumerate() {
        self::section(at, &format!("{place}/sections/{index}"), entity, section, Reach::One);
    }
    if let Some(related) = &tab.related {
        self::related(at, &format!("{place}/related"), entity, related);
    }
}

fn related<'a>(at: &mut Check<'a>, place: &str, entity: &str, related: &'a Related) {
    if !at.refers(&format!("{place}/entity"), Kind::Entity, &related.entity) {
        return;
    }
    let by = format!("{place}/by");
    let field = at.own_field(&by, &related.entity, &related.by);
    if field.is_some_and(|field| field.to.as_deref() != Some(entity)) {
        at.error(&by, "field_type", format!("“{}”应为引用“{entity}”的字段", related.by));
    }
    columns(at, &format!("{place}/columns"), &related.entity, &related.columns);
    filters::sorts(at, &format!("{place}/sort"), &related.entity, &related.sort);
    actions(at, &format!("{place}/actions"), &related.entity, &related.actions);
    if let Some(page) = &related.detail {
        opens(at, &format!("{place}/detail"), &related.entity, page, Wanted::Record);
    }
}

fn section<'a>(at: &mut Check<'a>, place: &str, entity: &str, section: &'a Section, reach: Reach) {
    for (index, path) in section.fields.iter().enumerate() {
        at.path(&format!("{place}/fields/{index}"), entity, path, reach);
    }
    let Some(name) = &section.children else {
        if section.fields.is_empty() {
            at.error(place, "empty", format!("分组“{}”没有字段", section.title));
        }
        if !section.columns.is_empty() {
            at.error(&format!("{place}/columns"), "section", "columns 只用于子表，须同时有 children");
        }
        return;
    };
    if !section.fields.is_empty() {
        at.error(place, "section", "一个分组只能有 fields 或 children 之一");
    }
    let catalog = at.catalog;
    if catalog.entity(entity).is_none() {
        return;
    }
    let Some(child) = catalog.child(entity, name) else {
        let known = catalog.children_of(entity).iter().filter_map(|child| child.parent.as_ref());
        let hint = crate::hint::hint(name, known.map(|parent| parent.as_name.as_str()));
        at.error(&format!("{place}/children"), "no_child", format!("实体“{entity}”没有子表“{name}”{hint}"));
        return;
    };
    if section.columns.is_empty() {
        at.error(place, "empty", format!("子表“{name}”没有任何列"));
    }
    for (index, path) in section.columns.iter().enumerate() {
        at.path(&format!("{place}/columns/{index}"), &child.entity, path, reach);
    }
}

fn columns<'a>(at: &mut Check<'a>, place: &str, entity: &str, columns: &'a [Column]) {
    for (index, column) in columns.iter().enumerate() {
        let place = format!("{place}/{index}/field");
        if !at.is_countdown(&place, entity, &column.field) {
            at.path(&place, entity, &column.field, Reach::One);
        }
    }
}

fn actions(at: &mut Check<'_>, place: &str, entity: &str, names: &[String]) {
    for (index, name) in names.iter().enumerate() {
        action(at, &format!("{place}/{index}"), entity, name);
    }
}

/// A page of the wanted kind and the same entity.
pub(super) fn opens(at: &mut Check<'_>, place: &str, entity: &str, key: &str, wanted: Wanted) {
    if !at.refers(place, Kind::Page, key) {
        return;
    }
    let catalog = at.catalog;
    let Some(page) = catalog.page(key) else { return };
    let (kind, of) = match &page.body {
        PageBody::List(page) => (Wanted::List, Some(&page.entity)),
        PageBody::Form(page) => (Wanted::Form, Some(&page.entity)),
        PageBody::Detail(page) => (Wanted::Detail, Some(&page.entity)),
        PageBody::Dashboard(_) | PageBody::Tasks(_) => (Wanted::Record, None),
    };
    let fits = match wanted {
        Wanted::Record => matches!(kind, Wanted::Form | Wanted::Detail),
        one => kind == one,
    };
    if !fits {
        let name = match wanted {
            Wanted::List => "列表",
            Wanted::Form => "表单",
            Wanted::Detail => "详情",
            Wanted::Record => "详情或表单",
        };
        at.error(place, "page_kind", format!("页面“{key}”应为{name}页"));
    } else if of.is_some_and(|of| of != entity) {
        at.error(place, "wrong_entity", format!("页面“{key}”不是实体“{entity}”的页面"));
    }
}

fn dashboard<'a>(at: &mut Check<'a>, page: &'a DashboardPage) {
    for (index, widget) in page.widgets.iter().enumerate() {
        let place = format!("widgets/{index}");
        match widget {
            Widget::Figure { entity, filter, page, .. } | Widget::Breakdown { entity, filter, page, .. } => {
                at.refers(&format!("{place}/entity"), Kind::Entity, entity);
                if let Some(filter) = filter {
                    filters::check(at, &format!("{place}/where"), entity, filter);
                }
                if let Some(page) = page {
                    opens(at, &format!("{place}/page"), entity, page, Wanted::List);
                }
                if let Widget::Breakdown { group_by, .. } = widget {
                    grouping(at, &format!("{place}/group_by"), entity, group_by);
                }
            }
            Widget::Tasks { size, .. } => {
                if *size == 0 || *size > 100 {
                    at.error(&format!("{place}/size"), "bounds", "size 应在 1 至 100 之间");
                }
            }
            Widget::Shortcuts { pages, .. } => {
                for (i, page) in pages.iter().enumerate() {
                    at.refers(&format!("{place}/pages/{i}"), Kind::Page, page);
                }
            }
        }
    }
}

fn grouping<'a>(at: &mut Check<'a>, place: &str, entity: &str, path: &'a str) {
    let Some(found) = at.path(place, entity, path, Reach::One) else { return };
    if found.field().is_some_and(|field| field.sensitive) {
        at.error(place, "group_sensitive", format!("“{path}”已加密，不能分组"));
    }
}
