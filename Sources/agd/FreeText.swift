/// Values that ArgumentParser takes for malformed options even where an option reads its value unconditionally.
enum FreeText {
    /// The arguments with each such value joined to the option before it: `--stop ---` is `--stop=---`.
    static func joined(_ arguments: some Sequence<String>) -> [String] {
        arguments.reduce(into: []) { result, argument in
            let isMalformedOption = ["---", "--=", "-="].contains { argument.hasPrefix($0) }
            if isMalformedOption, let last = result.last, last.hasPrefix("-"), !last.contains("=") {
                result[result.count - 1] = last + "=" + argument
            } else {
                result.append(argument)
            }
        }
    }
}
