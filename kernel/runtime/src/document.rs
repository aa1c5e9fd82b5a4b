//! Documents of records: numbers and terms are drawn in the business transaction, the PDF is made by a job
//! after it, sealed with the platform's SM2 key and registered for public verification.

use anju_crypto::{Place, Purpose, random_token, sm3};
use anju_definitions::{Disposal, Document};
use anju_documents::Template;
use anju_records::{Actor, Erased, Error, Object, Record, masked_name};
use anju_store::{
    ColumnKind, ColumnRef, Condition, Fetch, IndexSpec, Job, NewJob, Operator, Select, SqlValue, TableSpec,
    Tx,
};
use jiff::{ToSpan, civil::Date};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{Runtime, context::resolve};

pub(crate) const RENDER_JOB: &str = "document.render";
const TABLE: &str = "sys_sealed_document";
const VERIFY_CODE_BYTES: usize = 16;

/// A field that receives the id of the file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Into {
    pub entity: String,
    pub id: String,
    pub field: String,
}

/// Number and term of a document, drawn before it is made.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct DocumentTicket {
    pub number: Option<String>,
    pub valid_from: Option<String>,
    pub valid_to: Option<String>,
}

/// An order for a document.
#[derive(Debug, Clone)]
pub struct DocumentRequest {
    document: String,
    entity: String,
    record_id: String,
    ticket: Option<DocumentTicket>,
    into: Vec<Into>,
}

impl DocumentRequest {
    pub fn of(document: &str, entity: &str, record_id: &str) -> Self {
        Self {
            document: document.to_owned(),
            entity: entity.to_owned(),
            record_id: record_id.to_owned(),
            ticket: None,
            into: Vec::new(),
        }
    }

    /// Uses terms drawn earlier in the same transaction.
    pub fn with_terms(self, ticket: DocumentTicket) -> Self {
        Self { ticket: Some(ticket), ..self }
    }

    /// Puts the file's id into a field when it is made.
    pub fn into_field(mut self, entity: &str, id: &str, field: &str) -> Self {
        self.into.push(Into { entity: entity.to_owned(), id: id.to_owned(), field: field.to_owned() });
        self
    }
}

/// What the job carries; `data` is sealed, since it holds personal data.
#[derive(Serialize, Deserialize)]
struct RenderOrder {
    document: String,
    entity: String,
    record_id: String,
    into: Vec<Into>,
    ticket: DocumentTicket,
    /// Code of the public verification page.
    code: String,
    data: String,
    actor: Actor,
}

/// What the public verification page shows.
#[derive(Debug, Clone, Serialize)]
pub struct SealedDocument {
    pub title: String,
    pub number: Option<String>,
    pub facts: Vec<Fact>,
    /// RFC 3339.
    pub issued_at: String,
    pub valid_to: Option<String>,
    /// `valid`, `expired` or `revoked`.
    pub state: &'static str,
    /// Whether the platform's signature holds over the stored file.
    pub signature_valid: bool,
    pub issuer: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Fact {
    pub title: String,
    pub value: String,
}

/// Forgets the sealed documents of an erased record, or what their public facts say of it; their files.
pub(crate) async fn forget(tx: &mut Tx, erased: &Erased) -> anju_store::Result<Vec<String>> {
    let of_record =
        Condition::All(vec![is("entity", erased.entity.as_str()), is("record_id", erased.id.as_str())]);
    let select = Select::from(TABLE)
        .column("code", ColumnKind::Text)
        .column("file_id", ColumnKind::Text)
        .column("facts", ColumnKind::Text)
        .filter(of_record);
    let mut files = Vec::new();
    for row in tx.fetch_all(&select).await? {
        let (code, file) = (row.text(0)?, row.text(1)?.to_owned());
        if erased.then == Disposal::Remove || erased.files.contains(&file) {
            tx.delete(TABLE, is("code", code)).await?;
            files.push(file);
        } else {
            let facts = SqlValue::Text(erased.clean(row.text(2)?));
            tx.update(TABLE, vec![("facts", facts)], is("code", code)).await?;
        }
    }
    Ok(files)
}

/// Whether a sealed document is this file.
pub(crate) async fn is_named(tx: &mut Tx, file: &str) -> anju_store::Result<bool> {
    let select = Select::from(TABLE).column("code", ColumnKind::Text).filter(is("file_id", file)).limit(1);
    Ok(tx.fetch_optional(&select).await?.is_some())
}

pub(crate) fn tables() -> Vec<TableSpec> {
    vec![
        TableSpec::new(TABLE)
            .column("code", ColumnKind::Text)
            .column("document", ColumnKind::Text)
            .column("title", ColumnKind::Text)
            .nullable("number", ColumnKind::Text)
            .column("entity", ColumnKind::Text)
            .column("record_id", ColumnKind::Text)
            .column("file_id", ColumnKind::Text)
            .column("digest", ColumnKind::Bytes)
            .column("signature", ColumnKind::Bytes)
            .column("facts", ColumnKind::Text)
            .column("issuer", ColumnKind::Text)
            .column("issued_at", ColumnKind::Int)
            .nullable("valid_to", ColumnKind::Text)
            .nullable("revoked_at", ColumnKind::Int)
            .primary_key(["code"])
            .index(IndexSpec::on(["document", "number"]))
            .authenticated(),
    ]
}

impl Runtime {
    /// Draws the number and term of a document for a record.
    pub async fn document_terms(
        &self,
        tx: &mut Tx,
        key: &str,
        record: &Record,
    ) -> Result<DocumentTicket, Error> {
        let document = self.document(key)?;
        let mut ticket = DocumentTicket::default();
        if let Some(sequence) = &document.number {
            ticket.number =
                Some(self.records.draw_number(tx, sequence, &document.entity, &record.values).await?);
        }
        if let Some(years) = document.valid_years {
            let from = self.today();
            ticket.valid_from = Some(from.to_string());
            ticket.valid_to = Some(last_day(from, years)?.to_string());
        }
        Ok(ticket)
    }

    /// Orders a document; it is made right after the transaction commits. Returns its terms.
    pub async fn request_document(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        request: DocumentRequest,
    ) -> Result<DocumentTicket, Error> {
        let document = self.document(&request.document)?;
        let system = actor.on_behalf();
        let record = self.records.read_in(tx, &system, &request.entity, &request.record_id).await?;
        let ticket = match request.ticket {
            Some(ticket) => ticket,
            None => self.document_terms(tx, &request.document, &record).await?,
        };
        let code = random_token(&*self.randomness, VERIFY_CODE_BYTES);
        let data = self.document_data(&document, &request.entity, &record, actor, &ticket, &code)?;
        let sealed = self.keyring.seal(&place(&code), Value::Object(data).to_string().as_bytes())?;
        let order = RenderOrder {
            document: request.document,
            entity: request.entity,
            record_id: request.record_id,
            into: request.into,
            ticket: ticket.clone(),
            code: code.clone(),
            data: hex::encode(sealed),
            actor: system,
        };
        let payload = serde_json::to_value(&order).map_err(|error| Error::Internal(error.to_string()))?;
        let job = NewJob {
            kind: RENDER_JOB.to_owned(),
            key: Some(code),
            payload,
            run_at: self.clock.now(),
            attempts_max: 5,
            created_by: actor.account_id.clone(),
            at: self.clock.now(),
        };
        tx.enqueue(&job).await?;
        Ok(ticket)
    }

    /// Makes a document void; its verification page says so.
    pub async fn revoke_document(&self, tx: &mut Tx, document: &str, number: &str) -> Result<(), Error> {
        let filter = Condition::All(vec![is("document", document), is("number", number)]);
        let now = SqlValue::Int(self.clock.now().as_millisecond());
        tx.update(TABLE, vec![("revoked_at", now)], filter).await?;
        Ok(())
    }

    /// Renders a document of a record as a preview: no number, no seal, nothing stored.
    pub async fn preview_document(&self, actor: &Actor, key: &str, id: &str) -> Result<Vec<u8>, Error> {
        let document = self.document(key)?;
        let record = self.records.read(actor, &document.entity, id).await?;
        let ticket = DocumentTicket { number: Some("（预览）".to_owned()), ..DocumentTicket::default() };
        let data = self.document_data(&document, &document.entity, &record, actor, &ticket, "preview")?;
        self.render(&document.source, Value::Object(data))
            .await
            .map_err(|error| Error::Internal(error.to_string()))
    }

    /// What the public may know of a sealed document; `None` for an unknown code.
    pub async fn sealed_document(&self, code: &str) -> Result<Option<SealedDocument>, Error> {
        let select = Select::from(TABLE)
            .column("title", ColumnKind::Text)
            .column("number", ColumnKind::Text)
            .column("facts", ColumnKind::Text)
            .column("issuer", ColumnKind::Text)
            .column("issued_at", ColumnKind::Int)
            .column("valid_to", ColumnKind::Text)
            .column("revoked_at", ColumnKind::Int)
            .column("file_id", ColumnKind::Text)
            .column("signature", ColumnKind::Bytes)
            .filter(is("code", code));
        let Some(row) = self.store.reader().fetch_optional(&select).await? else { return Ok(None) };
        let valid_to = row.opt_text(5)?.map(str::to_owned);
        let state = match (row.opt_int(6)?, &valid_to) {
            (Some(_), _) => "revoked",
            (None, Some(last)) if *last < self.today().to_string() => "expired",
            _ => "valid",
        };
        let (_, bytes) = self.store.get_file(row.text(7)?).await?;
        let issued_at = jiff::Timestamp::from_millisecond(row.int(4)?)
            .map_err(|error| Error::Internal(error.to_string()))?
            .to_zoned_datetime(anju_calendar::zone());
        Ok(Some(SealedDocument {
            title: row.text(0)?.to_owned(),
            number: row.opt_text(1)?.map(str::to_owned),
            facts: serde_json::from_str(row.text(2)?).unwrap_or_default(),
            issued_at: issued_at.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(),
            valid_to,
            state,
            signature_valid: self.keyring.verify(Purpose::Document, &sm3(&bytes), row.bytes(8)?),
            issuer: row.text(3)?.to_owned(),
        }))
    }

    /// Makes one ordered document: renders, signs, stores, registers, hands the file's id over.
    pub(crate) async fn render_job(&self, job: &Job) -> crate::Result<()> {
        let order: RenderOrder = serde_json::from_value(job.payload.clone())
            .map_err(|error| crate::Error::Job(format!("unreadable order: {error}")))?;
        let sealed = hex::decode(&order.data).map_err(|error| crate::Error::Job(error.to_string()))?;
        let data: Object = serde_json::from_slice(&self.keyring.open(&place(&order.code), &sealed)?)
            .map_err(|error| crate::Error::Job(error.to_string()))?;
        let document = self.document(&order.document)?;
        let pdf = self.render(&document.source, Value::Object(data.clone())).await?;
        let now = self.clock.now();
        let name = match &order.ticket.number {
            Some(number) => format!("{}-{number}.pdf", document.title),
            None => format!("{}.pdf", document.title),
        };
        let digest = sm3(&pdf);
        let contents = self.store.write_contents(pdf).await?;
        let mut tx = self.store.begin().await?;
        let file = tx.put_file(&contents, &name, "application/pdf", &order.actor.account_id, now).await?;
        if document.seal {
            self.register(&mut tx, &document, &order, &data, &file.id, &digest).await?;
        }
        for target in &order.into {
            let change = Object::from_iter([(target.field.clone(), json!(file.id))]);
            self.records.patch(&mut tx, &order.actor, &target.entity, &target.id, None, change, None).await?;
        }
        tx.finish_job(job, &json!({ "file": file.id }), now).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn register(
        &self,
        tx: &mut Tx,
        document: &Document,
        order: &RenderOrder,
        data: &Object,
        file_id: &str,
        digest: &[u8; 32],
    ) -> crate::Result<()> {
        let facts: Vec<Fact> = document
            .public_facts
            .iter()
            .map(|(title, name)| {
                let clear = shown(data.get(name));
                let named = document.public_names.contains(name);
                Fact { title: title.clone(), value: if named { masked_name(&clear) } else { clear } }
            })
            .collect();
        let facts = serde_json::to_string(&facts).map_err(|error| crate::Error::Job(error.to_string()))?;
        let signature = self.keyring.sign(Purpose::Document, digest)?;
        let optional = |text: &Option<String>| text.clone().map_or(SqlValue::Null, SqlValue::Text);
        let row = vec![
            ("code", SqlValue::from(order.code.as_str())),
            ("document", SqlValue::from(order.document.as_str())),
            ("title", SqlValue::from(document.title.as_str())),
            ("number", optional(&order.ticket.number)),
            ("entity", SqlValue::from(order.entity.as_str())),
            ("record_id", SqlValue::from(order.record_id.as_str())),
            ("file_id", SqlValue::from(file_id)),
            ("digest", SqlValue::Bytes(digest.to_vec())),
            ("signature", SqlValue::Bytes(signature)),
            ("facts", SqlValue::Text(facts)),
            ("issuer", SqlValue::Text(shown(data.get("organisation")))),
            ("issued_at", SqlValue::Int(self.clock.now().as_millisecond())),
            ("valid_to", optional(&order.ticket.valid_to)),
            ("revoked_at", SqlValue::Null),
        ];
        tx.insert(TABLE, row).await?;
        Ok(())
    }

    fn document_data(
        &self,
        document: &Document,
        entity: &str,
        record: &Record,
        actor: &Actor,
        ticket: &DocumentTicket,
        code: &str,
    ) -> Result<Object, Error> {
        let organisation = record
            .get("$refs")
            .get("operator")
            .and_then(Value::as_str)
            .or(actor.post.as_ref().map(|post| post.org_title.as_str()))
            .unwrap_or_default();
        let mut context = self.expression_context(entity, record, actor)?;
        let terms = [
            ("organisation", json!(organisation)),
            ("number", json!(ticket.number)),
            ("valid_from", json!(ticket.valid_from)),
            ("valid_to", json!(ticket.valid_to)),
            ("verify_code", json!(code)),
        ];
        context.extend(terms.map(|(name, value)| (name.to_owned(), value)));
        let context = Value::Object(context);
        let mut data = Object::new();
        for (name, value) in &document.data {
            data.insert(name.clone(), resolve(value, &context)?);
        }
        let mut give = |name: &str, value: Value| {
            data.entry(name).or_insert(value);
        };
        give("organisation", json!(organisation));
        give("number", json!(ticket.number));
        give("valid_from", json!(ticket.valid_from));
        give("valid_to", json!(ticket.valid_to));
        give("today", json!(self.today().to_string()));
        if document.seal {
            let url = format!("{}/verify/{code}", self.settings.public_url);
            let qr = anju_documents::qr_svg(&url).map_err(|error| Error::Internal(error.to_string()))?;
            give("verify_url", json!(url));
            give("verify_code", json!(code));
            give("qr", json!(qr));
        }
        Ok(data)
    }

    /// Renders off the async threads: a page of Chinese takes tens of milliseconds.
    async fn render(&self, source: &str, data: Value) -> crate::Result<Vec<u8>> {
        let maker = self.documents.clone();
        let source = source.to_owned();
        let made_at = self.clock.now();
        let rendered = tokio::task::spawn_blocking(move || {
            maker.render_pdf(Template { name: "document.typ", source: &source }, &data, made_at)
        })
        .await
        .map_err(|error| crate::Error::Job(format!("rendering broke off: {error}")))?;
        Ok(rendered?)
    }

    fn document(&self, key: &str) -> Result<std::sync::Arc<Document>, Error> {
        let found = self.catalog.load().document(key).cloned();
        found.ok_or_else(|| Error::Internal(format!("no document `{key}`")))
    }
}

/// The last day of a term of years that starts on `from`: the day before its anniversary, or the last of
/// February where the anniversary of the 29th does not exist.
fn last_day(from: Date, years: u32) -> Result<Date, Error> {
    let internal = |error: jiff::Error| Error::Internal(error.to_string());
    let anniversary = from.checked_add(i64::from(years).years()).map_err(internal)?;
    if anniversary.day() != from.day() {
        return Ok(anniversary);
    }
    anniversary.checked_sub(1.day()).map_err(internal)
}

fn shown(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.clone(),
        None | Some(Value::Null) => String::new(),
        Some(other) => other.to_string(),
    }
}

fn place(code: &str) -> Place<'_> {
    Place { table: "sys_job", column: "payload", row: code }
}

fn is(column: &str, value: &str) -> Condition {
    Condition::Compare {
        column: ColumnRef::new(TABLE, column),
        op: Operator::Eq,
        value: SqlValue::from(value),
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn m046_two_years_end_the_day_before() {
        assert_eq!(last_day(date(2026, 11, 24), 2).unwrap(), date(2028, 11, 23));
        assert_eq!(last_day(date(2024, 2, 29), 2).unwrap(), date(2026, 2, 28));
    }
}
