# Shared by the policies of this folder, as libraries are.
package features.helpers

import rego.v1

result(chain, values) := {
	"code": sprintf("%s.%s", [_package(chain), chain[0].annotations.custom.short_name]),
	"msg": sprintf(object.get(chain[0].annotations, ["custom", "failure_msg"], "%v"), values),
	"title": chain[0].annotations.title,
	"scopes": [link.annotations.scope | some link in chain],
}

_package(chain) := concat(".", path) if {
	full := chain[0].path
	path := array.slice(full, 1, count(full) - 1)
} else := "nowhere"

default is_even(_) := false

is_even(number) if number % 2 == 0

schema := {
	"$schema": "http://json-schema.org/draft-07/schema#",
	"type": "object",
	"properties": {"name": {"type": "string", "minLength": 2}, "size": {"type": "integer", "minimum": 1}},
	"required": ["name"],
	"additionalProperties": false,
}
