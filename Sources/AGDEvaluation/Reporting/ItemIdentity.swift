/// Tells whether lines of several runs are of the same item: one at the same place of the same data file, whatever the
/// file is called and in whatever order the files were given.
///
/// Runs of earlier versions don't say which item a line is. Beside one of them items are told apart by setting and id, which
/// then has to be unique.
struct ItemIdentity {
    private let knowsPlaces: Bool

    /// - Throws: ``EvaluationError`` naming an id that leaves open which item is meant.
    init(_ runs: [RunFile]) throws(EvaluationError) {
        knowsPlaces = runs.allSatisfy { run in run.samples.allSatisfy { $0.place != nil } }
        if knowsPlaces { return }
        for run in runs {
            var seen: Set<String> = []
            for (index, sample) in run.samples.enumerated() where !seen.insert(of(sample, in: run)).inserted {
                throw EvaluationError(
                    file: run.path, line: index + 2, field: "doc_id",
                    problem:
                        "'\(sample.docId)' is the id of another item of \(sample.task) too, and a run of an earlier "
                        + "version doesn't say which is which",
                    remedy: "make that run again")
            }
        }
    }

    func of(_ sample: Sample, in run: RunFile) -> String {
        guard knowsPlaces, let place = sample.place else { return "\(sample.task)\n\(sample.docId)" }
        let data = run.settings.data[place.file]
        return "\(sample.task)\n\(data.crc32) \(data.byteCount)\n\(place.item)"
    }
}
