//! `--into`: from the cache into an application's folders, without harm to what the user has there.

mod comfyui;
mod transformers_js;
