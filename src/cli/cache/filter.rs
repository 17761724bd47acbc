//! `--filter 'size>1GB'`: a key, a comparison and a value.

use std::cmp::Ordering;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use crate::ops::cache::RepoUsage;

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::cli) struct Filter {
    comparison: Relation,
    value: FilterValue,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Relation {
    Less,
    LessOrEqual,
    Equal,
    NotEqual,
    GreaterOrEqual,
    Greater,
}

#[derive(Debug, Clone, PartialEq)]
enum FilterValue {
    /// Bytes.
    Size(u64),
    /// How long ago it was last used.
    Used(Duration),
    Kind(String),
    Provider(String),
}

/// The longer first: `>=` begins as `>` does.
const RELATIONS: [(&str, Relation); 7] = [
    (">=", Relation::GreaterOrEqual),
    ("<=", Relation::LessOrEqual),
    ("!=", Relation::NotEqual),
    ("==", Relation::Equal),
    (">", Relation::Greater),
    ("<", Relation::Less),
    ("=", Relation::Equal),
];

impl FromStr for Filter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let at = text.find(['<', '>', '=', '!']);
        let split = at.and_then(|at| {
            let (key, rest) = text.split_at(at);
            let (sign, comparison) = RELATIONS.iter().find(|(sign, _)| rest.starts_with(sign))?;
            Some((key.trim(), *comparison, rest[sign.len()..].trim()))
        });
        let Some((key, comparison, value)) = split else {
            return Err("write a key, a comparison and a value, as in 'size>1GB', 'used>30d'".to_owned());
        };
        let is_word = matches!(comparison, Relation::Equal | Relation::NotEqual);
        let value = match key {
            "size" => FilterValue::Size(size(value)?),
            "used" | "accessed" => {
                let age = humantime::parse_duration(value);
                FilterValue::Used(age.map_err(|error| format!("{error}; write a time, as in 12h, 30d"))?)
            }
            "type" | "provider" if !is_word => return Err(format!("`{key}` is compared with = or !=")),
            "type" => FilterValue::Kind(value.to_owned()),
            "provider" => FilterValue::Provider(value.to_owned()),
            _ => return Err("the keys are size, used, type and provider".to_owned()),
        };
        Ok(Self { comparison, value })
    }
}

impl Filter {
    /// Whether a repository fits. What was never used was last used for ever ago.
    pub(super) fn fits(&self, usage: &RepoUsage, now: SystemTime) -> bool {
        let order = match &self.value {
            FilterValue::Size(size) => usage.size.cmp(size),
            FilterValue::Used(age) => {
                let used = usage.used.map(|used| now.duration_since(used).unwrap_or_default());
                used.unwrap_or(Duration::MAX).cmp(age)
            }
            FilterValue::Kind(kind) => usage.folder.repo.kind.singular().cmp(kind.trim_end_matches('s')),
            FilterValue::Provider(provider) => usage.provider.cmp(provider),
        };
        match self.comparison {
            Relation::Less => order == Ordering::Less,
            Relation::LessOrEqual => order != Ordering::Greater,
            Relation::Equal => order == Ordering::Equal,
            Relation::NotEqual => order != Ordering::Equal,
            Relation::GreaterOrEqual => order != Ordering::Less,
            Relation::Greater => order == Ordering::Greater,
        }
    }
}

/// Bytes: a number, perhaps with K, M, G or T for powers of 1000, or with Ki, Mi, Gi or Ti for powers of 1024; a B may
/// follow.
pub(super) fn size(text: &str) -> Result<u64, String> {
    let problem = || "write bytes, as in 500K, 1.5GB, 2TiB".to_owned();
    let lower = text.trim().to_ascii_lowercase();
    let bare = lower.strip_suffix('b').unwrap_or(&lower);
    let (bare, base) = bare.strip_suffix('i').map_or((bare, 1000.0), |bare| (bare, 1024.0_f64));
    let power = ["k", "m", "g", "t", "p"].iter().position(|unit| bare.ends_with(unit));
    let digits = if power.is_some() { &bare[..bare.len() - 1] } else { bare };
    if power.is_none() && base > 1000.0 {
        return Err(problem());
    }
    let number: f64 = digits.trim().parse().map_err(|_| problem())?;
    let bytes = (0..power.map_or(0, |power| power + 1)).fold(number, |bytes, _| bytes * base);
    if !(0.0..1e18).contains(&bytes) {
        return Err(problem());
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the range just checked")]
    Ok(bytes as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units_of_both_kinds() {
        for (text, bytes) in [
            ("0", 0),
            ("999", 999),
            ("1GB", 1_000_000_000),
            ("1.5g", 1_500_000_000),
            ("2TiB", 2 << 40),
            ("500 K", 500_000),
            ("1ki", 1024),
        ] {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for bad in ["", "B", "GB", "-1", "nan", "inf", "1i", "1e99", "18446744073709551616", "1 Q"] {
            assert!(size(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_expression_is_a_key_a_comparison_and_a_value() {
        let parsed = |text: &str| text.parse::<Filter>().map(|filter| (filter.comparison, filter.value));
        assert_eq!(parsed("size>1GB"), Ok((Relation::Greater, FilterValue::Size(1_000_000_000))));
        assert_eq!(
            parsed("used >= 30d"),
            Ok((Relation::GreaterOrEqual, FilterValue::Used(Duration::from_secs(2_592_000))))
        );
        assert_eq!(parsed("type!=dataset"), Ok((Relation::NotEqual, FilterValue::Kind("dataset".to_owned()))));
        for bad in ["", "size", "size~1", "size>", ">1", "color=red", "used>soon", "type>model", "used>-1d"] {
            assert!(parsed(bad).is_err(), "{bad}");
        }
    }
}
