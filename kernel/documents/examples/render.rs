//! Renders a template for its author: `cargo run -p anju-documents --example render -- notice.typ data.json out.pdf`.

use std::{env, error::Error, fs};

use anju_documents::{DocumentMaker, Template, qr_svg};
use jiff::Timestamp;
use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [template, data, target] = arguments.as_slice() else {
        return Err("usage: render <template.typ> <data.json> <target.pdf>".into());
    };
    let source = fs::read_to_string(template)?;
    let mut data: Value = serde_json::from_str(&fs::read_to_string(data)?)?;
    if let Some(url) = data.get("verify_url").and_then(Value::as_str) {
        data["qr"] = json!(qr_svg(url)?);
    }
    let pdf = DocumentMaker::new().render_pdf(
        Template { name: template, source: &source },
        &data,
        Timestamp::now(),
    )?;
    fs::write(target, pdf)?;
    Ok(())
}
