//! The folders in which version control systems keep what is theirs, in every spelling that a file system takes for them.
//!
//! A file `.git/config` that comes with a model names a program (`core.fsmonitor`, `core.sshCommand`) which git runs at the
//! next `git status` in that folder. So git itself never checks such a path out, in none of these spellings (CVE-2014-9390,
//! CVE-2019-1353; `is_hfs_dotgit` and `is_ntfs_dotgit` in git's `utf8.c` and `path.c`), and no honest repository has one.
//! Mercurial, Sapling and Jujutsu read settings in the same way, and git would check those out.
//!
//! Files that git reads beside its folder (`.gitattributes`, `.gitignore`, `.gitmodules`, `.gitconfig`) run nothing by
//! themselves, and nearly every repository has the first. Subversion, Bazaar and CVS run nothing from theirs. Build files,
//! `.envrc`, `.vscode` and the like are content: `git clone` brings them too, and their tools ask first.

/// Whether a file system may take this part of a path for `.git`.
pub(super) fn is_dot_git(part: &str) -> bool {
    let spelled = as_file_systems_read(part);
    spelled.eq_ignore_ascii_case(".git") || spelled.eq_ignore_ascii_case("git~1")
}

/// Whether a file system may take this part of a path for the folder of Mercurial, Sapling or Jujutsu.
pub(super) fn is_of_another_version_control(part: &str) -> bool {
    let spelled = as_file_systems_read(part);
    [".hg", ".sl", ".jj"].iter().any(|name| spelled.eq_ignore_ascii_case(name))
}

/// What is left of a name where HFS+ skips characters without a width, and NTFS cuts at a `:` (alternate streams, as in
/// `.git::$INDEX_ALLOCATION`) and drops dots and blanks at the end.
fn as_file_systems_read(part: &str) -> String {
    let visible: String = part.chars().filter(|character| !is_skipped_by_hfs(*character)).collect();
    let name = visible.split(':').next().unwrap_or_default();
    name.trim_end_matches(['.', ' ']).to_owned()
}

/// As `next_hfs_char` in git's `utf8.c`.
const fn is_skipped_by_hfs(character: char) -> bool {
    matches!(character, '\u{200C}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{206A}'..='\u{206F}' | '\u{FEFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_the_folder_is_known_and_its_neighbours_are_files() {
        for spelling in [
            ".git",
            ".GIT",
            ".Git",
            "git~1",
            "GIT~1",
            ".git.",
            ".git ",
            ".git . .",
            ".git::$INDEX_ALLOCATION",
            ".git:x",
            "git~1 ",
            ".g\u{200C}it",
            ".git\u{FEFF}",
            "\u{206A}.git",
            ".g\u{202E}it.",
        ] {
            assert!(is_dot_git(spelling), "{spelling:?}");
        }
        for other in [
            ".gitattributes",
            ".gitignore",
            ".gitmodules",
            ".github",
            "git",
            ".git~1",
            "git~2",
            "x.git",
            ".gi",
            "..git",
        ] {
            assert!(!is_dot_git(other), "{other:?}");
        }
        assert!([".hg", ".HG.", ".sl", ".jj "].iter().all(|name| is_of_another_version_control(name)));
        assert!(![".hgignore", ".slurm", ".svn", "hg"].iter().any(|name| is_of_another_version_control(name)));
    }
}
