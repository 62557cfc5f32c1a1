import Foundation
import Testing

@testable import TestFixtures

@Suite("A conversation goes on, is steered, explained and kept")
struct ChatTests {
    private static let model = Command.file("Models/microcosm.gguf")

    private static func chat(_ lines: [String], _ options: [String] = []) async throws -> Command.Result {
        try await Command.run(
            ["chat", "-m", model, "-t", "1", "-n", "8"] + options, input: Data(lines.joined(separator: "\n").utf8))
    }

    /// What a conversation has come to.
    private static func messages(
        after lines: [String], _ options: [String] = []
    ) async throws -> [[String: String]] {
        let file = FileManager.default.temporaryDirectory.appending(path: "agd-chat-\(UUID().uuidString).json")
        defer { _ = Result { try FileManager.default.removeItem(at: file) } }
        let result = try await chat(lines + ["/save \(file.path)"], options)
        #expect(result.status == 0, "\(result.standardError)")
        let json = try JSONSerialization.jsonObject(with: Data(contentsOf: file))
        return try #require(json as? [[String: String]])
    }

    @Test("Each line of a pipe is a turn, whose answer is a line of stdout; the last needs no line end")
    func turns() async throws {
        let messages = try await Self.messages(after: ["What do you know about Inga?", "And about the dog?"])
        #expect(messages.map { $0["role"] } == ["user", "assistant", "user", "assistant"])
        let result = try await Self.chat(["What do you know about Inga?", "And about the dog?"])
        let answers = messages.filter { $0["role"] == "assistant" }.compactMap { $0["content"] }
        #expect(result.standardOutput == answers.map { $0 + "\n" }.joined())
    }

    @Test("An answer is what generate says after the same messages")
    func sameAsGenerate() async throws {
        let alone = try await Command.run(
            ["generate", "-m", Self.model, "-t", "1", "-n", "8", "--user", "What do you know about Inga?"])
        let result = try await Self.chat(["What do you know about Inga?"])
        #expect(result.standardOutput == alone.standardOutput)
    }

    @Test("A message may have several lines")
    func severalLines() async throws {
        let lines = ["one \\", "two", "\"\"\"three", "four\"\"\"", "\"\"\"", "five", "\"\"\""]
        let said = try await Self.messages(after: lines).filter { $0["role"] == "user" }.compactMap { $0["content"] }
        #expect(said == ["one \ntwo", "three\nfour", "five"])
    }

    @Test("/system sets, changes and takes away the system message; /undo and /clear take back turns")
    func commands() async throws {
        let told = try await Self.messages(after: ["/system Be brief.", "/system Be long.", "Hi.", "Again.", "/undo"])
        #expect(told.prefix(2).map { $0["content"] } == ["Be long.", "Hi."] && told.count == 3)
        #expect(try await Self.messages(after: ["Hi.", "/clear"], ["--system", "Be brief."]).count == 1)
        #expect(try await Self.messages(after: ["/system off", "Hi."], ["--system", "Be brief."]).count == 2)
    }

    @Test("/region guides, /greedy does without it, /again answers once more")
    func guidance() async throws {
        let options = ["--system", "Reply in English, please.", "--entropy-threshold", "off", "-n", "24"]
        let question = "What do you know about Inga? Use the Spanish language."
        let result = try await Self.chat(
            [question, "/region system", "/again", "/greedy", "/again", "/guided", "/again"], options)
        let answers = result.standardOutput.split(separator: "\n")
        try #require(answers.count == 4, "\(result.standardOutput) \(result.standardError)")
        #expect(answers[0] != answers[1] && answers[0] == answers[2] && answers[1] == answers[3])
        #expect(result.standardError.components(separatedBy: "guided 100 %").count == 3)
        #expect(result.standardError.contains("note: answers are the model's own, without the regions"))
        #expect(result.standardError.components(separatedBy: "note: answers are drawn towards system").count == 3)
    }

    @Test("A region that isn't in the conversation yet is told, and the answer comes without it")
    func absentRegion() async throws {
        let result = try await Self.chat(["/region text:\"zebra\"", "Hi."])
        #expect(result.status == 0 && !result.standardOutput.isEmpty)
        #expect(result.standardError.contains("note: text:\"zebra\" isn't in this conversation;"))
    }

    @Test("/avoid keeps a word out of answers as --avoid does, until it is allowed again")
    func avoid() async throws {
        let free = try await Self.chat(["What do you know about Inga?"]).standardOutput
        let words = { (text: Substring) in text.split(whereSeparator: { !$0.isLetter }).map(String.init) }
        let word = try #require(words(free[...]).max { $0.count < $1.count })
        let result = try await Self.chat([
            "/avoid \(word)", "What do you know about Inga?", "/avoid off", "/again",
        ])
        let answers = result.standardOutput.split(separator: "\n")
        try #require(answers.count == 2, "\(result.standardOutput) \(result.standardError)")
        #expect(!words(answers[0]).contains(word) && answers[1] + "\n" == free)
        #expect(result.standardError.contains("words to avoid were kept out"), "\(result.standardError)")
        let option = try await Self.chat(["What do you know about Inga?"], ["--avoid", word])
        #expect(option.standardOutput == answers[0] + "\n")
    }

    @Test("/why shows what agd explain computes of the same answer")
    func why() async throws {
        let result = try await Self.chat(["What do you know about Inga?", "/why"])
        let answer = result.standardOutput.prefix { $0 != "\n" } + "\n"
        let alone = try await Command.run([
            "explain", "-m", Self.model, "-t", "1", "-n", "8", "--user", "What do you know about Inga?", "--format",
            "text",
        ])
        #expect(result.standardOutput == answer + alone.standardOutput)
    }

    @Test("/why N explains one token as /why does")
    func whyOneToken() async throws {
        let question = "What do you know about Inga?"
        let result = try await Self.chat([question, "/why 3"])
        #expect(result.standardOutput.contains("(token 3 of the completion, logit "), "\(result.standardError)")
        let file = FileManager.default.temporaryDirectory.appending(path: "agd-why-\(UUID().uuidString).json")
        defer { _ = Result { try FileManager.default.removeItem(at: file) } }
        let whole = try await Command.run([
            "explain", "-m", Self.model, "-t", "1", "-n", "8", "--user", question, "--format", "text", "--word", "3",
        ])
        // The words before the token, with their relevance; what comes after it is not a part of its explanation.
        let shown = result.standardOutput.drop { $0 != "\n" }.dropFirst().prefix { $0 != "▸" }
        #expect(!shown.isEmpty && whole.standardOutput.hasPrefix(shown), "\(whole.standardOutput)")
    }

    @Test("/sources shows the footnotes of the same answer that generate --sources shows")
    func sources() async throws {
        let document = try TemporaryFile("Petra eats honey. She lives in Brno.\n", name: "pets.txt")
        let result = try await Self.chat(["What does Petra eat?", "/sources"], ["--document", document.path])
        let answer = result.standardOutput.prefix { $0 != "\n" } + "\n"
        let alone = try await Command.run([
            "generate", "-m", Self.model, "-t", "1", "-n", "8", "--user", "What does Petra eat?", "--document",
            document.path, "--sources",
        ])
        #expect(alone.standardOutput.contains("Sources:"), "\(alone.standardError)")
        #expect(result.standardOutput == answer + alone.standardOutput, "\(result.standardError)")
    }

    @Test("/document gives a text as --document does, and takes it away again")
    func document() async throws {
        let document = try TemporaryFile("Petra eats honey. She lives in Brno.\n", name: "pets.txt")
        let asked = ["What does Petra eat?", "/sources"]
        let given = try await Self.chat(asked, ["--document", document.path]).standardOutput
        let without = try await Self.chat(asked).standardOutput
        // Whether the document changes the answer is the model's affair; it is among the sources or it isn't.
        try #require(given.contains("pets.txt") && !without.contains("pets.txt"))
        let result = try await Self.chat(["/document \(document.path)"] + asked + ["/document off", "/undo"] + asked)
        #expect(result.standardOutput == given + without, "\(result.standardError)")
    }

    @Test("A conversation that was saved goes on")
    func goesOn() async throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "agd-chat-\(UUID().uuidString).json")
        defer { _ = Result { try FileManager.default.removeItem(at: file) } }
        let first = try await Self.chat(["Hi.", "/save \(file.path)"])
        #expect(first.status == 0)
        #expect(try await Self.messages(after: ["Again."], ["--messages", file.path]).count == 4)
    }

    @Test(
        "In a pipe what is wrong ends the program, and says so",
        arguments: [
            (["/nope"], "/help"), (["/save"], "name of a file"), (["/save /dev/null"], "there already"),
            (["/undo"], "nothing"),
            (["/why"], "no answer"), (["/sources"], "no answer"), (["/document /nowhere.txt"], "/nowhere.txt"),
            (["Hi.", "/why 99"], "tokens"),
            (["/why x"], "counted from 1"),
            (["/region nowhere"], "Regions are"), (["/avoid *"], "/avoid"), (["/quit now"], "takes nothing"),
        ])
    func wrong(lines: [String], mention: String) async throws {
        let result = try await Self.chat(lines)
        #expect(!result.wasKilled && result.status != 0)
        #expect(result.standardError.contains(mention), "\(result.standardError)")
    }

    @Test("What is no text is refused", arguments: [Data([0x48, 0xFF, 0x0A]), Data([0x48, 0x00, 0x0A])])
    func noText(input: Data) async throws {
        try await Command.expectError(["chat", "-m", Self.model, "-t", "1"], mentions: ["stdin"], input: input)
    }
}
