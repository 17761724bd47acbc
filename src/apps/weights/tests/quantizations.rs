//! GGUF repositories, real or rebuilt from public code: what comes with a quantization, and what cannot be chosen between.

use super::super::*;
use super::listings::check;

const QUANTS: &[(&str, &str, &str)] = &[
    (
        "unsloth: splits in a folder, a projector in half precision",
        "Q8_0",
        "+ README.md
         - 9 M-Q4_K_M.gguf
         - 9 M-UD-Q4_K_XL.gguf
         + 5 Q8_0/M-Q8_0-00001-of-00002.gguf
         + 5 Q8_0/M-Q8_0-00002-of-00002.gguf
         + 1 mmproj-F16.gguf
         - 1 mmproj-BF16.gguf
         - 2 mmproj-F32.gguf
         + imatrix_unsloth.dat",
    ),
    (
        "bartowski: the matrix as GGUF is no model",
        "q6_k",
        "- 1 M-imatrix.gguf
         - 9 M-Q6_K_L.gguf
         + 8 M-Q6_K.gguf
         - 7 M-IQ4_NL.gguf",
    ),
    (
        "ggml-org: projectors called after the model, none in half precision",
        "Q4_K_M",
        "+ 9 Qwen2-VL-2B-Instruct-Q4_K_M.gguf
         - 9 Qwen2-VL-2B-Instruct-Q8_0.gguf
         + 1 mmproj-Qwen2-VL-2B-Instruct-Q8_0.gguf",
    ),
    (
        "ggml-org: projectors of one model in two precisions",
        "Q8_0",
        "- 9 Qwen2-VL-2B-Instruct-Q4_K_M.gguf
         + 9 Qwen2-VL-2B-Instruct-Q8_0.gguf
         - 1 mmproj-Qwen2-VL-2B-Instruct-Q8_0.gguf
         + 1 mmproj-Qwen2-VL-2B-Instruct-f16.gguf",
    ),
    (
        "each of two models has a projector of its own in its folder",
        "Q8_0",
        "- 9 small/a-Q4_0.gguf
         - 1 small/mmproj-f16.gguf
         + 9 large/b-Q8_0.gguf
         + 1 large/mmproj-f16.gguf",
    ),
    (
        "a module that predicts several tokens comes in the quantization of its model",
        "Q4_K_M",
        "+ 20 Qwen3-27B-v1.0-Q4_K_M.gguf
         - 30 Qwen3-27B-v1.0-Q8_0.gguf
         + 1 mtp-Qwen3-27B-v1.0-Q4_K_M.gguf
         - 2 mtp-Qwen3-27B-v1.0-Q8_0.gguf",
    ),
    (
        "the same in a folder, in one quantization that is another",
        "Q4_K_M",
        "+ 20 Qwen3-27B-Q4_K_M.gguf
         + 2 MTP/Qwen3-27B-MTP-Q8_0.gguf",
    ),
    (
        "a whole model that says it has such a module",
        "Q4_K_M",
        "+ 20 Qwen3-27B-MTP-Q4_K_M.gguf
         - 30 Qwen3-27B-MTP-Q8_0.gguf",
    ),
    ("a name that was offered for want of a quantization", "X-v3.5-4B", "+ 9 X-v3.5-4B.gguf\n - 9 X-v4-4B.gguf"),
    ("mradermacher: a dot before the quantization", "IQ3_M", "+ 9 M.i1-IQ3_M.gguf\n - 9 M.i1-Q4_K_S.gguf"),
];

const AMBIGUOUS: &[(&str, &str, &[&str])] = &[
    ("one name in two folders", "M-Q4_K_M.gguf distilled/M-Q4_K_M.gguf", &["M-Q4_K_M.gguf", "distilled/M-Q4_K_M.gguf"]),
    (
        "a whole file and a set in another folder",
        "gguf/M-Q4_K_M.gguf Q4_K_M/M-Q4_K_M-00001-of-00002.gguf Q4_K_M/M-Q4_K_M-00002-of-00002.gguf",
        &["Q4_K_M/M-Q4_K_M-*-of-00002.gguf", "gguf/M-Q4_K_M.gguf"],
    ),
    (
        "Qwen's own repositories: a whole file beside its splits",
        "m-q4_k_m.gguf m-q4_k_m-00001-of-00003.gguf m-q4_k_m-00002-of-00003.gguf m-q4_k_m-00003-of-00003.gguf",
        &["m-q4_k_m.gguf", "m-q4_k_m-*-of-00003.gguf"],
    ),
    (
        "two cuts of one model",
        "m-Q4_K_M-00001-of-00001.gguf m-Q4_K_M-00001-of-00002.gguf m-Q4_K_M-00002-of-00002.gguf",
        &["m-Q4_K_M-*-of-00001.gguf", "m-Q4_K_M-*-of-00002.gguf"],
    ),
    ("brackets are no pattern", "a[1]-Q4_K_M.gguf b-Q4_K_M.gguf", &["a[[]1]-Q4_K_M.gguf", "b-Q4_K_M.gguf"]),
];

#[test]
fn a_quantization_comes_with_what_belongs_to_it_and_nothing_else() {
    for (title, quant, text) in QUANTS {
        check(title, &Choice::Quant((*quant).to_owned()), text);
    }
}

#[test]
fn where_two_could_be_meant_both_are_named_and_each_name_is_taken() {
    for (title, paths, patterns) in AMBIGUOUS {
        let files: Vec<WeightFile<'_>> = paths.split(' ').map(|path| WeightFile { path, size: 5 }).collect();
        for choice in [Choice::Quant("Q4_K_M".to_owned()), Choice::Only(Format::Gguf), Choice::Auto] {
            let Err(WeightsError::Ambiguous { others, patterns: named }) = left_out(&choice, &files) else {
                panic!("{title}: {choice:?}")
            };
            let mut named: Vec<String> = named.into_iter().map(|one| one.name).collect();
            let mut expected: Vec<String> = patterns.iter().map(ToString::to_string).collect();
            named.sort();
            expected.sort();
            assert_eq!((named, others), (expected, Vec::new()), "{title}");
        }
        for pattern in *patterns {
            let pattern = crate::pattern::Pattern::new(pattern).expect("a pattern");
            let files: Vec<WeightFile<'_>> = files.iter().copied().filter(|file| pattern.matches(file.path)).collect();
            let chosen = left_out(&Choice::Quant("Q4_K_M".to_owned()), &files).expect("one model");
            assert!(!files.is_empty() && chosen.paths.is_empty(), "{title}");
        }
    }
}

#[test]
fn what_is_offered_is_taken() {
    for paths in [
        "X-v3.5-4B.gguf Y.gguf",
        "M-Q4_K_M.gguf M-Q8_0.gguf distilled/M-Q8_0.gguf",
        "sub/M.gguf M-UD-Q4_K_XL.gguf M-UD-IQ1_S.gguf",
        "phi-3-q4.gguf phi-3-fp16.gguf mmproj-phi.gguf",
    ] {
        let files: Vec<WeightFile<'_>> = paths.split(' ').map(|path| WeightFile { path, size: 5 }).collect();
        let Err(WeightsError::Ambiguous { others, .. }) = left_out(&Choice::Auto, &files) else { panic!("{paths}") };
        assert!(!others.is_empty(), "{paths}");
        for offer in others {
            left_out(&Choice::Quant(offer.name.clone()), &files).unwrap_or_else(|error| panic!("{offer:?}: {error}"));
        }
    }
}

#[test]
fn another_model_that_lacks_the_quantization_is_named() {
    let lacking = |paths: &'static str| {
        let files: Vec<WeightFile<'_>> = paths.split(' ').map(|path| WeightFile { path, size: 5 }).collect();
        left_out(&Choice::Quant("Q4_K_M".to_owned()), &files).expect("one model").lacking
    };
    assert_eq!(lacking("M-Q4_K_M.gguf M-Q8_0.gguf Q2_K/M-Q2_K-00001-of-00001.gguf"), Vec::<&str>::new());
    assert_eq!(
        lacking("M-Q4_K_M.gguf distilled/M-Q8_0.gguf draft-Q8_0.gguf"),
        ["draft-Q8_0.gguf", "distilled/M-Q8_0.gguf"]
    );
}

#[test]
fn the_file_to_load_is_the_first_of_the_splits() {
    for (paths, first) in [
        ("README.md M-Q8_0.gguf mmproj-F16.gguf M-imatrix.gguf", Some("M-Q8_0.gguf")),
        ("Q8_0/M-Q8_0-00002-of-00002.gguf Q8_0/M-Q8_0-00001-of-00002.gguf", Some("Q8_0/M-Q8_0-00001-of-00002.gguf")),
        ("a-Q8_0.gguf b-Q8_0.gguf", None),
        ("README.md", None),
    ] {
        let files: Vec<WeightFile<'_>> = paths.split(' ').map(|path| WeightFile { path, size: 5 }).collect();
        assert_eq!(first_of_quantization(&files), first, "{paths}");
    }
}
