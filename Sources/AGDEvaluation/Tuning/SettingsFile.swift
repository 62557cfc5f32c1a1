import AttributionGuidedDecoding
import Foundation

/// A decoding method in a file, in the words of a request's `agd` object:
/// `{"strategy": "agd", "entropy_threshold": 1.0, "roi": ["system"]}`. Under `found` it may say how it was found; that isn't read.
public struct SettingsFile: Sendable, Hashable {
    /// How tokens are chosen.
    public var method: DecodingMethod
    /// The regions that guide where none are named.
    public var regions: [RegionSpecification]

    /// Settings to be written.
    public init(method: DecodingMethod, regions: [RegionSpecification] = []) {
        (self.method, self.regions) = (method, regions)
    }

    /// Those that come with the program by that name, else a file's.
    /// - Throws: ``EvaluationError`` that names the field.
    public init(named name: String) throws(EvaluationError) {
        let shipped = try ShippedSettings.all
        if let own = shipped.first(where: { $0.name == name }) {
            self = own.settings
        } else if name.contains("/") || FileManager.default.fileExists(atPath: name) {
            try self.init(reading: name)
        } else {
            throw EvaluationError(
                file: name, problem: "is no file, nor settings that come with agd",
                remedy: "give a file as agd tune writes it, or one of " + shipped.map(\.name).joined(separator: ", "))
        }
    }

    /// Reads a file.
    /// - Throws: ``EvaluationError`` that names the field.
    public init(reading path: String) throws(EvaluationError) {
        let root = JSONField(try InputFile.json(at: path))
        do throws(EvaluationError) { try self.init(root) } catch { throw error.located(file: path) }
    }

    init(_ root: JSONField) throws(EvaluationError) {
        regions =
            try root["roi"].optional.map { (field) throws(EvaluationError) in
                try RegionSpecification.regions(in: field)
            } ?? []
        method = try Self.method(root)
    }

    private static func method(_ root: JSONField) throws(EvaluationError) -> DecodingMethod {
        let name = try root["strategy"].string()
        guard let kind = DecodingMethod.kind(named: name) else {
            throw root["strategy"].unexpected("one of " + DecodingMethod.kinds.map(\.name).joined(separator: ", "))
        }
        var given: [String: String] = [:]
        for (key, field) in try root.members() where !["strategy", "roi", "found"].contains(key) {
            guard let option = kind.options.first(where: { $0.shortName(joinedBy: "_") == key }) else {
                throw EvaluationError(
                    field: key, problem: "is nothing that the strategy \(name) has",
                    remedy: kind.options.isEmpty
                        ? "remove it"
                        : "it has " + kind.options.map { $0.shortName(joinedBy: "_") }.joined(separator: ", "))
            }
            given[option.name] = field.value?.string ?? field.value?.text
        }
        do throws(DecodingOptionError) { return try kind.method(given) } catch {
            throw EvaluationError(problem: "\(error)", remedy: "write another value")
        }
    }

    /// The file's text, a member a line.
    /// - Parameter found: how the settings were found.
    public func text(found: JSONValue? = nil) -> String {
        var members: [JSONValue.Member] = [.init("strategy", .string(method.name))]
        let values = method.values
        for option in DecodingMethod.kind(named: method.name)?.options ?? [] {
            guard let text = values[option.name] else { continue }
            // A seed has more digits than a number of JSON is sure to keep.
            let number = option.name == "seed" ? nil : Double(text)
            members.append(.init(option.shortName(joinedBy: "_"), number.map(JSONValue.number) ?? .string(text)))
        }
        if !regions.isEmpty { members.append(.init("roi", .array(regions.map { .string($0.description) }))) }
        if let found { members.append(.init("found", found)) }
        return "{\n" + members.map { "  \($0.key.jsonQuoted): \($0.value.text)" }.joined(separator: ",\n") + "\n}\n"
    }
}
