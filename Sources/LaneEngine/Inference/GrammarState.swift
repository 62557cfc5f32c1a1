import CLlama
import TensorGraph

/// Where a completion stands in a grammar; libllama reads it.
package final class GrammarState {
    private let sampler: UnsafeMutablePointer<llama_sampler>
    private let tokenizer: Tokenizer
    /// Tokens without a text of their own, which a grammar would take for their names; not those whose names it writes.
    private let controlTokens: [Int]

    /// - Parameter text: GBNF, with the rule `root`.
    /// - Throws: ``GrammarError`` for text that is no grammar, and for one that recurses to the left.
    package init(_ text: String, tokenizer: Tokenizer) throws(GrammarError) {
        guard !text.utf8.contains(0) else { throw GrammarError.malformed("it contains a null character") }
        guard !text.isEmpty else { throw GrammarError.malformed("it is empty") }
        let (sampler, report) = BackendLog.capturing { tokenizer.grammarSampler(text) }
        guard let sampler else { throw GrammarError.malformed(report) }
        self.sampler = sampler
        self.tokenizer = tokenizer
        controlTokens = (0..<tokenizer.tokenCount).filter {
            tokenizer.kind(of: $0) == .control && !tokenizer.endsGeneration($0)
                && !text.contains(tokenizer.text(of: $0))
        }
    }

    deinit { llama_sampler_free(sampler) }

    /// Makes tokens impossible that the grammar doesn't go on with; the end, too, where it isn't complete.
    /// - Returns: whether any token is left.
    package func restrict(_ logits: inout [Float]) -> Bool {
        var candidates = (0..<min(logits.count, tokenizer.tokenCount)).map {
            llama_token_data(id: llama_token($0), logit: logits[$0], p: 0)
        }
        candidates.withUnsafeMutableBufferPointer { buffer in
            var array = llama_token_data_array(
                data: buffer.baseAddress, size: buffer.count, selected: -1, sorted: false)
            llama_sampler_apply(sampler, &array)
        }
        for candidate in candidates where candidate.logit == -.infinity {
            logits[Int(candidate.id)] = Distribution.impossible
        }
        for token in controlTokens + (candidates.count..<logits.count) { logits[token] = Distribution.impossible }
        return logits.contains { $0 != Distribution.impossible }
    }

    /// The completion goes on with a token, one that ``restrict(_:)`` has left.
    package func accept(_ token: Int) {
        guard !tokenizer.endsGeneration(token) else { return }
        llama_sampler_accept(sampler, llama_token(token))
    }
}

/// A grammar that can't be followed.
public enum GrammarError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Text that is no grammar.
    case malformed(String)
    /// The vocabulary has no token that the grammar goes on with.
    case stuck
    /// The model has no vocabulary.
    case noVocabulary

    public var description: String {
        switch self {
        case .malformed(let problem): "the grammar can't be used" + (problem.isEmpty ? "; check it" : ": \(problem)")
        case .stuck: "no token of the model goes on as the grammar wants it; give another grammar"
        case .noVocabulary: "the model has no vocabulary, which a grammar needs"
        }
    }
}
