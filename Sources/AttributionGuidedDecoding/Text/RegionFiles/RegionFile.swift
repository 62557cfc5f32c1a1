import Foundation

/// Heads and neurons in a JSON file: `{"heads": [{"layer": 3, "head": 5, "weight": 1}, …], "neurons": [{"layer": 3, "index": 70}, …],
/// "groups": {"french": [{"layer": 3, "index": 70}, …], …}}`, of which each may be missing, or an array of one of them alone.
enum RegionFile {
    /// - Throws: ``RegionError/file(path:problem:)``.
    static func heads(path: String) throws(RegionError) -> [RegionOfInterest.Head: Double] {
        let parts = try parts(try read(path)["heads"], "heads", number: "head", path: path)
        return Dictionary(
            parts.map { (.init(layer: $0.layer, head: $0.number), $0.weight) }, uniquingKeysWith: +)
    }

    /// - Parameter group: one of the file's groups; without it the file's neurons, or where it has none those of all groups.
    /// - Throws: ``RegionError/file(path:problem:)``.
    static func neurons(path: String, group: String?) throws(RegionError) -> [RegionOfInterest.Neuron: Double] {
        let file = try read(path)
        let groups = file["groups"]?.members ?? []
        var lists: [(field: String, value: JSONValue?)] = []
        if let group {
            guard let found = groups.last(where: { $0.key == group }) else {
                let names = groups.map { "'\($0.key)'" }.joined(separator: ", ")
                throw .file(
                    path: path,
                    problem: "groups: there is no '\(group)'" + (names.isEmpty ? "" : "; there are \(names)"))
            }
            lists = [("groups.\(group)", found.value)]
        } else if file["neurons"] != nil || groups.isEmpty {
            lists = [("neurons", file["neurons"])]
        } else {
            lists = groups.map { ("groups.\($0.key)", $0.value) }
        }
        var neurons: [RegionOfInterest.Neuron: Double] = [:]
        for (field, value) in lists {
            for part in try parts(value, field, number: "index", path: path) {
                neurons[.init(layer: part.layer, index: part.number), default: 0] += part.weight
            }
        }
        return neurons
    }

    /// The file's object; an array stands for whatever list is wanted.
    private static func read(_ path: String) throws(RegionError) -> JSONValue {
        var data: Data
        do { data = try Data(contentsOf: URL(fileURLWithPath: path)) } catch {
            throw .file(path: path, problem: "can't be read: \(error.localizedDescription)")
        }
        if data.starts(with: [0xEF, 0xBB, 0xBF]) { data = Data(data.dropFirst(3)) }
        let value: JSONValue
        let expected =
            "expected {\"heads\": [{\"layer\": 3, \"head\": 5}, ...]} or {\"neurons\": [{\"layer\": 3, \"index\": 70}, ...]}"
        do { value = try JSONParser.parse(Array(data)) } catch {
            throw .file(path: path, problem: "\(error); \(expected)")
        }
        guard value.array != nil || value.members != nil else {
            throw .file(path: path, problem: "is \(value.kind), \(expected)")
        }
        return value.array == nil ? value : ["heads": value, "neurons": value]
    }

    private typealias Part = (layer: Int, number: Int, weight: Double)

    private static func parts(
        _ list: JSONValue?, _ field: String, number: String, path: String
    ) throws(RegionError) -> [Part] {
        let example = "{\"layer\": 3, \"\(number)\": 5}"
        guard let entries = list?.array else {
            let found = list.map { "is \($0.kind)" } ?? "is missing"
            throw .file(path: path, problem: "\(field): \(found), expected an array of objects such as \(example)")
        }
        guard !entries.isEmpty else {
            throw .file(path: path, problem: "\(field): names no \(number == "head" ? "heads" : "neurons")")
        }
        var parts: [Part] = []
        for (index, entry) in entries.enumerated() {
            func count(_ key: String) throws(RegionError) -> Int {
                guard let count = entry[key]?.integer, count >= 0 else {
                    throw .file(
                        path: path,
                        problem: "\(field)[\(index)].\(key): "
                            + (entry[key].map { "is \($0.text), not a number from 0" } ?? "is missing")
                            + ", expected such as \(example)")
                }
                return count
            }
            let weight = entry["weight"].map(\.double) ?? 1
            guard let weight, weight.isFinite else {
                throw .file(
                    path: path,
                    problem: "\(field)[\(index)].weight: is \(entry["weight"]?.text ?? ""), not a finite number")
            }
            parts.append((try count("layer"), try count(number), weight))
        }
        return parts
    }
}
