import Foundation
import Testing

@testable import AGDServer

@Suite("The page's files")
struct PageTests {
    private static let texts = Page.files.mapValues { String(decoding: $0, as: UTF8.self) }
        .merging(["page.html": String(decoding: PackageResources.page_html, as: UTF8.self)]) { first, _ in first }

    @Test("Every file of its folder is served, and nothing else")
    func folder() throws {
        let folder = TestServer.repository.appending(path: "Sources/AGDServer/Resources")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(Set(Self.texts.keys) == Set(names))
    }

    @Test("Whatever a file imports or links to is a part of the page: it runs without a network")
    func references() {
        for (name, text) in Self.texts {
            for match in text.matches(of: /from "([^"]+)"/) {
                #expect(Page.files[String(match.output.1.dropFirst(2))] != nil, "\(name) imports \(match.output.1)")
            }
            for match in text.matches(of: /<(?:link|script)[^>]*?(?:href|src)="([^"]+)"/)
            where match.output.1 != "data:," {
                #expect(
                    Page.files[String(match.output.1.dropFirst("page/".count))] != nil,
                    "\(name) loads \(match.output.1)")
            }
        }
    }

    @Test("No script turns text into markup or code: what a model says reaches the page as text")
    func noMarkup() {
        let ways = [
            "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "DOMParser",
            "srcdoc", "setHTML",
        ]
        for (name, text) in Self.texts where name.hasSuffix(".js") {
            for way in ways { #expect(!text.contains(way), "\(name) has \(way)") }
        }
    }

    @Test(
        "Files come with their type and a policy that admits nothing foreign",
        .enabled(if: TestServer.modelPath != nil, "Models/microcosm.gguf is absent"))
    func headers() async throws {
        let server = try await TestServer()
        for (path, type) in [("/", "text/html"), ("/page/main.js", "text/javascript"), ("/page/base.css", "text/css")] {
            let reply = try await server.get(path)
            #expect(reply.status == 200 && reply.headers[.contentType] == "\(type); charset=utf-8")
            #expect(reply.headers[.contentSecurityPolicy]?.hasPrefix("default-src 'none'; script-src 'self';") == true)
        }
        #expect(try await server.get("/page/other.js").status == 404)
        #expect(try await server.get("/page/..").status == 404)
    }
}
