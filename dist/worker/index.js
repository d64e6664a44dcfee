import { createRequire as __WEBPACK_EXTERNAL_createRequire } from "module";
var __webpack_exports__ = {};

;// CONCATENATED MODULE: external "node:worker_threads"
const external_node_worker_threads_namespaceObject = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:worker_threads");
;// CONCATENATED MODULE: ./lib/src/base/errors.js
// The one error class. A `code` is stable API (tests, reports and SARIF rule ids match on it);
// its `kind` says what the user can do about it.
const KIND_OF_CODE = {
    // Bad input: found before any request.
    BAD_OPTION: 'usage',
    BAD_REFERENCE: 'usage',
    BAD_DIGEST: 'usage',
    BAD_SNAPSHOT: 'usage',
    BAD_KEY: 'usage',
    BAD_IDENTITY: 'usage',
    BAD_TRUSTED_ROOT: 'usage',
    BAD_CREDENTIALS_FILE: 'usage',
    BAD_POLICY: 'usage',
    BAD_REPORT: 'usage',
    INSECURE_REGISTRY: 'usage',
    UNREADABLE_FILE: 'usage',
    // The registry, or the evidence, was read and the answer is no.
    IMAGE_NOT_FOUND: 'rejected',
    NO_SIGNATURE: 'rejected',
    NO_ATTESTATION: 'rejected',
    EVIDENCE_MALFORMED: 'rejected',
    SIGNATURE_INVALID: 'rejected',
    SIGNER_MISMATCH: 'rejected',
    SUBJECT_MISMATCH: 'rejected',
    CERTIFICATE_INVALID: 'rejected',
    TIMESTAMP_INVALID: 'rejected',
    LOG_ENTRY_INVALID: 'rejected',
    LOG_ENTRY_MISSING: 'rejected',
    STATEMENT_INVALID: 'rejected',
    TASK_UNPINNED: 'rejected',
    TASK_UNVERIFIABLE: 'rejected',
    POLICY_VIOLATION: 'rejected',
    // Could not look.
    UNAUTHORIZED: 'undetermined',
    THROTTLED: 'undetermined',
    REGISTRY_UNAVAILABLE: 'undetermined',
    REGISTRY_PROTOCOL: 'undetermined',
    NETWORK: 'undetermined',
    OFFLINE: 'undetermined',
    TIMEOUT: 'undetermined',
    CANCELLED: 'undetermined',
    CONTENT_MISMATCH: 'undetermined',
    CONTENT_TRUNCATED: 'undetermined',
    CONTENT_TOO_LARGE: 'undetermined',
    REDIRECT_REFUSED: 'undetermined',
    CREDENTIAL_HELPER_FAILED: 'undetermined',
    TRUST_UNAVAILABLE: 'undetermined',
    LOG_UNAVAILABLE: 'undetermined',
    CLUSTER_UNAVAILABLE: 'undetermined',
    POLICY_UNAVAILABLE: 'undetermined',
    POLICY_FAILED: 'undetermined',
    POLICY_LIMIT: 'undetermined',
    POLICY_EMPTY: 'undetermined',
    SHARDS_DISAGREE: 'undetermined',
    UNWRITABLE_FILE: 'undetermined',
    CACHE_UNAVAILABLE: 'undetermined',
    INTERNAL: 'undetermined',
};
/** Every code with its kind, for the report's schema and for the documentation. */
const ERROR_KINDS = (/* unused pure expression or super */ null && (KIND_OF_CODE));
/**
 * The only error that crosses a file's border. `message` names the thing and the cause and is safe to
 * print: whoever builds it passes URLs through `redactUrl`.
 */
class ProofgateError extends Error {
    name = 'ProofgateError';
    code;
    hint;
    constructor(code, message, details = {}) {
        super(message, details.cause === undefined ? undefined : { cause: details.cause });
        this.code = code;
        this.hint = details.hint;
    }
    get kind() {
        return KIND_OF_CODE[this.code];
    }
}
/** Turns whatever was thrown into a `ProofgateError`; what nobody foresaw becomes `INTERNAL`, never a pass. */
function toProofgateError(thrown) {
    if (thrown instanceof ProofgateError)
        return thrown;
    const text = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
    return new ProofgateError('INTERNAL', `unexpected ${text}`, {
        cause: thrown,
        hint: 'This is a defect of Proofgate: please report it with the command that you ran.',
    });
}

;// CONCATENATED MODULE: external "node:vm"
const external_node_vm_namespaceObject = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:vm");
;// CONCATENATED MODULE: ./lib/src/policy/wasm/go-instance.js
// One running instance of a Go program: its world is an object made here, with neither the process, its files nor its
// network; whatever ends it is noticed.

/** What Go says first when it ends; a list of what each goroutine was doing follows. */
const LAST_WORDS = /^(?:fatal error|panic|runtime: .*(?:memory|stack)).*/;
const MAX_LINE_CHARS = 500;
/**
 * Runs a program until it waits for its first event.
 * @param bridge the object that Go finds as `bridge` in its global scope
 * @param onDeath called once, never from inside of a call of the program's own: with what was thrown, if anything, and
 *   the line in which Go says why
 */
async function startGo({ module, goScript }, bridge, onDeath) {
    let isDead = false;
    let line = '';
    let lastWords = '';
    // Go's runtime writes a line in pieces.
    const write = (text) => {
        const [end = '', ...others] = text.split('\n');
        const lines = [line + end, ...others];
        line = (lines.pop() ?? '').slice(0, MAX_LINE_CHARS);
        lastWords ||= lines.find((one) => LAST_WORDS.test(one))?.slice(0, MAX_LINE_CHARS) ?? '';
    };
    const go = loadGo(goScript, bridge, write);
    const resume = go._resume.bind(go);
    const die = (cause) => {
        if (isDead)
            return;
        isDead = true;
        // A timer would go on for ever to wake up what is gone.
        for (const timer of go._scheduledTimeouts.values())
            clearTimeout(timer);
        go._scheduledTimeouts.clear();
        queueMicrotask(() => onDeath(cause, lastWords));
    };
    go.exit = (code) => die(new Error(`Go ended with ${code}`));
    go._resume = () => {
        if (isDead)
            return;
        try {
            resume();
        }
        catch (error) {
            die(error);
        }
    };
    const instance = await WebAssembly.instantiate(module, go.importObject);
    go.run(instance).catch(die);
}
/** wasm_exec.js sees, of what there is in this thread, what it names: the rest of its `globalThis` is ours. */
function loadGo(script, bridge, write) {
    const decoder = new TextDecoder();
    const world = {
        ...{ Array, Date, Error, Object, Uint8Array, TextDecoder, TextEncoder, crypto, performance },
        // Go's own stand-in, without even a clue about this process.
        process: undefined,
        bridge,
    };
    const print = (...words) => write(`${words.join(' ')}\n`);
    const locals = {
        globalThis: world,
        fs: { writeSync: (_, bytes) => write(decoder.decode(bytes)) },
        console: { log: print, warn: print, error: print },
        // Go's housekeeping keeps no process alive.
        setTimeout: (callback, ms) => setTimeout(callback, ms).unref(),
    };
    (0,external_node_vm_namespaceObject.compileFunction)(script, Object.keys(locals), { filename: 'wasm_exec.js' })(...Object.values(locals));
    return new world.Go();
}

;// CONCATENATED MODULE: ./lib/src/policy/wasm/runtime.js
// Rego in the current thread: typed calls of the Go module (rego/main.go), which runs OPA. Several programs live in it at
// once, and several evaluations of them overlap while they wait for the host.


// Go collects garbage harder above this part of its memory, before it is all gone.
const SOFT_LIMIT = 0.85;
class Runtime {
    #requests = new Map();
    /** By call: Go only says which call it was. */
    #refusals = new Map();
    #evaluations = new Map();
    #bridge;
    #nextRequest = 1;
    #death;
    constructor(files, ready) {
        this.#bridge = this.#makeBridge(files.memoryBytes * SOFT_LIMIT, ready);
    }
    /** @throws ProofgateError `INTERNAL` when the module does not start, `POLICY_LIMIT` when its memory is too small to */
    static async start(files) {
        const { promise, resolve, reject } = Promise.withResolvers();
        const runtime = new Runtime(files, resolve);
        await startGo(files, runtime.#bridge, (cause, lastWords) => {
            runtime.#die(toDeath(cause, lastWords));
            reject(runtime.#death);
        });
        await promise;
        return runtime;
    }
    /** Set when the module is gone: memory or stack is used up, or a defect. All calls, from then on too, reject with it. */
    get death() {
        return this.#death;
    }
    /** Keeps the program as `id` when it has no problems, in the place of another of that id. Files `*_test.rego` are left out. */
    compile(id, { modules, data }) {
        return this.#request((request) => this.#bridge.compile?.(request, id, modules, data));
    }
    /**
     * Evaluates all rules in one query.
     * @param id names the evaluation, for `cancel`; another may have it once this one has settled
     * @throws what `host` rejected with, `ProofgateError` when the module dies
     */
    async evaluate(id, program, { input, rules, limits }, host) {
        if (this.#evaluations.has(id))
            throw new Error(`two evaluations ${id}`);
        try {
            return await this.#request((request) => {
                this.#evaluations.set(id, request);
                this.#bridge.evaluate?.(request, program, input, rules, limits);
            }, host);
        }
        finally {
            this.#evaluations.delete(id);
        }
    }
    /** The evaluation ends soon, with the failure `cancelled`; nothing when there is none of that id. */
    cancel(id) {
        const request = this.#evaluations.get(id);
        if (request !== undefined)
            this.#bridge.cancel?.(request);
    }
    /** Lets go of a program; evaluations of it that run go on. */
    release(program) {
        this.#bridge.release?.(program);
    }
    #request(send, host) {
        if (this.#death !== undefined)
            return Promise.reject(this.#death);
        const request = this.#nextRequest++;
        const { promise, resolve, reject } = Promise.withResolvers();
        this.#requests.set(request, {
            resolve: resolve,
            reject,
            ...(host === undefined ? {} : { host }),
        });
        send(request);
        return promise;
    }
    #makeBridge(softMemoryBytes, ready) {
        const settle = (request, result) => this.#take(request)?.resolve(result);
        return {
            softMemoryBytes,
            ready,
            compiled: (request, rules) => settle(request, { rules: JSON.parse(rules) }),
            refused: (request, problems) => settle(request, { problems: JSON.parse(problems) }),
            evaluated: (request, values, printed) => settle(request, { values, printed }),
            failed: (request, failure, call) => this.#fail(request, failure, call),
            call: (call, request, name, args) => void this.#ask(call, request, name, args),
            // After the events that are there already: answers, cancellations, other evaluations.
            yield: (turn) => void setImmediate(() => this.#bridge.resume?.(turn)),
        };
    }
    #take(request) {
        const found = this.#requests.get(request);
        this.#requests.delete(request);
        for (const [call, refusal] of this.#refusals)
            if (refusal.request === request)
                this.#refusals.delete(call);
        return found;
    }
    #fail(request, failure, call) {
        const refusal = call === null ? undefined : this.#refusals.get(call);
        const found = this.#take(request);
        if (refusal !== undefined)
            found?.reject(refusal.error);
        else
            found?.resolve({ failure: JSON.parse(failure) });
    }
    /** Go waits for `answer`, so it must not come before this has returned once. */
    async #ask(call, request, name, args) {
        await undefined;
        try {
            const result = await this.#requests.get(request)?.host?.(name, args);
            // Go would take it for undefined.
            if (result === '')
                throw new ProofgateError('INTERNAL', `${name} was answered with nothing at all`);
            this.#bridge.answer?.(call, true, result);
        }
        catch (error) {
            if (!this.#requests.has(request))
                return;
            this.#refusals.set(call, { request, error });
            this.#bridge.answer?.(call, false, undefined);
        }
    }
    #die(error) {
        this.#death = error;
        const lost = [...this.#requests.values()];
        this.#requests.clear();
        this.#refusals.clear();
        for (const { reject } of lost)
            reject(error);
    }
}
function toDeath(cause, lastWords) {
    if (cause instanceof RangeError || /stack/.test(lastWords)) {
        return new ProofgateError('POLICY_LIMIT', 'the policies, or their input, are nested too deeply', {
            cause,
        });
    }
    if (/memory/.test(lastWords)) {
        return new ProofgateError('POLICY_LIMIT', 'the policies used more memory than they may', { cause });
    }
    const message = cause instanceof Error ? cause.message : String(cause);
    return new ProofgateError('INTERNAL', `the policy engine ended: ${message} ${lastWords}`.trim(), { cause });
}

;// CONCATENATED MODULE: ./lib/src/policy/wasm/worker.js
// The program of a thread that evaluates policies: takes orders, has the engine carry them out, says what became of them.



/** Between two signs of life. */
const ALIVE_MS = 1000;
class PolicyWorker {
    #port;
    #runtime;
    #limits;
    /** Of each evaluation, how its calls that wait go on. */
    #waiting = new Map();
    #nextCall = 1;
    constructor(port, runtime, limits) {
        this.#port = port;
        this.#runtime = runtime;
        this.#limits = limits;
    }
    /** Never rejects. */
    async obey(order) {
        try {
            await this.#carryOut(order);
        }
        catch (error) {
            // Neither a policy nor its input is to blame: the engine is broken.
            const { code, message } = toProofgateError(error);
            this.#say({ type: 'died', isLimit: code === 'POLICY_LIMIT', message });
        }
    }
    #carryOut(order) {
        switch (order.type) {
            case 'compile':
                return this.#compile(order);
            case 'evaluate':
                return this.#evaluate(order);
            case 'answer':
                return this.#answer(order);
            case 'cancel':
                return this.#runtime.cancel(order.id);
        }
    }
    async #compile({ id, digest, program }) {
        const result = await this.#runtime.compile(digest, program);
        if ('rules' in result)
            this.#say({ type: 'compiled', id, rules: result.rules });
        else
            this.#say({ type: 'failed', id, reason: 'policy', message: renderProblems(result.problems) });
    }
    async #evaluate({ id, digest, input, rules }) {
        this.#waiting.set(id, new Map());
        const question = { input, rules, limits: this.#limits };
        const result = await this.#runtime.evaluate(id, digest, question, (name, args) => this.#ask(id, name, args));
        this.#waiting.delete(id);
        if ('failure' in result)
            this.#say({ type: 'failed', id, ...this.#toReason(result.failure) });
        else {
            const values = Array.from(result.values, (value) => value ?? null);
            this.#say({ type: 'evaluated', id, values, printed: [...result.printed] });
        }
    }
    #ask(id, name, args) {
        return new Promise((resolve) => {
            const call = this.#nextCall++;
            this.#waiting.get(id)?.set(call, resolve);
            this.#say({ type: 'call', id, call, name, args });
        });
    }
    #answer({ id, call, value }) {
        const calls = this.#waiting.get(id);
        calls?.get(call)?.(value);
        calls?.delete(call);
    }
    #toReason({ stop, code, path, row, message }) {
        if (stop === 'memory')
            return { reason: stop, message };
        if (stop === 'time') {
            return {
                reason: stop,
                message: `the policies computed for more than ${this.#limits.runMs / 1000} s`,
            };
        }
        return { reason: 'evaluation', message: locate(path, row, `${code ?? 'error'}: ${message}`) };
    }
    #say(notice) {
        this.#port.postMessage(notice);
    }
}
function renderProblems(problems) {
    return problems.map(({ path, row, code, message }) => locate(path, row, `${code}: ${message}`)).join('\n');
}
function locate(path, row, text) {
    return [path, row, ` ${text}`]
        .filter((part) => part !== undefined)
        .join(':')
        .trim();
}
async function main(port) {
    const { files, limits } = external_node_worker_threads_namespaceObject.workerData;
    setInterval(() => port.postMessage({ type: 'alive' }), ALIVE_MS).unref();
    const worker = new PolicyWorker(port, await Runtime.start(files), limits);
    port.on('message', (order) => worker.obey(order));
}
// What goes wrong here ends the thread, and its other side sees it.
if (external_node_worker_threads_namespaceObject.parentPort !== null)
    void main(external_node_worker_threads_namespaceObject.parentPort);

