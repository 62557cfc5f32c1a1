import ArgumentParser
import Foundation

/// Environment variables that stand in for options: `AGD_` and the option's long name in capitals, such as `AGD_CTX_SIZE` for
/// `--ctx-size`. They are there for the options of the model and of `agd serve`; an option that is given wins.
struct Environment {
    /// The arguments with those that come from variables.
    let arguments: [String]
    /// Variables that were used.
    let used: [String]

    init(_ arguments: [String], variables: [String: String] = ProcessInfo.processInfo.environment) throws {
        let set = variables.filter { $0.key.hasPrefix("AGD_") && !$0.value.isEmpty }
        guard !set.isEmpty, let command = arguments.first, !command.hasPrefix("-") else {
            (self.arguments, used) = (arguments, [])
            return
        }
        let options = try Self.options(of: command).filter { option in
            set[option.variable] != nil && !arguments.dropFirst().contains { option.isGiven(by: $0) }
        }
        used = options.map(\.variable)
        self.arguments =
            [command]
            + (try options.flatMap { try $0.arguments(for: set[$0.variable] ?? "") }) + arguments.dropFirst()
    }

    /// The options of a command that a variable can set, by ArgumentParser's own description of the commands.
    static func options(of command: String) throws -> [Option] {
        let tool = try JSONDecoder().decode(Tool.self, from: Data(AGD._dumpHelp().utf8))
        let found = tool.command.subcommands?.first { $0.commandName == command }
        return (found?.arguments ?? []).filter { option in
            option.kind != .positional && (option.sectionTitle == "Model" || command == Serve._commandName)
                && option.longName.map { !["help", "version"].contains($0) } == true
        }
    }
}

extension Environment {
    private struct Tool: Decodable { var command: Command }

    private struct Command: Decodable {
        var commandName: String
        var subcommands: [Command]?
        var arguments: [Option]?
    }

    struct Option: Decodable {
        enum Kind: String, Decodable { case positional, option, flag }
        struct Name: Decodable {
            enum Kind: String, Decodable { case long, short, longWithSingleDash }
            var kind: Kind
            var name: String
        }

        var kind: Kind
        var names: [Name]?
        var sectionTitle: String?

        fileprivate var longName: String? { names?.first { $0.kind == .long }?.name }

        var variable: String { "AGD_" + (longName ?? "").uppercased().replacing("-", with: "_") }

        fileprivate func isGiven(by argument: String) -> Bool {
            (names ?? []).map { ($0.kind == .long ? "--" : "-") + $0.name }.contains {
                argument == $0 || argument.hasPrefix($0 + "=")
            }
        }

        fileprivate func arguments(for value: String) throws -> [String] {
            let name = "--\(longName ?? "")"
            guard kind == .flag else { return ["\(name)=\(value)"] }
            switch value.lowercased() {
            case "1", "true", "on", "yes": return [name]
            case "0", "false", "off", "no": return []
            default: throw ValidationError("\(variable) is '\(value.prefix(40))'; it must be 1 or 0.")
            }
        }
    }
}
