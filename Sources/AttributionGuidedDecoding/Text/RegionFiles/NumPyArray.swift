import Foundation

/// An array of numbers in a `.npy` file (NumPy Enhancement Proposal 1): little-endian float16, float32 or float64, in C's order.
struct NumPyArray {
    let shape: [Int]
    let elements: [Float]

    /// - Throws: ``RegionError/file(path:problem:)`` naming the field of the header that is at fault.
    init(path: String) throws(RegionError) {
        func invalid(_ problem: String) -> RegionError { .file(path: path, problem: problem) }
        let bytes: [UInt8]
        do { bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path))) } catch {
            throw invalid("can't be read: \(error.localizedDescription)")
        }
        guard bytes.count >= 12, bytes.starts(with: [0x93] + Array("NUMPY".utf8)) else {
            throw invalid("header: is not that of a NumPy array")
        }
        // Version 1 has two bytes for the header's length, later ones four.
        let lengthBytes = bytes[6] == 1 ? 2 : 4
        let length = (0..<lengthBytes).reduce(0) { $0 | Int(bytes[8 + $1]) << (8 * $1) }
        let start = 8 + lengthBytes + length
        guard start <= bytes.count else { throw invalid("header: the file ends inside it") }
        let header = String(decoding: bytes[(8 + lengthBytes)..<start], as: UTF8.self)
        guard !Self.value(of: "fortran_order", in: header).hasPrefix("True") else {
            throw invalid("fortran_order: is True; write the array in C's order: numpy.ascontiguousarray")
        }
        let type = Self.value(of: "descr", in: header).split(separator: "'").first.map(String.init) ?? ""
        guard let width = ["<f2": 2, "<f4": 4, "<f8": 8][type] else {
            throw invalid("descr: is '\(type)', expected '<f4', '<f2' or '<f8'")
        }
        let extents = Self.value(of: "shape", in: header).dropFirst().prefix { $0 != ")" }.split(separator: ",")
            .map { Int($0.trimmingCharacters(in: .whitespaces)) }
        var count = 1
        for extent in extents {
            guard let extent, (1...(1 << 24)).contains(extent), count <= 1 << 26 else {
                throw invalid("shape: is not one of an array that this could be")
            }
            count *= extent
        }
        guard !extents.isEmpty, bytes.count - start == count * width else {
            throw invalid("data: has \(bytes.count - start) bytes, and the shape needs \(count * width)")
        }
        shape = extents.compactMap { $0 }
        elements = (0..<count).map { index in
            let first = start + index * width
            let bits = (0..<width).reduce(UInt64(0)) { $0 | UInt64(bytes[first + $1]) << UInt64(8 * $1) }
            switch width {
            case 2: return Float(float16Bits: Int(bits))
            case 4: return Float(bitPattern: UInt32(bits))
            default: return Float(Double(bitPattern: bits))
            }
        }
    }

    /// What follows a key of the header, a Python dictionary.
    private static func value(of key: String, in header: String) -> Substring {
        guard let found = header.firstRange(of: "'\(key)':") else { return "" }
        return header[found.upperBound...].drop { $0 == " " }
    }
}

extension Float {
    /// A float16 by its bits. Swift's own type isn't there on every platform.
    init(float16Bits bits: Int) {
        let (exponent, fraction) = (bits >> 10 & 31, Float(bits & 1023) / 1024)
        let sign: FloatingPointSign = bits >> 15 == 0 ? .plus : .minus
        switch exponent {
        case 0: self.init(sign: sign, exponent: -14, significand: fraction)
        case 31: self = fraction == 0 ? Float(sign: sign, exponent: 0, significand: .infinity) : .nan
        default: self.init(sign: sign, exponent: exponent - 15, significand: 1 + fraction)
        }
    }
}
