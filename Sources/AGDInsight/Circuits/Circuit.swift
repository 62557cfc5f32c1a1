import AttributionGuidedDecoding

/// The neurons that carry a behaviour: found by relevance on one half of some contrast pairs, tested by ablation on the other.
///
/// The effect of a pair is how much the logits tell its two answers apart: `z(right) - z(wrong)` averaged over its two prompts. A
/// neuron's contrast is its relevance for the same difference, from reverse mode. The set is a prefix of the neurons by falling mean
/// contrast; what is ablated is set to its mean over the pairs' positions (see `ReverseAttribution.Ablation`). Encoded, it is a file
/// of regions: `neurons:@file.json`, `neurons:@file.json#prompt`, `heads:@file.json`.
public struct Circuit: Sendable, Encodable {
    /// A neuron, or a head, with its contrast.
    public struct Part: Sendable, Encodable {
        /// Counted from 0.
        public var layer: Int
        /// Of a neuron, counted from 0.
        public var index: Int?
        /// Of a head, counted from 0.
        public var head: Int?
        /// Mean over pairs with its 95 % interval, in logits.
        public var contrast: Estimate
    }

    /// What is left of the effect, as shares of the whole model's.
    public struct Share: Sendable, Encodable {
        /// Neurons of the set.
        public var size: Int
        /// With all neurons but the set's ablated, and with the set's ablated.
        public var kept, without: Double
    }

    /// What the set does to pairs that it wasn't chosen on.
    public struct Test: Sendable, Encodable {
        /// Of the whole model; with all neurons but the set's ablated; with the set's ablated. In logits.
        public var effect, kept, without: Estimate
        /// The effect with random sets of the same size ablated, layer by layer as many neurons as the set has there.
        public var randomWithout: [Double]
        /// Share of sets, this one counted among them, that take away as much as this one.
        public var pValue: Double
    }

    /// The model's name, and how relevance propagated.
    public var model, rule: String
    /// Pairs that the set was chosen and tested on; pairs left out, as their answers begin with the same token.
    public var pairCount, testPairCount, skippedCount: Int
    /// Neurons that the model has in all.
    public var neuronCount: Int
    /// The effect on the pairs that the set was chosen on, in logits.
    public var effect: Estimate
    /// The share of it that the set was to keep.
    public var wantedShare: Double
    /// Each size that was tried.
    public var sizes: [Share]
    /// The set, strongest first.
    public var neurons: [Part]
    /// Two parts of the set: neurons whose contrast comes more from the first prompts, and from the other ones.
    public var groups: [String: [Part]]
    /// The heads with the largest contrast.
    public var heads: [Part]
    /// On the pairs held out.
    public var test: Test
}
