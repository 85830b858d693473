extension WallTime {
    /// Appends the RFC 3339 form of ``description``. Years outside 0000–9999 are clamped to that range.
    public func append(to bytes: inout [UInt8]) { withText { bytes.append(contentsOf: $0) } }

    /// Within the years 0000 to 9999, which four digits can write.
    private var clampedToYears: WallTime {
        WallTime(microseconds: min(max(microseconds, -62_167_219_200_000_000), 253_402_300_799_999_999))
    }

    /// The 27 characters of ``description``, valid within `body`.
    public func withText<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R {
        let clamped = clampedToYears
        let seconds = clamped.seconds
        let fraction = Int(clamped.microseconds - seconds * 1_000_000)
        let days = seconds >= 0 ? seconds / 86_400 : (seconds - 86_399) / 86_400
        let secondOfDay = Int(seconds - days * 86_400)
        let (year, month, day) = Self.civil(days: Int(days))
        return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 27) { text in
            var used = 0
            func put(_ value: Int, _ width: Int, _ end: StaticString) {
                var rest = value
                for index in stride(from: used + width - 1, through: used, by: -1) {
                    text.initializeElement(at: index, to: UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
                    rest /= 10
                }
                text.initializeElement(at: used + width, to: end.utf8Start.pointee)
                used += width + 1
            }
            put(year, 4, "-")
            put(month, 2, "-")
            put(day, 2, "T")
            put(secondOfDay / 3_600, 2, ":")
            put(secondOfDay / 60 % 60, 2, ":")
            put(secondOfDay % 60, 2, ".")
            put(fraction, 6, "Z")
            return body(UnsafeRawBufferPointer(text))
        }
    }

    /// RFC 3339 section 5.6 with any number of fraction digits (those past the sixth are dropped) and `Z` or an offset; nil for anything else.
    public init?(rfc3339 text: some Collection<UInt8>) {
        var scanner = DigitScanner(text)
        guard let year = scanner.digits(4), scanner.take("-"), let month = scanner.digits(2), scanner.take("-"),
            let day = scanner.digits(2),
            scanner.take("T") || scanner.take("t") || scanner.take(" "),
            let hour = scanner.digits(2), scanner.take(":"), let minute = scanner.digits(2), scanner.take(":"),
            let second = scanner.digits(2),
            (1...12).contains(month), day >= 1, day <= Self.days(in: month, of: year), hour < 24, minute < 60, second <= 60
        else { return nil }
        var fraction: Int64 = 0
        if scanner.take(".") {
            guard let parsed = scanner.fraction() else { return nil }
            fraction = parsed
        }
        var offset = 0
        if !(scanner.take("Z") || scanner.take("z")) {
            let negative = scanner.take("-")
            guard negative || scanner.take("+"), let hours = scanner.digits(2), scanner.take(":"), let minutes = scanner.digits(2),
                hours < 24, minutes < 60
            else { return nil }
            offset = (hours * 3_600 + minutes * 60) * (negative ? -1 : 1)
        }
        guard scanner.isAtEnd else { return nil }
        let seconds = Self.days(year: year, month: month, day: day) * 86_400 + hour * 3_600 + minute * 60 + second - offset
        self.init(microseconds: Int64(seconds) * 1_000_000 + fraction)
    }

    /// IMF-fixdate (RFC 9110 section 5.6.7). Years outside 0000–9999 are clamped to that range.
    public var httpDate: [UInt8] {
        let seconds = clampedToYears.seconds
        let days = Int(seconds >= 0 ? seconds / 86_400 : (seconds - 86_399) / 86_400)
        let secondOfDay = Int(seconds) - days * 86_400
        let (year, month, day) = Self.civil(days: days)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(29)
        // 1970-01-01 was a Thursday.
        bytes.append(contentsOf: Self.weekdays[((days + 3) % 7 + 7) % 7].utf8)
        bytes.append(contentsOf: ", ".utf8)
        Self.appendDigits(day, 2, &bytes)
        bytes.append(UInt8(ascii: " "))
        bytes.append(contentsOf: Self.months[month - 1].utf8)
        bytes.append(UInt8(ascii: " "))
        Self.appendDigits(year, 4, &bytes)
        bytes.append(UInt8(ascii: " "))
        Self.appendDigits(secondOfDay / 3_600, 2, &bytes)
        bytes.append(UInt8(ascii: ":"))
        Self.appendDigits(secondOfDay / 60 % 60, 2, &bytes)
        bytes.append(UInt8(ascii: ":"))
        Self.appendDigits(secondOfDay % 60, 2, &bytes)
        bytes.append(contentsOf: " GMT".utf8)
        return bytes
    }

    /// IMF-fixdate, `Tue, 20 Apr 2021 02:07:55 GMT` (RFC 9110 section 5.6.7); nil for anything else, the obsolete forms too.
    public init?(httpDate text: some Collection<UInt8>) {
        var scanner = DigitScanner(text)
        guard scanner.word(3, among: Self.weekdays) != nil, scanner.take(","), scanner.take(" "), let day = scanner.digits(2),
            scanner.take(" "),
            let month = scanner.word(3, among: Self.months), scanner.take(" "), let year = scanner.digits(4), scanner.take(" "),
            let hour = scanner.digits(2), scanner.take(":"), let minute = scanner.digits(2), scanner.take(":"),
            let second = scanner.digits(2),
            scanner.take(" "), scanner.take("G"), scanner.take("M"), scanner.take("T"), scanner.isAtEnd,
            day >= 1, day <= Self.days(in: month + 1, of: year), hour < 24, minute < 60, second <= 60
        else { return nil }
        let seconds = Self.days(year: year, month: month + 1, day: day) * 86_400 + hour * 3_600 + minute * 60 + second
        self.init(microseconds: Int64(seconds) * 1_000_000)
    }

    private static let weekdays = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    private static func appendDigits(_ value: Int, _ width: Int, _ bytes: inout [UInt8]) {
        var divisor = 1
        for _ in 1..<width { divisor *= 10 }
        while divisor > 0 {
            bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value / divisor % 10))
            divisor /= 10
        }
    }

    static func days(in month: Int, of year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Days since 1970-01-01 in the proleptic Gregorian calendar: whole 400-year eras, with the year begun in March so that the leap
    /// day is the last of its year.
    static func days(year: Int, month: Int, day: Int) -> Int {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func civil(days: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
    }
}

/// Reads fixed-width digits and single characters; every step says whether it held.
private struct DigitScanner<Text: Collection> where Text.Element == UInt8 {
    private var rest: Text.SubSequence

    init(_ text: Text) { rest = text[...] }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard rest.first == UInt8(ascii: character) else { return false }
        rest = rest.dropFirst()
        return true
    }

    mutating func digits(_ count: Int) -> Int? {
        var value = 0
        for _ in 0..<count {
            guard let byte = rest.first, 0x30 <= byte, byte <= 0x39 else { return nil }
            value = value * 10 + Int(byte - 0x30)
            rest = rest.dropFirst()
        }
        return value
    }

    /// At least one digit; microseconds, further digits dropped.
    mutating func fraction() -> Int64? {
        var value: Int64 = 0
        var scale: Int64 = 100_000
        var seen = false
        while let byte = rest.first, 0x30 <= byte, byte <= 0x39 {
            value += Int64(byte - 0x30) * scale
            scale /= 10
            seen = true
            rest = rest.dropFirst()
        }
        return seen ? value : nil
    }

    mutating func word(_ count: Int, among words: [String]) -> Int? {
        let head = rest.prefix(count)
        guard let index = words.firstIndex(where: { $0.utf8.elementsEqual(head) }) else { return nil }
        rest = rest.dropFirst(count)
        return index
    }
}
