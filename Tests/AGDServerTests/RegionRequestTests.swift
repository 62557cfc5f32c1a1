import AttributionGuidedDecoding
import Foundation
import Testing

@testable import AGDServer

@Suite("Regions of requests", .enabled(if: TestServer.modelPath != nil, "Models/microcosm.gguf is absent"))
struct RegionRequestTests {
    /// The text of the tokens that a region marks.
    private func marked(_ content: String, _ region: JSONValue, in server: TestServer) async throws -> String? {
        let reply = try await server.post(
            "/tokenize",
            ["messages": [["role": "user", "content": .string(content)]], "agd": ["roi": [region]]])
        guard reply.status == 200 else { return nil }
        return try reply.json["tokens"]?.array?.filter { $0["weight"]?.double != 0 }.compactMap { $0["text"]?.string }
            .joined()
    }

    @Test(
        "A text is looked for as it was sent, with a message and without",
        arguments: ["\\alpha", "\\beta", "\\n", "\"quoted\"", "text:\"x\"", "a=2"])
    func typedText(text: String) async throws {
        let server = try await TestServer()
        let content = "Compute \(text) + 1 now"
        let found = try await marked(content, ["text": .string(text)], in: server)
        #expect(found?.contains(text) == true)
        #expect(try await marked(content, ["text": .string(text), "message": "user"], in: server) == found)
        // Nothing like it is there: neither is the template's own text a match.
        #expect(try await marked("Compute nothing", ["text": .string(text)], in: server) == nil)
        #expect(try await marked("Compute nothing", ["text": .string(text), "message": 0], in: server) == nil)
    }

    @Test(
        "In the command line's form an escape is read where that occurs, else it stands for itself",
        arguments: ["\\beta", "\\theta", "\\nu", "\\rho"])
    func escapes(text: String) async throws {
        let server = try await TestServer()
        #expect(
            try await marked("Compute \(text) now", .string("text:\"\(text)\""), in: server)?.contains(text.dropFirst())
                == true)
        #expect(try await marked("a\nb", "text:\"a\\nb\"", in: server) != nil)
    }

    @Test("Composed and decomposed characters are equal, with a message and without")
    func canonicalEquivalence() async throws {
        let server = try await TestServer()
        for (sent, wanted) in [("caf\u{E9}", "cafe\u{301}"), ("cafe\u{301}", "caf\u{E9}")] {
            for region: JSONValue in [
                ["text": .string(wanted)], ["text": .string(wanted), "message": "user"],
                .string("text:\"\(wanted)\""),
            ] {
                #expect(try await marked("a \(sent) here", region, in: server)?.contains("caf") == true)
            }
        }
    }

    @Test("Characters of a message are counted in what was sent, whatever documents are put before it")
    func charactersBesideDocuments() async throws {
        let server = try await TestServer()
        func marked(_ documents: JSONValue) async throws -> [JSONValue?] {
            let trace = try await server.post(
                "/v1/chat/completions",
                [
                    "messages": [["role": "user", "content": "Sí, answer in Spanish."]], "documents": documents,
                    "max_tokens": 1, "agd": ["roi": [["message": 0, "characters": [14, 21]]], "trace": true],
                ]
            ).json["choices"]?[0]?["agd"]
            let positions = trace?["roi"]?.array?.compactMap { $0["token"]?.integer } ?? []
            return positions.map { trace?["prompt_tokens"]?[$0] }
        }
        let alone = try await marked([])
        #expect(!alone.isEmpty)
        #expect(try await marked([["title": "Pets", "text": "Petra has a wolf."]]) == alone)
    }

    @Test("Neurons and a direction are regions, and what the model lacks of them is told with the field")
    func inside() async throws {
        let server = try await TestServer()
        let width = 256
        func status(_ region: JSONValue) async throws -> (isAccepted: Bool, message: String) {
            let reply = try await server.post(
                "/v1/chat/completions",
                [
                    "messages": [["role": "user", "content": "Hello."]], "max_tokens": 2,
                    "agd": ["roi": [region], "entropy_threshold": "off"],
                ])
            return (reply.status == 200, try reply.json["error"]?["message"]?.string ?? "")
        }
        let vector = JSONValue.array((0..<width).map { .number(Double($0 % 5) - 2) })
        for region: JSONValue in [
            "neurons:1.5,2.7=-0.5", ["neurons": [["layer": 1, "index": 5, "weight": 2]]], ["neurons": "1.5"],
            ["direction": ["layer": 2, "vector": vector], "weight": -1],
        ] {
            #expect(try await status(region).isAccepted)
        }
        for (region, problem) in [
            (["neurons": [["layer": 9, "index": 5]]], "9.5"),
            (["direction": ["layer": 2, "vector": [1]]], "1 elements"),
            ("neurons:@/etc/passwd", "files of the server"), ("direction:@/etc/passwd", "files of the server"),
            ("sae:@/etc#1", "files of the server"),
        ] as [(JSONValue, String)] {
            let (isAccepted, message) = try await status(region)
            #expect(!isAccepted && message.contains(problem) && message.contains("agd.roi"), "\(message)")
        }
    }

    @Test(
        "Patterns and files are refused however they are spelled",
        arguments: [
            "regex:a", "regex:\u{301}|(a+)+$", "regex:\u{200D}a", "regex:\u{20E3}a", "heads:@/etc/passwd",
            "heads:@\u{301}/etc/passwd", "heads:\u{301}@/etc/passwd",
        ])
    func gate(specification: String) async throws {
        let server = try await TestServer()
        for path in ["/tokenize", "/v1/completions"] {
            let reply = try await server.post(path, ["prompt": "aaaa!", "agd": ["roi": [.string(specification)]]])
            #expect(reply.status == 400 && reply.text.contains("agd.roi[0]"), "\(reply.text)")
        }
    }

    @Test("Where patterns are allowed, a hostile one ends by itself")
    func hostilePattern() async throws {
        let server = try await TestServer { $0.allowsRegularExpressions = true }
        let text = String(repeating: "a", count: 4000) + "!"
        for pattern in ["regex:(a+)+$", "regex:(a|aa)+$", "regex:\u{301}|(a+)+$"] {
            let reply = try await server.post(
                "/tokenize", ["prompt": .string(text), "agd": ["roi": [.string(pattern)]]])
            #expect(reply.status == 400 && reply.text.contains("matches nothing"))
        }
        let costly = try await server.post(
            "/tokenize",
            ["prompt": .string(String(repeating: "a", count: 6000)), "agd": ["roi": ["regex:a*a*a*a*b|a"]]])
        #expect(costly.status == 400 && costly.text.contains("too many steps"))
        #expect(try await server.post("/tokenize", ["prompt": "a 12", "agd": ["roi": ["regex:\\d+"]]]).status == 200)
    }

    @Test(
        "Weights that add up to more than one region may weigh are an error of the request, and large ones are obeyed")
    func weights() async throws {
        let server = try await TestServer { $0.inference.cacheType = .float16 }
        func answer(_ regions: [JSONValue]) async throws -> TestServer.Reply {
            try await server.post(
                "/v1/chat/completions",
                ["messages": conflict, "max_tokens": 2, "agd": ["roi": .array(regions), "entropy_threshold": "off"]])
        }
        let large: JSONValue = ["message": "system", "weight": 1000]
        #expect(try await answer([large]).status == 200)
        let small: JSONValue = ["message": "system", "weight": -999]
        #expect(try await answer([large, large, small]).status == 400)
        #expect(try await answer([large, small, large, small]).status == 200)
        let head: JSONValue = ["heads": [["layer": 0, "head": 0, "weight": 1000]], "weight": 1000]
        for regions in [Array(repeating: large, count: 32), [head], [head, head]] {
            let reply = try await answer(regions)
            #expect(reply.status == 400 && reply.text.contains("agd.roi") && reply.text.contains("add up"))
        }
        for specification in ["system=1e20", "system=inf", "system=-1e300"] {
            let reply = try await answer([.string(specification)])
            #expect(reply.status == 400 && reply.text.contains("weight"), "\(reply.text)")
        }
    }

    @Test("Regions of a long prompt, and many ranges, are found in one walk")
    func linear() async throws {
        let server = try await TestServer()
        let long = String(repeating: "a b ", count: 1500)
        let everywhere = try await server.post(
            "/tokenize", ["prompt": .string(long), "agd": ["roi": .array(Array(repeating: "text:\"a\"", count: 5))]])
        #expect(everywhere.status == 200)
        let ranges = "tokens:" + Array(repeating: "0..<3", count: 10_000).joined(separator: ",")
        let prompts: JSONValue = .array(Array(repeating: "a b c d", count: 64))
        let reply = try await server.post(
            "/v1/completions", ["prompt": prompts, "max_tokens": 1, "agd": ["roi": [.string(ranges)]]])
        #expect(reply.status == 200)
        let tooMany = "tokens:" + Array(repeating: "0", count: 20_000).joined(separator: ",")
        let refused = try await server.post("/tokenize", ["prompt": "a b", "agd": ["roi": [.string(tooMany)]]])
        #expect(refused.status == 400 && refused.text.contains("at most") && refused.body.count < 2000)
    }

    @Test("An error names the region it is about", arguments: ["roi", "agd_weight"])
    func places(field: String) async throws {
        let server = try await TestServer()
        let reply =
            field == "roi"
            ? try await server.post("/tokenize", ["prompt": "a b", "agd": ["roi": ["text:a", ["text": "absent"]]]])
            : try await server.post(
                "/tokenize", ["messages": [["role": "user", "content": "", "agd_weight": 1]]])
        #expect(reply.status == 400)
        #expect(try reply.json["error"]?["param"]?.string == (field == "roi" ? "agd.roi[1]" : "messages[0].agd_weight"))
    }
}
