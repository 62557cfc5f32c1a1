import Foundation

/// Writes GGUF files, broken ones too: every count, type and offset can be set to something untrue.
struct GGUFWriter: Sendable {
    enum Value: Sendable {
        case uint8(UInt8), uint16(UInt16), uint32(UInt32), int32(Int32), uint64(UInt64), float32(Float), float64(
            Double), bool(Bool)
        case string(String)
        case text([UInt8])
        case strings([String])
        case texts([[UInt8]])
        case uint32s([UInt32]), int32s([Int32]), float32s([Float])
        /// Anything at all.
        case raw(type: UInt32, [UInt8])
    }

    struct Tensor: Sendable {
        var name: String
        var shape: [UInt64]
        /// ggml's number of the type; 0 is f32.
        var type: UInt32 = 0
        var data: [UInt8]
        /// Where the file claims the data to be, instead of the truth.
        var claimedOffset: UInt64?
    }

    var magic = "GGUF"
    var version: UInt32 = 3
    var claimedTensorCount: UInt64?
    var claimedMetadataCount: UInt64?
    var metadata: [(key: String, value: Value)] = []
    var tensors: [Tensor] = []

    subscript(key: String) -> Value? {
        get { metadata.first { $0.key == key }?.value }
        set {
            let index = metadata.firstIndex { $0.key == key }
            switch (index, newValue) {
            case (let index?, let value?): metadata[index].value = value
            case (let index?, nil): metadata.remove(at: index)
            case (nil, let value?): metadata.append((key, value))
            case (nil, nil): break
            }
        }
    }

    mutating func change(_ name: String, _ body: (inout Tensor) -> Void) {
        for index in tensors.indices where tensors[index].name == name { body(&tensors[index]) }
    }

    mutating func remove(_ name: String) { tensors.removeAll { $0.name == name } }

    /// The file, and how long its part before the tensors' data is.
    func serialized() -> (file: Data, headerLength: Int) {
        var out = Array(magic.utf8) + bytes(version)
        out +=
            bytes(claimedTensorCount ?? UInt64(tensors.count)) + bytes(claimedMetadataCount ?? UInt64(metadata.count))
        for (key, value) in metadata { out += text(Array(key.utf8)) + encoded(value) }
        var offset: UInt64 = 0
        for tensor in tensors {
            out += text(Array(tensor.name.utf8)) + bytes(UInt32(tensor.shape.count)) + tensor.shape.flatMap(bytes)
            out += bytes(tensor.type) + bytes(tensor.claimedOffset ?? offset)
            offset += UInt64((tensor.data.count + 31) / 32 * 32)
        }
        let headerLength = out.count
        if !tensors.isEmpty { pad(&out) }
        for tensor in tensors {
            out += tensor.data
            pad(&out)
        }
        return (Data(out), headerLength)
    }

    private func pad(_ out: inout [UInt8]) { while out.count % 32 != 0 { out.append(0) } }
    private func bytes<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
        withUnsafeBytes(of: number.littleEndian, Array.init)
    }
    private func text(_ text: [UInt8]) -> [UInt8] { bytes(UInt64(text.count)) + text }
    private func array(_ type: UInt32, _ count: Int, _ elements: [UInt8]) -> [UInt8] {
        bytes(UInt32(9)) + bytes(type) + bytes(UInt64(count)) + elements
    }

    private func encoded(_ value: Value) -> [UInt8] {
        switch value {
        case .uint8(let number): bytes(UInt32(0)) + [number]
        case .uint16(let number): bytes(UInt32(2)) + bytes(number)
        case .uint32(let number): bytes(UInt32(4)) + bytes(number)
        case .int32(let number): bytes(UInt32(5)) + bytes(number)
        case .float32(let number): bytes(UInt32(6)) + bytes(number.bitPattern)
        case .bool(let flag): bytes(UInt32(7)) + [flag ? 1 : 0]
        case .string(let string): bytes(UInt32(8)) + text(Array(string.utf8))
        case .text(let content): bytes(UInt32(8)) + text(content)
        case .uint64(let number): bytes(UInt32(10)) + bytes(number)
        case .float64(let number): bytes(UInt32(12)) + bytes(number.bitPattern)
        case .strings(let strings): array(8, strings.count, strings.flatMap { text(Array($0.utf8)) })
        case .texts(let contents): array(8, contents.count, contents.flatMap(text))
        case .uint32s(let numbers): array(4, numbers.count, numbers.flatMap(bytes))
        case .int32s(let numbers): array(5, numbers.count, numbers.flatMap(bytes))
        case .float32s(let numbers): array(6, numbers.count, numbers.map(\.bitPattern).flatMap(bytes))
        case .raw(let type, let content): bytes(type) + content
        }
    }
}

extension GGUFWriter {
    enum Vocabulary: CaseIterable { case bytePairEncoding, sentencePiece, gemma4 }

    /// A model that works: two layers, 16 wide, with a token for every byte.
    static func model(_ architecture: String = "llama", _ vocabulary: Vocabulary = .bytePairEncoding) -> GGUFWriter {
        var file = GGUFWriter()
        let (hidden, feedForward, width, tokens): (UInt64, UInt64, UInt64, UInt64) = (16, 32, 8, 260)
        file["general.architecture"] = .string(architecture)
        for (key, value) in [
            ("context_length", 64), ("embedding_length", UInt32(hidden)), ("block_count", 2),
            ("feed_forward_length", UInt32(feedForward)), ("attention.head_count", 2), ("attention.head_count_kv", 1),
        ] { file["\(architecture).\(key)"] = .uint32(value) }
        file["\(architecture).attention.layer_norm_rms_epsilon"] = .float32(1e-5)
        file["\(architecture).rope.freq_base"] = .float32(10_000)
        file.addVocabulary(vocabulary)

        var seed: UInt64 = 1
        func add(_ name: String, _ shape: UInt64...) {
            let count = Int(shape.reduce(1, *))
            let values = (0..<count).map { _ in
                seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return Float(Int64(bitPattern: seed) >> 40) / 8_388_608 * 0.3
            }
            file.tensors.append(Tensor(name: name, shape: shape, data: values.flatMap { file.bytes($0.bitPattern) }))
        }
        add("token_embd.weight", hidden, tokens)
        add("output_norm.weight", hidden)
        for layer in 0..<2 {
            let block = "blk.\(layer)."
            for (name, input, output) in [
                ("attn_q", hidden, 2 * width), ("attn_k", hidden, width), ("attn_v", hidden, width),
                ("attn_output", 2 * width, hidden),
                ("ffn_gate", hidden, feedForward), ("ffn_up", hidden, feedForward), ("ffn_down", feedForward, hidden),
            ] { add(block + name + ".weight", input, output) }
            for name in ["attn_norm", "ffn_norm"] { add(block + name + ".weight", hidden) }
            if architecture == "gemma3" {
                for name in ["post_attention_norm", "post_ffw_norm"] { add(block + name + ".weight", hidden) }
            }
            if ["gemma3", "qwen3"].contains(architecture) {
                for name in ["attn_q_norm", "attn_k_norm"] { add(block + name + ".weight", width) }
            }
            if architecture == "qwen2" {
                for (name, length) in [("attn_q", 2 * width), ("attn_k", width), ("attn_v", width)] {
                    add(block + name + ".bias", length)
                }
            }
        }
        return file
    }

    private mutating func addVocabulary(_ vocabulary: Vocabulary) {
        let names = ["<s>", "</s>", "<unk>", "<|im_end|>"]
        var types: [Int32] = [3, 3, 2, 3]
        let bytes = (0..<256).map { String(format: "<0x%02X>", $0) }
        switch vocabulary {
        case .gemma4:
            self["tokenizer.ggml.model"] = .string("gemma4")
            self["tokenizer.ggml.tokens"] = .strings(names + bytes)
            self["tokenizer.ggml.merges"] = .strings(["a b"])
            types += Array(repeating: 6, count: 256)
        case .sentencePiece:
            self["tokenizer.ggml.model"] = .string("llama")
            self["tokenizer.ggml.tokens"] = .strings(names + bytes)
            self["tokenizer.ggml.scores"] = .float32s(Array(repeating: 0, count: 260))
            types += Array(repeating: 6, count: 256)
        case .bytePairEncoding:
            self["tokenizer.ggml.model"] = .string("gpt2")
            self["tokenizer.ggml.pre"] = .string("gpt-2")
            self["tokenizer.ggml.tokens"] = .strings(names + Self.byteCharacters)
            self["tokenizer.ggml.merges"] = .strings(["a b"])
            types += Array(repeating: 1, count: 256)
        }
        self["tokenizer.ggml.token_type"] = .int32s(types)
        self["tokenizer.ggml.bos_token_id"] = .uint32(0)
        self["tokenizer.ggml.eos_token_id"] = .uint32(1)
    }

    /// GPT-2's printable character for each byte.
    private static var byteCharacters: [String] {
        let printable = Array(0x21...0x7E) + Array(0xA1...0xAC) + Array(0xAE...0xFF)
        var others = 0
        return (0..<256).map { byte in
            if printable.contains(byte) { return String(UnicodeScalar(UInt8(byte))) }
            defer { others += 1 }
            return UnicodeScalar(256 + others).map { String($0) } ?? ""
        }
    }
}
