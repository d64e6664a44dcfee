// The public halves of the tests' Sigstore services as the files that programs take: one trusted root for most,
// and the single files that cosign 2.5 wants for its legacy layout.
import { createPublicKey } from 'node:crypto';
import { z } from 'zod';
import { toPem } from '../support/keys.ts';
import type { SigstoreServices } from '../support/sigstore.ts';
import type { TempDirectory } from '../support/temp.ts';

export interface SigstoreFiles {
  /** A trusted root in JSON. */
  readonly trustedRoot: string;
  /** Variables that tell cosign 2.5 the same. */
  readonly environment: Readonly<Record<string, string>>;
}

const base64 = z.string().transform((text) => Buffer.from(text, 'base64'));
const log = z.object({ publicKey: z.object({ rawBytes: base64 }) });
const trustedRootSchema = z.object({
  tlogs: z.tuple([log]),
  ctlogs: z.tuple([log]),
});

export function writeSigstoreFiles(sigstore: SigstoreServices, temp: TempDirectory): SigstoreFiles {
  const root = trustedRootSchema.parse(sigstore.trustedRoot);
  const writeKey = (name: string, [{ publicKey }]: readonly [z.infer<typeof log>]) => {
    const key = createPublicKey({ key: publicKey.rawBytes, format: 'der', type: 'spki' });
    return temp.write(name, key.export({ type: 'spki', format: 'pem' }).toString());
  };
  return {
    trustedRoot: temp.write('trusted-root.json', sigstore.trustedRootJson),
    environment: {
      SIGSTORE_ROOT_FILE: temp.write('fulcio.pem', toPem(sigstore.fulcioRoot)),
      SIGSTORE_REKOR_PUBLIC_KEY: writeKey('rekor.pem', root.tlogs),
      SIGSTORE_CT_LOG_PUBLIC_KEY_FILE: writeKey('ct.pem', root.ctlogs),
    },
  };
}
