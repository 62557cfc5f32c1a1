/// How many tokens two texts share, counted with repetitions.
struct TokenOverlap {
    let shared: Int
    let prediction: Int
    let gold: Int

    init(prediction: [PythonText], gold: [PythonText]) {
        var left: [PythonText: Int] = [:]
        for token in gold { left[token, default: 0] += 1 }
        var shared = 0
        for token in prediction {
            if let count = left[token], count > 0 {
                left[token] = count - 1
                shared += 1
            }
        }
        self.shared = shared
        self.prediction = prediction.count
        self.gold = gold.count
    }

    /// Shares from 0 to 1; 0 when nothing is shared.
    var precision: Double { shared == 0 ? 0 : Double(shared) / Double(prediction) }
    var recall: Double { shared == 0 ? 0 : Double(shared) / Double(gold) }
    var f1: Double { shared == 0 ? 0 : 2 * precision * recall / (precision + recall) }
}
