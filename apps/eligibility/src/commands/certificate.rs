use anju_runtime::{
    Command, CommandContext, CommandOutcome, DocumentRequest, process::Result, records::Object,
};
use async_trait::async_trait;
use serde_json::{Value, json};

use crate::case::{CASE, CERTIFICATE, change, create, equals, find, required};

const DOCUMENT: &str = "eligibility.public_rental_certificate";

/// Draws the number, computes the term of two years, makes and seals the certificate (M045, M046).
pub struct IssueCertificate;

#[async_trait]
impl Command for IssueCertificate {
    async fn run(&self, context: &mut CommandContext<'_>, _values: Object) -> Result<CommandOutcome> {
        let case = context.record().await?;
        let today = json!(context.runtime.today().to_string());
        let terms = context.runtime.document_terms(context.tx, DOCUMENT, &case).await?;
        let certificate = create(
            context,
            CERTIFICATE,
            [
                ("number", json!(terms.number)),
                ("case", json!(case.id)),
                ("housing_kind", case.get("housing_kind").clone()),
                ("holder_name", case.get("applicant_name").clone()),
                ("id_no", case.get("id_no").clone()),
                ("household_size", case.get("household_size").clone()),
                ("district", case.get("district").clone()),
                ("operator", case.get("operator").clone()),
                ("issued_on", today),
                ("valid_from", json!(terms.valid_from)),
                ("valid_to", json!(terms.valid_to)),
            ],
        )
        .await?;
        context
            .set([
                ("certificate_no", json!(terms.number)),
                ("valid_from", json!(terms.valid_from)),
                ("valid_to", json!(terms.valid_to)),
            ])
            .await?;
        let request = DocumentRequest::of(DOCUMENT, CASE, &case.id)
            .with_terms(terms)
            .into_field(CASE, &case.id, "certificate_file")
            .into_field(CERTIFICATE, &certificate.id, "file");
        context.runtime.request_document(context.tx, context.actor, request).await?;
        CommandOutcome::done()
    }
}

/// The household gives its admission up; the certificate and its seal become void.
pub struct GiveUp;

#[async_trait]
impl Command for GiveUp {
    async fn run(&self, context: &mut CommandContext<'_>, values: Object) -> Result<CommandOutcome> {
        let reason = required(&values, "reason")?.to_owned();
        for certificate in find(context, CERTIFICATE, equals("case", context.record_id)).await? {
            if certificate.text("state") == Some("valid") {
                change(context, CERTIFICATE, &certificate.id, [("state", json!("revoked"))]).await?;
            }
            let number = certificate.text("number").unwrap_or_default();
            context.runtime.revoke_document(context.tx, DOCUMENT, number).await?;
        }
        context.set([("status", json!("given_up")), ("remark", Value::from(reason))]).await?;
        CommandOutcome::done()
    }
}
