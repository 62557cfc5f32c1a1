/// Typed, checked access to the metadata of a model file. Keys may begin with `%`, which stands for the architecture.
///
/// The reader remembers what it was asked for, so that a key that nobody reads can't change in silence what the model was
/// meant to compute: see ``checkUnreadKeys()``.
package final class MetadataReader {
    package let metadata: GGUFMetadata
    package let architecture: String
    package private(set) var readKeys: Set<String> = []

    /// - Throws: what the file is, where it isn't a whole model.
    package init(_ metadata: GGUFMetadata) throws {
        self.metadata = metadata
        guard case .string(let name)? = metadata["general.architecture"] else {
            throw TensorGraphError.invalidFile(
                path: metadata.path, field: "general.architecture", problem: "missing or not a string",
                remedy: "Give a model file; vocabulary-only or adapter files have no architecture to run.")
        }
        architecture = name
        guard case .string(let type)? = metadata["general.type"], let (problem, remedy) = Self.otherTypes[type] else {
            return
        }
        throw invalid("general.type", "is '\(type)': \(problem)", remedy: remedy)
    }

    private static let otherTypes = [
        "adapter": ("the file is a LoRA adapter", "Give the model it belongs to; adapters are not supported."),
        "mmproj": ("the file is an encoder of images or sounds", "Give the text model it belongs to."),
        "imatrix": ("the file holds statistics for quantising a model", "Give the model itself."),
    ]

    package var path: String { metadata.path }

    package func fullKey(_ key: String) -> String { key.hasPrefix("%") ? architecture + key.dropFirst() : key }

    package func invalid(
        _ key: String, _ problem: String,
        remedy: String = "The file is damaged or not for this program; convert it again."
    )
        -> TensorGraphError
    {
        .invalidFile(path: path, field: fullKey(key), problem: problem, remedy: remedy)
    }

    package func value(_ key: String) -> GGUFMetadata.Value? {
        let key = fullKey(key)
        readKeys.insert(key)
        return metadata[key]
    }

    /// An integer, or an array that repeats one integer for every layer.
    package func optionalInteger(_ key: String, in range: ClosedRange<Int>) throws -> Int? {
        guard let value = value(key) else { return nil }
        let number: Int
        switch value {
        case .integer(let integer): number = integer
        case .integers(let integers):
            guard let first = integers.first, integers.allSatisfy({ $0 == first }) else {
                throw invalid(key, "differs from layer to layer", remedy: "Such models are not supported.")
            }
            number = first
        default: throw invalid(key, "is a \(value.typeName), expected an integer")
        }
        guard range.contains(number) else {
            throw invalid(key, "is \(number), expected \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// A number for each of `count` layers, from an array of so many or from one number for all.
    package func integers(_ key: String, count: Int, in range: ClosedRange<Int>) throws -> [Int]? {
        guard case .integers(let integers)? = value(key) else {
            return try optionalInteger(key, in: range).map { Array(repeating: $0, count: count) }
        }
        guard integers.count == count else {
            throw invalid(key, "has \(integers.count) values for \(count) layers")
        }
        if let number = integers.first(where: { !range.contains($0) }) {
            throw invalid(key, "has \(number) in it, expected \(range.lowerBound) to \(range.upperBound)")
        }
        return integers
    }

    package func integer(_ key: String, in range: ClosedRange<Int>) throws -> Int {
        guard let value = try optionalInteger(key, in: range) else { throw invalid(key, "is missing") }
        return value
    }

    /// - Parameter unset: a number that means the same as a missing key, as in files that llama.cpp writes itself.
    package func optionalFloat(_ key: String, in range: ClosedRange<Double>, unset: Double? = nil) throws -> Double? {
        guard let value = value(key) else { return nil }
        let number: Double
        switch value {
        case .float(let float): number = float
        case .integer(let integer): number = Double(integer)
        default: throw invalid(key, "is a \(value.typeName), expected a number")
        }
        if number == unset { return nil }
        guard range.contains(number) else {
            throw invalid(key, "is \(number), expected \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    package func float(_ key: String, in range: ClosedRange<Double>) throws -> Double {
        guard let value = try optionalFloat(key, in: range) else { throw invalid(key, "is missing") }
        return value
    }

    package func optionalBool(_ key: String) throws -> Bool? {
        guard let value = value(key) else { return nil }
        guard case .bool(let bool) = value else { throw invalid(key, "is a \(value.typeName), expected a bool") }
        return bool
    }

    /// Text that is only shown, with U+FFFD for what isn't UTF-8.
    package func optionalDescription(_ key: String) throws -> String? {
        if case .malformedText(let text) = value(key) { return text }
        return try optionalString(key)
    }

    package func optionalString(_ key: String) throws -> String? {
        guard let value = value(key) else { return nil }
        guard case .string(let string) = value else { throw invalid(key, "is a \(value.typeName), expected a string") }
        return string
    }

    /// For each layer whether something holds, from an array of one number or bool a layer; nil where there is no array.
    package func optionalFlags(_ key: String, count: Int) throws -> [Bool]? {
        let flags: [Bool]
        switch value(key) {
        case .integers(let integers)?: flags = integers.map { $0 != 0 }
        case .bools(let bools)?: flags = bools
        default: return nil
        }
        guard flags.count == count else {
            throw invalid(key, "has \(flags.count) values for \(count) layers")
        }
        return flags
    }

    /// Refuses a number that is neither `expected` nor 0, which is how llama.cpp writes "not set": for keys that llama.cpp
    /// doesn't read for this family, or reads only where layers differ.
    package func require(_ key: String, toBe expected: Double) throws {
        let range = -Double.greatestFiniteMagnitude...Double.greatestFiniteMagnitude
        guard let number = try optionalFloat(key, in: range, unset: 0) else { return }
        guard abs(number - expected) <= 1e-5 * abs(expected) else {
            throw invalid(
                key, "is \(number), but \(architecture) models have \(expected)",
                remedy: "Such models are not supported.")
        }
    }
}
