export const id = 340;
export const ids = [340];
export const modules = {

/***/ 34340:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {


// EXPORTS
__webpack_require__.d(__webpack_exports__, {
  openPolicyGate: () => (/* binding */ openPolicyGate)
});

// EXTERNAL MODULE: ./lib/src/base/clock.js + 1 modules
var clock = __webpack_require__(57680);
// EXTERNAL MODULE: ./lib/src/base/errors.js
var errors = __webpack_require__(1559);
// EXTERNAL MODULE: ./lib/src/cluster-keys.js
var cluster_keys = __webpack_require__(67761);
// EXTERNAL MODULE: ./lib/src/base/bounded.js
var bounded = __webpack_require__(44663);
// EXTERNAL MODULE: ./lib/src/base/fingerprint.js
var fingerprint = __webpack_require__(26574);
// EXTERNAL MODULE: ./lib/src/oci/reference.js
var oci_reference = __webpack_require__(92041);
// EXTERNAL MODULE: ./lib/src/base/single-flight.js
var single_flight = __webpack_require__(94639);
;// CONCATENATED MODULE: ./lib/src/policy/builtins/answers.js
// What policies were answered, for as long as the run: one piece of work for all who ask the same, at once or later.
// Answers are kept, also "there is none"; failures reach who waited for them and are forgotten.

class Answers {
    #maxBytes;
    #flights = new single_flight/* SingleFlight */.FH();
    /** Least recently used first. */
    #kept = new Map();
    #bytes = 0;
    /** @param maxBytes sum over what is kept; what is larger than a quarter of it is not */
    constructor(maxBytes) {
        this.#maxBytes = maxBytes;
    }
    /** @throws what `work` throws, or the reason of `signal` when this caller leaves */
    async get(key, work, signal) {
        signal.throwIfAborted();
        const kept = this.#kept.get(key);
        if (kept !== undefined) {
            this.#kept.delete(key);
            this.#kept.set(key, kept);
            return kept.value;
        }
        const answer = async (shared) => {
            const found = await work(shared);
            this.#keep(key, found);
            return found.value;
        };
        return await this.#flights.run(key, answer, signal);
    }
    #keep(key, answer) {
        if (answer.bytes > this.#maxBytes / 4)
            return;
        this.#kept.set(key, answer);
        this.#bytes += answer.bytes;
        for (const [oldest, { bytes }] of this.#kept) {
            if (this.#bytes <= this.#maxBytes)
                return;
            this.#kept.delete(oldest);
            this.#bytes -= bytes;
        }
    }
}

// EXTERNAL MODULE: external "node:stream"
var external_node_stream_ = __webpack_require__(57075);
// EXTERNAL MODULE: external "node:zlib"
var external_node_zlib_ = __webpack_require__(38522);
// EXTERNAL MODULE: ./lib/src/base/structured-text.js
var structured_text = __webpack_require__(36011);
;// CONCATENATED MODULE: ./lib/src/policy/builtins/content-error.js
// Why content is not used: it makes no sense, or there is too much of it.

/** It is not what it has to be, and never will be: what policies ask for is undefined. */
class MalformedContent extends Error {
}
/** Who skipped it would hide it from the policy: the component is undetermined. */
function tooLarge(why) {
    return new errors/* ProofgateError */.a0('CONTENT_TOO_LARGE', why, {
        hint: 'Proofgate refuses larger content on purpose; if it is legitimate, please report it.',
    });
}
/** Others may read it, and see there what we do not: the component is undetermined. */
function unreadable(why) {
    return new errors/* ProofgateError */.a0('POLICY_FAILED', why, {
        hint: 'Build the image again with an ordinary tool; if it was, please report it.',
    });
}
/** @throws what `work` throws, unless the content makes no sense */
async function malformedAsUndefined(work) {
    try {
        return await work();
    }
    catch (error) {
        if (error instanceof MalformedContent)
            return undefined;
        throw error;
    }
}

;// CONCATENATED MODULE: ./lib/src/policy/builtins/zstd.js
// Zstandard as it comes in layers: any number of frames, some of them to be skipped (RFC 8878, 3.1). Node's decoder ends
// with the first: who stopped there would see half an archive and not know it.


/** Layers that can be read in part have a frame a file. */
const MAX_FRAMES = 200_000;
/**
 * Ends with `chunks`.
 * @throws what they throw; errors of the codec, with a code that begins with `Z`; ProofgateError `CONTENT_TOO_LARGE`
 */
async function* decodeZstd(chunks) {
    const input = new Input(chunks);
    for (let frames = 0; await input.hasMore(); frames += 1) {
        if (frames === MAX_FRAMES)
            throw tooLarge(`a layer has more than ${MAX_FRAMES} frames`);
        yield* decodeFrame(input);
    }
}
async function* decodeFrame(input) {
    const decoder = (0,external_node_zlib_.createZstdDecompress)();
    const fed = feed(decoder, input);
    try {
        yield* decoder;
    }
    finally {
        decoder.destroy();
        await fed;
        input.giveBack(decoder.bytesWritten);
    }
}
/** Never rejects: errors of the input are the decoder's. */
async function feed(decoder, input) {
    const state = { isOver: false };
    const over = () => {
        state.isOver = true;
    };
    decoder.once('end', over).once('close', over);
    try {
        while (!state.isOver) {
            const chunk = await input.next(decoder.bytesWritten);
            if (state.isOver)
                return;
            if (chunk === undefined) {
                decoder.end();
                return;
            }
            if (!decoder.write(chunk))
                await untilMoved(decoder);
        }
    }
    catch (error) {
        decoder.destroy(error);
    }
}
function untilMoved(decoder) {
    return new Promise((resolve) => {
        for (const event of ['drain', 'end', 'close', 'error'])
            decoder.once(event, () => resolve());
    });
}
/** Remembers what a decoder got and may not have used. */
class Input {
    #chunks;
    #waiting = [];
    #given = [];
    /** Bytes that the decoder has used of what is no longer in `#given`. */
    #dropped = 0;
    constructor(chunks) {
        this.#chunks = chunks;
    }
    async hasMore() {
        while (this.#waiting.length === 0) {
            const next = await this.#chunks.next();
            if (next.done)
                return false;
            if (next.value.length > 0)
                this.#waiting.push(next.value);
        }
        return true;
    }
    /** @param used bytes that the decoder has used so far */
    async next(used) {
        for (let [first] = this.#given; first && this.#dropped + first.length <= used; [first] = this.#given) {
            this.#dropped += first.length;
            this.#given.shift();
        }
        if (!(await this.hasMore()))
            return undefined;
        const chunk = this.#waiting.shift();
        if (chunk !== undefined)
            this.#given.push(chunk);
        return chunk;
    }
    /** What the decoder did not use is for the next one. */
    giveBack(used) {
        const [only, ...more] = this.#given;
        const given = only === undefined || more.length > 0 ? Buffer.concat(this.#given) : only;
        const rest = given.subarray(used - this.#dropped);
        if (rest.length > 0)
            this.#waiting.unshift(rest);
        this.#given = [];
        this.#dropped = 0;
    }
}

;// CONCATENATED MODULE: ./lib/src/policy/builtins/content.js
// What blobs hold: compressed or not, text or structured. Bounded on its way out, because a few bytes can hold a lot.






const MIB = 1024 * 1024;
/** Of one file that is parsed. */
const MAX_FILE_BYTES = 16 * MIB;
/** YAML takes a multiple of its size to parse. */
const MAX_YAML_BYTES = 2 * MIB;
/** By its first bytes, whatever a descriptor says. */
function compressionOf(start) {
    const startsWith = (magic) => magic.every((byte, at) => start[at] === byte);
    if (startsWith([0x1f, 0x8b]))
        return 'gzip';
    return startsWith([0x28, 0xb5, 0x2f, 0xfd]) ? 'zstd' : 'none';
}
/**
 * The content without its compression, at most `maxBytes` of it.
 * @throws MalformedContent; ProofgateError `CONTENT_TOO_LARGE`; what `source` throws
 */
async function* decompress(source, maxBytes) {
    let total = 0;
    for await (const chunk of decompressed(source)) {
        total += chunk.length;
        if (total > maxBytes)
            throw tooLarge(`a layer has more than ${maxBytes} bytes when it is decompressed`);
        yield chunk;
    }
}
async function* decompressed(source) {
    const chunks = source[Symbol.asyncIterator]();
    const start = await readStart(chunks);
    const whole = startingWith(start, chunks);
    try {
        yield* decode(compressionOf(start), whole);
    }
    catch (error) {
        throw isCodecError(error)
            ? new MalformedContent('not what its first bytes say', { cause: error })
            : error;
    }
    finally {
        await whole.return();
    }
}
function decode(compression, whole) {
    if (compression === 'none')
        return whole;
    if (compression === 'zstd')
        return decodeZstd(whole);
    // The callback takes the errors; the decoder repeats them to who reads it.
    return (0,external_node_stream_.pipeline)(external_node_stream_.Readable.from(whole, { objectMode: false }), (0,external_node_zlib_.createGunzip)(), () => { });
}
/** Enough bytes to tell by. */
async function readStart(chunks) {
    let start = Buffer.alloc(0);
    while (start.length < 4) {
        const next = await chunks.next();
        if (next.done)
            break;
        start = Buffer.concat([start, next.value]);
    }
    return start;
}
async function* startingWith(start, chunks) {
    try {
        if (start.length > 0)
            yield start;
        yield* { [Symbol.asyncIterator]: () => chunks };
    }
    finally {
        await chunks.return?.();
    }
}
function isCodecError(error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    return /^Z(?:STD)?_/.test(code);
}
/**
 * Content whose digest is checked at its end: nothing that `read` says of it counts before, neither what it found nor
 * that it makes no sense.
 * @throws what `source` throws, before what `read` throws
 */
async function readToItsEnd(source, read) {
    const iterator = source[Symbol.asyncIterator]();
    const isOver = async () => (await iterator.next()).done === true;
    let outcome;
    try {
        outcome = { value: await read({ [Symbol.asyncIterator]: () => ({ next: () => iterator.next() }) }) };
    }
    catch (error) {
        if (!(error instanceof MalformedContent)) {
            await iterator.return?.();
            throw error;
        }
        outcome = { malformed: error };
    }
    while (!(await isOver()))
        ;
    if ('malformed' in outcome)
        throw outcome.malformed;
    return outcome.value;
}
/** JSON alone, as Go reads it, numbers with all of their digits. @throws MalformedContent */
function parseJsonContent(bytes) {
    return parseContent(bytes, 0);
}
/**
 * JSON in which no object has a key twice: of those, some readers take the last, and some join the values.
 * @param name what errors call it
 * @throws ProofgateError of kind `undetermined`
 */
function parseUnambiguousJson(bytes, name) {
    return (0,structured_text/* parseStructuredText */.S)(bytes.toString('utf8'), {
        maxBytes: Number.POSITIVE_INFINITY,
        maxYamlBytes: 0,
        numbers: 'native',
        refuse: (why) => unreadable(`${name}: ${why}`),
    });
}
/** JSON or YAML, as Go reads it. @throws MalformedContent; ProofgateError `CONTENT_TOO_LARGE` */
function parseFile(name, bytes) {
    if (bytes.length <= MAX_YAML_BYTES)
        return parseContent(bytes, MAX_YAML_BYTES);
    try {
        return parseContent(bytes, 0);
    }
    catch (error) {
        if (!(error instanceof MalformedContent))
            throw error;
        // Who skipped it would hide it from the policy.
        throw tooLarge(`the file ${JSON.stringify(name)} is no JSON, and as YAML longer than ${MAX_YAML_BYTES} bytes`);
    }
}
function parseContent(bytes, maxYamlBytes) {
    const refuse = (why, isLimit = false) => isLimit ? tooLarge(`a file: ${why}`) : new errors/* ProofgateError */.a0('REGISTRY_PROTOCOL', why);
    const maxBytes = Number.POSITIVE_INFINITY;
    try {
        return (0,structured_text/* parseStructuredText */.S)(bytes.toString('utf8'), {
            maxBytes,
            maxYamlBytes,
            numbers: 'exact',
            reader: 'go',
            refuse,
        });
    }
    catch (error) {
        const isNonsense = error instanceof errors/* ProofgateError */.a0 && error.code === 'REGISTRY_PROTOCOL';
        throw isNonsense ? new MalformedContent('neither JSON nor YAML', { cause: error }) : error;
    }
}

// EXTERNAL MODULE: ./node_modules/tar/dist/esm/index.min.js
var index_min = __webpack_require__(98697);
// EXTERNAL MODULE: ./lib/src/verify/attempt.js
var attempt = __webpack_require__(60271);
;// CONCATENATED MODULE: ./lib/src/policy/builtins/tar.js
// Archives of strangers, entry by entry in constant memory. Nothing is ever written to a disk: names are only compared.
// What comes after an archive's end is not part of it, as for whoever unpacks images.




/** Of one archive: images have some ten thousand files. */
const MAX_ENTRIES = 2_000_000;
/** Of a header that is longer than a block: names. */
const MAX_HEADER_BYTES = 1024 * 1024;
const FILES = new Set(['File', 'OldFile', 'ContiguousFile']);
/**
 * Shows every entry to `choose`; the content of a file goes to what that returns, if anything.
 * @throws MalformedContent; ProofgateError `CONTENT_TOO_LARGE`, `POLICY_FAILED` (others may read it); what `source` and `choose` throw
 */
async function readTar(source, choose) {
    const archive = new ArchiveReader(choose);
    for await (const chunk of source)
        archive.write(chunk);
    archive.end();
}
class ArchiveReader {
    #choose;
    #parser;
    #count = 0;
    #isBegun = false;
    #isEnded = false;
    #sawZeros = false;
    #failure;
    constructor(choose) {
        this.#choose = choose;
        this.#parser = new index_min/* Parser */.iX({
            maxMetaEntrySize: MAX_HEADER_BYTES,
            onReadEntry: (entry) => this.#attempt(() => this.#take(entry)),
            // What the parser would skip, another reader would not: the archive is refused.
            onwarn: (code, message, data) => {
                if (code !== 'TAR_ENTRY_INFO')
                    this.#fail(toRefusal(`${code}: ${(0,attempt/* causeText */.x)(message)}`, data));
            },
        });
        this.#parser.on('ignoredEntry', ({ meta }) => {
            if (meta)
                this.#fail(tooLarge(`a header in an archive has more than ${MAX_HEADER_BYTES} bytes`));
        });
        this.#parser.on('nullBlock', () => {
            this.#sawZeros = true;
        });
        this.#parser.on('eof', () => {
            this.#isEnded = true;
        });
    }
    write(chunk) {
        if (this.#isEnded || chunk.length === 0)
            return;
        // The parser would decompress again, and without bounds.
        if (!this.#isBegun && compressionOf(chunk) !== 'none')
            throw toTwiceCompressed(chunk);
        this.#isBegun = true;
        this.#parser.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
        this.#throwFailure();
    }
    end() {
        this.#parser.end();
        this.#throwFailure();
    }
    #take(entry) {
        this.#count += 1;
        if (this.#count > MAX_ENTRIES)
            throw tooLarge(`an archive has more than ${MAX_ENTRIES} entries`);
        if (this.#sawZeros)
            throw new MalformedContent('an entry follows zeros');
        const kind = FILES.has(entry.type) ? 'file' : entry.type === 'Directory' ? 'directory' : 'other';
        const sink = this.#choose({ name: entry.path, kind });
        if (sink === undefined || kind !== 'file') {
            entry.resume();
            return;
        }
        const { size } = entry;
        if (size > MAX_FILE_BYTES) {
            const name = JSON.stringify(entry.path.slice(0, 200));
            throw tooLarge(`the file ${name} has ${size} bytes, more than ${MAX_FILE_BYTES}`);
        }
        const chunks = [];
        entry.on('data', (chunk) => void chunks.push(chunk));
        entry.on('end', () => this.#attempt(() => sink(Buffer.concat(chunks))));
    }
    /** Errors must not pass through the parser. */
    #attempt(work) {
        if (this.#failure !== undefined)
            return;
        try {
            work();
        }
        catch (error) {
            this.#fail(error);
        }
    }
    #fail(error) {
        this.#failure ??= { error };
    }
    #throwFailure() {
        if (this.#failure !== undefined)
            throw this.#failure.error;
    }
}
/** A header whose checksum is right is one to every reader, whatever this parser has against it. */
function toRefusal(why, data) {
    const header = data !== null && typeof data === 'object' && 'header' in data ? data.header : undefined;
    const isValid = header instanceof index_min/* Header */.Y9 && header.cksumValid;
    return isValid ? unreadable(`a header in an archive cannot be read: ${why}`) : new MalformedContent(why);
}
/** The name of an archive's first entry may begin like compressed content. */
function toTwiceCompressed(chunk) {
    const isTar = Buffer.from(chunk.subarray(257, 262)).toString('latin1') === 'ustar';
    return isTar
        ? unreadable('the first name in an archive cannot be read')
        : new MalformedContent('compressed twice');
}

;// CONCATENATED MODULE: ./lib/src/policy/builtins/blobs.js



const blobs_MIB = 1024 * 1024;
/** An SBOM of a large image is some ten MiB; a task bundle's layer some KiB. */
const MAX_BLOB_BYTES = 64 * blobs_MIB;
/** Of an archive in a blob, without its compression; and of the files asked for, together. */
const MAX_ARCHIVE_BYTES = 1024 * blobs_MIB;
const MAX_FILES_BYTES = 64 * blobs_MIB;
/** `ec.oci.blob`: what is compressed is no text, as in Conforma. */
async function blobText(lookup, reference) {
    return (await readPlain(lookup, reference))?.toString('utf8');
}
/** `ec.oci.parsed_blob`: JSON alone. */
async function parsedBlob(lookup, reference) {
    const bytes = await readPlain(lookup, reference);
    return bytes && malformedAsUndefined(async () => parseJsonContent(bytes));
}
/** `ec.oci.blob_files`: by the exact names of an archive's entries; files that are neither JSON nor YAML are left out. */
async function blobFiles(lookup, reference, paths) {
    const bytes = await readBlob(lookup, reference);
    if (bytes === undefined)
        return undefined;
    return malformedAsUndefined(async () => {
        const wanted = new Set(paths);
        const files = new FileCollection();
        await readTar(decompress(chunksOf(bytes), MAX_ARCHIVE_BYTES), ({ name, kind }) => wanted.has(name) && kind === 'file' ? (content) => files.set(name, content) : undefined);
        return files.parse();
    });
}
/** Files by path, bounded together. The last of several with one name counts, as for whoever unpacks the archive. */
class FileCollection {
    #files = new Map();
    #bytes = 0;
    /** @throws ProofgateError `CONTENT_TOO_LARGE` */
    set(path, content) {
        this.#bytes += content.length - (this.#files.get(path)?.length ?? 0);
        if (this.#bytes > MAX_FILES_BYTES) {
            throw tooLarge(`the files that a policy asks for have more than ${MAX_FILES_BYTES} bytes`);
        }
        this.#files.set(path, content);
    }
    delete(path) {
        this.#bytes -= this.#files.get(path)?.length ?? 0;
        this.#files.delete(path);
    }
    [Symbol.iterator]() {
        return this.#files.entries();
    }
    /** What is neither JSON nor YAML is left out. @throws ProofgateError `CONTENT_TOO_LARGE` */
    parse() {
        const parsed = [...this.#files].flatMap(([path, content]) => {
            try {
                return [[path, parseFile(path, content) ?? null]];
            }
            catch (error) {
                if (error instanceof MalformedContent)
                    return [];
                throw error;
            }
        });
        // Also for a file that is called `__proto__`.
        return Object.fromEntries(parsed);
    }
}
async function readPlain(lookup, reference) {
    const bytes = await readBlob(lookup, reference);
    return bytes === undefined || compressionOf(bytes) !== 'none' ? undefined : bytes;
}
function readBlob({ images, signal }, { repository, digest }) {
    return images.findBlob(repository, digest, MAX_BLOB_BYTES, signal);
}
/** In pieces: a decoder's output for one piece is in memory as a whole. */
async function* chunksOf(bytes) {
    const step = 64 * 1024;
    for (let at = 0; at < bytes.length; at += step)
        yield bytes.subarray(at, at + step);
}

// EXTERNAL MODULE: external "node:path"
var external_node_path_ = __webpack_require__(76760);
// EXTERNAL MODULE: ./lib/src/oci/manifest.js
var manifest = __webpack_require__(98775);
;// CONCATENATED MODULE: ./lib/src/policy/builtins/lookup.js



/** A reference that makes sense; undefined as in Rego when it does not. */
function toReference(text) {
    if (typeof text !== 'string')
        return undefined;
    try {
        return (0,oci_reference/* parseReference */.F2)(text);
    }
    catch (error) {
        if (error instanceof errors/* ProofgateError */.a0 && error.kind === 'usage')
            return undefined;
        throw error;
    }
}
function toPinned(text) {
    const reference = toReference(text);
    return reference?.digest === undefined ? undefined : { ...reference, digest: reference.digest };
}
/**
 * The manifest behind a reference; undefined when the registry says that there is none, or what is there is no manifest.
 * @throws ProofgateError of kind `undetermined`
 */
async function findManifest({ images, signal, note }, reference) {
    const manifest = await absentAsUndefined(images.resolve(reference, signal));
    if (manifest !== undefined)
        note?.(reference.repository, manifest.digest);
    return manifest;
}
/** @throws what `work` rejects with, unless it says that something is not there or makes no sense */
async function absentAsUndefined(work) {
    try {
        return await work;
    }
    catch (error) {
        if (error instanceof manifest/* MalformedManifest */.R)
            return undefined;
        if (error instanceof errors/* ProofgateError */.a0 && error.code === 'IMAGE_NOT_FOUND')
            return undefined;
        throw error;
    }
}
/** The name of a repository as Conforma writes it into references. */
function conformaName({ registry, name }) {
    return `${registry === 'docker.io' ? 'index.docker.io' : registry}/${name}`;
}

;// CONCATENATED MODULE: ./lib/src/policy/builtins/platform.js

/** Indexes in indexes: a chain of them is somebody's joke. */
const MAX_DEPTH = 4;
/** Undefined when the index has no such image, or names one that is not there. */
async function toImage(lookup, repository, manifest) {
    let found = manifest;
    for (let depth = 0; found !== undefined && depth < MAX_DEPTH; depth += 1) {
        if (found.kind === 'image')
            return found;
        const child = found.manifests.find(({ platform }) => isDefault(platform));
        found = child && (await findManifest(lookup, { repository, digest: child.digest }));
    }
    return undefined;
}
/** What names no platform is for this one. */
function isDefault(platform) {
    return platform === undefined || (platform.os === 'linux' && platform.architecture === 'amd64');
}

;// CONCATENATED MODULE: ./lib/src/policy/builtins/image-files.js
// Files of an image, read out of its layers as they stream by: the uppermost first, so that what it removes or replaces
// is known below (OCI image-spec, layer.md "Whiteouts").







const GIB = 1024 ** 3;
/** Compressed. */
const MAX_LAYER_BYTES = 8 * GIB;
const MAX_UNCOMPRESSED_BYTES = 32 * GIB;
const MAX_LAYERS = 1000;
const EXTENSIONS = new Set(['.yaml', '.yml', '.json']);
const WHITEOUT = '.wh.';
const OPAQUE = '.wh..wh..opq';
/** `ec.oci.image_files`: JSON and YAML files directly in the folders. */
async function imageFiles(lookup, reference, folders) {
    const manifest = await findManifest(lookup, reference);
    const image = manifest && (await toImage(lookup, reference.repository, manifest));
    return image && readImageFiles(lookup, reference.repository, image, folders);
}
/**
 * By path. Undefined when a layer is no archive.
 * @throws ProofgateError of kind `undetermined`, also when a layer is missing
 */
async function readImageFiles({ images, signal }, repository, image, folders) {
    if (folders.length === 0)
        return {};
    if (image.layers.length > MAX_LAYERS)
        throw tooLarge(`an image has more than ${MAX_LAYERS} layers`);
    return malformedAsUndefined(async () => {
        const tree = new FlattenedTree(folders);
        for (const layer of image.layers.toReversed()) {
            const content = images.stream(repository, layer, MAX_LAYER_BYTES, signal);
            await readToItsEnd(content, (chunks) => readTar(decompress(chunks, MAX_UNCOMPRESSED_BYTES), (entry) => tree.take(entry)));
            tree.endLayer();
        }
        return tree.files.parse();
    });
}
/** What is visible of some folders. Only names that matter to them are kept: an image has a hundred thousand others. */
class FlattenedTree {
    files = new FileCollection();
    /** In lower case, as folders are compared. */
    #folders;
    #hidden = new Set();
    #opaque = new Set();
    /** Of the layer that is being read: it does not hide what is its own. */
    #layerHidden = new Set();
    #layerOpaque = new Set();
    constructor(folders) {
        this.#folders = new Set(folders.map((folder) => cleanPath(folder).toLowerCase()));
    }
    take({ name: rawName, kind }) {
        const name = cleanPath(rawName);
        const folder = external_node_path_.posix.dirname(name);
        const base = external_node_path_.posix.basename(name);
        if (base === OPAQUE) {
            if (this.#concerns(folder))
                this.#layerOpaque.add(folder);
        }
        else if (base.startsWith(WHITEOUT)) {
            this.#hide(external_node_path_.posix.join(folder, base.slice(WHITEOUT.length)));
        }
        else if (kind !== 'directory') {
            this.#hide(name);
            if (!this.#isWanted(name) || this.#isHidden(name))
                return undefined;
            // Until its content comes: a link that replaces a file of the same layer leaves nothing.
            this.files.delete(name);
            return (content) => this.files.set(name, content);
        }
        return undefined;
    }
    endLayer() {
        for (const name of this.#layerHidden)
            this.#hidden.add(name);
        for (const name of this.#layerOpaque)
            this.#opaque.add(name);
        this.#layerHidden = new Set();
        this.#layerOpaque = new Set();
    }
    #hide(name) {
        if (this.#isWanted(name) || this.#concerns(name))
            this.#layerHidden.add(name);
    }
    #isWanted(name) {
        return (EXTENSIONS.has(external_node_path_.posix.extname(name).toLowerCase()) &&
            this.#folders.has(external_node_path_.posix.dirname(name).toLowerCase()));
    }
    /** True for a wanted folder and all above it. */
    #concerns(name) {
        const lower = name.toLowerCase();
        const isAbove = (folder) => lower === '.' || folder === lower || folder.startsWith(lower.endsWith('/') ? lower : `${lower}/`);
        return [...this.#folders].some(isAbove);
    }
    #isHidden(name) {
        if (this.#hidden.has(name))
            return true;
        for (let folder = external_node_path_.posix.dirname(name);; folder = external_node_path_.posix.dirname(folder)) {
            if (this.#hidden.has(folder) || this.#opaque.has(folder))
                return true;
            if (folder === external_node_path_.posix.dirname(folder))
                return false;
        }
    }
}
/**
 * Without `.`, `..` and slashes that say nothing: where whoever unpacks the image puts the file. With two spellings, a
 * layer could replace a file behind the policy's back.
 */
function cleanPath(path) {
    return external_node_path_.posix.normalize(`/${path}`).replace(/^\/+|\/+$/g, '') || '.';
}

// EXTERNAL MODULE: ./node_modules/zod/v4/classic/schemas.js + 10 modules
var schemas = __webpack_require__(13798);
;// CONCATENATED MODULE: ./lib/src/policy/builtins/manifests.js
// Manifests, indexes and descriptors as policies see them: Conforma's shapes, with every member there.




const list = schemas/* array */.YOg(schemas/* string */.YjP())
    .nullish()
    .transform((texts) => texts ?? []);
const manifests_text = schemas/* string */.YjP()
    .nullish()
    .transform((value) => value ?? '');
const platform = schemas/* object */.Ikc({
    architecture: manifests_text,
    os: manifests_text,
    'os.version': manifests_text,
    'os.features': list,
    variant: manifests_text,
    features: list,
})
    .nullish();
const descriptor = schemas/* object */.Ikc({
    mediaType: manifests_text,
    size: schemas/* int */.Whr(),
    digest: schemas/* string */.YjP(),
    data: schemas/* base64 */.K39()
        .nullish()
        .transform((data) => Buffer.from(data ?? '', 'base64').toString()),
    urls: list,
    annotations: schemas/* record */.g1P(schemas/* string */.YjP(), schemas/* string */.YjP())
        .nullish()
        .transform((annotations) => annotations ?? {}),
    artifactType: manifests_text,
    platform,
})
    .transform(({ platform: of, ...rest }) => (of == null ? rest : { ...rest, platform: of }));
const descriptors = schemas/* array */.YOg(descriptor)
    .nullish()
    .transform((all) => all ?? []);
const common = {
    schemaVersion: schemas/* int */.Whr(),
    mediaType: manifests_text,
    annotations: descriptor.in.shape.annotations,
    subject: schemas/* exactOptional */.yqP(descriptor.nullable()),
};
const manifests_image = schemas/* object */.Ikc({ ...common, config: descriptor, layers: descriptors }).transform(withoutNull);
const index = schemas/* object */.Ikc({ ...common, manifests: descriptors }).transform(withoutNull);
/** `ec.oci.image_manifest`; of an index, the manifest of its linux/amd64 image. */
async function imageManifest(lookup, reference) {
    const manifest = await findManifest(lookup, reference);
    const found = manifest && (await toImage(lookup, reference.repository, manifest));
    return found && reread(found, manifests_image);
}
/** `ec.oci.image_index` */
async function imageIndex(lookup, reference) {
    const manifest = await findManifest(lookup, reference);
    return manifest?.kind === 'index' ? reread(manifest, index) : undefined;
}
/** `ec.oci.descriptor`: of what is there, not of what a registry's headers claim. */
async function imageDescriptor(lookup, reference) {
    const manifest = await findManifest(lookup, reference);
    if (manifest === undefined)
        return undefined;
    const { mediaType, bytes, digest } = manifest;
    return { mediaType, size: bytes.length, digest, data: '', urls: [], annotations: {}, artifactType: '' };
}
/** `ec.oci.image_referrers` */
async function imageReferrers(lookup, reference) {
    const { repository } = reference;
    const digest = reference.digest ?? (await findManifest(lookup, reference))?.digest;
    if (digest === undefined)
        return undefined;
    const found = await lookup.registry.referrers(repository, digest, lookup.signal);
    return found.map(({ mediaType, size, digest: own, artifactType = '', annotations }) => ({
        mediaType,
        size,
        digest: own,
        artifactType,
        ref: `${conformaName(repository)}@${own}`,
        annotations,
    }));
}
/** `ec.oci.image_tag_refs`: which of cosign's tags there are, in this order. */
async function imageTagRefs(lookup, reference) {
    const { repository } = reference;
    const digest = reference.digest ?? (await findManifest(lookup, reference))?.digest;
    if (digest === undefined)
        return undefined;
    const tags = ['sig', 'att', 'sbom'].map((suffix) => `${digest.replace(':', '-')}.${suffix}`);
    const found = await Promise.all(tags.map((tag) => isTagThere(lookup, repository, tag)));
    return tags.filter((_, at) => found[at]).map((tag) => `${conformaName(repository)}:${tag}`);
}
async function isTagThere({ registry, signal }, repository, tag) {
    try {
        return (await registry.findManifestByTag(repository, tag, signal)) !== undefined;
    }
    catch (error) {
        // Whatever it is, it is there.
        if (error instanceof manifest/* MalformedManifest */.R)
            return true;
        throw error;
    }
}
/** The bytes have been parsed before, by the rules of `parseManifest`: here for members that only policies want. */
function reread({ bytes }, schema) {
    const parsed = schema.safeParse(JSON.parse(bytes.toString()));
    return parsed.success ? parsed.data : undefined;
}
function withoutNull(manifest) {
    if (manifest.subject != null)
        return manifest;
    const { subject: _, ...rest } = manifest;
    return rest;
}

// EXTERNAL MODULE: ./lib/src/base/exact-number.js
var exact_number = __webpack_require__(38919);
// EXTERNAL MODULE: ./lib/src/verify/rekor.js
var verify_rekor = __webpack_require__(64261);
// EXTERNAL MODULE: ./lib/src/verify/subject.js + 2 modules
var subject = __webpack_require__(68821);
// EXTERNAL MODULE: ./lib/src/verify/verifier.js + 21 modules
var verify_verifier = __webpack_require__(48312);
// EXTERNAL MODULE: ./lib/src/verify/identity.js + 1 modules
var identity = __webpack_require__(16337);
// EXTERNAL MODULE: ./lib/src/verify/keys.js
var keys = __webpack_require__(98728);
;// CONCATENATED MODULE: ./lib/src/policy/builtins/sigstore-options.js
// Options of ec.sigstore.*, which come out of a policy's data: whom to trust, as text → signers. Anything that is not
// complete is a problem to be told, never somebody trusted by accident.



const TEXTS = [
    'certificate_identity',
    'certificate_identity_regexp',
    'certificate_oidc_issuer',
    'certificate_oidc_issuer_regexp',
    'public_key',
    'rekor_url',
];
/** @throws ProofgateError `BAD_OPTION`: not an object, without `ignore_rekor`, or with a member of another type */
function parseSigstoreOptions(value) {
    if (value === null || typeof value !== 'object' || Array.isArray(value))
        throw bad('they are no object');
    const given = value;
    const member = (name) => (Object.hasOwn(given, name) ? given[name] : undefined);
    const ignoreRekor = member('ignore_rekor');
    if (typeof ignoreRekor !== 'boolean')
        throw bad('ignore_rekor has to be true or false');
    const texts = TEXTS.map((name) => {
        const text = member(name) ?? '';
        if (typeof text !== 'string')
            throw bad(`${name} is no text`);
        return [name, text];
    });
    return { ...Object.fromEntries(texts), ignore_rekor: ignoreRekor };
}
/**
 * A key is trusted alone; without one, a subject and its issuer. Of a pattern and a text for the same thing, the pattern
 * counts, as in Conforma; unlike there it has to match the whole.
 * @throws ProofgateError `BAD_KEY`, `BAD_IDENTITY`
 */
function toSigners(options) {
    if (options.public_key !== '') {
        return { keys: (0,keys/* parsePublicKeys */.V)(options.public_key, 'public_key'), identities: [] };
    }
    const subject = toMatcher(options.certificate_identity, options.certificate_identity_regexp);
    const issuer = toMatcher(options.certificate_oidc_issuer, options.certificate_oidc_issuer_regexp);
    if (subject !== undefined && issuer !== undefined)
        return { keys: [], identities: [{ subject, issuer }] };
    throw new errors/* ProofgateError */.a0('BAD_IDENTITY', 'neither a public key nor an identity with its issuer is given', {
        hint: 'Give public_key as PEM, or certificate_identity and certificate_oidc_issuer.',
    });
}
function toMatcher(text, pattern) {
    if (pattern !== '')
        return (0,identity/* regexpMatcher */.mV)(pattern);
    return text === '' ? undefined : (0,identity/* exactMatcher */.Gh)(text);
}
function bad(why) {
    return new errors/* ProofgateError */.a0('BAD_OPTION', `the options of the signature check: ${why}`);
}

;// CONCATENATED MODULE: ./lib/src/policy/builtins/sigstore.js








/** As many as policies have, with room; options can be computed by a policy. */
const MAX_CHECKS = 64;
class SigstoreFunctions {
    #tools;
    #images;
    /** By the options' fingerprint. */
    #checks = new Map();
    constructor(tools) {
        this.#tools = tools;
        this.#images = withFreshListings(tools);
    }
    /** `ec.sigstore.verify_image`: an attestation is no signature. @throws ProofgateError of kind `undetermined` */
    async verifyImage(lookup, reference, options) {
        const wanted = { signature: true, attestation: false, all: true };
        const { errors, verified } = await this.#verify(lookup, reference, options, wanted);
        const signatures = verified.map(({ signature }) => toSignature(signature));
        return { success: errors.length === 0, errors, signatures };
    }
    /** `ec.sigstore.verify_attestation` @throws ProofgateError of kind `undetermined` */
    async verifyAttestation(lookup, reference, options) {
        const wanted = { signature: false, attestation: true, all: true };
        const { errors, verified } = await this.#verify(lookup, reference, options, wanted);
        const attestations = verified.flatMap(({ claim, signature }) => claim.type === 'statement'
            ? [
                {
                    statement: JSON.parse(claim.statement.payload.toString(), exact_number/* exactNumber */.rf),
                    signatures: [toSignature(signature)],
                },
            ]
            : []);
        return { success: errors.length === 0, errors, attestations };
    }
    async #verify(lookup, text, options, wanted) {
        const reference = toPinned(text);
        if (reference === undefined)
            return failed('the reference has no digest, or is none');
        const check = this.#checkFor(options);
        if (check instanceof errors/* ProofgateError */.a0)
            return failed(check.message);
        const manifest = await findManifest(lookup, reference);
        if (manifest === undefined)
            return failed(`${String(text)} does not exist`);
        const { repository } = reference;
        const found = await check.verifier.verify(repository, manifest, check.signers, wanted, lookup.signal);
        return toOutcome(wanted.signature ? found.signatures : found.attestations);
    }
    /** The error of kind `usage` when the options trust nobody in particular. */
    #checkFor(value) {
        try {
            const options = parseSigstoreOptions(value);
            const key = (0,fingerprint/* fingerprint */.R)(options);
            const check = this.#checks.get(key) ?? this.#open(options);
            if (this.#checks.size >= MAX_CHECKS)
                this.#checks.clear();
            this.#checks.set(key, check);
            return check;
        }
        catch (error) {
            if (error instanceof errors/* ProofgateError */.a0 && error.kind === 'usage')
                return error;
            throw error;
        }
    }
    #open(options) {
        const { trust, http, clock } = this.#tools;
        const { rekor_url: rekorUrl, ignore_rekor: ignoreRekor } = options;
        const rekor = rekorUrl === '' ? undefined : new verify_rekor/* RekorClient */.h(toLogUrl(rekorUrl), http);
        const verifier = new verify_verifier/* Verifier */.U({ trust, ignoreRekor, rekor, clock });
        return {
            verifier: new subject/* SubjectVerifier */.b({ images: this.#images, verifier }),
            signers: toSigners(options),
        };
    }
}
/**
 * A list from an earlier run may lack what was added since, or what somebody who can write the cache left out. For a
 * check that is a "no", and asked again; a policy may take it for a pass.
 */
function withFreshListings({ images, registry }) {
    return {
        resolve: (...args) => images.resolve(...args),
        manifest: (...args) => images.manifest(...args),
        blob: (...args) => images.blob(...args),
        findBlob: (...args) => images.findBlob(...args),
        stream: (...args) => images.stream(...args),
        findManifestByTag: (...args) => registry.findManifestByTag(...args),
        referrers: (...args) => registry.referrers(...args),
    };
}
/** With something unread, a policy would judge a part and take it for the whole. */
function toOutcome({ verified, failure, unread }) {
    const blocking = [failure?.error, ...unread].find((error) => error?.kind === 'undetermined');
    if (blocking !== undefined)
        throw blocking;
    return failure === undefined ? { errors: [], verified } : failed(failure.error.message);
}
function failed(error) {
    return { errors: [error], verified: [] };
}
function toSignature({ keyid, sig, certificate = '', chain = [] }) {
    return { keyid, signature: sig, certificate, chain, metadata: {} };
}
function toLogUrl(text) {
    if (URL.parse(text)?.protocol.match(/^https?:$/))
        return text;
    throw new errors/* ProofgateError */.a0('BAD_OPTION', 'rekor_url is no http(s) address');
}

;// CONCATENATED MODULE: ./lib/src/policy/builtins/host.js
// Answers what policies ask beside their input: ec.oci.* and ec.sigstore.*, once for all components of a run.










/** Undefined arguments are those of the wrong type: the answer is undefined, as in Conforma. */
const OCI = {
    'ec.oci.blob': ofPinned(blobText),
    'ec.oci.parsed_blob': ofPinned(parsedBlob),
    'ec.oci.blob_files': ofPinned(blobFiles, true),
    'ec.oci.descriptor': ofReference(imageDescriptor),
    'ec.oci.image_manifest': ofReference(imageManifest),
    'ec.oci.image_files': ofPinned(imageFiles, true),
    'ec.oci.image_index': ofReference(imageIndex),
    'ec.oci.image_tag_refs': ofReference(imageTagRefs),
    'ec.oci.image_referrers': ofReference(imageReferrers),
};
const KIB = 1024;
const host_MIB = 1024 * KIB;
const DEFAULT_KEPT_BYTES = 64 * host_MIB;
/** Manifests of one call under way; the registry's own limiter decides how many requests are. */
const CONCURRENCY = 16;
const MAX_PATHS = 1000;
/** Call it once a run; then what it gives, once a component: all of them share each lookup. */
function createHostFunctions(tools) {
    const host = new Host(tools);
    return () => {
        const reads = new Map();
        const note = (read) => void reads.set((0,oci_reference/* pinned */.dp)(read.repository, read.digest), read);
        return {
            functions: async (name, args, signal) => {
                const answered = await host.answer(name, args, signal);
                answered.reads.forEach(note);
                return answered.value;
            },
            keep: () => host.keep(reads),
        };
    };
}
class Host {
    #tools;
    #answers;
    #builtins;
    #kept = new Set();
    constructor(tools) {
        const sigstore = new SigstoreFunctions(tools);
        this.#tools = tools;
        this.#answers = new Answers(tools.maxKeptBytes ?? DEFAULT_KEPT_BYTES);
        this.#builtins = {
            ...OCI,
            'ec.sigstore.verify_image': (lookup, ...args) => sigstore.verifyImage(lookup, args[0], args[1]),
            'ec.sigstore.verify_attestation': (lookup, ...args) => sigstore.verifyAttestation(lookup, args[0], args[1]),
        };
    }
    /** @throws ProofgateError of kind `undetermined`, or the reason of `signal` */
    async answer(name, args, signal) {
        if (name === 'ec.oci.image_manifests')
            return this.#manifests(args[0], signal);
        const builtin = Object.hasOwn(this.#builtins, name) ? this.#builtins[name] : undefined;
        if (builtin === undefined)
            throw new errors/* ProofgateError */.a0('INTERNAL', `nothing answers ${name}`);
        const work = (shared) => this.#work(builtin, args, shared);
        return this.#answers.get((0,fingerprint/* fingerprint */.R)([name, args]), work, signal);
    }
    /** What is not kept costs the next run a request. */
    async keep(reads) {
        const { images, proofs } = this.#tools;
        if (proofs === undefined)
            return;
        for (const [name, { repository, digest }] of reads) {
            if (this.#kept.has(name))
                continue;
            this.#kept.add(name);
            try {
                await proofs.keepContent(repository, await images.manifest(repository, digest));
            }
            catch (error) {
                if (!(error instanceof errors/* ProofgateError */.a0))
                    throw error;
            }
        }
    }
    async #work(builtin, args, signal) {
        const reads = [];
        const { images, registry } = this.#tools;
        const note = (repository, digest) => void reads.push({ repository, digest });
        const value = await builtin({ images, registry, signal, note }, ...args);
        const bytes = KIB + (value === undefined ? 0 : JSON.stringify(value).length);
        return { value: { value, reads }, bytes };
    }
    /** One after the other shared with who asks for it alone: the answer as a whole is not kept. */
    async #manifests(refs, signal) {
        const texts = host_toTexts(refs);
        if (texts === undefined)
            return { value: undefined, reads: [] };
        const ask = (ref) => this.answer('ec.oci.image_manifest', [ref], signal);
        const answers = await (0,bounded/* mapBounded */.y)(texts, CONCURRENCY, ask);
        const found = texts.flatMap((ref, at) => {
            const value = answers[at]?.value;
            return value === undefined ? [] : [[ref, value]];
        });
        return { value: Object.fromEntries(found), reads: answers.flatMap(({ reads }) => reads) };
    }
}
function ofReference(work) {
    return async (lookup, text) => {
        const reference = toReference(text);
        return reference && (await work(lookup, reference));
    };
}
/** @param hasPaths a second argument is a list of texts */
function ofPinned(work, hasPaths = false) {
    return async (lookup, text, list) => {
        const reference = toPinned(text);
        const paths = hasPaths ? host_toTexts(list) : [];
        if (reference === undefined || paths === undefined || paths.length > MAX_PATHS)
            return undefined;
        return work(lookup, reference, paths);
    };
}
function host_toTexts(list) {
    if (!Array.isArray(list))
        return undefined;
    return list.every((item) => typeof item === 'string') ? list : undefined;
}

// EXTERNAL MODULE: ./lib/src/policy/effective-time.js
var effective_time = __webpack_require__(10148);
// EXTERNAL MODULE: ./lib/src/base/member-case.js
var member_case = __webpack_require__(69887);
;// CONCATENATED MODULE: ./lib/src/policy/builtins/image-facts.js
// What the input document says of an image beside its proofs: its configuration, its parent, the files of an operator's
// bundle. An absence is a fact, a fault is not.







const BASE_NAME = 'org.opencontainers.image.base.name';
const BASE_DIGEST = 'org.opencontainers.image.base.digest';
const OLM_MANIFESTS = 'operators.operatorframework.io.bundle.manifests.v1';
const MEMBERS = new Set([
    'ArgsEscaped',
    'AttachStderr',
    'AttachStdin',
    'AttachStdout',
    'Cmd',
    'Domainname',
    'Entrypoint',
    'Env',
    'ExposedPorts',
    'Healthcheck',
    'Hostname',
    'Image',
    'Labels',
    'MacAddress',
    'NetworkDisabled',
    'OnBuild',
    'OpenStdin',
    'Shell',
    'StdinOnce',
    'StopSignal',
    'Tty',
    'User',
    'Volumes',
    'WorkingDir',
]);
const MAX_CONFIG_BYTES = 8 * 1024 * 1024;
/**
 * Of an index, the facts of its linux/amd64 image. What is not there, or makes no sense, is absent.
 * @throws ProofgateError of kind `undetermined`: something could not be looked at, or is written so that others would see
 *   what policies do not
 */
async function readImageFacts(images, repository, manifest, signal = new AbortController().signal) {
    const context = { images, signal };
    const image = await toImage(context, repository, manifest);
    if (image === undefined)
        return {};
    const config = await readConfig(context, repository, image);
    const parent = await readParent(context, image);
    const folder = folderOfOperator(config);
    const files = folder === undefined ? undefined : await readImageFiles(context, repository, image, [folder]);
    if (folder !== undefined && files === undefined) {
        throw unreadable(`the image is an operator's bundle, and a layer of it is no archive that can be read`);
    }
    return {
        ...(config === undefined ? {} : { config }),
        ...(parent === undefined ? {} : { parent }),
        ...(files === undefined ? {} : { files }),
    };
}
async function readConfig({ images, signal }, repository, { config }) {
    const bytes = await images.blob(repository, config, MAX_CONFIG_BYTES, signal);
    const file = await malformedAsUndefined(async () => parseJsonContent(bytes));
    if (!(0,exact_number/* isMapValue */.Qy)(file))
        return undefined;
    parseUnambiguousJson(bytes, "the image's configuration");
    refuseOtherCase(file, ['config']);
    const given = Object.hasOwn(file, 'config') ? (file.config ?? {}) : {};
    if (!(0,exact_number/* isMapValue */.Qy)(given))
        return undefined;
    refuseOtherCase(given, MEMBERS);
    return withoutEmpty(given);
}
/** Whoever writes `labels` has labels in a container, and none here. */
function refuseOtherCase(map, names) {
    const name = (0,member_case/* findOtherCase */.K)(map, [...names]);
    if (name === undefined)
        return;
    throw unreadable(`the image's configuration has a member ${JSON.stringify(name)}, which readers take for another`);
}
/** As Conforma gives it: members that image-spec and Docker define, and only when they say something. */
function withoutEmpty(config) {
    return Object.fromEntries(Object.entries(config).filter(([name, value]) => MEMBERS.has(name) && !isEmpty(value)));
}
function isEmpty(value) {
    if (Array.isArray(value))
        return value.length === 0;
    if ((0,exact_number/* isMapValue */.Qy)(value))
        return Object.keys(value).length === 0;
    return value === null || value === '' || value === false;
}
async function readParent(context, { annotations }) {
    const name = annotations[BASE_NAME];
    if (!name)
        return undefined;
    const ref = name.includes('@') ? name : `${name}@${annotations[BASE_DIGEST] ?? ''}`;
    const reference = toPinned(ref);
    if (reference === undefined)
        return undefined;
    const { repository } = reference;
    const manifest = await findManifest(context, reference);
    const image = manifest && (await toImage(context, repository, manifest));
    const config = image && (await readConfig(context, repository, image));
    return config === undefined ? { ref } : { ref, config };
}
function folderOfOperator(config) {
    const labels = (0,exact_number/* isMapValue */.Qy)(config) && Object.hasOwn(config, 'Labels') ? config.Labels : undefined;
    if (!(0,exact_number/* isMapValue */.Qy)(labels) || !Object.hasOwn(labels, OLM_MANIFESTS))
        return undefined;
    const folder = labels[OLM_MANIFESTS];
    return typeof folder === 'string' ? folder : undefined;
}

;// CONCATENATED MODULE: ./lib/src/policy/matching.js
// How include and exclude criteria meet rules and results: which ones match, and how much each weighs.
// https://conforma.dev/docs/cli/configuration.html#_including_and_excluding_rules
const ANY_WEIGHT = 1;
const PACKAGE_WEIGHT = 10;
const COLLECTION_WEIGHT = 10;
const RULE_WEIGHT = 110;
const TERM_WEIGHT = 100;
/** A package goes by its whole path or by the last part of it. */
function toMatchers({ code = '', collections }) {
    const matchers = new Map([['*', ANY_WEIGHT]]);
    const parts = code.split('.');
    const rule = parts.at(-1) ?? '';
    const packages = parts.length < 2 ? [] : [parts.at(-2) ?? '', parts.slice(0, -1).join('.')];
    for (const name of packages.filter((one) => one !== '')) {
        raise(matchers, name, PACKAGE_WEIGHT);
        raise(matchers, `${name}.*`, PACKAGE_WEIGHT);
        raise(matchers, `${name}.${rule}`, RULE_WEIGHT);
    }
    for (const collection of collections)
        matchers.set(`@${collection}`, COLLECTION_WEIGHT);
    return matchers;
}
/** One text may be both a package and a rule: the narrower meaning counts. */
function raise(matchers, criterion, weight) {
    matchers.set(criterion, Math.max(weight, matchers.get(criterion) ?? 0));
}
/** 0: the criterion does not match. `terms`: any of them may be the criterion's; `anyTerm`: whatever its term is. */
function weigh(criterion, matchers, terms) {
    const whole = matchers.get(criterion);
    if (whole !== undefined)
        return whole;
    const colon = criterion.indexOf(':');
    if (colon < 0 || criterion.startsWith('@'))
        return 0;
    const weight = matchers.get(criterion.slice(0, colon));
    const term = criterion.slice(colon + 1);
    const hasTerm = term !== '' && (terms === 'anyTerm' || terms.includes(term));
    return weight !== undefined && hasTerm ? weight + TERM_WEIGHT : 0;
}
/** Weights of all criteria that match, added up: one that is listed twice counts twice. */
function score(criteria, matchers, terms) {
    return criteria.reduce((sum, criterion) => sum + weigh(criterion, matchers, terms), 0);
}

;// CONCATENATED MODULE: ./lib/src/policy/effective-on.js
// The day from which a rule holds, as policies write it.

/** Rules that have held for longer than this do not show since when. */
const OLD_NEWS_NS = 90n * 24n * 3600n * 1000000000n;
/** YAML lets months, days and times have one digit, lets a space stand for the T, and needs no time at all. */
const YAML_TIMESTAMP = /^(\d{4})-(\d{1,2})-(\d{1,2})(?:(?:[Tt]|[ \t]+)(\d{1,2}):(\d{1,2}):(\d{1,2})(\.\d+)?[ \t]*(Z|[+-]\d{2}:\d{2})?)?$/;
/** Undefined: there is none. What is no text, or no date, is an `EffectiveOn` without `instant`. */
function parseEffectiveOn(value) {
    if (value === undefined || value === null || value === '')
        return undefined;
    if (typeof value !== 'string')
        return { text: JSON.stringify(value) ?? '' };
    const text = toRfc3339(value);
    const instant = text === undefined ? undefined : (0,effective_time/* parseInstant */.nV)(text);
    return text === undefined || instant === undefined ? { text: value } : { text, instant };
}
function toRfc3339(value) {
    const parts = YAML_TIMESTAMP.exec(value);
    if (parts === null)
        return undefined;
    const [, year, month = '', day = '', hour = '0', minute = '0', second = '0', fraction = '', zone = 'Z'] = parts;
    const pad = (digits) => digits.padStart(2, '0');
    return `${year}-${pad(month)}-${pad(day)}T${pad(hour)}:${pad(minute)}:${pad(second)}${fraction}${zone}`;
}
/** True when the rule holds at `at`. Exactly at its date it does not yet, as with Conforma. */
function isInEffect(effectiveOn, at) {
    return effectiveOn?.instant === undefined || effectiveOn.instant.ns < at.ns;
}
/** True when the rule has held for so long that its date is no news. */
function isOldNews(effectiveOn, at) {
    return effectiveOn.instant !== undefined && effectiveOn.instant.ns < at.ns - OLD_NEWS_NS;
}

;// CONCATENATED MODULE: ./lib/src/policy/rule-description.js
// What the rules of a source group say of themselves in their METADATA, and which of them decide a release.


/** A rule of this name says which others do not hold (as in Conftest). */
const EXCEPTION = 'exception';
const FAILURE = /^(?:deny|violation)(?:_[a-zA-Z0-9]+)*$/;
const WARNING = /^warn(?:_[a-zA-Z0-9]+)*$/;
/** What can never be a list of texts and objects; `any` and unions are looked at when they have a value. */
const UNUSABLE_TYPE = /^(?:boolean|number|null|string|(?:set|array)\[(?:boolean|number|null)\])$/;
/** `undefined`: a helper, which decides nothing. */
function ruleClassOf(name) {
    if (FAILURE.test(name))
        return 'failure';
    return WARNING.test(name) ? 'warning' : undefined;
}
/** `package.name`: two rules of one name in one package are one to Rego. */
function toRuleKey(rule) {
    return `${rule.package}.${rule.name}`;
}
/**
 * Reads the METADATA of all rules of one source group.
 * @throws ProofgateError `BAD_POLICY` when two rules have one code, or when a deciding rule cannot give results
 */
function describeRules(rules) {
    const deciding = [];
    const firsts = new Map();
    const descriptions = new Map();
    for (const rule of rules.filter(({ name }) => ruleClassOf(name) !== undefined)) {
        refuseUnusable(rule);
        const annotation = rule.annotations.find((one) => isOwn(one) && shortNameOf(one) !== '');
        if (annotation === undefined) {
            deciding.push(toUndescribed(rule));
            continue;
        }
        const description = toDescription(rule, annotation);
        const { code } = description;
        const first = firsts.get(code) ?? { rule, annotation };
        if (first.rule !== rule && !isSameDocument(first, { rule, annotation })) {
            throw duplicateCode(code, first.rule, rule);
        }
        firsts.set(code, first);
        deciding.push(description);
        descriptions.set(code, description);
    }
    const exceptions = rules.filter(({ name, kind }) => name === EXCEPTION && kind !== 'function');
    return { deciding, descriptions, exceptions: new Set(exceptions.map((rule) => rule.package)) };
}
/** What a package says of itself is no rule's: with a short name it would be every rule's of that package. */
function isOwn({ scope }) {
    return scope === 'rule' || scope === 'document';
}
/** Several bodies under one METADATA block of scope `document` are one rule. */
function isSameDocument(first, second) {
    const areDocuments = first.annotation.scope === 'document' && second.annotation.scope === 'document';
    return areDocuments && first.rule.package === second.rule.package && first.rule.name === second.rule.name;
}
function shortNameOf({ custom }) {
    const value = memberOf(custom, 'short_name');
    return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}
function toUndescribed(rule, annotation = rule.annotations.find(isOwn)) {
    const custom = annotation?.custom;
    return {
        package: rule.package,
        name: rule.name,
        code: rule.literalCode ?? `${dottedPath(rule)}.${rule.name}`,
        collections: rule_description_toTexts(memberOf(custom, 'collections')),
        pipelineIntention: rule_description_toTexts(memberOf(custom, 'pipeline_intention')),
    };
}
function toDescription(rule, annotation) {
    const { custom } = annotation;
    const shortName = shortNameOf(annotation);
    const effectiveOn = parseEffectiveOn(memberOf(custom, 'effective_on'));
    const solution = memberOf(custom, 'solution');
    const docsUrl = toDocsUrl(rule, shortName);
    return {
        ...toUndescribed(rule, annotation),
        code: `${dottedPath(rule)}.${shortName}`,
        shortName,
        dependsOn: rule_description_toTexts(memberOf(custom, 'depends_on')),
        ...(annotation.title ? { title: annotation.title } : {}),
        ...(annotation.description ? { description: withoutXrefs(annotation.description) } : {}),
        ...(typeof solution === 'string' && solution !== '' ? { solution: withoutXrefs(solution) } : {}),
        ...(effectiveOn === undefined ? {} : { effectiveOn }),
        ...(docsUrl === undefined ? {} : { docsUrl }),
    };
}
/** A text, or a list of which the texts count; empty ones do not. */
function rule_description_toTexts(value) {
    const items = Array.isArray(value) ? value : [value];
    return items.filter((item) => typeof item === 'string' && item !== '');
}
function memberOf(custom, name) {
    return custom?.[name];
}
/** Policies join the segments of a path with dots, also those that Rego writes as `a["b-c"]`. */
function dottedPath(rule) {
    return rule.package.replaceAll(/\["([^"\]]*)"\]/g, '.$1');
}
/** AsciiDoc's `xref:page.adoc#anchor[label]` leads nowhere outside of the policy's documentation. */
function withoutXrefs(text) {
    return text.replaceAll(/xref:[^\s[\]]{1,400}\[([^\]]{0,400})\]/g, '$1');
}
/** Conforma documents its own policies, by the folder that they are in. Of others, no page is known. */
function toDocsUrl(rule, shortName) {
    const [, folder] = /\b(?:conforma|enterprise-contract)\/.*\/(release|pipeline|task|build_task|stepaction)\//.exec(rule.path) ?? [];
    if (folder === undefined)
        return undefined;
    const name = dottedPath(rule).split('.').at(-1) ?? '';
    const anchor = encodeURIComponent(`${name}__${shortName}`);
    return `https://conforma.dev/docs/policy/packages/${folder}_${encodeURIComponent(name)}.html#${anchor}`;
}
function refuseUnusable(rule) {
    const isList = rule.kind === 'set' || rule.kind === 'complete';
    if (isList && !UNUSABLE_TYPE.test(rule.type))
        return;
    const found = isList ? `a value of type ${rule.type}` : `a ${rule.kind}`;
    throw new errors/* ProofgateError */.a0('BAD_POLICY', `${place(rule)}: ${toRuleKey(rule)} is ${found}, which gives no results`, {
        hint: `Write it as a set: ${rule.name} contains result if { … }, where result is a text or an object with "msg".`,
    });
}
function duplicateCode(code, first, second) {
    const places = `${place(first)} and ${place(second)}`;
    return new errors/* ProofgateError */.a0('BAD_POLICY', `two rules have the code ${code}: ${places}`, {
        hint: 'Give one of them another short_name, or take one of the two sources out of the group.',
    });
}
function place(rule) {
    return `${rule.path}:${rule.row}`;
}

;// CONCATENATED MODULE: ./lib/src/policy/volatile.js

/** Both dates inclusive. */
function isActive(entry, atMs) {
    const { effectiveOnMs = Number.NEGATIVE_INFINITY, effectiveUntilMs = Number.POSITIVE_INFINITY } = entry;
    return effectiveOnMs <= atMs && atMs <= effectiveUntilMs;
}
/** True when the entry holds for every component, or names this one. */
function appliesTo({ scope }, component) {
    if (scope.type === 'all')
        return true;
    if (scope.type === 'digest')
        return scope.digest === component.digest;
    if (scope.type === 'components')
        return scope.names.some((name) => isNamed(name, component));
    return (0,oci_reference/* formatRepository */.Sh)(scope.repository) === (0,oci_reference/* formatRepository */.Sh)(component.repository);
}
/**
 * The children of an index are named after it: `name-<own digest>-<architecture>`. The digest has to be the child's
 * own: a component that is merely called so gets no exception that was granted to another.
 */
function isNamed(name, component) {
    if (component.name === name)
        return true;
    const prefix = `${name}-${component.digest}-`;
    return component.name.startsWith(prefix) && /^\S+$/.test(component.name.slice(prefix.length));
}

;// CONCATENATED MODULE: ./lib/src/policy/criteria.js
// Which rules count for one component: a source group's include and exclude lists, joined with what is volatile.




/**
 * @param atMs the moment that volatile entries are held against, milliseconds since the epoch
 * @param intentions of the filter `ec-policy` (`pipelineIntentionsOf`); undefined: the filter `include-exclude`
 */
function criteriaFor(group, configuration, component, atMs, intentions) {
    const { include, exclude } = permanentLists(group.config, configuration);
    const activeIncludes = (group.volatileConfig?.include ?? []).filter((entry) => isActive(entry, atMs));
    const activeExcludes = (group.volatileConfig?.exclude ?? []).filter((entry) => isActive(entry, atMs));
    const isUnrestricted = include.length === 0 && activeIncludes.length === 0;
    return {
        include: isUnrestricted ? ['*'] : [...include, ...valuesFor(activeIncludes, component)],
        exclude: [...exclude, ...valuesFor(activeExcludes, component)],
        intentions,
    };
}
/** `ruleData.pipeline_intention` of a source group: a text or a list of texts. */
function pipelineIntentionsOf(ruleData) {
    return isMapValue(ruleData) ? toTexts(ruleData.pipeline_intention) : [];
}
/** The group's own lists win over the deprecated ones of the whole policy. */
function permanentLists(own, global) {
    if (own !== undefined && own.include.length + own.exclude.length > 0)
        return own;
    if (global === undefined)
        return { include: [], exclude: [] };
    const collections = global.collections.map((name) => `@${name}`);
    return { include: [...global.include, ...collections], exclude: global.exclude };
}
function valuesFor(entries, component) {
    return entries.filter((entry) => appliesTo(entry, component)).map((entry) => entry.value);
}
/** True when the includes that match weigh more than the excludes that do. */
function includes(criteria, result) {
    const matchers = toMatchers(result);
    return score(criteria.include, matchers, result.terms) > score(criteria.exclude, matchers, result.terms);
}
/** False only when no result of the rule can count, whatever its terms. */
function mayInclude(criteria, rule) {
    const matchers = toMatchers(rule);
    return (suitsIntentions(criteria, rule) &&
        score(criteria.include, matchers, 'anyTerm') > score(criteria.exclude, matchers, []));
}
/** What the filter `ec-policy` asks of a rule; true with the other filter. */
function suitsIntentions({ intentions }, rule) {
    if (intentions === undefined)
        return true;
    if (intentions.length === 0)
        return rule.pipelineIntention.length === 0;
    return rule.pipelineIntention.some((intention) => intentions.includes(intention));
}
/** Includes that match no rule of the group, whatever its terms, and none of the results: misspelt, or gone. */
function unmatchedIncludes(criteria, book, results) {
    const isMissingAmong = (items) => {
        const matchers = items.map(toMatchers);
        return (criterion) => !matchers.some((one) => weigh(criterion, one, 'anyTerm') > 0);
    };
    const unannounced = [...new Set(criteria.include)].filter(isMissingAmong(book.deciding));
    return unannounced.length === 0 ? [] : unannounced.filter(isMissingAmong(results));
}

;// CONCATENATED MODULE: ./lib/src/policy/input.js
// The document that policies see of one component (docs/conforma.md). It is put together as text: what was signed
// stays as it was signed, to the last digit, and what all components share is rendered once.


/** OPA needs many times the memory of the text; the SBOMs of a large image are some MiB. */
const MAX_INPUT_BYTES = 128 * 1024 * 1024;
const utf8 = new TextDecoder('utf-8', { fatal: true });
/**
 * The input document as JSON text.
 * @param policySpec JSON text
 * @throws ProofgateError `POLICY_LIMIT`
 */
function renderInput(subject, facts, policySpec) {
    const { name, snapshot, attestations } = subject;
    assertSize(subject, policySpec);
    return toObject({
        attestations: `[${attestations.flatMap(renderAttestation).join(',')}]`,
        image: renderImage(subject, facts),
        snapshot,
        component_name: JSON.stringify(name),
        policy_spec: policySpec,
    });
}
function renderImage({ repository, manifest, source, signatures }, facts) {
    const { config, parent, files } = facts;
    return JSON.stringify({
        ref: (0,oci_reference/* pinned */.dp)(repository, manifest.digest),
        ...(signatures.length === 0 ? {} : { signatures: signatures.map(toEntitySignature) }),
        ...(config === undefined ? {} : { config }),
        ...(parent === undefined ? {} : { parent }),
        ...(files === undefined ? {} : { files }),
        source,
    });
}
/** The payload was parsed when it was verified: it is one JSON value, and can be put among others. */
function renderAttestation({ claim, signature }) {
    if (claim.type !== 'statement')
        return [];
    const statement = utf8.decode(claim.statement.payload);
    return [toObject({ statement, signatures: JSON.stringify([toEntitySignature({ signature })]) })];
}
/** As Conforma shows a signature. */
function toEntitySignature({ signature }) {
    const { keyid, sig, certificate, chain } = signature;
    return {
        keyid,
        sig,
        ...(certificate === undefined ? {} : { certificate }),
        ...(chain === undefined ? {} : { chain }),
    };
}
function toObject(members) {
    const parts = Object.entries(members).map(([key, json]) => `${JSON.stringify(key)}:${json}`);
    return `{${parts.join(',')}}`;
}
function assertSize({ name, snapshot, attestations }, policySpec) {
    const payloads = attestations.map(({ claim }) => claim.type === 'statement' ? claim.statement.payload.length : 0);
    const bytes = payloads.reduce((sum, size) => sum + size, snapshot.length + policySpec.length);
    if (bytes <= MAX_INPUT_BYTES)
        return;
    throw new errors/* ProofgateError */.a0('POLICY_LIMIT', `what policies would see of ${name} has ${bytes} bytes, at most ${MAX_INPUT_BYTES} are evaluated`, { hint: 'Attest smaller documents, or split the release.' });
}

;// CONCATENATED MODULE: ./lib/src/base/utf8-order.js
// The order in which Go, and so Conforma, sorts text.
/** As `Array.sort` wants it: by the bytes of both texts in UTF-8. JavaScript's own `<` goes by UTF-16 units. */
function compareUtf8(a, b) {
    const length = Math.min(a.length, b.length);
    for (let index = 0; index < length; index += 1) {
        const left = a.charCodeAt(index);
        const right = b.charCodeAt(index);
        if (left !== right)
            return rank(left) - rank(right);
    }
    return a.length - b.length;
}
/** A surrogate stands for a character above U+FFFF. */
function rank(unit) {
    return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

;// CONCATENATED MODULE: ./lib/src/policy/dependencies.js
// What policies call consequences: results that mean nothing once what they depend on was reported.
/**
 * Tells which results to leave out: those that depend on codes which all were reported. A code that in turn depends
 * on the result does not count, so that whoever leaves something out has reported what it follows from.
 * @param reported every violation and warning
 * @returns true: leave it out
 */
function consequencesOf(reported) {
    const graph = new Map();
    for (const { code, dependsOn } of reported) {
        if (code === undefined)
            continue;
        const known = graph.get(code) ?? new Set();
        for (const dependency of dependsOn)
            known.add(dependency);
        graph.set(code, known);
    }
    return ({ code, dependsOn }) => dependsOn.length > 0 &&
        dependsOn.every((other) => graph.has(other) && (code === undefined || !leadsTo(graph, other, code)));
}
/** True when `from` is `to`, or depends on it over any number of steps. */
function leadsTo(graph, from, to) {
    const seen = new Set();
    const open = [from];
    for (let code = open.pop(); code !== undefined; code = open.pop()) {
        if (code === to)
            return true;
        if (seen.has(code))
            continue;
        seen.add(code);
        open.push(...(graph.get(code) ?? []));
    }
    return false;
}

;// CONCATENATED MODULE: ./lib/src/policy/judgement.js


const MAX_ADVISED_TERMS = 10;
/** @param at what the dates of rules are held against */
function judgeResult(result, book, at) {
    const { code, terms } = result;
    const description = code === undefined ? undefined : book.descriptions.get(code);
    // Another package's rule may lend its words to a result, but no reason to spare it.
    const own = description?.package === result.package ? description : undefined;
    const effectiveOn = own?.effectiveOn ?? result.effectiveOn;
    const collections = description?.collections.length ? description.collections : result.collections;
    const isViolation = isViolationAt(result, effectiveOn, at);
    const details = toDetails(result, description, { collections, effectiveOn }, at);
    const [term] = terms;
    return {
        isViolation,
        message: {
            ...(code === undefined ? {} : { code }),
            message: toMessage(result, effectiveOn, at),
            ...(term === undefined ? {} : { term }),
            rule: isViolation ? withAdvice(details, result) : details,
        },
        ...(code === undefined ? {} : { code }),
        terms,
        collections,
        dependsOn: own?.dependsOn ?? [],
        origin: toRuleKey(result),
    };
}
/** What an annotated rule is when it said nothing. */
function toSuccess(rule) {
    const { code, title, description, collections, dependsOn, docsUrl, effectiveOn } = rule;
    const date = effectiveOn?.instant === undefined ? undefined : effectiveOn.text;
    const details = { title, description, effectiveOn: date, collections, dependsOn, docsUrl };
    return { code, message: 'Pass', rule: judgement_withoutEmpty(details) };
}
/** A severity that is none of the two words says nothing. */
function isViolationAt(result, effectiveOn, at) {
    if (result.ruleClass === 'warning')
        return result.severity === 'failure';
    return result.severity !== 'warning' && isInEffect(effectiveOn, at);
}
function toMessage(result, effectiveOn, at) {
    const text = result.message === '' ? `${toRuleKey(result)} gave no message` : result.message;
    const isDemotedAnyway = result.ruleClass === 'warning' || result.severity === 'warning';
    if (isDemotedAnyway || effectiveOn === undefined || isInEffect(effectiveOn, at))
        return text;
    return `${withoutFullStop(text)}. It becomes a violation on ${effectiveOn.text}`;
}
function toDetails(result, description, { collections, effectiveOn }, at) {
    const isReadable = effectiveOn?.instant !== undefined;
    const isUnreadable = effectiveOn !== undefined && !isReadable;
    const dependsOn = description?.dependsOn.length ? description.dependsOn : result.dependsOn;
    const more = { ...result.more, ...(isUnreadable ? { effective_on: effectiveOn.text } : {}) };
    return judgement_withoutEmpty({
        title: description?.title ?? result.title,
        description: description?.description ?? result.description,
        solution: description?.solution ?? result.solution,
        severity: result.severity,
        effectiveOn: isReadable && !isOldNews(effectiveOn, at) ? effectiveOn.text : undefined,
        collections,
        dependsOn,
        docsUrl: description?.docsUrl,
        terms: result.terms,
        more: Object.keys(more).length > 0 ? more : undefined,
    });
}
function judgement_withoutEmpty(details) {
    const isSaid = (value) => value !== undefined && !(Array.isArray(value) && value.length === 0);
    return Object.fromEntries(Object.entries(details).filter(([, value]) => isSaid(value)));
}
/** Names what to write under `exclude` to have this very result, and no other, accepted. */
function withAdvice(details, { code, terms }) {
    if (code === undefined || details.description === undefined)
        return details;
    const all = terms.length === 0 ? [code] : terms.map((term) => `${code}:${term}`);
    const shown = all.slice(0, MAX_ADVISED_TERMS).map((one) => JSON.stringify(one));
    const more = all.length > MAX_ADVISED_TERMS ? ', …' : '';
    const which = all.length > 1 ? 'one or more of ' : '';
    const advice = `To accept this, add ${which}${shown.join(', ')}${more} to "exclude" of the policy's source.`;
    return { ...details, description: `${withoutFullStop(details.description)}. ${advice}` };
}
function withoutFullStop(text) {
    return text.endsWith('.') ? text.slice(0, -1) : text;
}

;// CONCATENATED MODULE: ./lib/src/policy/rule-result.js
// What rules evaluated to, read as results: texts, or objects with a text `msg`. Nothing else is one, and nothing that
// a policy says is left out because it is not understood.




/** Of one source group on one component, and of all groups together. */
const MAX_RESULTS = 10_000;
/** UTF-16 units of one result's JSON. */
const MAX_RESULT_LENGTH = 1024 * 1024;
/** UTF-16 units of all results' JSON. */
const MAX_RESULTS_LENGTH = 16 * 1024 * 1024;
/**
 * The results of all rules, without those that their package's `exception` names.
 * @throws ProofgateError `POLICY_FAILED`, `POLICY_LIMIT`
 */
function parseResults(values) {
    const results = [];
    let length = 0;
    for (const rule of values) {
        const ruleClass = ruleClassOf(rule.name);
        if (ruleClass === undefined || rule.value === undefined || isExcepted(rule, values))
            continue;
        if (!Array.isArray(rule.value))
            throw noResult(rule, 'gave no list of results', rule.value);
        for (const item of rule.value) {
            length += measure(rule, item);
            results.push(parseResult(rule, ruleClass, item));
            if (results.length > MAX_RESULTS)
                throw tooMuch(rule, `there are more than ${MAX_RESULTS} results`);
            if (length > MAX_RESULTS_LENGTH)
                throw tooMuch(rule, 'the results are too long together');
        }
    }
    return results;
}
/**
 * `exception` holds lists of rules' names without their prefix (`deny_x` is `x`, `deny` is the empty text), as in
 * Conftest. Of any other shape it excepts nothing.
 */
function isExcepted(rule, values) {
    const exception = values.find((one) => one.package === rule.package && one.name === EXCEPTION);
    const suffix = rule.name.replace(/^(?:deny|violation|warn)_?/, '');
    return membersOf(exception?.value).some((names) => membersOf(names).includes(suffix));
}
function membersOf(value) {
    if (Array.isArray(value))
        return value;
    return (0,exact_number/* isMapValue */.Qy)(value) ? Object.values(value) : [];
}
function parseResult(rule, ruleClass, item) {
    const { package: packageName, name } = rule;
    const origin = { package: packageName, name, ruleClass };
    if (typeof item === 'string') {
        return { ...origin, message: item, terms: [], collections: [], dependsOn: [], more: {} };
    }
    if (!(0,exact_number/* isMapValue */.Qy)(item))
        throw noResult(rule, 'gave a result that is neither a text nor an object', item);
    const members = new Map(Object.entries(item));
    const message = members.get('msg');
    if (typeof message !== 'string')
        throw noResult(rule, 'gave a result without a text "msg"', item);
    members.delete('msg');
    return {
        ...origin,
        message,
        ...takeText(members, 'code', 'code'),
        ...takeText(members, 'title', 'title'),
        ...takeText(members, 'description', 'description'),
        ...takeText(members, 'solution', 'solution'),
        ...takeText(members, 'severity', 'severity'),
        ...takeEffectiveOn(members),
        terms: takeTexts(members, 'term'),
        collections: takeTexts(members, 'collections'),
        dependsOn: takeTexts(members, 'depends_on'),
        more: Object.fromEntries(members),
    };
}
/** What was taken is gone from `members`; of another type, it stays there. */
function takeText(members, name, key) {
    const value = members.get(name);
    if (typeof value !== 'string')
        return {};
    members.delete(name);
    return value === '' ? {} : { [key]: value };
}
function takeTexts(members, name) {
    const value = members.get(name);
    const texts = rule_description_toTexts(value);
    const all = Array.isArray(value) ? value.length : 1;
    if (value === '' || texts.length === all)
        members.delete(name);
    return [...new Set(texts)];
}
function takeEffectiveOn(members) {
    const effectiveOn = parseEffectiveOn(members.get('effective_on'));
    if (effectiveOn?.instant !== undefined)
        members.delete('effective_on');
    return effectiveOn === undefined ? {} : { effectiveOn };
}
function measure(rule, item) {
    let length;
    try {
        length = JSON.stringify(item).length;
    }
    catch (cause) {
        throw tooMuch(rule, 'a result is nested too deeply', cause);
    }
    if (length > MAX_RESULT_LENGTH)
        throw tooMuch(rule, `a result is longer than ${MAX_RESULT_LENGTH} characters`);
    return length;
}
function noResult(rule, what, value) {
    const shown = (JSON.stringify(value) ?? String(value)).slice(0, 160);
    return new errors/* ProofgateError */.a0('POLICY_FAILED', `data.${rule.package}.${rule.name} ${what}: ${shown}`, {
        hint: `A rule gives a set of results, each a text or an object with "msg": mend ${rule.package}.${rule.name}.`,
    });
}
function tooMuch(rule, what, cause) {
    return new errors/* ProofgateError */.a0('POLICY_LIMIT', `data.${rule.package}.${rule.name}: ${what}`, {
        cause,
        hint: 'Let the policy report what matters once, instead of everything that it met.',
    });
}

;// CONCATENATED MODULE: ./lib/src/policy/selection.js
// What the engine is asked for: only packages of which some result may count.


/**
 * Every deciding rule of each selected package, and its `exception`. A package is selected when any of its rules may
 * count; when no rule does, all packages are: results without a code count in any case.
 */
function selectRules(book, criteria) {
    if (criteria.include.length === 0)
        return [];
    const included = book.deciding.filter((rule) => mayInclude(criteria, rule));
    const chosen = included.length > 0 ? included : book.deciding;
    const packages = new Set(chosen.map((rule) => rule.package));
    const names = new Map();
    for (const rule of book.deciding.filter((one) => packages.has(one.package))) {
        names.set(toRuleKey(rule), { package: rule.package, name: rule.name });
    }
    for (const name of book.exceptions) {
        const reference = { package: name, name: EXCEPTION };
        if (packages.has(name))
            names.set(toRuleKey(reference), reference);
    }
    return [...names.values()];
}

;// CONCATENATED MODULE: ./lib/src/policy/outcome.js
// From what rules evaluated to, to what it means for the release: violations, warnings and successes. Whatever is odd
// about a result, a violation stays one.








/**
 * @throws ProofgateError `POLICY_FAILED` (a rule gave what is no result, or was not evaluated), `POLICY_LIMIT` (too many
 *   or too large results), `POLICY_EMPTY` (nothing counts: no rule was looked at)
 */
function toVerdict(group) {
    refuseUnanswered(group);
    const { book, criteria, effectiveTime } = group;
    const results = parseResults(group.values).map((result) => judgeResult(result, book, effectiveTime));
    const kept = results.filter((result) => counts(result, group));
    const successes = passedRules(kept, group);
    if (kept.length + successes.length === 0)
        throw emptyPolicy(criteria);
    const isConsequence = consequencesOf(kept);
    const reported = kept.filter((result) => !isConsequence(result));
    const messages = (isViolation) => reported.filter((result) => result.isViolation === isViolation).map((result) => result.message);
    const passed = successes.filter((rule) => !isConsequence(rule)).map(toSuccess);
    const misspelt = unmatchedIncludes(criteria, book, results).map(toUnmatchedWarning);
    return mergeVerdicts([
        { violations: messages(true), warnings: [...messages(false), ...misspelt], successes: passed },
    ]);
}
/**
 * The verdicts of all source groups on one component as one, sorted. None at all is an empty verdict, which is no pass.
 * @throws ProofgateError `POLICY_LIMIT`
 */
function mergeVerdicts(verdicts) {
    const merged = {
        violations: verdicts.flatMap((verdict) => verdict.violations).sort(byCode),
        warnings: verdicts.flatMap((verdict) => verdict.warnings).sort(byCode),
        successes: verdicts.flatMap((verdict) => verdict.successes).sort(byCode),
    };
    const { violations, warnings, successes } = merged;
    if (violations.length + warnings.length + successes.length <= MAX_RESULTS)
        return merged;
    throw new errors/* ProofgateError */.a0('POLICY_LIMIT', `the policies gave more than ${MAX_RESULTS} results`, {
        hint: 'Let the policies report what matters once, instead of everything that they met.',
    });
}
function byCode(a, b) {
    return (compareUtf8(a.code ?? '', b.code ?? '') ||
        compareUtf8(a.term ?? '', b.term ?? '') ||
        compareUtf8(a.message, b.message));
}
/** A rule that was not evaluated found nothing, and that must not look like a pass. */
function refuseUnanswered({ book, criteria, values }) {
    const answered = new Set(values.map(toRuleKey));
    const missing = selectRules(book, criteria).find((reference) => !answered.has(toRuleKey(reference)));
    if (missing === undefined)
        return;
    throw new errors/* ProofgateError */.a0('POLICY_FAILED', `data.${missing.package}.${missing.name} was not evaluated`, {
        hint: 'This is a defect of Proofgate: please report it with the policy that you used.',
    });
}
/** A result without a code has nothing to be excluded by. */
function counts(result, { book, criteria }) {
    const { code, collections, terms } = result;
    if (code === undefined)
        return true;
    const rules = criteria.intentions === undefined ? [] : book.deciding.filter((rule) => rule.code === code);
    const isIntended = rules.length === 0 || rules.some((rule) => suitsIntentions(criteria, rule));
    return isIntended && includes(criteria, { code, collections, terms });
}
/** Annotated rules that were evaluated, count, and said nothing. */
function passedRules(kept, group) {
    const { book, criteria, values } = group;
    const evaluated = new Set(values.filter((rule) => !isExcepted(rule, values)).map(toRuleKey));
    const reported = new Set(kept.map((result) => result.code));
    // What has no code may have come from any rule of that name.
    const unclear = new Set(kept.filter((result) => result.code === undefined).map(({ origin }) => origin));
    return [...book.descriptions.values()].filter((rule) => evaluated.has(toRuleKey(rule)) &&
        !unclear.has(toRuleKey(rule)) &&
        !reported.has(rule.code) &&
        suitsIntentions(criteria, rule) &&
        includes(criteria, { ...rule, terms: [] }));
}
function toUnmatchedWarning(criterion) {
    return {
        message: `No rule of the policy matches ${JSON.stringify(criterion)}, which it includes`,
        rule: {},
    };
}
function emptyPolicy({ include }) {
    const why = include.length === 0 ? 'nothing is included for this component' : 'no rule counts for it';
    return new errors/* ProofgateError */.a0('POLICY_EMPTY', `the policy looked at nothing: ${why}`, {
        hint: 'Look at include and exclude of its source group, and whether its rules have a short_name in their METADATA.',
    });
}

;// CONCATENATED MODULE: ./lib/src/policy/policies.js
// The policies of one run, compiled and ready: one component and its proofs in, one verdict out.









class Policies {
    #options;
    #groups;
    #slots;
    constructor(options, groups) {
        this.#options = options;
        this.#groups = groups;
        this.#slots = new bounded/* Slots */.W(options.concurrency);
    }
    /**
     * Compiles every source group; there is at least one.
     * @throws ProofgateError `BAD_POLICY`, what the engine throws, or the reason of `signal`
     */
    static async open(options, signal) {
        const compiling = options.loaded.groups.map(async (loaded) => {
            const compiled = await options.engine.compile(loaded.program, signal);
            return { loaded, compiled, book: describeRules(compiled.rules) };
        });
        return new Policies(options, await Promise.all(compiling));
    }
    async evaluate(subject, signal) {
        const { images, loaded, host: createHost } = this.#options;
        const facts = await readImageFacts(images, subject.repository, subject.manifest, signal);
        return this.#slots.run(async () => {
            signal?.throwIfAborted();
            const host = createHost();
            const input = renderInput(subject, facts, loaded.specJson);
            const verdict = await this.#ask({ subject, input, host }, signal);
            return { verdict, keep: () => host.keep() };
        });
    }
    async #ask(question, signal) {
        // No group, no verdict: nothing may pass because nobody asked.
        if (this.#groups.length === 0)
            throw new errors/* ProofgateError */.a0('POLICY_EMPTY', 'the policy has no sources');
        const asked = await Promise.allSettled(this.#groups.map((group) => this.#askGroup(group, question, signal)));
        signal?.throwIfAborted();
        const failed = asked.find((group) => group.status === 'rejected');
        const merged = mergeVerdicts(asked.flatMap((group) => (group.status === 'fulfilled' ? group.value : [])));
        return {
            ...merged,
            ...(failed === undefined ? {} : { failure: (0,errors/* toProofgateError */.zt)(failed.reason) }),
            ...(this.#options.keepInput ? { input: question.input } : {}),
        };
    }
    async #askGroup({ loaded, compiled, book }, { subject, input, host }, signal) {
        const { effectiveTime } = this.#options;
        const { name, repository, manifest, attestations } = subject;
        const component = { name, repository, digest: manifest.digest };
        const { configuration } = this.#options.loaded;
        const criteria = criteriaFor(loaded, configuration, component, effectiveTime.ms);
        const rules = selectRules(book, criteria);
        const { values } = await evaluate(compiled, input, rules, host, signal);
        return toVerdict({
            book,
            criteria,
            values,
            effectiveTime: (0,effective_time/* effectiveTimeOf */.I4)(effectiveTime, attestations),
        });
    }
}
/** Nothing selected is nothing to ask; whoever judges says what that means. */
async function evaluate(compiled, input, rules, host, signal) {
    if (rules.length === 0)
        return { values: [] };
    return compiled.evaluate(input, rules, host.functions, signal);
}

// EXTERNAL MODULE: ./lib/src/base/digest.js
var base_digest = __webpack_require__(35032);
// EXTERNAL MODULE: ./lib/src/oci/loopback.js
var loopback = __webpack_require__(66455);
;// CONCATENATED MODULE: ./lib/src/policy/sources/source-text.js
// What source URLs of all kinds have in common: the folder in a source, what may be printed, what is said when one is bad.

const FORMS = 'Write oci::host/repository@sha256:…, git::https://host/repository//folder?ref=…, https://host/file, or a path.';
const MAX_SHOWN = 300;
const MAX_PATH = 1024;
/** Without credentials, and without the values of a query that is not git's. */
function showUrl(text) {
    const shown = text.replaceAll(/:\/\/[^/@\s]*@/g, '://');
    // Cut last: half of a credential is not known for one.
    return shown.replaceAll(/([?&])(?!ref=|depth=)([^=&#]*)=[^&#]*/g, '$1$2=REDACTED').slice(0, MAX_SHOWN);
}
function badSource(text, why, hint = FORMS, cause) {
    return new errors/* ProofgateError */.a0('BAD_POLICY', `the source ${showUrl(text)}: ${why}`, { hint, cause });
}
/** Nobody could look: another run may get it. */
function unavailable(text, why, hint, cause) {
    return new errors/* ProofgateError */.a0('POLICY_UNAVAILABLE', `the source ${showUrl(text)}: ${why}`, { hint, cause });
}
/**
 * A folder in a source, normalized; '' is the whole source.
 * @throws ProofgateError `BAD_POLICY` when it leaves the source
 */
function parseFolder(text, url) {
    const parts = text.split('/').filter((part) => part !== '' && part !== '.');
    if (isInside(parts.join('/')) || parts.length === 0)
        return parts.join('/');
    throw badSource(url, `the folder ${JSON.stringify(text.slice(0, 160))} is not one in the source`);
}
/** True for a plain relative path with `/`, which cannot leave its folder on any system. */
function isInside(path) {
    const parts = path.split('/');
    if (path.length > MAX_PATH || /[\\\p{Cc}]/u.test(path) || /^[A-Za-z]:/.test(path))
        return false;
    return parts.every((part) => part !== '' && part !== '.' && part !== '..');
}
/** Rego that is no test, and data: nothing else of a source is looked at. */
function isWanted(path) {
    return /\.(?:rego|json|ya?ml)$/.test(path) && !path.endsWith('_test.rego');
}

;// CONCATENATED MODULE: ./lib/src/policy/sources/git-url.js
// Git's part of source URLs: which repository, which revision, which folder. Nothing that comes out of here can be taken
// for an option, a second refspec or another protocol by the git program.

const FORGES = /^(?:https:\/\/)?(?:www\.)?(?:github\.com|gitlab\.com|bitbucket\.org)\//i;
const SCP = /^[A-Za-z0-9_][\w.-]*@[A-Za-z0-9][\w.-]*:(?![-/]*\/\/)[^-\s][^\s]*$/;
const SCHEME = /^[A-Za-z][A-Za-z0-9+.-]*:\/\//;
const USER = /^[A-Za-z0-9_][\w.-]*$/;
const REF = /^[A-Za-z0-9_][\w./@#+,=-]{0,254}$/;
/** Conforma takes these for git without `git::`. */
function isGitForm(text) {
    const [path = ''] = text.split('?');
    return FORGES.test(text) || SCP.test(path) || /^ssh:\/\//i.test(text) || /[^/]\.git(?:\/\/.*)?$/.test(path);
}
/**
 * `[https://|ssh://|file://]host/path[//folder][?ref=…&depth=…][//folder]`, `user@host:path…` or a path.
 * @param url as the user wrote it, for messages
 * @throws ProofgateError `BAD_POLICY`
 */
function parseGitUrl(text, url) {
    const question = text.indexOf('?');
    const before = question < 0 ? text : text.slice(0, question);
    const [query = '', ...after] = question < 0 ? [''] : text.slice(question + 1).split('//');
    const scheme = SCHEME.exec(before)?.[0] ?? '';
    const [path = '', ...inside] = before.slice(scheme.length).split('//');
    if (inside.length > 0 && after.length > 0)
        throw badSource(url, 'it names two folders');
    const folder = parseFolder([...inside, ...after].join('/'), url);
    return { ...parseRemote(scheme.toLowerCase(), path, url), ref: parseRef(query, url), folder };
}
/** The form that names this commit, and no other, for ever. */
function pinGitUrl({ remote, folder }, commit) {
    return `git::${remote.replace(/^https:\/\//, '')}${folder === '' ? '' : `//${folder}`}?ref=${commit}`;
}
function parseRemote(scheme, path, url) {
    if (scheme === 'file://' || (scheme === '' && /^(?:\/|\.{1,2}(?:\/|$))/.test(path))) {
        if (scheme !== '' && !path.startsWith('/'))
            throw badSource(url, 'it names another machine');
        return { remote: path, isLocal: true };
    }
    if (scheme === '' && SCP.test(path))
        return { remote: path, isLocal: false };
    if (scheme !== '' && scheme !== 'https://' && scheme !== 'ssh://') {
        throw badSource(url, `git is asked over https and ssh only, not ${scheme}`);
    }
    return { remote: parseNetworkRemote(`${scheme || 'https://'}${path}`, url), isLocal: false };
}
function parseNetworkRemote(text, url) {
    const remote = URL.parse(text);
    if (remote === null || remote.pathname.length < 2)
        throw badSource(url, 'it names no git repository');
    if (remote.hash !== '')
        throw badSource(url, 'it has a fragment', 'Write a revision as ?ref=….');
    if (remote.password !== '' || (remote.protocol === 'https:' && remote.username !== '')) {
        const hint = 'Leave them out: git asks its credential helpers.';
        throw badSource(url, 'it holds credentials, and the report names every source', hint);
    }
    const isPlain = remote.username === '' || USER.test(remote.username);
    if (!isPlain || remote.hostname.startsWith('-'))
        throw badSource(url, 'its host or user is malformed');
    return remote.href;
}
function parseRef(query, url) {
    const values = new Map();
    for (const pair of query.split('&').filter((text) => text !== '')) {
        const [key = '', value = ''] = pair.split(/=(.*)/s);
        // `depth` is taken and not needed: only one commit is fetched.
        if (!['ref', 'depth'].includes(key))
            throw badSource(url, `git has no parameter ${JSON.stringify(key)}`);
        if (values.has(key))
            throw badSource(url, `it has ${key} twice`);
        values.set(key, git_url_decode(value, url));
    }
    const ref = values.get('ref');
    if (ref === undefined || (REF.test(ref) && !/\.\.|\/\/|\/$|\.lock$/.test(ref)))
        return ref;
    throw badSource(url, `${JSON.stringify(ref.slice(0, 160))} is no revision`, 'Give a branch, a tag or a full commit.');
}
function git_url_decode(value, url) {
    try {
        return decodeURIComponent(value);
    }
    catch {
        throw badSource(url, 'its query is malformed');
    }
}

;// CONCATENATED MODULE: ./lib/src/policy/sources/source-url.js
// The forms in which Conforma's users name a source (go-gather's, and go-getter's before): text → what is meant by it.
// Pure: whether it is there, and what it pins to, is found out by whoever fetches it.





const MAX_LENGTH = 4096;
const FORCED = /^([A-Za-z0-9+.-]+)::(.*)$/s;
const source_url_SCHEME = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//;
const INSECURE = new Set(['http', 'git', 'ftp']);
/** Registries that Conforma knows without `oci::`. */
const REGISTRIES = [
    /^quay\.io$/,
    /^registry\.gitlab\.com$/,
    /(?:^|\.)gcr\.io$/,
    /\.azurecr\.io$/,
    /\.pkg\.dev$/,
    /^\d+\.dkr\.ecr(?:-fips)?\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?$/,
];
/**
 * @param text as the user wrote it
 * @throws ProofgateError `BAD_POLICY`: unknown form, an insecure protocol, credentials in it, a path that leaves its folder
 */
function parseSourceUrl(text) {
    const hasControl = /\p{Cc}/u.test(text);
    if (text === '' || text.length > MAX_LENGTH || hasControl)
        throw badSource(text, 'it is no URL and no path');
    const [, forced, rest = text] = FORCED.exec(text) ?? [];
    const scheme = source_url_SCHEME.exec(rest)?.[1]?.toLowerCase();
    refuseInsecure(text, forced?.toLowerCase(), scheme);
    switch (forced?.toLowerCase()) {
        case 'oci':
            return { type: 'oci', reference: parseImage(text, rest) };
        case 'git':
            return { type: 'git', ...parseGitUrl(rest, text) };
        case 'file':
            return { type: 'local', path: toPath(rest) };
        case undefined:
            return parsePlain(text, scheme);
        default:
            throw badSource(text, `${forced}:: is not supported`);
    }
}
function refuseInsecure(text, forced, scheme) {
    const insecure = forced === 'http' ? forced : scheme;
    if (insecure === undefined || !INSECURE.has(insecure))
        return;
    const why = `${insecure} is insecure: whoever is in between can change the policy`;
    throw badSource(text, why, 'Use https, or ssh for git.');
}
function parsePlain(text, scheme) {
    if (scheme === 'oci')
        return { type: 'oci', reference: parseImage(text, text) };
    if (scheme === 'file')
        return { type: 'local', path: toPath(text) };
    if (isGitForm(text))
        return { type: 'git', ...parseGitUrl(text, text) };
    if (scheme === 'https')
        return parseHttps(text);
    if (scheme !== undefined)
        throw badSource(text, `${scheme} is not supported`);
    // Before any path: a folder that somebody put beside the command must not take the place of a registry.
    const host = text.split('/', 1)[0]?.toLowerCase() ?? '';
    const name = host.replace(/:\d+$/, '');
    const isRegistry = REGISTRIES.some((registry) => registry.test(name)) || (0,loopback/* isLoopback */.U)(name);
    if (text.includes('/') && isRegistry)
        return { type: 'oci', reference: parseImage(text, text) };
    return { type: 'local', path: text };
}
function parseImage(text, rest) {
    try {
        return (0,oci_reference/* parseReference */.F2)(rest.replace(/^(?:oci|https):\/\//i, ''));
    }
    catch (error) {
        if (!(error instanceof errors/* ProofgateError */.a0))
            throw error;
        throw badSource(text, error.message, error.hint);
    }
}
function parseHttps(text) {
    const url = URL.parse(text);
    if (url === null)
        throw badSource(text, 'it is no URL');
    if (url.username !== '' || url.password !== '') {
        throw badSource(text, 'it holds credentials, and the report names every source', 'Leave them out.');
    }
    const [path = '', ...folder] = url.pathname.split(/(?<!^)\/\//);
    url.pathname = path;
    url.hash = '';
    return { type: 'https', url, folder: parseFolder(folder.join('/'), text) };
}
function toPath(text) {
    const path = text.replace(/^file:\/\//i, '');
    if (path === '')
        throw badSource(text, 'it names no file');
    return path;
}

;// CONCATENATED MODULE: ./lib/src/policy/bundle-digest.js
// Pins the release policy that a configuration names by its moving tag (Conforma's POLICY_BUNDLE_DIGEST).




const TAG = 'konflux';
/**
 * Replaces `:konflux` by the digest in every policy image that has that tag and no digest yet.
 * @param text a digest, or the hex of a sha256 alone
 * @throws ProofgateError `BAD_OPTION`: no digest, or the configuration names no image with that tag; `BAD_POLICY`
 */
function withBundleDigest(config, text) {
    const digest = text.includes(':') ? text : `sha256:${text}`;
    if (!(0,base_digest/* isDigest */.Bc)(digest)) {
        throw new errors/* ProofgateError */.a0('BAD_OPTION', `policy-bundle-digest is no digest: ${JSON.stringify(text.slice(0, 160))}`);
    }
    const replaced = new Map();
    for (const url of config.sources.flatMap(({ policy }) => policy)) {
        const source = parseSourceUrl(url);
        if (source.type !== 'oci' || source.reference.tag !== TAG)
            continue;
        const { repository, digest: pinnedAlready } = source.reference;
        replaced.set(url, pinnedAlready === undefined ? `oci::${(0,oci_reference/* formatRepository */.Sh)(repository)}@${digest}` : url);
    }
    if (replaced.size === 0) {
        throw new errors/* ProofgateError */.a0('BAD_OPTION', `policy-bundle-digest: the policy has no image with the tag ${TAG}`, {
            hint: 'Write the digest into the policy itself: oci::host/repository@sha256:….',
        });
    }
    return replaceUrls(config, replaced);
}
function replaceUrls(config, replaced) {
    const replace = (urls) => urls.map((url) => replaced.get(url) ?? url);
    const sources = config.sources.map((group) => ({ ...group, policy: replace(group.policy) }));
    const raw = Array.isArray(config.spec.sources) ? config.spec.sources : [];
    const spec = {
        ...config.spec,
        sources: sources.map(({ policy }, index) => ({ ...raw[index], policy })),
    };
    return { ...config, sources, spec };
}

// EXTERNAL MODULE: ./node_modules/zod/v4/core/core.js
var core = __webpack_require__(88532);
;// CONCATENATED MODULE: ./lib/src/policy/config.js
// An EnterpriseContractPolicy (Conforma's custom resource): its text → one frozen PolicyConfig. Fetches nothing.







/** A policy's text is at most this long. */
const MAX_POLICY_BYTES = 4 * 1024 * 1024;
const config_MAX_YAML_BYTES = 1024 * 1024;
const MAX_GROUPS = 100;
const MAX_URLS = 100;
const MAX_CRITERIA = 10_000;
const MAX_TEXT = 4096;
const MAX_PROBLEMS = 10;
const API_GROUP = 'appstudio.redhat.com/';
const KIND = 'EnterpriseContractPolicy';
const config_text = schemas/* string */.YjP().max(MAX_TEXT);
const someText = config_text.min(1, 'is empty');
const texts = (most) => schemas/* array */.YOg(someText).max(most).default([]);
const optional = (schema) => schema.optional().transform((value) => value);
const digest = schemas/* string */.YjP().refine(base_digest/* isDigest */.Bc, 'is no sha256 digest');
const instantMs = config_text.transform((value, context) => {
    const instant = (0,effective_time/* parseInstant */.nV)(value);
    if (instant !== undefined)
        return instant.ms;
    // Conforma skips such an entry, and so drops an exclusion (or an inclusion) that somebody counts on.
    context.addIssue({ code: 'custom', message: 'is neither a date (2026-01-31) nor a time of RFC 3339' });
    return core/* NEVER */.tm;
});
const bareRepository = config_text.transform((value, context) => {
    try {
        const { repository } = (0,oci_reference/* parseReference */.F2)(value);
        // Tag and digest both have the last colon.
        if (!/:[^/]*$/.test(value))
            return repository;
    }
    catch { }
    context.addIssue({ code: 'custom', message: 'is no repository (host/name, without tag and digest)' });
    return core/* NEVER */.tm;
});
const volatileCriterion = schemas/* strictObject */.rej({
    value: someText,
    effectiveOn: optional(instantMs),
    effectiveUntil: optional(instantMs),
    imageRef: optional(digest),
    imageDigest: optional(digest),
    imageUrl: optional(bareRepository),
    componentNames: optional(schemas/* array */.YOg(someText).min(1, 'is empty').max(MAX_CRITERIA)),
    reference: optional(config_text),
})
    .transform(({ value, effectiveOn, effectiveUntil, reference, ...scopes }, context) => {
    const given = Object.entries(scopes).flatMap(([key, scope]) => (scope === undefined ? [] : [key]));
    if (given.length > 1)
        context.addIssue({ code: 'custom', message: `has both ${given.join(' and ')}` });
    const scope = toScope(scopes);
    return { value, effectiveOnMs: effectiveOn, effectiveUntilMs: effectiveUntil, scope, reference };
});
const criteria = { include: texts(MAX_CRITERIA), exclude: texts(MAX_CRITERIA) };
const volatileList = schemas/* array */.YOg(volatileCriterion).max(MAX_CRITERIA).default([]);
const group = {
    name: optional(config_text),
    policy: schemas/* array */.YOg(someText).min(1, 'names no policy').max(MAX_URLS),
    data: texts(MAX_URLS),
    // Taken as it is: zod would copy it, and a number that keeps its digits is an object to it.
    ruleData: optional(schemas/* custom */.IeY(exact_number/* isMapValue */.Qy, 'is no map')),
    config: optional(schemas/* strictObject */.rej(criteria)),
    volatileConfig: optional(schemas/* strictObject */.rej({ include: volatileList, exclude: volatileList })),
};
const spec = {
    name: optional(config_text),
    description: optional(config_text),
    configuration: optional(schemas/* strictObject */.rej({ ...criteria, collections: texts(MAX_CRITERIA) })),
    rekorUrl: optional(config_text),
    publicKey: optional(schemas/* string */.YjP().max(MAX_POLICY_BYTES)),
    identity: optional(schemas/* strictObject */.rej({
        subject: optional(config_text),
        subjectRegExp: optional(config_text),
        issuer: optional(config_text),
        issuerRegExp: optional(config_text),
    })),
};
const specOf = {
    refused: schemas/* strictObject */.rej({ ...spec, sources: schemas/* array */.YOg(schemas/* strictObject */.rej(group)).max(MAX_GROUPS).default([]) }),
    // A cluster's resources may be newer than we are. What narrows something, a criterion or an identity, stays strict:
    // without the member that is not known it would mean more than was written.
    ignored: schemas/* object */.Ikc({ ...spec, sources: schemas/* array */.YOg(schemas/* object */.Ikc(group)).max(MAX_GROUPS).default([]) }),
};
/**
 * Reads JSON or YAML: the bare spec, or the whole custom resource.
 * @param name what errors call the text
 * @param unknownMembers of the spec and of its sources; everywhere else they are always refused
 * @throws ProofgateError `BAD_POLICY`, which names each wrong member
 */
function parsePolicyConfig(content, name, { unknownMembers = 'refused' } = {}) {
    const refuse = (why) => badPolicy(name, why);
    const limits = { maxBytes: MAX_POLICY_BYTES, maxYamlBytes: config_MAX_YAML_BYTES };
    const value = (0,structured_text/* parseStructuredText */.S)(content, { ...limits, numbers: 'exact', refuse });
    const { raw, path } = findSpec(value, refuse);
    const parsed = specOf[unknownMembers].safeParse(raw);
    if (!parsed.success)
        throw refuse(describe(parsed.error.issues, path));
    const { sources, configuration, publicKey, rekorUrl, identity } = parsed.data;
    return deepFreeze({
        sources: sources,
        configuration,
        publicKey,
        rekorUrl,
        identity: identity,
        spec: raw,
    });
}
function findSpec(value, refuse) {
    if (!(0,exact_number/* isMapValue */.Qy)(value))
        throw refuse('it is no map');
    const { apiVersion, kind, spec: inner } = value;
    if (apiVersion === undefined)
        return { raw: value, path: [] };
    const isOurs = typeof apiVersion === 'string' && apiVersion.startsWith(API_GROUP) && kind === KIND;
    if (!isOurs)
        throw refuse(`it is a custom resource, and no ${KIND} of ${API_GROUP}v1alpha1`);
    if (!(0,exact_number/* isMapValue */.Qy)(inner))
        throw refuse('its spec is no map');
    return { raw: inner, path: ['spec'] };
}
/** CRD rule: at most one of them; a longer list never gets here. */
function toScope(scopes) {
    const named = scopes.imageRef ?? scopes.imageDigest;
    if (named !== undefined)
        return { type: 'digest', digest: named };
    if (scopes.imageUrl !== undefined)
        return { type: 'repository', repository: scopes.imageUrl };
    if (scopes.componentNames !== undefined)
        return { type: 'components', names: scopes.componentNames };
    return { type: 'all' };
}
function describe(issues, prefix) {
    const lines = issues.slice(0, MAX_PROBLEMS).map((issue) => {
        const path = formatPath([...prefix, ...issue.path]);
        if (issue.code !== 'unrecognized_keys')
            return `${path || 'it'}: ${issue.message}`;
        const keys = issue.keys.slice(0, MAX_PROBLEMS).map((key) => formatPath([...prefix, ...issue.path, key]));
        return `unknown ${keys.join(', ')}`;
    });
    return lines.join('; ');
}
function formatPath(path) {
    return path
        .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part).slice(0, 80)}`))
        .join('')
        .replace(/^\./, '');
}
function deepFreeze(value) {
    if (value === null || typeof value !== 'object' || Object.isFrozen(value))
        return value;
    for (const member of Object.values(value))
        deepFreeze(member);
    return Object.freeze(value);
}
/** Every problem of a policy's configuration names it. */
function badPolicy(name, why, cause) {
    return new errors/* ProofgateError */.a0('BAD_POLICY', `the policy ${name}: ${why}`, {
        cause,
        hint: 'A policy is the spec of an EnterpriseContractPolicy: {"sources": [{"policy": [URL, …], "data": [URL, …]}]}.',
    });
}

;// CONCATENATED MODULE: ./lib/src/policy/data.js
// The base document of a source group: the files of its data sources, merged, and what the run itself has to say. It is
// made as text, so that no number loses a digit on its way to the evaluator.



/** Data is the user's own, and large: lists of trusted tasks have some MiB. */
const data_MAX_FILE_BYTES = 32 * 1024 * 1024;
const data_MAX_YAML_BYTES = 8 * 1024 * 1024;
const MAX_DATA_BYTES = 128 * 1024 * 1024;
/** What the run writes: data that could set it could choose whom to trust. */
const RESERVED = ['config', 'rule_data__configuration__'];
/**
 * Every map is merged with those of the same place in other files; anything else that two files set is an error, equal
 * values too. Folders make no keys: what a file says is at the top.
 * @returns JSON text
 * @throws ProofgateError `BAD_POLICY`, which names the file, or both
 */
function mergeData(trees, ruleData, context) {
    const merger = new Merger();
    for (const tree of trees) {
        const files = tree.files.filter(({ path }) => /\.(?:json|ya?ml)$/.test(path));
        if (files.length === 0)
            throw badData(tree.url, 'it has no data file (.json, .yaml, .yml)');
        for (const file of files)
            merger.add(parseDocument(tree, file));
    }
    const data = Object.assign(Object.create(null), merger.data, {
        config: {
            policy: { when_ns: JSON.rawJSON(String(context.effectiveTime.ns)) },
            default_sigstore_opts: context.sigstore,
        },
        ...(ruleData === undefined ? {} : { rule_data__configuration__: ruleData }),
    });
    const text = render(data);
    if (Buffer.byteLength(text) <= MAX_DATA_BYTES)
        return text;
    throw new errors/* ProofgateError */.a0('BAD_POLICY', `the data of a source group has more than ${MAX_DATA_BYTES} bytes`);
}
function parseDocument(tree, { path, bytes }) {
    const name = `${tree.url}: ${path}`;
    const refuse = (why) => badData(name, why);
    const maxYamlBytes = path.endsWith('.json') ? 0 : data_MAX_YAML_BYTES;
    const limits = { maxBytes: data_MAX_FILE_BYTES, maxYamlBytes };
    const value = (0,structured_text/* parseStructuredText */.S)(toText(bytes, refuse), { ...limits, numbers: 'exact', refuse });
    if (!(0,exact_number/* isMapValue */.Qy)(value))
        throw refuse('it is no map');
    const reserved = RESERVED.find((key) => Object.hasOwn(value, key));
    if (reserved !== undefined)
        throw refuse(`it sets ${reserved}, which only Proofgate itself may`);
    return { name, value };
}
/** @throws what `refuse` makes, for what is no UTF-8 */
function toText(bytes, refuse) {
    try {
        return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    }
    catch {
        throw refuse('it is no UTF-8');
    }
}
class Merger {
    /** Without a prototype: any key may be set. */
    data = Object.create(null);
    #documents = [];
    /** Maps that were made here: what was parsed stays as it is, to tell later who had set what. */
    #own = new WeakSet([this.data]);
    add(document) {
        this.#merge(this.data, document.value, [], document.name);
        this.#documents.push(document);
    }
    #merge(target, source, path, name) {
        for (const [key, value] of Object.entries(source)) {
            const there = target[key];
            if (there === undefined) {
                target[key] = value;
            }
            else if ((0,exact_number/* isMapValue */.Qy)(there) && (0,exact_number/* isMapValue */.Qy)(value)) {
                const own = this.#toOwn(there);
                target[key] = own;
                this.#merge(own, value, [...path, key], name);
            }
            else {
                throw this.#clash([...path, key], name);
            }
        }
    }
    #toOwn(map) {
        if (this.#own.has(map))
            return map;
        const own = Object.assign(Object.create(null), map);
        this.#own.add(own);
        return own;
    }
    #clash(path, name) {
        const other = this.#documents.find(({ value }) => isSet(value, path))?.name ?? 'another file';
        const key = JSON.stringify(path.join('.').slice(0, 160));
        return badData(name, `it sets ${key}, which ${other} sets too`);
    }
}
function isSet(value, path) {
    let at = value;
    for (const key of path) {
        if (!(0,exact_number/* isMapValue */.Qy)(at) || !Object.hasOwn(at, key))
            return !(0,exact_number/* isMapValue */.Qy)(at);
        at = at[key];
    }
    return true;
}
function render(data) {
    try {
        return JSON.stringify(data);
    }
    catch (cause) {
        // Nested too deeply for a stack, or longer than a string may be.
        throw new errors/* ProofgateError */.a0('BAD_POLICY', `the data of a source group cannot be written: ${String(cause)}`, {
            cause,
        });
    }
}
function badData(name, why) {
    return new errors/* ProofgateError */.a0('BAD_POLICY', `the policy data ${name}: ${why}`, {
        hint: 'Data files are maps, merged key by key: no two may set the same value.',
    });
}

;// CONCATENATED MODULE: ./lib/src/policy/rule-data.js
// Data that the user gives beside the policy: `key=value`, for every source group.

/**
 * Splits at the first `=`. The last of equal keys wins.
 * @throws ProofgateError `BAD_OPTION`
 */
function parseExtraRuleData(items) {
    const entries = items.map((item) => {
        const [key = '', value] = item.split(/=(.*)/s);
        if (key !== '' && value !== undefined)
            return [key, value];
        throw new errors/* ProofgateError */.a0('BAD_OPTION', `${JSON.stringify(item.slice(0, 160))} is no rule data`, {
            hint: 'Write key=value.',
        });
    });
    return new Map(entries);
}
/** The configuration with these keys set, as texts, in the rule data of every group: they win. */
function withRuleData(config, extra) {
    if (extra.size === 0)
        return config;
    const added = Object.fromEntries(extra);
    const raw = Array.isArray(config.spec.sources) ? config.spec.sources : [];
    const merge = (ruleData) => Object.assign(Object.create(null), ruleData, added);
    const toGroup = (group) => ({ ...group, ruleData: merge(group.ruleData) });
    const toRaw = (group, index) => ({ ...raw[index], ruleData: merge(group.ruleData) });
    return {
        ...config,
        sources: config.sources.map(toGroup),
        spec: { ...config.spec, sources: config.sources.map(toRaw) },
    };
}

// EXTERNAL MODULE: external "node:fs"
var external_node_fs_ = __webpack_require__(73024);
// EXTERNAL MODULE: external "node:fs/promises"
var promises_ = __webpack_require__(51455);
;// CONCATENATED MODULE: ./lib/src/policy/sources/source-tools.js
const source_tools_MIB = 1024 * 1024;
const DEFAULT_SOURCE_LIMITS = {
    fetchMs: 300_000,
    concurrency: 8,
    files: 20_000,
    fileBytes: 32 * source_tools_MIB,
    sourceBytes: 128 * source_tools_MIB,
    depth: 32,
};
function limitsOf(tools) {
    return { ...DEFAULT_SOURCE_LIMITS, ...tools.limits };
}

// EXTERNAL MODULE: external "node:crypto"
var external_node_crypto_ = __webpack_require__(77598);
;// CONCATENATED MODULE: ./lib/src/policy/sources/tree-builder.js
// Files of a source on their way into its SourceTree: what is wanted of them, whether their names are safe, how many and
// how large they may be.


class TreeBuilder {
    #url;
    #folder;
    #limits;
    #files = new Map();
    #entries = 0;
    #bytes = 0;
    /** @param folder of the source, whose files alone count; also the path of a single file in it */
    constructor(url, folder, limits) {
        this.#url = url;
        this.#folder = folder;
        this.#limits = limits;
    }
    /** Counts a folder. @throws ProofgateError `BAD_POLICY` when there are too many, or it is nested too deeply */
    enter(path) {
        this.#count();
        this.#refuseDeeper(path);
    }
    /**
     * The file's path below the folder; undefined when nobody wants it. Counts it.
     * @param path as the source says it
     * @throws ProofgateError `BAD_POLICY` when the name could lead elsewhere, or there are too many
     */
    admit(path) {
        this.#count();
        // Some say `./name`: that is a spelling, what else is odd is not.
        const name = path.replace(/^(?:\.\/)+/, '');
        if (!isWanted(name))
            return undefined;
        if (!isInside(name))
            throw this.#refuse(`the file name ${JSON.stringify(path.slice(0, 160))} is not safe`);
        this.#refuseDeeper(name);
        if (this.#folder === '')
            return name;
        if (name === this.#folder)
            return name.slice(name.lastIndexOf('/') + 1);
        return name.startsWith(`${this.#folder}/`) ? name.slice(this.#folder.length + 1) : undefined;
    }
    /** How many bytes the next file may have. @throws ProofgateError `BAD_POLICY` when it has more */
    expect(path, size) {
        const { fileBytes, sourceBytes } = this.#limits;
        if (size > fileBytes)
            throw this.#refuse(`${path} has more than ${fileBytes} bytes`);
        if (this.#bytes + size > sourceBytes)
            throw this.#refuse(`its files have more than ${sourceBytes} bytes`);
    }
    /** @param path as `admit` gave it @throws ProofgateError `BAD_POLICY` when it is there already, or too large */
    add(path, bytes) {
        this.expect(path, bytes.length);
        if (this.#files.has(path))
            throw this.#refuse(`it has the file ${path} twice`);
        this.#bytes += bytes.length;
        this.#files.set(path, bytes);
    }
    /** @throws ProofgateError `BAD_POLICY` when there is nothing in it that a policy could use */
    build(pinned) {
        const at = this.#folder === '' ? '' : ` in ${this.#folder}`;
        if (this.#files.size === 0)
            throw this.#refuse(`it has no .rego, .json, .yaml or .yml file${at}`);
        const files = [...this.#files].map(([path, bytes]) => ({ path, bytes }));
        files.sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
        return { url: showUrl(this.#url), pinned, fingerprint: fingerprintOf(files), files };
    }
    #count() {
        const { files } = this.#limits;
        this.#entries += 1;
        if (this.#entries > files)
            throw this.#refuse(`it has more than ${files} files and folders`);
    }
    #refuseDeeper(path) {
        const { depth } = this.#limits;
        if (path.split('/').length > depth)
            throw this.#refuse(`its folders are nested more than ${depth} deep`);
    }
    #refuse(why) {
        return badSource(this.#url, why, 'Check the path and the folder that the URL names.');
    }
}
/** Lengths before contents: no two lists of files have one text. */
function fingerprintOf(files) {
    const hash = (0,external_node_crypto_.createHash)('sha256');
    for (const { path, bytes } of files) {
        hash
            .update(`${Buffer.byteLength(path)} ${bytes.length}\n`)
            .update(path)
            .update(bytes);
    }
    return hash.digest('hex');
}

;// CONCATENATED MODULE: ./lib/src/policy/sources/local-source.js
// A file or folder of this machine. The user named it: where it leads is the user's choice; what lies in it may only lead
// to what lies in it.







/** A pipe must not make us wait. */
const READ = external_node_fs_.constants.O_RDONLY | (external_node_fs_.constants.O_NONBLOCK ?? 0);
/** @throws ProofgateError `BAD_POLICY`: not there, unreadable, a link that leads outside, too much of it */
async function readLocalSource(url, path, tools, signal) {
    const limits = limitsOf(tools);
    const builder = new TreeBuilder(url, '', limits);
    try {
        const root = await (0,promises_.realpath)(path);
        if ((await (0,promises_.stat)(root)).isDirectory())
            await readFolder(root, builder, limits, signal);
        else
            await readInto(root, (0,external_node_path_.basename)(path), builder, limits);
    }
    catch (error) {
        signal.throwIfAborted();
        if (error instanceof errors/* ProofgateError */.a0)
            throw error;
        const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
        const hint = 'Give a path that is there, relative to the working directory, or name an image with oci:: and a repository with git::.';
        throw badSource(url, `it cannot be read as a file or folder (${code})`, hint, error);
    }
    return builder.build(`file::${path}`);
}
/** True when something that is no folder is there. Never throws. */
async function isLocalFile(path) {
    const found = await (0,promises_.stat)(path).catch(() => undefined);
    return found !== undefined && !found.isDirectory();
}
async function readFolder(root, builder, limits, signal) {
    const folders = [root];
    for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
        for await (const entry of await (0,promises_.opendir)(folder)) {
            signal.throwIfAborted();
            const path = (0,external_node_path_.join)(folder, entry.name);
            const name = (0,external_node_path_.relative)(root, path).replaceAll(external_node_path_.sep, '/');
            // What git keeps there is nobody's policy.
            if (!entry.isDirectory())
                await readInto(path, name, builder, limits, root);
            else if (entry.name !== '.git') {
                builder.enter(name);
                folders.push(path);
            }
        }
    }
}
/** Links to folders are not followed, as Conforma does not: a folder could contain itself. */
async function readInto(path, name, builder, limits, root) {
    const admitted = builder.admit(name);
    if (admitted === undefined)
        return;
    const target = await (0,promises_.realpath)(path);
    const isOutside = root !== undefined && !target.startsWith(root.endsWith(external_node_path_.sep) ? root : root + external_node_path_.sep);
    if (isOutside)
        throw new errors/* ProofgateError */.a0('BAD_POLICY', `the policy file ${path} is a link out of ${root}`);
    if ((await (0,promises_.lstat)(target)).isDirectory())
        return;
    const handle = await (0,promises_.open)(target, READ);
    try {
        const stats = await handle.stat();
        if (!stats.isFile())
            throw new errors/* ProofgateError */.a0('BAD_POLICY', `the policy file ${path} is no regular file`);
        builder.expect(admitted, stats.size);
        builder.add(admitted, await readBounded(handle, stats.size, limits));
    }
    finally {
        await handle.close();
    }
}
/** A file may grow while it is read. */
async function readBounded(handle, size, limits) {
    const space = Buffer.alloc(Math.min(size, limits.fileBytes));
    let length = 0;
    while (length < space.length) {
        const { bytesRead } = await handle.read(space, length, space.length - length, length);
        if (bytesRead === 0)
            break;
        length += bytesRead;
    }
    return space.subarray(0, length);
}

// EXTERNAL MODULE: external "node:os"
var external_node_os_ = __webpack_require__(48161);
;// CONCATENATED MODULE: ./lib/src/policy/sources/folder-guard.js
// Watches how much a program writes to a folder, where the program has no bound of its own.


const LOOK_EVERY_MS = 100;
/** Looks several times a second: what is written in between is the price. */
function folderGuard(folder, maxBytes, outer) {
    const controller = new AbortController();
    const tooMuch = () => controller.abort(new RangeError(`it transfers more than ${maxBytes} bytes`));
    let isLooking = false;
    const timer = setInterval(() => {
        if (isLooking)
            return;
        isLooking = true;
        sizeOf(folder)
            .then((bytes) => bytes > maxBytes && tooMuch())
            .finally(() => {
            isLooking = false;
        });
    }, LOOK_EVERY_MS);
    return { signal: AbortSignal.any([outer, controller.signal]), stop: () => clearInterval(timer) };
}
async function sizeOf(folder) {
    let bytes = 0;
    try {
        for await (const entry of await (0,promises_.opendir)(folder, { recursive: true })) {
            const file = entry.isFile()
                ? await (0,promises_.stat)((0,external_node_path_.join)(entry.parentPath, entry.name)).catch(() => undefined)
                : undefined;
            bytes += file?.size ?? 0;
        }
    }
    catch { } // Folders come and go.
    return bytes;
}

// EXTERNAL MODULE: external "node:child_process"
var external_node_child_process_ = __webpack_require__(31421);
;// CONCATENATED MODULE: ./lib/src/policy/sources/git-program.js
// The `git` program: without a shell, in a process group of its own that ends with us, with bounded output, and with an
// environment in which only the user's own configuration counts.


/** Keys to GitHub's cache and identity service: neither git nor its helpers need them. */
const WITHHELD = new Set(['ACTIONS_RUNTIME_TOKEN', 'ACTIONS_ID_TOKEN_REQUEST_TOKEN']);
/** Of git's own variables: authorities, and how the user answers questions for credentials. */
const PASSED = new Set(['GIT_SSL_CAINFO', 'GIT_SSL_CAPATH', 'GIT_ASKPASS', 'GIT_SSH', 'GIT_SSH_COMMAND']);
const MAX_ERROR_BYTES = 16 * 1024;
/**
 * Beats the user's and the system's configuration, which is read for what only the user can know: credential helpers,
 * proxies, authorities, and other addresses for a host (`insteadOf`, as CI jobs set it to put a token in).
 */
const SETTINGS = [
    `core.hooksPath=${external_node_os_.devNull}`,
    'core.fsmonitor=false',
    'core.logAllRefUpdates=false',
    'fetch.recurseSubmodules=false',
    'fetch.writeCommitGraph=false',
    'submodule.recurse=false',
    'gc.auto=0',
    'maintenance.auto=false',
    'http.sslVerify=true',
    'credential.interactive=false',
];
/** Whether `git` can be started is told by a rejection with the foreign error; an abort by the signal's reason. */
async function runGit(args, options) {
    const { directory, environment, protocols, signal } = options;
    signal.throwIfAborted();
    const settings = SETTINGS.flatMap((setting) => ['-c', setting]);
    const child = (0,external_node_child_process_.spawn)('git', ['--no-pager', ...settings, ...args], {
        cwd: directory,
        env: toEnvironment(environment, directory, protocols),
        stdio: ['pipe', 'pipe', 'pipe'],
        shell: false,
        // A group of its own: helpers end with it. And no terminal: nothing in it can ask a question.
        detached: true,
        windowsHide: true,
    });
    const leave = () => endGroup(child);
    signal.addEventListener('abort', leave, { once: true });
    try {
        return await collect(child, options);
    }
    finally {
        signal.removeEventListener('abort', leave);
        signal.throwIfAborted();
    }
}
function collect(child, { input = '', maxBytes }) {
    return new Promise((resolve, reject) => {
        const output = [];
        const errors = [];
        let [length, errorLength] = [0, 0];
        child.on('error', reject);
        child.stdout?.on('data', (chunk) => {
            length += chunk.length;
            if (length <= maxBytes)
                return void output.push(chunk);
            endGroup(child);
            reject(new RangeError(`git wrote more than ${maxBytes} bytes`));
        });
        child.stderr?.on('data', (chunk) => {
            errorLength += chunk.length;
            if (errorLength <= MAX_ERROR_BYTES)
                errors.push(chunk);
        });
        child.on('close', (exitCode) => resolve({ exitCode, output: Buffer.concat(output), errors: Buffer.concat(errors).toString('utf8') }));
        // It may end without having read its input.
        child.stdin?.on('error', () => { });
        child.stdin?.end(input);
    });
}
/** Lets go of its pipes too: a helper that left the group may hold them open. */
function endGroup(child) {
    try {
        if (child.pid !== undefined)
            process.kill(-child.pid, 'SIGKILL');
    }
    catch {
        child.kill('SIGKILL'); // It has ended, or this system has no groups.
    }
    for (const stream of [child.stdin, child.stdout, child.stderr])
        stream?.destroy();
}
function toEnvironment(environment, directory, protocols) {
    const isPassed = (name) => !WITHHELD.has(name) && (!name.startsWith('GIT_') || PASSED.has(name));
    return {
        ...Object.fromEntries(Object.entries(environment).filter(([name]) => isPassed(name))),
        GIT_DIR: directory,
        // Beats every protocol.* of a configuration, and holds for redirects too.
        GIT_ALLOW_PROTOCOL: protocols,
        GIT_TERMINAL_PROMPT: '0',
        GCM_INTERACTIVE: 'never',
        GIT_LITERAL_PATHSPECS: '1',
        GIT_NO_REPLACE_OBJECTS: '1',
        // Errors are told apart by their text.
        LC_ALL: 'C',
        LANGUAGE: '',
    };
}

;// CONCATENATED MODULE: ./lib/src/policy/sources/git-source.js
// A git repository: one commit of it is fetched, without history, into a bare repository of ours that is gone afterwards.
// Its files are read from the commit itself: nothing is checked out, so no filter, hook, link or odd name can act.










const COMMIT = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
/** What git says when the other side answered, and has no such revision. */
const NO_REF = /couldn't find remote ref|not our ref|no such remote ref/i;
const NO_REPOSITORY = /does not appear to be a git repository/i;
const MAX_LISTING_BYTES = 64 * 1024 * 1024;
/** `<mode> <type> <object> <size>\t<path>` */
const ENTRY = /^(\d{6}) (blob|tree|commit) ([0-9a-f]+) +(\d+|-)\t(.*)$/s;
/**
 * @param signal ends the program and all that it has started
 * @throws ProofgateError `BAD_POLICY` (no such revision or folder, unsafe, too large), `POLICY_UNAVAILABLE`, or the reason
 *   of `signal`
 */
async function fetchGitSource(url, source, tools, signal) {
    const directory = await (0,promises_.mkdtemp)((0,external_node_path_.join)((0,external_node_os_.tmpdir)(), 'proofgate-git-'));
    const limits = limitsOf(tools);
    const guard = folderGuard(directory, limits.sourceBytes, signal);
    try {
        const { environment } = tools;
        const protocols = source.isLocal ? 'file' : 'https:ssh';
        const git = async (args, maxBytes, input = '') => {
            const options = { directory, environment, protocols, maxBytes, input, signal: guard.signal };
            return await runGit(args, options);
        };
        const commit = await fetchCommit(git, url, source);
        const builder = new TreeBuilder(url, source.folder, limits);
        const names = await listFiles(git, url, source.folder, commit, builder);
        await readFiles(git, url, commit, names, builder, limits.sourceBytes);
        return builder.build(pinGitUrl(source, commit));
    }
    catch (error) {
        throw toSourceError(error, url, signal, limits.sourceBytes);
    }
    finally {
        guard.stop();
        await (0,promises_.rm)(directory, { recursive: true, force: true, maxRetries: 3 });
    }
}
async function fetchCommit(git, url, { remote, isLocal, ref }) {
    const at = isLocal ? (0,external_node_path_.resolve)(remote) : remote;
    const revision = ref ?? 'HEAD';
    await succeed(git, url, ['init', '--quiet', '--bare', '--template=']);
    const flags = ['--quiet', '--depth=1', '--no-tags', '--no-recurse-submodules', '--no-auto-maintenance'];
    const fetched = await git(['fetch', ...flags, '--end-of-options', at, revision], MAX_LISTING_BYTES);
    if (fetched.exitCode !== 0)
        throw toFetchError(fetched, url, revision, isLocal);
    const parsed = await succeed(git, url, ['rev-parse', '--verify', '--quiet', 'FETCH_HEAD^{commit}']);
    const commit = parsed.output.toString('latin1').trim();
    if (!COMMIT.test(commit))
        throw unavailable(url, 'git did not say which commit it fetched', RETRY);
    return commit;
}
/** Of all that is in the commit: names with their place in the tree that is built. */
async function listFiles(git, url, folder, commit, builder) {
    const within = folder === '' ? [] : ['--', folder];
    const listed = await succeed(git, url, ['ls-tree', '-r', '-z', '--long', commit, ...within]);
    const names = new Map();
    for (const line of listed.output.toString('utf8').split('\0')) {
        const [, , type, , size = '', path = ''] = ENTRY.exec(line) ?? [];
        // Submodules are other repositories.
        const admitted = type === 'blob' ? builder.admit(path) : undefined;
        if (admitted === undefined)
            continue;
        builder.expect(admitted, Number(size));
        names.set(path, admitted);
    }
    return names;
}
/** Links are followed by git itself, and only inside of the commit. */
async function readFiles(git, url, commit, names, builder, maxBytes) {
    if (names.size === 0)
        return;
    const input = [...names.keys()].map((path) => `${commit}:${path}\n`).join('');
    const run = await git(['cat-file', '--batch', '--follow-symlinks'], 2 * maxBytes, input);
    let rest = run.output;
    for (const [path, admitted] of names) {
        const end = rest.indexOf('\n');
        const [, size] = /^[0-9a-f]+ blob (\d+)$/.exec(rest.subarray(0, Math.max(end, 0)).toString('latin1')) ?? [];
        if (size === undefined)
            throw badSource(url, `${path} is a link to what is no file of the repository`);
        const from = end + 1;
        builder.add(admitted, Buffer.from(rest.subarray(from, from + Number(size))));
        rest = rest.subarray(from + Number(size) + 1);
    }
}
async function succeed(git, url, args) {
    const run = await git(args, MAX_LISTING_BYTES);
    if (run.exitCode === 0)
        return run;
    throw unavailable(url, `git ${args[0]} failed: ${git_source_describe(run)}`, RETRY);
}
const RETRY = 'Run the same git command by hand and see what it says.';
function toFetchError(run, url, revision, isLocal) {
    if (NO_REF.test(run.errors)) {
        const hint = 'Give a branch, a tag or a full commit that the repository has.';
        return badSource(url, `the repository has no revision ${revision}`, hint);
    }
    if (isLocal && NO_REPOSITORY.test(run.errors)) {
        return badSource(url, 'there is no git repository', 'Check the path.');
    }
    const hint = 'Check the address, and that git may read it (`git ls-remote`) without asking a question.';
    return unavailable(url, `git could not fetch ${revision}: ${git_source_describe(run)}`, hint);
}
function toSourceError(error, url, signal, maxBytes) {
    if (signal.aborted)
        return signal.reason;
    if (error instanceof errors/* ProofgateError */.a0)
        return error;
    if (error instanceof RangeError)
        return badSource(url, error.message, `A source may have ${maxBytes} bytes.`);
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    const isMissing = code === 'ENOENT';
    const hint = isMissing ? 'Install git, or use an OCI bundle or a folder.' : RETRY;
    return unavailable(url, isMissing ? 'there is no git program' : `git failed (${code})`, hint, error);
}
/** The last lines, without credentials that an address may hold. */
function git_source_describe({ exitCode, errors }) {
    const lines = errors.split('\n').filter((line) => line.trim() !== '');
    const text = lines
        .slice(-3)
        .join(' ')
        .replaceAll(/:\/\/[^/@\s]*@/g, '://');
    const shown = text.replaceAll(/\p{Cc}/gu, ' ').slice(0, 400);
    return shown || (exitCode === null ? 'it ended with a signal' : `exit code ${exitCode}`);
}

// EXTERNAL MODULE: ./lib/src/base/redaction.js
var redaction = __webpack_require__(17279);
// EXTERNAL MODULE: external "node:util"
var external_node_util_ = __webpack_require__(57975);
;// CONCATENATED MODULE: ./lib/src/policy/sources/archive.js
// The files in a tar archive, packed or not, as far as a policy could use them. Nothing is written anywhere.





const unpack = (0,external_node_util_.promisify)(external_node_zlib_.gunzip);
const GZIP = [0x1f, 0x8b];
/** Headers and padding, for each file that there may be. */
const OVERHEAD_BYTES = 4096;
/** @throws ProofgateError `BAD_POLICY`: damaged, larger than it may be, unsafe names, links */
async function addArchive(bytes, url, builder, limits) {
    const choose = ({ name, kind }) => {
        const path = builder.admit(name);
        if (path === undefined || kind === 'directory')
            return undefined;
        if (kind !== 'file')
            throw badSource(url, `${path} is no regular file in its archive`);
        return (content) => builder.add(path, content);
    };
    try {
        const isPacked = GZIP.every((byte, index) => bytes[index] === byte);
        const maxOutputLength = limits.sourceBytes + limits.files * OVERHEAD_BYTES;
        const archive = isPacked ? await unpack(bytes, { maxOutputLength }) : bytes;
        await readTar(whole(archive), choose);
    }
    catch (error) {
        if (error instanceof errors/* ProofgateError */.a0 && error.kind === 'usage')
            throw error;
        const why = error instanceof Error ? error.message : String(error);
        throw badSource(url, `its archive cannot be read: ${why}`, 'Give a tar archive, packed with gzip or not.', error);
    }
}
async function* whole(bytes) {
    yield bytes;
}

;// CONCATENATED MODULE: ./lib/src/policy/sources/http-source.js
// A file, or an archive of files, at an https address.






const ARCHIVE = /\.(?:tar|tar\.gz|tgz)$/i;
const OTHER_ARCHIVE = /\.(?:zip|tar\.\w+|tbz2?|txz|bz2|gz|xz|zst|7z)$/i;
const ABSENT = new Set([404, 410]);
/**
 * @param folder in an archive
 * @throws ProofgateError `BAD_POLICY` (not there, unreadable), `THROTTLED`, `UNAUTHORIZED`, `POLICY_UNAVAILABLE`, and what
 *   the HTTP client throws
 */
async function fetchHttpSource(url, source, tools, signal) {
    const { pathname, href } = source.url;
    const limits = limitsOf(tools);
    const isArchive = ARCHIVE.test(pathname);
    if (!isArchive)
        refuseWhatIsNoFile(url, pathname, source.folder);
    const maxBytes = isArchive ? limits.sourceBytes : limits.fileBytes;
    const answer = await tools.http({ method: 'GET', url: href, maxBytes, signal });
    if (answer.status !== 200)
        throw toStatusError(answer.status, url, source.url.host);
    const builder = new TreeBuilder(url, source.folder, limits);
    if (isArchive)
        await addArchive(answer.body, url, builder, limits);
    else {
        const path = builder.admit(nameOf(url, pathname));
        if (path !== undefined)
            builder.add(path, answer.body);
    }
    return builder.build((0,redaction/* redactUrl */.B)(href));
}
function refuseWhatIsNoFile(url, pathname, folder) {
    const hint = 'Give a .tar.gz archive, or a single .rego, .json, .yaml or .yml file.';
    if (OTHER_ARCHIVE.test(pathname))
        throw badSource(url, 'archives of this kind are not read', hint);
    if (folder !== '')
        throw badSource(url, 'it names a folder in what is no archive', hint);
}
function nameOf(url, pathname) {
    try {
        return decodeURIComponent(pathname.slice(pathname.lastIndexOf('/') + 1));
    }
    catch {
        throw badSource(url, 'its path is malformed');
    }
}
function toStatusError(status, url, host) {
    if (ABSENT.has(status))
        return badSource(url, `${host} says that it is not there (${status})`);
    const isDenied = status === 401 || status === 403;
    const code = isDenied ? 'UNAUTHORIZED' : status === 429 ? 'THROTTLED' : 'POLICY_UNAVAILABLE';
    const { message, hint } = unavailable(url, `${host} answered ${status}`, `Try again when ${host} is healthy.`);
    const denied = 'Sources at https addresses are read without credentials: use an OCI bundle or git.';
    return new errors/* ProofgateError */.a0(code, message, { hint: isDenied ? denied : (hint ?? '') });
}

;// CONCATENATED MODULE: ./lib/src/policy/sources/oci-source.js
// A policy bundle in a registry: each layer that has a title is the file of that name. It is read through the run's image
// source, so that what is kept of it costs one HEAD the next time, and nothing when it is named by digest.







const TITLE = 'org.opencontainers.image.title';
/** ORAS packs a folder into one layer, and says so. */
const UNPACK = 'io.deis.oras.content.unpack';
const oci_source_CONCURRENCY = 8;
const PUSH = 'Push it with `conftest push` or `oras push`.';
/** @throws ProofgateError `BAD_POLICY` (not there, no bundle, unsafe names), and what the image source throws */
async function fetchOciSource(url, reference, tools, signal) {
    const limits = limitsOf(tools);
    const manifest = toBundle(url, await resolve(url, reference, tools, signal));
    const builder = new TreeBuilder(url, '', limits);
    const read = async ({ title, layer }) => {
        const isFolder = layer.annotations[UNPACK] === 'true';
        const path = isFolder ? title : builder.admit(title);
        if (path === undefined)
            return;
        if (!isFolder)
            builder.expect(path, layer.size);
        const maxBytes = isFolder ? limits.sourceBytes : limits.fileBytes;
        const bytes = await tools.images.blob(reference.repository, layer, maxBytes, signal);
        if (isFolder)
            await addArchive(bytes, url, builder, limits);
        else
            builder.add(path, bytes);
    };
    await (0,bounded/* mapBounded */.y)(titledLayers(url, manifest), oci_source_CONCURRENCY, read);
    await tools.kept?.keepContent(reference.repository, manifest);
    const { repository, tag } = reference;
    const name = `${(0,oci_reference/* formatRepository */.Sh)(repository)}${tag === undefined ? '' : `:${tag}`}`;
    return builder.build(`oci::${name}@${manifest.digest}`);
}
async function resolve(url, reference, { images }, signal) {
    try {
        return await images.resolve(reference, signal);
    }
    catch (error) {
        if (!(error instanceof errors/* ProofgateError */.a0 && error.code === 'IMAGE_NOT_FOUND'))
            throw error;
        const hint = 'Check its registry, name and tag.';
        throw badSource(url, `there is no ${(0,oci_reference/* formatReference */.FH)(reference)}`, hint, error);
    }
}
function toBundle(url, manifest) {
    if (manifest.kind === 'image')
        return manifest;
    throw badSource(url, 'it is an index, not a policy bundle', PUSH);
}
function titledLayers(url, manifest) {
    const titled = manifest.layers.flatMap((layer) => {
        const title = Object.hasOwn(layer.annotations, TITLE) ? layer.annotations[TITLE] : undefined;
        return title === undefined ? [] : [{ title, layer }];
    });
    if (titled.length === 0)
        throw badSource(url, `no layer of it has a title (${TITLE})`, PUSH);
    return titled;
}

;// CONCATENATED MODULE: ./lib/src/policy/sources/source-fetcher.js







class SourceFetcher {
    #tools;
    #trees = new Map();
    constructor(tools) {
        this.#tools = tools;
    }
    /**
     * The source, fetched at most once for the lifetime of this fetcher, which is one run's start: a tag cannot mean two
     * things to two groups. A failure ends the run's policy, so it is kept too.
     * @param signal of the first who asks
     * @throws ProofgateError `BAD_POLICY`, `POLICY_UNAVAILABLE`, and what registry and HTTP client throw; the reason of `signal`
     */
    fetch(url, signal) {
        const known = this.#trees.get(url);
        if (known !== undefined)
            return known;
        const tree = this.#fetchInTime(url, signal);
        this.#trees.set(url, tree);
        return tree;
    }
    async #fetchInTime(url, signal) {
        const source = parseSourceUrl(url);
        const { fetchMs } = limitsOf(this.#tools);
        const controller = new AbortController();
        const late = () => controller.abort(unavailable(url, `it was not there within ${fetchMs / 1000} s`, 'Try again, or use a smaller source.'));
        const deadline = setTimeout(late, fetchMs);
        try {
            return await this.#fetchFrom(url, source, AbortSignal.any([signal, controller.signal]));
        }
        catch (error) {
            signal.throwIfAborted();
            throw controller.signal.aborted ? controller.signal.reason : error;
        }
        finally {
            clearTimeout(deadline);
        }
    }
    async #fetchFrom(url, source, signal) {
        const tools = this.#tools;
        switch (source.type) {
            case 'oci':
                return await fetchOciSource(url, source.reference, tools, signal);
            case 'local':
                return await readLocalSource(url, source.path, tools, signal);
            case 'git':
                // A repository of this machine is no network.
                if (!source.isLocal)
                    this.#refuseOffline(url);
                return await fetchGitSource(url, source, tools, signal);
            case 'https':
                this.#refuseOffline(url);
                return await fetchHttpSource(url, source, tools, signal);
        }
    }
    #refuseOffline(url) {
        if (!this.#tools.offline)
            return;
        const hint = 'Offline, policies come from folders, or from images that an earlier run has kept.';
        throw unavailable(url, 'it was not asked: offline', hint);
    }
}

;// CONCATENATED MODULE: ./lib/src/policy/policy-text.js
// What the user calls "the policy" → its configuration. The same forms give the values of extra rule data.










const CONFIG_FILE = /\.(?:json|ya?ml)$/;
/** The first that is there. */
const CONFIG_PLACES = ['.ec/policy', 'policy'].flatMap((path) => ['json', 'yaml', 'yml'].map((extension) => `${path}.${extension}`));
const CLUSTER_NAME = /^(?:[a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/;
/**
 * The configuration that the request means, extra rule data and the pinned policy bundle included.
 * @throws ProofgateError `BAD_POLICY`, `BAD_OPTION`, `POLICY_UNAVAILABLE`, what registry and HTTP client throw, or the
 *   reason of `signal`
 */
async function loadPolicyConfig(request, tools, signal) {
    const fetcher = new SourceFetcher(tools);
    const extra = new Map();
    for (const [key, value] of parseExtraRuleData(request.extraRuleData)) {
        extra.set(key, (await findText(value, fetcher, signal))?.text ?? value);
    }
    const config = await policy_text_readConfig(request.policy, fetcher, tools, signal);
    const { policyBundleDigest } = request;
    const pinned = policyBundleDigest === undefined ? config : withBundleDigest(config, policyBundleDigest);
    return withRuleData(pinned, extra);
}
async function policy_text_readConfig(given, fetcher, { cluster }, signal) {
    const found = await findText(given, fetcher, signal);
    if (found !== undefined)
        return parsePolicyConfig(found.text, found.name);
    if (given.includes(':'))
        return parsePolicyConfig(given, 'that is given inline');
    const shown = JSON.stringify(given.slice(0, 160));
    if (CLUSTER_NAME.test(given) && !CONFIG_FILE.test(given)) {
        if (cluster !== undefined) {
            const text = await cluster.fetchPolicy(given, signal);
            return parsePolicyConfig(text, `${shown} of the cluster`, { unknownMembers: 'ignored' });
        }
        throw new errors/* ProofgateError */.a0('BAD_POLICY', `the policy ${shown}: there is no such file, and this is no pod of a cluster that could have it`, {
            hint: 'Export it: kubectl get enterprisecontractpolicy NAME -o yaml > policy.yaml, and give that file.',
        });
    }
    throw new errors/* ProofgateError */.a0('BAD_POLICY', `the policy ${shown}: there is no such file`, {
        hint: 'Give a .json, .yaml or .yml file, the text itself, or a git or https URL.',
    });
}
/** Undefined: it is no object, no address and no file, but perhaps a text of another kind. */
async function findText(given, fetcher, signal) {
    const text = given.trim();
    if (text.startsWith('{'))
        return { text, name: 'that is given inline' };
    if (/[\r\n]/.test(text))
        return undefined;
    const isFile = await isLocalFile(text);
    const isAddress = /^(?:git::|https?:\/\/|git:\/\/)/i.test(text) || isGitForm(text);
    if (!isAddress && !(isFile && CONFIG_FILE.test(text)))
        return undefined;
    const tree = await fetcher.fetch(isAddress ? text : `file::${text}`, signal);
    const file = isAddress ? chooseFile(text, tree) : tree.files[0];
    if (file === undefined) {
        throw badSource(text, `it has none of ${CONFIG_PLACES.join(', ')}`, 'Name the file or its folder after //.');
    }
    return { text: readFile(text, file), name: showUrl(text) };
}
function chooseFile(text, { files }) {
    const source = parseSourceUrl(text);
    const isNamed = source.type === 'https' ? source.folder === '' : source.type === 'git' && CONFIG_FILE.test(source.folder);
    if (isNamed && files.length === 1 && CONFIG_FILE.test(files[0]?.path ?? ''))
        return files[0];
    const places = CONFIG_PLACES.map((path) => files.find((file) => file.path === path));
    return places.find((file) => file !== undefined);
}
function readFile(name, { bytes }) {
    if (bytes.length === 0)
        throw badSource(name, 'it is empty');
    if (bytes.length > MAX_POLICY_BYTES)
        throw badSource(name, `it is longer than ${MAX_POLICY_BYTES} bytes`);
    return toText(bytes, (why) => badSource(name, why));
}

;// CONCATENATED MODULE: ./lib/src/policy/sources/fetch-sources.js
// Everything that a policy's configuration names, fetched side by side, and merged into what is evaluated.





/**
 * Fetches each URL once.
 * @throws ProofgateError `BAD_POLICY`, `POLICY_UNAVAILABLE`, what registry and HTTP client throw, or the reason of `signal`
 */
async function fetchSources(config, context, tools, signal) {
    const urls = [...new Set(config.sources.flatMap(({ policy, data }) => [...policy, ...data]))];
    const trees = await fetchAll(urls, tools, signal);
    const specJson = JSON.stringify(toPinnedSpec(config, trees));
    return {
        summary: {
            spec: JSON.parse(specJson),
            sources: [...trees.values()].map(({ url, pinned, fingerprint }) => ({ url, pinned, fingerprint })),
        },
        specJson,
        configuration: config.configuration,
        groups: config.sources.map((group) => toLoadedGroup(group, trees, context)),
    };
}
/** One that fails ends the others: nobody will use them. */
async function fetchAll(urls, tools, signal) {
    const fetcher = new SourceFetcher(tools);
    const failed = new AbortController();
    const either = AbortSignal.any([signal, failed.signal]);
    const fetch = async (url) => {
        try {
            return await fetcher.fetch(url, either);
        }
        catch (error) {
            failed.abort(error);
            throw error;
        }
    };
    const trees = await (0,bounded/* mapBounded */.y)(urls, limitsOf(tools).concurrency, fetch);
    return new Map(trees.map((tree, index) => [urls[index] ?? tree.url, tree]));
}
function toLoadedGroup(group, trees, context) {
    const { name, config, volatileConfig, ruleData } = group;
    const modules = fetch_sources_select(group.policy, trees).flatMap(toModules);
    const data = mergeData(fetch_sources_select(group.data, trees), ruleData, context);
    return { name, config, volatileConfig, program: { modules, data } };
}
/** A URL that a group names twice counts once. */
function fetch_sources_select(urls, trees) {
    return [...new Set(urls)].flatMap((url) => trees.get(url) ?? []);
}
function toModules({ url, files }) {
    const modules = files
        .filter(({ path }) => path.endsWith('.rego'))
        .map(({ path, bytes }) => {
        const name = `${url}//${path}`;
        return { path: name, text: toText(bytes, (why) => badSource(url, `${path}: ${why}`)) };
    });
    if (modules.length > 0)
        return modules;
    throw badSource(url, 'it has no Rego', 'A policy source has .rego files; data belongs to `data`.');
}
/** The spec of a policy whose sources could not be had, for the report: their URLs as they may be printed. */
function toShownSpec(config) {
    const show = (url) => (typeof url === 'string' ? showUrl(url) : url);
    return JSON.parse(JSON.stringify(withUrls(config, show)));
}
function toPinnedSpec(config, trees) {
    return withUrls(config, (url) => trees.get(String(url))?.pinned ?? url);
}
function withUrls({ spec }, replace) {
    if (!Array.isArray(spec.sources))
        return spec;
    const toReplaced = (source) => ({
        ...source,
        ...(Array.isArray(source.policy) ? { policy: source.policy.map(replace) } : {}),
        ...(Array.isArray(source.data) ? { data: source.data.map(replace) } : {}),
    });
    return { ...spec, sources: spec.sources.map(toReplaced) };
}

;// CONCATENATED MODULE: ./lib/src/policy/wasm/memory-bound.js
// Gives a WebAssembly module a most that its memory may grow to (WebAssembly Core 2.0, 5.5.8 "Memory Section"). Go's linker
// sets none, and an engine that takes all of a machine takes others down with it.
const PAGE_BYTES = 65_536;
const HEADER = Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
const MEMORY_SECTION = 5;
const NO_MAXIMUM = 0;
const WITH_MAXIMUM = 1;
/**
 * @returns a copy of `wasm` whose one memory never grows above `maxBytes`, rounded down to pages
 * @throws Error when `wasm` is no module with exactly one memory of its own, or starts with more than that
 */
function boundMemory(wasm, maxBytes) {
    if (!wasm.subarray(0, HEADER.length).equals(HEADER))
        throw new Error('not a WebAssembly 1 module');
    const section = findSection(wasm, MEMORY_SECTION);
    const count = readNumber(wasm, section.start);
    const limits = readNumber(wasm, count.end);
    if (count.value !== 1 || limits.value > WITH_MAXIMUM)
        throw new Error('not exactly one plain memory');
    const minimum = readNumber(wasm, limits.end);
    const hasMaximum = limits.value !== NO_MAXIMUM;
    const declared = hasMaximum ? readNumber(wasm, minimum.end) : { value: Infinity, end: minimum.end };
    if (declared.end !== section.end)
        throw new Error('more in its memory section than one memory');
    const maximum = Math.min(declared.value, Math.floor(maxBytes / PAGE_BYTES));
    if (maximum < minimum.value)
        throw new Error(`needs ${minimum.value * PAGE_BYTES} bytes of memory to start`);
    const body = [...writeNumber(1), WITH_MAXIMUM, ...writeNumber(minimum.value), ...writeNumber(maximum)];
    return Buffer.concat([
        wasm.subarray(0, section.header),
        Buffer.from([MEMORY_SECTION, ...writeNumber(body.length), ...body]),
        wasm.subarray(section.end),
    ]);
}
function findSection(wasm, id) {
    let header = HEADER.length;
    while (header < wasm.length) {
        const size = readNumber(wasm, header + 1);
        const end = size.end + size.value;
        if (wasm[header] === id)
            return { header, start: size.end, end };
        header = end;
    }
    throw new Error(`no section ${id}`);
}
/** LEB128, unsigned, 32 bits: at most five bytes. */
function readNumber(wasm, start) {
    let value = 0;
    for (let index = 0; index < 5; index++) {
        const byte = wasm[start + index];
        if (byte === undefined)
            break;
        value += (byte & 0x7f) * 2 ** (7 * index);
        if (byte < 0x80)
            return { value, end: start + index + 1 };
    }
    throw new Error('a number that does not end');
}
function writeNumber(value) {
    const bytes = [];
    let rest = value;
    while (rest >= 0x80) {
        bytes.push((rest % 0x80) | 0x80);
        rest = Math.floor(rest / 0x80);
    }
    return [...bytes, rest];
}

;// CONCATENATED MODULE: ./lib/src/policy/wasm/engine-files.js
// Reads the engine that is shipped beside the bundles: OPA as WebAssembly, and the Go toolchain's JavaScript that runs it.







const WASM_FILE = 'rego.wasm.br';
const GO_FILE = 'wasm_exec.js';
/** As `sha256sum` writes it, of `rego.wasm` before its compression and of `wasm_exec.js`. */
const CHECKSUMS_FILE = 'SHA256SUMS';
/** 33 MB today. What is larger is not what was built here. */
const MAX_WASM_BYTES = 100_000_000;
/**
 * Reads, checks and compiles the engine; the caller keeps the result, this takes a second.
 * @param folder dist/policy, wherever it lies
 * @throws ProofgateError `INTERNAL` when a file is missing, or is not the one that was built
 */
async function readEngine(folder, memoryBytes) {
    try {
        const [compressed, go, list] = await Promise.all([
            (0,promises_.readFile)((0,external_node_path_.join)(folder, WASM_FILE)),
            (0,promises_.readFile)((0,external_node_path_.join)(folder, GO_FILE)),
            (0,promises_.readFile)((0,external_node_path_.join)(folder, CHECKSUMS_FILE), 'utf8'),
        ]);
        const wasm = await (0,external_node_util_.promisify)(external_node_zlib_.brotliDecompress)(compressed, { maxOutputLength: MAX_WASM_BYTES });
        checkSum(list, 'rego.wasm', wasm);
        checkSum(list, GO_FILE, go);
        const module = await WebAssembly.compile(boundMemory(wasm, memoryBytes));
        return { module, goScript: go.toString('utf8'), memoryBytes };
    }
    catch (error) {
        const cause = error instanceof Error ? error.message : String(error);
        throw new errors/* ProofgateError */.a0('INTERNAL', `cannot load the policy engine in ${folder}: ${cause}`, {
            cause: error,
            hint: 'The installation is incomplete or was changed: install Proofgate anew.',
        });
    }
}
function checkSum(list, name, bytes) {
    const sum = (0,external_node_crypto_.createHash)('sha256').update(bytes).digest('hex');
    if (!list.split('\n').includes(`${sum}  ${name}`)) {
        throw new Error(`${name} has SHA-256 ${sum}, which is not the one in ${CHECKSUMS_FILE}`);
    }
}

;// CONCATENATED MODULE: ./lib/src/policy/wasm/machine-memory.js
// How much memory this process may use: the machine's, or less where a control group of Linux says so.


/**
 * Bytes, the smallest of all limits. What cannot be read is no limit: outside of Linux there are no such files, and
 * in a container the path of a version 1 group names a folder that only its host sees.
 */
function readMemoryLimit({ root, totalBytes }) {
    const limits = hierarchies(readText(external_node_path_.posix.join(root, 'proc/self/cgroup')) ?? '').flatMap(({ mount, file, path }) => ancestors(path).flatMap((group) => readLimit(external_node_path_.posix.join(root, mount, group, file)) ?? []));
    return Math.min(totalBytes, ...limits);
}
/** Of cgroups(7): `0::/path` is version 2, `7:cpu,memory:/path` version 1. */
function hierarchies(text) {
    return text.split('\n').flatMap((line) => {
        const [, id, controllers = '', path = ''] = /^(\d+):([^:]*):(\/.*)$/.exec(line) ?? [];
        if (id === '0' && controllers === '')
            return [{ mount: 'sys/fs/cgroup', file: 'memory.max', path }];
        return controllers.split(',').includes('memory')
            ? [{ mount: 'sys/fs/cgroup/memory', file: 'memory.limit_in_bytes', path }]
            : [];
    });
}
/** A group is bound by the limits of all groups around it, too. */
function ancestors(path) {
    const parent = external_node_path_.posix.dirname(path);
    return parent === path ? [path] : [path, ...ancestors(parent)];
}
/** Undefined for `max`, too; version 1 says it with a number that no machine has. */
function readLimit(path) {
    const text = readText(path)?.trim() ?? '';
    return /^\d+$/.test(text) ? Number(text) : undefined;
}
function readText(path) {
    try {
        return (0,external_node_fs_.readFileSync)(path, 'utf8');
    }
    catch {
        return undefined;
    }
}

;// CONCATENATED MODULE: ./lib/src/policy/wasm/sizing.js
// How many threads evaluate policies, and how much memory each may use: what the cores and the memory allow.


const sizing_MIB = 2 ** 20;
/**
 * What a thread was seen to need with Conforma's release policies: 120 MiB with images of a few packages, 200 MiB with
 * four SBOMs of 2,000 packages at once.
 */
const THREAD_BYTES = 256 * sizing_MIB;
/** What the rest of the process was seen to need: 200 MiB for its requests, bundles and reports, 130 for the engine's code. */
const PROCESS_BYTES = 330 * sizing_MIB;
/** A thread with less could not compile those policies; one that asks for more has met something else than a policy. */
const LEAST_BYTES = 160 * sizing_MIB;
const MOST_BYTES = 1024 * sizing_MIB;
function readMachine() {
    return {
        // Knows affinity and the control group's quota.
        cores: (0,external_node_os_.availableParallelism)(),
        memoryBytes: readMemoryLimit({ root: '/', totalBytes: (0,external_node_os_.totalmem)() }),
    };
}
/** At least one thread; as many as the user wants, when he says so. */
function sizesFor({ cores, memoryBytes }, wanted) {
    const free = memoryBytes - PROCESS_BYTES;
    const threads = wanted ?? Math.max(1, Math.min(cores, Math.floor(free / THREAD_BYTES)));
    const share = Math.floor(free / threads);
    return { threads, memoryBytes: Math.max(LEAST_BYTES, Math.min(share, MOST_BYTES)) };
}

// EXTERNAL MODULE: external "node:worker_threads"
var external_node_worker_threads_ = __webpack_require__(75919);
;// CONCATENATED MODULE: ./lib/src/policy/wasm/host-calls.js
// The calls of `ec.*` functions that one evaluation makes: answered by the host, one or several at a time.

/** A component of 200 tasks needs some hundreds; OPA asks the same thing once. */
const MAX_CALLS = 20_000;
class HostCalls {
    #host;
    #outcome;
    #controller = new AbortController();
    #count = 0;
    #open = 0;
    constructor(host, outcome) {
        this.#host = host;
        this.#outcome = outcome;
    }
    /** The evaluation cannot go on: it waits for the host. */
    get areWaitedFor() {
        return this.#open > 0;
    }
    /** Never rejects. */
    async call({ call, name, args }) {
        this.#open += 1;
        try {
            const value = toJsonText(name, await this.#ask(name, parseArguments(args)));
            this.#open -= 1;
            if (!this.#controller.signal.aborted)
                this.#outcome.answer(call, value);
        }
        catch (error) {
            this.#open -= 1;
            if (!this.#controller.signal.aborted)
                this.#outcome.fail(error);
        }
    }
    /** Nobody waits for answers any more; the host may stop. */
    end(reason) {
        this.#controller.abort(reason);
    }
    #ask(name, args) {
        this.#count += 1;
        if (this.#count <= MAX_CALLS)
            return this.#host(name, args, this.#controller.signal);
        throw new errors/* ProofgateError */.a0('POLICY_LIMIT', `the policies made more than ${MAX_CALLS} calls of ec.* functions`);
    }
}
function parseArguments(text) {
    const args = JSON.parse(text);
    if (Array.isArray(args))
        return args;
    throw new errors/* ProofgateError */.a0('INTERNAL', 'the arguments of a policy’s call are no list');
}
function toJsonText(name, value) {
    if (value === undefined)
        return undefined;
    const text = JSON.stringify(value);
    if (text !== undefined)
        return text;
    throw new errors/* ProofgateError */.a0('INTERNAL', `${name} was answered with a ${typeof value}`);
}

;// CONCATENATED MODULE: ./lib/src/policy/wasm/protocol.js
// What the engine and its threads say to each other. A thread runs other people's policies: what it says is parsed.

const id = schemas/* int */.Whr().nonnegative();
const annotation = schemas/* object */.Ikc({
    scope: schemas/* enum */.k5n(['rule', 'document', 'package', 'subpackages']),
    title: schemas/* string */.YjP().exactOptional(),
    description: schemas/* string */.YjP().exactOptional(),
    custom: schemas/* record */.g1P(schemas/* string */.YjP(), schemas/* unknown */.L5J()).exactOptional(),
});
const rule = schemas/* object */.Ikc({
    package: schemas/* string */.YjP(),
    name: schemas/* string */.YjP(),
    path: schemas/* string */.YjP(),
    row: schemas/* int */.Whr().positive(),
    kind: schemas/* enum */.k5n(['set', 'object', 'complete', 'function']),
    type: schemas/* string */.YjP(),
    annotations: schemas/* array */.YOg(annotation).readonly(),
    literalCode: schemas/* string */.YjP().exactOptional(),
});
const noticeSchema = schemas/* discriminatedUnion */.gMt('type', [
    schemas/* strictObject */.rej({ type: schemas/* literal */.euz('compiled'), id, rules: schemas/* array */.YOg(rule).readonly() }),
    schemas/* strictObject */.rej({
        type: schemas/* literal */.euz('evaluated'),
        id,
        /** JSON texts, in the order of the question; null: undefined in Rego's sense. */
        values: schemas/* array */.YOg(schemas/* string */.YjP().nullable()),
        printed: schemas/* array */.YOg(schemas/* string */.YjP()),
    }),
    schemas/* strictObject */.rej({
        type: schemas/* literal */.euz('failed'),
        id,
        /** Does not compile · more time, or memory, than an evaluation may use · any other end of an evaluation. */
        reason: schemas/* enum */.k5n(['policy', 'time', 'memory', 'evaluation']),
        message: schemas/* string */.YjP(),
    }),
    schemas/* strictObject */.rej({
        type: schemas/* literal */.euz('call'),
        id,
        call: id,
        name: schemas/* string */.YjP(),
        /** JSON text of an array. */
        args: schemas/* string */.YjP(),
    }),
    /** The engine in the thread is gone. */
    schemas/* strictObject */.rej({ type: schemas/* literal */.euz('died'), isLimit: schemas/* boolean */.zMY(), message: schemas/* string */.YjP() }),
    /** The thread still reads its messages. */
    schemas/* strictObject */.rej({ type: schemas/* literal */.euz('alive') }),
]);
/** Undefined when it has none of the shapes above. */
function parseNotice(message) {
    return noticeSchema.safeParse(message).data;
}

;// CONCATENATED MODULE: ./lib/src/policy/wasm/question.js
// What an evaluation is asked, and whether its answer is one: each rule once, none left out.

/** @throws ProofgateError `POLICY_EMPTY`: an evaluation of nothing finds nothing wrong */
function toQuestion(input, rules) {
    const unique = new Map(rules.map((rule) => [toKey(rule), { package: rule.package, name: rule.name }]));
    if (unique.size > 0)
        return { input, rules: [...unique.values()] };
    throw new errors/* ProofgateError */.a0('POLICY_EMPTY', 'no rule was selected to be evaluated');
}
/** @throws ProofgateError `POLICY_FAILED` when it does not answer exactly `rules` */
function toEvaluation({ values, printed }, rules) {
    if (values.length !== rules.length) {
        throw new errors/* ProofgateError */.a0('POLICY_FAILED', `the policy engine has ${values.length} answers to ${rules.length} questions`);
    }
    const answers = rules.map((rule, index) => ({ ...rule, value: parseAnswer(values[index] ?? null) }));
    return { values: answers, printed };
}
function parseAnswer(text) {
    if (text === null)
        return undefined;
    try {
        return JSON.parse(text);
    }
    catch (error) {
        throw new errors/* ProofgateError */.a0('POLICY_FAILED', 'an answer of the policy engine is no JSON', { cause: error });
    }
}
function toKey(rule) {
    return JSON.stringify([rule.package, rule.name]);
}

;// CONCATENATED MODULE: ./lib/src/policy/wasm/silence.js
// Counted in steps that this process took part in: while it was stopped itself, it heard nothing.
const STEPS = 10;
class SilenceWatch {
    #options;
    #steps = 0;
    #watching;
    constructor(options) {
        this.#options = options;
    }
    /** A word, in either direction: silence begins anew, and matters only while it is the other's turn. */
    hear(isItsTurn) {
        this.#steps = 0;
        if (!isItsTurn) {
            this.#watching?.abort();
            this.#watching = undefined;
        }
        else if (this.#watching === undefined) {
            this.#watching = new AbortController();
            void this.#watch(this.#watching.signal);
        }
    }
    async #watch(signal) {
        while (await this.#sleep(signal)) {
            this.#steps += 1;
            if (this.#steps === STEPS)
                this.#options.onSilent();
            if (this.#steps === 2 * STEPS)
                this.#options.onDead();
        }
    }
    /** False when it was woken up. */
    async #sleep(signal) {
        try {
            await this.#options.clock.sleep(this.#options.silenceMs / STEPS, signal);
            return !signal.aborted;
        }
        catch {
            return false;
        }
    }
}

;// CONCATENATED MODULE: ./lib/src/policy/wasm/thread-fault.js
// Faults that work may have suffered through its thread or its neighbours there, and not through itself.

/** The work may be begun anew, alone on a thread; where it has been alone already, this is its error. */
class ThreadFault extends errors/* ProofgateError */.a0 {
    constructor(code, message, details) {
        super(code, message, details);
    }
}
/** `error` is what the thread threw, or why it was ended. */
function toThreadFault(error) {
    if (error instanceof ThreadFault)
        return error;
    const { code, message } = error instanceof Error ? error : new Error(String(error));
    if (code === 'ERR_WORKER_OUT_OF_MEMORY')
        return outOfMemory(error);
    return new ThreadFault('POLICY_FAILED', `the thread that evaluates policies ended: ${message}`, {
        cause: error,
    });
}
/** The evaluations of a thread share its memory: whoever meets the limit need not be the one that fills it. */
function outOfMemory(cause) {
    return new ThreadFault('POLICY_LIMIT', 'the policies need more memory than evaluations may use', { cause });
}
/** The engine said so itself. */
function died(isLimit, message) {
    return new ThreadFault(isLimit ? 'POLICY_LIMIT' : 'POLICY_FAILED', message);
}
function silentFor(silenceMs) {
    return new ThreadFault('POLICY_LIMIT', `the policies computed for ${silenceMs / 1000} s without a pause`);
}

;// CONCATENATED MODULE: ./lib/src/policy/wasm/policy-thread.js
// One thread that evaluates Rego, seen from outside: gives it work, answers its calls, notices when it is gone or silent.







class PolicyThread {
    #onEnd;
    #worker;
    #silence;
    #jobs = new Map();
    #programs = new Map();
    #nextId = 0;
    #isEnding = false;
    /** Why it ends, once it does. */
    #error;
    #fault;
    /** `onEnd` is called once, before the work that is lost is rejected. */
    constructor(options, onEnd) {
        const { clock, silenceMs } = options;
        this.#onEnd = onEnd;
        this.#silence = new SilenceWatch({
            clock,
            silenceMs,
            onSilent: () => this.#abandon(silentFor(silenceMs)),
            // Not even force ends it: nobody waits for it any longer.
            onDead: () => this.#end(1),
        });
        this.#worker = startWorker(options);
        this.#worker.on('message', (message) => this.#read(message));
        this.#worker.on('messageerror', (error) => this.#abandon(error));
        this.#worker.on('error', (error) => {
            this.#error ??= error;
        });
        this.#worker.on('exit', (code) => this.#end(code));
    }
    /**
     * Compiles a program on its first use here.
     * @throws ProofgateError `BAD_POLICY`, `POLICY_LIMIT`, `ThreadFault`
     */
    compile({ digest, program }) {
        const known = this.#programs.get(digest);
        if (known !== undefined)
            return known;
        const compiled = this.#run((id) => ({ type: 'compile', id, digest, program })).then((result) => this.#expect('compiled', result).rules);
        this.#programs.set(digest, compiled);
        compiled.catch(() => this.#programs.delete(digest));
        return compiled;
    }
    /**
     * Settles when the thread has let go of the evaluation, also after `signal` was aborted.
     * @throws ProofgateError `POLICY_FAILED`, `POLICY_LIMIT`, `ThreadFault`; what `host` threw; the reason of `signal`
     */
    async evaluate(program, question, host, signal) {
        await this.compile(program);
        signal?.throwIfAborted();
        const order = (id) => ({ type: 'evaluate', id, digest: program.digest, ...question });
        const result = await this.#run(order, host, signal);
        return toEvaluation(this.#expect('evaluated', result), question.rules);
    }
    /** Resolves when the thread is gone; what it was working on fails with `ThreadFault`. */
    async end() {
        await this.#terminate();
    }
    #run(order, host, signal) {
        if (this.#fault !== undefined)
            return Promise.reject(this.#fault);
        const id = this.#nextId++;
        const { promise, resolve, reject } = Promise.withResolvers();
        this.#jobs.set(id, { resolve, reject, calls: host && this.#answering(id, host) });
        const cancel = () => this.#cancel(id, signal?.reason);
        signal?.addEventListener('abort', cancel, { once: true });
        this.#post(order(id));
        return promise.finally(() => signal?.removeEventListener('abort', cancel));
    }
    #answering(id, host) {
        return new HostCalls(host, {
            answer: (call, value) => this.#post({ type: 'answer', id, call, ...(value === undefined ? {} : { value }) }),
            fail: (reason) => this.#cancel(id, reason),
        });
    }
    #cancel(id, reason) {
        const job = this.#jobs.get(id);
        if (job === undefined || job.ending !== undefined)
            return;
        job.ending = { reason };
        job.calls?.end(reason);
        this.#post({ type: 'cancel', id });
    }
    #post(order) {
        this.#worker.postMessage(order);
        this.#attend();
    }
    #read(message) {
        if (this.#error !== undefined)
            return;
        const notice = parseNotice(message);
        if (notice === undefined)
            this.#abandon(new Error('it sent a message of an unknown shape'));
        else if (notice.type === 'died')
            this.#abandon(died(notice.isLimit, notice.message));
        else if (notice.type !== 'alive')
            this.#obey(notice);
        this.#attend();
    }
    #obey(notice) {
        const job = this.#jobs.get(notice.id);
        if (job === undefined)
            this.#abandon(new Error('it sent a message about work that it has not got'));
        else if (notice.type !== 'call')
            this.#settle(job, notice);
        else if (job.ending === undefined)
            void job.calls?.call(notice);
    }
    #settle(job, notice) {
        this.#jobs.delete(notice.id);
        job.calls?.end();
        if (job.ending !== undefined)
            job.reject(job.ending.reason);
        else if (notice.type === 'failed')
            job.reject(toError(notice));
        else
            job.resolve(notice);
    }
    #expect(type, result) {
        if (result.type === type)
            return result;
        const error = new Error(`it sent ${result.type} for what was to be ${type}`);
        this.#abandon(error);
        throw toThreadFault(error);
    }
    /** Nothing that it says is believed any more; `#end` follows. */
    #abandon(error) {
        this.#error ??= error;
        void this.#terminate();
    }
    #terminate() {
        this.#isEnding = true;
        // Its end is waited for.
        this.#worker.ref();
        return this.#worker.terminate();
    }
    #end(code) {
        if (this.#fault !== undefined)
            return;
        this.#fault = toThreadFault(this.#error ?? new Error(`exit code ${code}`));
        this.#onEnd();
        for (const { calls, ending, reject } of this.#jobs.values()) {
            calls?.end();
            reject(ending === undefined ? this.#fault : ending.reason);
        }
        this.#jobs.clear();
        this.#attend();
    }
    /** After each message, either way. */
    #attend() {
        const jobs = [...this.#jobs.values()];
        if (jobs.length > 0 || this.#isEnding)
            this.#worker.ref();
        else
            this.#worker.unref();
        this.#silence.hear(jobs.some(({ calls, ending }) => ending !== undefined || calls?.areWaitedFor !== true));
    }
}
/** Stack in MB: Rego's compiler and evaluator recurse; Node's own default is 4. */
const RESOURCE_LIMITS = { maxOldGenerationSizeMb: 512, stackSizeMb: 16 };
/**
 * Policies learn nothing of this process: no environment, no arguments, no output. The thread writes none; whatever it did
 * would wait in its own streams, which nobody reads: reading them would keep this process alive.
 */
function startWorker({ file, settings }) {
    try {
        return new external_node_worker_threads_.Worker(file, {
            name: 'policy',
            workerData: settings,
            env: {},
            argv: [],
            execArgv: [],
            stdout: true,
            stderr: true,
            resourceLimits: RESOURCE_LIMITS,
        });
    }
    catch (error) {
        throw toThreadFault(error);
    }
}
function toError({ reason, message }) {
    switch (reason) {
        case 'memory':
            return outOfMemory();
        case 'time':
            return new errors/* ProofgateError */.a0('POLICY_LIMIT', message);
        case 'policy':
            return new errors/* ProofgateError */.a0('BAD_POLICY', message);
        case 'evaluation':
            return new errors/* ProofgateError */.a0('POLICY_FAILED', message);
    }
}

;// CONCATENATED MODULE: ./lib/src/policy/wasm/thread-pool.js
// Work for threads: who gets which, how many at once, and what becomes of the work of a thread that died.


/**
 * First come, first served. A thread is started when there is work for which no other has a slot.
 *
 * Work whose thread died is done once more, on a thread that has nothing else to do meanwhile: so what kills threads
 * does it to its neighbours once at most, and is found out the second time.
 */
class ThreadPool {
    #options;
    #seats = new Set();
    #queue = [];
    #isClosed = false;
    constructor(options) {
        this.#options = options;
    }
    /**
     * @throws what `work` throws; the reason of `signal` when it is aborted before the turn came, afterwards `work` has to
     *   watch it; ProofgateError `CANCELLED` once the pool is closed
     */
    async run(work, signal) {
        const seat = await this.#turn(false, signal);
        let alone;
        try {
            return await work(seat.thread);
        }
        catch (error) {
            if (!(error instanceof ThreadFault))
                throw error;
            // Before the seat is left, so that nobody passes.
            alone = this.#turn(true, signal);
        }
        finally {
            this.#leave(seat);
        }
        return this.#runAlone(work, await alone);
    }
    /** Resolves when every thread is gone. */
    async close() {
        this.#isClosed = true;
        for (const { reject } of this.#queue.splice(0))
            reject(thread_pool_closed());
        await Promise.all([...this.#seats].map(({ thread }) => thread.end()));
    }
    async #runAlone(work, seat) {
        try {
            return await work(seat.thread);
        }
        catch (error) {
            throw this.#isClosed && error instanceof ThreadFault ? thread_pool_closed() : error;
        }
        finally {
            this.#leave(seat);
        }
    }
    #leave(seat) {
        seat.active -= 1;
        seat.isExclusive = false;
        this.#startNext();
    }
    #turn(isExclusive, signal) {
        if (this.#isClosed)
            return Promise.reject(thread_pool_closed());
        if (signal?.aborted)
            return Promise.reject(signal.reason);
        const { promise, resolve, reject } = Promise.withResolvers();
        const waiter = { isExclusive, resolve, reject };
        const leave = () => {
            this.#queue = this.#queue.filter((other) => other !== waiter);
            reject(signal?.reason);
            this.#startNext();
        };
        signal?.addEventListener('abort', leave, { once: true });
        if (isExclusive)
            this.#queue.unshift(waiter);
        else
            this.#queue.push(waiter);
        this.#startNext();
        return promise.finally(() => signal?.removeEventListener('abort', leave));
    }
    /** Whoever waits for a thread of its own lets nobody pass: otherwise no thread might ever be idle. */
    #startNext() {
        for (let waiter = this.#queue[0]; waiter !== undefined; waiter = this.#queue[0]) {
            if (!this.#seat(waiter))
                return;
            this.#queue.shift();
        }
    }
    #seat({ isExclusive, resolve, reject }) {
        try {
            const seat = this.#findSeat(isExclusive);
            if (seat === undefined)
                return false;
            seat.active += 1;
            seat.isExclusive = isExclusive;
            resolve(seat);
        }
        catch (error) {
            // A thread could not be started.
            reject(error);
        }
        return true;
    }
    #findSeat(isExclusive) {
        const slots = isExclusive ? 1 : this.#options.slots;
        const free = [...this.#seats].filter((seat) => !seat.isExclusive && seat.active < slots);
        if (free.length > 0)
            return free.reduce((best, seat) => (seat.active < best.active ? seat : best));
        return this.#seats.size < this.#options.threads ? this.#addSeat() : undefined;
    }
    #addSeat() {
        const thread = this.#options.start(() => this.#seats.delete(seat));
        const seat = { thread, active: 0, isExclusive: false };
        this.#seats.add(seat);
        return seat;
    }
}
function thread_pool_closed() {
    return new errors/* ProofgateError */.a0('CANCELLED', 'the evaluation of policies was ended');
}

;// CONCATENATED MODULE: ./lib/src/policy/wasm/wasm-engine.js







class WasmEngine {
    #options;
    #policies = new single_flight/* Memo */.lD();
    #closing = new AbortController();
    #pool;
    constructor(options) {
        this.#options = options;
    }
    async compile(program, signal) {
        this.#closing.signal.throwIfAborted();
        const digested = { digest: digestOfProgram(program), program };
        return this.#policies.get(digested.digest, (shared) => this.#compile(digested, shared), signal);
    }
    async close() {
        this.#closing.abort(new errors/* ProofgateError */.a0('CANCELLED', 'the evaluation of policies was ended'));
        const pool = await this.#pool?.catch(() => undefined);
        await pool?.close();
    }
    async #compile(program, signal) {
        this.#pool ??= this.#start();
        const pool = await this.#pool;
        this.#closing.signal.throwIfAborted();
        const rules = await pool.run((thread) => thread.compile(program), signal);
        return new WasmPolicy(program, rules, pool);
    }
    async #start() {
        const { threads, file, clock, limits } = this.#options;
        const { slots, silenceMs, evaluation } = limits;
        const settings = { files: await this.#read(), limits: evaluation };
        const start = (onEnd) => new PolicyThread({ file, settings, clock, silenceMs }, onEnd);
        return new ThreadPool({ threads, slots, start });
    }
    async #read() {
        try {
            return await this.#options.readFiles();
        }
        catch (error) {
            // The next compilation may try again.
            this.#pool = undefined;
            throw error;
        }
    }
}
class WasmPolicy {
    rules;
    digest;
    #program;
    #pool;
    constructor(program, rules, pool) {
        this.rules = rules;
        this.digest = program.digest;
        this.#program = program;
        this.#pool = pool;
    }
    async evaluate(input, rules, host, signal) {
        const question = toQuestion(input, rules);
        const work = this.#pool.run((thread) => thread.evaluate(this.#program, question, host, signal), signal);
        // The caller does not wait until the thread has let go.
        return signal === undefined ? work : (0,single_flight/* untilAborted */.Eu)(work, signal);
    }
}
/** The order of modules decides nothing. */
function digestOfProgram({ modules, data }) {
    const files = modules.map(({ path, text }) => ({ path, text }));
    files.sort((a, b) => (a.path < b.path ? -1 : 1));
    return (0,base_digest/* digestOf */.ol)((0,fingerprint/* canonicalJson */.d)({ files, data }));
}

;// CONCATENATED MODULE: ./lib/src/policy/wasm/open-engine.js
// The engine as the product runs it: how many threads, with which bounds, from which files.





const open_engine_MIB = 2 ** 20;
/** A component takes a second; one with an SBOM of 20,000 packages ten. */
const RUN_MS = 60_000;
/** Between two signs of life: a compilation gives none, and takes three seconds where others do not use the cores. */
const SILENCE_MS = 120_000;
const RESULT_BYTES = 64 * open_engine_MIB;
/** Of the engine's memory; the rest is Go's own. */
const HEAP_PART = 0.75;
/** With 20 ms for each answer of a registry, three keep a thread busy; each has an input in memory. */
const SLOTS = 4;
/** Nothing is loaded, and no thread started, before the first compilation. Whoever opens an engine closes it. */
function openEngine({ threads: wanted, clock }) {
    const { threads, memoryBytes } = sizesFor(readMachine(), wanted);
    const { worker, folder } = enginePlace(import.meta.dirname);
    const engine = new WasmEngine({
        threads,
        file: worker,
        readFiles: () => readEngine(folder, memoryBytes),
        limits: {
            slots: SLOTS,
            silenceMs: SILENCE_MS,
            evaluation: { runMs: RUN_MS, heapBytes: memoryBytes * HEAP_PART, resultBytes: RESULT_BYTES },
        },
        clock,
    });
    return { engine, concurrency: threads * SLOTS };
}
/** `codeFolder` is that of this file: src/policy/wasm, or a folder of dist/ beside those of the engine. */
function enginePlace(codeFolder) {
    const source = (0,external_node_path_.join)(codeFolder, 'worker.ts');
    if ((0,external_node_fs_.existsSync)(source))
        return { worker: source, folder: (0,external_node_path_.join)(codeFolder, '..', '..', '..', 'dist', 'policy') };
    const dist = (0,external_node_path_.dirname)(codeFolder);
    return { worker: (0,external_node_path_.join)(dist, 'worker', 'index.js'), folder: (0,external_node_path_.join)(dist, 'policy') };
}

// EXTERNAL MODULE: ./lib/src/options/input-files.js
var input_files = __webpack_require__(43357);
// EXTERNAL MODULE: ./lib/src/options/signer-options.js
var signer_options = __webpack_require__(78494);
// EXTERNAL MODULE: ./lib/src/options/values.js
var values = __webpack_require__(1625);
;// CONCATENATED MODULE: ./lib/src/policy-trust.js
// Whom a run with a policy trusts: whom its options name, or else whom the policy names.






/**
 * As in Conforma, what options name replaces what the policy names: neither adds to the other.
 * @throws ProofgateError `BAD_KEY`, `BAD_IDENTITY` (also when nobody is trusted), `BAD_OPTION`
 */
function trustOf(options, config, files = input_files/* localFiles */.J) {
    const signers = isAnyone(options.signers) ? options.signers : signersOf(config, files);
    if (!isAnyone(signers)) {
        throw new errors/* ProofgateError */.a0('BAD_IDENTITY', 'nobody is trusted: neither the options nor the policy name a signer', {
            hint: 'Give public-key, or certificate-identity with certificate-oidc-issuer; or give the policy a publicKey or an identity.',
        });
    }
    const named = config.rekorUrl === undefined || config.rekorUrl === '' ? undefined : config.rekorUrl;
    const rekorUrl = options.rekorUrl ?? (named === undefined ? undefined : (0,values/* parseServiceUrl */.iO)(named));
    return { signers, rekorUrl: options.ignoreRekor ? undefined : rekorUrl };
}
function isAnyone({ keys, identities }) {
    return keys.length + identities.length > 0;
}
/** Data that policies pass on to `ec.sigstore.*`; it has room for one identity, and the first is it. */
function toSigstoreOptions({ signers, rekorUrl }, ignoreRekor) {
    const [identity] = signers.identities;
    const text = (type, matcher) => matcher?.type === type ? matcher.pattern : '';
    return {
        certificate_identity: text('exact', identity?.subject),
        certificate_identity_regexp: text('regexp', identity?.subject),
        certificate_oidc_issuer: text('exact', identity?.issuer),
        certificate_oidc_issuer_regexp: text('regexp', identity?.issuer),
        ignore_rekor: ignoreRekor,
        public_key: signers.keys.map((key) => key.pem).join(''),
        rekor_url: rekorUrl ?? '',
    };
}
/** A key wins over an identity. */
function signersOf({ publicKey = '', identity }, files) {
    if (publicKey.trim() !== '')
        return { keys: readKeys(publicKey.trim(), files), identities: [] };
    return { keys: [], identities: identity === undefined ? [] : [toIdentity(identity)] };
}
function readKeys(text, files) {
    if (text.includes('-----BEGIN'))
        return (0,keys/* parsePublicKeys */.V)(text, "the policy's public key");
    return (0,signer_options/* readKeyFile */.ml)(files, text, 'Put the PEM text into the policy, or give it with public-key.');
}
/** As in Conforma, a pattern beats the exact text. */
function toIdentity({ subject, subjectRegExp, issuer, issuerRegExp }) {
    return { subject: policy_trust_toMatcher(subject, subjectRegExp), issuer: policy_trust_toMatcher(issuer, issuerRegExp) };
}
function policy_trust_toMatcher(exact, pattern) {
    if (pattern !== undefined && pattern !== '')
        return (0,identity/* regexpMatcher */.mV)(pattern);
    if (exact !== undefined && exact !== '')
        return (0,identity/* exactMatcher */.Gh)(exact);
    throw new errors/* ProofgateError */.a0('BAD_IDENTITY', "the policy's identity needs both a subject and an issuer");
}

;// CONCATENATED MODULE: ./lib/src/policy-gate.js
// The policies of one run: read, fetched and compiled before anything is looked at. It is loaded only for runs that have
// a policy: the engine behind it is large.










/**
 * Opens the policy that `options` name. What could not be had does not end the run: then every evaluation fails with
 * that error, and the built-in checks still say what they can.
 * @throws ProofgateError of kind `usage`: the policy is wrong, or nobody is trusted
 */
async function openPolicyGate(options, tools, signal) {
    const { clock, proofs: kept } = tools;
    const allowPast = options.allowPastEffectiveTime;
    const time = (0,effective_time/* parseEffectiveTime */.cD)(options.effectiveTime, clock.now(), { allowPast });
    const cluster = tools.cluster.isHere ? tools.cluster : undefined;
    const sources = { ...tools, kept, cluster, offline: options.offline };
    const gate = {
        signers: options.signers,
        rekorUrl: options.rekorUrl,
        effectiveTime: new Date(time.ms).toISOString(),
        summary: { spec: {}, sources: [] },
        isPinned: false,
        close: async () => { },
    };
    const config = await orUnavailable(policy_gate_readConfig(options, sources, tools.cluster, signal));
    if (config instanceof errors/* ProofgateError */.a0) {
        const failure = isAnyone(options.signers) ? {} : { failure: config };
        return { ...gate, ...failure, evaluator: failing(config) };
    }
    const trust = trustOf(options, config);
    const context = { effectiveTime: time, sigstore: toSigstoreOptions(trust, options.ignoreRekor) };
    const loaded = await orUnavailable(fetchSources(config, context, sources, signal));
    if (loaded instanceof errors/* ProofgateError */.a0) {
        const summary = { spec: toShownSpec(config), sources: [] };
        return { ...gate, ...trust, summary, evaluator: failing(loaded) };
    }
    return {
        ...gate,
        ...trust,
        summary: loaded.summary,
        isPinned: true,
        ...(await compile(options, tools, loaded, time, signal)),
    };
}
/** The key that the policy names is not read where options name others. */
async function policy_gate_readConfig(options, sources, cluster, signal) {
    const config = await loadPolicyConfig(options, sources, signal);
    return isAnyone(options.signers) ? config : (0,cluster_keys/* readPolicyKey */.q)(config, cluster, signal);
}
async function compile(options, tools, loaded, effectiveTime, signal) {
    if (loaded.groups.length === 0)
        return { evaluator: undefined, close: async () => { } };
    // Its deadlines guard against real threads.
    const open = tools.openEngine ?? openEngine;
    const { engine, concurrency } = open({ threads: options.policyWorkers, clock: clock/* systemClock */.m });
    const opening = Policies.open({
        loaded,
        effectiveTime,
        engine,
        host: createHostFunctions(tools),
        images: tools.images,
        concurrency,
        keepInput: options.output.some(({ format }) => format === 'policy-input'),
    }, signal);
    try {
        const policies = await orUnavailable(opening);
        const evaluator = policies instanceof errors/* ProofgateError */.a0 ? failing(policies) : policies;
        return { evaluator, close: () => engine.close() };
    }
    catch (error) {
        await engine.close();
        throw error;
    }
}
/** What is wrong with the policy is thrown; that it could not be had is a value, and never a "no" about an image. */
async function orUnavailable(work) {
    try {
        return await work;
    }
    catch (thrown) {
        const error = (0,errors/* toProofgateError */.zt)(thrown);
        if (error.kind === 'usage')
            throw error;
        if (error.kind === 'undetermined')
            return error;
        const hint = error.hint === undefined ? {} : { hint: error.hint };
        return new errors/* ProofgateError */.a0('POLICY_UNAVAILABLE', error.message, { cause: error, ...hint });
    }
}
function failing(error) {
    return { evaluate: () => Promise.reject(error) };
}


/***/ })

};
