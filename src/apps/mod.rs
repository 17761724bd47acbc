//! What applications want: where their files go, which of them they load, and what their own lists name.

pub(crate) mod comfyui;
pub(crate) mod transformers_js;
pub(crate) mod visionatrix;
pub(crate) mod weights;
