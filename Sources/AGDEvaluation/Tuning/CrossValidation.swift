/// What it brings to choose among methods: each item is scored by the method that is the best on items of other folds, so that
/// no item has a say in the choice it is used to judge.
struct CrossValidation {
    /// Of each item, under the method that was chosen without it.
    let scores: [Double]
    /// The method that is the best on all items; of equals the first.
    let best: Int

    /// - Parameters:
    ///   - scores: `[method][item]`.
    ///   - foldCount: folds, which the items are dealt out to in turn.
    init(_ scores: [[Double]], foldCount: Int = 5) {
        let items = scores.first?.indices ?? 0..<0
        self.scores = items.map { item in
            scores[Self.best(of: scores, on: items.filter { $0 % foldCount != item % foldCount })][item]
        }
        best = Self.best(of: scores, on: Array(items))
    }

    private static func best(of scores: [[Double]], on items: [Int]) -> Int {
        let sums = scores.map { own in items.reduce(0) { $0 + own[$1] } }
        // Sums of the same numbers in the same order: equal means have equal sums.
        return sums.indices.reduce(0) { sums[$1] > sums[$0] ? $1 : $0 }
    }
}
