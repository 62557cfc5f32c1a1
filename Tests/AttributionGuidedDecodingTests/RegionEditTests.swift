import Foundation
import Testing

@testable import AttributionGuidedDecoding
@testable import LaneEngine
@testable import TestFixtures

@Suite("A region's text can be taken out or emphasised")
struct RegionEditTests {
    private static let model = Result { try LanguageModel(path: Repository.model) }
    private static let stress = RegionEdit.emphasize("Mind: ")
    private static let conversation: [ChatMessage] = [
        .system("Reply in English, please. Reply briefly."), .user("What is a wolf?"),
    ]

    private func edited(
        _ edit: RegionEdit, _ specifications: String..., in messages: [ChatMessage] = conversation
    ) throws -> [String] {
        let model = try Self.model.get()
        let prompt = try model.prompt(
            model.prompt(messages), edit, of: specifications.map { try RegionSpecification($0) })
        let text = Array((prompt.text ?? "").utf8)
        return prompt.messages.map { "\($0.role): " + String(decoding: text[$0.bytes], as: UTF8.self) }
    }

    private func edited(_ text: String, _ edit: RegionEdit, _ specifications: [String]) throws -> String? {
        let model = try Self.model.get()
        return try model.prompt(
            model.prompt(text: text), edit, of: specifications.map { try RegionSpecification($0) }
        ).text
    }

    @Test("A default system message stands in for the conversation's own")
    func defaultSystemMessage() throws {
        let model = try Self.model.get()
        let prompt = try model.promptWithDefaultSystemMessage(model.prompt(Self.conversation))
        // Microcosm's template has none of its own.
        #expect(
            prompt.text
                == (try model.prompt([.system("You are a helpful assistant.")] + Self.conversation.dropFirst()).text))
        let own = try model.chatTemplate(
            source:
                "{% if messages[0].role != 'system' %}Be kind.\n{% endif %}{% for m in messages %}{{ m.content }}\n{% endfor %}"
        )
        let edited = try model.promptWithDefaultSystemMessage(model.prompt(Self.conversation, template: own))
        #expect(edited.text == "Be kind.\nWhat is a wolf?\n")
        #expect(throws: PromptError.noSystemMessage) {
            try model.promptWithDefaultSystemMessage(model.prompt([.user("What is a wolf?")]))
        }
        #expect(throws: PromptError.noSystemMessage) {
            try model.promptWithDefaultSystemMessage(model.prompt(text: "What is a wolf?"))
        }
    }

    @Test("A message that is removed is no message any more, but the last one stays, empty")
    func wholeMessages() throws {
        #expect(try edited(.remove, "system") == ["user: What is a wolf?"])
        #expect(
            try edited(.remove, "message:1") == ["system: Reply in English, please. Reply briefly.", "user: "])
        let cat = [ChatMessage.user("A cat."), .assistant("Yes."), .user("A cat.")]
        #expect(try edited(.remove, "user", in: cat) == ["assistant: Yes.", "user: "])
    }

    @Test("Every occurrence of a text is edited, and nothing else")
    func occurrences() throws {
        #expect(
            try edited(.remove, "text:\"Reply \"") == ["system: in English, please. briefly.", "user: What is a wolf?"])
        #expect(
            try edited(Self.stress, "text:Reply", "user") == [
                "system: Mind: Reply in English, please. Mind: Reply briefly.", "user: Mind: What is a wolf?",
            ])
        #expect(try edited("Ein Wölfchen, 12 Füchse", .remove, ["regex:\\d+ F"]) == "Ein Wölfchen, üchse")
    }

    @Test("Texts that overlap or touch are one, in whatever order they are named")
    func overlaps() throws {
        for specifications in [
            ["text:abc", "text:cde"], ["text:cde", "text:ab"], ["text:de", "text:bcd", "text:ab"],
        ] {
            #expect(try edited("x abcde y", .remove, specifications) == "x  y")
            #expect(try edited("x abcde y", Self.stress, specifications) == "x Mind: abcde y")
        }
        let model = try Self.model.get()
        let text = "The wolf sleeps by the meadow."
        let count = try model.prompt(text: text).tokens.count
        #expect(count > 3)
        #expect(try edited(text, Self.stress, ["tokens:0..<\(count)"]) == "Mind: " + text)
    }

    @Test("What should be drawn on less is left as it is")
    func negativeWeights() throws {
        #expect(try edited(.remove, "system", "text:wolf=-1") == ["user: What is a wolf?"])
        #expect(try edited(Self.stress, "system=-0.5") == edited(.remove, "user=-1"))
    }

    @Test("A prompt of tokens loses the region's tokens; words can't be put into it")
    func tokens() throws {
        let model = try Self.model.get()
        let prompt = try model.prompt(tokens: [5, 6, 7, 8])
        let region = [try RegionSpecification("tokens:1..<3")]
        #expect(try model.prompt(prompt, .remove, of: region).tokens == [5, 8])
        #expect(throws: RegionError.noText(specification: region[0].description)) {
            try model.prompt(prompt, Self.stress, of: region)
        }
    }

    @Test("Regions that are no text, and regions that the prompt doesn't have, are errors")
    func errors() throws {
        for specification in ["heads:0.0", "text:absent", "message:7", "tool", "tokens:0..<9999"] {
            for edit in [RegionEdit.remove, Self.stress] {
                #expect(throws: RegionError.self, "\(specification)") { try edited(edit, specification) }
            }
        }
    }
}
