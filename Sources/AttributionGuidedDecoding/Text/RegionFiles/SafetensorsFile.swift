import Foundation

/// Tensors of numbers in a `.safetensors` file: the length of a header, the header (JSON: each tensor's type, shape and bytes), the bytes.
/// They are read from the file as they are asked for.
struct SafetensorsFile {
    /// Where a tensor lies.
    struct Tensor {
        let name: String
        let shape: [Int]
        fileprivate let type: ElementType
        fileprivate let start: Int
    }

    fileprivate enum ElementType: String {
        case float16 = "F16"
        case bfloat16 = "BF16"
        case float32 = "F32"
        case float64 = "F64"

        var width: Int {
            switch self {
            case .float16, .bfloat16: 2
            case .float32: 4
            case .float64: 8
            }
        }
    }

    let path: String
    private let data: Data
    private let header: JSONValue
    private let headerEnd: Int

    /// - Throws: ``RegionError/file(path:problem:)``.
    init(path: String) throws(RegionError) {
        func invalid(_ problem: String) -> RegionError { .file(path: path, problem: problem) }
        self.path = path
        do { data = try Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe) } catch {
            throw invalid("can't be read: \(error.localizedDescription)")
        }
        let length = data.count < 8 ? nil : Int(exactly: Self.number(data, at: 0, width: 8))
        guard let length, length <= data.count - 8 else {
            throw invalid("header: the file is no safetensors file, or ends inside its header")
        }
        headerEnd = 8 + length
        do { header = try JSONParser.parse(Array(data[8..<headerEnd])) } catch { throw invalid("header: \(error)") }
        guard header.members != nil else { throw invalid("header: is \(header.kind), expected an object") }
    }

    /// The first tensor of these names; nil where the file has none of them.
    /// - Throws: ``RegionError/file(path:problem:)`` for one of another type, or whose bytes the file doesn't have.
    func tensor(_ names: [String]) throws(RegionError) -> Tensor? {
        guard let name = names.first(where: { header[$0] != nil }), let entry = header[name] else { return nil }
        func invalid(_ problem: String) -> RegionError { .file(path: path, problem: "tensor \(name): \(problem)") }
        let typeName = entry["dtype"]?.string ?? ""
        guard let type = ElementType(rawValue: typeName) else {
            throw invalid("dtype: is '\(typeName)', expected F32, F16, BF16 or F64")
        }
        let shape = (entry["shape"]?.array ?? []).map(\.integer)
        let bounds = (entry["data_offsets"]?.array ?? []).compactMap(\.integer)
        var count = 1
        for extent in shape {
            guard let extent, (1...(1 << 28)).contains(extent), count <= 1 << 36 else {
                throw invalid("shape: is not one of a tensor that this could be")
            }
            count *= extent
        }
        guard bounds.count == 2, bounds[0] >= 0, bounds[0] <= bounds[1], bounds[1] <= data.count - headerEnd,
            bounds[1] - bounds[0] == count * type.width
        else { throw invalid("data_offsets: are not those of \(count) numbers inside the file") }
        return Tensor(name: name, shape: shape.compactMap { $0 }, type: type, start: headerEnd + bounds[0])
    }

    /// Some of a tensor's elements, counted in C's order; each number is less than there are.
    func elements(of tensor: Tensor, at places: some Sequence<Int>) -> [Float] {
        let width = tensor.type.width
        return places.map { place in
            let bits = Self.number(data, at: tensor.start + place * width, width: width)
            return switch tensor.type {
            case .float16: Float(float16Bits: Int(bits))
            case .bfloat16: Float(bitPattern: UInt32(bits) << 16)
            case .float32: Float(bitPattern: UInt32(bits))
            case .float64: Float(Double(bitPattern: bits))
            }
        }
    }

    /// A little-endian number.
    private static func number(_ data: Data, at start: Int, width: Int) -> UInt64 {
        (0..<width).reduce(UInt64(0)) { $0 | UInt64(data[data.startIndex + start + $1]) << UInt64(8 * $1) }
    }
}
