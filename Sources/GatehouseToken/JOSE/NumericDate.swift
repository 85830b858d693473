package import GatehouseCrypto
package import GatehouseTime

extension StrictJSON {
    /// A NumericDate (RFC 7519 section 2) of whole seconds, within the years 1970 to 9999. RFC 7519 would allow a fraction; no issuer of
    /// tokens needs one, and refusing it leaves nothing to round (SEC-45).
    package var numericDate: WallTime? {
        guard let seconds = integer, 0 <= seconds, seconds <= 253_402_300_799 else { return nil }
        return WallTime(seconds: seconds)
    }

    /// A string of printable ASCII, as names, identifiers and URIs are. Swift compares strings by canonical equivalence, under which a few
    /// characters beyond ASCII equal one within it (U+212A, the Kelvin sign, equals K); so nothing beyond ASCII is ever compared.
    package var plain: String? {
        guard let text, text.utf8.allSatisfy({ 0x21 <= $0 && $0 <= 0x7e }), !text.isEmpty else { return nil }
        return text
    }
}
