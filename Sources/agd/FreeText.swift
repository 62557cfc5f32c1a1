/// Values that ArgumentParser takes for malformed options, or for the end of all options, even where an option reads its
/// value unconditionally.
enum FreeText {
    /// Options whose value is any text, `--` included. Behind others that ends the options.
    private static let options: Set = [
        "--user", "--system", "--prompt", "-p", "--prefill", "--completion", "--target-text", "--stop", "--api-key",
        "--alias", "--judge-model",
    ]

    /// The arguments with each such value joined to the option before it: `--stop ---` is `--stop=---`.
    static func joined(_ arguments: some Sequence<String>) -> [String] {
        arguments.reduce(into: []) { result, argument in
            let isMalformedOption = ["---", "--=", "-="].contains { argument.hasPrefix($0) }
            let last = result.last ?? ""
            let isText = argument == "--" && options.contains(last)
            if isText || isMalformedOption && last.hasPrefix("-") && !last.contains("=") {
                result[result.count - 1] = last + "=" + argument
            } else {
                result.append(argument)
            }
        }
    }
}
