# METADATA
# title: Texts
# description: Every function on texts that release policies call
package features.texts

import rego.v1

import data.features.helpers

# METADATA
# title: Formats
# custom:
#   short_name: formats
#   failure_msg: '%s has %d, %q, %v and %v'
deny contains result if {
	some name, amount in input.amounts
	values := [name, amount, name, {name, "z", "a"}, {"b": [1, null, true], "a": amount}]
	result := helpers.result(rego.metadata.chain(), values)
}

# METADATA
# title: Parts
# custom:
#   short_name: parts
deny contains result if {
	some text in input.texts
	parts := split(text, "/")
	result := {
		"code": "texts.parts",
		"msg": concat("|", array.reverse(parts)),
		"facts": [
			startswith(text, "reg"), endswith(text, "x"), contains(text, "é"), lower(text), upper(text),
			trim_space(concat("", [" ", text, "\t\n"])), trim_prefix(text, "registry"), trim_suffix(text, "x"),
			strings.any_prefix_match(text, {"a", "reg"}), strings.any_suffix_match([text], ["x", "y"]),
			type_name(text), sprintf("%05.2f %x %0.4d %t %%", [3.14159, 255, 7, true]),
		],
	}
}

# METADATA
# title: Patterns
# custom:
#   short_name: patterns
warn contains result if {
	some text in input.texts
	result := {
		"code": "texts.patterns",
		"msg": regex.replace(text, `(?P<first>[a-z]+)[./](\w+)`, "${2}-$first"),
		"facts": [
			regex.match(`^registry\.test/[^@]+(@sha256:[0-9a-f]{64})?$`, text),
			regex.is_valid(`(?<!x)y`), regex.is_valid(`^\p{L}+$`),
			regex.find_n(`[a-z]+`, text, 2), regex.split(`[/:]`, text),
			glob.match("registry.*/**", [".", "/"], text), glob.match("*test*", [], text),
		],
	}
}

# Mismatched verbs print what Go prints.
warn contains {"code": "texts.verbs", "msg": sprintf("%d %s %q", ["text", 1, [1]])}

warn contains {"code": "texts.missing", "msg": sprintf("%s %s", ["one"])}

warn contains {"code": "texts.template", "msg": $"there are {count(input.texts)} of {input.texts[0]}"}

warn contains {"code": "texts.decoded", "msg": base64.decode("w6kgw7w=")}
