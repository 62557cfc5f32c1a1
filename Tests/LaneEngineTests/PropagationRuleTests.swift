import Foundation
import Testing

@testable import LaneEngine
@testable import TestFixtures

@Suite("A rule is a row of numbers with a name")
struct PropagationRuleTests {
    @Test("it is written to files as its name and read back", arguments: PropagationRule.all)
    func coding(rule: PropagationRule) throws {
        let written = try JSONEncoder().encode([rule])
        #expect(String(decoding: written, as: UTF8.self) == "[\"\(rule.name)\"]")
        #expect(try JSONDecoder().decode([PropagationRule].self, from: written) == [rule])
    }

    @Test("a name that no rule has is an error that lists the names")
    func unknownName() {
        #expect(PropagationRule("lime") == nil)
        #expect {
            try JSONDecoder().decode([PropagationRule].self, from: Data("[\"lime\"]".utf8))
        } throws: { error in
            "\(error)".contains("lime") && PropagationRule.all.allSatisfy { "\(error)".contains($0.name) }
        }
    }

    /// Three parts that let tangents pass in two ways each: any rule of ours is a choice among them, and so is this one,
    /// which has no name.
    @Test("a row that nobody has named runs in both modes, which are each other's transpose", arguments: [true, false])
    func ownRule(fused: Bool) throws {
        let own = PropagationRule(
            name: "own", norm: .derivative, activation: .ratio, gateFactor: 0.3, upFactor: 0.9, scoreFactor: 0.7,
            valueFactor: 1.3)
        let oracle = try Oracle.load("qwen3")
        let reading = try ReverseAttribution(
            Oracle.model("qwen3"), tokens: oracle.prompt, options: Oracle.reverseOptions)
        #expect(try reading.adjointErrors(rule: own, fused: fused).allSatisfy { $0 < 1e-4 })
    }
}
