// What the process says to its caller.
import type { Report } from './report/report.ts';

export const EXIT_VERIFIED = 0;
export const EXIT_REJECTED = 1;
export const EXIT_USAGE = 2;
/** Also for an interrupted run, a lost report and a defect: nothing that was not looked at may pass. */
export const EXIT_UNDETERMINED = 3;

/** `strict` false forgives what was rejected, and nothing else. */
export function toExitCode(report: Report, strict: boolean): number {
  switch (report.result) {
    case 'verified':
      return EXIT_VERIFIED;
    case 'rejected':
      return strict ? EXIT_REJECTED : EXIT_VERIFIED;
    default:
      return EXIT_UNDETERMINED;
  }
}
