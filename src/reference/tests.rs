//! What can be typed or pasted, and what it is taken for.

use super::*;

fn parse(text: &str) -> Result<Reference, ReferenceError> {
    let known = |name, addresses: &[&str]| KnownProvider {
        name,
        spelling: Spelling { is_numbered: false, scheme: (name == "hf").then_some("hf://"), air: None },
        addresses: addresses.iter().map(|text| text.parse().unwrap()).collect(),
        second: None,
    };
    Reference::parse(
        text,
        &[
            known("hf", &["https://huggingface.co", "https://hf.co", "http://127.0.0.1:9/mirror"]),
            known("ba", &["https://boincai.com"]),
            known("corp", &["https://hub.corp.example/api/huggingfaceml/models"]),
        ],
    )
}

fn shown(text: &str) -> String {
    let reference = parse(text).expect(text);
    let revision = reference.revision.map(|revision| format!("@{revision}")).unwrap_or_default();
    let path = reference.path.map(|path| format!(" {path}")).unwrap_or_default();
    let quant = reference.quant.map(|quant| format!(" --quant {quant}")).unwrap_or_default();
    format!("{}:{}{revision}{path}{quant}", reference.provider.as_deref().unwrap_or("-"), reference.repo)
}

#[test]
fn every_spelling_of_the_field_is_read() {
    for (text, meaning) in [
        ("org/model", "-:org/model"),
        ("gpt2", "-:gpt2"),
        (" org/model@v1.0 ", "-:org/model@v1.0"),
        ("org/model@refs/pr/3", "-:org/model@refs/pr/3"),
        ("models/org/m", "-:org/m"),
        ("datasets/org/d", "-:datasets/org/d"),
        ("spaces/org/s@main", "-:spaces/org/s@main"),
        ("ba:org/model", "ba:org/model"),
        ("corp:datasets/o/d@x", "corp:datasets/o/d@x"),
        ("hf:gpt2", "hf:gpt2"),
        ("hf://org/m", "hf:org/m"),
        ("hf://datasets/org/m@refs/pr/1/sub/f.json", "hf:datasets/org/m@refs/pr/1 sub/f.json"),
        ("hf://org/m@main/f.json", "hf:org/m@main f.json"),
        ("hf://org/m/sub/f.json", "hf:org/m sub/f.json"),
        ("https://huggingface.co/org/m", "hf:org/m"),
        ("https://hf.co/gpt2", "hf:gpt2"),
        ("https://huggingface.co/org/m/tree/main", "hf:org/m@main"),
        ("https://huggingface.co/org/m/tree/main/sub", "hf:org/m@main sub/"),
        ("https://huggingface.co/org/m/tree/refs%2Fpr%2F1/a/b/", "hf:org/m@refs/pr/1 a/b/"),
        ("hf://org/m/sub/", "hf:org/m sub/"),
        ("https://huggingface.co/org/m/blob/main/a/b.json?x=1#L3", "hf:org/m@main a/b.json"),
        ("https://huggingface.co/org/m/resolve/refs%2Fpr%2F1/a%20b.bin?download=true", "hf:org/m@refs/pr/1 a b.bin"),
        ("https://huggingface.co/gpt2/resolve/main/config.json", "hf:gpt2@main config.json"),
        ("https://huggingface.co/datasets/o/d/tree/v2", "hf:datasets/o/d@v2"),
        ("https://huggingface.co/org/m/discussions", "hf:org/m"),
        ("https://huggingface.co/datasets/o/d/viewer/default/train", "hf:datasets/o/d"),
        ("https://huggingface.co/org/m/tree/feature%2Fx", "hf:org/m@feature/x"),
        ("https://huggingface.co/org/m/tree/feature%2Fx/sub", "hf:org/m@feature/x sub/"),
        ("https://huggingface.co/org/m/blob/feature%2Fx/a%20b.json", "hf:org/m@feature/x a b.json"),
        ("https://huggingface.co/org/m/resolve/fix%231/a.json", "hf:org/m@fix#1 a.json"),
        ("https://huggingface.co/org/m/tree/refs/pr/2/sub", "hf:org/m@refs/pr/2 sub/"),
        ("https://huggingface.co/org/m/commits/v2", "hf:org/m@v2"),
        ("https://huggingface.co/org/m/commits/v2/a/b.json", "hf:org/m@v2 a/b.json"),
        ("https://huggingface.co/org/m/edit/v2/README.md", "hf:org/m@v2 README.md"),
        ("https://huggingface.co/org/m/blame/v2/a.py#L7", "hf:org/m@v2 a.py"),
        ("https://huggingface.co/org/m/upload/v2", "hf:org/m@v2"),
        ("https://huggingface.co/org/tree", "hf:org/tree"),
        ("https://huggingface.co/org/raw/tree/main", "hf:org/raw@main"),
        ("https://huggingface.co/kernels/org/k/tree/v1", "hf:kernels/org/k@v1"),
        ("kernels/org/k", "-:kernels/org/k"),
        ("hf://kernels/org/k@main/build/x.so", "hf:kernels/org/k@main build/x.so"),
        ("hf://org/m@feature%2Fx/f.json", "hf:org/m@feature/x f.json"),
        ("hf://org/m/me@home.txt", "hf:org/m me@home.txt"),
        ("org/m:Q4_K_M", "-:org/m --quant Q4_K_M"),
        ("org/m@v1:Q4_K_M", "-:org/m@v1 --quant Q4_K_M"),
        ("hf:org/m:Q4_K_M", "hf:org/m --quant Q4_K_M"),
        ("hf.co/org/m:Q4_K_M", "hf:org/m --quant Q4_K_M"),
        ("https://huggingface.co/org/m:IQ2_XXS", "hf:org/m --quant IQ2_XXS"),
        ("hf://org/m:Q8_0", "hf:org/m --quant Q8_0"),
        ("huggingface.co/org/m/blob/main/c.json", "hf:org/m@main c.json"),
        ("https://boincai.com/meta-llama/Llama-2-7b-ba", "ba:meta-llama/Llama-2-7b-ba"),
        ("http://127.0.0.1:9/mirror/org/m/blob/main/x", "hf:org/m@main x"),
        ("https://hub.corp.example/api/huggingfaceml/models/org/m", "corp:org/m"),
    ] {
        assert_eq!(shown(text), meaning, "{text}");
    }
}

#[test]
fn what_is_no_reference_is_refused_by_name() {
    for (text, reason) in [
        ("", "not a repository id"),
        ("a/b/c", "one slash"),
        ("nope:org/m", "no provider `nope`"),
        ("https://evil.example/org/m", "evil.example"),
        ("https://huggingface.co.evil.example/org/m", "huggingface.co.evil.example"),
        ("https://huggingface.co/", "does not lead to a repository"),
        ("https://huggingface.co/settings/tokens", "does not lead to a repository"),
        ("org/m@../x", "not a revision"),
        ("org/m@", "not a revision"),
        ("ba:org/m?token=secret", "`ba:org/m` is followed by"),
        ("https://huggingface.co/org/m/discussions/4", "is a discussion"),
        ("https://huggingface.co/org/m/discussions/4/files?x=secret", "is a discussion"),
        ("https://huggingface.co/gpt2/discussions/4", "is a discussion"),
        ("https://huggingface.co/org/m/compare/main..v2", "is a comparison"),
        ("https://huggingface.co/org/m/nobody/knows", "is a page that holds no files"),
        ("https://huggingface.co/collections/org/x-1", "is a collection"),
        ("https://huggingface.co/papers/2407.21783", "is a paper"),
        ("https://huggingface.co/blog/x", "does not lead to a repository"),
        ("https://huggingface.co/kernels", "does not lead to a repository"),
        ("hf://buckets/org/b/x", "is a bucket"),
        ("buckets/org/b", "is a bucket"),
        ("hf:collections/org/b", "is a collection"),
        ("org/m:", "not a repository id"),
        ("org/m:a:b/c", "not a repository id"),
        ("hf://org/m?token=secret", "`org/m` is followed by"),
        ("ba:https://me:secret@h.example/m", "`https://h.example/m` does not lead"),
    ] {
        let error = parse(text).expect_err(text).to_string();
        assert!(error.contains(reason) && !error.contains("secret"), "{text}: {error}");
    }
}

#[test]
fn a_numbered_version_never_moves() {
    let fixed = |is_numbered, text: &str| {
        let spelling = Spelling { is_numbered, scheme: None, air: None };
        spelling.fixed(&text.parse().unwrap()).and_then(|commit| commit.as_number())
    };
    assert_eq!(fixed(true, "290640"), Some(290_640));
    assert_eq!(fixed(true, &format!("{:0>40}", 290_640)), Some(290_640));
    assert_eq!(fixed(false, "290640"), None);
    assert_eq!(fixed(true, "main"), None);
}
