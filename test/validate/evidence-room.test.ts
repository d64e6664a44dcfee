import { expect, test } from 'vitest';
import { EvidenceRoom } from '../../src/validate/evidence-room.ts';
import type { SubjectResult } from '../../src/verify/subject.ts';

/** Evidence of one attestation of so many bytes. */
function evidence(bytes: number): SubjectResult {
  const claim = { type: 'statement', statement: { payload: Buffer.alloc(bytes) } };
  return {
    signatures: { verified: [], unread: [] },
    attestations: { verified: [{ claim }], unread: [] },
  } as unknown as SubjectResult;
}

test('nothing comes in while too much waits, and everything once it has left', async () => {
  const room = new EvidenceRoom(100);
  await room.enter();
  const leaveSmall = room.hold(evidence(100));
  await room.enter(); // As much as there may be is not yet too much.
  const leaveLarge = room.hold(evidence(1));
  let entered = 0;
  const waiting = [1, 2].map(() =>
    room.enter().then(() => {
      entered += 1;
    }),
  );
  await new Promise(setImmediate);
  expect(entered).toBe(0);
  leaveLarge();
  await Promise.all(waiting);
  leaveSmall();
  await room.enter();
});

test('what failed takes no room', async () => {
  const room = new EvidenceRoom(0);
  const leave = room.hold(undefined);
  await room.enter();
  leave();
});
