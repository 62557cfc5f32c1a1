import Foundation
import Testing

@Suite("What agd says about itself serves the manual and the shells")
struct SelfDescriptionTests {
    private struct Help: Decodable {
        struct Command: Decodable {
            var commandName: String
            var abstract: String?
            var subcommands: [Command]?
            var arguments: [Argument]?

            var all: [Command] { [self] + (subcommands ?? []).flatMap(\.all) }
        }
        struct Argument: Decodable {
            var abstract: String?
            var valueName: String?
            var completionKind: [String: Ignored]?
        }
        struct Ignored: Decodable {
            init(from decoder: any Decoder) {}
        }
        var command: Command
    }

    private static func commands() async throws -> [Help.Command] {
        let result = try await Command.run(["--experimental-dump-help"])
        return try JSONDecoder().decode(Help.self, from: Data(result.standardOutput.utf8)).command.all
    }

    @Test("Where an option takes a file or a folder, shells complete its name")
    func files() async throws {
        for command in try await Self.commands() {
            for argument in command.arguments ?? [] {
                let kind = argument.completionKind?.keys.first
                switch argument.valueName?.prefix(4) {
                case "file": #expect(kind == "file", "\(command.commandName): \(argument)")
                case "fold": #expect(kind == "directory", "\(command.commandName): \(argument)")
                default: break
                }
            }
        }
    }

    @Test("The manual has a page for each command, and each says what all its options are")
    func manual() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "agd-manual-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { _ = Result { try FileManager.default.removeItem(at: folder) } }
        let result = try await Command.run(
            ["--experimental-dump-help"],
            shell: "\"$@\" | python3 '\(Command.file("Tools/manual.py"))' '\(folder.path)'")
        #expect(result.status == 0, "\(result.standardError)")
        let commands = try await Self.commands().filter { $0.commandName != "help" }
        let pages = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(pages.count == commands.count)
        let generate = try String(contentsOf: folder.appending(path: "agd-generate.1"), encoding: .utf8)
        #expect(generate.contains(#"\fB\-m\fR, \fB\-\-model\fR \fIfile\fR"#))
        #expect(generate.contains(".SH \"CHOICE OF TOKENS\""))
    }
}
