//! A token that another takes the place of while a run lasts: a browser's login, which ends after a month, and that of a CI
//! job, which ends after an hour.
//!
//! It is renewed shortly before its end, and after a refusal: clocks differ, and another program may have renewed the login
//! meanwhile. One request asks for all, however many have been refused at once.

use std::fmt;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::Secret;

/// How long it takes until something that failed is tried again, and how soon at most a token is due again.
const PAUSE: Duration = Duration::from_secs(5 * 60);
/// A token of this age was good once; one that is younger may be refused for what it is.
const PROVEN: Duration = Duration::from_secs(60);
/// How many tokens in a row that have not been proven are renewed after a refusal.
const MOST_REFUSALS: u32 = 3;

/// What [`Renew::renew`] hands back.
pub(crate) type Renewing<'a> = Pin<Box<dyn Future<Output = Option<Renewed>> + Send + 'a>>;

/// How a newer token is had.
pub(crate) trait Renew: fmt::Debug + Send + Sync {
    /// A token in the place of `stale`; none where there is none to be had, which has been said then.
    fn renew<'a>(&'a self, stale: &'a Secret) -> Renewing<'a>;
}

/// A newer token.
#[derive(Debug)]
pub(crate) struct Renewed {
    /// The token.
    pub(crate) secret: Secret,
    /// When it should be renewed in its turn, where its end is known.
    pub(crate) due: Option<Instant>,
}

/// The tokens that a credential has had, and how the next is made.
#[derive(Debug)]
pub(super) struct Renewal {
    source: Box<dyn Renew>,
    tokens: Mutex<RenewedTokens>,
    turn: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct RenewedTokens {
    /// The newest last; never empty.
    all: Vec<Secret>,
    since: Instant,
    due: Option<Instant>,
    refusals: u32,
}

impl Renewal {
    pub(super) fn new(first: Secret, source: Box<dyn Renew>, due: Option<Instant>) -> Self {
        // how old the first one is nobody knows
        let tokens = RenewedTokens { all: vec![first], since: Instant::now(), due, refusals: 0 };
        Self { source, tokens: Mutex::new(tokens), turn: tokio::sync::Mutex::default() }
    }

    fn tokens(&self) -> MutexGuard<'_, RenewedTokens> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn all(&self) -> Vec<Secret> {
        self.tokens().all.clone()
    }

    pub(super) fn newest(&self) -> Secret {
        let tokens = self.tokens();
        tokens.all.last().cloned().expect("there is one from the beginning")
    }

    pub(super) async fn if_due(&self) {
        let is_due = self.tokens().due.is_some_and(|due| due <= Instant::now());
        if is_due {
            self.renew(&self.newest()).await;
        }
    }

    /// Whether there is another token than the one that was refused.
    pub(super) async fn after_refusal(&self, refused: &Secret) -> bool {
        if self.newest() != *refused {
            return true;
        }
        {
            let mut tokens = self.tokens();
            if tokens.since.elapsed() >= PROVEN {
                tokens.refusals = 0;
            }
            if tokens.refusals >= MOST_REFUSALS {
                return false;
            }
            tokens.refusals += 1;
        }
        self.renew(refused).await
    }

    async fn renew(&self, stale: &Secret) -> bool {
        let _turn = self.turn.lock().await;
        if self.newest() != *stale {
            return true;
        }
        let renewed = self.source.renew(stale).await;
        let mut tokens = self.tokens();
        let soonest = Instant::now() + PAUSE;
        match renewed {
            Some(Renewed { secret, due }) if secret != *stale => {
                tokens.all.push(secret);
                tokens.since = Instant::now();
                tokens.due = due.map(|due| due.max(soonest));
                true
            }
            _ => {
                tokens.due = Some(soonest);
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::super::CredentialSource;
    use super::*;

    fn secret(text: &str) -> Secret {
        Secret::parse(text, &CredentialSource::Stdin).unwrap().unwrap()
    }

    /// Numbers its tokens; from a number on there are none any more.
    #[derive(Debug, Default)]
    struct Numbers {
        asked: std::sync::Arc<AtomicUsize>,
        most: usize,
    }

    impl Renew for Numbers {
        fn renew<'a>(&'a self, _: &'a Secret) -> Renewing<'a> {
            let number = self.asked.fetch_add(1, Ordering::Relaxed) + 1;
            let renewed = (number <= self.most).then(|| Renewed { secret: secret(&format!("n{number}")), due: None });
            Box::pin(std::future::ready(renewed))
        }
    }

    fn renewal(most: usize, due: Option<Instant>) -> (Renewal, std::sync::Arc<AtomicUsize>) {
        let numbers = Numbers { most, ..Numbers::default() };
        let asked = std::sync::Arc::clone(&numbers.asked);
        (Renewal::new(secret("first"), Box::new(numbers), due), asked)
    }

    #[tokio::test]
    async fn one_that_is_due_is_renewed_once_and_one_that_is_not_stays() {
        let (renewal, asked) = renewal(9, Some(Instant::now()));
        renewal.if_due().await;
        renewal.if_due().await;
        assert_eq!((renewal.newest(), asked.load(Ordering::Relaxed)), (secret("n1"), 1));
        let (renewal, asked) = self::renewal(9, Some(Instant::now() + PAUSE));
        renewal.if_due().await;
        assert_eq!((renewal.newest(), asked.load(Ordering::Relaxed)), (secret("first"), 0));
        assert_eq!(renewal.all().len(), 1);
    }

    #[tokio::test]
    async fn what_fails_is_not_tried_again_at_once() {
        let (renewal, asked) = renewal(0, Some(Instant::now()));
        renewal.if_due().await;
        renewal.if_due().await;
        assert_eq!((renewal.newest(), asked.load(Ordering::Relaxed)), (secret("first"), 1));
        for _ in 0..9 {
            assert!(!renewal.after_refusal(&secret("first")).await);
        }
        assert_eq!(asked.load(Ordering::Relaxed), 4, "three more after refusals");
    }

    #[tokio::test]
    async fn all_that_were_refused_together_share_one_newer_token() {
        let (renewal, asked) = renewal(9, None);
        for _ in 0..5 {
            assert!(renewal.after_refusal(&secret("first")).await);
        }
        assert_eq!((renewal.newest(), asked.load(Ordering::Relaxed)), (secret("n1"), 1));
    }

    #[tokio::test]
    async fn a_hub_that_refuses_every_token_is_believed() {
        let (renewal, asked) = renewal(99, None);
        let mut refused = 0;
        while renewal.after_refusal(&renewal.newest()).await {
            refused += 1;
        }
        assert_eq!((refused, asked.load(Ordering::Relaxed)), (3, 3));
    }
}
