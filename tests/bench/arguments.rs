//! What was written behind `cargo bench --`.

use crate::Problem;
use std::ffi::OsString;

/// Enough for a median that one disturbed run does not move.
const RUNS: usize = 3;

#[derive(Debug, PartialEq, Eq)]
pub struct Arguments {
    /// Parts of names of rows; all rows when there are none.
    pub names: Vec<String>,
    pub runs: usize,
    /// Leave the folder with data, logs and configurations.
    pub keep: bool,
}

impl Arguments {
    /// `None` without the word that cargo adds for benches: then this was built and started as a test.
    pub fn parse(words: Vec<OsString>) -> Result<Option<Self>, Problem> {
        let mut arguments = Self { names: Vec::new(), runs: RUNS, keep: false };
        let mut is_bench = false;
        let mut words = words.into_iter().map(|word| word.to_string_lossy().into_owned());
        while let Some(word) = words.next() {
            match word.as_str() {
                "--bench" => is_bench = true,
                "--keep" => arguments.keep = true,
                "--runs" => {
                    let number = words.next().and_then(|number| number.parse().ok()).filter(|runs| *runs > 0);
                    arguments.runs = number.ok_or("--runs needs a number above 0")?;
                }
                option if option.starts_with('-') => return Err(format!("there is no option {option}").into()),
                _ => arguments.names.push(word),
            }
        }
        Ok(is_bench.then_some(arguments))
    }

    pub fn wants(&self, row: &str) -> bool {
        self.names.is_empty() || self.names.iter().any(|name| row.contains(name.as_str()))
    }
}
