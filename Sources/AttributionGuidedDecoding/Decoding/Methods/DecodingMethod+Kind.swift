extension DecodingMethod {
    /// A method by its name, with what can be set.
    public struct Kind: Sendable {
        /// What command lines, requests, outputs and run files call it.
        public let name: String
        /// Whether it does something about a region, so that there has to be one.
        public let needsRegion: Bool
        /// What can be set.
        public let options: [DecodingOption]
        /// The method with each option at its standard.
        public let standard: DecodingMethod
        private let setting: @Sendable ([String: String]) throws(DecodingOptionError) -> DecodingMethod

        init<Settings: DecodingSettings>(_ method: @escaping @Sendable (Settings) -> DecodingMethod) {
            name = Settings.name
            needsRegion = Settings.needsRegion
            options = Settings.options.map(\.option)
            standard = method(.standard)
            setting = { (given) throws(DecodingOptionError) in
                var settings = Settings.standard
                for option in Settings.options {
                    if let text = given[option.option.name] { try option.set(text, in: &settings) }
                }
                return method(settings)
            }
        }

        /// The method with what is given, by the names of ``options`` and as text; the rest has its standard.
        /// - Throws: ``DecodingOptionError`` for an option that the method doesn't have, or whose value can't be.
        public func method(_ given: [String: String] = [:]) throws(DecodingOptionError) -> DecodingMethod {
            for name in given.keys.sorted() where !has(name) { throw .withoutEffect(option: name, method: self.name) }
            return try setting(given)
        }

        /// Whether it has an option of this name.
        public func has(_ option: String) -> Bool { options.contains { $0.name == option } }
    }

    /// The method of this name; nil where there is none.
    public static func kind(named name: String) -> Kind? { kinds.first { $0.name == name } }

    /// What decodes where no method is named: guidance where there is a region, else the most probable token.
    public static func standardKind(hasRegion: Bool) -> Kind { hasRegion ? .guided : .greedy }

    /// The options of all methods, each once.
    public static let options = kinds.flatMap(\.options).reduce(into: [DecodingOption]()) { options, option in
        if !options.contains(where: { $0.name == option.name }) { options.append(option) }
    }

    /// What is set, as text, by the names of the options; beside it nothing.
    public var values: [String: String] { settings.values }
}

extension DecodingMethod.Kind {
    /// Takes the most probable token.
    public static let greedy = Self { (_: Greedy.Settings) in .greedy }
    /// Draws a token.
    public static let sample = Self(DecodingMethod.sample)
    /// Attribution-guided decoding.
    public static let guided = Self(DecodingMethod.guided)
}

/// A method is known by its name.
extension DecodingMethod.Kind: Hashable {
    public static func == (a: Self, b: Self) -> Bool { a.name == b.name }
    public func hash(into hasher: inout Hasher) { hasher.combine(name) }
}
