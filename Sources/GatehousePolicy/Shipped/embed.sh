#!/bin/sh
# Writes ShippedSchemes.swift from policies/schemes. Run it after a change there: Sources/GatehousePolicy/Shipped/embed.sh
set -eu
cd "$(dirname "$0")"
{
    echo '// Made by embed.sh from policies/schemes; change the files there and run it again.'
    echo 'extension Scheme {'
    echo '    /// The text of each shipped scheme by its name. A file of the same name in the policy directory takes its place.'
    echo '    public static let shipped: [String: String] = ['
    for file in ../../../policies/schemes/*.yaml; do
        printf '        "%s": #"""\n' "$(basename "$file" .yaml)"
        sed 's/^\(..*\)/            \1/' "$file"
        printf '\n            """#,\n'
    done
    echo '    ]'
    echo '}'
} > ShippedSchemes.swift
