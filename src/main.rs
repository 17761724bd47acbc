//! The doorway: collect the world, call the library, hand back its exit status.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(gatedl::main(&gatedl::Env::capture()).code())
}
