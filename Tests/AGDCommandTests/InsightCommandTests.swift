import Foundation
import Testing

@testable import TestFixtures

@Suite("Commands that show why, and whether it is true")
struct InsightCommandTests {
    private static let prompt = [
        "-m", CommandLineTests.model, "-t", "1", "--system", "Avoid the word meadow.", "--user",
        "Write about the wolf. Use the word meadow.", "--roi", "system",
    ]
    private static let model = ["-m", CommandLineTests.model, "-t", "1"]
    private static let conflicts = URL(filePath: CommandLineTests.model).deletingLastPathComponent()
        .appending(path: "microcosm-conflicts.jsonl").path

    private static func output(_ arguments: [String]) async throws -> String {
        let result = try await Command.run(arguments)
        #expect(result.status == 0, "\(result.standardError)")
        return result.standardOutput
    }

    private static func object(_ arguments: [String]) async throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(await output(arguments).utf8)) as? [String: Any])
    }

    // MARK: explain

    @Test("explain --format html writes one page that asks for nothing from elsewhere")
    func html() async throws {
        let file = try TemporaryFile("", name: "why.html")
        #expect(try await Self.output(["explain"] + Self.prompt + ["-n", "6", "-o", file.path]).isEmpty)
        let page = try String(contentsOfFile: file.path, encoding: .utf8)
        #expect(page.hasPrefix("<!doctype html>") && page.contains("meadow") && page.contains("</html>"))
        for reference in ["src=\"http", "href=\"http", "@import", "url(http", "fetch("] {
            #expect(!page.contains(reference))
        }
    }

    @Test("explain --format svg draws every token of prompt and answer, text prints them")
    func plots() async throws {
        let arguments = ["explain"] + Self.prompt + ["--completion", "The wolf is kind.", "--format"]
        let plot = try await Self.output(arguments + ["svg"])
        #expect(plot.hasPrefix("<svg") && plot.contains("</svg>"))
        let text = try await Self.output(arguments + ["text", "--word", "2"])
        #expect(text.contains("meadow") && !text.contains("\u{1B}["))
        #expect(try await Self.output(arguments + ["text", "--color", "always"]).contains("\u{1B}["))
    }

    @Test("explain --format json has the relevance of each token before each token of the answer")
    func explainJSON() async throws {
        let explanation = try await Self.object(["explain"] + Self.prompt + ["-n", "3", "--format", "json"])
        let promptLength = try #require(explanation["prompt_length"] as? Int)
        let steps = try #require(explanation["steps"] as? [[String: Any]])
        #expect(steps.map { ($0["relevance"] as? [Double])?.count } == [0, 1, 2].map { promptLength + $0 })
    }

    @Test("explain --word explains one token as all are explained, and takes one pass back")
    func explainOneToken() async throws {
        let arguments = ["explain"] + Self.prompt + ["-n", "4", "--format", "json"]
        let all = try #require(try await Self.object(arguments)["steps"] as? [[String: Any]])
        let one = try #require(try await Self.object(arguments + ["--word", "3"])["steps"] as? [[String: Any]])
        try #require(all.count == 4 && one.count == 1)
        #expect(one[0]["position"] as? Int == all[2]["position"] as? Int)
        let (alone, together) = (one[0]["relevance"] as? [Double] ?? [], all[2]["relevance"] as? [Double] ?? [])
        let largest = together.map(abs).max() ?? 0
        #expect(largest > 0 && alone.count == together.count)
        #expect(zip(alone, together).allSatisfy { abs($0 - $1) < 1e-3 * largest })
        let page = try await Self.output(["explain"] + Self.prompt + ["-n", "4", "--word", "3"])
        #expect(page.hasPrefix("<!doctype html>"))
    }

    // MARK: heads

    @Test("heads writes what --roi heads:@FILE takes")
    func heads() async throws {
        let items = try TemporaryFile(
            """
            {"question": "What does Petra eat?", "gold": "butter", "counterfactual": "honey", "context": "Petra eats honey.", \
            "answer_prefix": "Petra eats"}
            {"question": "What is the job of Hana?", "gold": "dancer", "counterfactual": "doctor", \
            "context": "Hana is a doctor.", "answer_prefix": "Hana is a"}

            """, name: "items.jsonl")
        let file = try TemporaryFile("", name: "heads.json")
        _ = try await Self.output(
            ["heads"] + Self.model + ["--items", items.path, "--kind", "parametric", "--top", "3", "-o", file.path])
        let heads = try #require(
            JSONSerialization.jsonObject(with: Data(contentsOf: URL(filePath: file.path))) as? [String: Any])
        #expect(heads["item_count"] as? Int == 2 && heads["kind"] as? String == "parametric")
        #expect((heads["heads"] as? [[String: Any]])?.count == 3)
        #expect((heads["scores"] as? [[Double]])?.map(\.count) == [8, 8, 8, 8])

        let guided = try await Self.object(
            ["generate"] + Self.model + ["--user", "What does Petra eat?", "-n", "2", "--json"]
                + ["--roi", "heads:@\(file.path)", "--entropy-threshold", "off"])
        #expect((guided["steps"] as? [[String: Any]])?.count == 2)
    }

    // MARK: circuits

    @Test(
        "circuits find writes what --roi neurons:@FILE takes, and goes on from its journal; direction what direction: takes"
    )
    func circuits() async throws {
        let pairs = try TemporaryFile(
            ["Hugo", "Zoe", "Anton", "Wanda"].map { name in
                "{\"system\": \"Answer in Spanish.\", \"prompt\": \"Describe \(name).\", \"answer\": \"\(name) es\", "
                    + "\"other_system\": \"Answer in English.\", \"other_prompt\": \"Describe \(name).\", "
                    + "\"other_answer\": \"\(name) is\"}\n"
            }.joined(), name: "pairs.jsonl")
        let file = try TemporaryFile("", name: "circuit.json")
        defer { unlink(file.path + ".journal") }
        let find =
            ["circuits", "find"] + Self.model
            + ["--data", pairs.path, "--size", "64", "--random-sets", "2", "-o", file.path]
        let summary = try await Self.output(find)
        #expect(summary.contains("64 of 2048 neurons") && summary.contains("2 pairs held out"))
        let again = try await Command.run(find)
        #expect(again.standardOutput == summary && again.standardError.contains("results of an earlier run"))
        let vector = try TemporaryFile("", name: "direction.npy")
        _ = try await Self.output(
            ["circuits", "direction"] + Self.model + ["--data", pairs.path, "-o", vector.path])

        let guided = try await Self.object(
            ["generate"] + Self.model + ["--user", "Describe Hugo.", "-n", "2", "--json"]
                + ["--roi", "neurons:@\(file.path)#prompt", "--roi", "direction:2@\(vector.path)=-0.5"]
                + ["--entropy-threshold", "off"])
        #expect((guided["steps"] as? [[String: Any]])?.count == 2)
    }

    @Test("attribute gives a region inside the model the same relevance in both modes, and tells the strongest neurons")
    func neurons() async throws {
        let arguments =
            ["attribute"] + Self.prompt
            + ["--targets", "5,9", "--roi", "neurons:1.5,3.100=-2", "--cache-type", "f32", "--json"]
        func scores(_ report: [String: Any]) throws -> [Double] {
            try #require(report["targets"] as? [[String: Any]]).compactMap { $0["roi_score"] as? Double }
        }
        let reverse = try await Self.object(arguments + ["--mode", "reverse", "--neurons", "3"])
        for (a, b) in zip(try scores(reverse), try scores(await Self.object(arguments))) {
            #expect(abs(a - b) < 0.02 * abs(a))
        }
        let targets = try #require(reverse["targets"] as? [[String: Any]])
        #expect(targets.allSatisfy { ($0["neurons"] as? [[String: Any]])?.count == 3 })
    }

    // MARK: faithfulness, prohibition and verify

    @Test("faithfulness tells an area for each rule and for chance, and draws the curves")
    func faithfulness() async throws {
        let plot = try TemporaryFile("", name: "curves")
        defer { for kind in ["tokens", "heads"] { unlink("\(plot.path)-\(kind).svg") } }
        let report = try await Self.object(
            ["faithfulness"] + Self.model + ["--prompts", Self.conflicts, "--limit", "2", "--steps", "3", "--json"]
                + ["--plot", plot.path])
        for kind in ["tokens", "heads"] {
            let rankings = try #require(report[kind] as? [[String: Any]])
            #expect(rankings.compactMap { $0["name"] as? String } == ["attnlrp", "cp-lrp", "ixg", "relp", "random"])
            for ranking in rankings { #expect((ranking["most_relevant_first"] as? [Double])?.count == 4) }
            #expect(try String(contentsOfFile: "\(plot.path)-\(kind).svg", encoding: .utf8).hasPrefix("<svg"))
        }
        #expect(report["region"] is [String: Any])
    }

    @Test("faithfulness takes a region of heads away, too")
    func faithfulnessOfHeads() async throws {
        let arguments =
            ["faithfulness"] + Self.model + ["--prompts", Self.conflicts, "--limit", "2", "--steps", "1", "--json"]
        var correlations: [Double] = []
        for region in ["heads:3.5,0.4,1.3", "system"] {
            let test = try #require(try await Self.object(arguments + ["--roi", region])["region"] as? [String: Any])
            #expect(test["step_count"] as? Int ?? 0 > 0)
            let correlation = try #require(test["correlation"] as? [String: Double])
            correlations.append(try #require(correlation["mean"]))
        }
        // Without a drop there would be no correlation.
        #expect(correlations[0] != 0 && correlations[0] != correlations[1])
    }

    @Test("prohibition compares the forbidden word with the other candidates, by layer")
    func prohibition() async throws {
        let arguments = ["prohibition"] + Self.model + ["--prompts", Self.conflicts, "--limit", "3"]
        let report = try await Self.object(arguments + ["--json"])
        #expect(report["prompt_count"] as? Int == 3 && (report["layers"] as? [Any])?.count == 5)
        #expect(try await Self.output(arguments).contains("entering layer 3"))
    }

    @Test("verify passes on the model in the repository, and its own copy chooses as it does")
    func verify() async throws {
        let report = try await Self.object(
            ["verify", CommandLineTests.model, "-t", "1", "--prompt", "Tell me about Hana.", "--json"]
                + ["--reference", CommandLineTests.model])
        let errors = report["adjoint_errors"] as? [String: [Double]]
        #expect(
            Set(errors?.keys.map { $0 } ?? []) == ["attnlrp", "cp-lrp", "ixg", "relp"]
                && errors?.values.allSatisfy { $0.count == 4 } == true)
        let checks = try #require(report["checks"] as? [[String: Any]])
        #expect(checks.allSatisfy { $0["passed"] as? Bool == true })
        let same = checks.first { ($0["name"] as? String)?.contains("reference") == true }
        #expect(same?["value"] as? Double == 1)
    }

    @Test("a reference with another vocabulary is refused")
    func otherVocabulary() async throws {
        try await Command.expectError(
            ["verify", CommandLineTests.model, "--reference", Command.oracle("llama")],
            mentions: ["--reference", "vocabulary"])
    }

    // MARK: bench

    @Test("bench has a row for each variant at each context, all over greedy's time, and draws them")
    func bench() async throws {
        let plot = try TemporaryFile("", name: "bench.svg")
        let report = try await Self.object(
            ["bench"] + Self.model + ["--contexts", "8,16", "-n", "6", "--plot", plot.path, "--json"])
        let rows = try #require(report["rows"] as? [[String: Any]])
        let variants = [
            "greedy", "agd", "agd-excess", "agd-gated-eager", "agd-gated-deferred", "cad", "agd-reverse",
        ]
        #expect(rows.compactMap { $0["variant"] as? String } == variants + variants)
        #expect(rows.compactMap { $0["context"] as? Int } == variants.map { _ in 8 } + variants.map { _ in 16 })
        #expect(rows.compactMap { $0["tangent_lanes"] as? Int }.prefix(7) == [0, 1, 2, 1, 1, 0, 0])
        for row in rows {
            #expect((row["tokens_per_second"] as? Double ?? 0) > 0 && (row["time_over_greedy"] as? Double ?? 0) > 0)
            #expect((row["prefill_tokens_per_second"] as? Double ?? 0) > 0)
        }
        #expect(rows[0]["time_over_greedy"] as? Double == 1)
        let drawing = try String(contentsOfFile: plot.path, encoding: .utf8)
        for variant in variants { #expect(drawing.contains(">\(variant)</text>")) }
    }

    @Test("bench --variants measures these and greedy, and knows no others")
    func variants() async throws {
        let arguments = ["bench"] + Self.model + ["--contexts", "8", "-n", "2", "--json", "--variants"]
        let rows = try #require(try await Self.object(arguments + ["agd-excess"])["rows"] as? [[String: Any]])
        #expect(rows.compactMap { $0["variant"] as? String } == ["greedy", "agd-excess"])
        for bad in ["agd-exces", "", "agd,"] {
            try await Command.expectError(
                arguments + [bad], mentions: ["--variants", "agd-gated-deferred", "agd-reverse"])
        }
    }
    @Test("a folder for --plot that isn't there, contexts that are no numbers, and --ctx-size are told before any work")
    func benchErrors() async throws {
        let arguments = ["bench"] + Self.model
        try await Command.expectError(arguments + ["--plot", "/nowhere/x.svg"], mentions: ["--plot", "'/nowhere'"])
        try await Command.expectError(arguments + ["--contexts", "8,"], mentions: ["--contexts", "numbers"])
        try await Command.expectError(arguments + ["-c", "64"], mentions: ["--ctx-size", "--contexts"])
    }
}
