import Foundation
import Testing

@testable import TestFixtures

@Suite("A broken model file is an error that names file, field and remedy, and never a crash")
struct MalformedModelTests {
    static func requests(_ path: String) -> [[String]] {
        [["info", path], ["generate", "-m", path, "--prompt-tokens", "1,2,3", "-n", "2", "-t", "1"]]
    }

    @Test(
        "A tiny model of each family works", arguments: ["llama", "qwen2", "qwen3", "gemma3"],
        GGUFWriter.Vocabulary.allCases)
    func unbroken(architecture: String, vocabulary: GGUFWriter.Vocabulary) async throws {
        let model = GGUFWriter.model(architecture, vocabulary)
        let file = try TemporaryFile(model.serialized().file, name: "model.gguf")
        for request in Self.requests(file.path) + [["generate", "-m", file.path, "-p", "a b é", "-n", "2", "-t", "1"]] {
            let result = try await Command.run(request)
            #expect(result.status == 0, "\(request): \(result.standardError)")
        }
    }

    @Test(
        "It tells what is wrong",
        arguments: MalformedModel.structure + MalformedModel.hyperparameters + MalformedModel.tensors
            + MalformedModel.strangers + MalformedModel.tokenizers)
    func broken(_ model: MalformedModel) async throws {
        let file = try model.file()
        for request in Self.requests(file.path) {
            try await Command.expectError(request, mentions: [file.path] + model.mentions)
        }
    }

    @Test(
        "A file that isn't GGUF at all is called what it is",
        arguments: [
            ("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 1117320736\n", "Git LFS"),
            ("<!DOCTYPE html>\n<html><body>Sign in</body></html>", "web page"),
            ("\n  <html lang=\"en\">", "web page"), ("{\"error\": \"Repository not found\"}", "JSON"),
            ("\u{10}\0\0\0\0\0\0\0{\"a\": 1}       ", "safetensors"), ("PK\u{3}\u{4}\u{14}\0\u{8}\0", "ZIP"),
            ("tjgg\u{3}\0\0\0 and more of it, up to 24 bytes", "older than GGUF"), ("Once upon a time", "not a GGUF"),
            ("GGUF", "ends inside"), ("", "empty"),
        ])
    func otherKinds(contents: String, name: String) async throws {
        let file = try TemporaryFile(contents, name: "model.gguf")
        for request in Self.requests(file.path) {
            try await Command.expectError(request, mentions: [file.path, name])
        }
    }

    @Test("What a file calls things reaches no terminal with its control characters")
    func controlCharacters() async throws {
        let escape = "\u{1B}]0;title\u{7}\u{1B}[2J\u{9B}1m\u{202E}"
        func expectHarmless(_ change: (inout GGUFWriter) -> Void) async throws {
            var model = GGUFWriter.model()
            change(&model)
            let file = try TemporaryFile(model.serialized().file, name: "model.gguf")
            for request in Self.requests(file.path) {
                let result = try await Command.run(request)
                let text = (request[0] == "info" ? result.standardOutput : "") + result.standardError
                #expect(
                    text.unicodeScalars.allSatisfy {
                        $0 == "\n" || !escape.unicodeScalars.contains($0) || $0.isASCII && $0.value >= 32
                    }, "\(text)")
            }
        }
        try await expectHarmless { $0["general.name"] = .string("a\(escape)b") }
        try await expectHarmless { $0["general.architecture"] = .string(escape) }
        try await expectHarmless { $0["llama.\(escape)"] = .uint32(1) }
        try await expectHarmless { $0["tokenizer.ggml.pre"] = .string(escape) }
        try await expectHarmless { $0.tensors[3].name = "blk.0.\(escape)" }
        try await expectHarmless {
            $0.changeTokens {
                $0[6] = escape; $0[5] = escape
            }
        }
    }

    @Test("A file that ends anywhere before its end is refused")
    func truncated() async throws {
        let (data, headerLength) = GGUFWriter.model().serialized()
        let lengths =
            [0, 1, 3, 4, 8, 16, 23, 24, 25] + stride(from: 30, to: headerLength, by: headerLength / 20)
            + [headerLength - 1, headerLength, headerLength + 32, data.count / 2, data.count - 64]
        for length in lengths {
            let file = try TemporaryFile(data.prefix(length), name: "model.gguf")
            try await Command.expectError(Self.requests(file.path)[1], mentions: [file.path])
        }
    }

    @Test(
        "A file with flipped bytes is refused or works",
        arguments: [("llama", GGUFWriter.Vocabulary.bytePairEncoding), ("gemma3", .sentencePiece)])
    func flipped(architecture: String, vocabulary: GGUFWriter.Vocabulary) async throws {
        let (data, headerLength) = GGUFWriter.model(architecture, vocabulary).serialized()
        var generator = SeededGenerator(state: 42)
        for round in 0..<120 {
            var broken = data
            // Most of the harm can be done in the header; within it, before the long lists of tokens.
            let end = [1000, headerLength, data.count][round % 3]
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                broken[Int.random(in: 0..<min(end, data.count), using: &generator)] ^= UInt8.random(
                    in: 1...255, using: &generator)
            }
            let file = try TemporaryFile(broken, name: "model.gguf")
            let result = try await Command.run(Self.requests(file.path)[1])
            #expect(!result.wasKilled, "round \(round): \(result.standardError)")
            if result.status != 0 {
                #expect(result.standardError.contains(file.path), "round \(round): \(result.standardError)")
            }
        }
    }

    @Test(
        "Weights that are no numbers end the generation with an error", arguments: [Float.nan, .infinity, -.infinity])
    func notFinite(value: Float) async throws {
        for name in ["token_embd.weight", "output_norm.weight", "blk.1.attn_v.weight"] {
            var model = GGUFWriter.model()
            let bytes = withUnsafeBytes(of: value.bitPattern.littleEndian, Array.init)
            model.change(name) { $0.data = (0..<$0.data.count / 4).flatMap { _ in bytes } }
            let file = try TemporaryFile(model.serialized().file, name: "model.gguf")
            for strategy in [
                ["--strategy", "sample"], ["--json"], ["--roi", "tokens:0", "--entropy-threshold", "off", "--json"],
            ] {
                try await Command.expectError(
                    Self.requests(file.path)[1] + strategy, mentions: [file.path, "finite", "Download the model again"])
            }
        }
    }

    @Test("A template that isn't known is an error for conversations only")
    func unknownTemplate() async throws {
        for template in ["{{ mine }}", String(repeating: "{{ x }}", count: 500_000)] {
            var model = GGUFWriter.model()
            model["tokenizer.chat_template"] = .string(template)
            let file = try TemporaryFile(model.serialized().file, name: "model.gguf")
            #expect(try await Command.run(Self.requests(file.path)[1]).status == 0)
            try await Command.expectError(
                ["generate", "-m", file.path, "--user", "x", "-t", "1"], mentions: ["template"])
        }
    }

    @Test("A byte that the vocabulary lacks is named, not left out")
    func missingByte() async throws {
        var model = GGUFWriter.model()
        model.changeTokens { $0[4 + Int(UInt8(ascii: "q"))] = "something" }
        let file = try TemporaryFile(model.serialized().file, name: "model.gguf")
        try await Command.expectError(
            ["generate", "-m", file.path, "-p", "a q", "-t", "1"], mentions: ["'q'", "vocabulary"])
    }

    @Test("Mutated models never crash", .enabled(if: fuzzingSeconds > 0, "set AGD_FUZZ_SECONDS to run it"))
    func fuzz() async throws {
        var generator = SeededGenerator(state: UInt64(Self.fuzzingSeconds))
        let start = ContinuousClock.now
        var (count, accepted) = (0, 0)
        let models = try ["llama", "llama31", "qwen2", "qwen3", "gemma3", "gemma3_linear"].map {
            try Data(contentsOf: URL(filePath: Command.oracle($0)))
        }
        while start.duration(to: .now) < .seconds(Self.fuzzingSeconds) {
            let mutated = Mutation.mutated(
                models[Int.random(in: 0..<models.count, using: &generator)], using: &generator)
            let file = try TemporaryFile(mutated, name: "model.gguf")
            let request = [
                "generate", "-m", file.path, "-p", "The é 漢 <x>", "-n", "2", "-t", "1", "--roi", "text:The",
                "--entropy-threshold", "off",
            ]
            let result = try await Command.run(request)
            count += 1
            if result.status == 0 { accepted += 1 }
            if result.wasKilled || (result.status != 0 && !result.standardError.hasPrefix("Error: ")) {
                let kept = FileManager.default.temporaryDirectory.appending(path: "agd-fuzz-\(count).gguf")
                try mutated.write(to: kept)
                Issue.record("\(kept.path): \(result.standardError)")
            }
        }
        print("\(count) mutated models, \(accepted) of them still valid")
    }

    static let fuzzingSeconds = Int(ProcessInfo.processInfo.environment["AGD_FUZZ_SECONDS"] ?? "") ?? 0
}

/// One of the ways in which files break, or are broken.
enum Mutation: CaseIterable {
    case flip, overwriteNumber, insert, delete, copy, truncate

    static func mutated(_ data: Data, using generator: inout SeededGenerator) -> Data {
        var data = Array(data)
        // The metadata of these files, which begin with it, is about 10 kB long.
        let end =
            Int.random(in: 0..<4, using: &generator) == 0 ? data.count : Int.random(in: 64...12_000, using: &generator)
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
            let place = Int.random(in: 0..<min(end, data.count - 64), using: &generator)
            let length = Int.random(in: 1...16, using: &generator)
            switch allCases.randomElement(using: &generator) ?? .flip {
            case .flip: data[place] ^= UInt8.random(in: 1...255, using: &generator)
            case .overwriteNumber:
                let number =
                    [0, 1, 2, 3, 8, 9, 0x7FFF_FFFF, 0xFFFF_FFFF, 1 << 31, 1 << 62, .max].randomElement(
                        using: &generator) ?? UInt64(0)
                withUnsafeBytes(of: number.littleEndian) { data.replaceSubrange(place..<place + 8, with: $0) }
            case .insert:
                data.insert(
                    contentsOf: (0..<length).map { _ in UInt8.random(in: 0...255, using: &generator) }, at: place)
            case .delete: data.removeSubrange(place..<place + length)
            case .copy: data.replaceSubrange(place..<place + length, with: data[place + 32..<place + 32 + length])
            case .truncate: if Int.random(in: 0..<8, using: &generator) == 0 { data.removeSubrange((place + 64)...) }
            }
            if data.count < 256 { break }
        }
        return Data(data)
    }
}

/// SplitMix64, so that every run breaks the same bytes.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
