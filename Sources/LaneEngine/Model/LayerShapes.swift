import TensorGraph

/// Heads and widths of each layer, as the file's metadata name them.
struct LayerShapes {
    let headCounts, keyValueHeadCounts, feedForwardLengths: [Int]
    /// Elements of one head's query, key and value.
    let headWidth: Int

    init(_ metadata: MetadataReader, _ architecture: Architecture, layerCount: Int, embeddingLength: Int) throws {
        let least = architecture.layersDiffer ? 0 : 1
        func perLayer(_ key: String, upTo highest: Int) throws -> [Int]? {
            architecture.layersDiffer
                ? try metadata.integers(key, count: layerCount, in: 0...highest)
                : try metadata.optionalInteger(key, in: 1...highest).map { Array(repeating: $0, count: layerCount) }
        }
        guard let headCounts = try perLayer("%.attention.head_count", upTo: 1024) else {
            throw metadata.invalid("%.attention.head_count", "is missing")
        }
        let keyValueHeadCounts = try perLayer("%.attention.head_count_kv", upTo: 1024) ?? headCounts
        for (heads, keyHeads) in zip(headCounts, keyValueHeadCounts)
        where keyHeads > heads || (keyHeads > 0 && heads % keyHeads != 0) {
            throw metadata.invalid(
                "%.attention.head_count_kv", "is \(keyHeads), which does not divide head_count \(heads)")
        }
        guard let lengths = try perLayer("%.feed_forward_length", upTo: 1_048_576) else {
            throw metadata.invalid("%.feed_forward_length", "is missing")
        }
        let keyLength = try metadata.optionalInteger("%.attention.key_length", in: 2...4096)
        let first = max(headCounts[0], least)
        guard keyLength != nil || (first > 0 && embeddingLength % first == 0) else {
            throw metadata.invalid(
                "%.attention.key_length", "is missing, and embedding_length is not a multiple of head_count")
        }
        let width = keyLength ?? embeddingLength / first
        guard width % 2 == 0, width > 0 else {
            throw metadata.invalid("%.attention.key_length", "heads are \(width) wide, expected an even number")
        }
        if let valueLength = try metadata.optionalInteger("%.attention.value_length", in: 1...4096),
            valueLength != width, !architecture.hasLatentAttention
        {
            throw metadata.invalid(
                "%.attention.value_length", "is \(valueLength), but keys have \(width)",
                remedy: "Models whose keys and values differ in width are not supported.")
        }
        (self.headCounts, self.keyValueHeadCounts, feedForwardLengths) = (headCounts, keyValueHeadCounts, lengths)
        headWidth = width
    }
}
