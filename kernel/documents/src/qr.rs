use qrcode::render::svg;
use qrcode::{EcLevel, QrCode};

use crate::Error;

/// A QR code as SVG text, with its quiet zone, error correction level M (15 %).
///
/// In a template: `qr-code(data.qr)` of `anju.typ`, or `image(bytes(data.qr), format: "svg")`.
pub fn qr_svg(text: &str) -> Result<String, Error> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).map_err(|_| Error::QrTooLong)?;
    Ok(code.render::<svg::Color>().module_dimensions(4, 4).quiet_zone(true).build())
}
