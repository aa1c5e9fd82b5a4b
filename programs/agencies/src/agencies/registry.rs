//! The real-estate registry (不动产登记): answers at once, or on the next day for a batch.

use std::sync::Arc;

use axum::Router;

use crate::{
    Agency,
    agencies::next_day,
    desk::{asks, looks_up, person},
    world::World,
};

const AGENCY: Agency = Agency::Registry;

pub fn routes() -> Router<Arc<World>> {
    Router::new()
        .route(
            "/registry/realtime",
            asks(AGENCY, |office, body| Ok(next_day::about(office, AGENCY, &person(office, body)?).into())),
        )
        .route("/registry/batch", asks(AGENCY, |office, body| next_day::accept(office, AGENCY, "DJ", body)))
        .route(
            "/registry/batch/{receipt}",
            looks_up(AGENCY, |office, asked| next_day::fetch(office, AGENCY, asked)),
        )
}
