import TensorGraph

/// What there is to compute on, and what of a model lies where.
public struct DeviceReport: Sendable, Encodable {
    /// A graphics processor, a device of a server, or the CPU.
    public struct Entry: Sendable, Encodable {
        /// ggml's name, such as `Vulkan0`.
        public let name: String
        /// What it is, or where.
        public let model: String
        /// Bytes; nil where the device doesn't tell.
        public let totalMemory, freeMemory: Int?
        /// Layers that it holds; nil without a model.
        public internal(set) var layers: [Int]?
        /// Whether it holds the output matrix; nil without a model.
        public internal(set) var hasOutput: Bool?
        /// Operations of a decoding step that run there, without a region and with one; nil without a model.
        public internal(set) var operationCount, guidedOperationCount: Int?
        /// Bytes that cross the network for a step, both ways, without a region and with one; nil without a model, and for what isn't on
        /// a server.
        public internal(set) var networkBytes, guidedNetworkBytes: Int?
        /// Operations of a guided step that it can't do, which run on the CPU, and how often; nil without a model, and for a server,
        /// which doesn't tell.
        public internal(set) var missingOperations: [String: Int]?

        init(_ device: Device) {
            let (total, free) = device.memory
            (name, model) = (device.name, device.model)
            (totalMemory, freeMemory) = (total > 0 ? total : nil, total > 0 ? free : nil)
        }
    }

    /// The CPU comes last.
    public private(set) var devices: [Entry]

    /// The graphics processors that this build can use, and the CPU.
    public init() { devices = (Device.gpus + [.cpu]).map(Entry.init) }

    /// What holds the layers of a model. Steps are computed to find out what is done where.
    /// - Throws: ``TensorGraphError``.
    public init(_ model: LanguageModel, threadCount: Int) throws {
        let all = model.devices + [.cpu]
        devices = all.map(Entry.init)
        func number(_ index: Int) -> Int? { index < model.devices.count ? index : nil }
        for (index, device) in all.enumerated() {
            let number = number(index)
            devices[index].layers = model.layerDevices.indices.filter { model.layerDevices[$0] == number }
            devices[index].hasOutput = model.placement.output == number
            if number != nil, device.server == nil { devices[index].missingOperations = [:] }
        }
        try Self.withStep(of: model, regions: [], threadCount) { plan, traffic in
            for (index, device) in all.enumerated() {
                devices[index].operationCount = plan.operationCount(on: device)
                devices[index].networkBytes = number(index).flatMap { traffic[$0] }
            }
        }
        try Self.withStep(of: model, regions: [.allTokens], threadCount) { plan, traffic in
            for (index, device) in all.enumerated() {
                devices[index].guidedOperationCount = plan.operationCount(on: device)
                devices[index].guidedNetworkBytes = number(index).flatMap { traffic[$0] }
                guard devices[index].missingOperations != nil else { continue }
                devices[index].missingOperations = plan.operationsLacking(on: device)
            }
        }
    }

    /// Gives `body` the graph that decodes a token, while what it refers to is there, and the bytes that crossed to each server and back.
    private static func withStep(
        of model: LanguageModel, regions: [RegionOfInterest], _ threadCount: Int, _ body: (GraphPlan, [Int?]) -> Void
    ) throws {
        let session = try InferenceSession(
            model, regions: regions, options: .init(contextLength: 64, threadCount: threadCount))
        func bytesSoFar() -> [Int?] {
            model.devices.map { $0.server.map { $0.link.traffic.sent + $0.link.traffic.received } }
        }
        _ = try session.append([0, 0])
        _ = try session.append([0])  // A graph is sent once, for all steps up to a multiple of 32 positions.
        let before = bytesSoFar()
        _ = try session.append([0])
        let traffic = zip(before, bytesSoFar()).map { before, after in
            after.flatMap { after in before.map { after - $0 } }
        }
        if let plan = session.evaluator.lastPlan { body(plan, traffic) }
    }
}
