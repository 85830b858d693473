import Foundation
import GatehouseTesting
import Testing

@testable import GatehouseCommand

@Suite("The pager of long answers", .serialized)
struct PagerTests {
    private let folder: TemporaryFolder
    private let log: String

    init() throws {
        folder = try TemporaryFolder()
        let zeros = String(repeating: "0", count: 64)
        log = (1...40).map { number in
            #"{"seq":\#(number),"time":"2026-11-24T09:00:00.123456Z","node":"n","kind":"decision","decision":"accepted","reason":"ok","#
                + #""previous":"\#(zeros)","hash":"\#(zeros)"}"# + "\n"
        }.joined()
        try folder.write("log.jsonl", log)
    }

    /// Runs a review on a terminal of that many rows; what it shows.
    private func review(rows: Int, pager: String) async throws -> Program.Result {
        let script = """
            import os, pty, sys, fcntl, struct, termios
            pid, terminal = pty.fork()
            if pid == 0:
                fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack('HHHH', \(rows), 200, 0, 0))
                os.execve(sys.argv[1], sys.argv[1:], dict(os.environ, PAGER=\(pager.debugDescription), TERM='xterm'))
            while True:
                try: data = os.read(terminal, 65536)
                except OSError: break
                if not data: break
                sys.stdout.buffer.write(data)
            sys.stdout.flush()
            sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
            """
        return try await Program.run(
            "/usr/bin/python3", ["-c", script, Program.path, "audit", "review", "--log", "log.jsonl"],
            in: URL(fileURLWithPath: folder.path), input: nil)
    }

    @Test(
        "where the pager cannot be started, or not be run, everything is shown without it",
        arguments: ["nosuch-pager", "/dev/null", "exit 127"])
    func fallback(pager: String) async throws {
        let result = try await review(rows: 10, pager: pager)
        #expect(
            result.status == 0 && result.output.split(whereSeparator: \.isNewline).filter { $0.contains("accepted") }.count == 40,
            "\(result.output)")
    }

    @Test("what fits the screen is shown without a pager, and what does not goes through it")
    func screen() async throws {
        let mark = "sed s/accepted/paged/"
        let short = try await review(rows: 60, pager: mark)
        #expect(short.status == 0 && short.output.contains("accepted") && !short.output.contains("paged"))
        let long = try await review(rows: 10, pager: mark)
        #expect(long.status == 0 && long.output.contains("paged") && !long.output.contains("accepted"))
        // A reader who leaves has seen enough.
        let left = try await review(rows: 10, pager: "true")
        #expect(left.status == 0 && !left.output.contains("accepted"))
    }
}
