import { describe, expect, it } from 'vitest';
import { renderJson } from '../../src/report/json.ts';
import { parseReport } from '../../src/report/parse.ts';
import type { Report } from '../../src/report/report.ts';
import { renderSarif } from '../../src/report/sarif.ts';
import { renderText } from '../../src/report/text.ts';
import { codeOf, errorOf } from '../verify/support/world.ts';
import { hostilePolicyReport, hugePolicyReport, policyReport } from './support/policies.ts';
import {
  component,
  finding,
  hostileReport,
  mixedReport,
  report,
  shardReport,
  verifiedReport,
  whole,
} from './support/reports.ts';

const render = (one: Report) => whole(renderJson(one));
const parse = (text: string | Buffer, size = 65_536) => {
  const bytes = Buffer.from(text as string);
  const chunks = function* () {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
  };
  return parseReport(chunks(), 'report.json');
};
/** The text with some member replaced. */
// biome-ignore lint/suspicious/noExplicitAny: any member may be damaged
const damaged = (damage: (document: any) => void, one: Report = shardReport()) => {
  const document = JSON.parse(render(one));
  damage(document);
  return JSON.stringify(document);
};

const PAPER = { color: false, width: 100 };
const usage = verifiedReport().usage;
const SAMPLES: readonly (readonly [string, Report])[] = [
  ['verified', verifiedReport()],
  ['with everything', mixedReport()],
  ['with hostile texts', { ...hostileReport(), usage }],
  ['of policies', policyReport()],
  ['of hostile policies', hostilePolicyReport()],
  ['of a shard', shardReport()],
  ['of a shard without components', shardReport([])],
  [
    'with brackets in its texts',
    report(['"', '"]', '\\"],{', '","components": [', '\\', '}],"'].map((name) => component(name))),
  ],
  ['of nothing', report([])],
];

describe('a report that was written as JSON', () => {
  it.each(SAMPLES)('%s is read as what it was', (_, one) => {
    const text = render(one);
    const parsed = parse(text);
    expect(render(parsed)).toBe(text);
    expect(renderText(parsed, PAPER)).toBe(renderText(one, PAPER));
    expect(whole(renderSarif(parsed))).toBe(whole(renderSarif(one)));
  });

  it('is the same in whatever pieces it comes, and however it is laid out', () => {
    const text = render(mixedReport());
    for (const size of [1, 2, 3, 7, 4096]) expect(render(parse(text, size))).toBe(text);
    expect(render(parse(JSON.stringify(JSON.parse(text)), 5))).toBe(text);
    expect(render(parse(text.replace('"components"', '"\\u0063omponents"')))).toBe(text);
  });

  it('keeps the digits of a policy', () => {
    const spec = JSON.parse('{"a": 1}');
    const text = render({ ...verifiedReport(), policy: { spec, sources: [] } }).replace(
      '"a": 1',
      '"a": 1.0e400',
    );
    expect(render(parse(text))).toBe(text);
  });

  it('keeps what the rules of policies say once, however many components they hit', () => {
    const { components } = parse(render(hugePolicyReport(3, 5)));
    const rules = components.map(({ successes }) => successes[0]?.rule);
    expect(rules[0]).toBeDefined();
    expect(rules[1]).toBe(rules[0]);
  });

  it.each([
    ['nothing', () => ''],
    ['no JSON', () => '<html>'],
    ['half of it', () => render(verifiedReport()).slice(0, -100)],
    ['half of a component', () => render(verifiedReport()).slice(0, 300)],
    ['a list', () => '[]'],
    ['text behind it', () => `${render(verifiedReport())}{}`],
    ['components twice', () => render(verifiedReport()).replace('"key":', '"components": [], "key":')],
    [
      'components that are no list',
      () =>
        damaged((d) => {
          d.components = {};
        }),
    ],
    [
      'no components',
      () =>
        damaged((d) => {
          delete d.components;
        }),
    ],
    ['an empty entry', () => render(verifiedReport()).replace('"components": [', '"components": [,')],
    [
      'an unknown member',
      () =>
        damaged((d) => {
          d.more = 1;
        }),
    ],
    [
      'an unknown member of a component',
      () =>
        damaged((d) => {
          d.components[0].more = 1;
        }),
    ],
    [
      'a result that there is none of',
      () =>
        damaged((d) => {
          d.result = 'fine';
        }),
    ],
    [
      'an outcome that there is none of',
      () =>
        damaged((d) => {
          d.components[0].outcome = 'fine';
        }),
    ],
    [
      'a success without a reason',
      () =>
        damaged((d) => {
          delete d.components[0].successes;
        }),
    ],
    [
      'a success with a violation',
      () =>
        damaged((d) => {
          d.components[0].outcome = 'verified';
          d.components[0].success = true;
        }, policyReport()),
    ],
    [
      'a failure without a violation',
      () =>
        damaged((d) => {
          d.components[0].outcome = 'rejected';
          d.components[0].success = false;
        }),
    ],
    [
      'no failure, with a violation',
      () =>
        damaged((d) => {
          d.components[0].outcome = 'undetermined';
        }, policyReport()),
    ],
    [
      'a flag that contradicts',
      () =>
        damaged((d) => {
          d.components[0].success = false;
        }),
    ],
    [
      'a result that its components do not have',
      () =>
        damaged((d) => {
          d.result = 'rejected';
          d.success = false;
        }),
    ],
    [
      'a result that a shard without components cannot have',
      () =>
        damaged((d) => {
          d.result = 'undetermined';
          d.success = false;
        }, shardReport([])),
    ],
    [
      'a success that is none',
      () =>
        damaged((d) => {
          d.success = false;
        }),
    ],
    [
      'a check that there is none of',
      () =>
        damaged(
          (d) => {
            d.components[0].violations[0].metadata.code = 'builtin.luck';
          },
          report([component('a', { findings: [finding('builtin.image.accessible', 'IMAGE_NOT_FOUND')] })]),
        ),
    ],
    [
      'a check by the name of what every object has',
      () =>
        damaged(
          (d) => {
            d.components[0].violations[0].metadata.code = 'toString';
          },
          report([component('a', { findings: [finding('builtin.image.accessible', 'IMAGE_NOT_FOUND')] })]),
        ),
    ],
    [
      'a shard beyond the last',
      () =>
        damaged((d) => {
          d.shard.index = 4;
        }),
    ],
    [
      'more components in a shard than in all',
      () =>
        damaged((d) => {
          d.shard.components = 8;
        }),
    ],
    [
      'a fingerprint that is none',
      () =>
        damaged((d) => {
          d.shard.snapshot = 'x';
        }),
    ],
    [
      'a count below zero',
      () =>
        damaged((d) => {
          d.usage.sharedLookups = -1;
        }),
    ],
    [
      'another prototype',
      () => render(verifiedReport()).replace('{', '{"__proto__": {"result": "verified"},'),
    ],
  ])('is refused with %s', async (_, text) => {
    const error = await errorOf(() => parse(text()));
    expect(error.code).toBe('BAD_REPORT');
    expect(error.message).toContain('report.json');
  });

  it('is refused when it is not UTF-8, or nested without end', async () => {
    const text = render(verifiedReport());
    const at = text.indexOf('"cart"') + 2;
    const bytes = Buffer.from(text);
    bytes[at] = 0xff;
    expect(await codeOf(() => parse(bytes))).toBe('BAD_REPORT');
    expect(await codeOf(() => parse('['.repeat(200_000)))).toBe('BAD_REPORT');
    expect(await codeOf(() => parse(`{"components": [${'['.repeat(200_000)}`))).toBe('BAD_REPORT');
  });
});
