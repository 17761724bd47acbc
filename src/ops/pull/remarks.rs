//! What the user should hear about a pull that ends well: nothing is wrong with the bytes, but perhaps with what they are.

use super::{PullJob, Pulled};
use crate::manifest::is_kept_in_lfs;
use crate::repo::printable;
use crate::store::cache::Destination;

/// Of many remarks of one kind so many are made; the document names all files.
const MOST: usize = 5;

impl PullJob {
    pub(super) fn warn_about(&self, pulled: &Pulled, destination: &Destination) {
        let left_out = pulled
            .left_out
            .iter()
            .map(|one| format!("`{}` is left out, for it cannot be a file here: {}", printable(&one.name), one.reason));
        self.warn(&left_out.collect::<Vec<_>>());
        let paths = pulled.files.iter().map(|file| &file.listed.path);
        let pointers = paths.filter(|path| is_kept_in_lfs(path.as_str()) && destination.is_lfs_pointer(path));
        let pointers = pointers.map(|path| {
            format!("`{path}` is no more than a Git LFS pointer: whoever uploaded it left the content behind")
        });
        self.warn(&pointers.collect::<Vec<_>>());
    }

    fn warn(&self, remarks: &[String]) {
        remarks.iter().take(MOST).for_each(|remark| self.reporter.warn(remark));
        if let Some(rest) = remarks.len().checked_sub(MOST).filter(|rest| *rest > 0) {
            self.reporter.warn(&format!("and {rest} more like the last one"));
        }
    }
}
