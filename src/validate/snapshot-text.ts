// The text of a snapshot → a value. What the value means is not known here.
import { ProofgateError } from '../base/errors.ts';
import { parseStructuredText } from '../base/structured-text.ts';

/** A snapshot's text is at most this long. */
export const MAX_SNAPSHOT_BYTES = 10 * 1024 * 1024;
/** As YAML: its parser needs up to a thousand times the memory of the text. */
export const MAX_YAML_BYTES = 1024 * 1024;

/** @throws ProofgateError `BAD_SNAPSHOT` */
export function parseSnapshotText(content: string): unknown {
  return parseStructuredText(content, {
    maxBytes: MAX_SNAPSHOT_BYTES,
    maxYamlBytes: MAX_YAML_BYTES,
    numbers: 'native',
    refuse: badSnapshot,
  });
}

/** Every problem of a snapshot says what one looks like. */
export function badSnapshot(message: string): ProofgateError {
  return new ProofgateError('BAD_SNAPSHOT', message, {
    hint: 'A snapshot is {"components": [{"name": …, "containerImage": …}]}, bare or under "spec".',
  });
}
