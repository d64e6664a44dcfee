// Sample reports for the renderers' tests: small, mixed, hostile, huge.
import type { ErrorCode } from '../../../src/base/errors.ts';
import {
  type CheckCode,
  type ComponentResult,
  type Finding,
  type Outcome,
  type Report,
  type SignatureSummary,
  type TaskBundleResult,
  worstOutcome,
} from '../../../src/report/report.ts';

/** What a renderer that gives pieces gives. */
export function whole(pieces: Iterable<string>): string {
  return [...pieces].join('');
}

export function digest(seed: number): string {
  return `sha256:${seed.toString(16).padStart(8, '0').repeat(8)}`;
}

export const KEY_SIGNATURE: SignatureSummary = {
  format: 'legacy',
  signedBy: { type: 'key', fingerprint: 'ab'.repeat(32), name: 'cosign.pub' },
  manifest: digest(0xaaaa),
  keyid: '',
  sig: 'MEUCIQ==',
};

export const IDENTITY_SIGNATURE: SignatureSummary = {
  format: 'bundle',
  signedBy: {
    type: 'identity',
    subject: 'https://github.com/shop/ci/.github/workflows/release.yml@refs/heads/main',
    issuer: 'https://token.actions.githubusercontent.com',
    matched: '^https://github\\.com/shop/.*$',
  },
  manifest: digest(0xbbbb),
  keyid: '',
  sig: 'MEQCIA==',
  certificate: '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n',
  chain: ['-----BEGIN CERTIFICATE-----\nMIIC\n-----END CERTIFICATE-----\n'],
  signedAt: '2026-08-20T09:58:00Z',
};

export function finding(code: CheckCode, reason: ErrorCode, more: Partial<Finding> = {}): Finding {
  return {
    code,
    reason,
    outcome: 'rejected',
    message: `the check said no (${reason})`,
    hint: 'Sign the image.',
    details: [],
    ...more,
  };
}

export function component(name: string, more: Partial<ComponentResult> = {}): ComponentResult {
  const seed = [...name].reduce((sum, character) => sum * 31 + (character.codePointAt(0) ?? 0), 7) % 0xffffff;
  const containerImage = more.containerImage ?? `registry.test/shop/${name}@${digest(seed)}`;
  const findings = more.findings ?? [];
  const isVerified = findings.length === 0;
  return {
    name,
    containerImage,
    source: {},
    resolved: containerImage,
    outcome: isVerified ? 'verified' : worstOutcome(findings.map(({ outcome }) => outcome)),
    findings,
    successes: isVerified
      ? [
          { code: 'builtin.image.signature_check', message: 'signed by key cosign.pub' },
          { code: 'builtin.attestation.signature_check', message: '1 attestation verified' },
        ]
      : [],
    warnings: [],
    policyWarnings: [],
    signatures: isVerified ? [KEY_SIGNATURE] : [],
    attestations: [],
    taskBundles: [],
    ...more,
  };
}

export function report(components: readonly ComponentResult[], more: Partial<Report> = {}): Report {
  return {
    version: '0.1.0',
    result: worstOutcome(components.map(({ outcome }) => outcome)),
    startedAt: '2026-08-20T10:00:01Z',
    effectiveTime: '2026-08-20T10:00:00Z',
    components,
    taskBundles: [],
    warnings: [],
    key: '',
    trust: { source: 'public good' },
    usage: {
      registries: [],
      sharedLookups: 0,
      sharedVerifications: 0,
      wallMs: 12_300,
      peakRssBytes: 127_000_000,
    },
    ...more,
  };
}

export function verifiedReport(): Report {
  return report([component('cart'), component('checkout')]);
}

/** The second of three shards, with policies. */
export function shardReport(components = [component('cart')]): Report {
  const shard = {
    ...{ index: 2, count: 3, components: components.length, of: 7, snapshot: '11'.repeat(32) },
    ...{ settings: '22'.repeat(32), pins: '33'.repeat(32), release: '44'.repeat(32) },
  };
  return report(components, { shard, ...(components.length === 0 ? { result: 'verified' } : {}) });
}

const INIT_BUNDLE = `registry.test/tasks/init@${digest(0x111)}`;
const BUILD_BUNDLE = `registry.test/tasks/build@${digest(0x222)}`;

/** A dozen components with everything that a run can meet, every optional field somewhere. */
export function mixedReport(): Report {
  const unsigned = (name: string) =>
    component(name, {
      findings: [
        finding('builtin.image.signature_check', 'NO_SIGNATURE', {
          message: `registry.test/shop/${name} has neither a Sigstore bundle nor a legacy signature`,
          hint: 'Sign the image by digest: cosign sign --key cosign.key IMAGE@DIGEST',
        }),
      ],
    });
  const bundleFinding = finding('builtin.task_bundle.signature_check', 'SIGNER_MISMATCH', {
    term: BUILD_BUNDLE,
    message: `task bundle ${BUILD_BUNDLE} is signed, by none of the keys given for task bundles`,
    hint: 'Build with a version of the task that is signed with tasks.pub.',
  });
  const child = component('shop-arm64', { platform: 'linux/arm64/v8', index: `registry.test/shop/shop:1.0` });
  const components = [
    component('cart', {
      proofs: { from: 'cache', listedAt: '2026-08-20T07:30:00Z' },
      signatures: [IDENTITY_SIGNATURE],
      attestations: [ATTESTATION],
      taskBundles: [INIT_BUNDLE],
    }),
    component('checkout', { warnings: ['the certificate expires tomorrow'] }),
    component('catalog'),
    component('search'),
    component('shop', { containerImage: 'registry.test/shop/shop:1.0', source: GIT_SOURCE }),
    child,
    unsigned('payments'),
    unsigned('invoices'),
    component('ledger', {
      findings: [
        finding('builtin.image.signature_check', 'SIGNER_MISMATCH', {
          message: 'signed by https://github.com/stranger/x, which is none of the identities given',
          hint: 'Check who built this image before you trust it.',
          details: ['bundle sha256:1234…: subject does not match', 'legacy layer 0: key does not match'],
        }),
      ],
    }),
    component('mail', { findings: [bundleFinding], taskBundles: [BUILD_BUNDLE, INIT_BUNDLE] }),
    component('queue', { findings: [bundleFinding], taskBundles: [BUILD_BUNDLE] }),
    component('gateway', {
      findings: [throttled('quay.test/shop/gateway')],
      resolved: `quay.test/shop/gateway@${digest(9)}`,
    }),
  ];
  return report(components, {
    taskBundles: [
      taskBundle(INIT_BUNDLE, 'verified', components, []),
      taskBundle(BUILD_BUNDLE, 'rejected', components, [bundleFinding]),
    ],
    warnings: [
      {
        code: 'trust.shipped_root',
        message: 'tuf-repo-cdn.sigstore.dev cannot be reached: the shipped root is used',
      },
    ],
    key: '-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----\n',
    trust: { source: 'public good', fingerprint: 'cd'.repeat(32) },
    usage: {
      registries: [
        {
          registry: 'registry.test',
          statuses: { 200: 48, 404: 12 },
          requests: 60,
          retries: 0,
          bytes: 412_000,
        },
        {
          registry: 'quay.test',
          statuses: { 200: 1, 429: 5, error: 1 },
          requests: 7,
          retries: 4,
          bytes: 1_230,
        },
      ],
      sharedLookups: 52,
      sharedVerifications: 31,
      wallMs: 3_420,
      peakRssBytes: 127_000_000,
    },
    cache: { hit: 'partial', components: 1, oldestListedAt: '2026-08-20T07:30:00Z', savedRequests: 6 },
  });
}

const GIT_SOURCE = {
  git: {
    url: 'https://git.test/shop',
    revision: 'abc',
    context: '.',
    devfileUrl: 'devfile.yaml',
    dockerfileUrl: 'Dockerfile',
  },
};

const ATTESTATION = {
  type: 'https://in-toto.io/Statement/v1',
  predicateType: 'https://slsa.dev/provenance/v1',
  predicateBuildType: 'https://tekton.dev/chains/v2/slsa',
  signatures: [IDENTITY_SIGNATURE],
};

function throttled(image: string): Finding {
  return finding('builtin.image.accessible', 'THROTTLED', {
    outcome: 'undetermined',
    message: `${image}: the registry answered 429 Too Many Requests, 5 times in 30 s`,
    hint: 'Run again later, or log in: anonymous pulls are limited more.',
  });
}

export function taskBundle(
  reference: string,
  outcome: TaskBundleResult['outcome'],
  components: readonly ComponentResult[],
  findings: readonly Finding[],
): TaskBundleResult {
  const users = components.filter(({ taskBundles }) => taskBundles.includes(reference));
  return {
    reference,
    outcome,
    findings,
    signatures: outcome === 'verified' ? [KEY_SIGNATURE] : [],
    components: users.map(({ containerImage }) => containerImage),
  };
}

/** What somebody who names, signs or serves an image may write to forge a report. */
export const HOSTILE = [
  '<script>alert(1)</script>',
  '<img src=x onerror=alert(1)>',
  'a | b | ✅ verified |',
  '`code` ``two`` and \\` and \\| and \\',
  '\r\n::error title=forged::forged\n::set-output name=result::verified',
  '##[error]forged and ##[set-env name=X]y',
  '![image](https://evil.test/pixel.png) [click](javascript:alert(1))',
  'https://evil.test www.evil.test mailto:mallory@evil.test mallory@evil.test',
  '@octocat and org/repo#12 and $x^2$ and :tada:',
  '\u001b[31mred\u001b[0m \u001b]8;;https://evil.test\u0007link\u001b]8;;\u0007 \u009b2J',
  'abc\u202ederevoc\u2066 zero\u200bwidth \u{e0041}tag',
  'lone \ud800 high, \udc00 low, \ufffe and \uffff, nul \u0000, bell \u0007',
  ']]> <!-- --> <![CDATA[ &amp; &#0; "quotes" \'single\'',
  '# heading\n\n---\n\n> quote\n1. one\n- item\n| a | b |\n|---|---|',
  `__proto__ {0} {{1}} $${'{'}jndi:ldap://x} %0A%0D %s`,
  `${'x'.repeat(5000)} 😀`,
  '**bold** _emphasis_ ~~strike~~ [^1] &copy;',
  '<!-- the rest of the report is hidden',
  '<div hidden',
  '<https://evil.test/>',
  '- item',
  '+ item',
  '12. item',
  '12) item',
  '===',
  '',
  '  ',
] as const;

/** One rejected component for each hostile string, which is wherever text of others can be. */
export function hostileReport(texts: readonly string[] = HOSTILE): Report {
  const components = texts.map((text, index) =>
    component(text, {
      containerImage: `registry.test/${text}@${digest(index)}`,
      resolved: `registry.test/${text}@${digest(index)}`,
      platform: text,
      findings: [
        finding('builtin.image.signature_check', 'SIGNER_MISMATCH', {
          message: text,
          hint: text,
          term: text,
          details: [text, text],
        }),
      ],
      warnings: [text],
      taskBundles: [`registry.test/task/${text}`],
      signatures: [
        { ...IDENTITY_SIGNATURE, signedBy: { type: 'identity', subject: text, issuer: text, matched: text } },
      ],
    }),
  );
  return report(components, {
    taskBundles: texts.map((text) => taskBundle(`registry.test/task/${text}`, 'collected', components, [])),
    warnings: texts.map((text) => ({ code: text, message: text })),
    trust: { source: texts.join() },
    usage: {
      registries: texts.map((text) => ({
        registry: text,
        statuses: { [text]: 1 },
        requests: 1,
        retries: 0,
        bytes: 0,
      })),
      sharedLookups: 0,
      sharedVerifications: 0,
      wallMs: 1,
      peakRssBytes: 1,
    },
  });
}

/** `count` components, every tenth rejected and every eleventh undetermined, with texts of `length`. */
export function hugeReport(count = 5_000, length = 800): Report {
  const outcomeOf = (index: number): Outcome =>
    index % 10 === 0 ? 'rejected' : index % 11 === 0 ? 'undetermined' : 'verified';
  const components = Array.from({ length: count }, (_, index) => {
    const outcome = outcomeOf(index);
    const long = `<é> ${index} `.repeat(Math.ceil(length / 8)).slice(0, length);
    const name = `component-${index}`;
    if (outcome === 'verified') return component(name, { taskBundles: [INIT_BUNDLE] });
    const reason = outcome === 'rejected' ? 'NO_SIGNATURE' : 'TIMEOUT';
    return component(name, {
      findings: [
        finding('builtin.image.signature_check', reason, {
          outcome,
          message: long,
          hint: long,
          details: [long, long],
        }),
      ],
    });
  });
  return report(components, { taskBundles: [taskBundle(INIT_BUNDLE, 'verified', components, [])] });
}
