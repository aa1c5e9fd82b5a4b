//! The interfaces, one file an agency.

mod marriage;
mod next_day;
mod public_housing;
mod registry;
mod resettlement;
mod sms;
mod social_insurance;

use std::sync::Arc;

use axum::Router;

use crate::world::World;

pub fn routes() -> Router<Arc<World>> {
    Router::new()
        .merge(registry::routes())
        .merge(public_housing::routes())
        .merge(resettlement::routes())
        .merge(marriage::routes())
        .merge(social_insurance::routes())
        .merge(sms::routes())
}
