//! A reference interpreter against the engine: a thousand random processes, each with a random schedule of completed
//! tasks, fired timers and brought messages. After every step both have the same tasks open and wait for the same
//! events, and both come to the same end. A seed that fails is named, with its diagram and what was done.

#[path = "../common/mod.rs"]
mod common;

mod coverage;
mod dice;
mod generator;
mod interpreter;
mod joins;
mod model;
mod play;
mod unstructured;
mod writing;

use anju_store::testing::TestDatabase;

macro_rules! seeds {
    ($($name:ident: $seeds:expr),+ $(,)?) => {
        $(#[tokio::test]
        async fn $name() {
            play::all(TestDatabase::sqlite().await, $seeds).await;
        })+
    };
}

seeds!(
    the_first_of_eight_parts_agrees: 0..125,
    the_second_of_eight_parts_agrees: 125..250,
    the_third_of_eight_parts_agrees: 250..375,
    the_fourth_of_eight_parts_agrees: 375..500,
    the_fifth_of_eight_parts_agrees: 500..625,
    the_sixth_of_eight_parts_agrees: 625..750,
    the_seventh_of_eight_parts_agrees: 750..875,
    the_eighth_of_eight_parts_agrees: 875..1_000,
);
