import Testing

@testable import GatehouseCommand

@Suite("A table for people")
struct TableTests {
    private func table() -> Table {
        var table = Table(["WHEN", "WHAT", "NAME", "VERSION", "VERDICT"], right: [3])
        table.add(
            ["in 30 days", "certificate", "/etc/gatehouse/certificates/a-rather-long-name/server.pem", "", ""].map { Table.Cell($0) })
        table.add(["in 23 h", "overlap", "acme/signing", "1", "in-use"].map { Table.Cell($0) })
        return table
    }

    @Test("gives up the beginning of long names, and then columns, to fit a narrow terminal", arguments: [40, 60, 80])
    func narrow(width: Int) {
        let lines = table().lines(indent: 2, width: width, spare: [4, 1], cut: 2)
        #expect(lines.allSatisfy { $0.count <= width })
        #expect(lines[1].contains("server.pem") && lines[2].contains("acme/signing"))
        #expect(lines[2].hasSuffix("in-use") == (width > 40))
    }

    @Test("is whole where there is room, or nothing to fit")
    func wide() {
        let lines = table().lines(indent: 2, width: 120, spare: [4, 1], cut: 2)
        #expect(lines == table().lines(indent: 2))
        #expect(lines[2].hasSuffix("in-use"))
    }
}
