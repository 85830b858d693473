import ArgumentParser
import Gatehouse
import GatehousePolicy

struct Test: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run policy fixtures: requests with the decision they must get.",
        discussion: """
            A fixture is a YAML file with an endpoint, credentials, a moment, a request and what is expected. Fixtures go through the
            gateway's own deciding code with a clock that stands still; nothing is sent and no state is read.
            Exit status 1 on any difference.

            Examples:
              gatehouse test
              gatehouse test policies/tests/stripe.yaml --json
            """)

    @Argument(help: "A fixture, or a directory of them (default: tests in the policy directory).", completion: .file(extensions: ["yaml"]))
    var path: String?

    @OptionGroup var policy: PolicyOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let files = try fixtureFiles()
        let runner = FixtureRunner(policy: try Policy.load(directory: policy.policies, checkingFiles: false), directory: policy.policies)
        var passed = 0
        var failed = 0
        for file in files {
            for outcome in try outcomes(of: file, runner) {
                if outcome.passed { passed += 1 } else { failed += 1 }
                report(outcome, file)
            }
        }
        if !output.json { Terminal.say("\(passed) passed, \(failed) failed") }
        if failed > 0 { throw ExitCode.failure }
    }

    /// A fixture that cannot be read counts as a difference, so that the others still run.
    private func outcomes(of file: String, _ runner: FixtureRunner) throws -> [FixtureOutcome] {
        do {
            return runner.run(try Fixture.load(file: file))
        } catch {
            return [FixtureOutcome(name: Self.name(of: file), step: 0, passed: false, differences: error.diagnostics.map(\.description))]
        }
    }

    private func report(_ outcome: FixtureOutcome, _ file: String) {
        if output.json {
            Terminal.say(
                JSON.object([
                    "fixture": .string(outcome.name), "file": .string(file), "step": .number(outcome.step), "passed": .bool(outcome.passed),
                    "differences": .array(outcome.differences.map { .string($0) }),
                ]).text)
            return
        }
        let name = Terminal.printable(outcome.name) + (outcome.step > 0 ? " step \(outcome.step)" : "")
        Terminal.say((outcome.passed ? Terminal.styled("pass", .good) : Terminal.styled("FAIL", .bad)) + "  " + name)
        for difference in outcome.differences { Terminal.say("      " + Terminal.printable(difference)) }
    }

    private func fixtureFiles() throws -> [String] {
        let place = path ?? policy.policies + "/tests"
        let files = try Fixture.files(at: place)
        guard !files.isEmpty else { throw CommandFailure("\(place) holds no fixture", hint: "fixtures are files that end in .yaml") }
        return files
    }

    private static func name(of file: String) -> String {
        let last = file.split(separator: "/").last.map(String.init) ?? file
        return last.lastIndex(of: ".").map { String(last[..<$0]) } ?? last
    }
}
