//! The resettlement-housing system (征收安置住房): answers at once, or on the next day for a batch.

use std::sync::Arc;

use axum::Router;

use crate::{
    Agency,
    agencies::next_day,
    desk::{asks, looks_up, person},
    world::World,
};

const AGENCY: Agency = Agency::Resettlement;

pub fn routes() -> Router<Arc<World>> {
    Router::new()
        .route(
            "/resettlement/check",
            asks(AGENCY, |office, body| Ok(next_day::about(office, AGENCY, &person(office, body)?).into())),
        )
        .route(
            "/resettlement/batch",
            asks(AGENCY, |office, body| next_day::accept(office, AGENCY, "ZS", body)),
        )
        .route(
            "/resettlement/batch/{receipt}",
            looks_up(AGENCY, |office, asked| next_day::fetch(office, AGENCY, asked)),
        )
}
