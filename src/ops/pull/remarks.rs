//! What the user should hear about a pull that ends well: nothing is wrong with the bytes, but perhaps with what they are.

use super::{PullJob, Pulled};
use crate::event::Warning;
use crate::manifest::is_kept_in_lfs;
use crate::repo::RepoPath;
use crate::store::cache::Destination;

impl PullJob {
    pub(super) fn warn_about(&self, pulled: &Pulled, destination: &Destination) {
        if !pulled.left_out.is_empty() {
            self.tell(Warning::LeftOut { files: pulled.left_out.clone() });
        }
        let paths = pulled.files.iter().map(|file| &file.listed.path);
        let is_pointer = |path: &&RepoPath| is_kept_in_lfs(path.as_str()) && destination.is_lfs_pointer(path);
        let pointers: Vec<RepoPath> = paths.filter(is_pointer).cloned().collect();
        if !pointers.is_empty() {
            self.tell(Warning::LfsPointers { paths: pointers });
        }
    }
}
