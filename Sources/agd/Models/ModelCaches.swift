import Foundation

/// Where programs for language models keep what they have fetched.
struct ModelCaches {
    /// A folder that may be there.
    struct Place: Equatable {
        enum Layout: Equatable { case files, huggingFace, ollama }
        var source: String
        var folder: String
        var layout = Layout.files
    }

    let places: [Place]
    private let files = FileManager.default

    /// - Parameter environment: variables by which these programs' caches are moved, and `HOME`.
    init(environment: [String: String] = ProcessInfo.processInfo.environment) {
        func path(_ variable: String, _ tail: String = "") -> String? {
            environment[variable].flatMap { $0.isEmpty ? nil : $0 + tail }
        }
        let home = path("HOME") ?? NSHomeDirectory()
        let caches = path("XDG_CACHE_HOME") ?? "\(home)/.cache"
        let ollama =
            path("OLLAMA_MODELS").map { [$0] } ?? ["\(home)/.ollama/models", "/usr/share/ollama/.ollama/models"]
        let llama = path("LLAMA_CACHE").map { [$0] } ?? ["\(caches)/llama.cpp", "\(home)/Library/Caches/llama.cpp"]
        let huggingFace = path("HF_HUB_CACHE") ?? path("HUGGINGFACE_HUB_CACHE") ?? path("HF_HOME", "/hub")
        places =
            [Place(source: "agd", folder: path("AGD_MODELS") ?? "\(caches)/agd/models")]
            + ollama.map { Place(source: "Ollama", folder: $0, layout: .ollama) }
            + [
                Place(
                    source: "Hugging Face", folder: huggingFace ?? "\(caches)/huggingface/hub", layout: .huggingFace)
            ]
            + llama.map { Place(source: "llama.cpp", folder: $0) }
            + ["\(home)/.lmstudio/models", "\(caches)/lm-studio/models"].map { Place(source: "LM Studio", folder: $0) }
    }

    /// All models, by place and name.
    var models: [FoundModel] {
        places.flatMap { place in
            let found =
                switch place.layout {
                case .files: ggufFiles(in: place.folder, place)
                case .huggingFace: huggingFaceModels(in: place)
                case .ollama: ollamaModels(in: place)
                }
            return found.sorted { $0.name < $1.name }
        }
    }

    func isFile(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return files.fileExists(atPath: path, isDirectory: &isFolder) && !isFolder.boolValue
    }

    /// Files below a folder, named by their paths in it: weights of language models, and of models that are split the first part.
    private func ggufFiles(in folder: String, prefix: String = "", _ place: Place) -> [FoundModel] {
        files(below: folder).compactMap { path in
            guard path.hasSuffix(".gguf"), !path.lowercased().contains("mmproj") else { return nil }
            var name = prefix + path.dropLast(".gguf".count)
            if let part = name.firstMatch(of: /-(\d{5})-of-\d{5}$/) {
                guard part.1 == "00001" else { return nil }
                name.removeSubrange(part.range)
            }
            return model(named: name, in: place, path: "\(folder)/\(path)")
        }
    }

    func model(named name: String, in place: Place, path: String) -> FoundModel? {
        let file = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
        guard isFile(file), let size = try? files.attributesOfItem(atPath: file)[.size] as? Int else { return nil }
        return FoundModel(name: name, source: place.source, path: path, byteCount: size)
    }

    /// Paths of the files below a folder, as they stand in it; none where there is no folder.
    func files(below folder: String) -> [String] {
        files.enumerator(atPath: folder)?.compactMap { $0 as? String }.filter { isFile("\(folder)/\($0)") } ?? []
    }

    /// `models--ORGANISATION--NAME/snapshots/REVISION/FILE`, of the revision that `main` is, or of all.
    private func huggingFaceModels(in place: Place) -> [FoundModel] {
        names(in: place.folder).filter { $0.hasPrefix("models--") }.flatMap { repository in
            let folder = "\(place.folder)/\(repository)"
            let name = repository.dropFirst("models--".count).replacing("--", with: "/")
            let revisions = names(in: "\(folder)/snapshots")
            let main = (text(ofFile: "\(folder)/refs/main") ?? "").trimmingCharacters(in: .whitespacesAndNewlines)
            return (revisions.contains(main) ? [main] : revisions).flatMap {
                ggufFiles(in: "\(folder)/snapshots/\($0)", prefix: name + "/", place)
            }
        }.reduce(into: []) { unique, model in
            if !unique.contains(where: { $0.name == model.name }) { unique.append(model) }
        }
    }

    private func names(in folder: String) -> [String] {
        do { return try files.contentsOfDirectory(atPath: folder).sorted() } catch { return [] }
    }

    /// A small file of another program's bookkeeping; nil where it is none.
    func text(ofFile path: String) -> String? {
        guard isFile(path) else { return nil }
        do {
            let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
            defer { _ = Result { try file.close() } }
            return String(validating: try file.read(upToCount: 1 << 20) ?? Data(), as: UTF8.self)
        } catch {
            return nil
        }
    }
}
