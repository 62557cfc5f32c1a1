/// What a file is that was taken for a model, so that the error can say what happened.
enum FileKind {
    /// The problem and its remedy; nil for a file that begins as GGUF does.
    static func mistaken(_ bytes: UnsafeRawBufferPointer) -> (problem: String, remedy: String)? {
        let start = Array(bytes.prefix(512))
        let text = String(decoding: start.drop { [0x20, 0x09, 0x0A, 0x0D].contains($0) }, as: UTF8.self).lowercased()
        func begins(_ magic: String) -> Bool { start.starts(with: magic.utf8) }

        if begins("GGUF") { return nil }
        if begins("version https://git-lfs") {
            return ("a Git LFS pointer, not the model itself", "Fetch it with 'git lfs pull', or download the file.")
        }
        if text.hasPrefix("<!doctype html") || text.hasPrefix("<html") || text.hasPrefix("<?xml") {
            return ("a web page", "The download failed or needs a login; download the file itself.")
        }
        if text.hasPrefix("{") || text.hasPrefix("[") {
            return (
                "JSON", "It may be a server's error in place of the model, or a configuration; download the GGUF file."
            )
        }
        if start.count > 8, start[8] == UInt8(ascii: "{"), start[2..<8].allSatisfy({ $0 == 0 }) {
            return ("weights as safetensors", "Convert the model with llama.cpp's convert_hf_to_gguf.py.")
        }
        if begins("PK\u{3}\u{4}") || begins("\u{80}\u{2}") {
            return (
                "weights of PyTorch, or a ZIP archive", "Unpack it, or convert the model with convert_hf_to_gguf.py."
            )
        }
        if start.starts(with: [0x1F, 0x8B]) || start.starts(with: [0x28, 0xB5, 0x2F, 0xFD]) || begins("BZh")
            || begins("\u{FD}7zXZ")
        {
            return ("compressed", "Decompress it first.")
        }
        if ["tjgg", "lmgg", "fmgg", "algg", "GGML"].contains(where: begins) {
            return ("a model in a format older than GGUF (wrong magic number)", "Download or convert the model again.")
        }
        return ("not a GGUF file (wrong magic number)", "Give a model as a GGUF file.")
    }
}
