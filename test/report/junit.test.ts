import { describe, expect, it } from 'vitest';
import { renderJunit } from '../../src/report/junit.ts';
import {
  HOSTILE,
  hostileReport,
  hugeReport,
  mixedReport,
  report,
  verifiedReport,
  whole,
} from './support/reports.ts';
import { elementsOf, parseXml } from './support/xml.ts';

describe('the JUnit report', () => {
  it('has a suite for each component and a case for each check', () => {
    const root = parseXml(whole(renderJunit(mixedReport())));
    expect(root.name).toBe('testsuites');
    const suites = elementsOf(root, 'testsuite');
    expect(suites).toHaveLength(12 + 1);
    expect(suites[0]?.attributes).toMatchObject({ tests: '2', failures: '0', errors: '0' });
    expect(suites[0]?.attributes.name).toMatch(/^cart \(registry\.test\/shop\/cart@sha256:/);
    expect(suites[0]?.children.map(({ attributes }) => attributes.name)).toEqual([
      'builtin.image.signature_check',
      'builtin.attestation.signature_check',
    ]);
  });

  it('makes rejected a failure and undetermined an error', () => {
    const root = parseXml(whole(renderJunit(mixedReport())));
    expect(root.attributes).toMatchObject({
      tests: '19',
      failures: '6',
      errors: '1',
      skipped: '0',
      time: '3.420',
    });
    const [failure] = elementsOf(root, 'failure');
    expect(failure?.attributes).toEqual({
      type: 'NO_SIGNATURE',
      message: 'registry.test/shop/payments has neither a Sigstore bundle nor a legacy signature',
    });
    expect(failure?.text).toContain('\nWhat to do: Sign the image by digest');
    const [error] = elementsOf(root, 'error');
    expect(error?.attributes.type).toBe('THROTTLED');
  });

  it('names the task bundle in the case', () => {
    const names = elementsOf(parseXml(whole(renderJunit(mixedReport()))), 'testcase').map(
      ({ attributes }) => attributes.name,
    );
    expect(names).toContainEqual(
      expect.stringMatching(/^builtin\.task_bundle\.signature_check \[registry\.test\/tasks/),
    );
  });

  it('is not green for a run that looked at nothing', () => {
    const root = parseXml(whole(renderJunit(report([]))));
    expect(root.attributes).toMatchObject({ tests: '1', errors: '1' });
    expect(elementsOf(root, 'error')[0]?.attributes.message).toBe('no component was looked at');
  });

  it('has neither failures nor errors when all is verified', () => {
    const root = parseXml(whole(renderJunit(verifiedReport())));
    expect(root.attributes).toMatchObject({ failures: '0', errors: '0' });
    expect([...elementsOf(root, 'failure'), ...elementsOf(root, 'error')]).toEqual([]);
  });

  it.each(HOSTILE)('gives %j back through a parser, what XML forbids written out', (text) => {
    const [failure] = elementsOf(parseXml(whole(renderJunit(hostileReport([text])))), 'failure');
    expect(failure?.attributes.message).toBe(writtenOut(text));
    expect(failure?.text).toBe(writtenOut(`${text}\n- ${text}\n- ${text}\nWhat to do: ${text}`));
    const [suite] = elementsOf(parseXml(whole(renderJunit(hostileReport([text])))), 'testsuite');
    expect(suite?.attributes.name).toContain(writtenOut(text));
  });

  it('writes every character that XML forbids as an escape, and keeps every other one', () => {
    const all = Array.from({ length: 0x10000 }, (_, unit) => String.fromCharCode(unit)).join(' ');
    const [failure] = elementsOf(parseXml(whole(renderJunit(hostileReport([all])))), 'failure');
    expect(failure?.attributes.message).toBe(writtenOut(all));
  });

  it('holds five thousand components', () => {
    expect(elementsOf(parseXml(whole(renderJunit(hugeReport()))), 'testsuite')).toHaveLength(5001);
  });
});

/** XML 1.0, production 2, written the other way round than the code under test. */
function writtenOut(text: string): string {
  const isAllowed = (point: number) =>
    point === 9 ||
    point === 10 ||
    point === 13 ||
    (point >= 0x20 && point <= 0xd7ff) ||
    (point >= 0xe000 && point <= 0xfffd) ||
    point >= 0x10000;
  return [...text]
    .map((character) => {
      const point = character.codePointAt(0) ?? 0;
      return isAllowed(point) ? character : `\\u{${point.toString(16)}}`;
    })
    .join('');
}
