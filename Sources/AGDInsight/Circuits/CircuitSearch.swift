import AttributionGuidedDecoding

/// Finds a ``Circuit``.
public struct CircuitSearch {
    /// How it is looked for.
    public struct Options: Sendable {
        /// How relevance propagates.
        public var rule = PropagationRule.attnLRP
        /// The share of the effect that the set keeps with all other neurons ablated.
        public var share = 0.5
        /// The set's size; nil for the smallest that keeps the share.
        public var size: Int?
        /// Random sets that it is compared with.
        public var randomSets = 100
        /// Heads that are told.
        public var headCount = 20
        /// Whether prompts without a system message are conversations.
        public var isChat = false
        /// Of random sets.
        public var seed: UInt64 = 0
        /// Of the passes.
        public var attribution = ReverseAttribution.Options()

        /// AttnLRP, half of the effect, a hundred random sets.
        public init() {}
    }

    private let model: LanguageModel
    private let options: Options
    private let journal: CircuitJournal
    private let pairs: [[ContrastPair.Side]]
    private let skippedCount: Int
    private let progress: (String, Double) throws -> Void
    private typealias Neuron = RegionOfInterest.Neuron

    /// - Parameters:
    ///   - journal: where results of ablations are kept and looked up, so that a search that was stopped goes on.
    ///   - progress: called with what is being done and which fraction of it is; it may throw to stop.
    /// - Throws: ``ItemError`` where fewer than two pairs can be used; ``PromptError`` for one that can't be rendered.
    public init(
        _ model: LanguageModel, _ pairs: [ContrastPair], options: Options = Options(),
        journal: CircuitJournal = CircuitJournal(), progress: @escaping (String, Double) throws -> Void = { _, _ in }
    ) throws {
        let usable = try pairs.compactMap { try $0.sides(model, isChat: options.isChat) }
        guard usable.count >= 2 else {
            throw ItemError.noneUsable(
                problem: "at least two pairs are needed whose answers begin with different tokens")
        }
        self.model = model
        self.options = options
        self.journal = journal
        self.pairs = usable
        skippedCount = pairs.count - usable.count
        self.progress = progress
    }

    /// Every second pair is held out for the test.
    private var chosen: [Int] { pairs.indices.filter { $0 % 2 == 0 } }
    private var heldOut: [Int] { pairs.indices.filter { $0 % 2 == 1 } }

    /// - Throws: ``TensorGraphError`` and ``AttributionError``, where something can't be computed; ``CircuitJournal/Failure``;
    ///   what `progress` throws.
    public func circuit() throws -> Circuit {
        let relevance = try contrasts()
        let ranked = relevance.ranking
        let none = try effects("none", ablating: [], of: chosen)
        let effect = mean(none)
        guard effect > 0 else {
            throw ItemError.noneUsable(
                problem:
                    "the model's logits don't tell the answers apart (the effect is \(effect.fourDigits)), so that there is nothing to look for"
            )
        }
        let sizes = try options.size.map { [try share($0, ranked, effect)] } ?? smallest(ranked, effect)
        let size = sizes.last?.size ?? ranked.count
        let set = Array(ranked.prefix(size))
        let parts = set.map { neuron in part(neuron, relevance.values(of: neuron)) }
        let groups = Dictionary(grouping: zip(set, parts)) { relevance.isOfFirst($0.0) ? "prompt" : "other" }
            .mapValues { $0.map(\.1) }
        return Circuit(
            model: model.configuration.name ?? model.path, rule: options.rule.name, pairCount: chosen.count,
            testPairCount: heldOut.count, skippedCount: skippedCount, neuronCount: ranked.count,
            effect: Estimate(none), wantedShare: options.share,
            sizes: sizes.sorted { $0.size < $1.size }, neurons: parts,
            groups: groups,
            heads: relevance.strongestHeads(options.headCount).map { head, values in
                Circuit.Part(layer: head.layer, head: head.head, contrast: Estimate(values))
            },
            test: try test(Set(set)))
    }

    private func part(_ neuron: Neuron, _ values: [Double]) -> Circuit.Part {
        Circuit.Part(layer: neuron.layer, index: neuron.index, contrast: Estimate(values))
    }

    // MARK: Relevance

    private func contrasts() throws -> CircuitRelevance {
        var relevance = CircuitRelevance()
        for (done, pair) in chosen.enumerated() {
            let sides = try pairs[pair].map { side in
                let reading = try ReverseAttribution(model, tokens: side.tokens, options: options.attribution)
                let both = try reading.attribute(side.targets, rule: options.rule, inside: .init(hasNeurons: true))
                return CircuitRelevance.Side(right: both[0], wrong: both[1])
            }
            relevance.append(sides)
            try progress("relevance", Double(done + 1) / Double(chosen.count))
        }
        return relevance
    }

    // MARK: Ablation

    /// The mean activations over all pairs that the set is chosen on.
    private var means: ReverseAttribution.Means? {
        get throws {
            let all = try chosen.flatMap { pairs[$0] }.map { side in
                try ReverseAttribution(model, tokens: side.tokens, options: options.attribution).means()
            }
            return ReverseAttribution.Means(all)
        }
    }

    /// How much the logits tell the answers of each pair apart.
    /// - Parameter name: of what is ablated, in the journal.
    private func effects(_ name: String, ablating neurons: Set<Neuron>, of pairs: [Int]) throws -> [Double] {
        let means = try neurons.isEmpty ? nil : journal.means { try self.means }
        return try pairs.map { pair in
            try journal.value("\(name) \(pair)") {
                let differences = try self.pairs[pair].map { side in
                    let logits = try ReverseAttribution(
                        model, tokens: side.tokens, ablating: .init(neurons: neurons, means: means),
                        options: options.attribution
                    ).logits(of: side.targets)
                    return logits[0] - logits[1]
                }
                return mean(differences)
            }
        }
    }

    private func share(_ size: Int, _ ranked: [Neuron], _ effect: Double) throws -> Circuit.Share {
        let (set, rest) = (Set(ranked.prefix(size)), Set(ranked.dropFirst(size)))
        return Circuit.Share(
            size: size, kept: mean(try effects("only \(size)", ablating: rest, of: chosen)) / effect,
            without: mean(try effects("without \(size)", ablating: set, of: chosen)) / effect)
    }

    /// Sizes doubled until the share is kept, then halved in between to an eighth; the last one is the smallest found.
    private func smallest(_ ranked: [Neuron], _ effect: Double) throws -> [Circuit.Share] {
        var tried: [Circuit.Share] = []
        var (low, high) = (0, min(8, ranked.count))
        while true {
            tried.append(try share(high, ranked, effect))
            try progress("sizes", min(0.6, 0.05 * Double(tried.count)))
            if tried[tried.count - 1].kept >= options.share || high == ranked.count { break }
            (low, high) = (high, min(2 * high, ranked.count))
        }
        var best = tried[tried.count - 1]
        while high - low > max(1, high / 8) {
            let middle = (low + high) / 2
            let next = try share(middle, ranked, effect)
            tried.append(next)
            try progress("sizes", min(0.95, 0.6 + 0.02 * Double(tried.count)))
            if next.kept >= options.share { (high, best) = (middle, next) } else { low = middle }
        }
        return tried.filter { $0.size != best.size } + [best]
    }

    private func test(_ set: Set<Neuron>) throws -> Circuit.Test {
        let all = Set(
            (0..<model.configuration.layerCount).flatMap { (layer: Int) -> [Neuron] in
                (0..<model.neuronCount(layer: layer)).map { Neuron(layer: layer, index: $0) }
            })
        let whole = try effects("none", ablating: [], of: heldOut)
        let kept = try effects("only \(set.count)", ablating: all.subtracting(set), of: heldOut)
        let without = try effects("without \(set.count)", ablating: set, of: heldOut)
        var generator = SeededGenerator(seed: options.seed)
        let counts = Dictionary(grouping: set, by: \.layer).mapValues(\.count).sorted { $0.key < $1.key }
        let random = try (0..<options.randomSets).map { (index: Int) -> Double in
            var drawn: Set<Neuron> = []
            for (layer, count) in counts {
                let order = (0..<model.neuronCount(layer: layer)).shuffled(using: &generator)
                for index in order.prefix(count) { drawn.insert(Neuron(layer: layer, index: index)) }
            }
            try progress("random sets", Double(index) / Double(options.randomSets))
            return mean(try effects("random \(set.count) \(index)", ablating: drawn, of: heldOut))
        }
        let asStrong = random.count { $0 <= mean(without) }
        return Circuit.Test(
            effect: Estimate(whole), kept: Estimate(kept), without: Estimate(without), randomWithout: random,
            pValue: Double(1 + asStrong) / Double(1 + random.count))
    }

    private func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(max(1, values.count)) }
}
