// ec.sigstore.*: who signed, as policies ask it.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseDigest } from '../../../src/base/digest.ts';
import { ProofSource } from '../../../src/oci/proof-source.ts';
import { always, matching, times } from '../../support/faults.ts';
import { pushImage } from '../../support/images.ts';
import { generateKey } from '../../support/keys.ts';
import { provenanceV1 } from '../../support/provenance.ts';
import { startRegistry, type TestRegistry } from '../../support/registry.ts';
import type { WireDescriptor } from '../../support/registry-store.ts';
import { attestImage, byIdentity, byKey, signImage } from '../../support/signing.ts';
import { type SigstoreServices, startSigstore } from '../../support/sigstore.ts';
import { type TempDirectory, tempDirectory } from '../../support/temp.ts';
import { type Asking, openAsking } from './support/asking.ts';

const IMAGE = 'ec.sigstore.verify_image';
const ATTESTATION = 'ec.sigstore.verify_attestation';
const SUBJECT = 'https://github.com/org/app/.github/workflows/release.yml@refs/heads/main';
const ISSUER = 'https://token.actions.githubusercontent.com';

let registry: TestRegistry;
let sigstore: SigstoreServices;
let temp: TempDirectory;
let run: Asking;
const key = generateKey();

beforeEach(async () => {
  [registry, sigstore] = await Promise.all([startRegistry(), startSigstore()]);
  temp = tempDirectory();
  run = await openAsking({ sigstore });
});

afterEach(async () => {
  await run[Symbol.asyncDispose]();
  await Promise.all([registry.close(), sigstore.close()]);
  temp.remove();
});

const refOf = (image: WireDescriptor) => `${registry.host}/team/app@${image.digest}`;
const byPublicKey = { public_key: key.publicPem, ignore_rekor: false };
const keyless = { certificate_identity: SUBJECT, certificate_oidc_issuer: ISSUER, ignore_rekor: false };

async function push(signer = byKey(key), layout: 'bundle' | 'legacy' = 'bundle') {
  const image = pushImage(registry, 'team/app');
  const options = { signer, sigstore, layout };
  await signImage(registry, 'team/app', image, options);
  await attestImage(registry, 'team/app', image, { ...options, ...provenanceV1({ tasks: [] }) });
  return image;
}

interface Result {
  readonly success: boolean;
  readonly errors: readonly string[];
  readonly signatures?: readonly Record<string, unknown>[];
  readonly attestations?: readonly { statement: Record<string, unknown>; signatures: readonly unknown[] }[];
}
const ask = (name: string, ref: unknown, options: unknown) => run.ask(name, ref, options) as Promise<Result>;

describe('what is signed by whom the policy trusts', () => {
  it.each(['bundle', 'legacy'] as const)('is a success with its signatures, by key (%s)', async (layout) => {
    const ref = refOf(await push(byKey(key), layout));
    const image = await ask(IMAGE, ref, byPublicKey);
    const empty = { certificate: '', chain: [], metadata: {} };
    expect(image).toEqual({
      success: true,
      errors: [],
      signatures: [{ ...empty, keyid: expect.any(String), signature: expect.stringMatching(/^[\w+/]+=*$/) }],
    });
    const { success, errors, attestations } = await ask(ATTESTATION, ref, byPublicKey);
    expect({ success, errors }).toEqual({ success: true, errors: [] });
    expect(attestations).toHaveLength(1);
    expect(attestations?.[0]?.statement).toMatchObject({ predicateType: 'https://slsa.dev/provenance/v1' });
    expect(attestations?.[0]?.signatures).toEqual([
      { ...empty, keyid: expect.any(String), signature: expect.any(String) },
    ]);
  });

  it.each([
    keyless,
    { ...keyless, certificate_identity: '', certificate_identity_regexp: 'https://github.com/org/app/.*' },
    { ...keyless, certificate_identity: 'other', certificate_identity_regexp: '^https://github.com/org/.*$' },
    {
      ...keyless,
      certificate_oidc_issuer: '',
      certificate_oidc_issuer_regexp: 'https://token\\.actions\\..*',
    },
  ])('is a success with its certificate, by identity', async (options) => {
    const ref = refOf(await push(byIdentity(SUBJECT, ISSUER)));
    const { success, signatures } = await ask(IMAGE, ref, options);
    expect(success).toBe(true);
    expect(signatures?.[0]?.certificate).toMatch(/^-----BEGIN CERTIFICATE-----/);
    expect((await ask(ATTESTATION, ref, options)).success).toBe(true);
  });

  it('keeps every digit of a statement', async () => {
    const image = pushImage(registry, 'team/app');
    const predicate = { number: 9007199254740991 };
    await attestImage(registry, 'team/app', image, {
      signer: byKey(key),
      sigstore,
      predicateType: 'a',
      predicate,
    });
    const found = await ask(ATTESTATION, refOf(image), byPublicKey);
    expect(found.attestations?.[0]?.statement.predicate).toEqual(predicate);
  });

  it('needs an entry in the log, unless the options say otherwise', async () => {
    const image = pushImage(registry, 'team/app');
    await signImage(registry, 'team/app', image, { signer: byKey(key), sigstore, log: 'none' });
    const isTrusted = async (ignore: boolean) =>
      (await ask(IMAGE, refOf(image), { ...byPublicKey, ignore_rekor: ignore })).success;
    expect([await isTrusted(false), await isTrusted(true)]).toEqual([false, true]);
  });

  it('needs no trust root by key and without the log', async () => {
    await using bare = await openAsking();
    const found = await bare.ask(IMAGE, refOf(await push()), { ...byPublicKey, ignore_rekor: true });
    expect(found).toMatchObject({ success: true });
  });

  it('is found in the log that the options name', async () => {
    const image = pushImage(registry, 'team/app');
    await signImage(registry, 'team/app', image, {
      signer: byKey(key),
      sigstore,
      layout: 'legacy',
      embedEntry: false,
    });
    const options = { ...byPublicKey, rekor_url: sigstore.url };
    expect(await ask(IMAGE, refOf(image), byPublicKey)).toMatchObject({ success: false });
    expect(await ask(IMAGE, refOf(image), options)).toMatchObject({ success: true });
  });
});

describe('a "no"', () => {
  const no = (errors: unknown) => ({ success: false, errors: [errors] });

  it.each([
    ['another key', { ...byPublicKey, public_key: generateKey().publicPem }],
    ['an identity', keyless],
  ])('is a failure with its reason: %s', async (_, options) => {
    const image = pushImage(registry, 'team/app');
    const signer = byKey(generateKey());
    await signImage(registry, 'team/app', image, { signer, sigstore });
    await attestImage(registry, 'team/app', image, { signer, sigstore, ...provenanceV1({ tasks: [] }) });
    const text = expect.stringMatching(/does not verify/);
    expect(await ask(IMAGE, refOf(image), options)).toEqual({ ...no(text), signatures: [] });
    expect(await ask(ATTESTATION, refOf(image), options)).toEqual({ ...no(text), attestations: [] });
  });

  it('is said of what has no signature, or is not there', async () => {
    const image = pushImage(registry, 'team/app');
    expect(await ask(IMAGE, refOf(image), byPublicKey)).toMatchObject(
      no(expect.stringMatching(/no image signature/)),
    );
    expect(await ask(ATTESTATION, refOf(image), byPublicKey)).toMatchObject(
      no(expect.stringMatching(/no attestation/)),
    );
    registry.store.deleteManifest('team/app', image.digest);
    await using later = await openAsking({ sigstore });
    expect(await later.ask(IMAGE, refOf(image), byPublicKey)).toMatchObject(
      no(expect.stringMatching(/does not exist/)),
    );
  });

  it('is said of an attestation that is asked for as a signature', async () => {
    const image = pushImage(registry, 'team/app');
    await attestImage(registry, 'team/app', image, {
      signer: byKey(key),
      sigstore,
      ...provenanceV1({ tasks: [] }),
    });
    expect(await ask(IMAGE, refOf(image), byPublicKey)).toMatchObject({ success: false });
  });

  it.each([
    [undefined],
    [null],
    [[]],
    ['text'],
    [{}],
    [{ public_key: key.publicPem }],
    [{ ...byPublicKey, ignore_rekor: 'true' }],
    [{ ...byPublicKey, ignore_rekor: null }],
    [{ ...byPublicKey, rekor_url: 5 }],
    [{ ...byPublicKey, rekor_url: 'file:///etc/passwd' }],
    [{ ignore_rekor: true }],
    [{ ignore_rekor: true, certificate_identity: SUBJECT }],
    [{ ignore_rekor: true, certificate_oidc_issuer: ISSUER }],
    [{ ...keyless, certificate_identity_regexp: '.*' }],
    [{ ...keyless, certificate_identity_regexp: '(' }],
    [{ ...byPublicKey, public_key: '/etc/cosign.pub' }],
    [{ ...byPublicKey, public_key: 'k8s://ns/secret' }],
    [{ ...byPublicKey, public_key: 'https://example.com/key.pub' }],
    [{ ...byPublicKey, public_key: key.publicPem.slice(0, 60) }],
    [Object.create({ ...byPublicKey })],
  ])('is said when options trust nobody, and nobody is asked: %j', async (options) => {
    const ref = refOf(await push());
    registry.clearLog();
    expect(await ask(IMAGE, ref, options)).toEqual({ ...no(expect.any(String)), signatures: [] });
    expect(await ask(ATTESTATION, ref, options)).toEqual({ ...no(expect.any(String)), attestations: [] });
    expect(registry.requests).toEqual([]);
  });

  it('is said of what is no reference with a digest', async () => {
    for (const ref of [undefined, 5, {}, 'UPPER', `${registry.host}/team/app:v1`]) {
      expect(await ask(IMAGE, ref, byPublicKey)).toEqual({ ...no(expect.any(String)), signatures: [] });
    }
  });

  it('is said of a pattern that matches a part alone', async () => {
    const ref = refOf(await push(byIdentity(SUBJECT, ISSUER)));
    const part = { ...keyless, certificate_identity: '', certificate_identity_regexp: 'github.com/org/app' };
    expect(await ask(IMAGE, ref, part)).toMatchObject({ success: false });
  });
});

describe('what nobody could look at', () => {
  const THROTTLED = always({ kind: 'status', status: 429 });

  it.each([
    ['the image', /manifests\/sha256:/],
    ['the list of evidence', /referrers/],
    ['a piece of evidence', /blobs/],
  ])('is no failure: %s', async (_, what) => {
    const ref = refOf(await push());
    registry.faults.push(matching(what, THROTTLED));
    for (const name of [IMAGE, ATTESTATION]) {
      await expect(ask(name, ref, byPublicKey)).rejects.toMatchObject({
        code: 'THROTTLED',
        kind: 'undetermined',
      });
    }
  });

  it('is no failure when one piece of several could not be read', async () => {
    const image = await push();
    const options = { signer: byKey(key), sigstore, predicateType: 'other', predicate: {} };
    const more = await attestImage(registry, 'team/app', image, options);
    registry.faults.push(matching(new RegExp(`manifests/${more.digest}`), THROTTLED));
    await expect(ask(ATTESTATION, refOf(image), byPublicKey)).rejects.toMatchObject({ code: 'THROTTLED' });
  });

  it('is no failure when there is no trust root', async () => {
    const ref = refOf(await push());
    await using bare = await openAsking();
    await expect(bare.ask(IMAGE, ref, byPublicKey)).rejects.toThrow();
  });

  it('is asked for again', async () => {
    const ref = refOf(await push());
    await using hasty = await openAsking({ sigstore, limits: { attempts: 1 } });
    registry.faults.push(matching(/referrers/, times(1, { kind: 'status', status: 503 })));
    await expect(hasty.ask(IMAGE, ref, byPublicKey)).rejects.toMatchObject({ code: 'REGISTRY_UNAVAILABLE' });
    expect(await hasty.ask(IMAGE, ref, byPublicKey)).toMatchObject({ success: true });
  });
});

describe('sharing', () => {
  it('verifies once for 200 who ask, also a "no"', async () => {
    const ref = refOf(await push());
    registry.clearLog();
    const wrong = { ...byPublicKey, public_key: generateKey().publicPem };
    for (const options of [byPublicKey, wrong]) {
      const asked = Array.from({ length: 200 }, () => ask(IMAGE, ref, { ...options }));
      await Promise.all(asked);
      await ask(IMAGE, ref, options);
    }
    // Once for each of the two options; content is shared between them.
    expect(registry.count(/referrers/)).toBe(2);
  });

  it('tells options apart', async () => {
    const ref = refOf(await push());
    const wrong = { ...byPublicKey, public_key: generateKey().publicPem };
    const results = await Promise.all(
      [byPublicKey, wrong, keyless].map((options) => ask(IMAGE, ref, options)),
    );
    expect(results.map(({ success }) => success)).toEqual([true, false, false]);
  });

  it.each(['bundle', 'legacy'] as const)(
    'lists again in the next run, whatever the cache knows: an attestation that came since is seen (%s)',
    async (layout) => {
      const image = await push(byKey(key), layout);
      const where = { registry: registry.host, name: 'team/app' };
      const digest = parseDigest(image.digest);
      // As the verification of a component leaves it: with its lists.
      await using earlier = await openAsking({ sigstore, cache: temp.path });
      const { images } = earlier;
      if (!(images instanceof ProofSource)) throw new Error('no cache');
      await images.manifest(where, digest);
      await images.referrers(where, digest);
      await images.findManifestByTag(where, `${image.digest.replace(':', '-')}.att`);
      await images.keep(where, digest);
      const options = { signer: byKey(key), sigstore, layout, predicateType: 'more', predicate: {} };
      await attestImage(registry, 'team/app', image, options);
      await using next = await openAsking({ sigstore, cache: temp.path });
      const found = (await next.ask(ATTESTATION, refOf(image), byPublicKey)) as Result;
      expect(found.attestations?.map(({ statement }) => statement.predicateType)).toContain('more');
    },
  );
});
