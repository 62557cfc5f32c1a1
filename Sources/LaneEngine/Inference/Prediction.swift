/// What the model says about the next token, and how that hangs on the regions.
package struct Prediction {
    /// `[vocabularySize]`, before softmax.
    package var logits: [Float]
    /// `[vocabularySize]`, softmax of the logits.
    package var probabilities: [Float]
    /// What stands before the output matrix, `[embeddingLength]`.
    package var hidden: [Float] = []
    /// For each region the tangent before the output matrix, `[embeddingLength]`; empty where it wasn't computed.
    package var tangents: [[Float]]
    /// For each region the relevance of every token, `[vocabularySize]`, where asked for.
    package var scores: [[Float]]?
    /// For each early layer `[vocabularySize]`: the output matrix applied to what enters it.
    package var earlyLogits: [[Float]] = []
    /// What each layer's attention read and gave at the token, where asked for.
    package var attention: [AttentionActivation] = []
    /// What follows each of the tokens just read, where asked for.
    package var distributions: [Distribution] = []
    /// What stands before the output matrix at each of the tokens just read, where asked for.
    package var hiddenStates: [[Float]] = []
    /// What follows the sequences that were decoded beside this one.
    package var companions: [Distribution] = []
    /// Length of a tangent.
    var embeddingLength: Int

    /// What follows the last token.
    package var distribution: Distribution {
        distributions.last ?? Distribution(logits: logits, probabilities: probabilities)
    }

    /// With the tangents of regions that nothing has reached yet, which are zero, where no lanes were computed for them.
    func withZeroTangents(_ regionCount: Int) -> Prediction {
        guard tangents.isEmpty, regionCount > 0 else { return self }
        var prediction = self
        prediction.tangents = Array(repeating: Array(repeating: 0, count: embeddingLength), count: regionCount)
        prediction.scores = scores.map { _ in
            Array(repeating: Array(repeating: 0, count: logits.count), count: regionCount)
        }
        return prediction
    }

    /// Whether these are numbers. One logit that is none makes the sum of the softmax, and so every probability, none.
    var isFinite: Bool {
        probabilities.first?.isFinite == true && tangents.allSatisfy { $0.allSatisfy(\.isFinite) }
    }
}
