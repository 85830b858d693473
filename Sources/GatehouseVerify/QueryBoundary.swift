internal import GatehouseHTTP
package import GatehousePolicy

/// Where the query ends and the body begins, in signed strings that have both and nothing between them that a query cannot hold.
///
/// Under one signature bytes of the query could be read as the body's beginning, and the body's as the query's (SEC-59). Some senders sign
/// so all the same: Square, HubSpot. A body that is one whole JSON object or array shows its beginning itself: with bytes before it, or
/// without its first ones, it is none.
package enum QueryBoundary {
    /// Whether the scheme leaves it to the body to show where it begins.
    package static func isOpen(_ scheme: Scheme) -> Bool {
        var isBehindURL = false
        for part in scheme.signed {
            switch part {
            case .url: isBehindURL = true
            case .body where isBehindURL: return true
            case .literal(let text) where !text.utf8.allSatisfy(\.isTargetCharacter): isBehindURL = false
            case .secret: isBehindURL = false
            default: continue
            }
        }
        return false
    }

    /// Whether a body behind `query` begins where it seems to; nil is a target without `?`. Without one the body begins behind the path,
    /// which policy knows, unless it begins with `?` itself. Behind one an empty body is taken: none that is taken could be a query's end.
    package static func isShown(by body: UnsafeRawBufferPointer, behind query: UnsafeRawBufferPointer?) -> Bool {
        guard query != nil else { return body.first != UInt8(ascii: "?") }
        guard !body.isEmpty else { return true }
        return isWhole(body) && !body.allSatisfy(\.isTargetCharacter)
    }

    /// One JSON object or array and nothing else: with more bytes at either end, or fewer, it is none.
    private static func isWhole(_ body: UnsafeRawBufferPointer) -> Bool {
        guard let first = body.first(where: { !Self.blanks.contains($0) }), first == UInt8(ascii: "{") || first == UInt8(ascii: "[") else {
            return false
        }
        var nothing: [JSONScanner.Value?] = []
        return (try? JSONScanner.scan(body, paths: JSONPaths(), into: &nothing)) != nil
    }

    /// Whether a body before the URL ends where it seems to. A query that holds the URL once more could else lend its beginning to the body.
    package static func isShown(by body: UnsafeRawBufferPointer, before url: UnsafeRawBufferPointer) -> Bool {
        body.offset(of: Array(url)) == nil || isWhole(body)
    }

    /// Whether the scheme leaves it to the body to show where it ends.
    package static func isBodyBefore(_ scheme: Scheme) -> Bool {
        guard let body = scheme.signed.firstIndex(of: .body) else { return false }
        return scheme.signed[body...].contains(.url)
    }

    private static let blanks: [UInt8] = [0x20, 0x09, 0x0a, 0x0d]
}
