//! Listings of real repositories, or rebuilt from public code: what stays of each and what does not. A line is `+` for what
//! stays or `-` for what is left out, a length in megabytes where it matters, and a path.

use super::super::*;

const TABLE: &[(&str, &str)] = &[
    (
        "Llama 3.1 8B: the layout of its makers beside the shards",
        "+ config.json
         + 4977 model-00001-of-00004.safetensors
         + 5000 model-00002-of-00004.safetensors
         + 4916 model-00003-of-00004.safetensors
         + 1168 model-00004-of-00004.safetensors
         + model.safetensors.index.json
         - 16061 original/consolidated.00.pth
         + original/params.json
         + original/tokenizer.model
         + tokenizer.json",
    ),
    (
        "Mixtral: eight parts at the root",
        "+ 12000 model-00001-of-00002.safetensors
         + 13000 model-00002-of-00002.safetensors
         + model.safetensors.index.json
         - 12500 consolidated.00.pth
         - 12500 consolidated.01.pth
         + params.json",
    ),
    (
        "what is called original may be something else",
        "+ 16000 model.safetensors
         + 50 original/model.safetensors
         + 900 original/vocoder.safetensors",
    ),
    (
        "Whisper large v3: two precisions in three formats",
        "- 3000 flax_model.msgpack
         - 3100 flax_model-00001-of-00001.msgpack
         + 3000 model.safetensors
         - 5000 model.fp32-00001-of-00002.safetensors
         - 1200 model.fp32-00002-of-00002.safetensors
         - model.safetensors.index.fp32.json
         - 3000 pytorch_model.bin
         - 5000 pytorch_model.fp32-00001-of-00002.bin
         - 1200 pytorch_model.fp32-00002-of-00002.bin
         - pytorch_model.bin.index.fp32.json
         + preprocessor_config.json",
    ),
    (
        "BERT: every framework of its day",
        "+ config.json
         + 532 coreml/fill-mask/float32_model.mlpackage/Data/com.apple.CoreML/weights/weight.bin
         - 438 flax_model.msgpack
         + 440 model.safetensors
         - 532 model.onnx
         - 440 pytorch_model.bin
         - 534 rust_model.ot
         - 536 tf_model.h5",
    ),
    (
        "shards of TensorFlow with their index",
        "+ 100 model.safetensors
         - 50 tf_model-00001-of-00002.h5
         - 50 tf_model-00002-of-00002.h5
         - tf_model.h5.index.json",
    ),
    (
        "GPT-2: a file for phones is another model",
        "+ 548 model.safetensors
         - 548 pytorch_model.bin
         + 495 64.tflite
         + 495 model.tflite
         + 495 decoder_model.keras
         + 125 64-8bits.tflite
         - 653 onnx/decoder_model.onnx
         - 655 onnx/decoder_model_merged.onnx
         - 653 onnx/decoder_with_past_model.onnx
         + onnx/config.json",
    ),
    (
        "bge-m3: heads beside a pickle",
        "+ colbert_linear.pt
         + sparse_linear.pt
         + 2271 pytorch_model.bin
         - onnx/model.onnx
         - 2266 onnx/model.onnx_data
         + onnx/Constant_7_attr__value
         + onnx/tokenizer.json
         + 1_Pooling/config.json",
    ),
    (
        "all-MiniLM: levels and instruction sets",
        "+ 90 model.safetensors
         - 90 pytorch_model.bin
         - 90 onnx/model.onnx
         - 90 onnx/model_O1.onnx
         - 23 onnx/model_qint8_avx512_vnni.onnx
         - 90 openvino/openvino_model.bin
         - openvino/openvino_model.xml
         - 23 openvino/openvino_model_qint8_quantized.bin
         - 90 rust_model.ot
         + 5 train_script.py
         + data_config.json",
    ),
    (
        "an ONNX model of another task",
        "+ 900 model.safetensors
         - 900 onnx/model.onnx
         + 2 onnx/silero_vad.onnx
         + 300 token-classification/model.onnx
         + 17 detector.onnx",
    ),
    (
        "an adapter is no copy of a model, nor the other way round",
        "+ 40 adapter_model.safetensors
         - 40 adapter_model.bin
         + 500 model.onnx
         + 40 second/adapter_model.bin
         + 600 optimizer.pt",
    ),
    (
        "a LoRA of diffusers in two formats",
        "+ 23 pytorch_lora_weights.safetensors
         - 23 pytorch_lora_weights.bin
         + 1 learned_embeds.bin",
    ),
    (
        "states of a training run are different weights",
        "+ 100 checkpoint-500/model.safetensors
         + 100 checkpoint-1000/model.safetensors
         - 100 checkpoint-1000/pytorch_model.bin
         + 100 model.safetensors
         + training_args.bin",
    ),
    (
        "Wan 2.2: nothing else holds the VAE and the text encoder",
        "+ 9500 high_noise_model/diffusion_pytorch_model-00001-of-00002.safetensors
         + 9500 high_noise_model/diffusion_pytorch_model-00002-of-00002.safetensors
         + high_noise_model/diffusion_pytorch_model.safetensors.index.json
         + 9500 low_noise_model/diffusion_pytorch_model-00001-of-00002.safetensors
         + 9500 low_noise_model/diffusion_pytorch_model-00002-of-00002.safetensors
         + low_noise_model/diffusion_pytorch_model.safetensors.index.json
         + 508 Wan2.1_VAE.pth
         + 11361 models_t5_umt5-xxl-enc-bf16.pth
         + google/umt5-xxl/tokenizer.json",
    ),
    (
        "SDXL: a LoRA at the root, and of two whole files nobody knows which",
        "+ model_index.json
         + 6938 sd_xl_base_1.0.safetensors
         + 6938 sd_xl_base_1.0_0.9vae.safetensors
         + 50 sd_xl_offset_example-lora_1.0.safetensors
         - 492 text_encoder/flax_model.msgpack
         - 246 text_encoder/model.fp16.safetensors
         - 492 text_encoder/model.onnx
         + 492 text_encoder/model.safetensors
         + 2778 text_encoder_2/model.safetensors
         - 2778 text_encoder_2/openvino_model.bin
         - text_encoder_2/openvino_model.xml
         - 5135 unet/diffusion_pytorch_model.fp16.safetensors
         + 10270 unet/diffusion_pytorch_model.safetensors
         - unet/model.onnx
         - 10270 unet/model.onnx_data
         - 10270 unet/openvino_model.bin
         - 167 vae/diffusion_pytorch_model.fp16.safetensors
         + 335 vae/diffusion_pytorch_model.safetensors
         - 200 vae_decoder/model.onnx
         - 130 vae_encoder/openvino_model.bin
         + 335 vae_1_0/diffusion_pytorch_model.safetensors
         + vae_decoder/config.json",
    ),
    (
        "FLUX.1: the transformer once more as one file, a VAE of another layout",
        "+ model_index.json
         + 335 ae.safetensors
         - 23802 flux1-dev.safetensors
         + 246 text_encoder/model.safetensors
         + 4994 text_encoder_2/model-00001-of-00002.safetensors
         + 4530 text_encoder_2/model-00002-of-00002.safetensors
         + text_encoder_2/model.safetensors.index.json
         + 9983 transformer/diffusion_pytorch_model-00001-of-00003.safetensors
         + 9949 transformer/diffusion_pytorch_model-00002-of-00003.safetensors
         + 3870 transformer/diffusion_pytorch_model-00003-of-00003.safetensors
         + transformer/diffusion_pytorch_model.safetensors.index.json
         + 167 vae/diffusion_pytorch_model.safetensors",
    ),
    (
        "Stable Diffusion 1.5: other weights of one name, and a whole file that fits",
        "+ model_index.json
         + 1216 safety_checker/model.safetensors
         - 1216 safety_checker/pytorch_model.bin
         + 492 text_encoder/model.safetensors
         + 3438 unet/diffusion_pytorch_model.safetensors
         - 1719 unet/diffusion_pytorch_model.fp16.safetensors
         - 3438 unet/diffusion_pytorch_model.bin
         - 3438 unet/diffusion_flax_model.msgpack
         + 3438 unet/diffusion_pytorch_model.non_ema.safetensors
         - 3438 unet/diffusion_pytorch_model.non_ema.bin
         + 334 vae/diffusion_pytorch_model.safetensors
         - 4265 v1-5-pruned-emaonly.ckpt
         - 4264 v1-5-pruned-emaonly.safetensors
         + 7703 v1-5-pruned.safetensors
         - 7703 v1-5-pruned.ckpt",
    ),
    (
        "a form of a component that has no other stays",
        "+ 10 unet/diffusion_pytorch_model.safetensors
         + 10 vae/diffusion_flax_model.msgpack
         + 10 text_encoder/openvino_model.bin",
    ),
    (
        "ComfyUI: files of many models, none of them a copy",
        "+ 100 split_files/diffusion_models/wan2.2_fp8_scaled.safetensors
         + 200 split_files/diffusion_models/wan2.2_fp16.safetensors
         + 90 split_files/diffusion_models/wan2.2-Q4_K_M.gguf
         + 50 split_files/vae/wan_2.1_vae.safetensors
         + 20 split_files/loras/fast.safetensors",
    ),
    (
        "Gemma: one GGUF file of the model itself",
        "+ 8000 model-00001-of-00002.safetensors
         + 9000 model-00002-of-00002.safetensors
         + model.safetensors.index.json
         - 34000 gemma-7b.gguf
         + tokenizer.model",
    ),
    (
        "GGUF files of more than one model",
        "+ 8000 model.safetensors
         + 4000 m-Q4_K_M.gguf
         + 500 draft-Q4_K_M.gguf",
    ),
    (
        "a text encoder as GGUF beside a transformer",
        "+ 8000 transformer/diffusion_pytorch_model.safetensors
         + 4000 t5-Q4_K_M.gguf",
    ),
    (
        "one GGUF model with its matrix: the matrix is calibration data",
        "+ 4000 M-IQ4_KS.gguf
         - 10 M-imatrix.gguf
         + README.md",
    ),
    (
        "Xenova: nothing but ONNX, each session once, tasks apart",
        "+ 100 onnx/decoder_model_merged.onnx
         - 50 onnx/decoder_model_merged_fp16.onnx
         - 25 onnx/decoder_model_merged_quantized.onnx
         + 30 onnx/encoder_model_fp16.onnx
         - 25 onnx/encoder_model_q4.onnx
         + 9 onnx/vad.onnx
         + config.json",
    ),
    (
        "Flax alone",
        "+ 100 flax_model.msgpack
         + config.json",
    ),
    (
        "a set without its index, under a name of its own, is nobody's copy",
        "+ 10 model.safetensors
         + 5 vocoder-00001-of-00002.safetensors
         + 9 vocoder.pt",
    ),
];

/// The paths with their lengths, and those that stay.
fn read(text: &str) -> (Vec<WeightFile<'_>>, Vec<&str>) {
    let (mut files, mut stay) = (Vec::new(), Vec::new());
    for line in text.lines() {
        let (mark, rest) = line.trim().split_once(' ').expect("a mark");
        let (size, path) = match rest.split_once(' ') {
            Some((size, path)) => (size.parse::<u64>().expect("megabytes") * 1_000_000, path),
            None => (1_000, rest),
        };
        files.push(WeightFile { path, size });
        if mark == "+" {
            stay.push(path);
        }
    }
    (files, stay)
}

pub(super) fn check(title: &str, choice: &Choice, text: &str) {
    let (files, stay) = read(text);
    let left_out = left_out(choice, &files).unwrap_or_else(|error| panic!("{title}: {error}"));
    let kept: Vec<&str> = files.iter().map(|file| file.path).filter(|path| !left_out.paths.contains(path)).collect();
    assert_eq!(kept, stay, "{title}");
}

#[test]
fn nothing_is_left_out_that_is_not_the_same_weights() {
    for (title, text) in TABLE {
        check(title, &Choice::Auto, text);
    }
}

#[test]
fn a_format_alone_keeps_its_loras_and_leaves_copies_out() {
    let text = "+ model_index.json
         + 50 offset-lora.safetensors
         - 508 VAE.pth
         - 16061 consolidated.pth
         + 10270 unet/diffusion_pytorch_model.safetensors
         - 10270 unet/diffusion_pytorch_model.bin
         - 10270 unet/model.onnx";
    check("safetensors", &Choice::Only(Format::Safetensors), text);
    let text = "+ 16000 model.safetensors\n - 16000 consolidated.safetensors\n - 16000 original/model.safetensors";
    check("safetensors", &Choice::Only(Format::Safetensors), text);
}

#[test]
fn lengths_that_no_disk_has_are_still_lengths() {
    let files: Vec<WeightFile<'_>> =
        ["model.safetensors", "original/model.safetensors", "consolidated.pth", "x-Q8_0.gguf"]
            .into_iter()
            .map(|path| WeightFile { path, size: u64::MAX })
            .collect();
    assert!(left_out(&Choice::Auto, &files).is_ok() && saved_by_auto(&files) == Some(u64::MAX));
    let splits: Vec<WeightFile<'_>> = ["m-Q8_0-00001-of-00002.gguf", "m-Q8_0-00002-of-00002.gguf"]
        .into_iter()
        .map(|path| WeightFile { path, size: u64::MAX })
        .collect();
    assert!(left_out(&Choice::Quant("Q8_0".to_owned()), &splits).is_ok());
}
