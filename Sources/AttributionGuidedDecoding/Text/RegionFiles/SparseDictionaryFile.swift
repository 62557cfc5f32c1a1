import Foundation

/// A sparse dictionary (sparse autoencoder) of the residual stream, in SAELens' layout: `cfg.json`, and `sae_weights.safetensors` with `W_enc`
/// [width, features], `b_enc`, `W_dec` [features, width], `b_dec`, and for JumpReLU `threshold`. Gemma Scope 2's `config.json` and
/// `params.safetensors`, with the same names in small letters, are read too.
struct SparseDictionaryFile {
    private typealias Tensor = SafetensorsFile.Tensor

    private let file: SafetensorsFile
    private let layer: Int
    private let encoder, decoder, encoderBias: Tensor
    private let decoderBias, threshold: Tensor?
    /// Whether the decoder's bias is taken off what the encoder reads.
    private let isCentred: Bool
    private var width: Int { encoder.shape[0] }
    private var featureCount: Int { encoder.shape[1] }

    /// - Parameters:
    ///   - path: of the folder, or of the weights, which have the configuration beside them.
    ///   - layer: whose output it reads; nil for the configuration's.
    /// - Throws: ``RegionError/file(path:problem:)``.
    init(path: String, layer: Int?) throws(RegionError) {
        let isFile = path.hasSuffix(".safetensors")
        let folder = isFile ? URL(fileURLWithPath: path).deletingLastPathComponent().path : path
        func existing(_ names: [String]) -> String? {
            names.map { folder + "/" + $0 }.first { FileManager.default.fileExists(atPath: $0) }
        }
        guard let weights = isFile ? path : existing(["sae_weights.safetensors", "params.safetensors"]) else {
            throw .file(
                path: path,
                problem: "there is no sae_weights.safetensors in it; a dictionary is a folder as SAELens writes it")
        }
        let configuration = try existing(["cfg.json", "config.json"]).map { (path) throws(RegionError) in
            try DictionaryConfiguration(path: path)
        }
        if let layer {
            self.layer = layer
        } else if let configuration {
            self.layer = try configuration.layer
        } else {
            throw .file(
                path: weights,
                problem: "there is no cfg.json beside it; say behind which layer it reads: sae:12@\(path)#…")
        }
        let file = try SafetensorsFile(path: weights)
        func needed(_ names: [String]) throws(RegionError) -> Tensor {
            guard let tensor = try file.tensor(names) else {
                throw .file(
                    path: weights, problem: "tensor \(names[0]): is missing; a dictionary has W_enc, b_enc and W_dec")
            }
            return tensor
        }
        encoder = try needed(["W_enc", "w_enc"])
        decoder = try needed(["W_dec", "w_dec"])
        encoderBias = try needed(["b_enc"])
        decoderBias = try file.tensor(["b_dec"])
        threshold = try file.tensor(["threshold"])
        isCentred = configuration?.isCentred ?? false
        self.file = file
        try Self.check(weights, encoder: encoder, decoder: decoder, ofFeatures: [encoderBias, threshold], decoderBias)
    }

    private static func check(
        _ path: String, encoder: Tensor, decoder: Tensor, ofFeatures: [Tensor?], _ decoderBias: Tensor?
    ) throws(RegionError) {
        func expect(_ tensor: Tensor, _ shape: [Int]) throws(RegionError) {
            guard tensor.shape == shape else {
                throw .file(
                    path: path, problem: "tensor \(tensor.name): its shape is \(tensor.shape), expected \(shape)")
            }
        }
        guard encoder.shape.count == 2 else {
            throw .file(
                path: path, problem: "tensor \(encoder.name): its shape is \(encoder.shape), expected [width, features]"
            )
        }
        try expect(decoder, encoder.shape.reversed())
        for case let tensor? in ofFeatures { try expect(tensor, [encoder.shape[1]]) }
        if let decoderBias { try expect(decoderBias, [encoder.shape[0]]) }
    }

    /// Features by number, each with the weight 1 as often as it is named.
    /// - Throws: ``RegionError/file(path:problem:)`` for one that the dictionary doesn't have.
    func features(_ numbers: [Int]) throws(RegionError) -> [RegionOfInterest.Feature: Double] {
        if let number = numbers.first(where: { $0 < 0 || $0 >= featureCount }) {
            throw .file(
                path: file.path, problem: "there is no feature \(number): the dictionary has 0 to \(featureCount - 1)")
        }
        return Dictionary(numbers.map { (feature($0), 1) }, uniquingKeysWith: +)
    }

    private func feature(_ number: Int) -> RegionOfInterest.Feature {
        let row = (0..<width).map { $0 * featureCount + number }
        let reader = file.elements(of: encoder, at: row)
        var bias = Double(file.elements(of: encoderBias, at: [number])[0])
        if isCentred, let decoderBias {
            // (x - b_dec) W_enc + b_enc
            let centre = file.elements(of: decoderBias, at: 0..<width)
            bias -= zip(reader, centre).reduce(0) { $0 + Double($1.0) * Double($1.1) }
        }
        return RegionOfInterest.Feature(
            layer: layer, index: number, encoder: reader, bias: Float(bias),
            threshold: threshold.map { file.elements(of: $0, at: [number])[0] } ?? 0,
            decoder: file.elements(of: decoder, at: number * width..<(number + 1) * width))
    }
}

/// What a dictionary's configuration says of how it is to be used.
private struct DictionaryConfiguration {
    private let path: String
    private let value: JSONValue

    /// - Throws: ``RegionError/file(path:problem:)`` for kinds of dictionaries whose features can't be read one by one.
    init(path: String) throws(RegionError) {
        self.path = path
        do { value = try JSONParser.parse([UInt8](Data(contentsOf: URL(fileURLWithPath: path)))) } catch {
            throw .file(path: path, problem: "\(error)")
        }
        func refuse(_ field: String, _ found: String, expected: String) -> RegionError {
            .file(path: path, problem: "\(field): is '\(found)', expected \(expected)")
        }
        if let kind = value["architecture"]?.string, !["standard", "jumprelu", "jump_relu"].contains(kind) {
            throw refuse("architecture", kind, expected: "standard or jumprelu, whose features stand each for itself")
        }
        if let function = value["activation_fn_str"]?.string ?? value["activation_fn"]?.string, function != "relu" {
            throw refuse("activation_fn", function, expected: "relu")
        }
        if let normalised = value["normalize_activations"]?.string, normalised != "none" {
            throw refuse(
                "normalize_activations", normalised,
                expected: "none; SAELens folds it into the weights: fold_activation_norm_scaling_factor")
        }
        if let kind = value["type"]?.string, kind != "sae" {
            throw refuse("type", kind, expected: "sae: what it reads is what it writes")
        }
    }

    /// Whether the decoder's bias is taken off first: SAELens' default, and not Gemma Scope's.
    var isCentred: Bool { value["apply_b_dec_to_input"]?.bool ?? (value["hf_hook_point_in"] == nil) }

    /// The layer behind which the residual stream is read.
    var layer: Int {
        get throws(RegionError) {
            let names = [
                value["metadata"]?["hook_name"], value["hook_name"], value["hook_point"], value["hf_hook_point_in"],
            ]
            guard let name = names.compactMap({ $0?.string }).first else {
                throw .file(path: path, problem: "metadata.hook_name: is missing; name the layer: sae:12@…#…")
            }
            let parts = name.split(separator: ".")
            let places = ["hook_resid_post": 0, "output": 0, "hook_resid_pre": -1]
            if let number = parts.dropLast().last.flatMap({ Int($0) }),
                let place = parts.last.flatMap({ places[String($0)] }),
                number + place >= 0
            {
                return number + place
            }
            throw .file(
                path: path,
                problem:
                    "hook_name: is '\(name)', expected the residual stream behind a layer, such as blocks.12.hook_resid_post"
            )
        }
    }
}
