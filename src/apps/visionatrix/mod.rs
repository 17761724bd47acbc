//! What Visionatrix tells a worker: the models it knows, and those that its flows need.

pub mod catalog;
pub mod flow;
