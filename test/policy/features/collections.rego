package features.collections

import rego.v1

import data.features.helpers

# METADATA
# title: Lists
# custom:
#   short_name: lists
deny contains {"code": "collections.lists", "msg": "lists", "facts": facts} if {
	given := input.numbers
	facts := [
		count(given), sort(given), max(given), array.concat(given, [1]), array.slice(given, 1, 3),
		numbers.range(3, 1), floor(7.9), to_number("12.50"), [n | some n in given; helpers.is_even(n)],
		{n | some n in given} - {3, 4}, {1, 2} & {2, 3}, {1} | {"1"}, 7 - 2, 1 + 2, 7 / 2,
	]
}

# METADATA
# title: Objects
# custom:
#   short_name: objects
deny contains {"code": "collections.objects", "msg": "objects", "facts": facts} if {
	object_a := {"a": {"b": [1, {"c": 2}]}, "d": null}
	facts := [
		object.get(object_a, ["a", "b", 1, "c"], "none"), object.get(object_a, ["x"], "none"),
		object.union(object_a, {"a": {"e": 1}}), object.keys(object_a), object.remove(object_a, ["d"]),
		json.patch(object_a, [{"op": "add", "path": "/a/b/-", "value": 3}, {"op": "remove", "path": "/d"}]),
		json.remove(object_a, ["a/b"]), json.marshal(object_a), json.unmarshal(`{"big": 12345678901234567890, "small": 1e-7}`),
		json.is_valid("true"), json.is_valid("{"), is_object(object_a), is_array([]), is_null(null), is_set(set()),
		is_string(1), is_number(1), [path | walk(object_a, [path, 2])],
	]
}

reachable := graph.reachable({"a": ["b"], "b": {"c"}, "c": []}, {"a"})

tree[name] := children if {
	some name, children in {"x": {"y"}, "z": set()}
}

nested.of[name].parts contains part if {
	some name in ["one", "two"]
	some part in split("p-q", "-")
}

deny contains {"code": "collections.all", "msg": sprintf("%v %v %v", [reachable, tree, nested])} if {
	every number in input.numbers { number < 100 }
	not 1000 in input.numbers
	some position, 3 in input.numbers
	position >= 0
	some "x", _ in tree
}

level := "high" if {
	count(input.numbers) > 100
} else := "middle" if {
	count(input.numbers) > 2
} else := "low"

warn contains {"code": "collections.level", "msg": level}

warn contains {"code": "collections.mocked", "msg": mocked} if {
	mocked := level with input.numbers as numbers.range(1, 200)
}
