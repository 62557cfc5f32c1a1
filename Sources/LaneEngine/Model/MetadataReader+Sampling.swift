import TensorGraph

extension MetadataReader {
    /// What the file says about drawing tokens, by the names that llama.cpp has for it: `temp`, `top_k`, `sequence` and others.
    var recommendedSampling: [String: String] {
        let prefix = "general.sampling."
        return metadata.keys.filter { $0.hasPrefix(prefix) }.reduce(into: [:]) { result, key in
            guard let value = metadata[key] else { return }
            result[String(key.dropFirst(prefix.count))] =
                switch value {
                case .float(let number): "\(Float(number))"
                default: value.summary
                }
        }
    }
}
