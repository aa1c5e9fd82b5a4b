//! What the binary is made of: which applications the platform has, how it starts, listens and stops.

pub mod check;
pub mod city;
pub mod clock;
pub mod demo;
pub mod serve;
pub mod verify;

use anju_runtime::App;

/// All applications, in their order.
pub fn apps() -> Vec<Box<dyn App>> {
    vec![
        Box::new(anju_app_platform::Platform),
        Box::new(anju_app_supply::Supply),
        Box::new(anju_app_eligibility::Eligibility),
        Box::new(anju_app_contracts::Contracts),
        Box::new(anju_app_portal::Portal),
    ]
}
