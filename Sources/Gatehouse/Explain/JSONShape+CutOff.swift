extension JSONShape {
    /// The text ends within a string, or before everything that was opened is closed, and nothing before that end is closed wrongly.
    static func isCutOff(_ text: [UInt8]) -> Bool {
        var open: [UInt8] = []
        var isInString = false
        var isEscaped = false
        for byte in text {
            if isInString {
                if isEscaped { isEscaped = false } else if byte == 0x5c { isEscaped = true } else if byte == 0x22 { isInString = false }
                continue
            }
            switch byte {
            case 0x22: isInString = true
            case 0x7b: open.append(0x7d)
            case 0x5b: open.append(0x5d)
            case 0x7d, 0x5d: guard open.popLast() == byte else { return false }
            default: break
            }
        }
        return isInString || !open.isEmpty
    }
}
