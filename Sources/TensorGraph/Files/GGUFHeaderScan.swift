/// A walk through the header of a GGUF file before ggml's reader sees it, for what that reader lets pass or can't bound:
/// names that hide something behind a NUL, and more entries than it can read in reasonable time and memory.
///
/// Whatever else is wrong ends the walk; ggml's reader then says what it is.
struct GGUFHeaderScan {
    /// ggml compares every name with every other one, so its time grows with the square: 16,384 take about a second. The
    /// largest models have some 2000 tensors and 60 keys.
    static let largestEntryCount = 16_384
    /// libllama writes every value as text when it reads a vocabulary, which takes up to nine times the value's size. A
    /// vocabulary of 262,144 tokens with 514,906 merges takes 16 MiB.
    static let largestMetadata = 64 << 20

    private let bytes: UnsafeRawBufferPointer
    private var place = 4
    private let path: String

    /// - Parameter bytes: the file, which begins with GGUF's magic number.
    static func check(_ bytes: UnsafeRawBufferPointer, path: String) throws {
        var scan = GGUFHeaderScan(bytes: bytes, path: path)
        try scan.walk()
    }

    private init(bytes: UnsafeRawBufferPointer, path: String) {
        self.bytes = bytes
        self.path = path
    }

    private mutating func walk() throws {
        guard let version = number(UInt32.self), (2...3).contains(version),
            let tensorCount = number(UInt64.self), let keyCount = number(UInt64.self)
        else { return }
        try checkCount(tensorCount, of: "tensors")
        try checkCount(keyCount, of: "keys")
        for _ in 0..<keyCount {
            guard let key = try name("key"), let type = number(UInt32.self), skipValue(of: type) else { return }
            guard place <= Self.largestMetadata else {
                throw invalid(
                    "its metadata up to '\(key)' takes \(place >> 20) MiB, at most \(Self.largestMetadata >> 20) are read"
                )
            }
        }
        for _ in 0..<tensorCount {
            guard try name("tensor") != nil, let dimensions = number(UInt32.self), dimensions <= 8,
                skip(8 * Int(dimensions) + 4 + 8)
            else { return }
        }
    }

    private func checkCount(_ count: UInt64, of what: String) throws {
        guard count <= Self.largestEntryCount else {
            throw invalid("it claims \(count) \(what), at most \(Self.largestEntryCount) are read")
        }
    }

    private mutating func name(_ kind: String) throws -> String? {
        guard let length = number(UInt64.self), let range = take(length) else { return nil }
        let characters = bytes[range]
        let name = String(decoding: characters, as: UTF8.self)
        guard !characters.contains(0) else {
            throw invalid("the name of the \(kind) '\(name)' contains a NUL, behind which another name can hide")
        }
        return name
    }

    private mutating func skipValue(of type: UInt32) -> Bool {
        if let size = Self.size(of: type) { return skip(size) }
        switch type {
        case 8: return number(UInt64.self).flatMap { take($0) } != nil
        case 9: return skipArray()
        default: return false
        }
    }

    private mutating func skipArray() -> Bool {
        guard let type = number(UInt32.self), type != 9, let count = number(UInt64.self), count <= bytes.count else {
            return false
        }
        if let size = Self.size(of: type) { return skip(size * Int(count)) }
        for _ in 0..<count where !skipValue(of: type) { return false }
        return true
    }

    /// Bytes of one number of a GGUF type; nil for strings and arrays.
    private static func size(of type: UInt32) -> Int? {
        switch type {
        case 0, 1, 7: 1
        case 2, 3: 2
        case 4, 5, 6: 4
        case 10, 11, 12: 8
        default: nil
        }
    }

    private mutating func number<Number: FixedWidthInteger>(_: Number.Type) -> Number? {
        let size = MemoryLayout<Number>.size
        guard bytes.count - place >= size else { return nil }
        defer { place += size }
        return Number(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: Number.self))
    }

    private mutating func take(_ count: UInt64) -> Range<Int>? {
        guard count <= bytes.count - place else { return nil }
        defer { place += Int(count) }
        return place..<place + Int(count)
    }

    private mutating func skip(_ count: Int) -> Bool { take(UInt64(count)) != nil }

    private func invalid(_ problem: String) -> TensorGraphError {
        .invalidFile(
            path: path, field: "header", problem: problem, remedy: "Download the model again, or use another one.")
    }
}
