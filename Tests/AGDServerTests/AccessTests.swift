import AttributionGuidedDecoding
import Foundation
import Hummingbird
import Testing

@testable import AGDServer

@Suite("Access", .enabled(if: TestServer.modelPath != nil, "Models/microcosm.gguf is absent"))
struct AccessTests {
    /// Ways to write a path that a router, a proxy or a file system may take for the same.
    static let spellings: [@Sendable (String) -> String] = [
        { $0 }, { "/" + $0 }, { "///" + $0 }, { $0 + "/" }, { $0 + "//" }, { "/." + $0 }, { $0 + "/." },
        { "/x/.." + $0 },
        { $0.replacing("/", with: "//") }, { $0.replacing("/", with: "/./") },
        { "/" + $0.dropFirst().replacing("/", with: "%2f") },
        { "/%2e" + $0 }, { "/x/%2e%2e" + $0 }, { $0.uppercased() }, { $0 + ";x" }, { $0 + "?" }, { $0 + "?x=/health" },
        { $0 + "#" }, { $0 + "%20" }, { $0 + "%00" }, { "/health/.." + $0 }, { "/page/.." + $0 },
        { String($0.dropFirst()) }, { "http://localhost" + $0 }, { "\\" + $0.dropFirst() },
        { $0.replacing("e", with: "%65") },
    ]

    @Test("However its path is spelt, nothing that isn't declared public is answered without the key")
    func closedByDefault() async throws {
        let server = try await TestServer { $0.apiKey = Secret("secret") }
        for endpoint in Endpoint.all where !endpoint.isPublic {
            for spell in Self.spellings {
                let path = spell(endpoint.examplePath)
                for method in [.get, .head, .post, .put, .options] as [HTTPRequest.Method] {
                    #expect(try await server.send(method, path, Data()).status == 401, "\(method) \(path)")
                }
            }
        }
        #expect(try await server.get("/no/such/path").status == 401)
    }

    @Test(
        "What is declared public needs no key, and says so in the description",
        arguments: Endpoint.all.filter(\.isPublic))
    func publicEndpoints(endpoint: Endpoint) async throws {
        let server = try await TestServer { $0.apiKey = Secret("secret") }
        #expect(try await server.get(endpoint.examplePath).status == 200)
        #expect(OpenAPI.document["paths"]?[endpoint.path]?["get"]?["security"] == [])
    }

    @Test("Requests count under the path that was matched, not under its spelling")
    func metrics() async throws {
        let server = try await TestServer()
        for path in ["//v1/models", "/v1/models/", "/v1//models", "/nowhere"] { _ = try await server.get(path) }
        let text = try await server.get("/metrics").text
        #expect(text.contains(#"agd_requests_total{path="/v1/models",status="200"} 3"#))
        #expect(text.contains(#"agd_requests_total{path="none",status="404"} 1"#))
    }

    @Test("A path with another method is a 405 that names those it has")
    func otherMethods() async throws {
        let server = try await TestServer()
        #expect(try await server.get("/tokenize").headers[.allow] == "POST")
        let reply = try await server.send(.delete, "/v1/models", Data())
        #expect(reply.status == 405 && reply.headers[.allow] == "GET, HEAD")
    }

    @Test("HEAD answers as GET does, without a body", arguments: Endpoint.all.filter { $0.method == .get })
    func head(endpoint: Endpoint) async throws {
        let server = try await TestServer()
        let path = endpoint.examplePath
        let (get, head) = (try await server.get(path), try await server.send(.head, path, Data()))
        #expect(get.status == 200 && head.status == 200 && head.body.isEmpty)
        #expect(get.headers[.contentType] == head.headers[.contentType])
    }

    @Test(
        "A model is found by the name in the list, however a client escapes it",
        arguments: ["a/b", "my model", "é", "org/naïve model", "100%", "a//b", "x?y#z"])
    func modelByName(name: String) async throws {
        let server = try await TestServer { $0.modelName = name }
        #expect(try await server.get("/v1/models").json["data"]?[0]?["id"]?.string == name)
        let unreserved = CharacterSet.alphanumerics.intersection(CharacterSet(charactersIn: "!"..."~"))
        for allowed in [unreserved, unreserved.union(CharacterSet(charactersIn: "/"))] {
            let escaped = try #require(name.addingPercentEncoding(withAllowedCharacters: allowed))
            let reply = try await server.get("/v1/models/" + escaped)
            #expect(reply.status == 200, "\(escaped)")
            #expect(try reply.json["id"]?.string == name)
        }
        #expect(try await server.get("/v1/models/other").status == 404)
    }

    @Test(
        "A server on loopback answers to loopback's names only",
        arguments: ["127.0.0.1", "127.0.0.2", "localhost", "::1"])
    func loopback(host: String) throws {
        var configuration = ServerConfiguration(modelName: "test")
        configuration.host = host
        let hosts = try #require(try configuration.acceptedHosts())
        #expect(hosts.contains("localhost") && hosts.contains { $0.contains(host) } && !hosts.contains("evil.example"))
    }

    @Test("Pages of named origins may use the API, others may not")
    func origins() async throws {
        let server = try await TestServer {
            $0.apiKey = Secret("secret")
            $0.allowedOrigins = ["https://chat.example"]
        }
        let asks: HTTPFields = [
            .origin: "https://chat.example", .accessControlRequestMethod: "POST",
            .accessControlRequestHeaders: "authorization,content-type",
        ]
        let permission = try await server.send(.options, "/v1/chat/completions", Data(), headers: asks)
        #expect(permission.status == 204)
        #expect(permission.headers[.accessControlAllowOrigin] == "https://chat.example")
        #expect(permission.headers[.accessControlAllowHeaders] == "authorization,content-type")
        let unauthorized = try await server.get("/v1/models", headers: [.origin: "https://chat.example"])
        #expect(unauthorized.status == 401 && unauthorized.headers[.accessControlAllowOrigin] != nil)
        for origin in ["https://evil.example", "https://chat.example.evil.example", "null", "http://chat.example"] {
            let reply = try await server.get("/health", headers: [.origin: origin])
            #expect(reply.headers[.accessControlAllowOrigin] == nil)
            var foreign = asks
            foreign[.origin] = origin
            #expect(try await server.send(.options, "/v1/models", Data(), headers: foreign).status == 401)
        }
    }

    @Test("A key is shown by nothing that prints")
    func secret() {
        var configuration = ServerConfiguration(modelName: "test")
        configuration.apiKey = Secret("sk-12345")
        var dumped = ""
        dump(configuration, to: &dumped)
        for text in [
            "\(configuration)", String(reflecting: configuration), dumped,
            "\(String(describing: configuration.apiKey))",
        ] {
            #expect(!text.contains("12345"))
        }
        #expect(Secret("sk-1").isEqual(to: "sk-1".utf8) && !Secret("sk-1").isEqual(to: "sk-2".utf8))
    }
}

extension Endpoint {
    /// A path that there is.
    fileprivate var examplePath: String {
        path.replacing("{model}", with: "test").replacing("{file}", with: "main.js")
    }
}
