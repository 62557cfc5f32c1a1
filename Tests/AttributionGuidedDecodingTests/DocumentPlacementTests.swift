import Testing

@testable import AttributionGuidedDecoding
@testable import LaneEngine
@testable import TestFixtures

@Suite("Documents stand where the template puts them, or before the user's last message")
struct DocumentPlacementTests {
    private static let documents = [
        ChatDocument(id: "x-1", title: "Pets", text: "Petra has a wolf."), ChatDocument(text: "It is \"kind\"."),
    ]
    private static let messages: [ChatMessage] = [.user("Hello."), .assistant("Yes?"), .user("Who has a wolf?")]

    private func prompt(_ template: String, _ messages: [ChatMessage] = messages) throws -> Prompt {
        let model = try LanguageModel(path: Repository.model)
        return try model.prompt(
            messages, template: ChatTemplate(source: template), options: TemplateOptions(documents: Self.documents))
    }

    private func texts(_ spans: [[Range<Int>]], of prompt: Prompt) -> [String] {
        let bytes = Array((prompt.text ?? "").utf8)
        return spans.map { String(decoding: $0.flatMap { bytes[$0] }, as: UTF8.self) }
    }

    @Test("a template without a place for documents gets them in the message, under their numbers")
    func plain() throws {
        let prompt = try prompt(ChatTemplateTests.chatML)
        let text = try #require(prompt.text)
        #expect(
            text.hasSuffix(
                """
                <|im_start|>user
                [1] Pets
                Petra has a wolf.

                [2] It is "kind".

                Who has a wolf?<|im_end|>
                <|im_start|>assistant

                """))
        #expect(text.contains("<|im_start|>user\nHello.<|im_end|>"))
        #expect(texts(prompt.documents.map(\.spans), of: prompt) == Self.documents.map(\.text))
        #expect(prompt.documents.map(\.document) == Self.documents)
    }

    @Test("a template with a place gets id, title and text, and messages stay as they are")
    func native() throws {
        let prompt = try prompt(
            """
            {%- for d in documents %}<doc {{ d.doc_id }}{% if d.title %} {{ d.title }}{% endif %}>{{ d.text }}</doc>
            {% endfor %}{% for m in messages %}{{ m.role }}: {{ m.content }}
            {% endfor %}
            """)
        let text = try #require(prompt.text)
        #expect(text.hasPrefix("<doc x-1 Pets>Petra has a wolf.</doc>\n<doc 2>It is \"kind\".</doc>\nuser: Hello."))
        #expect(texts(prompt.documents.map(\.spans), of: prompt) == Self.documents.map(\.text))
        #expect(texts(prompt.messages.map(\.contentSpans), of: prompt) == Self.messages.map(\.content))
    }

    @Test("a template that trims what it is given still tells where documents are")
    func trimmed() throws {
        let prompt = try prompt("{% for m in messages %}{{ m.content.split('\\n') | join(' / ') }}\n{% endfor %}")
        #expect(prompt.text?.contains("[1] Pets / Petra has a wolf. /  / [2] It is") == true)
        #expect(texts(prompt.documents.map(\.spans), of: prompt) == Self.documents.map(\.text))
    }

    @Test("a document that a message says stays there, found as it is, and templates aren't told of it")
    func said() throws {
        let messages: [ChatMessage] = [
            .user("Read it. 😀 Dogs bark."), .assistant("I did."), .user("Cats purr. What do cats do?"),
        ]
        let model = try LanguageModel(path: Repository.model)
        func said(_ message: Int, _ text: String) throws -> ChatDocument {
            let content = messages[message].content
            let found = try #require(content.range(of: text))
            let start = content[..<found.lowerBound].unicodeScalars.count
            let place = ChatDocument.Place(message: message, characters: start..<start + text.unicodeScalars.count)
            return try #require(ChatDocument(at: place, of: messages))
        }
        let documents = [try said(2, "Cats purr."), Self.documents[0], try said(0, "😀 Dogs bark.")]
        for template in [
            ChatTemplateTests.chatML,
            "{{ documents | length }}{% for d in documents %}{{ d.text }}{% endfor %}{% for m in messages %}{{ m.content | trim }} {% endfor %}",
        ] {
            let prompt = try model.prompt(
                messages, template: ChatTemplate(source: template), options: TemplateOptions(documents: documents))
            #expect(
                texts(prompt.documents.map(\.spans), of: prompt)
                    == ["Cats purr.", "Petra has a wolf.", "😀 Dogs bark."])
            #expect(prompt.text?.components(separatedBy: "Cats purr.").count == 2)
        }
        let elsewhere = try model.prompt([.user("Hi.")], options: TemplateOptions(documents: [said(2, "Cats purr.")]))
        #expect(elsewhere.documents.map(\.spans) == [[]])
        let place = ChatDocument.Place(message: 1, characters: 3..<40)
        #expect(ChatDocument(at: place, of: messages) == nil)
        #expect(ChatDocument(at: .init(message: 3, characters: 0..<1), of: messages) == nil)
        #expect(ChatDocument(at: .init(message: 1, characters: -1..<1), of: messages) == nil)
        #expect(ChatDocument(at: .init(message: 1, characters: 1..<1), of: messages) == nil)
    }

    @Test("without documents nothing changes")
    func none() throws {
        let model = try LanguageModel(path: Repository.model)
        let template = try ChatTemplate(source: ChatTemplateTests.chatML)
        let prompt = try model.prompt(Self.messages, template: template)
        #expect(prompt.documents.isEmpty && !(prompt.text ?? "").contains("[1]"))
    }

    @Test("where nothing can hold them, or they hold a null character, that is an error")
    func errors() throws {
        #expect(throws: PromptError.noPlaceForDocuments) {
            try prompt(ChatTemplateTests.chatML, [.system("Be kind."), .assistant("Yes.")])
        }
        let model = try LanguageModel(path: Repository.model)
        #expect(throws: PromptError.documentContainsNull(number: 1)) {
            try model.prompt(Self.messages, options: TemplateOptions(documents: [ChatDocument(text: "a\0b")]))
        }
    }

    @Test("what another method takes out of a message, it takes out of the documents there")
    func edited() throws {
        let model = try LanguageModel(path: Repository.model)
        let prompt = try prompt(ChatTemplateTests.chatML)
        let rest = try model.prompt(prompt, .remove, of: [RegionSpecification("text:\"Petra has a wolf.\"")])
        #expect(rest.text?.contains("Petra") == false)
        #expect(rest.text?.contains("[2] It is \"kind\".\n\nWho has a wolf?") == true)
    }
}
