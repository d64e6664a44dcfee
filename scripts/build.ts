// npm run build: writes dist/.
import { dirname, join } from 'node:path';
import { bundle } from './bundle.ts';

await bundle(join(dirname(import.meta.dirname), 'dist'));
