//! Which files a pull is about: what the user named, without the weights that are there once more, as far as the
//! application can load it.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Application, PullJob};
use crate::apps::comfyui::{self, ComfyuiError};
use crate::apps::transformers_js;
use crate::apps::weights::{self, Choice, Dtype, WeightFile};
use crate::error::Error;
use crate::event::{Note, OddFile};
use crate::manifest::{ListedFile, Listing, RepoFile};

/// What a choice of one set of weights is worth, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Savings {
    /// It was made, and so much was left out.
    Made(u64),
    /// Nobody asked for it; so much `--weights auto` would leave out.
    Possible(u64),
}

/// The entries that are asked for.
#[derive(Debug, Default)]
pub(super) struct Chosen {
    pub(super) entries: Vec<Arc<ListedFile>>,
    /// None where one set of weights is all there is.
    pub(super) savings: Option<Savings>,
    /// What does not come as it was asked for.
    pub(super) lacking: Vec<Note>,
    /// What cannot be had here.
    pub(super) left_out: Vec<OddFile>,
}

impl Chosen {
    /// Those of them whose hash is known.
    pub(super) fn files(&self) -> Vec<RepoFile> {
        self.entries.iter().filter_map(|entry| entry.to_file()).collect()
    }
}

impl PullJob {
    /// The entries that are asked for.
    pub(super) fn choose(&self, listing: &Listing) -> Result<Chosen, Error> {
        let (entries, left_out) = (&listing.entries, self.left_out(listing)?);
        let mut named = self.named(entries)?;
        named.retain(|entry| !self.is_left_out(entry));
        let chosen = Chosen { left_out, ..self.one_set(named)? };
        let into = self.request.into.as_ref().map(|into| &into.application);
        let (entries, lacking) = match into {
            None => return Ok(chosen),
            Some(Application::Comfyui { .. }) => (self.for_comfyui(chosen.entries)?, Vec::new()),
            Some(Application::TransformersJs { dtype, .. }) => {
                self.for_transformers_js(entries, chosen.entries, *dtype)?
            }
        };
        // an application takes what it loads, so nothing could be gained there
        let savings = chosen.savings.filter(|savings| matches!(savings, Savings::Made(_)));
        Ok(Chosen { entries, savings, lacking: [chosen.lacking, lacking].concat(), left_out: chosen.left_out })
    }

    fn one_set(&self, entries: Vec<Arc<ListedFile>>) -> Result<Chosen, Error> {
        let files = listed(entries.iter().map(AsRef::as_ref));
        let Some(choice) = &self.request.weights else {
            let savings = weights::saved_by_auto(&files).map(Savings::Possible);
            return Ok(Chosen { entries, savings, ..Chosen::default() });
        };
        let left_out = weights::left_out(choice, &files);
        let left_out = left_out.map_err(|problem| {
            let wanted = &self.request.wanted;
            let reference = format!("{}:{}@{}", wanted.provider, wanted.repo, wanted.revision);
            Error::Weights { repo: wanted.repo.clone(), reference, problem }
        })?;
        let size = left_out.size(&files);
        let savings = (size > 0).then_some(Savings::Made(size));
        let lacking = match choice {
            Choice::Quant(wanted) => left_out
                .lacking
                .iter()
                .map(|path| Note::LacksQuantization { path: (*path).to_owned(), quantization: wanted.clone() })
                .collect(),
            Choice::Auto | Choice::Only(_) => Vec::new(),
        };
        Ok(Chosen { entries: without(&entries, &left_out.paths), savings, lacking, ..Chosen::default() })
    }

    /// What ComfyUI loads; names and patterns are taken at their word.
    fn for_comfyui(&self, mut chosen: Vec<Arc<ListedFile>>) -> Result<Vec<Arc<ListedFile>>, Error> {
        if self.request.selection.is_open() && !self.is_whole_pipeline() {
            chosen.retain(|entry| comfyui::is_model(&entry.path));
        }
        if chosen.is_empty() {
            return Err(ComfyuiError::NoModels { repo: self.request.wanted.repo.clone() }.into());
        }
        Ok(chosen)
    }

    fn for_transformers_js(
        &self,
        entries: &[Arc<ListedFile>],
        mut chosen: Vec<Arc<ListedFile>>,
        dtype: Option<Dtype>,
    ) -> Result<(Vec<Arc<ListedFile>>, Vec<Note>), Error> {
        let mut lacking = Vec::new();
        if self.request.selection.is_open() {
            chosen.retain(|entry| transformers_js::is_loadable(&entry.path));
        }
        if let Some(dtype) = dtype {
            let others = dtype.others(&listed(chosen.iter().map(AsRef::as_ref)));
            let others = others.map_err(|problem| Error::Dtype { repo: self.request.wanted.repo.clone(), problem })?;
            lacking.extend(others.lacking.into_iter().map(|(session, taken)| Note::LacksPrecision {
                session,
                wanted: dtype.name(),
                taken,
            }));
            chosen = without(&chosen, &others.left_out);
        }
        let always = entries.iter().find(|entry| entry.path.as_str() == transformers_js::ALWAYS);
        if let Some(always) = always.filter(|always| !chosen.contains(always)) {
            chosen.push(Arc::clone(always));
            chosen.sort_by(|left, right| left.path.cmp(&right.path));
        }
        Ok((chosen, lacking))
    }

    /// Says what the choice could not give.
    pub(super) fn tell_lacking(&self, chosen: &Chosen) {
        chosen.lacking.iter().for_each(|lacking| self.tell(lacking.clone()));
    }
}

/// The file that a program is given to load the chosen quantization.
pub(super) fn first_of_quantization<'e>(entries: &[&'e ListedFile]) -> Option<&'e ListedFile> {
    let first = weights::first_of_quantization(&listed(entries.iter().copied()))?;
    entries.iter().copied().find(|entry| entry.path.as_str() == first)
}

fn listed<'e>(entries: impl Iterator<Item = &'e ListedFile>) -> Vec<WeightFile<'e>> {
    entries.map(|entry| WeightFile { path: entry.path.as_str(), size: entry.size }).collect()
}

fn without(entries: &[Arc<ListedFile>], left_out: &BTreeSet<&str>) -> Vec<Arc<ListedFile>> {
    entries.iter().filter(|entry| !left_out.contains(entry.path.as_str())).cloned().collect()
}
