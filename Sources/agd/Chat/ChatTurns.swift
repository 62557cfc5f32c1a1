import ArgumentParser
import AttributionGuidedDecoding
import Foundation

/// A conversation that goes on: what was said, how answers are steered, and the reasons of the last one.
struct ChatTurns {
    let session: Session
    private(set) var options: Chat
    private(set) var messages: [ChatMessage]
    private let tools: [JSONValue]
    private var regions: [RegionSpecification]
    private var constraints: DecodingConstraints
    private var isGuided = true
    private var last: ChatAnswer?
    /// From here on an explanation of all tokens is no matter of seconds.
    private static let manyTokens = 100

    init(
        _ conversation: Conversation, regions: [RegionSpecification], constraints: DecodingConstraints,
        session: Session, options: Chat
    ) {
        messages = conversation.messages
        tools = conversation.tools
        self.regions = regions
        self.constraints = constraints
        self.session = session
        self.options = options
    }

    mutating func perform(_ command: ChatCommand) async throws {
        switch command {
        case .say(let text): try await answer(messages + [.user(text)])
        case .again: try await answer(messages[...lastQuestion()] + [])
        case .undo:
            let question = try lastQuestion()
            let text = messages[question].content
            messages.removeSubrange(question...)
            last = nil
            Terminal.note("taken back, with its answer: \(text.prefix(60))\(text.count > 60 ? "…" : "")")
        case .clear:
            messages = messages.first.map { $0.role == "system" ? [$0] : [] } ?? []
            last = nil
            Terminal.note("a new conversation")
        case .system(let text): setSystem(text)
        case .document(let path): try setDocument(path)
        case .region(let text): try setRegion(text)
        case .avoid(let text): try setAvoided(text)
        case .greedy, .guided:
            isGuided = command == .guided
            Terminal.note(
                isGuided ? regionNote : "answers are the model's own\(regions.isEmpty ? "" : ", without the regions")")
        case .why(let token): try explain(token)
        case .sources: try tellSources()
        case .save(let path): try save(to: path)
        case .help: Terminal.write(TextTable(["you type", "which"], ChatCommand.usages).rendered)
        case .quit: break
        }
    }
}

// MARK: Answers

extension ChatTurns {
    /// What was said stays only where it was answered.
    private mutating func answer(_ asked: [ChatMessage]) async throws {
        let model = session.model
        let marked = try marked(options.template.prompt(Conversation(messages: asked, tools: tools), for: model))
        let method = try options.method(isGuided: isGuided && !marked.specifications.isEmpty)
        let (prompt, strategy) = try method.decoding(
            of: marked, with: model, reverse: options.modelOptions.reverseOptions)
        let bar = ProgressBar("reading")
        let generation = try session.generate(
            prompt, strategy: strategy, limits: options.limits, constraints: constraints
        ) {
            bar.update(Double($0) / Double(prompt.tokens.count))
        }
        let empty = AnswerDisplay(model.replyReader(after: prompt), inColor: options.color.isOn)
        var (shown, isCut) = try await Interruption.cancelling {
            var display = empty
            do {
                for try await step in generation {
                    bar.finish()
                    display.show(step)
                }
                return (display, false)
            } catch is CancellationError {
                bar.finish()
                return (display, true)
            }
        }
        shown.finish()
        tell(shown.steps, method, isCut: isCut)
        guard !shown.steps.isEmpty else { return }
        let thinking = shown.thinking
        messages =
            asked + [
                ChatMessage(
                    role: "assistant", content: shown.answer, reasoningContent: thinking.isEmpty ? nil : thinking)
            ]
        last = ChatAnswer(
            marked: marked, prompt: prompt, strategy: strategy, threshold: method.guidance?.entropyThreshold,
            display: shown)
    }

    /// The prompt with those regions that are in it; a conversation may come to the others yet.
    private func marked(_ prompt: Prompt) throws -> MarkedPrompt {
        let present = try regions.filter { region in
            do {
                let marked = try MarkedPrompt(prompt, regions: [region])
                try marked.region.validate(for: session.model, promptLength: prompt.tokens.count)
                return true
            } catch let error as RegionError {
                switch error {
                case .noSuchMessage, .notFound:
                    Terminal.note("\(region) isn't in this conversation; this answer is not drawn there")
                default: Terminal.note("\(error); this answer is not drawn there")
                }
                return false
            }
        }
        return try MarkedPrompt(prompt, regions: present)
    }

    private func tell(_ steps: [GenerationStep], _ method: DecodingMethod, isCut: Bool) {
        if let guidance = method.guidance, !steps.isEmpty {
            let summary = GuidanceSummary(steps, threshold: guidance.entropyThreshold)
            Terminal.writeError(summary.line(inColor: options.color.isOn) + "\n")
        }
        if let kept = steps.avoidanceLine { Terminal.writeError(kept + "\n") }
        if isCut { Terminal.note("interrupted") }
        switch steps.last?.stopReason {
        case .contextFull:
            Terminal.note(
                "the context of \(session.options.contextLength) tokens is full: /clear begins anew, a larger --ctx-size holds more"
            )
        case .maximumTokens: Terminal.note("the answer was cut at --n-predict \(steps.count)")
        default: break
        }
    }

    /// Of the last message that the user sent.
    private func lastQuestion() throws -> Int {
        guard let index = messages.lastIndex(where: { $0.role == "user" }) else {
            throw ValidationError("nothing has been said yet.")
        }
        return index
    }
}

// MARK: Settings

extension ChatTurns {
    private mutating func setSystem(_ text: String?) {
        let current = messages.first.flatMap { $0.role == "system" ? $0.content : nil }
        guard let text else {
            return Terminal.note(current.map { "the system message is: \($0)" } ?? "there is no system message")
        }
        if current != nil { messages.removeFirst() }
        if text != "off" { messages.insert(.system(text), at: 0) }
        Terminal.note(text == "off" ? "no system message" : "the system message is set")
    }

    private mutating func setDocument(_ path: String?) throws {
        if let path {
            var template = options.template
            template.documentFiles = path == "off" ? [] : template.documentFiles + [path]
            _ = try template.documents()
            options.template = template
        }
        let names = options.template.documentFiles.joined(separator: ", ")
        Terminal.note(names.isEmpty ? "no document" : "answers can draw on \(names)")
    }

    private mutating func setRegion(_ text: String?) throws {
        if let text {
            regions = text == "off" ? [] : regions + (try PromptOptions.regions([text]))
            isGuided = true
        }
        Terminal.note(regionNote)
    }

    private var regionNote: String {
        let names = regions.map(\.description).joined(separator: ", ")
        return regions.isEmpty ? "no region; /region system names one" : "answers are drawn towards \(names)"
    }

    private mutating func setAvoided(_ text: String?) throws {
        if let text {
            do throws(AvoidanceError) {
                constraints.avoided = text == "off" ? [] : constraints.avoided + [try AvoidedText(text)]
            } catch { throw ValidationError("/avoid: \(error).") }
        }
        let words = constraints.avoided.map(\.description).joined(separator: ", ")
        Terminal.note(words.isEmpty ? "no word is kept out" : "answers are kept free of \(words)")
    }

    private func save(to path: String) throws {
        guard !FileManager.default.fileExists(atPath: path) else {
            throw ValidationError("/save \(path): the file is there already. Give another name.")
        }
        try Terminal.write(Terminal.json(messages), to: path, option: "/save")
        // Documents and regions belong to the program that is running, not to what was said.
        let others =
            options.template.documentFiles.map { "--document \(Self.quoted($0))" }
            + regions.map { "--roi \(Self.quoted($0.description))" }
        let command =
            (["agd chat -m \(Self.quoted(options.modelOptions.model)) --messages \(Self.quoted(path))"] + others)
            .joined(separator: " ")
        Terminal.note("saved; \(command) goes on from here")
    }

    /// As a shell takes it.
    private static func quoted(_ text: String) -> String { "'" + text.replacing("'", with: "'\\''") + "'" }
}

// MARK: Reasons

extension ChatTurns {
    private func explain(_ token: Int?) throws {
        let answer = try lastAnswer()
        if let token, token > answer.steps.count {
            throw ValidationError("/why \(token): the answer has \(answer.steps.count) tokens.")
        }
        if token == nil, answer.steps.count > Self.manyTokens {
            Terminal.note(
                "this takes a pass back for each of \(answer.steps.count) tokens; Ctrl-C ends it, /why N explains one, /sources takes a pass a sentence"
            )
        }
        Terminal.writeStyled(
            try answer.heatMap(
                of: token.map { $0 - 1 }, model: session.model, reverse: options.modelOptions.reverseOptions,
                inColor: options.color.isOn))
    }

    private func tellSources() throws {
        Terminal.write(
            try lastAnswer().footnotes(model: session.model, reverse: options.modelOptions.reverseOptions))
    }

    private func lastAnswer() throws -> ChatAnswer {
        guard let last else { throw ValidationError("there is no answer to explain yet.") }
        return last
    }
}
