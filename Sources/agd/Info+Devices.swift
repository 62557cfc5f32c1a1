import ArgumentParser
import AttributionGuidedDecoding

extension Info {
    func deviceReport() throws -> DeviceReport {
        guard let model else { return DeviceReport() }
        return try DeviceReport(try deviceOptions.load(model), threadCount: ModelOptions.threadCount(nil))
    }
}

extension DeviceReport {
    var table: TextTable {
        let ofModel = devices.contains { $0.layers != nil }
        return TextTable(
            ["device", "what", "memory", "free"]
                + (ofModel ? ["layers", "operations a token", "network bytes a token", "left to the CPU"] : []),
            devices.map { $0.row + (ofModel ? $0.modelRow : []) })
    }
}

extension DeviceReport.Entry {
    fileprivate var row: [String] {
        func size(_ byteCount: Int?) -> String { byteCount.map { "\($0 / 1_048_576) MiB" } ?? "unknown" }
        return [name, model, size(totalMemory), size(freeMemory)]
    }

    fileprivate var modelRow: [String] {
        let held = (layers.flatMap { Self.range($0) } ?? []) + (hasOutput == true ? ["output"] : [])
        let missing = (missingOperations ?? [:]).sorted { $0.key < $1.key }.map { "\($0.key) × \($0.value)" }
        return [
            held.isEmpty ? "none" : held.joined(separator: ", "), Self.pair(operationCount, guidedOperationCount),
            Self.pair(networkBytes, guidedNetworkBytes),
            missing.joined(separator: ", "),
        ]
    }

    private static func pair(_ greedy: Int?, _ guided: Int?) -> String {
        guard let greedy, let guided else { return "" }
        return "\(greedy), guided \(guided)"
    }

    /// Such as `0-11`.
    private static func range(_ layers: [Int]) -> [String]? {
        guard let first = layers.first, let last = layers.last else { return nil }
        return [first == last ? "\(first)" : "\(first)-\(last)"]
    }
}
