import Glibc
import Logging
import NIOCore
import NIOPosix
import Testing

@testable import Gatehouse

@Suite("exec: hands an event to a run of a program")
struct ExecHandlerTests {
    private let folder: ScratchFolder
    private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    init() throws { folder = try ScratchFolder() }

    private func result(of command: [String], _ event: HandOver = .sample(), timeout: TimeAmount = .seconds(20)) async -> HandOverResult {
        let handler = ExecHandler(command: command, logger: logger, concurrency: 2)
        let result = await handler.handOver(event, timeout: timeout)
        await handler.shutDown()
        return result
    }

    @Test("the program gets the body on standard input, and its standard output answers")
    func bodyAndOutput() async {
        let result = await result(of: ["/bin/cat"])
        #expect(result.answer?.status == 200)
        #expect(result.text == #"{"a":1}"#)
    }

    @Test("a program that prints nothing answers 200 with an empty body of no type")
    func silence() async {
        let answer = await result(of: ["/bin/true"]).answer
        #expect(answer?.status == 200)
        #expect(answer?.body.readableBytes == 0)
        #expect(answer?.contentType == nil)
    }

    @Test("exit 75 is 503")
    func temporaryFailure() async throws {
        #expect(await result(of: [try folder.script("run", "#!/bin/sh\nexit 75\n")]).isBusy)
    }

    @Test(
        "any other exit status, and a signal, is no answer",
        arguments: ["exit 1": "status 1", "exit 200": "status 200", "kill -9 $$": "signal 9"])
    func failure(line: String, said: String) async throws {
        let problem = await result(of: [try folder.script("run", "#!/bin/sh\n\(line)\n")]).problem
        #expect(problem?.hasSuffix(said) == true)
    }

    @Test("SEC-86: the environment holds the GATEHOUSE_ values and nothing inherited")
    func environment() async {
        setenv("GATEHOUSE_TEST_CANARY", "inherited", 1)
        setenv("LD_CANARY", "inherited", 1)
        let lines = await result(of: ["/usr/bin/env"]).text?.split(separator: "\n").map(String.init).sorted()
        #expect(
            lines == [
                "GATEHOUSE_ATTEMPT=1",
                #"GATEHOUSE_CHECKS=signature;scheme="standard-webhooks";version=2"#,
                "GATEHOUSE_ENDPOINT=acme",
                "GATEHOUSE_EVENT_ID=evt_1",
                "GATEHOUSE_EVENT_TYPE=order.accepted",
                "GATEHOUSE_RECEIVED=2026-11-24T02:01:02.123456Z",
                "GATEHOUSE_REFERENCE=01JDEXAMPLE",
                "GATEHOUSE_SENDER=acme-corp",
            ])
    }

    @Test("SEC-86: values are printable ASCII and bounded")
    func values() {
        var event = HandOver.sample(eventID: "a\nb\u{0}é%" + String(repeating: "x", count: 5_000))
        event.eventType = nil
        let variables = ExecEnvironment.variables(of: event)
        let id = variables.first { $0.hasPrefix("GATEHOUSE_EVENT_ID=") }
        #expect(id?.hasPrefix("GATEHOUSE_EVENT_ID=a%0Ab%00%C3%A9%25xxx") == true)
        #expect(id?.utf8.count == "GATEHOUSE_EVENT_ID=".utf8.count + 1_024)
        #expect(!variables.contains { $0.hasPrefix("GATEHOUSE_EVENT_TYPE") })
        #expect(variables.allSatisfy { $0.utf8.allSatisfy { 0x20 <= $0 && $0 <= 0x7e } })
    }

    @Test("SEC-86: arguments are passed as they are; no shell looks at them")
    func arguments() async {
        #expect(await result(of: ["/bin/echo", "$(id)", ";", "`id`", "*"]).text == "$(id) ; `id` *\n")
    }

    @Test("SEC-86: nothing is open in the program but its three standard descriptors")
    func descriptors() async {
        let leak = fcntl(STDERR_FILENO, F_DUPFD, 300)
        defer { close(leak) }
        // `ls` lists the descriptor that it reads the directory with, too.
        let open = await result(of: ["/bin/ls", "/proc/self/fd"]).text?.split(separator: "\n").map(String.init)
        #expect(open == ["0", "1", "2", "3"])
    }

    @Test("signals that the gateway ignores or blocks have their default effect in the program")
    func signals() async throws {
        signal(SIGPIPE, SIG_IGN)
        let program = try folder.script("run", "#!/bin/sh\ngrep -E '^Sig(Blk|Ign)' /proc/self/status\n")
        let masks = await result(of: [program]).text?.split(separator: "\n").map { UInt64($0.suffix(16), radix: 16) ?? .max }
        // The C library has its own two signals, 32 and 33, ignored in what it starts.
        #expect(masks?.map { $0 & 0x7fff_ffff } == [0, 0])
    }

    @Test("a program may leave a body of 1 MiB unread")
    func unreadBody() async {
        let event = HandOver.sample(body: [UInt8](repeating: 0x61, count: 1_048_576))
        #expect(await result(of: ["/bin/true"], event).answer?.status == 200)
    }

    @Test("1 MiB goes through unchanged, and the answer is cut at 4 KiB")
    func largeBody() async throws {
        let event = HandOver.sample(body: [UInt8](repeating: 0x61, count: 1_048_576))
        #expect(await result(of: ["/usr/bin/wc", "-c"], event).text == "1048576\n")
        #expect(await result(of: ["/bin/cat"], event).text == String(repeating: "a", count: 4_096))
    }

    @Test("a program that cannot be started is no answer, and the message names it")
    func missingProgram() async throws {
        #expect(
            await result(of: [folder.file("missing")]).problem?.contains("could not start \(folder.file("missing")): No such file") == true)
        let plain = try folder.write("plain", "#!/bin/sh\n")
        chmod(plain, 0o600)
        #expect(await result(of: [plain]).problem?.contains("Permission denied") == true)
    }

    @Test("what a process left behind still holds open does not keep the answer back")
    func backgroundProcess() async throws {
        let program = try folder.script("run", "#!/bin/sh\nsleep 20 &\necho $! > \(folder.file("left"))\necho done\n")
        #expect(await result(of: [program], timeout: .seconds(10)).text == "done\n")
        if let left = folder.read("left").flatMap({ pid_t($0.dropLast()) }) { kill(left, SIGKILL) }
    }

    @Test("SEC-86: at the deadline the whole process group is killed, also where it ignores SIGTERM")
    func timeout() async throws {
        let program = try folder.script(
            "run",
            "#!/bin/sh\ntrap '' TERM\nsleep 60 &\necho $! > \(folder.file("child"))\necho $$ > \(folder.file("self"))\nwait\nsleep 60\n")
        let child = ChildProcess(command: [program], environment: [], grace: .milliseconds(100))
        let ending = try await NIOThreadPool.singleton.runIfActive {
            child.run(input: ByteBuffer(), deadline: .now() + .seconds(1)).ending
        }
        #expect(ending == .timedOut)
        for name in ["self", "child"] {
            let process = try #require(folder.read(name).flatMap { pid_t($0.dropLast()) })
            #expect(await eventually { !isRunning(process) })
        }
    }

    @Test("a late program is a timeout and leaves no zombie")
    func noZombie() async throws {
        let program = try folder.script("run", "#!/bin/sh\necho $$ > \(folder.file("self"))\nexec sleep 60\n")
        #expect(await result(of: [program], timeout: .milliseconds(500)).isTimedOut)
        let process = try #require(folder.read("self").flatMap { pid_t($0.dropLast()) })
        #expect(readFile("/proc/\(process)/stat") == nil)
    }

    @Test("the end of a program that was killed at the deadline is reported, so that the event is free again")
    func endAfterDeadline() async {
        let handler = ExecHandler(command: ["/bin/sleep", "60"], logger: logger, concurrency: 1)
        let answers = AsyncStream<Int>.makeStream()
        let result = await handler.handOver(
            .sample(), timeout: .milliseconds(100), late: .seconds(30), onLate: { answers.continuation.yield($0.status) })
        #expect(result.isTimedOut)
        var iterator = answers.stream.makeAsyncIterator()
        #expect(await iterator.next() == 504)
        await handler.shutDown()
    }

    @Test("runs beyond the bound wait, and beyond the queue they are answered 503")
    func bounds() async throws {
        let program = try folder.script(
            "run", "#!/bin/sh\necho x >> \(folder.file("started"))\nwhile [ ! -e \(folder.file("go")) ]; do sleep 0.02; done\n")
        let handler = ExecHandler(command: [program], logger: logger, concurrency: 1, waiting: 1)
        async let first = handler.handOver(.sample())
        #expect(await eventually { folder.read("started") == "x\n" })
        async let second = handler.handOver(.sample())
        // Whichever of these two came second is refused, the other waits.
        async let third = handler.handOver(.sample())
        #expect(folder.read("started") == "x\n")
        try folder.write("go", "")
        let statuses = await [first, second, third].map(\.status)
        #expect(statuses.first == 200)
        #expect(statuses.dropFirst().sorted() == [200, 503] || statuses == [200, 200, 200])
        await handler.shutDown()
    }

    @Test("a shut-down ends what runs")
    func shutDown() async throws {
        let program = try folder.script("run", "#!/bin/sh\necho x > \(folder.file("started"))\nexec sleep 60\n")
        let handler = ExecHandler(command: [program], logger: logger, concurrency: 1)
        async let result = handler.handOver(.sample())
        #expect(await eventually { folder.read("started") == "x\n" })
        await handler.shutDown()
        #expect(await result.problem?.hasSuffix("signal 15") == true)
    }

    /// A process that init has not yet reaped does not run any more.
    private func isRunning(_ process: pid_t) -> Bool {
        guard let stat = readFile("/proc/\(process)/stat"), let end = stat.lastIndex(of: ")") else { return false }
        return !stat[end...].hasPrefix(") Z")
    }
}
