//! What a report says about its author: as little as possible.
//!
//! People paste such reports into public issues, and one of them was nothing but a token (huggingface_hub#4039). Tokens
//! and passwords never get as far as this; here the home folder becomes `~` and the name of its owner goes.

use crate::settings::env::Env;

/// What must not be shown.
pub(super) struct Privacy {
    homes: Vec<String>,
    user: Option<String>,
}

impl Privacy {
    pub(super) fn of(env: &Env) -> Self {
        let home = env.home().filter(|home| home.parent().is_some());
        let real = home.and_then(|home| home.canonicalize().ok());
        let mut homes: Vec<String> = home.into_iter().chain(&real).map(|path| path.display().to_string()).collect();
        homes.dedup();
        let user = home.and_then(|home| home.file_name()).map(|name| name.to_string_lossy().into_owned());
        Self { homes, user }
    }

    /// A text without them.
    pub(super) fn apply(&self, text: &str) -> String {
        let ends = |rest: &str| rest.chars().next().is_none_or(|next| !next.is_alphanumeric() && !"-_.".contains(next));
        let mut text = text.to_owned();
        for home in &self.homes {
            text = replaced(&text, home, "~", |_, rest| ends(rest));
        }
        let Some(user) = &self.user else { return text };
        let is_part = |before: &str, rest: &str| before.ends_with(['/', '\\']) && ends(rest);
        replaced(&text, user, "<user>", is_part)
    }
}

/// Replaces a word where the text before and behind it allows it.
fn replaced(text: &str, word: &str, by: &str, allowed: impl Fn(&str, &str) -> bool) -> String {
    let mut result = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(word) {
        let (before, behind) = (&rest[..at], &rest[at + word.len()..]);
        result += before;
        result += if allowed(&result, behind) { by } else { word };
        rest = behind;
    }
    result + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_home_folder_and_its_owner_are_not_named() {
        let privacy = Privacy::of(&Env::of("/home/bob", []));
        for (text, shown) in [
            ("/home/bob/.cache/huggingface", "~/.cache/huggingface"),
            ("in `/home/bob`: full", "in `~`: full"),
            ("/home/bobby/x", "/home/bobby/x"),
            ("/scratch/bob/hub and /scratch/bob.d", "/scratch/<user>/hub and /scratch/bob.d"),
            ("account `bob`", "account `bob`"),
        ] {
            assert_eq!(privacy.apply(text), shown, "{text}");
        }
    }

    #[test]
    fn a_machine_without_a_home_has_nothing_to_hide() {
        assert_eq!(Privacy::of(&Env::default()).apply("/srv/x"), "/srv/x");
        assert_eq!(Privacy::of(&Env::of("/", [])).apply("/var/cache"), "/var/cache");
    }
}
