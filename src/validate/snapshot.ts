// A snapshot in Conforma's shape: parsing, merging, and nothing of the network.
import type { GitSource } from '../report/report.ts';

export interface SnapshotComponent {
  readonly name: string;
  readonly containerImage: string;
  readonly source: { readonly git?: GitSource };
}

export interface SnapshotSpec {
  readonly application: string;
  readonly components: readonly SnapshotComponent[];
}
