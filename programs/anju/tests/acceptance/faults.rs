//! each call to the database or the files that a command makes fails once, each answer to a commit is lost once,
//! each use of a key fails once. Whoever asked cannot know what happened and asks again, or the worker does; nothing is
//! half done in between, and in the end there is one effect, whatever failed.

mod cases;
mod desk;
mod events;
mod jobs;
mod publishing;
mod requests;
mod sweep;
