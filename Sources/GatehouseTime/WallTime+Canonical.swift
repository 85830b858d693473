extension WallTime {
    /// Reads exactly the form of ``description``, which records hold; nil for anything else. For whole logs, where the general reader
    /// would cost more than everything else.
    public init?(canonical text: UnsafeRawBufferPointer) {
        guard text.count == 27, text[4] == 0x2d, text[7] == 0x2d, text[10] == 0x54, text[13] == 0x3a, text[16] == 0x3a, text[19] == 0x2e,
            text[26] == 0x5a
        else { return nil }
        var isNumeric = true
        func number(_ start: Int, _ count: Int) -> Int {
            var value = 0
            for index in start..<start + count {
                let digit = text[index] &- 0x30
                isNumeric = isNumeric && digit < 10
                value = value * 10 + Int(digit)
            }
            return value
        }
        let (year, month, day) = (number(0, 4), number(5, 2), number(8, 2))
        let (hour, minute, second) = (number(11, 2), number(14, 2), number(17, 2))
        let fraction = number(20, 6)
        guard isNumeric, month >= 1, month <= 12, day >= 1, day <= Self.days(in: month, of: year), hour < 24, minute < 60, second < 60
        else {
            return nil
        }
        let seconds = Self.days(year: year, month: month, day: day) * 86_400 + hour * 3_600 + minute * 60 + second
        self.init(microseconds: Int64(seconds) * 1_000_000 + Int64(fraction))
    }
}
