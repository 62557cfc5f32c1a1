/// Typed, checked access to the metadata of a model file. Keys may begin with `%`, which stands for the architecture.
package struct MetadataReader {
    package let file: GGUFFile
    package let architecture: String

    package init(_ file: GGUFFile) throws {
        self.file = file
        guard case .string(let name)? = file.metadata["general.architecture"] else {
            throw TensorGraphError.invalidFile(
                path: file.path, field: "general.architecture", problem: "missing or not a string",
                remedy: "Give a model file; vocabulary-only or adapter files have no architecture to run.")
        }
        architecture = name
    }

    package func fullKey(_ key: String) -> String { key.hasPrefix("%") ? architecture + key.dropFirst() : key }

    package func invalid(
        _ key: String, _ problem: String,
        remedy: String = "The file is damaged or not for this program; convert it again."
    )
        -> TensorGraphError
    {
        .invalidFile(path: file.path, field: fullKey(key), problem: problem, remedy: remedy)
    }

    /// An integer, or an array that repeats one integer for every layer.
    package func optionalInteger(_ key: String, in range: ClosedRange<Int>) throws -> Int? {
        guard let value = file.metadata[fullKey(key)] else { return nil }
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

    package func integer(_ key: String, in range: ClosedRange<Int>) throws -> Int {
        guard let value = try optionalInteger(key, in: range) else { throw invalid(key, "is missing") }
        return value
    }

    package func optionalFloat(_ key: String, in range: ClosedRange<Double>) throws -> Double? {
        guard let value = file.metadata[fullKey(key)] else { return nil }
        let number: Double
        switch value {
        case .float(let float): number = float
        case .integer(let integer): number = Double(integer)
        default: throw invalid(key, "is a \(value.typeName), expected a number")
        }
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
        guard let value = file.metadata[fullKey(key)] else { return nil }
        guard case .bool(let bool) = value else { throw invalid(key, "is a \(value.typeName), expected a bool") }
        return bool
    }

    package func optionalString(_ key: String) throws -> String? {
        guard let value = file.metadata[fullKey(key)] else { return nil }
        guard case .string(let string) = value else { throw invalid(key, "is a \(value.typeName), expected a string") }
        return string
    }
}
