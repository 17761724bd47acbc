//! The few words a repository is described with, and how they are written in URLs.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Model,
    Dataset,
    Space,
    Kernel,
}

impl Kind {
    /// As in `/api/models`.
    pub fn plural(self) -> &'static str {
        match self {
            Self::Model => "models",
            Self::Dataset => "datasets",
            Self::Space => "spaces",
            Self::Kernel => "kernels",
        }
    }

    pub fn singular(self) -> &'static str {
        self.plural().trim_end_matches('s')
    }

    /// As before the id in page and `resolve` URLs.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Model => "",
            Self::Dataset => "datasets/",
            Self::Space => "spaces/",
            Self::Kernel => "kernels/",
        }
    }

    pub fn from_plural(text: &str) -> Option<Self> {
        [Self::Model, Self::Dataset, Self::Space, Self::Kernel].into_iter().find(|kind| kind.plural() == text)
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Gate {
    #[default]
    Open,
    Auto,
    Manual,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RevisionKind {
    Branch,
    Tag,
    PullRequest,
}
