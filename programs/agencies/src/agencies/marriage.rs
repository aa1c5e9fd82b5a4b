//! The marriage register (婚姻登记): answers at once.

use std::sync::Arc;

use axum::Router;

use crate::{
    Agency,
    agencies::next_day::about,
    desk::{asks, person},
    world::World,
};

const AGENCY: Agency = Agency::Marriage;

pub fn routes() -> Router<Arc<World>> {
    Router::new().route(
        "/marriage/query",
        asks(AGENCY, |office, body| Ok(about(office, AGENCY, &person(office, body)?).into())),
    )
}
