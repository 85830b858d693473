internal import GatehouseCrypto
internal import GatehouseHTTP
internal import GatehousePolicy
internal import GatehouseTime

/// One decoded signature.
struct Candidate {
    let bytes: UnsafeRawBufferPointer
    /// Position among the scheme's algorithms.
    let algorithm: Int
}

/// What one scheme found in the current request: the same for every sender's keys.
struct Extraction {
    enum Problem {
        case signatureMissing
        case signatureMalformed
        case timestampMissing
        case timestampMalformed
    }

    /// Set: no key need be tried.
    var problem: Problem?
    /// Positions in the workspace's `candidates` and `parts`.
    var candidates = 0..<0
    var parts = 0..<0
    var timestamp: UnsafeRawBufferPointer?
    var signedAt: WallTime?
}

extension SchemePlan {
    func extract(from request: RequestView, in workspace: Workspace) -> Extraction {
        var extraction = Extraction()
        let first = workspace.candidates.count
        extraction.problem = readSignatures(from: request, in: workspace, first: first, timestamp: &extraction.timestamp)
        extraction.candidates = first..<workspace.candidates.count
        guard extraction.problem == nil else { return extraction }
        if let timestampUnit {
            if let timestampSource {
                switch workspace.value(timestampSource, in: request) {
                case .absent: extraction.problem = .timestampMissing
                case .one(let text): extraction.timestamp = text
                case .repeated, .unsuitable: extraction.problem = .timestampMalformed
                }
            } else if extraction.timestamp == nil {
                extraction.problem = .timestampMissing
            }
            guard let text = extraction.timestamp, extraction.problem == nil else { return extraction }
            extraction.signedAt = Timestamp.parse(text, unit: timestampUnit)
            guard extraction.signedAt != nil else {
                extraction.problem = .timestampMalformed
                return extraction
            }
        }
        let start = workspace.parts.count
        if !gather(from: request, in: workspace, extraction) { extraction.problem = .signatureMalformed }
        extraction.parts = start..<workspace.parts.count
        return extraction
    }

    // MARK: Signatures

    private func readSignatures(
        from request: RequestView, in workspace: Workspace, first: Int, timestamp: inout UnsafeRawBufferPointer?
    ) -> Extraction.Problem? {
        var present = false
        var malformed = false
        for header in signatures {
            forEachValue(of: header, request, workspace) { found in
                guard case .one(let value) = found else {
                    malformed = true
                    return false
                }
                layout.read(value) { piece in
                    switch piece {
                    case .malformed:
                        present = true
                    case .timestamp(let text):
                        if let known = timestamp, !known.elementsEqual(text) || layoutHoldsOneTime { malformed = true }
                        timestamp = text
                    case .signature(let text, let algorithm):
                        present = true
                        guard let bytes = decode(text, algorithms[algorithm], in: workspace) else { return true }
                        guard workspace.candidates.count - first < Scheme.maximumPairs else {
                            malformed = true
                            return false
                        }
                        workspace.candidates.append(Candidate(bytes: bytes, algorithm: algorithm))
                    }
                    return !malformed
                }
                return !malformed
            }
            if malformed { return .signatureMalformed }
        }
        if workspace.candidates.count > first { return nil }
        return present ? .signatureMalformed : .signatureMissing
    }

    /// With a single header, a second time label is a contradiction even where both say the same (SEC-58).
    private var layoutHoldsOneTime: Bool { signatures.count == 1 && signatures.allSatisfy { !$0.several } }

    private func forEachValue(of header: Header, _ request: RequestView, _ workspace: Workspace, _ take: (Found) -> Bool) {
        switch header.source {
        case .family(let prefix):
            for (index, line) in request.head.fields.enumerated() {
                guard line.name.count > prefix.count, isNamed(request[line.name], prefix, within: prefix.count) else { continue }
                let name = request[line.name]
                let isRepeated = !header.several && request.head.fields[..<index].contains { isNamed(request[$0.name], name) }
                guard take(isRepeated ? .repeated : .one(request[line.value])) else { return }
            }
        case .header(let name) where header.several:
            for line in request.head.fields where isNamed(request[line.name], name.bytes, within: line.name.count) {
                guard take(.one(request[line.value])) else { return }
            }
        default:
            switch workspace.value(header.source, in: request) {
            case .absent: return
            case let found: _ = take(found)
            }
        }
    }

    /// The first `count` bytes of `name` are `expected`, which is lower case.
    private func isNamed(_ name: UnsafeRawBufferPointer, _ expected: [UInt8], within count: Int) -> Bool {
        guard count == expected.count, name.count >= count else { return false }
        for index in 0..<count where lowerCased(name[index]) != expected[index] { return false }
        return true
    }

    private func isNamed(_ name: UnsafeRawBufferPointer, _ other: UnsafeRawBufferPointer) -> Bool {
        name.count == other.count && zip(name, other).allSatisfy { lowerCased($0) == lowerCased($1) }
    }

    private func lowerCased(_ byte: UInt8) -> UInt8 { 0x41 <= byte && byte <= 0x5a ? byte | 0x20 : byte }

    /// Nil for what is malformed, empty or not of the algorithm's length (SEC-54).
    private func decode(_ text: UnsafeRawBufferPointer, _ algorithm: SignatureAlgorithm, in workspace: Workspace) -> UnsafeRawBufferPointer?
    {
        let decoded: UnsafeRawBufferPointer
        switch encoding {
        case .text:
            decoded = text
        case .hex, .base64, .base64url:
            let room = workspace.arena.allocate(text.count)
            let count =
                switch encoding {
                case .hex: Hex.decode(text, into: room)
                case .base64url: Base64.decode(text, into: room, alphabet: .url)
                default: Base64.decode(text, into: room)
                }
            workspace.arena.shrinkLast(from: text.count, to: count ?? 0)
            guard let count else { return nil }
            decoded = UnsafeRawBufferPointer(rebasing: room[..<count])
        }
        guard !decoded.isEmpty else { return nil }
        if let expected = algorithm.signatureLength, decoded.count != expected { return nil }
        return decoded
    }

    // MARK: The signed string

    /// Puts the parts' slices in order; false where one of them is missing, repeated or could slide.
    private func gather(from request: RequestView, in workspace: Workspace, _ extraction: Extraction) -> Bool {
        let query = request.head.query.map { request[$0] }
        if isQueryBoundaryOpen, !QueryBoundary.isShown(by: request.body, behind: query) { return false }
        if isBodyBeforeURL, !QueryBoundary.isShown(by: request.body, before: publicURL.bytes) { return false }
        for part in parts {
            switch part {
            case .literal(let literal): workspace.parts.append(literal.bytes)
            case .body: workspace.parts.append(request.body)
            case .timestamp:
                guard let text = extraction.timestamp else { return false }
                workspace.parts.append(text)
            case .value(let source, let separators):
                guard case .one(let text) = workspace.value(source, in: request),
                    !separators.contains(where: { text.offset(of: $0) != nil })
                else {
                    return false
                }
                workspace.parts.append(text)
            case .method: workspace.parts.append(request.method)
            case .path: workspace.parts.append(request.path)
            case .url:
                workspace.parts.append(publicURL.bytes)
                if let query = request.head.query {
                    workspace.parts.append(Self.questionMark.bytes)
                    workspace.parts.append(request[query])
                }
            case .secret: workspace.parts.append(Self.secretMark.bytes)
            }
        }
        return true
    }

    /// Stands among the parts where the secret goes; known by its address.
    static let secretMark = StableBytes([0])
    private static let questionMark = StableBytes("?")
}
