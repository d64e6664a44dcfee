import { expect, test } from 'vitest';
import { compareUtf8 } from '../../src/base/utf8-order.ts';

test('texts are ordered as their bytes in UTF-8 are', () => {
  const texts = [
    '',
    'A',
    'a',
    'a.b',
    'a0',
    'aa',
    'é',
    '\ud7ff',
    '\ue000',
    '\uffee',
    '\u{10000}',
    '😀',
    '😀a',
    '😁',
  ];
  for (const a of texts) {
    for (const b of texts) {
      expect([a, b, Math.sign(compareUtf8(a, b))]).toEqual([
        a,
        b,
        Buffer.compare(Buffer.from(a), Buffer.from(b)),
      ]);
    }
  }
});
