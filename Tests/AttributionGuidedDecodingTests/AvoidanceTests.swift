import Foundation
import LaneEngine
import Testing

@testable import AttributionGuidedDecoding
@testable import TestFixtures

@Suite("A text to avoid is found however it is spelled")
struct SpellingAutomatonTests {
    /// Whether a text, read byte by byte from its beginning, has one of the avoided texts.
    private static func has(_ text: String, _ avoided: [String]) throws -> Bool {
        let automaton = SpellingAutomaton(try avoided.map { (text) throws in try AvoidedText(text) })
        let bytes = Array(text.utf8)
        return automaton.texts.contains { text in
            bytes.indices.contains { index in
                let before = String(decoding: bytes[..<index], as: UTF8.self).unicodeScalars.last
                return (!text.isWordBefore || !(before?.isInWord ?? false))
                    && automaton.isCompleted(by: bytes[index...], from: text.start)
            }
        }
    }

    @Test(
        "as a whole word, in any case, with any white space, composed or not",
        arguments: [
            ("coffee", "I like coffee.", true), ("coffee", "COFFEE", true), ("coffee", "Coffee's ready", true),
            ("coffee", "coffeehouse", false), ("coffee", "coffees", false), ("coffee", "decoffee", false),
            ("coffee", "coffee_cup", false), ("coffee", "(coffee)", true), ("coffee", "iced-coffee", true),
            ("coffee*", "coffeehouse", true), ("coffee*", "decoffee", false), ("*coffee", "decoffee", true),
            ("*coffee*", "decoffees", true), ("ice cream", "ice \n cream", true), ("ice cream", "icecream", false),
            (" ice  cream ", "Ice Cream", true), ("café", "cafe\u{301}", true), ("cafe\u{301}", "CAFÉ", true),
            ("cafe", "café", false), ("cafe", "cafe\u{301}", false), ("don't", "Don’t!", true),
            ("straße", "STRASSE", true), ("ёлка", "Ёлка", true), ("咖啡", "我喝咖啡吧", true), ("커피", "커피를", true),
            ("C++", "a C++ book", true), ("C++", "C+", false), ("10", "at 10:00", true), ("10", "100", false),
            ("🙂", "ok🙂ok", true), ("\u{E4}", "\u{E5}", false),
        ])
    func spellings(avoided: String, text: String, isFound: Bool) throws {
        #expect(try Self.has(text, [avoided]) == isFound)
    }

    @Test("a text without letters or signs is refused", arguments: ["", " \n", "*", "**", " * "])
    func empty(text: String) {
        #expect(throws: AvoidanceError.empty(text)) { try AvoidedText(text) }
    }
}

@Suite("Avoided texts are never said")
struct AvoidanceTests {
    private static let prompt: [ChatMessage] = [
        .system("Reply in English, please."), .user("What do you know about Inga?"),
    ]

    private static func text(
        _ model: LanguageModel, _ strategy: any DecodingStrategy, avoiding words: [String], count: Int = 40
    ) async throws -> (text: String, avoidedSteps: Int) {
        let constraints = DecodingConstraints(avoided: try words.map { (word) throws in try AvoidedText(word) })
        let generation = try model.generate(
            model.prompt(prompt), strategy: strategy, limits: .init(maximumTokens: count), constraints: constraints)
        var (text, avoidedSteps) = ("", 0)
        for try await step in generation {
            text += step.text
            avoidedSteps += step.avoided == nil ? 0 : 1
        }
        return (text, avoidedSteps)
    }

    /// As Python's `\b`, for text in ASCII.
    private static func words(_ text: String) -> [String] {
        text.lowercased().split { !($0.isLetter || $0.isNumber || $0 == "_") }.map(String.init)
    }

    @Test("by any method, each word of what the model would say in its turn")
    func methods() async throws {
        let model = try LanguageModel(path: Repository.model)
        let prompt = try model.prompt(Self.prompt)
        let strategies: [any DecodingStrategy] = [
            Greedy(), Sampling(),
            AttributionGuided(region: try prompt.region("system"), entropyThreshold: nil),
            try LayerContrast(model), ContextAware(without: prompt),
        ]
        for strategy in strategies {
            var avoided: [String] = []
            for _ in 0..<3 {
                let (text, count) = try await Self.text(model, strategy, avoiding: avoided)
                let said = Self.words(text)
                #expect(avoided.allSatisfy { !said.contains($0) }, "\(strategy.name): \(avoided) in \(text)")
                #expect(count > 0 || avoided.isEmpty || strategy.name == "sample", "\(strategy.name): \(text)")
                guard let next = said.first(where: { $0.count > 1 && !avoided.contains($0) }) else { break }
                avoided.append(next)
            }
            #expect(!avoided.isEmpty)
        }
    }

    @Test("whatever tokens they are divided into: every way to spell a word ends before it is said")
    func everyTokenisation() throws {
        let model = try LanguageModel(path: Repository.model)
        let tokenizer = try #require(model.tokenizer)
        let word = "garden"
        let beginning = AvoidanceState([try AvoidedText(word)], tokenizer: tokenizer, after: [])
        // All tokens by what they say, to spell the word with.
        var tokens: [[UInt8]: [Int]] = [:]
        for token in 0..<tokenizer.tokenCount { tokens[tokenizer.bytes(of: token), default: []].append(token) }
        var endings = 0
        func spell(_ state: AvoidanceState, _ rest: ArraySlice<UInt8>) {
            for count in 1...rest.count {
                for token in tokens[Array(rest.prefix(count))] ?? [] {
                    let isLast = count == rest.count
                    #expect(state.forbidden.contains(token) == isLast, "\(tokenizer.text(of: token))")
                    if isLast {
                        endings += 1
                    } else {
                        var next = state
                        next.append(token)
                        spell(next, rest.dropFirst(count))
                    }
                }
            }
        }
        for spelling in [word, " " + word, "Garden", ". GARDEN"] { spell(beginning, Array(spelling.utf8)[...]) }
        #expect(endings > 20)
        // Within a longer word its pieces are free.
        for before in ["x", "rain_"] {
            var state = beginning
            for token in try tokenizer.tokenize(before) { state.append(token) }
            for token in tokens[Array("garden".utf8)] ?? tokens[Array("n".utf8)] ?? [] {
                #expect(!state.forbidden.contains(token))
            }
        }
    }

    @Test("also where the prompt has begun the word")
    func prompt() throws {
        let model = try LanguageModel(path: Repository.model)
        let tokenizer = try #require(model.tokenizer)
        let state = AvoidanceState(
            [try AvoidedText("garden")], tokenizer: tokenizer, after: try tokenizer.tokenize("in the gar"))
        let rest = (0..<tokenizer.tokenCount).filter { tokenizer.bytes(of: $0) == Array("den".utf8) }
        #expect(rest.allSatisfy(state.forbidden.contains))
        #expect(!rest.isEmpty)
    }

    @Test("where nothing else is left it is told")
    func nothingLeft() async throws {
        let model = try LanguageModel(path: Repository.model)
        let constraints = DecodingConstraints(
            avoided: [try AvoidedText("garden")], grammar: Grammar(gbnf: #"root ::= "garden""#))
        let generation = try model.generate(
            model.prompt(Self.prompt), strategy: Greedy(), limits: .init(maximumTokens: 8), constraints: constraints)
        await #expect(throws: AvoidanceError.nothingLeft) { for try await _ in generation {} }
    }
}
