import Foundation
import TensorGraph

/// Directions of the residual stream in a file: a control vector as repeng and llama.cpp write it (GGUF, a tensor `direction.N` for
/// the residual stream behind layer N), or a NumPy array, one row for each layer or a vector for one.
enum DirectionFile {
    /// - Parameter layer: the only layer that is wanted; nil for all that the file has.
    /// - Throws: ``RegionError/file(path:problem:)``.
    static func read(path: String, layer: Int?) throws(RegionError) -> [RegionOfInterest.Direction: Double] {
        let rows = path.hasSuffix(".npy") ? try numpyRows(path, layer: layer) : try controlVector(path)
        let wanted = rows.filter { layer == nil || $0.layer == layer }
        guard !wanted.isEmpty else {
            throw .file(
                path: path, problem: layer.map { "has no direction for layer \($0)" } ?? "has no directions")
        }
        for row in wanted {
            guard row.vector.allSatisfy(\.isFinite) else {
                throw .file(path: path, problem: "\(row.field): holds a number that is not finite")
            }
        }
        let directions = wanted.filter { $0.vector.contains { $0 != 0 } }
        guard !directions.isEmpty else { throw .file(path: path, problem: "\(wanted[0].field): is all zeros") }
        return Dictionary(
            directions.map { (RegionOfInterest.Direction(layer: $0.layer, vector: $0.vector), 1) },
            uniquingKeysWith: +)
    }

    private typealias Row = (layer: Int, vector: [Float], field: String)

    private static func controlVector(_ path: String) throws(RegionError) -> [Row] {
        let file: GGUFFile
        do { file = try GGUFFile.open(path: path).file } catch TensorGraphError.invalidFile(
            _, let field, let problem, _)
        {
            throw .file(
                path: path,
                problem: "\(field): \(problem); a direction is a control vector (GGUF) or a NumPy array named .npy")
        } catch {
            throw .file(path: path, problem: "\(error)")
        }
        var rows: [Row] = []
        for (name, tensor) in file.tensors.sorted(by: { $0.key < $1.key }) {
            guard name.hasPrefix("direction.") else { continue }
            guard let layer = Int(name.dropFirst("direction.".count)), layer >= 0 else {
                throw .file(path: path, problem: "tensor \(name): names no layer")
            }
            guard tensor.elementCount == tensor.shape[0] else {
                throw .file(path: path, problem: "tensor \(name): is no vector; its shape is \(tensor.shape)")
            }
            rows.append((layer, file.row(0, of: tensor), "tensor \(name)"))
        }
        return rows
    }

    private static func numpyRows(_ path: String, layer: Int?) throws(RegionError) -> [Row] {
        let array = try NumPyArray(path: path)
        switch array.shape.count {
        case 1:
            guard let layer else {
                throw .file(
                    path: path, problem: "shape: is one vector; say behind which layer it lies: direction:12@\(path)")
            }
            return [(layer, array.elements, "the array")]
        case 2:
            return array.elements.split(into: max(1, array.shape[1])).enumerated().map {
                ($0.offset, $0.element, "row \($0.offset)")
            }
        default:
            throw .file(
                path: path,
                problem: "shape: is \(array.shape), expected [width], or [layers, width] with a row for each layer")
        }
    }
}
