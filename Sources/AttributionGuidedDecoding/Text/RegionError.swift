/// What can be wrong with a region.
public enum RegionError: Error, Equatable, CustomStringConvertible {
    /// A specification that can't be read.
    case malformed(_ specification: String, _ problem: String)
    /// A message or role that the conversation doesn't have.
    case noSuchMessage(specification: String, roles: [String])
    /// Untrusted messages of a conversation that has none.
    case nothingUntrusted(specification: String)
    /// A message of a prompt that is no conversation.
    case noMessages(specification: String)
    /// A text in a prompt that was given as tokens.
    case noText(specification: String)
    /// A text that the prompt doesn't contain.
    case notFound(specification: String, nearest: String)
    /// A place without a token.
    case coversNoToken(specification: String)
    /// Without the region there is nothing to complete.
    case coversEverything
    /// Characters beyond the end of a message.
    case charactersOutOfRange(specification: String)
    /// A position beyond the prompt.
    case tokenOutOfRange(position: Int, promptLength: Int)
    /// A head that the model doesn't have.
    case headOutOfRange(layer: Int, head: Int, layerCount: Int, headCount: Int)
    /// A neuron that the model doesn't have.
    case neuronOutOfRange(layer: Int, index: Int, layerCount: Int, neuronCount: Int)
    /// A direction that doesn't fit the model's residual stream.
    case directionMismatch(layer: Int, length: Int, layerCount: Int, width: Int)
    /// A direction without a length, or with elements that are no finite numbers.
    case noDirection(layer: Int)
    /// A feature that doesn't fit the model's residual stream.
    case featureMismatch(layer: Int, length: Int, layerCount: Int, width: Int)
    /// A feature with numbers that are not finite.
    case noFeature(layer: Int, index: Int)
    /// A file of heads, neurons, directions or features that can't be used.
    case file(path: String, problem: String)
    /// What is wrong with a region, with its name.
    case named(specification: String, problem: String)
    /// What the regions that name a position or head add up to.
    case weightOutOfRange(Double)

    public var description: String {
        switch self {
        case .malformed(let specification, let problem):
            "region '\(specification.shortened)': \(problem.shortened). Regions are system, user, assistant, tool, template, trusted, untrusted, message:N, text:\"…\", "
                + "regex:\"…\", tokens:0..<12,15, heads:3.5,7.0, heads:@file.json, neurons:3.70,7.0, neurons:@file.json, "
                + "direction:@file.gguf, direction:12@file.npy and sae:@folder#7,12, each with an optional weight such as =-0.5"
        case .noSuchMessage(let specification, let roles):
            "region '\(specification.shortened)': there is no such message; the conversation has "
                + roles.enumerated().map { "message:\($0.offset) (\($0.element))" }.joined(separator: ", ")
        case .nothingUntrusted(let specification):
            "region '\(specification.shortened)': no message or document is untrusted; say which are, with \"agd_trust\": \"untrusted\""
        case .noMessages(let specification):
            "region '\(specification.shortened)': the prompt is not a conversation; mark the region with text: or tokens:"
        case .noText(let specification):
            "region '\(specification.shortened)': the prompt was given as tokens; mark the region with tokens:"
        case .notFound(let specification, let nearest):
            "region '\(specification.shortened)' matches nothing; the likeliest place in the prompt is: …\(nearest)…"
        case .coversNoToken(let specification):
            "region '\(specification.shortened)' covers no token: the text there is empty"
        case .coversEverything: "the region is the whole prompt: without it there is nothing left to complete"
        case .charactersOutOfRange(let specification):
            "region '\(specification.shortened)': the message has no such characters, or the template leaves them out"
        case .tokenOutOfRange(let position, let length):
            "region position \(position) is outside the prompt, whose positions are 0 to \(length - 1)"
        case .headOutOfRange(let layer, let head, let layers, let heads):
            "region head \(layer).\(head) does not exist: the model has layers 0 to \(layers - 1) and "
                + (heads == 0 ? "layer \(layer) has no heads" : "heads 0 to \(heads - 1)")
        case .neuronOutOfRange(let layer, let index, let layers, let neurons):
            "region neuron \(layer).\(index) does not exist: the model has layers 0 to \(layers - 1) and "
                + (neurons == 0
                    ? "layer \(layer) has no dense feed-forward network" : "neurons 0 to \(neurons - 1)")
        case .directionMismatch(let layer, let length, let layers, let width):
            layer >= 0 && layer < layers
                ? "a direction for layer \(layer) has \(length) elements, and the model's residual stream \(width): it was made for another model"
                : "there is no layer \(layer) for a direction: the model has layers 0 to \(layers - 1)"
        case .noDirection(let layer):
            "a direction for layer \(layer) is all zeros, or holds a number that is not finite"
        case .featureMismatch(let layer, let length, let layers, let width):
            layer >= 0 && layer < layers
                ? "a feature for layer \(layer) has \(length) elements, and the model's residual stream \(width): its dictionary was made for another model"
                : "there is no layer \(layer) for a feature: the model has layers 0 to \(layers - 1)"
        case .noFeature(let layer, let index):
            "feature \(index) behind layer \(layer) holds a number that is not finite"
        case .file(let path, let problem): "\(path): \(problem)"
        case .named(let specification, let problem): "region '\(specification.shortened)': \(problem)"
        case .weightOutOfRange(let weight):
            "the weights of regions at one place add up to \(weight), which is not a number from "
                + "-\(Int(RegionOfInterest.largestWeight)) to \(Int(RegionOfInterest.largestWeight)); give smaller ones"
        }
    }
}

extension String {
    /// Its beginning, where the whole is too long for a message.
    fileprivate var shortened: String { unicodeScalars.count <= 200 ? self : String(unicodeScalars.prefix(200)) + "…" }
}
