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

    /// Whether a body behind a query begins where it seems to. An empty one does: no such body could be taken for a query's end.
    package static func isShown(by body: UnsafeRawBufferPointer) -> Bool {
        guard !body.isEmpty else { return true }
        guard let first = body.first(where: { !Self.blanks.contains($0) }), first == UInt8(ascii: "{") || first == UInt8(ascii: "["),
            !body.allSatisfy(\.isTargetCharacter)
        else { return false }
        var nothing: [JSONScanner.Value?] = []
        return (try? JSONScanner.scan(body, paths: JSONPaths(), into: &nothing)) != nil
    }

    private static let blanks: [UInt8] = [0x20, 0x09, 0x0a, 0x0d]
}
