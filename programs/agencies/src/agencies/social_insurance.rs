//! The social-insurance fund (社会保险): answers at once.

use std::sync::Arc;

use axum::Router;

use crate::{
    Agency,
    agencies::next_day::about,
    desk::{asks, person},
    world::World,
};

const AGENCY: Agency = Agency::SocialInsurance;

pub fn routes() -> Router<Arc<World>> {
    Router::new().route(
        "/social-insurance/query",
        asks(AGENCY, |office, body| Ok(about(office, AGENCY, &person(office, body)?).into())),
    )
}
