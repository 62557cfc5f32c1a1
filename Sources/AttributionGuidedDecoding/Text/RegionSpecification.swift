/// A region as people name it, before it is looked for in a prompt: a part of the prompt or parts inside the model, and how much
/// it counts.
///
/// It is made from a target, or from text (see ``init(_:)``). Nothing but `Prompt.region` and
/// ``LanguageModel/prompt(_:_:of:)`` turns it into places, and both by the same search.
public struct RegionSpecification: Sendable, Hashable, CustomStringConvertible {
    /// Messages of a conversation.
    public enum Messages: Sendable, Hashable {
        /// All messages of a role.
        case all(role: String)
        /// One message, counted from 0.
        case number(Int)
    }

    /// What is named.
    public enum Target: Sendable, Hashable {
        /// The contents of messages.
        case messages(Messages)
        /// What the chat template says of its own accord, such as a default system message.
        case template
        /// What untrusted messages and documents say, or what all others do, the assistant's left out.
        case trust(Trust)
        /// Every occurrence of a text: byte by byte, or, where there is none, every one that Unicode holds equal to it
        /// (canonical equivalence). With messages, in their contents only.
        case text(String, in: Messages? = nil)
        /// Every occurrence of the first of these texts that occurs: what was written can be read in several ways.
        case firstText([String])
        /// Characters (Unicode scalars) of a message's content as it was given.
        case characters(Range<Int>, ofMessage: Int)
        /// Every match of a pattern.
        case pattern(Pattern)
        /// Positions of the prompt.
        case tokens([Range<Int>])
        /// Attention heads, with weights that the region's own multiplies.
        case heads([RegionOfInterest.Head: Double])
        /// The heads that a JSON file lists; it is read when the region is looked for.
        case headFile(path: String)
        /// Neurons of dense feed-forward networks, with weights that the region's own multiplies.
        case neurons([RegionOfInterest.Neuron: Double])
        /// The neurons that a JSON file lists, or a group of them by its name.
        case neuronFile(path: String, group: String?)
        /// Directions of the residual stream, likewise.
        case directions([RegionOfInterest.Direction: Double])
        /// The directions of a control vector (GGUF) or a NumPy array; all, or that behind one layer.
        case directionFile(path: String, layer: Int?)
        /// Features of sparse dictionaries, likewise.
        case features([RegionOfInterest.Feature: Double])
        /// Features of a dictionary in SAELens' layout, by number; behind the layer that is named, or its configuration's.
        case dictionaryFile(path: String, layer: Int?, features: [Int])
    }

    /// What is named.
    public let target: Target
    /// How much the region counts; negative to steer away from it. From -``RegionOfInterest/largestWeight`` to that.
    public let weight: Double
    /// As it was written, or as it could have been.
    public let description: String

    /// - Throws: ``RegionError/malformed(_:_:)`` for a target that can be nowhere, more than ``rangeLimit`` ranges of tokens,
    ///   or a weight out of range.
    public init(_ target: Target, weight: Double = 1) throws(RegionError) {
        try self.init(target, weight: weight, description: target.description + (weight == 1 ? "" : "=\(weight)"))
    }

    init(_ target: Target, weight: Double, description: String) throws(RegionError) {
        self.target = target
        self.weight = weight
        self.description = description
        if let problem = target.problem { throw RegionError.malformed(description, problem) }
        guard weight.isFinite, abs(weight) <= RegionOfInterest.largestWeight else {
            throw RegionError.malformed(
                description,
                "the weight is \(weight.isFinite ? "too large" : "not a finite number"); give a smaller one, "
                    + "of at most \(Int(RegionOfInterest.largestWeight))")
        }
    }

    /// Ranges of tokens in one region at most.
    public static let rangeLimit = 16_384
}

extension RegionSpecification.Target {
    /// Why there can't be such a target; nil where there can.
    fileprivate var problem: String? {
        switch self {
        case .messages(.number(let number)) where number < 0, .text(_, in: .number(let number)?) where number < 0:
            "messages are counted from 0"
        case .text(let text, _) where text.isEmpty: "there is no text to look for"
        case .firstText(let texts) where texts.isEmpty || texts.contains(""): "there is no text to look for"
        case .characters(let range, let message) where range.isEmpty || range.lowerBound < 0 || message < 0:
            "characters and messages are counted from 0, and one character at least is named"
        case .tokens(let ranges) where ranges.contains { $0.isEmpty || $0.lowerBound < 0 }:
            "tokens: takes positions from 0 and ranges such as 0..<12"
        case .tokens(let ranges) where ranges.count > RegionSpecification.rangeLimit:
            "tokens: takes at most \(RegionSpecification.rangeLimit) positions and ranges; name neighbours as one range"
        default: nil
        }
    }

    fileprivate var description: String {
        switch self {
        case .messages(let messages): messages.description
        case .template: "template"
        case .trust(let trust): trust.rawValue
        case .text(let text, nil): "text:" + text.jsonQuoted
        case .text(let text, let messages?): "text:" + text.jsonQuoted + " in \(messages.description)"
        case .firstText(let texts): "text:" + texts.map(\.jsonQuoted).joined(separator: " or ")
        case .characters(let range, let message):
            "characters \(range.lowerBound)..<\(range.upperBound) of message:\(message)"
        case .pattern(let pattern): "regex:\"\(pattern.source)\""
        case .tokens(let ranges):
            "tokens:"
                + ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)..<\($0.upperBound)" }
                .joined(separator: ",")
        case .heads(let heads): "heads:" + heads.keys.sorted().map { "\($0.layer).\($0.head)" }.joined(separator: ",")
        case .headFile(let path): "heads:@\(path)"
        case .neurons(let neurons):
            "neurons:" + neurons.keys.sorted().map { "\($0.layer).\($0.index)" }.joined(separator: ",")
        case .neuronFile(let path, let group): "neurons:@\(path)" + (group.map { "#\($0)" } ?? "")
        case .directions(let directions):
            "direction behind layer " + directions.keys.map(\.layer).sorted().map(String.init).joined(separator: ", ")
        case .directionFile(let path, let layer): "direction:" + (layer.map(String.init) ?? "") + "@\(path)"
        case .features(let features):
            "features " + features.keys.map { "\($0.layer).\($0.index)" }.sorted().joined(separator: ", ")
        case .dictionaryFile(let path, let layer, let features):
            "sae:" + (layer.map(String.init) ?? "") + "@\(path)#" + features.map(String.init).joined(separator: ",")
        }
    }

    /// The parts inside the model; files are read. Empty for parts of a prompt.
    /// - Throws: ``RegionError/file(path:problem:)``.
    func inside() throws(RegionError) -> RegionOfInterest {
        switch self {
        case .heads(let heads): RegionOfInterest(heads: heads)
        case .headFile(let path): RegionOfInterest(heads: try RegionFile.heads(path: path))
        case .neurons(let neurons): RegionOfInterest(neurons: neurons)
        case .neuronFile(let path, let group):
            RegionOfInterest(neurons: try RegionFile.neurons(path: path, group: group))
        case .directions(let directions): RegionOfInterest(directions: directions)
        case .directionFile(let path, let layer):
            RegionOfInterest(directions: try DirectionFile.read(path: path, layer: layer))
        case .features(let features): RegionOfInterest(features: features)
        case .dictionaryFile(let path, let layer, let features):
            RegionOfInterest(
                features: try SparseDictionaryFile(path: path, layer: layer).features(features))
        default: RegionOfInterest()
        }
    }

    /// What is named, in a word.
    var noun: String {
        switch self {
        case .heads, .headFile: "heads"
        case .neurons, .neuronFile: "neurons"
        case .directions, .directionFile: "directions"
        case .features, .dictionaryFile: "features"
        default: "places"
        }
    }
}

extension RegionSpecification.Messages {
    var description: String {
        switch self {
        case .all(let role): role
        case .number(let number): "message:\(number)"
        }
    }
}

/// As text, which is how run files keep regions.
extension RegionSpecification: Codable {
    /// - Throws: `DecodingError` for what is no region.
    public init(from decoder: any Decoder) throws { try self.init(decoder.singleValueContainer().decode(String.self)) }

    /// - Throws: `EncodingError` for a target that has no text of its own, such as characters of a message.
    public func encode(to encoder: any Encoder) throws {
        guard try Self(description).target == target else {
            throw EncodingError.invalidValue(
                self, .init(codingPath: encoder.codingPath, debugDescription: "'\(description)' can't be read again"))
        }
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
