import Foundation
import Testing

@Suite("agd info --devices")
struct DeviceCommandTests {
    private struct Report: Decodable {
        struct Device: Decodable {
            var name, model: String
            var totalMemory: Int?
            var layers: [Int]?
            var hasOutput: Bool?
            var operationCount, guidedOperationCount: Int?
        }
        var devices: [Device]
    }

    private static func report(_ arguments: [String]) async throws -> Report {
        let result = try await Command.run(["info", "--devices", "--json"] + arguments)
        #expect(result.status == 0, "\(result.standardError)")
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(Report.self, from: Data(result.standardOutput.utf8))
    }

    @Test("It tells what there is to compute on, the CPU last")
    func devices() async throws {
        let cpu = try #require(try await Self.report([]).devices.last)
        #expect(cpu.name == "CPU" && (cpu.totalMemory ?? 0) > 0 && cpu.layers == nil)
    }

    @Test(
        "With a model it tells what lies where, and how many operations a step has there, which lanes don't change on the CPU"
    )
    func model() async throws {
        let cpu = try #require(try await Self.report([Command.oracle("llama")]).devices.last)
        #expect(cpu.layers == [0, 1, 2, 3] && cpu.hasOutput == true)
        let greedy = try #require(cpu.operationCount)
        let guided = try #require(cpu.guidedOperationCount)
        // More than the lanes' weights are multiplied at the start there isn't to do.
        #expect(greedy > 10 && guided <= greedy + 2)
    }
}
