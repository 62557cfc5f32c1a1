import Foundation
import Testing

/// A home folder with the caches of other programs, whose models are all the one in the repository.
private struct Home {
    let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "agd-home-\(UUID().uuidString)")
        for file in [
            "models--me--Tiny-GGUF/snapshots/new/Tiny-0.5B-Instruct-Q8_0.gguf",
            "models--me--Tiny-GGUF/snapshots/new/mmproj-x.gguf",
            "models--me--Tiny-GGUF/snapshots/old/Tiny-0.5B-Instruct-Q4_0.gguf",
        ] { try link(".cache/huggingface/hub/" + file) }
        try write("new", ".cache/huggingface/hub/models--me--Tiny-GGUF/refs/main")
        try link(".cache/llama.cpp/me_small-00001-of-00002.gguf")
        try link(".cache/llama.cpp/me_small-00002-of-00002.gguf")
        try link(".lmstudio/models/me/Wide-7B/wide-7b.Q4_K_M.gguf")
        let digest = String(repeating: "ab", count: 32)
        try link(".ollama/models/blobs/sha256-\(digest)")
        for name in [
            "registry.ollama.ai/library/qwen2.5/0.5b", "registry.ollama.ai/me/own/latest", "host.example/a/b/c",
        ] {
            try write(
                #"{"layers": [{"mediaType": "text", "digest": "x"}, {"mediaType": "application/vnd.ollama.image.model", "digest": "sha256:\#(digest)"}]}"#,
                ".ollama/models/manifests/" + name)
        }
        for (name, manifest) in [
            ("broken", "{"), ("empty", "{}"),
            (
                "evil",
                #"{"layers": [{"mediaType": "application/vnd.ollama.image.model", "digest": "sha256:../../../x"}]}"#
            ),
        ] { try write(manifest, ".ollama/models/manifests/registry.ollama.ai/library/\(name)/latest") }
    }

    private func place(_ path: String) throws -> URL {
        let file = folder.appending(path: path)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        return file
    }

    private func link(_ path: String) throws {
        try FileManager.default.createSymbolicLink(
            at: place(path), withDestinationURL: URL(filePath: Command.file("Models/microcosm.gguf")))
    }

    private func write(_ text: String, _ path: String) throws { try Data(text.utf8).write(to: place(path)) }

    func run(_ arguments: [String], variables: String = "") async throws -> Command.Result {
        try await Command.run(
            arguments,
            shell:
                "unset XDG_CACHE_HOME HF_HOME HF_HUB_CACHE LLAMA_CACHE OLLAMA_MODELS AGD_MODELS; HOME='\(folder.path)' \(variables) \"$@\""
        )
    }

    func remove() { _ = Result { try FileManager.default.removeItem(at: folder) } }
}

@Suite("Models that other programs have fetched are found by name")
struct ModelCacheTests {
    @Test("agd models lists them by the names that those programs show")
    func list() async throws {
        let home = try Home()
        defer { home.remove() }
        let result = try await home.run(["models", "--json"])
        let json = try JSONSerialization.jsonObject(with: Data(result.standardOutput.utf8)) as? [String: Any]
        let models = try #require(json?["models"] as? [[String: Any]])
        #expect(
            models.map { "\($0["source"] as? String ?? ""): \($0["name"] as? String ?? "")" } == [
                "Ollama: host.example/a/b:c", "Ollama: me/own:latest", "Ollama: qwen2.5:0.5b",
                "Hugging Face: me/Tiny-GGUF/Tiny-0.5B-Instruct-Q8_0", "llama.cpp: me_small",
                "LM Studio: me/Wide-7B/wide-7b.Q4_K_M",
            ])
        let table = try await home.run(["models"])
        #expect(table.standardOutput.contains("qwen2.5:0.5b") && table.standardOutput.contains("MiB"))
    }

    @Test(
        "A name, or words of it that no other model has, is a model",
        arguments: ["qwen2.5:0.5b", "QWEN2.5", "tiny", "instruct tiny:0.5b", "me_small", "wide 7b", "me/own:latest"])
    func named(name: String) async throws {
        let home = try Home()
        defer { home.remove() }
        let result = try await home.run(["generate", "-m", name, "-t", "1", "--user", "Hi.", "-n", "1"])
        #expect(result.status == 0, "\(result.standardError)")
        #expect(try await home.run(["info", name]).status == 0)
    }

    @Test("A name of none or several is told, with theirs", arguments: [("nothing", "agd models"), ("me", "me_small")])
    func refused(name: String, mention: String) async throws {
        let home = try Home()
        defer { home.remove() }
        let result = try await home.run(["generate", "-m", name, "--user", "Hi."])
        #expect(result.status != 0 && result.standardError.contains(mention), "\(result.standardError)")
    }

    @Test("The programs' variables move their caches; empty ones hold nothing")
    func moved() async throws {
        let home = try Home()
        defer { home.remove() }
        let elsewhere = "HF_HUB_CACHE=/nowhere OLLAMA_MODELS=/nowhere LLAMA_CACHE=/nowhere AGD_MODELS=/nowhere"
        let result = try await home.run(["models"], variables: elsewhere)
        #expect(result.standardOutput.contains("LM Studio") && !result.standardOutput.contains("Ollama"))
    }
}

@Suite("Environment variables stand in for options")
struct EnvironmentTests {
    private static let model = Command.file("Models/microcosm.gguf")

    private static func run(_ variables: String, _ arguments: [String]) async throws -> Command.Result {
        try await Command.run(arguments, shell: "export \(variables); \"$@\"")
    }

    @Test("A variable sets an option of the model, and an option that is given wins")
    func model() async throws {
        let arguments = ["generate", "--user", "Hi.", "-n", "1"]
        #expect(try await Self.run("AGD_MODEL='\(Self.model)' AGD_THREADS=1", arguments).status == 0)
        let overruled = try await Self.run("AGD_MODEL=nothing.gguf", arguments + ["-m", Self.model, "-t", "1"])
        #expect(overruled.status == 0, "\(overruled.standardError)")
        let flag = try await Self.run("AGD_MODEL='\(Self.model)' AGD_SWA_FULL=1 AGD_CACHE_TYPE=f32", arguments)
        #expect(flag.status == 0, "\(flag.standardError)")
    }

    @Test(
        "What is wrong with one names it",
        arguments: [
            ("AGD_CTX_SIZE=many", "AGD_CTX_SIZE"), ("AGD_SWA_FULL=maybe", "AGD_SWA_FULL"),
            ("AGD_CACHE_TYPE=f5", "AGD_CACHE_TYPE"),
        ])
    func wrong(variable: String, mention: String) async throws {
        let result = try await Self.run(variable, ["generate", "-m", Self.model, "--user", "Hi.", "-n", "1"])
        #expect(result.status != 0 && result.standardError.contains(mention), "\(result.standardError)")
    }

    @Test("Other options are left alone: a prompt comes from the command line")
    func others() async throws {
        let result = try await Self.run("AGD_USER=somebody AGD_PROMPT=x", ["generate", "-m", Self.model, "-n", "1"])
        #expect(result.standardError.contains("There is no prompt"))
    }
}
