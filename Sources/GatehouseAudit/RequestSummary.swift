/// What a refused request's record says about the request: names and lengths of its header fields, and the values of those that the
/// scheme names. The maker leaves out the value of a field that is compared for equality, and every credential.
public struct RequestSummary: Sendable, Hashable {
    public var method: String
    public var headers: [Header]
    /// Values that the scheme reads elsewhere, by their source: `json:a.b`, `query:t`.
    public var values: [Value]

    public struct Header: Sendable, Hashable {
        public var name: String
        /// Of the received value.
        public var length: Int
        public var value: [UInt8]?

        public init(name: String, length: Int, value: [UInt8]? = nil) {
            self.name = name
            self.length = length
            self.value = value
        }
    }

    public struct Value: Sendable, Hashable {
        public var source: String
        public var value: [UInt8]

        public init(source: String, value: [UInt8]) {
            self.source = source
            self.value = value
        }
    }

    public init(method: String, headers: [Header], values: [Value] = []) {
        self.method = method
        self.headers = headers
        self.values = values
    }

    func encode(to output: inout RecordWriter) {
        output.append(",\"request\":{\"method\":", text: method, limit: RecordLimit.fieldName)
        output.append(",\"headers\":[")
        var first = true
        var values = 0
        for header in headers.prefix(RecordLimit.fields) {
            output.append(first ? "{\"name\":" : ",{\"name\":", text: header.name, limit: RecordLimit.fieldName)
            first = false
            output.append(",\"bytes\":")
            output.append(decimal: UInt64(clamping: header.length))
            if let value = header.value, values < RecordLimit.values {
                values += 1
                output.append(",\"value\":")
                value.withUnsafeBufferPointer { output.append(text: $0, limit: RecordLimit.value) }
            }
            output.append("}")
        }
        output.append("]")
        if headers.count > RecordLimit.fields {
            output.append(",\"more_headers\":")
            output.append(decimal: UInt64(headers.count - RecordLimit.fields))
        }
        encodeValues(to: &output)
        output.append("}")
    }

    private func encodeValues(to output: inout RecordWriter) {
        guard !values.isEmpty else { return }
        output.append(",\"values\":[")
        var first = true
        for value in values.prefix(RecordLimit.values) {
            output.append(first ? "{\"from\":" : ",{\"from\":", text: value.source, limit: RecordLimit.fieldName)
            first = false
            output.append(",\"value\":")
            value.value.withUnsafeBufferPointer { output.append(text: $0, limit: RecordLimit.value) }
            output.append("}")
        }
        output.append("]")
    }
}
