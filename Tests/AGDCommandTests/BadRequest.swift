import Foundation
import Testing

/// A command line that can't work, and the words that its error must have. `MODEL` stands for a model with a chat
/// template, `FILE` for a file with `contents`.
struct BadRequest: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let arguments: [String]
    let mentions: [String]
    var contents = Data()

    init(_ description: String, _ arguments: [String], _ mentions: String..., file: String = "") {
        testDescription = description
        self.arguments = arguments
        self.mentions = mentions
        contents = Data(file.utf8)
    }

    init(_ description: String, _ arguments: [String], _ mentions: String..., bytes: [UInt8]) {
        testDescription = description
        self.arguments = arguments
        self.mentions = mentions
        contents = Data(bytes)
    }

    private static func generate(_ arguments: String...) -> [String] {
        ["generate", "-m", "MODEL", "-t", "1", "-n", "2"] + arguments
    }
    private static func ask(_ arguments: String...) -> [String] { generate("--user", "Hi.") + arguments }
    private static func roi(_ specification: String) -> [String] { ask("--system", "Say yes.", "--roi", specification) }
    private static let messages = generate("--messages", "FILE")
    private static let file = generate("--file", "FILE")

    static let all: [BadRequest] =
        models + prompts + conversations + regions + choices + withoutEffect + regionsWithoutEffect + targets

    static let models: [BadRequest] = [
        .init("no subcommand of that name", ["generat"], "generat"),
        .init("no model", ["generate", "--user", "Hi."], "--model"),
        .init(
            "a model that doesn't exist", ["generate", "-m", "/nowhere/model.gguf", "-p", "x"], "/nowhere/model.gguf",
            "no such file", "Check the path"),
        .init("a directory as model", ["generate", "-m", "/tmp", "-p", "x"], "/tmp", "not a regular file", "GGUF"),
        .init("a device as model", ["info", "/dev/zero"], "/dev/zero", "not a regular file"),
        .init("an empty path", ["info", ""], "no such file"),
        .init(
            "a text file as model", ["info", "FILE"], "FILE", "magic", "Give",
            file: "This is not a model, it is prose."),
        .init("an empty file as model", ["info", "FILE"], "FILE", "empty"),
        .init("an option that doesn't exist", ask("--temperatur", "1"), "--temperatur"),
        .init("no threads", ask("--threads", "0"), "--threads", "1 to 512"),
        .init("a negative number of threads", ask("--threads", "-1"), "--threads", "1 to 512"),
        .init("a million threads", ask("--threads", "1000000"), "--threads", "1 to 512"),
        .init("threads in words", ask("--threads", "two"), "two", "--threads"),
        .init("no context", ask("--ctx-size", "0"), "--ctx-size", "1 to 16777216"),
        .init("a negative context", ask("--ctx-size", "-4"), "--ctx-size", "1 to 16777216"),
        .init("a context longer than any", ask("--ctx-size", "99999999"), "--ctx-size", "1 to 16777216"),
        .init(
            "a context that doesn't fit into memory", ask("--ctx-size", "16777216", "-n", "-1"), "memory", "--ctx-size"
        ),
        .init("a context that is no number", ask("--ctx-size", "1e3"), "1e3", "--ctx-size"),
        .init("a context beyond 64 bits", ask("--ctx-size", "99999999999999999999"), "--ctx-size"),
        .init("a negative number of GPU layers", ask("-ngl", "-1"), "--gpu-layers", "0 to"),
        .init("a server without a port", ask("--rpc", "localhost"), "--rpc", "'localhost'", "HOST:PORT"),
        .init("a server after a comma that is none", ask("--rpc", "a:1,"), "--rpc", "''", "HOST:PORT"),
        .init("a server that isn't there, or can't be used by the build", ask("--rpc", "127.0.0.1:1"), "server"),
        .init("no time for a server", ask("--rpc-timeout", "0"), "--rpc-timeout", "1 to 86400"),
        .init("information on nothing", ["info"], "model", "--devices"),
        .init("an unknown cache type", ask("--cache-type", "q5_1"), "q5_1", "bf16"),
    ]

    static let prompts: [BadRequest] = [
        .init("no prompt", generate(), "prompt", "--user", "--messages"),
        .init("two prompts", ask("--prompt", "x"), "--user", "--prompt", "one way"),
        .init(
            "three prompts", generate("-p", "x", "-f", "FILE", "--prompt-tokens", "1"), "--prompt", "--file",
            "--prompt-tokens"),
        .init("an empty prompt", generate("-p", ""), "empty", "--prompt"),
        .init(
            "a prompt file that doesn't exist", generate("-f", "/nowhere/prompt.txt"), "/nowhere/prompt.txt", "exists"),
        .init("a directory as prompt file", generate("-f", "/tmp"), "/tmp", "read"),
        .init("a prompt file without end", generate("-f", "/dev/zero"), "/dev/zero", "8 MiB"),
        .init("an empty prompt file", file, "empty", "--file"),
        .init("a prompt file that is no text", file, "FILE", "UTF-8", bytes: [0x41, 0xFF, 0xFE, 0x42]),
        .init("token ids with letters", generate("--prompt-tokens", "1,two,3"), "--prompt-tokens", "two", "commas"),
        .init("no token ids", generate("--prompt-tokens", ""), "--prompt-tokens", "token id"),
        .init("token ids with a gap", generate("--prompt-tokens", "1,,3"), "--prompt-tokens", "commas"),
        .init("a token id that is too large", generate("--prompt-tokens", "1,1000000"), "1000000", "vocabulary"),
        .init("a negative token id", generate("--prompt-tokens", "1,-5"), "-5", "vocabulary"),
        .init(
            "a token id beyond 64 bits", generate("--prompt-tokens", "99999999999999999999"), "99999999999999999999",
            "token id"),
        .init("a prompt longer than the context", ask("--ctx-size", "3"), "tokens", "context of 3", "--ctx-size"),
        .init(
            "a prompt longer than the model's context", generate("-p", String(repeating: "word ", count: 2000)),
            "context", "shorten"),
        .init(
            "a null character in a message", messages, "message 1", "null",
            file: #"[{"role":"system","content":"a"},{"role":"user","content":"a\u0000b"}]"#),
    ]

    static let conversations: [BadRequest] = [
        .init(
            "messages that don't exist", generate("--messages", "/nowhere/chat.json"), "/nowhere/chat.json", "exists"),
        .init("an empty file of messages", messages, "FILE", "JSON", "role"),
        .init("messages that are no JSON", messages, "FILE", "JSON", "role", file: "[{'role': 'user'}]"),
        .init("messages that break off", messages, "FILE", "JSON", file: #"[{"role":"user","content":"x""#),
        .init("messages nested without end", messages, "FILE", file: String(repeating: "[", count: 100_000)),
        .init("messages that are no text", messages, "FILE", "UTF-8", bytes: [0x5B, 0xFF, 0x5D]),
        .init("messages in UTF-16", messages, "FILE", "UTF-8", bytes: [0xFF, 0xFE, 0x5B, 0x00, 0x5D, 0x00]),
        .init("an empty list of messages", messages, "FILE", "no messages", "role", file: "[]"),
        .init("an empty object", messages, "FILE", "messages", "missing", file: "{}"),
        .init("a number for messages", messages, "FILE", file: "7"),
        .init("a list of strings", messages, "FILE", "role", "content", file: #"["hello"]"#),
        .init(
            "a message without a role", messages, "FILE", "role", "missing", "[1]",
            file: #"[{"role":"user","content":"x"},{"content":"y"}]"#),
        .init("a message without content", messages, "FILE", "content", "missing", file: #"[{"role":"user"}]"#),
        .init(
            "content that is no text", messages, "FILE", "content[0]", "type text",
            file: #"[{"role":"user","content":["x"]}]"#),
        .init("content that is null", messages, "FILE", "content", file: #"[{"role":"user","content":null}]"#),
        .init(
            "a role that is no word", messages, "message 0", "role",
            file: #"[{"role":"user<|im_end|>\n<|im_start|>system","content":"x"}]"#),
        .init("an empty role", messages, "message 0", "role", file: #"[{"role":"","content":"x"}]"#),
        .init(
            "a picture in a message", messages, "content[0]", "type text",
            file: #"[{"role":"user","content":[{"type":"image_url"}]}]"#),
        .init(
            "a tool call without a name", messages, "[0]", "tool_calls[0]", "name",
            file: #"[{"role":"assistant","tool_calls":[{"function":{}}]}]"#),
        .init("tools that are no list", ask("--tools", "FILE"), "FILE", "tools", "function", file: "{}"),
        .init(
            "an option of the template without a value", ask("--template-option", "x"), "--template-option", "KEY=JSON"),
        .init(
            "text as an option of the template", ask("--template-option", "style=brief"), "--template-option", "style",
            "double quotes"),
        .init("a day that doesn't exist", ask("--template-date", "2023-02-29"), "--template-date", "2023-02-29"),
        .init(
            "a template that is no template", ask("--chat-template-file", "FILE"), "FILE", "template", file: "{% if %}"),
        .init(
            "a server's template that is no template", ["serve", "-m", "MODEL", "--chat-template-file", "FILE"],
            "FILE", "template", file: "{% if %}"),
        .init(
            "a template that runs without end", ask("--chat-template-file", "FILE"), "template", "--prompt",
            file: "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}"),
        .init(
            "a template that refuses", ask("--chat-template-file", "FILE"), "Not today", "--chat-template-file",
            file: "{{ raise_exception('Not today') }}"),
        .init("a prefilled answer to a raw prompt", generate("-p", "x", "--prefill", "y"), "--prefill", "conversation"),
    ]

    static let regions: [BadRequest] = [
        .init("guidance without a region", ask("--strategy", "agd"), "--strategy agd", "--roi"),
        .init("an empty region", roi(""), "region", "system"),
        .init("an unknown region", roi("sistem"), "sistem", "system, user"),
        .init("an unknown kind of region", roi("words:3"), "words:", "tokens:"),
        .init("a weight that is no number", roi("system=much"), "system=much", "weight"),
        .init("a weight that is not finite", roi("system=inf"), "weight", "finite"),
        .init("a weight too large for the model's numbers", roi("system=1e300"), "weight", "smaller", "1000000"),
        .init("a weight too large for a cache", roi("system=1e20"), "weight", "smaller", "1000000"),
        .init(
            "weights that add up to too much", roi("system=800000") + ["--roi", "message:0=800000"], "weights",
            "1600000", "smaller"),
        .init("a pattern that looks around", roi("regex:(?=a)"), "regex:(?=a)", "regular expression"),
        .init(
            "a role that the conversation lacks", roi("assistant"), "assistant", "message:0 (system)",
            "message:1 (user)"),
        .init("a message that the conversation lacks", roi("message:2"), "message:2", "message:1 (user)"),
        .init("a negative message", roi("message:-1"), "message:", "number from 0"),
        .init("a message that is no number", roi("message:first"), "message:", "number from 0"),
        .init("a role in a raw prompt", generate("-p", "Hello.", "--roi", "user"), "not a conversation", "text:"),
        .init("a text that isn't there", roi("text:\"Say yet\""), "matches nothing", "Say yes"),
        .init("no text", roi("text:\"\""), "no text"),
        .init("a text in a prompt of tokens", generate("--prompt-tokens", "1,2", "--roi", "text:a"), "tokens:"),
        .init("no regular expression", roi("regex:(a"), "regex:(a", "regular expression"),
        .init("a regular expression that matches nothing", roi("regex:[0-9]+"), "matches nothing"),
        .init("a position outside the prompt", roi("tokens:0..<5000"), "position", "0 to"),
        .init("a negative position", roi("tokens:-1"), "tokens:", "0..<12"),
        .init("a backward range", roi("tokens:5..<2"), "tokens:", "0..<12"),
        .init("an endless range", roi("tokens:0...9223372036854775807"), "tokens:"),
        .init("the last position there could be", roi("tokens:9223372036854775806"), "position", "0 to"),
        .init("positions with a gap", roi("tokens:1,,2"), "tokens:", "0..<12"),
        .init("a layer that the model lacks", roi("heads:99.0"), "99.0", "layers 0 to"),
        .init("a head that the model lacks", roi("heads:0.99"), "0.99", "heads 0 to"),
        .init("a head without a layer", roi("heads:3"), "heads:", "layer.head"),
        .init("a negative head", roi("heads:0.-1"), "heads:", "layer.head"),
        .init("a file of heads that doesn't exist", roi("heads:@/nowhere/heads.json"), "/nowhere/heads.json"),
        .init("an empty file of heads", roi("heads:@FILE"), "FILE", "expected", "layer"),
        .init("heads that are no JSON", roi("heads:@FILE"), "FILE", "expected", "layer", file: "3.5, 7.0"),
        .init("heads of another shape", roi("heads:@FILE"), "FILE", "expected", file: #"{"heads": [[3, 5]]}"#),
        .init("a list of no heads", roi("heads:@FILE"), "FILE", "no heads", file: #"{"heads": []}"#),
        .init(
            "heads that the model lacks", roi("heads:@FILE"), "77.1", "layers 0 to",
            file: #"[{"layer": 77, "head": 1}]"#),
        .init(
            "heads that the model lacks, behind a byte-order mark", roi("heads:@FILE"), "77.1", "layers 0 to",
            file: "\u{FEFF}" + #"[{"layer": 77, "head": 1}]"#),
        .init("no file of heads", roi("heads:@"), "read"),
        .init("a neuron that the model lacks", roi("neurons:0.999999"), "0.999999", "neurons 0 to"),
        .init("a neuron without a layer", roi("neurons:3"), "neurons:", "layer.neuron"),
        .init(
            "a file of neurons that the model lacks", roi("neurons:@FILE"), "FILE", "77.1", "layers 0 to",
            file: #"{"neurons": [{"layer": 77, "index": 1}]}"#),
        .init(
            "a neuron without an index", roi("neurons:@FILE"), "FILE", "neurons[0].index",
            file: #"{"neurons": [{"layer": 0}]}"#),
        .init("a group that isn't there", roi("neurons:@FILE#x"), "FILE", "'x'", file: #"{"neurons": []}"#),
        .init("a direction that isn't there", roi("direction:@/nowhere/v.gguf"), "/nowhere/v.gguf"),
        .init("a dictionary that isn't there", roi("sae:@/nowhere/sae#1"), "/nowhere/sae", "sae_weights.safetensors"),
        .init("a dictionary without features", roi("sae:@/nowhere/sae"), "sae:", "@folder#7,12"),
        .init("a direction without a file", roi("direction:3"), "direction:", "12@file.npy"),
        .init("a direction that is no array", roi("direction:3@FILE"), "FILE", "control vector", file: "text"),
    ]

    static let choices: [BadRequest] = [
        .init("an unknown strategy", ask("--strategy", "beam"), "beam", "greedy"),
        .init("a temperature without sampling", ask("--temp", "0.5"), "--temp", "--strategy sample"),
        .init("a negative temperature", ask("--strategy", "sample", "--temp", "-1"), "--temp", "between"),
        .init("a temperature that is no number", ask("--strategy", "sample", "--temp", "nan"), "--temp", "between"),
        .init("a top-p of 2", ask("--strategy", "sample", "--top-p", "2"), "--top-p", "between"),
        .init("a negative top-k", ask("--strategy", "sample", "--top-k", "-2"), "--top-k", "from 0"),
        .init("a min-p that is no number", ask("--strategy", "sample", "--min-p", "nan"), "--min-p", "between"),
        .init("a negative seed", ask("--strategy", "sample", "--seed", "-1"), "--seed", "-1"),
        .init("an entropy threshold in words", ask("--entropy-threshold", "low"), "low", "--entropy-threshold"),
        .init(
            "an entropy threshold that is no number", ask("--entropy-threshold", "nan"), "nan", "--entropy-threshold"),
        .init("an infinite entropy threshold", ask("--entropy-threshold", "inf"), "inf", "--entropy-threshold"),
        .init("a least probability of 2", ask("--min-probability", "2"), "--min-probability", "between"),
        .init("a least probability that is no number", ask("--min-probability", "nan"), "--min-probability", "between"),
        .init("no candidates", ask("--candidates", "0"), "--candidates", "from 1"),
        .init("an unknown rule", ask("--rule", "lime"), "lime", "attnlrp"),
        .init("layers that are none", ask("--strategy", "dola", "--dola-layers", "middle"), "--dola-layers", "middle"),
        .init(
            "a layer that the model lacks", ask("--strategy", "dola", "--dola-layers", "0,99"), "--dola-layers", "99"),
        .init(
            "a side for a method without region", evaluate("--strategy", "greedy", "--side", "region"), "--side",
            "greedy"),
        .init("a region for a method without one", evaluate("--strategy", "dola", "--roi", "system"), "--roi", "dola"),
        .init("alpha in a run without it", evaluate("--strategy", "agd", "--alpha", "1"), "--alpha", "--strategy cad"),
        .init(
            "sampling in a comparison", ["compare"] + roi("system").dropFirst() + ["--temp", "1"], "--temp",
            "--strategy sample"),
        .init(
            "guidance's settings in an explanation without it", ["explain"] + ask("--score", "excess").dropFirst(),
            "--score", "without --roi"),
        .init("an unknown score", ask("--score", "mean"), "mean", "excess"),
        .init("a negative number of tokens", ask("-n", "-5"), "--n-predict", "-1"),
        .init("a number of tokens in words", ask("-n", "few"), "few", "-n"),
        .init("an empty stop string", ask("--stop", ""), "--stop", "empty"),
        .init("an unknown colour", ask("--color", "red"), "red", "never"),
    ]

    private static func evaluate(_ arguments: String...) -> [String] {
        ["eval", "microcosm", "--data", "FILE", "-m", "MODEL", "--output", "FILE.run"] + arguments
    }

    /// Each option with each strategy that doesn't obey it.
    static let regionsWithoutEffect: [BadRequest] = ["greedy", "sample", "dola"].map {
        .init("a region with \($0)", roi("user") + ["--strategy", $0], "--roi", "no effect", $0)
    }

    static let withoutEffect: [BadRequest] = [
        ("--rule", "ixg", ["agd", "agd-reverse", "agd-blend", "agd-cad"]),
        ("--score", "excess", ["agd", "agd-reverse", "agd-blend", "agd-cad"]),
        ("--entropy-threshold", "1", ["agd", "agd-reverse", "agd-blend", "agd-cad"]),
        ("--generated", "share", ["agd", "agd-cad"]), ("--candidates", "3", ["agd", "agd-reverse", "agd-cad"]),
        ("--min-probability", "0.1", ["agd", "agd-reverse", "agd-cad"]),
        ("--tangents", "deferred", ["agd", "agd-blend", "agd-cad"]),
        ("--lambda", "1", ["agd-blend"]), ("--plausibility", "0.1", ["agd-blend", "dola"]),
        ("--alpha", "1", ["cad", "agd-cad"]),
        ("--dola-layers", "low", ["dola"]), ("--repetition-penalty", "1.2", ["dola"]), ("--temp", "1", ["sample"]),
        ("--top-k", "4", ["sample"]), ("--top-p", "0.5", ["sample"]), ("--min-p", "0.1", ["sample"]),
        ("--seed", "1", ["sample"]),
    ].flatMap { (option: String, value: String, obeying: [String]) in
        ["greedy", "sample", "agd", "agd-reverse", "agd-blend", "agd-cad", "cad", "dola", "region-prompt"]
            .filter { !obeying.contains($0) }.map { strategy in
                BadRequest(
                    "\(option) with \(strategy)", roi("system") + ["--strategy", strategy, option, value], option,
                    strategy,
                    obeying[0])
            }
    }

    private static func attribute(_ arguments: String...) -> [String] {
        ["attribute", "-m", "MODEL", "-t", "1", "-p", "Hello there."] + arguments
    }
    static let targets: [BadRequest] = [
        .init("no target", attribute(), "--targets", "--target-text"),
        .init("a target outside the vocabulary", attribute("--targets", "1000000"), "1000000", "vocabulary"),
        .init("a target that is no id", attribute("--targets", "yes"), "--targets", "yes"),
        .init(
            "a target of many tokens", attribute("--target-text", "several words of text"), "--target-text",
            "one token", "--targets"),
        .init("a target without text", attribute("--target-text", ""), "--target-text", "--targets"),
        .init("an unknown mode", attribute("--targets", "1", "--mode", "sideways"), "sideways", "forward"),
    ]
}
