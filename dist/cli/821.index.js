export const id = 821;
export const ids = [821];
export const modules = {

/***/ 2821:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

__webpack_require__.r(__webpack_exports__);
/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   TufMirrorUnreachable: () => (/* binding */ TufMirrorUnreachable),
/* harmony export */   fetchTrustedRoot: () => (/* binding */ fetchTrustedRoot)
/* harmony export */ });
/* harmony import */ var node_fs_promises__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(1455);
/* harmony import */ var node_os__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(8161);
/* harmony import */ var node_path__WEBPACK_IMPORTED_MODULE_2__ = __webpack_require__(6760);
/* harmony import */ var tuf_js__WEBPACK_IMPORTED_MODULE_3__ = __webpack_require__(4706);
/* harmony import */ var tuf_js_dist_error_js__WEBPACK_IMPORTED_MODULE_4__ = __webpack_require__(6376);
/* harmony import */ var _base_errors_js__WEBPACK_IMPORTED_MODULE_5__ = __webpack_require__(1559);
/* harmony import */ var _base_redaction_js__WEBPACK_IMPORTED_MODULE_6__ = __webpack_require__(7279);
/* harmony import */ var _attempt_js__WEBPACK_IMPORTED_MODULE_7__ = __webpack_require__(271);
// The Update Framework: a trusted root from a mirror, verified from a given root of trust. Everything is
// fetched anew into a private directory that is removed afterwards: a restored TUF directory could plant a
// root of its own.








const TARGET = 'trusted_root.json';
const MAX_ROOT_ROTATIONS = 64;
const OUTAGES = new Set(['NETWORK', 'TIMEOUT', 'OFFLINE']);
/** The mirror did not answer, or not with metadata. Everything else about it is a refusal. */
class TufMirrorUnreachable extends Error {
    name = 'TufMirrorUnreachable';
}
/**
 * Fetches the target `trusted_root.json`.
 * @throws TufMirrorUnreachable when the mirror cannot be reached
 * @throws ProofgateError `TRUST_UNAVAILABLE` when what it serves does not verify, `BAD_TRUSTED_ROOT` when
 *   `rootJson` is no TUF root; or the reason of `signal`
 */
async function fetchTrustedRoot(mirrorUrl, rootJson, http, signal) {
    const directory = await (0,node_fs_promises__WEBPACK_IMPORTED_MODULE_0__.mkdtemp)((0,node_path__WEBPACK_IMPORTED_MODULE_2__.join)((0,node_os__WEBPACK_IMPORTED_MODULE_1__.tmpdir)(), 'proofgate-tuf-'));
    try {
        const fetcher = new MirrorFetcher(http, directory, signal);
        const updater = await createUpdater(mirrorUrl, rootJson, directory, fetcher);
        return await download(updater, fetcher, (0,_base_redaction_js__WEBPACK_IMPORTED_MODULE_6__/* .redactUrl */ .B)(mirrorUrl), signal);
    }
    finally {
        await (0,node_fs_promises__WEBPACK_IMPORTED_MODULE_0__.rm)(directory, { recursive: true, force: true });
    }
}
async function createUpdater(mirrorUrl, rootJson, directory, fetcher) {
    const targetDir = (0,node_path__WEBPACK_IMPORTED_MODULE_2__.join)(directory, 'targets');
    await (0,node_fs_promises__WEBPACK_IMPORTED_MODULE_0__.mkdir)(targetDir);
    await (0,node_fs_promises__WEBPACK_IMPORTED_MODULE_0__.writeFile)((0,node_path__WEBPACK_IMPORTED_MODULE_2__.join)(directory, 'root.json'), rootJson);
    const base = mirrorUrl.replace(/\/+$/, '');
    try {
        return new tuf_js__WEBPACK_IMPORTED_MODULE_3__/* .Updater */ .Sx({
            metadataBaseUrl: base,
            targetBaseUrl: `${base}/targets`,
            metadataDir: directory,
            targetDir,
            fetcher,
            config: { maxRootRotations: MAX_ROOT_ROTATIONS },
        });
    }
    catch (cause) {
        throw new _base_errors_js__WEBPACK_IMPORTED_MODULE_5__/* .ProofgateError */ .a0('BAD_TRUSTED_ROOT', `not a TUF root (${(0,_attempt_js__WEBPACK_IMPORTED_MODULE_7__/* .causeText */ .x)(cause)})`, {
            cause,
            hint: 'Give the root.json that your Sigstore instance publishes for its TUF repository.',
        });
    }
}
async function download(updater, fetcher, mirror, signal) {
    try {
        const target = await updater.getTargetInfo(TARGET);
        if (target === undefined)
            throw new Error(`it has no target ${TARGET}`);
        return await (0,node_fs_promises__WEBPACK_IMPORTED_MODULE_0__.readFile)(await updater.downloadTarget(target), 'utf8');
    }
    catch (cause) {
        signal?.throwIfAborted();
        // The library wraps some errors into texts; the fetcher remembers what it could not fetch.
        if (fetcher.failure !== undefined)
            throw fetcher.failure;
        throw new _base_errors_js__WEBPACK_IMPORTED_MODULE_5__/* .ProofgateError */ .a0('TRUST_UNAVAILABLE', `the TUF repository ${mirror} does not verify: ${(0,_attempt_js__WEBPACK_IMPORTED_MODULE_7__/* .causeText */ .x)(cause)}`, {
            cause,
            hint: 'Its metadata is expired, rolled back or not signed by the given root: do not work around this, ask its operator.',
        });
    }
}
class MirrorFetcher {
    #http;
    #directory;
    #signal;
    /** Set when the mirror could not be reached, or nobody waits for it any more. */
    failure;
    constructor(http, directory, signal) {
        this.#http = http;
        this.#directory = directory;
        this.#signal = signal;
    }
    async downloadBytes(url, maxBytes) {
        const { status, body } = await this.#get(url, maxBytes);
        if (status === 200)
            return body;
        // The next root is asked for until there is none.
        const isNextRoot = /\/[0-9]+\.root\.json$/.test(url) && (status === 403 || status === 404);
        if (!isNextRoot)
            this.failure = new TufMirrorUnreachable(`HTTP ${status} for ${(0,_base_redaction_js__WEBPACK_IMPORTED_MODULE_6__/* .redactUrl */ .B)(url)}`);
        throw new tuf_js_dist_error_js__WEBPACK_IMPORTED_MODULE_4__.DownloadHTTPError('Failed to download', status);
    }
    async downloadFile(url, maxBytes, handle) {
        const file = (0,node_path__WEBPACK_IMPORTED_MODULE_2__.join)(this.#directory, 'download');
        await (0,node_fs_promises__WEBPACK_IMPORTED_MODULE_0__.writeFile)(file, await this.downloadBytes(url, maxBytes));
        return handle(file);
    }
    async #get(url, maxBytes) {
        const signal = this.#signal === undefined ? {} : { signal: this.#signal };
        try {
            return await this.#http({ method: 'GET', url, maxBytes, ...signal });
        }
        catch (error) {
            if (error instanceof _base_errors_js__WEBPACK_IMPORTED_MODULE_5__/* .ProofgateError */ .a0 && error.code === 'CANCELLED')
                this.failure = error;
            // An answer without an end, or a redirect elsewhere, is an attack and no outage.
            const isOutage = error instanceof _base_errors_js__WEBPACK_IMPORTED_MODULE_5__/* .ProofgateError */ .a0 && OUTAGES.has(error.code);
            if (isOutage)
                this.failure = new TufMirrorUnreachable(error.message, { cause: error });
            throw error;
        }
    }
}


/***/ })

};
