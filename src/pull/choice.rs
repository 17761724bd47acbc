//! Which files a pull is about: what the user named, without the weights that are there once more, as far as the
//! application can load it.

use std::collections::BTreeSet;

use super::{Application, Pull};
use crate::comfyui::{self, ComfyuiError};
use crate::error::Error;
use crate::manifest::Entry;
use crate::transformers_js;
use crate::weights::{self, Dtype, Listed};

impl Pull<'_> {
    /// The entries that are asked for.
    pub(super) fn choose<'e>(&self, entries: &'e [Entry]) -> Result<Vec<&'e Entry>, Error> {
        let chosen = self.one_set(self.named(entries)?)?;
        match self.request.into.as_ref().map(|into| &into.application) {
            None => Ok(chosen),
            Some(Application::Comfyui { .. }) => self.for_comfyui(chosen),
            Some(Application::TransformersJs { dtype, .. }) => self.for_transformers_js(entries, chosen, *dtype),
        }
    }

    fn one_set<'e>(&self, chosen: Vec<&'e Entry>) -> Result<Vec<&'e Entry>, Error> {
        let Some(choice) = &self.request.weights else { return Ok(chosen) };
        let left_out = weights::left_out(choice, &listed(&chosen));
        let left_out = left_out.map_err(|problem| Error::Weights { repo: self.request.repo.clone(), problem })?;
        Ok(without(&chosen, &left_out))
    }

    /// What ComfyUI loads; names and patterns are taken at their word.
    fn for_comfyui<'e>(&self, mut chosen: Vec<&'e Entry>) -> Result<Vec<&'e Entry>, Error> {
        if self.request.selection.is_open() && !self.is_whole_pipeline() {
            chosen.retain(|entry| comfyui::is_model(&entry.path));
        }
        if chosen.is_empty() {
            return Err(ComfyuiError::NoModels { repo: self.request.repo.clone() }.into());
        }
        Ok(chosen)
    }

    fn for_transformers_js<'e>(
        &self,
        entries: &'e [Entry],
        mut chosen: Vec<&'e Entry>,
        dtype: Option<Dtype>,
    ) -> Result<Vec<&'e Entry>, Error> {
        if self.request.selection.is_open() {
            chosen.retain(|entry| transformers_js::is_loadable(&entry.path));
        }
        if let Some(dtype) = dtype {
            let others = dtype.others(&listed(&chosen));
            let others = others.map_err(|problem| Error::Dtype { repo: self.request.repo.clone(), problem })?;
            chosen = without(&chosen, &others);
        }
        let always = entries.iter().find(|entry| entry.path.as_str() == transformers_js::ALWAYS);
        if let Some(always) = always.filter(|always| !chosen.contains(always)) {
            chosen.push(always);
            chosen.sort_by(|left, right| left.path.cmp(&right.path));
        }
        Ok(chosen)
    }

    /// How many bytes of these files one set of weights would do without.
    pub(super) fn savings(&self, chosen: &[&Entry]) -> Option<u64> {
        let asked = self.request.weights.is_some() || self.request.into.is_some();
        weights::saved_by_auto(&listed(chosen)).filter(|_| !asked)
    }
}

fn listed<'e>(entries: &[&'e Entry]) -> Vec<Listed<'e>> {
    entries.iter().map(|entry| Listed { path: entry.path.as_str(), size: entry.size }).collect()
}

fn without<'e>(entries: &[&'e Entry], left_out: &BTreeSet<&str>) -> Vec<&'e Entry> {
    entries.iter().copied().filter(|entry| !left_out.contains(entry.path.as_str())).collect()
}
