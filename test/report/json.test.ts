import { describe, expect, it } from 'vitest';
import { ERROR_KINDS } from '../../src/base/errors.ts';
import { CHECKS } from '../../src/report/checks.ts';
import { renderJson } from '../../src/report/json.ts';
import {
  component,
  digest,
  finding,
  HOSTILE,
  hostileReport,
  mixedReport,
  report,
  shardReport,
  verifiedReport,
  whole,
} from './support/reports.ts';
import { readReportSchema, reportValidator } from './support/schemas.ts';

const validate = reportValidator();
const hostile = { ...hostileReport(), usage: verifiedReport().usage };

describe('the JSON report', () => {
  it.each([
    ['nothing optional', verifiedReport()],
    ['everything optional', mixedReport()],
    ['no component at all', report([])],
    ['an unresolved reference', report([{ ...withoutResolved(), name: 'x' }])],
    ['hostile texts', hostile],
  ])('is valid against its schema with %s', (_, one) => {
    expect(validate(JSON.parse(whole(renderJson(one))))).toEqual([]);
  });

  it('uses every property that the schema knows somewhere in the samples', () => {
    const text = [mixedReport(), hostile, report([withoutResolved()]), shardReport()]
      .map((one) => whole(renderJson(one)))
      .join();
    const names = JSON.stringify(readReportSchema()).matchAll(/"properties":\{("[^"]+"):/g);
    for (const [, name] of names) expect(text).toContain(`${name}:`);
  });

  it('keeps the field names of Conforma', () => {
    const json = JSON.parse(whole(renderJson(mixedReport())));
    expect(json).toMatchObject({
      success: false,
      result: 'rejected',
      'effective-time': '2026-08-20T10:00:00Z',
    });
    expect(json.key).toContain('BEGIN PUBLIC KEY');
    const [cart, , , , shop, child, payments] = json.components;
    expect(cart).toMatchObject({
      success: true,
      signatures: [{ keyid: '', sig: 'MEQCIA==' }],
      attestations: [{ predicateType: 'https://slsa.dev/provenance/v1', signatures: [{ sig: 'MEQCIA==' }] }],
      successes: [
        { msg: 'signed by key cosign.pub', metadata: { code: 'builtin.image.signature_check' } },
        {},
      ],
    });
    expect(shop.source.git.revision).toBe('abc');
    expect(child).toMatchObject({ platform: 'linux/arm64/v8', index: 'registry.test/shop/shop:1.0' });
    expect(payments.violations).toEqual([
      {
        msg: 'registry.test/shop/payments has neither a Sigstore bundle nor a legacy signature',
        metadata: {
          code: 'builtin.image.signature_check',
          title: 'Image signature is not trusted',
          description: CHECKS['builtin.image.signature_check'].description,
          solution: 'Sign the image by digest: cosign sign --key cosign.key IMAGE@DIGEST',
          reason: 'NO_SIGNATURE',
        },
      },
    ]);
  });

  it('lists what nobody could look at beside the violations, never among them', () => {
    const gateway = JSON.parse(whole(renderJson(mixedReport()))).components.at(-1);
    expect(gateway).toMatchObject({ outcome: 'undetermined', success: false });
    expect(gateway.violations).toBeUndefined();
    expect(gateway.undetermined[0].metadata).toMatchObject({
      reason: 'THROTTLED',
      title: 'Could not check the access to the image',
    });
  });

  it('keeps hostile texts as they are: JSON has an escape for all of them', () => {
    const components = JSON.parse(whole(renderJson(hostileReport()))).components as { name: string }[];
    expect(components.map(({ name }) => name)).toEqual(HOSTILE);
  });

  it('says no success when the result is undetermined', () => {
    expect(JSON.parse(whole(renderJson(report([]))))).toMatchObject({
      success: false,
      result: 'undetermined',
    });
  });
});

describe('the schema of the report', () => {
  it('knows every reason and every check, and no others', () => {
    const { reason, check } = readReportSchema().$defs;
    expect(reason?.enum).toEqual(Object.keys(ERROR_KINDS));
    expect(check?.enum).toEqual(Object.keys(CHECKS));
  });

  it.each<[string, (json: ReturnType<typeof parsed>) => void]>([
    ['an unknown field', (json) => Object.assign(json.components[0], { cause: {} })],
    [
      'a verified component that is no success',
      (json) => Object.assign(json.components[0], { success: false }),
    ],
    [
      'a verified component with violations',
      (json) => Object.assign(json.components[0], { violations: json.violations }),
    ],
    ['a success beside a rejected component', (json) => Object.assign(json, { success: true })],
    [
      'a verified result with a rejected component',
      (json) => Object.assign(json, { success: true, result: 'verified' }),
    ],
    ['an empty list', (json) => Object.assign(json.components[0], { warnings: [] })],
    ['a bad digest', (json) => Object.assign(json.components[0].signatures[0], { manifest: 'sha256:xyz' })],
    ['a bad time', (json) => Object.assign(json, { 'effective-time': 'yesterday' })],
    ['a status that is none', (json) => Object.assign(json.usage.registries[0].statuses, { teapot: 1 })],
  ])('refuses %s', (_, damage) => {
    const json = parsed();
    damage(json);
    expect(validate(json)).not.toEqual([]);
  });
});

function parsed() {
  const json = JSON.parse(whole(renderJson(mixedReport())));
  return {
    ...json,
    get violations() {
      return json.components[6].violations;
    },
  };
}

function withoutResolved() {
  const { resolved: _, ...rest } = component('gone', {
    findings: [
      finding('builtin.image.accessible', 'NETWORK', {
        outcome: 'undetermined',
        details: ['dns'],
        term: digest(1),
      }),
    ],
  });
  return rest;
}
