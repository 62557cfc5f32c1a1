/// Layers that attend over the keys and values of earlier ones.
extension ModelConfiguration {
    /// Whether later layers attend over those of this one.
    func sharesKeysAndValues(ofLayer layer: Int) -> Bool { attention.contains { $0.keyValueLayer == layer } }

    /// The last layer in which tokens see each other by keys and values of its own, or by what it has in their place. Behind it a
    /// token matters to itself alone.
    var lastOwnKeyValueLayer: Int { attention.lastIndex { $0.keyValueLayer == nil } ?? layerCount - 1 }

    /// Layers that share keys and values, and those between them; nil where none do.
    var sharingLayers: Range<Int>? {
        attention.compactMap(\.keyValueLayer).min().map { $0..<layerCount }
    }
}
