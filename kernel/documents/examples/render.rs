//! Renders the sample of a document for its author:
//! `cargo run -p anju-documents --example render -- apps eligibility.public_rental_certificate certificate.pdf`
//! with the folder that holds all definitions, the document's key and the file to write.

use std::error::Error;
use std::path::Path;
use std::{env, fs};

use anju_definitions::Source;
use anju_documents::{DocumentMaker, Template, qr_svg};
use jiff::Timestamp;
use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [folder, key, target] = arguments.as_slice() else {
        return Err("usage: render <folder of definitions> <document> <target.pdf>".into());
    };
    let mut sources = Vec::new();
    collect(Path::new(folder), &mut sources)?;
    let (catalog, problems) = anju_definitions::load(&sources);
    let Some(document) = catalog.document(key) else {
        let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
        return Err(format!("no document `{key}`\n{}", problems.join("\n")).into());
    };
    let name = format!("/documents/{}.", document.template.trim_end_matches(".typ"));
    let wrong: Vec<String> =
        problems.iter().filter(|problem| problem.file.contains(&name)).map(ToString::to_string).collect();
    if !wrong.is_empty() {
        return Err(wrong.join("\n").into());
    }
    let mut data = document.sample.clone().ok_or("the document has no sample")?;
    if let Some(url) = data.get("verify_url").and_then(Value::as_str) {
        data["qr"] = json!(qr_svg(url)?);
    }
    let template = Template { name: &document.template, source: &document.source };
    fs::write(target, DocumentMaker::new().render_pdf(template, &data, Timestamp::now())?)?;
    Ok(())
}

fn collect(folder: &Path, sources: &mut Vec<Source>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, sources)?;
        } else if path.components().any(|part| part.as_os_str() == "definitions") {
            let text = fs::read_to_string(&path)?;
            sources.push(Source { path: path.to_string_lossy().into_owned(), text });
        }
    }
    Ok(())
}
