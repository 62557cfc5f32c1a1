import ArgumentParser

/// What can be typed in a conversation.
enum ChatCommand: Equatable {
    case say(String)
    /// Without a text what is set is shown; `off` takes it away.
    case system(String?)
    case region(String?)
    case document(String?)
    case avoid(String?)
    case greedy
    case guided
    /// Of one token of the last answer, counted from 1, or of all.
    case why(token: Int?)
    /// Of each sentence of the last answer.
    case sources
    case again
    case undo
    case clear
    case save(String)
    case help
    case quit

    /// Usages and what they do, for `/help`.
    static let usages = [
        ["TEXT", "says it; a line goes on after a \\ at its end, or within \"\"\" … \"\"\""],
        ["/system TEXT", "sets the system message; off takes it away"],
        ["/document FILE", "gives a text to draw on; off takes all away"],
        ["/region SPEC", "draws answers there: system, text:\"in French\"; off forgets all"],
        ["/avoid WORD", "keeps a word out of answers; off allows all again"],
        ["/greedy, /guided", "answers without the regions, and with them again"],
        ["/again", "answers the last message again"],
        ["/sources", "shows which document or message each sentence rests on"],
        ["/why, /why N", "shows which words the answer, or its Nth token, rests on"],
        ["/undo", "takes back the last message and its answer"],
        ["/clear", "begins a new conversation; the system message stays"],
        ["/save FILE", "writes the conversation, as --messages reads it"],
        ["/quit, Ctrl-D", "ends"],
        ["Ctrl-C", "ends an answer"],
    ]

    /// - Throws: `ValidationError` for a command that there isn't, or that lacks what it needs.
    init(_ entry: String) throws {
        guard entry.hasPrefix("/") else {
            self = .say(entry)
            return
        }
        let parts = entry.split(maxSplits: 1, whereSeparator: \.isWhitespace)
        let name = parts.first.map(String.init) ?? entry
        let rest = parts.dropFirst().first?.trimmingCharacters(in: .whitespaces) ?? ""
        let argument = rest.isEmpty ? nil : rest
        switch name {
        case "/system": self = .system(argument)
        case "/document": self = .document(argument)
        case "/avoid": self = .avoid(argument)
        case "/region", "/roi": self = .region(argument)
        case "/why": self = .why(token: try argument.map(Self.number))
        case "/save":
            guard let argument else { throw ValidationError("/save needs the name of a file.") }
            self = .save(argument)
        default:
            guard let plain = Self.plain[name] else {
                throw ValidationError(
                    "there is no command \(name.prefix(40)); /help shows them. A message may begin with a space.")
            }
            guard argument == nil else { throw ValidationError("\(name) takes nothing behind it.") }
            self = plain
        }
    }

    private static let plain: [String: ChatCommand] = [
        "/greedy": .greedy, "/guided": .guided, "/again": .again, "/sources": .sources, "/undo": .undo,
        "/clear": .clear,
        "/help": .help, "/?": .help, "/quit": .quit, "/exit": .quit, "/bye": .quit,
    ]

    private static func number(_ text: String) throws -> Int {
        guard let number = Int(text), number > 0 else {
            throw ValidationError("/why \(text.prefix(40)): give the number of a token of the answer, counted from 1.")
        }
        return number
    }
}
