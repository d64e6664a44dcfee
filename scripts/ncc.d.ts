// What the build uses of ncc, which has no types of its own.
declare module '@vercel/ncc' {
  interface Result {
    readonly code: string;
    readonly assets: Readonly<Record<string, { readonly source: string | Buffer }>>;
    readonly stats: {
      readonly compilation: {
        readonly modules: Iterable<{ readonly resource?: string; readonly modules?: Iterable<never> }>;
      };
    };
  }
  export default function ncc(
    entry: string,
    options: { readonly cache: false; readonly quiet: boolean; readonly target: string },
  ): Promise<Result>;
}
