import Foundation

/// The part of the published OCSF schema that exported events are of (`Schema/`), and a check of an event against it: every required attribute
/// is there, every attribute is one of the class's, of its type and among its values, and every object's constraint holds.
struct OCSFSchema: Decodable {
    struct Attribute: Decodable {
        var requirement: String
        var profile: String?
        var type: String?
        var object: String?
        var array: Bool?
        var values: [Int]?
    }

    struct Shape: Decodable {
        var constraints: [String: [String]]
        var attributes: [String: Attribute]
    }

    var classes: [String: Shape]
    var objects: [String: Shape]

    init() throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Schema/ocsf-1.3.0.json")
        self = try JSONDecoder().decode(OCSFSchema.self, from: Data(contentsOf: file))
    }

    /// What does not fit; empty where all does.
    func problems(_ event: [String: Any]) -> [String] {
        guard let number = event["class_uid"] as? Int, let shape = classes["\(number)"] else {
            return ["class_uid \(event["class_uid"] ?? "missing")"]
        }
        return problems(event, shape, "\(number)")
    }

    private func problems(_ object: [String: Any], _ shape: Shape, _ path: String) -> [String] {
        var problems: [String] = []
        for (name, attribute) in shape.attributes
        where attribute.requirement == "required" && attribute.profile == nil && object[name] == nil {
            problems.append("\(path).\(name) is required")
        }
        if let names = shape.constraints["at_least_one"], !names.contains(where: { object[$0] != nil }) {
            problems.append("\(path) needs one of \(names.joined(separator: ", "))")
        }
        for (name, value) in object {
            let place = "\(path).\(name)"
            guard let attribute = shape.attributes[name] else {
                problems.append("\(place) is no attribute")
                continue
            }
            problems += self.problems(value, attribute, place)
        }
        return problems
    }

    private func problems(_ value: Any, _ attribute: Attribute, _ place: String) -> [String] {
        if attribute.array == true {
            guard let values = value as? [Any] else { return ["\(place) is no list"] }
            var single = attribute
            single.array = nil
            return values.flatMap { problems($0, single, place) }
        }
        if let name = attribute.object {
            guard let value = value as? [String: Any] else { return ["\(place) is no object"] }
            // What has no attributes of its own, such as `unmapped`, may hold anything.
            guard let shape = objects[name] else { return name == "object" ? [] : ["\(place): the schema's part has no \(name)"] }
            return shape.attributes.isEmpty ? [] : problems(value, shape, place)
        }
        switch attribute.type {
        case "integer_t", "long_t", "timestamp_t", "port_t":
            guard let number = value as? Int else { return ["\(place) is no number"] }
            if let values = attribute.values, !values.contains(number) { return ["\(place) is \(number)"] }
            return []
        case "boolean_t": return value is Bool ? [] : ["\(place) is neither true nor false"]
        case "json_t": return []
        default: return value is String ? [] : ["\(place) is no text"]
        }
    }
}
