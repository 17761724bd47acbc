//! What was chosen, component by component: what stays, what does not, and how large what stays is.

use std::collections::{BTreeMap, BTreeSet};

use super::name::{self, Part};

/// Where a component stands, and what it is called.
pub(super) type ComponentKey<'p> = (&'p str, &'p str);

/// What was chosen component by component.
#[derive(Debug, Default)]
pub(super) struct ChosenSets<'p, 'a> {
    /// The components of which a complete set stays, with its length in bytes.
    pub(super) whole: BTreeMap<ComponentKey<'p>, u64>,
    pub(super) kept: BTreeSet<&'a str>,
    /// The same components in other formats and precisions.
    pub(super) left_out: BTreeSet<&'a str>,
}

impl<'p, 'a> ChosenSets<'p, 'a> {
    /// Keeps the files of a component, and leaves out its other parts.
    pub(super) fn add(&mut self, key: ComponentKey<'p>, parts: &[&'p Part<'a>], files: Vec<&'a str>) {
        let chosen = parts.iter().filter(|part| files.contains(&part.path));
        self.whole.insert(key, chosen.fold(0, |sum, part| sum.saturating_add(part.size)));
        self.left_out.extend(parts.iter().map(|part| part.path).filter(|path| !files.contains(path)));
        self.kept.extend(files);
    }

    /// The length of the component of a folder that loaders look for by its name.
    pub(super) fn main_of(&self, folder: &str) -> Option<u64> {
        name::MODELS.iter().find_map(|component| self.whole.get(&(folder, *component)).copied())
    }
}
