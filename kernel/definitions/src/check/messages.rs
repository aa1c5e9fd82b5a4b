use crate::{Channel, FieldType, Kind, Message};

use super::{Check, Reach};

pub(super) fn check<'a>(at: &mut Check<'a>, message: &'a Message) {
    at.refers("entity", Kind::Entity, &message.entity);
    let to = at.path("to", &message.entity, &message.to, Reach::One);
    let fits = to.is_none_or(|path| match message.channel {
        Channel::Sms => matches!(path.field_type(), FieldType::Phone | FieldType::Text),
        Channel::InApp => matches!(path.field_type(), FieldType::Ref | FieldType::Text),
    });
    if !fits {
        let wanted = match message.channel {
            Channel::Sms => "电话",
            Channel::InApp => "账户",
        };
        at.error("to", "field_type", format!("“{}”应为{wanted}字段", message.to));
    }
    at.placeholders("text", &message.entity, &message.text);
}
