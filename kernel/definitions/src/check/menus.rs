use crate::{Kind, Menu};

use super::Check;

pub(super) fn check(at: &mut Check<'_>, menu: &Menu) {
    for (index, item) in menu.items.iter().enumerate() {
        at.refers(&format!("items/{index}/page"), Kind::Page, &item.page);
    }
}
