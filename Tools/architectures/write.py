#!/usr/bin/env python3
"""Writes small random models of many architectures with llama.cpp's own test-llama-archs.

    Tools/architectures/write.py FOLDER             all architectures, as llama.cpp's test has them
    Tools/architectures/write.py --small FOLDER     the families that are supported, in a few kilobytes each: the models of
                                                    Tests/TestFixtures/Architectures

Small models have narrower layers, several queries to a key, and values for hyper-parameters that the test leaves at "not
set": soft-caps, scales, YaRN, partial rotation, temperatures. Needs the dependencies (Tools/dependencies.sh) and a C++
compiler.
"""

import argparse
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOURCE, LIBRARIES = ROOT / ".deps/source", ROOT / ".deps/lib"

FAMILIES = """llama qwen2 qwen3 gemma gemma2 gemma3 qwen3moe gpt-oss phi3 mistral3 smollm3 granite granitemoe qwen2moe olmo2
olmoe command-r cohere2 glm4 exaone internlm2 starcoder2 stablelm seed_oss arcee xverse nemotron orion gemma4 deepseek2 llama4
openelm deci deepseek glm4moe chatglm qwen3vl qwen3vlmoe exaone4 hunyuan-dense hunyuan-moe minimax-m2 dots1 bailingmoe2 ernie4_5
ernie4_5-moe minicpm gptneox falcon phi2 codeshell bailingmoe maincoder plamo
qwen35 qwen35moe qwen3next""".split()

GROUPED = """LLAMA QWEN2 GEMMA2 OPENAI_MOE GRANITE_MOE COHERE2 QWEN3MOE STARCODER2 GLM4 MISTRAL3 DEEPSEEK2 LLAMA4 GLM4_MOE MINIMAX_M2
CHATGLM FALCON HUNYUAN_MOE QWEN35 QWEN3NEXT""".split()

# Delta nets with two heads of values to each key, before and behind attention.
DELTA_NET = {
    "BLOCK_COUNT": "uint32_t(3)", "SSM_STATE_SIZE": "uint32_t(8)", "SSM_INNER_SIZE": "uint32_t(32)",
    "SSM_TIME_STEP_RANK": "uint32_t(4)", "SSM_GROUP_COUNT": "uint32_t(2)", "ROPE_DIMENSION_COUNT": "uint32_t(4)"}

# Family: hyper-parameters beside those that the test sets.
HYPERPARAMETERS = {
    "GRANITE": {"EMBEDDING_SCALE": "6.0f", "ATTENTION_SCALE": "0.4f", "LOGIT_SCALE": "3.0f"},
    "GRANITE_MOE": {"EMBEDDING_SCALE": "6.0f", "ATTENTION_SCALE": "0.4f", "LOGIT_SCALE": "3.0f"},
    "COHERE2": {"LOGIT_SCALE": "0.25f"},
    "COMMAND_R": {"LOGIT_SCALE": "0.25f"},
    "GEMMA2": {"ATTN_LOGIT_SOFTCAPPING": "2.0f", "FINAL_LOGIT_SOFTCAPPING": "4.0f"},
    "OPENAI_MOE": {
        "ROPE_SCALING_TYPE": '"yarn"', "ROPE_SCALING_FACTOR": "8.0f", "ROPE_SCALING_ORIG_CTX_LEN": "uint32_t(16)"},
    "MISTRAL3": {
        "ROPE_SCALING_TYPE": '"yarn"', "ROPE_SCALING_FACTOR": "8.0f", "ROPE_SCALING_ORIG_CTX_LEN": "uint32_t(16)",
        "ATTENTION_TEMPERATURE_SCALE": "0.5f", "ROPE_SCALING_YARN_LOG_MUL": "1.0f",
        "ROPE_SCALING_YARN_BETA_FAST": "8.0f"},
    "PHI3": {
        "ROPE_SCALING_TYPE": '"longrope"', "ROPE_SCALING_ATTN_FACTOR": "1.2f",
        "ROPE_SCALING_ORIG_CTX_LEN": "uint32_t(32)", "ROPE_DIMENSION_COUNT": "uint32_t(4)"},
    "STABLELM": {"ROPE_DIMENSION_COUNT": "uint32_t(4)"},
    "LLAMA": {"ROPE_SCALING_TYPE": '"linear"', "ROPE_SCALING_FACTOR": "2.0f"},
    "GEMMA4": {
        "EMBEDDING_LENGTH_PER_LAYER": "uint32_t(0)", "ATTENTION_KEY_LENGTH": "uint32_t(16)",
        "ATTENTION_VALUE_LENGTH": "uint32_t(16)", "ROPE_DIMENSION_COUNT": "uint32_t(16)",
        "ATTENTION_KEY_LENGTH_SWA": "uint32_t(8)", "ATTENTION_VALUE_LENGTH_SWA": "uint32_t(8)",
        "ROPE_DIMENSION_COUNT_SWA": "uint32_t(8)", "ATTENTION_HEAD_COUNT_KV": "layers({2, 2, 2, 2, 1})",
        "FEED_FORWARD_LENGTH": "layers({24, 24, 24, 24, 32})", "FINAL_LOGIT_SOFTCAPPING": "4.0f",
        "ATTENTION_SLIDING_WINDOW_PATTERN": "layers({1, 1, 1, 1, 0})"},
    # As in the lite models queries are made from the input; `make architectures` has the others.
    "DEEPSEEK2": {
        "ATTENTION_HEAD_COUNT": "uint32_t(2)", "ATTENTION_Q_LORA_RANK": "uint32_t(0)",
        "ATTENTION_KV_LORA_RANK": "uint32_t(16)", "ATTENTION_KEY_LENGTH": "uint32_t(24)",
        "ATTENTION_VALUE_LENGTH": "uint32_t(16)", "ROPE_DIMENSION_COUNT": "uint32_t(8)",
        "ATTENTION_KEY_LENGTH_MLA": "uint32_t(20)", "ATTENTION_VALUE_LENGTH_MLA": "uint32_t(10)",
        "EXPERT_WEIGHTS_SCALE": "2.5f", "EXPERT_WEIGHTS_NORM": "true", "EXPERT_GROUP_COUNT": "uint32_t(2)",
        "EXPERT_GROUP_USED_COUNT": "uint32_t(1)", "ROPE_SCALING_TYPE": '"yarn"',
        "ROPE_SCALING_FACTOR": "8.0f", "ROPE_SCALING_ORIG_CTX_LEN": "uint32_t(16)", "ROPE_SCALING_YARN_LOG_MUL": "0.0707f"},
    "OPENELM": {
        "ATTENTION_HEAD_COUNT": "layers({2, 4})", "ATTENTION_HEAD_COUNT_KV": "layers({1, 2})",
        "FEED_FORWARD_LENGTH": "layers({24, 32})"},
    "DECI": {
        "BLOCK_COUNT": "uint32_t(3)", "ATTENTION_HEAD_COUNT": "layers({2, 2, 0})",
        "ATTENTION_HEAD_COUNT_KV": "layers({1, 0, 0})", "FEED_FORWARD_LENGTH": "layers({24, 32, 24})"},
    "GPTNEOX": {"USE_PARALLEL_RESIDUAL": "true", "ROPE_DIMENSION_COUNT": "uint32_t(4)"},
    "PHI2": {"ROPE_DIMENSION_COUNT": "uint32_t(4)"},
    "CHATGLM": {"ROPE_DIMENSION_COUNT": "uint32_t(4)"},
    "GLM4_MOE": {"ROPE_DIMENSION_COUNT": "uint32_t(4)", "EXPERT_WEIGHTS_SCALE": "1.5f", "EXPERT_WEIGHTS_NORM": "true"},
    "BAILINGMOE2": {"EXPERT_WEIGHTS_NORM": "true", "ROPE_DIMENSION_COUNT": "uint32_t(4)"},
    "DOTS1": {"EXPERT_WEIGHTS_SCALE": "1.5f"},
    "MINICPM": {"EMBEDDING_SCALE": "6.0f", "LOGIT_SCALE": "3.0f"},
    "QWEN35": DELTA_NET, "QWEN35MOE": DELTA_NET, "QWEN3NEXT": DELTA_NET,
}

# Gemma 4 E2B and E4B: embeddings for each layer; the last layers attend over the keys and values of earlier ones, two of them over
# those of the same, and have wider feed-forward networks.
GEMMA4_E = HYPERPARAMETERS["GEMMA4"] | {
    "BLOCK_COUNT": "uint32_t(7)", "EMBEDDING_LENGTH_PER_LAYER": "uint32_t(8)", "ATTENTION_SHARED_KV_LAYERS": "uint32_t(3)",
    "ATTENTION_HEAD_COUNT_KV": "layers({1, 1, 1, 1, 1, 1, 1})", "FEED_FORWARD_LENGTH": "layers({24, 24, 24, 24, 48, 48, 48})",
    "ATTENTION_SLIDING_WINDOW_PATTERN": "layers({1, 1, 1, 0, 1, 1, 0})"}

# What becomes of a Gemma 4 model before it is saved. As in real models keys serve as values in the global layer.
KEYS_AS_VALUES = "layers.back().wv = layers.back().wv_s = layers.back().wv_in_s = nullptr;"
# llama.cpp doesn't save these. Files may hold keys and values of layers that have no use for them, or not.
SHARED_KEYS = """for (int il : {4, 5}) {
                    auto & l = layers[il];
                    l.wk = l.wk_s = l.wk_in_s = l.wv = l.wv_s = l.wv_in_s = l.attn_k_norm = nullptr;
                }
                saver.add_kv(LLM_KV_ATTENTION_SHARED_KV_LAYERS, uint32_t(3));
                saver.add_tensor(model->per_layer_model_proj);
                saver.add_tensor(model->per_layer_proj_norm);"""


def replaced(source: str, old: str, new: str) -> str:
    if old not in source:
        sys.exit(f"{SOURCE}/tests/test-llama-archs.cpp has changed: it lacks '{old}'")
    return source.replace(old, new)


def without_classifier(source: str) -> str:
    """The test's source, writing no output for classes beside that for tokens: files that have one are rerankers."""
    save = "llama_model_save_to_file(model_and_ctx.first.get()"
    source = '#include "llama-model.h"\n' + source
    return replaced(source, save, f"model_and_ctx.first->cls_out = nullptr; {save}")


def smaller(source: str, hyperparameters: dict[str, dict[str, str]], gemma4: str) -> str:
    """The test's source with other widths and hyper-parameters, and what becomes of Gemma 4 before it is saved."""

    def replace(old: str, new: str) -> None:
        nonlocal source
        source = replaced(source, old, new)

    for name, old, new in [("n_vocab", 128, 64), ("n_embd ", 256, 16), ("n_ff   ", 384, 24)]:
        replace(f"uint32_t {name} = {old};", f"uint32_t {name} = {new};")
    replace("arch == LLM_ARCH_QWEN3 || arch == LLM_ARCH_MUSE", "arch == LLM_ARCH_MUSE")
    grouped = " || ".join(f"arch == LLM_ARCH_{name}" for name in GROUPED)
    replace("uint32_t n_head_kv = n_head;", f"uint32_t n_head_kv = ({grouped}) ? 1 : n_head;")
    settings = "".join(
        f"if (arch == LLM_ARCH_{family}) {{ "
        + " ".join(f"ms.add_kv(LLM_KV_{key}, {value});" for key, value in values.items()) + " }\n"
        for family, values in hyperparameters.items())
    replace("ms.add_kv(LLM_KV_LOGIT_SCALE,             1.0f);", "")
    replace("    for (uint32_t il = 0; il < n_layer; il++) {\n        ggml_tensor t;",
            f"using layers = std::vector<uint32_t>;\n{settings}    for (uint32_t il = 0; il < n_layer; il++) {{\n        ggml_tensor t;")
    # The test leaves Gemma 4 out.
    source = source.replace("arch == LLM_ARCH_GEMMA4 || arch == LLM_ARCH_GEMMA4_ASSISTANT", "arch == LLM_ARCH_GEMMA4_ASSISTANT")
    replace("        case LLM_ARCH_MISTRAL3:\n", "        case LLM_ARCH_MISTRAL3:\n        case LLM_ARCH_GEMMA4:\n")
    # llama.cpp reads a key of Gemma 4 that it doesn't write.
    replace("llama_model_save_to_file(model_and_ctx.first.get(), path.c_str());", """if (arch == LLM_ARCH_GEMMA4) {
                llama_model * model = model_and_ctx.first.get();
                auto & layers = model->layers;
                llama_model_saver saver(model);
                saver.add_kv_from_model();
                saver.add_kv(LLM_KV_EMBEDDING_LENGTH_PER_LAYER, model->hparams.n_embd_per_layer);
                """ + gemma4 + """
                saver.add_tensors_from_model();
                saver.save(path);
            } else llama_model_save_to_file(model_and_ctx.first.get(), path.c_str());""")
    # Gemma 4's and DeepSeek's widths.
    replace("n_embd = 128;\n        n_head = 2;\n        n_ff   = 192;", "n_embd = 16; n_head = 2; n_ff = 24;")
    replace("n_embd = 128;\n        n_head = 1;\n        n_ff   = 192;", "n_embd = 16; n_head = 1; n_ff = 24;")
    replace("3.5565588200778455f", "0.4f")
    replace("LLM_KV_ATTENTION_SLIDING_WINDOW,         n_ctx/8", "LLM_KV_ATTENTION_SLIDING_WINDOW, uint32_t(8)")
    replace("LLM_KV_EXPERT_COUNT,               uint32_t(2)", "LLM_KV_EXPERT_COUNT, uint32_t(4)")
    replace("        ms.add_kv(LLM_KV_ROPE_DIMENSION_SECTIONS, std::vector<uint32_t>({n_embd_head/4",
            "        if (arch != LLM_ARCH_GLM4) ms.add_kv(LLM_KV_ROPE_DIMENSION_SECTIONS, std::vector<uint32_t>({n_embd_head/4")
    return source


def write(source: str, arguments: list[str], folder: pathlib.Path) -> None:
    """Builds the test's source and has it write models into a folder."""
    with tempfile.TemporaryDirectory() as scratch:
        program = pathlib.Path(scratch) / "write"
        main_file = pathlib.Path(scratch) / "write.cpp"
        main_file.write_text(source)
        includes = [f"-I{SOURCE}/{part}" for part in ["common", "include", "ggml/include", "src", "vendor"]]
        archives = [str(LIBRARIES / f"lib{name}.a") for name in ["llama", "ggml", "ggml-cpu", "ggml-base"]]
        subprocess.run(
            ["c++", "-std=c++17", "-w", *includes, "-o", program, main_file, ROOT / "Tools/architectures/common.cpp",
             *archives, "-lpthread", "-ldl", "-fopenmp"], check=True)
        subprocess.run([program, *arguments, "-o", folder], check=True, stderr=subprocess.DEVNULL)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--small", action="store_true")
    options = parser.parse_args()
    test = SOURCE / "tests/test-llama-archs.cpp"
    if not test.exists():
        sys.exit(f"{test} is missing: run Tools/dependencies.sh")
    source = without_classifier(test.read_text().replace('"../src/', f'"{SOURCE}/src/'))
    options.folder.mkdir(parents=True, exist_ok=True)
    if not options.small:
        write(source, ["-s", "1"], options.folder)
        return
    choice = ["-s", "7", "-d", "0.4", "-a"]
    pattern = "^(" + "|".join(FAMILIES) + ")$"
    write(smaller(source, HYPERPARAMETERS, KEYS_AS_VALUES), [*choice, pattern], options.folder)
    with tempfile.TemporaryDirectory() as scratch:
        gemma4 = HYPERPARAMETERS | {"GEMMA4": GEMMA4_E}
        write(smaller(source, gemma4, SHARED_KEYS), [*choice, "^gemma4$"], pathlib.Path(scratch))
        shutil.copy(pathlib.Path(scratch) / "gemma4-dense.gguf", options.folder / "gemma4-e-dense.gguf")


main()
