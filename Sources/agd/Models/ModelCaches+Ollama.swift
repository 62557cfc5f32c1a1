import AttributionGuidedDecoding

extension ModelCaches {
    /// `manifests/HOST/NAMESPACE/NAME/TAG`, which names the blob that holds the weights. Names are as Ollama shows them: without
    /// its own host and the namespace `library`.
    func ollamaModels(in place: Place) -> [FoundModel] {
        files(below: "\(place.folder)/manifests").compactMap { path in
            var parts = path.split(separator: "/").map(String.init)
            guard parts.count >= 3, let digest = digest(inManifest: "\(place.folder)/manifests/\(path)") else {
                return nil
            }
            let tag = parts.removeLast()
            for own in ["registry.ollama.ai", "library"] where parts.first == own && parts.count > 1 {
                parts.removeFirst()
            }
            return model(
                named: parts.joined(separator: "/") + ":" + tag, in: place,
                path: "\(place.folder)/blobs/sha256-\(digest)")
        }
    }

    /// Of the layer that is the model, in hexadecimal digits: it becomes a part of a path.
    private func digest(inManifest path: String) -> String? {
        guard let text = text(ofFile: path),
            case .success(let json) = Result(catching: { try JSONValue(parsing: text) })
        else { return nil }
        let layer = json["layers"]?.array?.first {
            $0["mediaType"]?.string == "application/vnd.ollama.image.model"
        }
        guard let digest = layer?["digest"]?.string?.wholeMatch(of: /sha256[:-]([0-9a-f]{64})/) else { return nil }
        return String(digest.1)
    }
}
