// npm run build:rego: writes dist/policy/. Needs Go.
import { dirname, join } from 'node:path';
import { buildRego, writeRego } from './rego.ts';

writeRego(join(dirname(import.meta.dirname), 'dist', 'policy'), buildRego());
