//! What Visionatrix tells a worker: the models it knows, and those that its flows need.

pub(crate) mod catalog;
pub(crate) mod flow;
