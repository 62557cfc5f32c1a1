import ArgumentParser
import AttributionGuidedDecoding

struct Models: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Lists the models that this and other programs have fetched.",
        discussion: """
            Found are GGUF files in the caches of Ollama, Hugging Face, llama.cpp and LM Studio, and in \
            ~/.cache/agd/models. -m takes a name, or words of it that no other model has: -m qwen2.5:0.5b.
            """)

    @Flag(help: "Prints a JSON object.")
    var json = false

    private struct Report: Encodable { var models: [FoundModel] }

    func run() throws {
        let caches = ModelCaches()
        let models = caches.models
        if json { return try Terminal.writeJSON(Report(models: models)) }
        guard !models.isEmpty else {
            return Terminal.note("no model was found in " + caches.places.map(\.folder).joined(separator: ", "))
        }
        let rows = models.map { model in
            [
                model.name, "\((Double(model.byteCount) / 1_048_576).formatted(decimals: 0)) MiB", model.source,
                model.path,
            ]
        }
        Terminal.write(TextTable(["name", "size", "from", "file"], rows).rendered)
    }
}
