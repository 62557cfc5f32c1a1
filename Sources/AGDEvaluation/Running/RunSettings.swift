import AttributionGuidedDecoding

/// What a run was made with; its first line. Runs with other settings are never mixed into one file.
public struct RunSettings: Codable, Equatable, Sendable {
    /// Its name.
    public var benchmark: String
    /// Names of the data files with their checksums.
    public var data: [DataFile]
    /// Name of the model file with its checksum.
    public var model: DataFile
    /// How replies are decoded.
    public var method: RunMethod
    /// Of a reply.
    public var maximumTokens: Int
    /// Numbers in which keys and values are kept.
    public var cacheType: String
    /// Every `shardCount`-th item, beginning with number `shard`, from 0.
    public var shard = 0
    /// Runs among which the items are shared out.
    public var shardCount = 1
    /// Items of each setting at most; nil for all.
    public var limit: Int?
    /// The model that judged, where one did.
    public var judge: String?
    /// Whether thoughts are scored as a part of the reply; nil for no.
    public var scoresThoughts: Bool?
    /// The date that the chat template tells the model, the same on every day, so that a run can be repeated and resumed;
    /// nil in runs of earlier versions.
    public var templateDate: TemplateDate? = Self.templateDate
    /// Version of the format and of what decides the results.
    public var version = 1

    /// A file as it was when the run began.
    public struct DataFile: Codable, Hashable, Sendable {
        /// Without its folder.
        public var name: String
        /// Its size.
        public var byteCount: Int
        /// Of its bytes, in hexadecimal.
        public var crc32: String

        /// - Throws: ``EvaluationError`` where the file can't be read.
        public init(path: String) throws(EvaluationError) {
            let checksum = try InputFile.checksum(of: path)
            name = path.split(separator: "/").last.map(String.init) ?? path
            byteCount = checksum.byteCount
            crc32 = checksum.crc32
        }
    }

    /// What Llama 3's templates tell where there is no clock.
    static let templateDate = TemplateDate("2024-07-26") ?? .now

    /// These settings as the version that wrote others says them: earlier ones didn't tell the date.
    func asWritten(with other: RunSettings) -> RunSettings {
        var settings = self
        if other.templateDate == nil { settings.templateDate = nil }
        return settings
    }

    /// Settings of a run of all items.
    public init(
        benchmark: Benchmark, data: [DataFile], model: DataFile, method: RunMethod, maximumTokens: Int,
        cacheType: String
    ) {
        self.benchmark = benchmark.rawValue
        self.data = data
        self.model = model
        self.method = method
        self.maximumTokens = maximumTokens
        self.cacheType = cacheType
    }
}
