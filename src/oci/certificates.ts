// Certificate authorities that the environment adds to Node's own (SSL_CERT_FILE, SSL_CERT_DIR; Node itself adds
// NODE_EXTRA_CA_CERTS to its defaults). They add to the defaults and never replace them.
import { X509Certificate } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import { ProofgateError } from '../base/errors.ts';

const MAX_FILE_BYTES = 8 * 1024 * 1024;
const MAX_FILES = 4096;
const PEM = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/**
 * The certificates that the environment names, in PEM; there may be damaged ones among them.
 * @throws ProofgateError `UNREADABLE_FILE`
 */
export function readAddedAuthorities(
  environment: Readonly<Record<string, string | undefined>>,
): readonly string[] {
  return [...readBundle(environment.SSL_CERT_FILE), ...readDirectories(environment.SSL_CERT_DIR)];
}

/**
 * Undefined when nothing is added to Node's own authorities. One context for the whole run: parsing a few hundred
 * certificates for every connection would cost more than the handshake.
 */
export function trustAuthorities(added: readonly string[]): SecureContext | undefined {
  // A damaged certificate in a bundle of hundreds must not make the good ones useless.
  const usable = added.filter(isCertificate);
  if (usable.length === 0) return undefined;
  return createSecureContext({ ca: [...new Set([...getCACertificates('default'), ...usable])] });
}

function readBundle(path: string | undefined): string[] {
  if (path === undefined || path === '') return [];
  const certificates = named('SSL_CERT_FILE', path, () => readCertificates(path));
  if (certificates.some(isCertificate)) return certificates;
  throw unreadable('SSL_CERT_FILE', path, 'it holds no usable PEM certificate');
}

/** As OpenSSL does: several directories, and files in them that are no certificates are passed over. */
function readDirectories(paths: string | undefined): string[] {
  const directories = (paths ?? '').split(delimiter).filter((path) => path !== '');
  return directories.flatMap((directory) => {
    const names = named('SSL_CERT_DIR', directory, () => readdirSync(directory));
    if (names.length > MAX_FILES)
      throw unreadable('SSL_CERT_DIR', directory, `it has more than ${MAX_FILES} files`);
    const files = names.map((name) => join(directory, name)).filter(isFile);
    return files.flatMap((file) => named('SSL_CERT_DIR', file, () => readCertificates(file)));
  });
}

function readCertificates(path: string): string[] {
  if (statSync(path).size > MAX_FILE_BYTES) throw new Error(`it is larger than ${MAX_FILE_BYTES} bytes`);
  return readFileSync(path, 'latin1').match(PEM) ?? [];
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}

/** False for dangling links too: hashed directories are full of links. */
function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

function named<T>(variable: string, path: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw unreadable(variable, path, cause instanceof Error ? cause.message : String(cause), cause);
  }
}

function unreadable(variable: string, path: string, why: string, cause?: unknown): ProofgateError {
  return new ProofgateError('UNREADABLE_FILE', `${variable} names ${path}: ${why}`, {
    cause,
    hint: `Mend or unset ${variable}.`,
  });
}
