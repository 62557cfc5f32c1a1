"""Runs EleutherAI's evaluation harness against a server, on a small task made here, and compares the log-likelihoods with
those of HuggingFace transformers on the same file.

Usage: evaluation_harness.py BASE_URL MODEL.gguf FOLDER [--tolerance X]

The folder receives a tokenizer made from the GGUF file, the task, and the harness' samples. The tolerance is for a file
whose weights are in single precision, served with --cache-type f32. With half-precision weights ggml rounds activations
to half precision too, which transformers doesn't: that alone is some 5e-3.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys

import urllib.request

import gguf
import tokenizers
import torch
import transformers

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("base_url")
parser.add_argument("model_path")
parser.add_argument("folder", type=pathlib.Path)
parser.add_argument("--tolerance", type=float, default=1e-4)
options = parser.parse_args()
base_url, model_path, folder = options.base_url, options.model_path, options.folder
questions = [
    ("Bruna is a", [" teacher.", " cook.", " river."]),
    ("The wolf sleeps by the", [" meadow.", " teacher.", " cake."]),
    ("She likes", [" cheese.", " bear.", " Every."]),
    ("You can buy", [" honey there.", " sunny there.", " walks there."]),
]


def field(reader, name):
    return reader.fields[name].contents()


def write_tokenizer():
    reader = gguf.GGUFReader(model_path)
    tokens, merges = field(reader, "tokenizer.ggml.tokens"), field(reader, "tokenizer.ggml.merges")
    kinds = field(reader, "tokenizer.ggml.token_type")
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE(
        {token: index for index, token in enumerate(tokens)}, [tuple(merge.split(" ")) for merge in merges]))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = tokenizers.decoders.ByteLevel()
    special = [token for token, kind in zip(tokens, kinds) if kind == gguf.TokenType.CONTROL]
    tokenizer.add_special_tokens(special)
    end = tokens[field(reader, "tokenizer.ggml.eos_token_id")]
    transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token=end, bos_token=end).save_pretrained(
        folder / "tokenizer")


def write_tasks():
    data = folder / "questions.jsonl"
    data.write_text("".join(
        json.dumps({"question": question, "choices": choices, "answer": 0}) + "\n" for question, choices in questions))
    common = f"dataset_path: json\ndataset_kwargs: {{data_files: {{test: {data}}}}}\ntest_split: test\n"
    (folder / "rated.yaml").write_text(common + (
        "task: rated\noutput_type: multiple_choice\ndoc_to_text: '{{question}}'\ndoc_to_choice: '{{choices}}'\n"
        "doc_to_target: '{{answer}}'\ntarget_delimiter: ''\nmetric_list: [{metric: acc}]\n"))
    (folder / "answered.yaml").write_text(common + (
        "task: answered\noutput_type: generate_until\ndoc_to_text: '{{question}}'\ndoc_to_target: '{{choices[0]}}'\n"
        "generation_kwargs: {until: ['.'], max_gen_toks: 12, do_sample: false, temperature: 0}\n"
        "metric_list: [{metric: exact_match}]\n"))


def run(kind, path, task, *extra):
    arguments = [f"model={model_name()}", f"base_url={base_url}{path}", "num_concurrent=1", "max_retries=1"]
    arguments += [f"tokenizer={folder / 'tokenizer'}", "tokenizer_backend=huggingface"] if kind == "local-completions" else []
    subprocess.run(
        [str(pathlib.Path(sys.executable).with_name("lm_eval")), "run", "--model", kind, "--model_args", ",".join(arguments), "--tasks", task,
         "--include_path", str(folder), "--output_path", str(folder / "results"), "--log_samples", *extra],
        check=True, env={**os.environ, "HF_HUB_OFFLINE": "1", "HF_DATASETS_CACHE": str(folder / "cache")})


def model_name():
    return json.load(urllib.request.urlopen(base_url + "/v1/models"))["data"][0]["id"]


def samples(task):
    [path] = sorted((folder / "results").rglob(f"samples_{task}_*.jsonl"))[-1:]
    return [json.loads(line) for line in path.read_text().splitlines()]


def compare_with_reference():
    model = transformers.AutoModelForCausalLM.from_pretrained(
        os.path.dirname(model_path), gguf_file=os.path.basename(model_path), dtype=torch.float32)
    tokenizer = transformers.PreTrainedTokenizerFast.from_pretrained(folder / "tokenizer")
    worst = 0.0
    for sample in samples("rated"):
        for choice, [[value, _]] in zip(sample["doc"]["choices"], sample["resps"]):
            question = tokenizer.encode(sample["doc"]["question"])
            tokens = tokenizer.encode(sample["doc"]["question"] + choice)
            with torch.no_grad():
                rated = model(torch.tensor([tokens])).logits[0].double().log_softmax(-1)
            expected = sum(float(rated[i - 1, tokens[i]]) for i in range(len(question), len(tokens)))
            worst = max(worst, abs(expected - float(value)))
    print(f"largest difference to transformers: {worst:.2e}")
    assert worst < options.tolerance


folder.mkdir(parents=True, exist_ok=True)
write_tokenizer()
write_tasks()
run("local-completions", "/v1/completions", "rated")
run("local-chat-completions", "/v1/chat/completions", "answered", "--apply_chat_template")
assert len(samples("rated")) == len(questions) == len(samples("answered"))
assert all(sample["resps"][0][0] for sample in samples("answered"))
compare_with_reference()
print("ok")
