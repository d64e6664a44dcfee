// What the process says to its caller.
import { countOutcomes, type Report } from './report/report.ts';

export const EXIT_VERIFIED = 0;
export const EXIT_REJECTED = 1;
export const EXIT_USAGE = 2;
/** Also for an interrupted run, a lost report and a defect: nothing that was not looked at may pass. */
export const EXIT_UNDETERMINED = 3;

/** `strict` false forgives what was rejected, and nothing else: what is undetermined beside it still fails. */
export function toExitCode(report: Report, strict: boolean): number {
  const { undetermined } = countOutcomes(report.components);
  switch (report.result) {
    case 'verified':
      return EXIT_VERIFIED;
    case 'rejected':
      if (strict) return EXIT_REJECTED;
      return undetermined === 0 ? EXIT_VERIFIED : EXIT_UNDETERMINED;
    default:
      return EXIT_UNDETERMINED;
  }
}
