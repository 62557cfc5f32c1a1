import AttributionGuidedDecoding
import Foundation

/// Settings that come with the program: what a run on real data recommends for a family of models and a task. They are applied
/// only where they are asked for by name.
public struct ShippedSettings: Sendable {
    /// By which they are asked for, such as `smollm2-instructions`.
    public let name: String
    /// Method and regions.
    public let settings: SettingsFile
    /// How they were found.
    public let evidence: Evidence
    /// What a file's name of the model has, in lower case, and its architecture.
    private let family, architecture: String

    /// The runs that bear settings out.
    public struct Evidence: Sendable, Encodable {
        /// The settings' name, and what they are for, such as `instructions in the system message`.
        public let name, task: String
        /// The model file and the items that were measured, what came out, and the command that makes the runs.
        public let model, data, finding, command: String
    }

    /// All of them, by name.
    /// - Throws: ``EvaluationError`` that names the field, for settings that can't be read; tests see to it that all can.
    public static var all: [ShippedSettings] {
        get throws(EvaluationError) {
            let files = [
                ("qwen-coder-instructions", PackageResources.qwen_coder_instructions_json),
                ("smollm2-instructions", PackageResources.smollm2_instructions_json),
            ]
            return try files.map { (name, bytes) throws(EvaluationError) in
                do throws(EvaluationError) {
                    return try ShippedSettings(name, JSONField(JSONParser.parse(bytes)))
                } catch {
                    throw error.located(file: name)
                }
            }
        }
    }

    /// Those for models of the file's family.
    /// - Throws: ``EvaluationError``, as ``all`` does.
    public static func fitting(_ model: ModelSummary) throws(EvaluationError) -> [ShippedSettings] {
        try all.filter { $0.fits(architecture: model.architecture, name: model.name) }
    }

    func fits(architecture: String, name: String?) -> Bool {
        architecture == self.architecture && name?.lowercased().contains(family) == true
    }

    private init(_ name: String, _ root: JSONField) throws(EvaluationError) {
        let found = root["found"]
        self.name = name
        settings = try SettingsFile(root)
        family = try found["family"].string()
        architecture = try found["architecture"].string()
        evidence = Evidence(
            name: name, task: try found["task"].string(), model: try found["model"].string(),
            data: try found["data"].string(), finding: try found["finding"].string(),
            command: try found["command"].string())
    }
}
