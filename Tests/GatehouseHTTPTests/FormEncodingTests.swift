import GatehouseHTTP
import Testing

@Suite("Form encoding")
struct FormEncodingTests {
    private func has(_ name: String, _ parameters: String) -> Bool {
        Array(parameters.utf8).withUnsafeBytes { FormEncoding.has(Array(name.utf8), in: $0) }
    }

    @Test("SEC-42: a parameter is found by its decoded name, wherever it stands, and no other is taken for it")
    func names() {
        for parameters in [
            "access_token=x", "a=1&access_token=x", "access_token", "access_token=", "access%5Ftoken=x", "access%5ftoken=x&b",
            "%61ccess_token=x",
            "&&access_token=x", "a=b=c&%61%63%63%65%73%73%5f%74%6f%6b%65%6e=x", "a&access_token&b",
        ] {
            #expect(has("access_token", parameters), "\(parameters)")
        }
        for parameters in [
            "", "&", "=", "=access_token", "a=access_token", "xaccess_token=x", "access_tokens=x", "access_toke", "access+token=x",
            "access%token=x",
            "access%5=x", "ACCESS_TOKEN=x", "access%255Ftoken=x", "a=1%26access_token=x", "access_token%3Dx", "%", "%5",
        ] {
            #expect(!has("access_token", parameters), "\(parameters)")
        }
        #expect(has("a b", "a+b=1") && has("a%zz", "a%zz=1"))
    }

    @Test("escapes and plus signs are decoded, and a malformed escape stands for itself")
    func decoding() {
        for (text, decoded) in [
            ("", ""), ("a+b%20c", "a b c"), ("%41%4a%4A", "AJJ"), ("%", "%"), ("%4", "%4"), ("%zz%41", "%zzA"), ("%%41", "%A"),
        ] {
            var output = [UInt8](repeating: 0, count: text.utf8.count)
            let count = Array(text.utf8).withUnsafeBytes { source in output.withUnsafeMutableBytes { FormEncoding.decode(source, into: $0) }
            }
            #expect(String(decoding: output[..<count], as: UTF8.self) == decoded)
        }
    }
}
