//! The public-housing registry (公有住房): answers at once, or on the next day for a batch.

use std::sync::Arc;

use axum::Router;

use crate::{
    Agency,
    agencies::next_day,
    desk::{asks, looks_up, person},
    world::World,
};

const AGENCY: Agency = Agency::PublicHousing;

pub fn routes() -> Router<Arc<World>> {
    Router::new()
        .route(
            "/public-housing/check",
            asks(AGENCY, |office, body| Ok(next_day::about(office, AGENCY, &person(office, body)?).into())),
        )
        .route(
            "/public-housing/batch",
            asks(AGENCY, |office, body| next_day::accept(office, AGENCY, "GF", body)),
        )
        .route(
            "/public-housing/batch/{receipt}",
            looks_up(AGENCY, |office, asked| next_day::fetch(office, AGENCY, asked)),
        )
}
