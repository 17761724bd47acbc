//! What applications want: where their files go, which of them they load, and what their own lists name.

pub mod comfyui;
pub mod transformers_js;
pub mod visionatrix;
pub mod weights;
