extension Sampling.Options {
    /// What a model's file recommends for draws and these options don't follow, in a sentence; nil where there is nothing.
    /// - Parameter recommended: see ``ModelConfiguration/recommendedSampling``.
    public func note(onRecommended recommended: [String: String]) -> String? {
        let departures = recommended.filter { name, value in
            // What only refines something else says nothing by itself.
            if ["xtc_threshold", "penalty_last_n", "mirostat_tau", "mirostat_eta"].contains(name) { return false }
            guard let own = setting(name), let number = Float(value) else { return true }
            return Float(own) != number
        }
        guard !departures.isEmpty else { return nil }
        let list = departures.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
        return "the model's file recommends \(list) for draws (general.sampling), which isn't followed unasked"
    }

    /// The value of what llama.cpp calls so; where it isn't implemented, the one that turns it off.
    private func setting(_ name: String) -> Double? {
        switch name {
        case "temp": temperature
        case "top_k": Double(topK)
        case "top_p": topP
        case "min_p": minP
        case "xtc_probability", "mirostat": 0
        case "penalty_repeat": 1
        default: nil
        }
    }
}
