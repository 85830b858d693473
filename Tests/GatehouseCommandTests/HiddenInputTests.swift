import Foundation
import Testing

@testable import GatehouseCommand

@Suite("Secrets typed at a terminal")
struct HiddenInputTests {
    @Test("what is typed is not shown, Ctrl-C ends the line, and afterwards all is as before")
    func echo() throws {
        let main = open("/dev/ptmx", O_RDWR | O_NOCTTY)
        try #require(main >= 0)
        defer { close(main) }
        var (locked, number): (Int32, Int32) = (0, 0)
        try #require(ioctl(main, Self.setLock, &locked) == 0 && ioctl(main, Self.getNumber, &number) == 0)
        let terminal = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY)
        try #require(terminal >= 0)
        defer { close(terminal) }

        let before = Self.flags(terminal)
        #expect(before & tcflag_t(ECHO) != 0)
        let hidden = try #require(HiddenInput(terminal))
        #expect(Self.flags(terminal) & tcflag_t(ECHO | ISIG) == 0)
        let typed: [UInt8] = Array("hush".utf8) + [HiddenInput.interrupt]
        #expect(write(main, typed, typed.count) == typed.count)
        var line = [UInt8](repeating: 0, count: 64)
        let count = read(terminal, &line, line.count)
        #expect(Array(line.prefix(max(0, count))) == typed)
        hidden.end()
        #expect(Self.flags(terminal) == before)
    }

    @Test("a pipe or file is no terminal")
    func pipe() throws {
        var ends: [Int32] = [0, 0]
        try #require(Foundation.pipe(&ends) == 0)
        defer { ends.forEach { close($0) } }
        #expect(HiddenInput(ends[0]) == nil)
    }

    /// TIOCSPTLCK and TIOCGPTN, macros that Swift does not import.
    private static let (setLock, getNumber): (UInt, UInt) = (0x4004_5431, 0x8004_5430)

    private static func flags(_ descriptor: Int32) -> tcflag_t {
        var settings = termios()
        tcgetattr(descriptor, &settings)
        return settings.c_lflag
    }
}
