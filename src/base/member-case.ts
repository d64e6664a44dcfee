// Names of JSON members as Go's encoding/json compares them: in any case. Most of what reads images is written in Go, so a
// member in another case is there for whoever runs an image, and must not be missing for whoever judges it.

/** A member that Go takes for one of `names`, though it is written otherwise; undefined when there is none. */
export function findOtherCase(map: object, names: readonly string[]): string | undefined {
  const known = new Set(names);
  const folded = new Set(names.map(fold));
  return Object.keys(map).find((name) => !known.has(name) && folded.has(fold(name)));
}

function fold(name: string): string {
  return name.toLowerCase().replaceAll('\u017f', 's');
}
