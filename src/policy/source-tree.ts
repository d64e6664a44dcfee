// The files of one policy or data source, fetched and pinned.

export interface SourceFile {
  /** Relative, with `/`, below the source's sub-directory; never leaves it. */
  readonly path: string;
  readonly bytes: Buffer;
}

export interface SourceTree {
  /** As the user wrote it. */
  readonly url: string;
  /** Names exactly what was used: with a digest or a commit; for https and local files beside the URL's own text. */
  readonly pinned: string;
  /** SHA-256 over names and bytes of all files, hex: what was used, whatever the kind of source. */
  readonly fingerprint: string;
  /** Sorted by path, in byte order. */
  readonly files: readonly SourceFile[];
}
