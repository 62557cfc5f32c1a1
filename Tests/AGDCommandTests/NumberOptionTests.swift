import Foundation
import Testing

@Suite("Numbers at their ends are errors or answers, never a trap")
struct NumberOptionTests {
    private static let model = ["-m", Command.oracle("llama31"), "-t", "1"]
    private static let prompt = ["--prompt-tokens", "1,2,3"]
    private static let evaluation = [
        "--data", Command.file("Models/microcosm-aligned.jsonl"), "--limit", "1", "-n", "1", "-t", "1", "-m",
        Command.file("Models/microcosm.gguf"),
    ]

    /// A request of each command that works, and its options that take whole numbers.
    private static let requests: [(request: [String], options: [String])] = [
        (
            ["generate"] + model + prompt + ["--roi", "tokens:1", "-n", "1"],
            ["-n", "-c", "-t", "-ngl", "--candidates", "--prompt-tokens", "--seed"]
        ),
        (["generate"] + model + prompt + ["-n", "1", "--strategy", "sample"], ["--top-k", "--seed"]),
        (["compare"] + model + prompt + ["--roi", "tokens:1", "-n", "1"], ["-n", "-c", "-t", "--candidates"]),
        (["attribute"] + model + prompt + ["--roi", "tokens:1", "--targets", "3"], ["--targets", "-c", "-t"]),
        (["explain"] + model + prompt + ["-n", "1", "-o", "/dev/null"], ["-n", "--word", "-c", "-t"]),
        (
            ["bench"] + model + ["--contexts", "4", "-n", "2", "--variants", "agd"],
            ["--contexts", "-n", "--gate-period", "-t"]
        ),
        (["calibrate", "microcosm"] + evaluation, ["-n", "--limit"]),
        (["verify", Command.oracle("llama31"), "-t", "1"], ["-t"]),
        (
            ["serve"] + model + ["--port", "1", "--host", "256.0.0.1"],
            ["--port", "--parallel", "--queue", "-c", "-t", "-n"]
        ),
    ]

    @Test("In every command", arguments: requests.indices)
    func ends(index: Int) async throws {
        let (request, options) = Self.requests[index]
        for option in options {
            for value in [
                "9223372036854775807", "-9223372036854775808", "0", "-1", "4294967296", "99999999999999999999",
            ] {
                var changed = request
                if let place = changed.firstIndex(of: option) {
                    changed[place + 1] = value
                } else {
                    changed += [option, value]
                }
                let result = try await Command.run(changed)
                let what = Comment(rawValue: "\(changed): \(result.status) \(result.standardError.suffix(300))")
                #expect(!result.wasKilled, what)
                if result.status != 0 { #expect(result.standardError.contains("Error: "), what) }
            }
        }
    }

    @Test("A number too large says what it may be")
    func told() async throws {
        for request in [
            ["generate", "-p", "x"], ["compare", "--roi", "tokens:0", "-p", "x"], ["explain", "-p", "x"],
        ] {
            try await Command.expectError(
                request + Self.model + ["-n", "9223372036854775807"],
                mentions: ["--n-predict is 9223372036854775807", "16777216"])
        }
    }

    @Test("More threads than processors are capped with a word")
    func threads() async throws {
        let result = try await Command.run(
            ["generate"] + Self.model.dropLast(2) + Self.prompt + ["-n", "3", "-t", "512"])
        #expect(result.status == 0)
        #expect(result.standardError.contains("note: --threads 512: this process may use"))
        let one = try await Command.run(["generate"] + Self.model + Self.prompt + ["-n", "3"])
        #expect(one.standardError.isEmpty && one.standardOutput == result.standardOutput)
    }

    @Test("A context that memory doesn't hold is refused before it is taken, with its size and a remedy")
    func context() async throws {
        let remedies = ["MiB are free", "--ctx-size", "--cache-type"]
        for (options, lanes) in [(["--strategy", "greedy"], "1 lane "), (["--roi", "tokens:1"], "2 lanes ")] {
            try await Command.expectError(
                ["generate"] + Self.large + Self.prompt + ["-n", "-1", "-c", "16777216"] + options,
                mentions: ["16777216 positions", lanes] + remedies)
        }
    }

    @Test("A context longer than what the model was trained on is told")
    func longContext() async throws {
        for (size, isTold) in [("513", true), ("512", false)] {
            let result = try await Command.run(
                ["generate"] + Self.large + Self.prompt + ["-n", "1", "-c", size, "--strategy", "greedy"])
            #expect(result.status == 0)
            #expect(result.standardError.contains("trained on contexts of 512") == isTold)
        }
    }

    /// The caches of 16 Mi positions take hundreds of gigabytes with this one.
    private static let large = ["-m", Command.file("Models/microcosm.gguf"), "-t", "1", "--cache-type", "f32"]
}
