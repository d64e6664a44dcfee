import { createHash, generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { parsePublicKeys } from '../../src/verify/keys.ts';
import { generateKey, type KeyType, toPem } from '../support/keys.ts';
import { startAuthority } from './support/authority.ts';
import { errorOf } from './support/world.ts';

const P256 = generateKey().publicPem;

describe('public keys', () => {
  it.each(['P-256', 'P-384', 'P-521', 'RSA', 'Ed25519'] as const)('%s is read', (type: KeyType) => {
    const { publicPem, publicKey } = generateKey(type);
    const der = publicKey.export({ type: 'spki', format: 'der' });
    const [key] = parsePublicKeys(publicPem, 'cosign.pub');
    expect(key).toMatchObject({ name: 'cosign.pub', pem: publicPem });
    expect(key?.fingerprint).toBe(createHash('sha256').update(der).digest('hex'));
  });

  it('RSA keys may be PKCS#1, and PSS-only', () => {
    const { publicKey } = generateKey('RSA');
    const [pkcs1] = parsePublicKeys(publicKey.export({ type: 'pkcs1', format: 'pem' }).toString(), 'k');
    const [spki] = parsePublicKeys(publicKey.export({ type: 'spki', format: 'pem' }).toString(), 'k');
    expect(pkcs1?.fingerprint).toBe(spki?.fingerprint);
    const pss = generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).publicKey;
    expect(parsePublicKeys(pss.export({ type: 'spki', format: 'pem' }).toString(), 'k')).toHaveLength(1);
  });

  it('several blocks are several keys, each with its name; twice the same is one', () => {
    const second = generateKey('Ed25519').publicPem;
    const keys = parsePublicKeys(`\n${P256}\r\n${second}${P256}\n`, 'keys.pem');
    expect(keys.map(({ name }) => name)).toEqual(['keys.pem (key 1)', 'keys.pem (key 2)']);
  });

  const private_ = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const privatePem = private_.export({ type: 'pkcs8', format: 'pem' }).toString();
  const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey;
  const koblitz = generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey;
  const agreement = generateKeyPairSync('x25519').publicKey;
  const spki = (key: typeof weak) => key.export({ type: 'spki', format: 'pem' }).toString();
  it.each([
    ['a private key', privatePem],
    ['an old private key', private_.export({ type: 'sec1', format: 'pem' }).toString()],
    ["cosign's encrypted private key", toPem(Buffer.from('{}'), 'ENCRYPTED SIGSTORE PRIVATE KEY')],
    ['a public key with a private one behind it', `${P256}${privatePem}`],
    ['RSA of 1024 bits', spki(weak)],
    ['an unsupported curve', spki(koblitz)],
    ['a key that cannot sign', spki(agreement)],
    ['words between blocks', `${P256}hello\n${P256}`],
    ['a block without an end', P256.replace('-----END PUBLIC KEY-----', '')],
    ['a block with another end', P256.replace('END PUBLIC', 'END RSA PUBLIC')],
    ['DER of something else', toPem(Buffer.from('not a key'), 'PUBLIC KEY')],
    ['no text', ''],
    ['a text without a key', 'hello'],
    ['a text without an end', 'a'.repeat(2 * 1024 * 1024)],
  ])('%s is refused, and never quoted', async (_, text) => {
    const error = await errorOf(() => parsePublicKeys(text, 'cosign.pub'));
    expect(error.code).toBe('BAD_KEY');
    expect(error.message).toContain('cosign.pub');
    const secret = privatePem.split('\n')[1] ?? '';
    expect(`${error.message}${error.hint ?? ''}`).not.toContain(secret.slice(0, 12));
  });

  it('a certificate is refused: it is not the key that is trusted then', async () => {
    const { rootDer } = await startAuthority();
    expect((await errorOf(() => parsePublicKeys(toPem(rootDer), 'ca.pem'))).code).toBe('BAD_KEY');
  });
});
