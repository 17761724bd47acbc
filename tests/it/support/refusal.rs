//! The error answers of huggingface.co, word for word: status, `X-Error-Code`, `X-Error-Message` and body.
//!
//! Clients can tell the five states of a gate apart by these words only, so they are data here and nowhere else.

use super::account::{Access, Caller, Standing};
use super::answer::Answer;
use super::repository::Repository;
use serde_json::json;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub status: u16,
    pub code: Option<&'static str>,
    pub message: String,
}

impl Refusal {
    fn new(status: u16, code: Option<&'static str>, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    pub fn bad_credentials() -> Self {
        Self::new(401, None, "Invalid credentials in Authorization header")
    }

    pub fn bad_login() -> Self {
        Self::new(401, None, "Invalid username or password.")
    }

    /// Missing, or private and not for this caller: nobody is told which.
    pub fn no_such_repository(caller: &Caller) -> Self {
        match caller {
            Caller::Known(_) => Self::new(404, Some("RepoNotFound"), "Repository not found"),
            Caller::Anonymous | Caller::Unknown => Self::bad_login(),
        }
    }

    pub fn no_such_revision(revision: &str) -> Self {
        Self::new(404, Some("RevisionNotFound"), format!("Invalid rev id: {revision}"))
    }

    pub fn no_such_entry() -> Self {
        Self::new(404, Some("EntryNotFound"), "Entry not found")
    }

    pub fn disabled() -> Self {
        Self::new(403, None, "Access to this resource is disabled.")
    }

    /// What is wrong with a token wherever it is used, also for public content.
    pub fn of_token(caller: &Caller) -> Option<Self> {
        match caller {
            Caller::Anonymous => None,
            Caller::Unknown => Some(Self::bad_credentials()),
            Caller::Known(account) => match account.standing {
                Standing::Valid => None,
                Standing::Expired => {
                    let message = format!("User Access Token \"{}-token\" is expired", account.name);
                    Some(Self::new(401, None, message))
                }
                Standing::RevokedByOrganization => Some(Self::new(
                    403,
                    None,
                    "Your token has been revoked by the organization administrator, please use another one.",
                )),
            },
        }
    }

    /// The answer at a closed gate; `None` when it is open for this caller.
    pub fn at_gate(repository: &Repository, caller: &Caller, access: Access) -> Option<Self> {
        let noun = repository.kind.singular();
        let id = &repository.id;
        let page = format!("https://huggingface.co/{}", repository.key());
        let Caller::Known(account) = caller else {
            let message = format!(
                "Access to {noun} {id} is restricted. You must have access to it and be authenticated to access it. \
                 Please log in."
            );
            return Some(Self::new(401, Some("GatedRepo"), message));
        };
        if !account.can_read_gated {
            let message = "Please enable access to public gated repositories in your fine-grained token settings to \
                           view this repository.";
            return Some(Self::new(403, None, message));
        }
        let message = match access {
            Access::Granted => return None,
            Access::NeverAsked => format!(
                "Access to {noun} {id} is restricted and you are not in the authorized list. Visit {page} to ask for \
                 access."
            ),
            Access::Pending | Access::GrantedAfter(_) => {
                format!("Your request to access {noun} {id} is awaiting a review from the repo authors.")
            }
            Access::Rejected => {
                format!("Your request to access {noun} {id} has been rejected by the repo's authors.")
            }
            Access::Reset => format!(
                "Your request to access {noun} {id} has been reset by the repo's authors. Visit {page} to submit a \
                 new request."
            ),
        };
        Some(Self::new(403, Some("GatedRepo"), message))
    }

    /// As `/api` answers it.
    pub fn as_json(&self) -> Answer {
        self.dress(Answer::json(self.status, &json!({ "error": self.message })))
    }

    /// As `resolve` answers it.
    pub fn as_text(&self) -> Answer {
        self.dress(Answer::text(self.status, self.message.clone()))
    }

    fn dress(&self, mut answer: Answer) -> Answer {
        if let Some(code) = self.code {
            answer.set("x-error-code", code);
        }
        answer.set("x-error-message", &self.message);
        if self.status == 401 {
            answer.set("www-authenticate", "Bearer realm=\"Authentication required\", charset=\"UTF-8\"");
        }
        answer
    }
}
