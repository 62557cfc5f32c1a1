import AttributionGuidedDecoding
import NIOCore

/// A decoding method for requests that name none, and the regions that guide it in prompts that have them.
public struct StandardDecoding: Sendable, Hashable {
    public var method: DecodingMethod
    public var regions: [RegionSpecification]

    public init(method: DecodingMethod, regions: [RegionSpecification] = []) {
        (self.method, self.regions) = (method, regions)
    }

    /// The regions for prompts that have all of them; else none.
    func regions(in prompts: [Prompt]) -> [RegionSpecification] {
        guard method.needsRegion else { return [] }
        for prompt in prompts {
            do { _ = try prompt.region(regions) } catch { return [] }
        }
        return regions
    }
}

/// How a model is served.
public struct ServerConfiguration: Sendable {
    public struct Inference: Sendable {
        /// Requests that are worked on at once, in one batch; each has caches of its own.
        public var sessionCount = 2
        /// Requests that wait while all sessions work; more are told to come back later.
        public var queueLength = 32
        /// Positions that fit in each session; nil for what the model was trained on, at most 4096.
        public var contextLength: Int?
        /// CPU threads of the batch, and of an attribution; nil for all cores, which attributions share.
        public var threadCount: Int?
        public var cacheType = Session.CacheType.float16
        /// What stands in where a request names no strategy; nil for what the API says.
        public var standard: StandardDecoding?
        /// A chat template in Jinja, in place of the model's own.
        public var chatTemplate: String?
        /// How far ahead of the model tokens are drafted.
        public var draft = DraftLength.auto

        public init() {}
    }

    public var host = "127.0.0.1"
    /// 0 takes a free port, which the log tells.
    public var port = 8080
    /// The model's name in the API.
    public var modelName: String
    /// Wanted in each request's `Authorization: Bearer` header; nil lets everybody in.
    public var apiKey: Secret?
    /// Origins, such as `https://chat.example`, whose web pages may use the API.
    public var allowedOrigins: [String] = []
    /// Whether requests may name regions by `regex:`: a hostile pattern can take very long.
    public var allowsRegularExpressions = false
    public var inference = Inference()
    /// Time that running requests are given after SIGTERM before they are cancelled.
    public var shutdownGrace: Duration = .seconds(10)
    /// How often a stream that has nothing to say shows that it lives.
    public var keepAliveInterval: Duration = .seconds(5)
    /// Open connections at most, and fewer where the process may open few files. A further one takes the place of one that
    /// waits for its client.
    public var connectionLimit = 512
    public var deadlines = Deadlines()

    public init(modelName: String) { self.modelName = modelName }

    /// Host names that a server on loopback answers to; nil for a server that can be reached from elsewhere.
    /// - Throws: ``ServerError`` for a host that isn't known.
    func acceptedHosts() throws(ServerError) -> [String]? {
        let address: SocketAddress
        do { address = try SocketAddress.makeAddressResolvingHost(host, port: port) } catch {
            throw ServerError(description: "The host '\(host)' isn't known. Give an address of this machine.")
        }
        let ip = address.ipAddress ?? ""
        guard ip.hasPrefix("127.") || ip == "::1" || ip.hasPrefix("::ffff:127.") else { return nil }
        let own = host.contains(":") ? "[\(host)]" : host
        return Set(["127.0.0.1", "localhost", "[::1]", own.lowercased()]).sorted()
    }
}
