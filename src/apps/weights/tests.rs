//! Choices over listings of the shapes that real repositories have.

use super::*;

mod listings;
mod quantizations;

/// Paths with sizes in whole bytes, so that sums can be read.
type TestListing = &'static [(&'static str, u64)];

const LLAMA: TestListing = &[
    ("LICENSE", 1),
    ("config.json", 1),
    ("model-00001-of-00004.safetensors", 100),
    ("model-00002-of-00004.safetensors", 100),
    ("model-00003-of-00004.safetensors", 100),
    ("model-00004-of-00004.safetensors", 20),
    ("model.safetensors.index.json", 2),
    ("original/consolidated.00.pth", 320),
    ("original/params.json", 1),
    ("original/tokenizer.model", 3),
    ("tokenizer.json", 3),
];

const GPT_OSS: TestListing = &[
    ("chat_template.jinja", 1),
    ("metal/model.bin", 130),
    ("model-00000-of-00002.safetensors", 50),
    ("model-00001-of-00002.safetensors", 50),
    ("model-00002-of-00002.safetensors", 30),
    ("model.safetensors.index.json", 1),
    ("original/config.json", 1),
    ("original/dtypes.json", 1),
    ("original/model.safetensors", 130),
];

const PIPELINE: TestListing = &[
    ("model_index.json", 1),
    ("scheduler/scheduler_config.json", 1),
    ("sd_xl_base_1.0.safetensors", 700),
    ("sd_xl_base_1.0_0.9vae.safetensors", 700),
    ("text_encoder/config.json", 1),
    ("text_encoder/flax_model.msgpack", 50),
    ("text_encoder/model.fp16.safetensors", 25),
    ("text_encoder/model.onnx", 50),
    ("text_encoder/model.safetensors", 50),
    ("unet/diffusion_pytorch_model.bin", 500),
    ("unet/diffusion_pytorch_model.fp16.safetensors", 250),
    ("unet/diffusion_pytorch_model.safetensors", 500),
    ("unet/model.onnx", 1),
    ("unet/model.onnx_data", 500),
    ("vae/diffusion_pytorch_model.fp16.safetensors", 15),
];

const SENTENCES: TestListing = &[
    ("1_Pooling/config.json", 1),
    ("2_Dense/model.safetensors", 2),
    ("2_Dense/pytorch_model.bin", 2),
    ("model.safetensors", 90),
    ("onnx/model.onnx", 90),
    ("onnx/model_O1.onnx", 90),
    ("onnx/model_O4.onnx", 45),
    ("onnx/model_qint8_avx512_vnni.onnx", 23),
    ("openvino/openvino_model.bin", 90),
    ("openvino/openvino_model.xml", 1),
    ("pytorch_model.bin", 91),
    ("rust_model.ot", 90),
    ("tf_model.h5", 91),
    ("tokenizer.json", 1),
    ("training_args.bin", 1),
];

const WHISPER: TestListing = &[
    ("flax_model.msgpack", 967),
    ("model.safetensors", 967),
    ("normalizer.json", 1),
    ("pytorch_model.bin", 967),
    ("tf_model.h5", 968),
    ("vocab.json", 1),
];

const MISTRAL: TestListing = &[
    ("consolidated.safetensors", 145),
    ("model-00001-of-00002.safetensors", 100),
    ("model-00002-of-00002.safetensors", 45),
    ("model.safetensors.index.json", 1),
    ("params.json", 1),
];

const QUANTS: TestListing = &[
    ("README.md", 1),
    ("Model-8B-IQ2_XS.gguf", 26),
    ("Model-8B-Q4_K_M.gguf", 49),
    ("Model-8B-Q8_0.gguf", 85),
    ("Model-8B-UD-Q4_K_XL.gguf", 51),
    ("BF16/Model-8B-BF16-00001-of-00002.gguf", 100),
    ("BF16/Model-8B-BF16-00002-of-00002.gguf", 60),
    ("mmproj-F16.gguf", 8),
    ("mmproj-F32.gguf", 16),
];

fn listed(listing: TestListing) -> Vec<WeightFile<'static>> {
    listing.iter().map(|&(path, size)| WeightFile { path, size }).collect()
}

/// What stays, in the order of the listing.
fn kept(choice: &Choice, listing: TestListing) -> Result<Vec<&'static str>, WeightsError> {
    let left_out = left_out(choice, &listed(listing))?.paths;
    Ok(listing.iter().map(|(path, _)| *path).filter(|path| !left_out.contains(path)).collect())
}

#[test]
fn auto_takes_one_complete_set_and_everything_that_is_no_weight() {
    for (listing, expected) in [
        (
            LLAMA,
            vec![
                "LICENSE",
                "config.json",
                "model-00001-of-00004.safetensors",
                "model-00002-of-00004.safetensors",
                "model-00003-of-00004.safetensors",
                "model-00004-of-00004.safetensors",
                "model.safetensors.index.json",
                "original/params.json",
                "original/tokenizer.model",
                "tokenizer.json",
            ],
        ),
        (
            PIPELINE,
            vec![
                "model_index.json",
                "scheduler/scheduler_config.json",
                "sd_xl_base_1.0.safetensors",
                "sd_xl_base_1.0_0.9vae.safetensors",
                "text_encoder/config.json",
                "text_encoder/model.safetensors",
                "unet/diffusion_pytorch_model.safetensors",
                "vae/diffusion_pytorch_model.fp16.safetensors",
            ],
        ),
        (
            SENTENCES,
            vec![
                "1_Pooling/config.json",
                "2_Dense/model.safetensors",
                "model.safetensors",
                "tokenizer.json",
                "training_args.bin",
            ],
        ),
        (WHISPER, vec!["model.safetensors", "normalizer.json", "vocab.json"]),
        (
            MISTRAL,
            vec![
                "model-00001-of-00002.safetensors",
                "model-00002-of-00002.safetensors",
                "model.safetensors.index.json",
                "params.json",
            ],
        ),
    ] {
        assert_eq!(kept(&Choice::Auto, listing).unwrap(), expected);
    }
}

#[test]
fn shards_may_be_counted_from_zero() {
    let expected = [
        "chat_template.jinja",
        "model-00000-of-00002.safetensors",
        "model-00001-of-00002.safetensors",
        "model-00002-of-00002.safetensors",
        "model.safetensors.index.json",
        "original/config.json",
        "original/dtypes.json",
    ];
    assert_eq!(kept(&Choice::Auto, GPT_OSS).unwrap(), expected);
    let from_zero: TestListing = &[
        ("model-00000-of-00002.safetensors", 50),
        ("model-00001-of-00002.safetensors", 50),
        ("model.safetensors.index.json", 1),
    ];
    assert_eq!(kept(&Choice::Auto, from_zero).unwrap().len(), 3);
}

#[test]
fn an_explicit_format_is_that_format_alone() {
    let pytorch = kept(&Choice::Only(Format::Pytorch), WHISPER).unwrap();
    assert_eq!(pytorch, ["normalizer.json", "pytorch_model.bin", "vocab.json"]);
    let onnx = kept(&Choice::Only(Format::Onnx), SENTENCES).unwrap();
    assert_eq!(onnx, ["1_Pooling/config.json", "onnx/model.onnx", "tokenizer.json", "training_args.bin"]);
    let onnx = kept(&Choice::Only(Format::Onnx), PIPELINE).unwrap();
    assert!(onnx.contains(&"unet/model.onnx_data") && !onnx.contains(&"vae/diffusion_pytorch_model.fp16.safetensors"));
    let original: TestListing = &[("original/consolidated.00.pth", 9), ("original/tokenizer.model", 1)];
    assert_eq!(kept(&Choice::Auto, original).unwrap().len(), 2, "the only copy is no second one");
}

#[test]
fn an_incomplete_set_is_not_chosen_and_what_is_missing_is_named() {
    let gap: TestListing = &[
        ("model-00001-of-00003.safetensors", 5),
        ("model-00003-of-00003.safetensors", 5),
        ("model.safetensors.index.json", 1),
        ("pytorch_model.bin", 15),
    ];
    assert_eq!(kept(&Choice::Auto, gap).unwrap(), ["pytorch_model.bin"]);
    let no_index: TestListing = &[("m/model.fp16-00001-of-00001.safetensors", 5), ("m/pytorch_model.bin", 9)];
    let index_alone: TestListing = &[("pytorch_model.bin.index.json", 1), ("model.safetensors", 9)];
    let one_of_two: TestListing = &[("a/model.safetensors", 5), ("b/pytorch_model.bin", 5)];
    for (listing, format, missing) in [
        (gap, Format::Safetensors, "`model-00002-of-00003.safetensors` is missing"),
        (no_index, Format::Safetensors, "`m/model.safetensors.index.fp16.json` is missing"),
        (index_alone, Format::Pytorch, "`pytorch_model-00001-of-….bin` is missing"),
        (one_of_two, Format::Safetensors, "`b/model.safetensors` is missing"),
        (one_of_two, Format::Pytorch, "`a/pytorch_model.bin` is missing"),
    ] {
        let error = kept(&Choice::Only(format), listing).unwrap_err().to_string();
        assert_eq!(error, format!("has only a part of its {format} weights: {missing}"));
    }
    assert_eq!(kept(&Choice::Auto, one_of_two).unwrap().len(), 2, "each component in the format that it has");
    let nothing_whole: TestListing = &[("model-00001-of-00002.safetensors", 5), ("model.safetensors.index.json", 1)];
    assert!(matches!(kept(&Choice::Auto, nothing_whole), Err(WeightsError::Incomplete { .. })));
}

#[test]
fn a_format_that_is_not_there_is_an_error_that_says_what_is() {
    let error = kept(&Choice::Only(Format::Gguf), WHISPER).unwrap_err();
    let expected = [("safetensors", 967), ("pytorch", 967)];
    let expected = expected.map(|(name, size)| Offer { name: name.to_owned(), size }).to_vec();
    assert_eq!(error, WeightsError::Absent { format: Format::Gguf, others: expected });
    for listing in [QUANTS, &[("config.json", 1)]] {
        assert!(matches!(kept(&Choice::Only(Format::Safetensors), listing), Err(WeightsError::Absent { .. })));
    }
    let flax_alone: TestListing = &[("flax_model.msgpack", 9), ("config.json", 1)];
    assert_eq!(kept(&Choice::Auto, flax_alone).unwrap().len(), 2);
}

#[test]
fn a_quantization_is_found_in_any_spelling_with_all_its_splits() {
    for (wanted, files) in [
        ("Q4_K_M", vec!["Model-8B-Q4_K_M.gguf"]),
        ("q4_k_m", vec!["Model-8B-Q4_K_M.gguf"]),
        ("Q4_K_XL", vec!["Model-8B-UD-Q4_K_XL.gguf"]),
        ("ud-q4_k_xl", vec!["Model-8B-UD-Q4_K_XL.gguf"]),
        ("bf16", vec!["BF16/Model-8B-BF16-00001-of-00002.gguf", "BF16/Model-8B-BF16-00002-of-00002.gguf"]),
    ] {
        let expected: Vec<&str> = ["README.md"].into_iter().chain(files).chain(["mmproj-F16.gguf"]).collect();
        assert_eq!(kept(&Choice::Quant(wanted.to_owned()), QUANTS).unwrap(), expected, "{wanted}");
    }
}

#[test]
fn quantizations_are_listed_by_size_where_one_must_be_named() {
    let names = |error: WeightsError| match error {
        WeightsError::NoQuant { others, patterns, .. } | WeightsError::Ambiguous { others, patterns } => {
            others.into_iter().chain(patterns).map(|one| format!("{} {}", one.name, one.size)).collect::<Vec<_>>()
        }
        other => panic!("{other}"),
    };
    let all = ["IQ2_XS 26", "Q4_K_M 49", "UD-Q4_K_XL 51", "Q8_0 85", "BF16 160"];
    assert_eq!(names(kept(&Choice::Quant("Q5_K_M".to_owned()), QUANTS).unwrap_err()), all);
    assert_eq!(names(kept(&Choice::Quant("Q4".to_owned()), QUANTS).unwrap_err()), all);
    for choice in [Choice::Auto, Choice::Only(Format::Gguf)] {
        assert_eq!(names(kept(&choice, QUANTS).unwrap_err()), all);
    }
    let two: TestListing = &[("a-q8_0.gguf", 7), ("b-q8_0.gguf", 8)];
    assert_eq!(names(kept(&Choice::Quant("Q8_0".to_owned()), two).unwrap_err()), ["a-q8_0.gguf 7", "b-q8_0.gguf 8"]);
    let one: TestListing = &[("phi-3-q4.gguf", 7), ("config.json", 1)];
    assert_eq!(kept(&Choice::Auto, one).unwrap().len(), 2);
}

#[test]
fn splits_are_all_there_or_missing_ones_are_named() {
    let split: TestListing = &[("m-Q8_0-00001-of-00003.gguf", 5), ("m-Q8_0-00003-of-00003.gguf", 5)];
    let error = kept(&Choice::Quant("Q8_0".to_owned()), split).unwrap_err();
    assert_eq!(error.to_string(), "has only a part of its gguf weights: `m-Q8_0-00002-of-00003.gguf` is missing");
}

#[test]
fn savings_are_said_where_there_are_any() {
    for (listing, saved) in [
        (LLAMA, Some(320)),
        (GPT_OSS, Some(260)),
        (WHISPER, Some(967 + 967 + 968)),
        (QUANTS, None),
        (&[("model.safetensors", 9), ("voices/af.bin", 1)], None),
    ] {
        assert_eq!(saved_by_auto(&listed(listing)), saved);
    }
}

#[test]
fn a_precision_picks_its_sessions_with_their_data() {
    let listing: TestListing = &[
        ("config.json", 1),
        ("onnx/decoder_model_merged.onnx", 1),
        ("onnx/decoder_model_merged.onnx_data", 80),
        ("onnx/decoder_model_merged.onnx_data_1", 80),
        ("onnx/decoder_model_merged_q4.onnx", 1),
        ("onnx/decoder_model_merged_q4.onnx_data", 20),
        ("onnx/decoder_model_merged_q4f16.onnx", 18),
        ("onnx/embed_tokens_quantized.onnx", 9),
    ];
    let files = listed(listing);
    let others = |name: &str| name.parse::<Dtype>().unwrap().others(&files);
    let q4 = others("Q4").unwrap();
    let kept: Vec<&str> = files.iter().map(|file| file.path).filter(|path| !q4.left_out.contains(path)).collect();
    let expected = [
        "config.json",
        "onnx/decoder_model_merged_q4.onnx",
        "onnx/decoder_model_merged_q4.onnx_data",
        "onnx/embed_tokens_quantized.onnx",
    ];
    assert_eq!(kept, expected, "without the session that has no q4 nothing loads");
    assert_eq!(q4.lacking, [("onnx/embed_tokens".to_owned(), "q8")]);
    assert_eq!(others("fp32").unwrap().left_out.len(), 3);
    let DtypeError::Absent { others, .. } = others("fp16").unwrap_err() else { panic!() };
    let others: Vec<String> = others.iter().map(|one| format!("{} {}", one.name, one.size)).collect();
    assert_eq!(others, ["fp32 161", "q8 9", "q4 21", "q4f16 18"]);
    assert!(matches!("q3".parse::<Dtype>(), Err(DtypeError::Unknown { .. })));
}
