import { describe, expect, it } from 'vitest';
import { generateKey, toPem } from '../support/keys.ts';
import type { LegacyLayer } from '../support/legacy-layout.ts';
import { startAuthority } from './support/authority.ts';
import { attestLegacy, codeOf, legacyEvidence, signLegacy } from './support/world.ts';

const signer = { type: 'key', key: generateKey() } as const;
const annotated = (annotations: Record<string, string>) => (layer: LegacyLayer) => ({
  ...layer,
  annotations: { ...layer.annotations, ...annotations },
});

describe('legacy layers', () => {
  it('a signature is over the layer as it is', async () => {
    const evidence = await signLegacy({ signer });
    expect(evidence.content).toMatchObject({ type: 'simple-signing' });
    expect(evidence.bundle.verificationMaterial.content.$case).toBe('publicKey');
    expect(evidence.source.format).toBe('legacy');
  });

  it('an attestation keeps its envelope as stored', async () => {
    let stored: Buffer = Buffer.alloc(0);
    const evidence = await attestLegacy({ signer }, (layer) => {
      stored = layer.payload;
      return layer;
    });
    expect(evidence.content).toMatchObject({ type: 'dsse', envelope: stored });
  });

  it('a chain is kept to be shown, roots included', async () => {
    const { rootDer, issue } = await startAuthority();
    const { der } = await issue();
    const chain = `${toPem(rootDer)}\n${toPem(rootDer)}`;
    const annotations = { 'dev.sigstore.cosign/certificate': toPem(der), 'dev.sigstore.cosign/chain': chain };
    const evidence = await signLegacy({ signer }, annotated(annotations));
    expect(evidence.chain).toEqual([rootDer, rootDer]);
    expect(evidence.bundle.verificationMaterial.content.$case).toBe('certificate');
  });

  it.each([
    ['no signature', { 'dev.cosignproject.cosign/signature': '' }],
    ['a signature that is no base64', { 'dev.cosignproject.cosign/signature': '!!' }],
    ['a certificate that is none', { 'dev.sigstore.cosign/certificate': 'hello' }],
    ['a chain that is none', { 'dev.sigstore.cosign/chain': 'hello' }],
    ['a chain without end', { 'dev.sigstore.cosign/chain': toPem(Buffer.from('x')).repeat(11) }],
    ['a log entry that is no JSON', { 'dev.sigstore.cosign/bundle': '{' }],
    ['a log entry that is none', { 'dev.sigstore.cosign/bundle': '[]' }],
    ['a timestamp that is no JSON', { 'dev.sigstore.cosign/rfc3161timestamp': 'AAAA' }],
    ['a timestamp that is none', { 'dev.sigstore.cosign/rfc3161timestamp': '{}' }],
  ])('%s is malformed', async (_, annotations) => {
    expect(await codeOf(signLegacy({ signer }, annotated(annotations)))).toBe('EVIDENCE_MALFORMED');
  });

  it('annotations are read from the layer and never from its prototype', async () => {
    const inherited = Object.create({ 'dev.cosignproject.cosign/signature': 'AAAA' }) as Record<
      string,
      string
    >;
    const work = () =>
      legacyEvidence({
        mediaType: 'application/vnd.dev.cosign.simplesigning.v1+json',
        payload: Buffer.from('{}'),
        annotations: inherited,
      });
    expect(await codeOf(work)).toBe('EVIDENCE_MALFORMED');
  });

  it.each([
    '',
    '{',
    '{}',
    'null',
    '[]',
    '{"payloadType":"x","payload":"","signatures":[]}',
    '{"payloadType":1,"payload":"","signatures":[{"sig":"AAAA"}]}',
  ])('the envelope %s is malformed', async (text) => {
    const broken = (layer: LegacyLayer) => ({ ...layer, payload: Buffer.from(text) });
    expect(await codeOf(attestLegacy({ signer }, broken))).toBe('EVIDENCE_MALFORMED');
  });

  it('an envelope with two signatures is malformed', async () => {
    const work = attestLegacy({ signer }, (layer) => {
      const envelope = JSON.parse(layer.payload.toString());
      envelope.signatures.push(envelope.signatures[0]);
      return { ...layer, payload: Buffer.from(JSON.stringify(envelope)) };
    });
    expect(await codeOf(work)).toBe('EVIDENCE_MALFORMED');
  });

  it('another media type is no signature', async () => {
    const other = (layer: LegacyLayer) => ({ ...layer, mediaType: 'application/vnd.oci.image.layer.v1.tar' });
    expect(await codeOf(signLegacy({ signer }, other))).toBe('EVIDENCE_MALFORMED');
  });
});
