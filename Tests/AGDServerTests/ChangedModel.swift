import AttributionGuidedDecoding
import Foundation
import Testing

@testable import AGDServer

/// The repository's model with other metadata, whose length in its file changes by multiples of the tensors' alignment only.
struct ChangedModel {
    private var bytes: [UInt8]

    init() throws { bytes = Array(try Data(contentsOf: URL(fileURLWithPath: TestServer.modelPath ?? ""))) }

    /// The place behind a key's name: the value's type (u32), then the value.
    private func place(behind key: String) throws -> Int {
        let name = Array(key.utf8)
        let start = try #require(
            bytes[..<100_000].indices.first { bytes[$0...].starts(with: name) }, "the model has no \(key)")
        return start + name.count
    }

    mutating func set(_ key: String, _ value: Bool) throws { bytes[try place(behind: key) + 4] = value ? 1 : 0 }

    /// A template, which a comment makes long enough to keep tensors where they are read.
    mutating func setTemplate(_ template: String) throws {
        let place = try place(behind: "tokenizer.chat_template")
        let length = bytes[place + 4..<place + 12].reversed().reduce(0) { $0 << 8 | Int($1) }
        var newLength = length
        while newLength < template.utf8.count + 4 { newLength += 32 }
        let comment = newLength - template.utf8.count - 4
        let padded = template + "{#" + String(repeating: " ", count: comment) + "#}"
        bytes.replaceSubrange(place + 12..<place + 12 + length, with: padded.utf8)
        for byte in 0..<8 { bytes[place + 4 + byte] = UInt8(truncatingIfNeeded: newLength >> (8 * byte)) }
    }

    /// Adds the key that embedding models have, and makes up for its length by a longer template.
    mutating func addPooling(_ pooling: Pooling) throws {
        let name = Array("llama.pooling_type".utf8)
        func number(_ value: Int, bytes count: Int) -> [UInt8] {
            (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
        }
        let unsigned = 4
        let pair = number(name.count, bytes: 8) + name + number(unsigned, bytes: 4) + number(pooling.rawValue, bytes: 4)
        // Behind the magic number, the version and the number of tensors stands that of the keys.
        let count = bytes[16..<24].reversed().reduce(0) { $0 << 8 | Int($1) }
        bytes.replaceSubrange(16..<24, with: number(count + 1, bytes: 8))
        bytes.insert(contentsOf: pair, at: 24)
        let place = try place(behind: "tokenizer.chat_template")
        let length = bytes[place + 4..<place + 12].reversed().reduce(0) { $0 << 8 | Int($1) }
        let spaces = 64 - pair.count
        bytes.insert(contentsOf: Array(repeating: UInt8(ascii: " "), count: spaces), at: place + 12 + length)
        bytes.replaceSubrange(place + 4..<place + 12, with: number(length + spaces, bytes: 8))
    }

    /// Shows tools, calls and their results.
    static func withTools() throws -> LanguageModel {
        var changed = try ChangedModel()
        try changed.setTemplate(
            "{% for t in tools or [] %}{{ t | tojson }}{% endfor %}"
                + "{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' + (m.content or '') }}"
                + "{% for c in m.tool_calls or [] %}{{ '<tool_call>{\"name\": \"' + c.function.name + '\", \"arguments\": ' }}"
                + "{{ c.function.arguments | tojson }}{{ '}</tool_call>' }}{% endfor %}{{ '<|im_end|>\n' }}{% endfor %}"
                + "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}")
        return try changed.load()
    }

    func load() throws -> LanguageModel {
        let path = FileManager.default.temporaryDirectory.appending(path: "agd-changed-\(UUID().uuidString).gguf").path
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        defer { unlink(path) }
        return try LanguageModel(path: path)
    }
}

@Suite(
    "What the model's file adds to a prompt is told by HTTP",
    .enabled(if: TestServer.modelPath != nil, "Models/microcosm.gguf is absent"))
struct AddedTextTests {
    @Test("A BOS that a raw prompt brings along stands there once, and the answer says so")
    func secondBOS() async throws {
        var changed = try ChangedModel()
        try changed.set("tokenizer.ggml.add_bos_token", true)
        let model = try changed.load()
        let bos = try #require(model.tokenizer?.addedTokens.first.first)
        let name = try #require(model.tokenizer?.text(of: bos))
        let number = JSONValue.number(Double(bos))
        let server = try await TestServer(model: model)
        for (prompt, isTold) in [(name + "a", true), ("a", false)] {
            let tokens = try await server.post("/tokenize", ["prompt": .string(prompt)]).json["tokens"]?.array ?? []
            #expect(tokens.filter { $0["id"] == number }.count == 1 && tokens.first?["id"] == number)
            let reply = try await server.post("/v1/completions", ["prompt": .string(prompt), "max_tokens": 1]).json
            let notes = reply["choices"]?[0]?["agd"]?["notes"]?.array ?? []
            #expect(notes.contains { $0.string?.contains("isn't added again") == true } == isTold)
        }
    }

    @Test("/tokenize tells what the chat template says of its own accord, and by which tokens")
    func ownText() async throws {
        var changed = try ChangedModel()
        try changed.setTemplate("Be brief. {% for m in messages %}{{ m.content }}{% endfor %}")
        let server = try await TestServer(model: changed.load())
        let messages: JSONValue = [["role": "user", "content": "Hi."]]
        let reply = try await server.post("/tokenize", ["messages": messages]).json
        #expect(reply["template_text"]?[0]?.string?.hasPrefix("Be brief.") == true)
        let said = (reply["tokens"]?.array ?? []).filter { $0["template"]?.bool == true }
        let words = said.compactMap { $0["text"]?.string }.joined()
        #expect(words.hasPrefix("Be brief."))
        #expect(said.allSatisfy { $0["message"] == nil })
        let plain = try await TestServer().post("/tokenize", ["messages": messages]).json
        #expect(plain["template_text"] == nil)
    }
}
