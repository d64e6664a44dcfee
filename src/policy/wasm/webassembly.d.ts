// The part of WebAssembly's JavaScript interface that is used here: TypeScript has it in its library for browsers only.

declare namespace WebAssembly {
  /** Compiled code; threads get it by `postMessage` without compiling it again. */
  class Module {
    constructor(bytes: Uint8Array);
    private readonly brand: never;
  }

  type Imports = Readonly<Record<string, object>>;

  class Instance {
    private constructor();
    readonly exports: Readonly<Record<string, unknown>>;
  }

  function compile(bytes: Uint8Array): Promise<Module>;
  function instantiate(module: Module, imports: Imports): Promise<Instance>;
}
