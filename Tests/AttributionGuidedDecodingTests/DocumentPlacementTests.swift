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

    @Test("characters of a message are those of what it says itself, whatever was put before it")
    func ownCharacters() throws {
        let model = try LanguageModel(path: Repository.model)
        let messages: [ChatMessage] = [.user("😀 Cats purr. What do cats do?")]
        let place = ChatDocument.Place(message: 0, characters: 2..<12)
        let said = try #require(ChatDocument(at: place, of: messages))
        let prompt = try model.prompt(
            messages, template: ChatTemplate(source: ChatTemplateTests.chatML),
            options: TemplateOptions(documents: Self.documents + [said]))
        let region = RegionSpecification.Target.characters(place.characters, ofMessage: 0)
        let marked = try MarkedPrompt(prompt, regions: [RegionSpecification(region)])
        #expect(texts([marked.marks[0].bytes, prompt.documents[2].spans], of: prompt) == ["Cats purr.", "Cats purr."])
        #expect(throws: RegionError.self) {
            try MarkedPrompt(prompt, regions: [RegionSpecification(.characters(30..<31, ofMessage: 0))])
        }
        #expect(
            texts([prompt.messages[0].ownSpans(in: prompt.text ?? "")], of: prompt) == ["😀 Cats purr. What do cats do?"]
        )
    }

    /// Templates without a place for documents and with one.
    private static let templates = [
        ChatTemplateTests.chatML,
        "{% for d in documents %}<{{ d.doc_id }}>{{ d.text }} {% endfor %}{% for m in messages %}{{ m.content | trim }} {% endfor %}",
    ]

    @Test(
        "what another method takes out of documents, it takes out; what is left of them is told apart",
        arguments: templates)
    func edited(template: String) throws {
        let model = try LanguageModel(path: Repository.model)
        let messages: [ChatMessage] = [.user("Hi."), .user("😀 Cats purr. Dogs bark. Who has a wolf?")]
        let said = try #require(
            ChatDocument(at: .init(message: 1, characters: 2..<23), of: messages, trust: .untrusted))
        let documents = [said] + Self.documents
        let prompt = try model.prompt(
            messages, template: ChatTemplate(source: template), options: TemplateOptions(documents: documents))
        func rest(_ edit: RegionEdit, _ regions: String...) throws -> Prompt {
            try model.prompt(prompt, edit, of: regions.map { try RegionSpecification($0) })
        }
        let without = try rest(.remove, "text:\"Petra has a wolf.\"", "text:\"purr. Dogs \"", "message:0")
        #expect(without.text?.contains("Petra") == false && without.text?.contains("Who has a wolf?") == true)
        #expect(texts(without.documents.map(\.spans), of: without) == ["Cats bark.", "It is \"kind\"."])
        #expect(without.documents.map(\.document.id) == ["1", "3"])
        #expect(without.documents.map(\.document.trust) == [.untrusted, nil])

        let stressed = try rest(.emphasize("Mind: "), "text:Cats", "text:wolf.", "text:Who")
        #expect(
            texts(stressed.documents.map(\.spans), of: stressed)
                == ["Cats purr. Dogs bark.", "Petra has a Mind: wolf.", "It is \"kind\"."])
        #expect(stressed.text?.contains("😀 Mind: Cats purr. Dogs bark. Mind: Who has a wolf?") == true)
        #expect(stressed.documents.map(\.document.id) == ["1", "x-1", "3"])
    }
}
