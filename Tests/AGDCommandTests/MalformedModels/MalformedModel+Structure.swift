/// What is wrong with a file before it says what model it is.
extension MalformedModel {
    static let structure: [MalformedModel] = [
        .init("wrong magic", "header", "magic") { $0.magic = "GGML" },
        .init("version 0", "header", "version") { $0.version = 0 },
        .init("version 1", "header", "v1") { $0.version = 1 },
        .init("a version from the future", "header", "version") { $0.version = 4 },
        .init("the other byte order", "header", "endian") { $0.version = 0x0300_0000 },
        .init("2^62 tensors", "header", "tensors") { $0.claimedTensorCount = 1 << 62 },
        .init("a negative number of tensors", "header", "tensors") { $0.claimedTensorCount = .max },
        .init("2^40 tensors", "header", "tensor") { $0.claimedTensorCount = 1 << 40 },
        .init("2^62 metadata pairs", "header", "key") { $0.claimedMetadataCount = 1 << 62 },
        .init("a negative number of metadata pairs", "header", "key") { $0.claimedMetadataCount = .max },
        .init("2^40 metadata pairs", "header") { $0.claimedMetadataCount = 1 << 40 },
        .init("fewer metadata pairs than claimed", "header") { $0.claimedMetadataCount = 100 },
        .init("no metadata", "general.architecture", "missing") { $0.metadata = [] },
        .init("an empty key", "header", "empty") { $0.metadata.append(("", .uint32(1))) },
        .init("a key twice", "header", "duplicate", "llama.block_count") {
            $0.metadata.append(("llama.block_count", .uint32(2)))
        },
        .init("a key twice, once with a NUL behind it", "header", "llama.block_count", "NUL") {
            $0.metadata.append(("llama.block_count\0", .uint32(3)))
        },
        .init("tokens that hide behind a NUL", "header", "tokenizer.ggml.tokens", "NUL") {
            $0.metadata.insert(("tokenizer.ggml.tokens\0x", .strings(["a", "a"])), at: 0)
        },
        .init("a tensor with a NUL in its name", "header", "output_norm.weight", "NUL") {
            $0.tensors[3].name = "output_norm.weight\0"
        },
        .init("a key that begins with a NUL", "header", "NUL") { $0.metadata.append(("\0", .uint32(3))) },
        .init("more tensors than are read in reasonable time", "header", "20005 tensors", "16384") { file in
            file.tensors += (0..<20_005 - file.tensors.count).map {
                .init(name: "blk.\($0).x.weight", shape: [8], data: Array(repeating: 0, count: 32))
            }
        },
        .init("more keys than are read in reasonable time", "header", "keys", "16384") { file in
            file.metadata += (0..<20_000).map { ("x.\($0)", .uint32(0)) }
        },
        .init("an array of 70 MB", "header", "x.y", "MiB") {
            $0["x.y"] = .raw(type: 9, [0, 0, 0, 0] + length(70 << 20) + Array(repeating: 1, count: 70 << 20))
        },
        .init("a text of 70 MB", "header", "general.description", "MiB") {
            $0["general.description"] = .text(Array(repeating: 0x61, count: 70 << 20))
        },
        .init("an adapter", "general.type", "LoRA adapter") { $0["general.type"] = .string("adapter") },
        .init("an encoder of images", "general.type", "encoder of images") {
            $0["general.type"] = .string("mmproj")
        },
        .init("a vocabulary", "tensors", "vocabulary without weights") { $0.tensors = [] },
        .init("neither weights nor a vocabulary", "tensors", "has none") { file in
            file.tensors = []
            file.metadata.removeAll { $0.key.hasPrefix("tokenizer.") }
        },
        .init("an unknown metadata type", "header", "x.y", "type") { $0["x.y"] = .raw(type: 99, [1, 2, 3, 4]) },
        .init("an array of arrays", "header", "x.y", "type") { $0["x.y"] = .raw(type: 9, [9, 0, 0, 0] + length(1)) },
        .init("an array with 2^60 elements", "header") { $0["x.y"] = .raw(type: 9, [4, 0, 0, 0] + length(1 << 60)) },
        .init("an array with 2^29 strings", "header") { $0["x.y"] = .raw(type: 9, [8, 0, 0, 0] + length(1 << 29)) },
        .init("a string of 2^40 bytes", "header", "length") { $0["x.y"] = .raw(type: 8, length(1 << 40)) },
        .init("alignment 0", "header", "alignment") { $0["general.alignment"] = .uint32(0) },
        .init("alignment 3", "header", "alignment") { $0["general.alignment"] = .uint32(3) },
        .init("alignment 2^31", "header") { $0["general.alignment"] = .uint32(1 << 31) },
        .init("alignment as a string", "header", "alignment") { $0["general.alignment"] = .string("32") },
        .init("alignment other than the data's", "header", "offset") { $0["general.alignment"] = .uint32(4096) },
        .init("a part of a split model", "split.count", "merge") { $0["split.count"] = .raw(type: 2, [3, 0]) },

        .init("a tensor twice", "header", "duplicate", "output_norm.weight") { $0.tensors.append($0.tensors[1]) },
        .init("a tensor with a long name", "header", "too long") {
            $0.tensors[3].name = String(repeating: "n", count: 64)
        },
        .init("five dimensions", "header", "dimensions") { $0.tensors[3].shape = [2, 2, 2, 2, 2] },
        .init("2^31 dimensions", "header", "dimensions") {
            $0.tensors[3].type = 1; $0.tensors[3].shape = Array(repeating: 1, count: 300)
        },
        .init("a negative extent", "header", "< 0") { $0.tensors[3].shape[1] = .max },
        .init("an empty tensor", "tensor", "elements") { file in
            file.change("output_norm.weight") {
                $0.shape = [0]; $0.data = []
            }
        },
        .init("extents whose product overflows", "header", "overflow") { $0.tensors[3].shape = [1 << 40, 1 << 40] },
        .init("a tensor of 2^63 bytes", "output_norm.weight", "end of the file") { file in
            file.tensors.append(file.tensors.remove(at: 1))
            file.change("output_norm.weight") { $0.shape = [1 << 61] }
        },
        .init("an embedding of 2^63 bytes", "token_embd.weight", "end of the file") { file in
            file.tensors.append(file.tensors.remove(at: 0))
            file.change("token_embd.weight") { $0.shape = [16, 1 << 57] }
        },
        .init("an unknown tensor type", "header", "type") { $0.tensors[3].type = 99 },
        .init("a negative tensor type", "header", "type") { $0.tensors[3].type = .max },
        .init("a tensor type that ggml has given up", "header", "block size") { $0.tensors[3].type = 4 },
        .init("a repacked tensor type", "header") { $0.tensors[3].type = 31 },
        .init("a row that is no whole number of blocks", "header", "block size") { $0.tensors[3].type = 12 },
        .init("a tensor at an odd offset", "header", "offset") { $0.tensors[3].claimedOffset = 17 },
        .init("two tensors in one place", "header", "offset") { $0.tensors[3].claimedOffset = 0 },
        .init("a tensor at 2^63", "header", "offset") { $0.tensors[3].claimedOffset = 1 << 63 },
        .init("a gap between tensors", "header", "offset") { $0.tensors[3].claimedOffset = 1 << 20 },
        .init("data that isn't there", "tensor", "end of the file") { $0.tensors[$0.tensors.count - 1].data = [] },
    ]

    private static func length(_ count: UInt64) -> [UInt8] { withUnsafeBytes(of: count.littleEndian, Array.init) }
}
