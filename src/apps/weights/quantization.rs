//! The quantization in a name or a folder, in each of the ways in which publishers write it: `q4_k_m`, `UD-Q4_K_XL`.

use std::sync::LazyLock;

use regex::Regex;

use super::name::Part;

pub(super) static QUANT: LazyLock<Regex> = LazyLock::new(|| {
    let names = r"I?Q[1-8](?:_[0-9A-Z]+)*|TQ[12]_0|BF16|FP?16|FP?32|MXFP4(?:_MOE)?|NVFP4";
    Regex::new(&format!("(?i)(?:^|[-._/ ])((?:UD-)?(?:{names}))(?:$|[-./])")).expect("a constant expression")
});

/// The name without its quantization, and that, from the name or from the folder. The splits of one model have one base.
pub(super) fn quantization(part: &Part<'_>) -> (String, String) {
    for text in [part.stem.as_str(), part.folder] {
        if let Some(found) = QUANT.captures_iter(text).last().and_then(|captures| captures.get(1)) {
            let base = format!("{}{}", &text[..found.start()], &text[found.end()..]);
            let base = if text == part.stem { base } else { part.stem.clone() };
            return (base, found.as_str().to_ascii_uppercase());
        }
    }
    (part.stem.clone(), String::new())
}
