import AttributionGuidedDecoding
import Foundation
import Testing

@testable import AGDServer

@Suite("Strategies of requests", .enabled(if: TestServer.modelPath != nil, "Models/microcosm.gguf is absent"))
struct StrategyRequestTests {
    private func ask(_ agd: [String: JSONValue], _ more: [String: JSONValue] = [:], on server: TestServer) async throws
        -> TestServer.Reply
    {
        let body: [String: JSONValue] = ["messages": conflict, "max_tokens": 3, "agd": .object(agd)]
        return try await server.post("/v1/chat/completions", .object(body.merging(more) { $1 }))
    }

    /// A region that the method can do something with.
    private static func region(of kind: DecodingMethod.Kind) -> JSONValue {
        guard kind.name == "control-vector" else { return ["system"] }
        let vector = JSONValue.array((0..<256).map { .number(Double($0 % 3) - 1) })
        return [["direction": ["layer": 2, "vector": vector]]]
    }

    @Test("Every method answers, and says that it did", arguments: DecodingMethod.kinds)
    func everyMethod(kind: DecodingMethod.Kind) async throws {
        let server = try await TestServer()
        var agd: [String: JSONValue] = ["strategy": .string(kind.name), "trace": true]
        if kind.needsRegion { agd["roi"] = Self.region(of: kind) }
        if kind.has("entropyThreshold") { agd["entropy_threshold"] = "off" }
        let reply = try await ask(agd, on: server)
        #expect(reply.status == 200, "\(reply.text)")
        let trace = try reply.json["choices"]?[0]?["agd"]
        // Guidance in words is decoded greedily.
        #expect(trace?["strategy"]?.string == (kind.name == "region-prompt" ? "greedy" : kind.name))
        #expect(trace?["steps"]?.array?.isEmpty == false && trace?["notes"] == nil)
        guard kind.needsRegion else { return }
        agd["roi"] = nil
        let missing = try await ask(agd, on: server)
        #expect(try missing.status == 400 && missing.json["error"]?["param"] == "agd.roi")
    }

    @Test(
        "Usage counts at how many tokens guidance stepped in and chose otherwise, and says what would help where it didn't"
    )
    func usage() async throws {
        let server = try await TestServer()
        func usage(_ agd: [String: JSONValue]) async throws -> JSONValue? {
            try await ask(agd, ["max_tokens": 12], on: server).json["usage"]
        }
        let strong = try await usage(["roi": ["system"], "score": "excess", "entropy_threshold": "off"])
        #expect(strong?["agd"]?["guided"] == strong?["completion_tokens"])
        #expect(strong?["agd"]?["changed"]?.integer ?? 0 > 0 && strong?["agd"]?["advice"] == nil)
        let closed = try await usage(["roi": ["system"], "entropy_threshold": 19])
        #expect(closed?["agd"]?["guided"] == 0 && closed?["agd"]?["changed"] == 0)
        #expect(closed?["agd"]?["advice"]?.string?.contains("entropy stayed below 19.0 nats") == true)
        #expect(try await usage([:])?["agd"] == nil)
        for (path, body) in [
            ("/v1/responses", ["input": "Hi.", "max_output_tokens": 4, "agd": ["roi": ["user"]]] as JSONValue),
            (
                "/v1/messages",
                ["messages": [["role": "user", "content": "Hi."]], "max_tokens": 4, "agd": ["roi": ["user"]]]
            ),
        ] {
            #expect(try await server.post(path, body).json["usage"]?["agd"]?["guided"] != nil, "\(path)")
        }
    }

    /// A value for each option that requests have a field of `agd` for.
    private static let values: [(option: String, field: String, value: JSONValue)] = [
        ("rule", "rule", "ixg"), ("score", "score", "excess"), ("entropyThreshold", "entropy_threshold", 0.5),
        ("candidates", "candidates", 3), ("minimumProbability", "min_probability", 0.1),
        ("tangents", "tangents", "deferred"), ("lambda", "lambda", 0.5), ("plausibility", "plausibility", 0.5),
        ("alpha", "alpha", 0.5), ("dolaLayers", "dola_layers", [0, 1]),
        ("repetitionPenalty", "repetition_penalty", 1.2), ("minimumAlpha", "min_alpha", 0.25), ("gamma", "gamma", 2),
        ("strength", "strength", 3), ("pick", "pick", "second"), ("multiplier", "multiplier", 5),
        ("beta", "beta", 20), ("decay", "decay", 0.5), ("scale", "scale", 0.5), ("generated", "generated", "share"),
        ("keyFactor", "key_factor", 20),
    ]

    @Test("Each option is a field of agd, or one of those that OpenAI's clients send")
    func fields() {
        let named = Set(Self.values.map(\.option))
        #expect(Set(DecodingMethod.options.filter { !$0.isOfDraws }.map(\.name)) == named)
    }

    @Test("A field that the strategy doesn't obey is refused by name", arguments: DecodingMethod.kinds)
    func withoutEffect(kind: DecodingMethod.Kind) async throws {
        let server = try await TestServer()
        for (option, field, value) in Self.values {
            var agd: [String: JSONValue] = ["strategy": .string(kind.name), field: value]
            // A multiplier needs something to be a multiplier of.
            if kind.needsRegion || kind.has(option) && option == "multiplier" { agd["roi"] = Self.region(of: kind) }
            let reply = try await ask(agd, on: server)
            guard !kind.has(option) else {
                #expect(reply.status == 200, "\(field): \(reply.text)")
                continue
            }
            #expect(try reply.status == 400 && reply.json["error"]?["param"]?.string == "agd.\(field)", "\(reply.text)")
        }
    }

    @Test(
        "A region that the strategy does nothing about is refused where it was named, unless a trace shows it",
        arguments: DecodingMethod.kinds.filter { !$0.needsRegion })
    func regionWithoutEffect(kind: DecodingMethod.Kind) async throws {
        let server = try await TestServer()
        let agd: [String: JSONValue] = ["strategy": .string(kind.name), "roi": ["system"]]
        let reply = try await ask(agd, on: server)
        #expect(try reply.status == 400 && reply.json["error"]?["param"] == "agd.roi[0]", "\(reply.text)")
        #expect(try await ask(agd.merging(["trace": true]) { $1 }, on: server).status == 200)
        let messages: JSONValue = [["role": "user", "content": "Hi", "agd_weight": 1]]
        let weighted = try await ask(["strategy": .string(kind.name)], ["messages": messages], on: server)
        #expect(try weighted.status == 400 && weighted.json["error"]?["param"] == "messages[0].agd_weight")
    }

    @Test("What the server was started with stands in where a request names no strategy and its prompt has the regions")
    func standardDecoding() async throws {
        let system = try RegionSpecification("system")
        let server = try await TestServer {
            $0.inference.standard = StandardDecoding(
                method: .contextAware(.init(alpha: 0.5)), regions: [system])
        }
        func strategy(_ agd: [String: JSONValue], _ more: [String: JSONValue] = [:]) async throws -> String? {
            let reply = try await ask(agd.merging(["trace": true]) { $1 }, more, on: server)
            #expect(reply.status == 200, "\(reply.text)")
            return try reply.json["choices"]?[0]?["agd"]?["strategy"]?.string
        }
        #expect(try await strategy([:]) == "cad")
        #expect(try await strategy(["alpha": 1]) == "cad")
        #expect(try await strategy(["roi": ["user"]]) == "cad")
        #expect(try await strategy(["strategy": "greedy"]) == "greedy")
        #expect(try await strategy([:], ["messages": [["role": "user", "content": "Hi"]]]) == "greedy")
    }

    @Test("Where only regions are asked about, nothing else of agd is known")
    func onlyRegions() async throws {
        let server = try await TestServer()
        let roi: JSONValue = ["text:a"]
        for (_, field, value) in Self.values + [("", "strategy", "greedy"), ("", "trace", true)] {
            for (path, more) in [("/tokenize", [:]), ("/v1/attributions", ["targets": [5]])]
                as [(String, [String: JSONValue])]
            {
                let body: [String: JSONValue] = ["prompt": "a b", "agd": ["roi": roi, field: value]]
                let reply = try await server.post(path, .object(body.merging(more) { $1 }))
                let isObeyed = path == "/v1/attributions" && field == "rule"
                #expect(reply.status == (isObeyed ? 200 : 400), "\(path) \(field): \(reply.text)")
                if !isObeyed { #expect(try reply.json["error"]?["param"]?.string == "agd.\(field)") }
            }
        }
    }

    @Test("What the table of fields says is standard is what runs")
    func standards() async throws {
        func standard(_ fields: [Field], _ path: String...) -> JSONValue? {
            var (fields, field) = (fields, nil as Field?)
            for name in path {
                field = fields.first { $0.name == name }
                if case .object(let members) = field?.type { fields = members }
            }
            return field?.standard
        }
        for kind in DecodingMethod.kinds {
            var agd: [String: JSONValue] = ["strategy": .string(kind.name)]
            var body: [String: JSONValue] = ["seed": 1]
            for (option, field, _) in Self.values where kind.has(option) {
                agd[field] = standard(Endpoint.chatCompletions.fields, "agd", field)
            }
            for field in ["temperature", "top_p", "top_k", "min_p"] where kind == .sample {
                body[field] = standard(Endpoint.chatCompletions.fields, field)
            }
            body["agd"] = .object(agd)
            let spelled = try StrategyRequest(.object(body), hasRegion: true).method
            let short = try StrategyRequest(
                ["agd": ["strategy": .string(kind.name)], "seed": 1], hasRegion: true
            ).method
            #expect(spelled == short)
        }
    }

    @Test(
        "A temperature, as apps send it always, is ignored by guidance, and the answer says so",
        arguments: [false, true])
    func temperature(streams: Bool) async throws {
        let server = try await TestServer()
        let fields: [String: JSONValue] = ["temperature": 0.7, "top_p": 0.9, "stream": .bool(streams)]
        let reply = try await ask(["roi": ["system"]], fields, on: server)
        #expect(reply.status == 200, "\(reply.text)")
        let first = streams ? try JSONValue(parsing: Data(reply.events[0].utf8)) : try reply.json
        let agd = first["choices"]?[0]?["agd"]
        #expect(agd?["notes"]?[0]?.string?.hasPrefix("temperature, top_p: without effect") == true)
        #expect(agd?["steps"] == nil && agd?["strategy"] == nil)
        // The tokens are those without it.
        let plain = try await ask(["roi": ["system"]], on: server).json["choices"]?[0]
        #expect(plain?["agd"] == nil)
        guard !streams else { return }
        #expect(try reply.json["choices"]?[0]?["message"] == plain?["message"])
    }

    @Test("Neutral values get no note, and without guidance a temperature draws")
    func neutral() async throws {
        let server = try await TestServer()
        let neutral: [String: JSONValue] = ["temperature": 0, "top_p": 1, "top_k": 0, "min_p": 0, "seed": 3]
        #expect(try await ask(["roi": ["system"]], neutral, on: server).json["choices"]?[0]?["agd"] == nil)
        let drawn = try await ask(["trace": true], ["temperature": 0.7], on: server).json["choices"]?[0]?["agd"]
        #expect(drawn?["strategy"] == "sample" && drawn?["notes"] == nil)
        let chosen = try await ask(["strategy": "greedy", "trace": true], ["temperature": 0.7], on: server)
        #expect(try chosen.json["choices"]?[0]?["agd"]?["notes"]?.array?.count == 1)
    }

    @Test("A layer that the model lacks is an error of its field")
    func layers() async throws {
        let server = try await TestServer()
        let reply = try await ask(["strategy": "dola", "dola_layers": [999]], on: server)
        #expect(try reply.status == 400 && reply.json["error"]?["param"] == "agd.dola_layers")
    }
}
