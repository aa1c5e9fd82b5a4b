//! Designs drawn at random: entities with every type of field, rules, references, scopes, rights.

use anju_definitions::{FieldType, Level, OnDelete};
use serde_json::{Value, json};

use crate::{design::*, dice::Dice};

/// Positions of the fields that every entity begins with, by which conditions, rules and scopes go.
pub const NAME: usize = 0;
pub const STATE: usize = 1;
pub const DISTRICT: usize = 2;
pub const COUNT: usize = 3;
pub const FLAG: usize = 4;
/// The same of child tables, after the link.
pub const LABEL: usize = 1;
pub const SIZE: usize = 2;

const PLAIN: [FieldType; 22] = [
    FieldType::Text,
    FieldType::LongText,
    FieldType::RichText,
    FieldType::Integer,
    FieldType::Decimal,
    FieldType::Money,
    FieldType::Boolean,
    FieldType::Date,
    FieldType::DateTime,
    FieldType::Choice,
    FieldType::MultiChoice,
    FieldType::File,
    FieldType::Image,
    FieldType::Video,
    FieldType::GeoPoint,
    FieldType::Address,
    FieldType::IdNumber,
    FieldType::PersonName,
    FieldType::Phone,
    FieldType::BankCard,
    FieldType::CreditCode,
    FieldType::RealEstateCertificate,
];

pub fn design(dice: &mut Dice) -> Design {
    let tops = 2 + dice.below(3);
    let mut entities: Vec<Entity> = (0..tops).map(|at| top(dice, at, tops)).collect();
    for of in 0..tops {
        if of == 0 || dice.percent(50) {
            let at = entities.len();
            entities.push(child(dice, at, of, tops));
        }
    }
    let mut design = Design { entities, roles: Vec::new() };
    for at in 0..design.entities.len() {
        formulas(dice, &mut design, at);
        rules(dice, &mut design, at);
    }
    for at in 0..tops {
        design.entities[at].scope = scope(dice, &design, at);
    }
    design.roles =
        [Level::City, Level::District, Level::Subdistrict].map(|level| role(dice, &design, level)).to_vec();
    design
}

fn top(dice: &mut Dice, at: usize, tops: usize) -> Entity {
    let mut fields = vec![
        Field { required: dice.percent(70), length_max: Some(6), ..Field::new("name", FieldType::Text) },
        Field {
            dictionary: Some(Dictionary::State),
            default: Some(json!("a")),
            ..Field::new("state", FieldType::Choice)
        },
        Field { dictionary: Some(Dictionary::Region), ..Field::new("district", FieldType::Choice) },
        Field { min: dice.percent(40).then_some(0), ..Field::new("count", FieldType::Integer) },
        Field { default: dice.percent(40).then(|| json!(false)), ..Field::new("flag", FieldType::Boolean) },
        Field { dictionary: Some(Dictionary::Region), ..Field::new("street", FieldType::Choice) },
        Field::new("owner", FieldType::Text),
    ];
    let numbered = dice.percent(50);
    if numbered {
        fields.push(Field::new("number", FieldType::Sequence));
    }
    for extra in 0..3 + dice.below(6) {
        fields.push(field(dice, extra));
    }
    for extra in 0..1 + dice.below(2) {
        let to = Some(dice.below(tops));
        let cascade = Some(OnDelete::Cascade);
        let rules = [None, Some(OnDelete::Restrict), cascade, cascade, Some(OnDelete::Keep)];
        let on_delete = *dice.one_of(&rules);
        fields.push(Field { to, on_delete, ..Field::new(format!("r{extra}"), FieldType::Ref) });
    }
    if dice.percent(30) {
        let on_delete = *dice.one_of(&[None, Some(OnDelete::Keep)]);
        let list = Field::new("list", FieldType::RefList);
        fields.push(Field { to: Some(dice.below(tops)), on_delete, count_max: Some(2), ..list });
    }
    let number = fields.iter().position(|field| field.kind == FieldType::Sequence);
    let mut uniques: Vec<Vec<usize>> = number.iter().map(|at| vec![*at]).collect();
    if dice.percent(40) {
        uniques.push(
            dice.one_of(&[vec![NAME], vec![NAME, STATE], vec![DISTRICT, COUNT], vec![STATE, FLAG, COUNT]])
                .clone(),
        );
    }
    let apart =
        |field: &Field| matches!(field.kind, FieldType::IdNumber | FieldType::Phone | FieldType::PersonName);
    if let Some(at) = fields.iter().position(apart).filter(|_| dice.percent(40)) {
        uniques.push(vec![at]);
    }
    let legal = vec![("a", "b"), ("b", "c"), ("c", "a"), ("b", "a")];
    Entity {
        key: format!("play.e{at}"),
        title: format!("实体{at}"),
        fields,
        parent: None,
        scope: Scope::Shared,
        uniques,
        rules: Vec::new(),
        transitions: dice.percent(60).then_some(Transitions { field: STATE, legal }),
        display: vec![NAME, STATE],
        number,
    }
}

fn child(dice: &mut Dice, at: usize, of: usize, tops: usize) -> Entity {
    let mut fields = vec![
        Field { to: Some(of), ..Field::new("parent", FieldType::Ref) },
        Field { required: dice.percent(50), length_max: Some(6), ..Field::new("label", FieldType::Text) },
        Field {
            default: dice.percent(40).then(|| json!(1)),
            max: Some(4),
            ..Field::new("size", FieldType::Integer)
        },
    ];
    for extra in 0..dice.below(3) {
        let field = field(dice, extra);
        // conditions speak of fields that rows do not have
        fields.push(Field { required_when: None, visible_when: None, read_only_when: None, ..field });
    }
    if dice.percent(40) {
        let on_delete = *dice.one_of(&[None, Some(OnDelete::Restrict), Some(OnDelete::Keep)]);
        fields.push(Field { to: Some(dice.below(tops)), on_delete, ..Field::new("about", FieldType::Ref) });
    }
    let groups = [vec![], vec![vec![LINK, LABEL]], vec![vec![LABEL]], vec![vec![LINK, LABEL, SIZE]]];
    Entity {
        key: format!("play.t{at}"),
        title: format!("子表{at}"),
        fields,
        parent: Some(Parent { entity: of, name: format!("rows{at}"), rows_max: 3 }),
        scope: Scope::Shared,
        uniques: dice.one_of(&groups).clone(),
        rules: Vec::new(),
        transitions: None,
        display: vec![LABEL],
        number: None,
    }
}

/// A field of any type with any attributes.
pub fn field(dice: &mut Dice, at: usize) -> Field {
    let kind = match dice.percent(6) {
        true => FieldType::Json,
        false => *dice.one_of(&PLAIN),
    };
    let mut field = Field::new(format!("f{at}"), kind);
    use FieldType as T;
    match kind {
        T::Text | T::LongText | T::PersonName if dice.percent(40) => field.length_max = Some(6),
        T::Decimal => field.scale = 1 + dice.below(3) as u32,
        T::Choice => {
            let region = dice.percent(50);
            field.dictionary = Some(if region { Dictionary::Region } else { Dictionary::State });
            field.leaf_only = region && dice.percent(50);
        }
        T::MultiChoice => {
            field.dictionary = Some(Dictionary::State);
            field.count_max = dice.percent(50).then_some(2);
        }
        T::Address => field.dictionary = Some(Dictionary::Region),
        T::Date => field.until_today = dice.percent(50),
        T::File => field.many = dice.percent(30),
        _ => {}
    }
    if matches!(kind, T::Integer | T::Money | T::Decimal) {
        field.min = dice.percent(30).then_some(0);
        field.max = dice.percent(30).then_some(4 * 10_i64.pow(field.scale));
    }
    let must_be_sealed = matches!(kind, T::IdNumber | T::BankCard);
    let sealable = !matches!(kind, T::RichText | T::Boolean | T::File | T::Image | T::Video | T::Json);
    field.sensitive = must_be_sealed || (sealable && dice.percent(20));
    field.default = default(dice, &field);
    field.required = dice.percent(12);
    field.immutable = dice.percent(8);
    field.system = dice.percent(6);
    field.required_when = dice.percent(10).then(|| condition(dice));
    field.visible_when = dice.percent(15).then(|| condition(dice));
    field.read_only_when = dice.percent(10).then(|| condition(dice));
    field
}

fn default(dice: &mut Dice, field: &Field) -> Option<Value> {
    if !dice.percent(25) {
        return None;
    }
    match field.kind {
        FieldType::Text => Some(json!("甲")),
        FieldType::Integer | FieldType::Money => Some(json!(1)),
        FieldType::Date => Some(json!("=today")),
        FieldType::Choice if field.dictionary == Some(Dictionary::State) => Some(json!("b")),
        _ => None,
    }
}

/// A condition over the fields that every entity has.
pub fn condition(dice: &mut Dice) -> Condition {
    match dice.below(4) {
        0 => Condition::Is(STATE, ["a", "b"][dice.below(2)]),
        1 => Condition::IsNot(STATE, ["b", "c"][dice.below(2)]),
        2 => Condition::Above(COUNT, dice.below(3) as i64),
        _ => Condition::True(FLAG),
    }
}

fn formulas(dice: &mut Dice, design: &mut Design, at: usize) {
    let children = design.children(at);
    let entity = &mut design.entities[at];
    let computed = |name: &str, kind, formula, stored| Field {
        formula: Some(formula),
        stored,
        ..Field::new(name, kind)
    };
    let first = if entity.parent.is_some() { SIZE } else { COUNT };
    if dice.percent(40) {
        entity.fields.push(computed("twice", FieldType::Integer, Formula::Times(first, 2), dice.percent(60)));
    }
    if entity.parent.is_some() {
        return;
    }
    if dice.percent(30) {
        entity.fields.push(computed(
            "double",
            FieldType::Integer,
            Formula::Sum(COUNT, COUNT),
            dice.percent(60),
        ));
    }
    if dice.percent(30) {
        entity.fields.push(computed(
            "large",
            FieldType::Boolean,
            Formula::AtLeast(COUNT, 2),
            dice.percent(60),
        ));
    }
    let Some(child) = children.first().filter(|_| dice.percent(60)) else { return };
    let formula = if dice.percent(50) { Formula::Rows(*child) } else { Formula::SumOfRows(*child, SIZE) };
    entity.fields.push(computed("of_rows", FieldType::Integer, formula, true));
}

fn rules(dice: &mut Dice, design: &mut Design, at: usize) {
    let is_child = design.entities[at].parent.is_some();
    let tops = design.tops();
    let mut rules = Vec::new();
    for number in 0..1 + dice.below(3) {
        let soft = dice.percent(60);
        let code = format!("rule{number}");
        let rule = match (is_child, dice.below(4)) {
            (true, 0) => Rule {
                code,
                soft,
                field: SIZE,
                when: None,
                asks: Asks::Check(Condition::Above(SIZE, i64::from(soft))),
            },
            (true, _) => others(code, soft, LABEL, at, LABEL, Expected::AtMost(dice.below(3))),
            (false, 0) => {
                let when = dice.percent(50).then(|| condition(dice));
                Rule {
                    code,
                    soft,
                    field: COUNT,
                    when,
                    asks: Asks::Check(Condition::Above(COUNT, i64::from(soft))),
                }
            }
            (false, 1) => {
                let when = Some(Condition::True(FLAG));
                Rule { code, soft, field: STATE, when, asks: Asks::Check(Condition::IsNot(STATE, "b")) }
            }
            (false, 2) => {
                let rule = others(
                    code,
                    soft,
                    COUNT,
                    at,
                    COUNT,
                    Expected::AtMost(if soft { dice.below(2) } else { 3 }),
                );
                Rule { when: dice.percent(60).then(|| condition(dice)), ..rule }
            }
            (false, _) => {
                let rule = others(code, soft, NAME, *dice.one_of(&tops), NAME, Expected::Some);
                Rule { when: Some(Condition::Is(STATE, "c")), ..rule }
            }
        };
        rules.push(rule);
    }
    design.entities[at].rules = rules;
}

fn others(code: String, soft: bool, own: usize, entity: usize, theirs: usize, expected: Expected) -> Rule {
    Rule { code, soft, field: own, when: None, asks: Asks::Others { entity, theirs, own, expected } }
}

fn scope(dice: &mut Dice, design: &Design, at: usize) -> Scope {
    let named = |name: &str| design.entities[at].fields.iter().position(|field| field.name == name);
    match dice.below(10) {
        0..3 => Scope::Shared,
        3 => Scope::Owned(named("owner").expect("an owner")),
        4 | 5 => match named("r0") {
            Some(way) => Scope::Placed { district: vec![way, DISTRICT], subdistrict: None },
            None => Scope::Placed { district: vec![DISTRICT], subdistrict: None },
        },
        _ => Scope::Placed {
            district: vec![DISTRICT],
            subdistrict: named("street").filter(|_| dice.percent(70)),
        },
    }
}

fn role(dice: &mut Dice, design: &Design, level: Level) -> Role {
    let permissions = (0..design.entities.len()).map(|at| permission(dice, design, at, level)).collect();
    let key = match level {
        Level::City => "play.city",
        Level::District => "play.district",
        _ => "play.street",
    };
    Role { key: key.to_owned(), level, permissions }
}

fn permission(dice: &mut Dice, design: &Design, at: usize, level: Level) -> Option<Permission> {
    let entity = &design.entities[at];
    let top = entity.parent.as_ref().map_or(entity, |parent| &design.entities[parent.entity]);
    // a role of streets has no right where no record says its street
    if level == Level::Subdistrict && matches!(top.scope, Scope::Placed { subdistrict: None, .. }) {
        return None;
    }
    // rows follow their parent unless a right says otherwise
    if dice.percent(if entity.parent.is_some() { 80 } else { 6 }) {
        return None;
    }
    let tables = design.children(at).into_iter().map(|child| design.table_name(child).to_owned());
    let names: Vec<String> = entity.fields.iter().map(|field| field.name.clone()).chain(tables).collect();
    let mut some =
        |percent: usize| -> Vec<String> { names.iter().filter(|_| dice.percent(percent)).cloned().collect() };
    let (fields, read_only) = (some(80), some(6));
    let sealed = entity.fields.iter().filter(|field| field.sensitive).map(|field| field.name.clone());
    let unmask = sealed.filter(|_| dice.percent(50)).collect();
    // who may not read may do nothing else
    let read = dice.percent(95);
    let mut may = |percent: usize| read && dice.percent(percent);
    Some(Permission {
        read,
        create: may(80),
        update: may(80),
        delete: may(70),
        import: may(70),
        fields: dice.percent(30).then_some(fields),
        read_only,
        unmask,
        only: (entity.parent.is_none() && dice.percent(25)).then(|| condition(dice)),
    })
}
