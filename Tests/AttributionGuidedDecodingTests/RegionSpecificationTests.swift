import Testing

@testable import AttributionGuidedDecoding
@testable import LaneEngine

@Suite("Regions are written as people name them")
struct RegionSpecificationTests {
    static let bodies: [(String, RegionSpecification.Target)] = [
        ("system", .messages(.all(role: "system"))), ("user", .messages(.all(role: "user"))),
        ("assistant", .messages(.all(role: "assistant"))), ("tool", .messages(.all(role: "tool"))),
        ("message:0", .messages(.number(0))), ("message:12", .messages(.number(12))),
        ("text:\"in French\"", .text("in French")), ("text:\"\"\"", .text("\"")),
        ("text:\"a=1\"", .text("a=1")),
        ("text:\"a:b\"", .text("a:b")), ("text:\"é漢🙂\"", .text("é漢🙂")), ("text:plain", .text("plain")),
        ("text:\"\\beta\"", .firstText(["\u{8}eta", "\\beta"])), ("text:\\beta", .text("\\beta")),
        ("heads:@a file.json", .headFile(path: "a file.json")), ("tokens:3", .tokens([3..<4])),
        ("tokens:0..<12,15", .tokens([0..<12, 15..<16])),
        ("tokens:2...4", .tokens([2..<5])), ("tokens:5...5", .tokens([5..<6])),
        ("heads:3.5", .heads([.init(layer: 3, head: 5): 1])),
        ("heads:3.5,7.0", .heads([.init(layer: 3, head: 5): 1, .init(layer: 7, head: 0): 1])),
        ("neurons:3.70,7.0", .neurons([.init(layer: 3, index: 70): 1, .init(layer: 7, index: 0): 1])),
        ("neurons:@a file.json", .neuronFile(path: "a file.json", group: nil)),
        ("neurons:@a.json#in French", .neuronFile(path: "a.json", group: "in French")),
        ("direction:@v.gguf", .directionFile(path: "v.gguf", layer: nil)),
        ("direction:12@a@b.npy", .directionFile(path: "a@b.npy", layer: 12)),
        ("sae:@a folder#7,12", .dictionaryFile(path: "a folder", layer: nil, features: [7, 12])),
        ("sae:3@a#b.safetensors#0", .dictionaryFile(path: "a#b.safetensors", layer: 3, features: [0])),
    ]

    @Test("with and without a weight", arguments: [nil, 1, -0.5, 0, 2.25, 1e-3, -1e6, 3])
    func weights(weight: Double?) throws {
        for (body, target) in Self.bodies {
            let specification = try RegionSpecification(body + (weight.map { "=\($0)" } ?? ""))
            #expect(specification.target == target, "\(body)")
            #expect(specification.weight == weight ?? 1, "\(body)")
        }
    }

    @Test("An equals sign without a number behind it is text", arguments: ["a=", "a=b", "=", "a=1x", "x = y", "1=2 "])
    func equalsSigns(text: String) throws {
        #expect(try RegionSpecification("text:\(text)").target == .text(text))
    }

    @Test("Quotes keep what looks like a weight")
    func quotedWeight() throws {
        let specification = try RegionSpecification("text:\"x=2\"=-3")
        #expect(specification.target == .text("x=2"))
        #expect(specification.weight == -3)
    }

    @Test(
        "Patterns are told from other regions after parsing, however they are spelled",
        arguments: ["", "\u{301}", "\u{200D}"])
    func patterns(mark: String) throws {
        let specification = try RegionSpecification("regex:\(mark)a+")
        #expect(specification.target == .pattern(try Pattern("\(mark)a+")))
    }

    @Test(
        "A weight that is no number or beyond a million is refused",
        arguments: [.infinity, -.infinity, .nan, 1.1e6, -1e20])
    func wrongWeights(weight: Double) {
        #expect(throws: RegionError.self) { try RegionSpecification("system=\(weight)") }
        #expect(throws: RegionError.self) { try RegionSpecification(.messages(.all(role: "system")), weight: weight) }
    }

    @Test("A target that can be nowhere is refused, however it is made")
    func impossibleTargets() {
        let targets: [RegionSpecification.Target] = [
            .text(""), .messages(.number(-1)), .tokens([3..<3]), .tokens([-1..<2]), .characters(4..<4, ofMessage: 0),
            .tokens(Array(repeating: 0..<1, count: RegionSpecification.rangeLimit + 1)),
        ]
        for target in targets { #expect(throws: RegionError.self) { try RegionSpecification(target) } }
    }

    @Test("Any string is understood or refused, and never more than that")
    func anyString() {
        var generator = SeededGenerator(seed: 3)
        let alphabet = [
            "system", "text:", "regex:", "tokens:", "heads:", "neurons:", "direction:", "sae:", "#", "message:", "\"",
            "=", "-",
            "0", "1",
            "9223372036854775807", ".", "..<", "...",
            ",", "@", "é", " ", "inf", "nan", "e9", ":",
        ]
        for _ in 0..<5000 {
            let text = (0..<Int.random(in: 0...6, using: &generator)).compactMap { _ in
                alphabet.randomElement(using: &generator)
            }.joined()
            // Nothing but a RegionError can be thrown, says its type.
            guard let specification = try? RegionSpecification(text) else { continue }
            #expect(specification.weight.isFinite)
            #expect(specification.description == text)
        }
    }

    @Test("The likeliest place of a text that isn't there is where most of it is")
    func likeliestPlace() {
        let text =
            String(repeating: "Nothing here. ", count: 20) + "Answer in french, please."
            + String(repeating: " Nor here.", count: 20)
        #expect(RegionSearch.likeliestPlace(of: "Answer in Frensh", in: text).contains("Answer in french"))
        #expect(RegionSearch.likeliestPlace(of: "", in: "") == "")
        #expect(RegionSearch.likeliestPlace(of: "漢", in: "abc").count <= 3)
    }
}
