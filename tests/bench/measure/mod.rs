//! One client from start to end, and several of them in turns.

mod guard;
mod race;
mod running;
mod sample;

pub use guard::{GUARD, guard};
pub use race::{Contender, race};
pub use running::{INTERRUPTED, Running, Task, Usage};
pub use sample::{Outcome, Sample, float};
