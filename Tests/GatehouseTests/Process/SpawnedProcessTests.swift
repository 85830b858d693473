import Foundation
import GatehouseTesting
import Testing

@Suite("A program beside the tests")
struct SpawnedProcessTests {
    private func shell(_ script: String, input: SpawnedProcess.Input = .null, in folder: TemporaryFolder) throws -> SpawnedProcess {
        try SpawnedProcess(
            "/bin/sh", ["-c", script], in: folder.path, environment: ["ADDED": "it is"], input: input, output: .file(folder("output")))
    }

    @Test("it starts where it is told, with what the environment got besides, and its exit status is known")
    func run() async throws {
        let folder = try TemporaryFolder()
        let exit = try await shell("pwd; echo $ADDED; exit 7", in: folder).exit
        #expect(exit == .exited(7) && exit.status == 7)
        #expect(String(decoding: folder.read("output"), as: UTF8.self) == "\(folder.path)\nit is\n")
    }

    @Test("its input stays open until it is ended")
    func input() async throws {
        let folder = try TemporaryFolder()
        let process = try shell("read line; echo $line; cat; echo over", input: .open("first\n"), in: folder)
        #expect(await eventually { folder.read("output").count == 6 })
        #expect(process.isRunning)
        process.endInput()
        #expect(await process.exit == .exited(0))
        #expect(String(decoding: folder.read("output"), as: UTF8.self) == "first\nover\n")
    }

    @Test("a signal ends it, however many wait for that, and none is sent to it afterwards")
    func signal() async throws {
        let process = try shell("exec sleep 600", in: TemporaryFolder())
        async let (first, second) = (process.exit, process.exit)
        process.terminate()
        #expect(await first == .killed(signal: SIGTERM))
        #expect(await second.status == -SIGTERM)
        process.kill(SIGKILL)
        #expect(process.exitSoFar == .killed(signal: SIGTERM))
    }

    @Test("it has nothing of the tests open")
    func descriptors() async throws {
        let folder = try TemporaryFolder()
        let opened = (0..<20).map { _ in open("/dev/null", O_RDONLY) }
        defer { for descriptor in opened { close(descriptor) } }
        let listed = try await SpawnedProcess.run("/bin/ls", ["/proc/self/fd"], in: folder.path)
        // The last is the listing's own.
        #expect(listed.output == "0\n1\n2\n3\n")
    }

    @Test("it does not outlive its value, and nor does what it started")
    func abandoned() async throws {
        let folder = try TemporaryFolder()
        var process: SpawnedProcess? = try shell("sleep 600 & echo $!; wait", in: folder)
        #expect(await eventually { folder.read("output").last == UInt8(ascii: "\n") })
        let pids = try [#require(process).pid, #require(Int32(String(decoding: folder.read("output").dropLast(), as: UTF8.self)))]
        process = nil
        for pid in pids {
            // A killed orphan may stay a zombie for a moment.
            #expect(
                await eventually {
                    let state = (try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8))?.split(separator: ")").last ?? " X"
                    return state.hasPrefix(" Z") || state.hasPrefix(" X")
                })
        }
    }

    @Test("a program that is not there is an error that names it")
    func missing() {
        #expect { try SpawnedProcess("/no/such/program", []) } throws: { "\($0)".contains("/no/such/program: No such file or directory") }
    }
}
