import Glibc
import NIOCore
import Testing

@testable import Gatehouse

@Suite("file: appends events to a file")
struct FileHandlerTests {
    private let folder: ScratchFolder
    private let handler: FileHandler

    init() throws {
        folder = try ScratchFolder()
        handler = try FileHandler(path: folder.file("events.jsonl"))
    }

    private var lines: [String] { (folder.read("events.jsonl") ?? "").split(separator: "\n").map(String.init) }

    @Test("an event is one line with the contract's members in their order")
    func line() async {
        let result = await handler.handOver(.sample(body: Array("{\"a\":\"é\n\"}".utf8)))
        #expect(result.answer?.status == 200)
        #expect(
            folder.read("events.jsonl") == #"""
                {"reference":"01JDEXAMPLE","endpoint":"acme","sender":"acme-corp","event":{"id":"evt_1","type":"order.accepted"},"received":"2026-11-24T02:01:02.123456Z","content_type":"application/json","body":"{\"a\":\"é\n\"}"}

                """#)
        await handler.shutDown()
    }

    @Test(
        "a body that is not UTF-8 stands in base64, and what is unknown is null",
        arguments: [[0xff, 0xfe], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xe2, 0x82]] as [[UInt8]])
    func binary(body: [UInt8]) async {
        _ = await handler.handOver(.sample(eventID: nil, body: body, contentType: nil))
        #expect(lines.first?.contains(#""event":{"id":null,"type":"order.accepted"}"#) == true)
        #expect(lines.first?.contains(#""content_type":null,"body_base64":""#) == true)
        #expect(lines.first?.contains(#""body":"#) == false)
        await handler.shutDown()
    }

    @Test("the file is made with mode 0600")
    func mode() async {
        _ = await handler.handOver(.sample())
        var status = stat()
        #expect(stat(folder.file("events.jsonl"), &status) == 0)
        #expect(status.st_mode & 0o777 == 0o600)
        await handler.shutDown()
    }

    @Test("many events at once are all stored, each on a line of its own")
    func many() async {
        let statuses = await withTaskGroup(of: Int?.self) { group in
            for index in 0..<300 { group.addTask { await handler.handOver(.sample(reference: "r\(index)")).answer?.status } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(statuses == [Int?](repeating: 200, count: 300))
        #expect(Set(lines).count == 300)
        #expect(lines.allSatisfy { $0.hasPrefix(#"{"reference":"r"#) && $0.hasSuffix("}") })
        await handler.shutDown()
    }

    @Test("after a rotation the next event goes to a new file of the same name", arguments: [false, true])
    func rotation(removed: Bool) async {
        _ = await handler.handOver(.sample(reference: "first"))
        if removed { unlink(folder.file("events.jsonl")) } else { rename(folder.file("events.jsonl"), folder.file("events.jsonl.1")) }
        _ = await handler.handOver(.sample(reference: "second"))
        #expect(lines.count == 1)
        #expect(lines.first?.contains("second") == true)
        if !removed { #expect(folder.read("events.jsonl.1")?.contains("first") == true) }
        await handler.shutDown()
    }

    @Test("half a line that a crash left is not continued")
    func tornLine() async throws {
        try folder.write("events.jsonl", #"{"reference":"ha"#)
        _ = await handler.handOver(.sample())
        #expect(lines.count == 2)
        #expect(lines.last?.hasPrefix(#"{"reference":"01JDEXAMPLE""#) == true)
        await handler.shutDown()
    }

    @Test("a file that cannot be opened, and one that is no regular file, is no answer; a later event finds it repaired")
    func unusable() async throws {
        let path = folder.file("missing/events.jsonl")
        let handler = try FileHandler(path: path)
        #expect(await handler.handOver(.sample()).problem == "file: could not open \(path): No such file or directory")
        mkdir(folder.file("missing"), 0o700)
        mkfifo(path, 0o600)
        #expect(await handler.handOver(.sample()).problem == "file: \(path) is not a regular file, so nothing can be stored in it")
        unlink(path)
        #expect(await handler.handOver(.sample()).answer?.status == 200)
        await handler.shutDown()
        await self.handler.shutDown()
    }

    @Test("a shut-down stores what was under way, and what comes after it is refused")
    func shutDown() async {
        await handler.shutDown()
        #expect(await handler.handOver(.sample()).problem != nil)
        #expect(lines.isEmpty)
    }
}
