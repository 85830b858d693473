import Testing

@testable import GatehouseAudit

@Suite("Skews of a sender")
struct SkewTableTests {
    @Test("a refused time that is off by more than a day tells nothing about a clock: it is among the extremes, and not in the median")
    func usual() {
        var table = SkewTable()
        for skew in [3_000, 4_000, -500] as [Int64] { table.add(skew, refused: false) }
        table.add(3_600_000, refused: true)
        table.add(-253_402_300_799_000, refused: true)
        #expect(table.usual == -500...3_600_000)
        #expect(table.least == -253_402_300_799_000 && table.count == 5)
        for _ in 0..<20 { table.add(-253_402_300_799_000, refused: true) }
        #expect(abs(table.median - 3_000) < 200)
        var other = SkewTable()
        #expect(other.median == 0)
        other.add(.min, refused: true)
        #expect(other.usual == nil && other.median < -9_000_000_000_000_000_000)
        other.add(200_000_000, refused: false)
        #expect(other.usual == 200_000_000...200_000_000)
    }
}
