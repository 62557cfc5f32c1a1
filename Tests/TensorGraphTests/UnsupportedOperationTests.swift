import CLlama
import Testing

@testable import TensorGraph

@Suite("What no processor can do is refused before it is computed")
struct UnsupportedOperationTests {
    @Test("writing rows of a type that can't be made from numbers")
    func rows() throws {
        let buffer = try TensorBuffer(
            [(ElementType(raw: GGML_TYPE_IQ2_XXS), [256, 4])], on: .cpu, purpose: "a cache")
        let graph = try Graph(capacity: 16)
        let row = graph.input(.float32, 256, 1, name: "row")
        let index = graph.input(.int64, 1, name: "index")
        graph.include(graph.writeRows(row, into: buffer.tensors[0], at: index))
        let stream = try ComputeStream(devices: [], threadCount: 1)

        let error = #expect(throws: TensorGraphError.self) { try GraphPlan(graph, on: stream) }

        #expect(error == .unsupportedOperation(operation: "SET_ROWS iq2_xxs", device: "CPU"))
        #expect(error?.description.hasPrefix("CPU can't do SET_ROWS iq2_xxs") == true)
    }

    @Test("an operation without a home that nobody knows")
    func product() throws {
        let graph = try Graph(capacity: 16)
        let columns = graph.input(.int32, 32, 4, name: "columns")
        let matrix = graph.input(.float32, 32, 8, name: "matrix")
        graph.output(graph.multiplyMatrix(matrix, columns))
        let stream = try ComputeStream(devices: [], threadCount: 1)

        let error = #expect(throws: TensorGraphError.self) { try GraphPlan(graph, on: stream) }

        #expect(error == .unsupportedOperation(operation: "MUL_MAT f32", device: "No processor here"))
    }
}
