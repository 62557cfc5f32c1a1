import ArgumentParser

/// Names of methods that a command compares.
enum ComparedMethods {
    /// - Throws: `ValidationError` for a name that none of `all` has.
    static func named<Method>(
        _ list: String, of all: [Method], by name: KeyPath<Method, String>
    ) throws -> [Method] {
        try list.split(separator: ",").map { wanted in
            guard let method = all.first(where: { $0[keyPath: name] == wanted }) else {
                let names = all.map { $0[keyPath: name] }.joined(separator: ", ")
                throw ValidationError("--methods: there is no method '\(wanted)'. There are \(names).")
            }
            return method
        }
    }
}
