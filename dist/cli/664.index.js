export const id = 664;
export const ids = [664];
export const modules = {

/***/ 9664:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {


// EXPORTS
__webpack_require__.d(__webpack_exports__, {
  runMergeCommand: () => (/* binding */ runMergeCommand)
});

// EXTERNAL MODULE: ./lib/src/base/errors.js
var errors = __webpack_require__(1559);
// EXTERNAL MODULE: ./lib/src/base/shard.js
var base_shard = __webpack_require__(158);
// EXTERNAL MODULE: ./lib/src/cache-summary.js
var cache_summary = __webpack_require__(4709);
// EXTERNAL MODULE: ./lib/src/report/report.js
var report_report = __webpack_require__(931);
;// CONCATENATED MODULE: ./lib/src/merge-parts.js
// What the reports of shards say beside their components, as one.



/**
 * Each bundle once. What one shard could not look at and another one could stays open: a component depends on it.
 * @throws ProofgateError `SHARDS_DISAGREE`: one looked and said yes, another one no
 */
function mergeTaskBundles(reports) {
    const byReference = Map.groupBy(reports.flatMap(({ taskBundles }) => taskBundles), ({ reference }) => reference);
    return [...byReference.values()].map(mergeBundle);
}
function mergeBundle(results) {
    const outcomes = new Set(results.map(({ outcome }) => outcome));
    const isContradiction = outcomes.has('rejected') && outcomes.has('verified');
    const isHalfCollected = outcomes.has('collected') && outcomes.size > 1;
    const [first] = results;
    if (first === undefined || isContradiction || isHalfCollected) {
        const what = `the task bundle ${first?.reference.slice(0, 300)} is ${[...outcomes].join(' in one report, and in another ')}`;
        throw new errors/* ProofgateError */.a0('SHARDS_DISAGREE', what, { hint: 'Run all shards again.' });
    }
    const worst = outcomes.has('collected') ? 'collected' : (0,report_report/* worstOutcome */.O)([...outcomes]);
    const saying = results.find(({ outcome }) => outcome === worst) ?? first;
    return { ...saying, components: [...new Set(results.flatMap(({ components }) => components))] };
}
/** Those of the whole snapshot are the same in each. */
function mergeWarnings(reports) {
    const all = reports.flatMap(({ warnings }) => warnings);
    return [
        ...new Map(all.map((warning) => [JSON.stringify([warning.code, warning.message]), warning])).values(),
    ];
}
/** Work adds up. The time is that of the slowest, the memory that of the largest: shards run at once. */
function mergeUsages(usages) {
    const byRegistry = Map.groupBy(usages.flatMap(({ registries }) => registries), ({ registry }) => registry);
    return {
        registries: [...byRegistry.values()].map(mergeRegistry),
        sharedLookups: sum(usages.map(({ sharedLookups }) => sharedLookups)),
        sharedVerifications: sum(usages.map(({ sharedVerifications }) => sharedVerifications)),
        wallMs: Math.max(...usages.map(({ wallMs }) => wallMs)),
        peakRssBytes: Math.max(...usages.map(({ peakRssBytes }) => peakRssBytes)),
    };
}
function mergeRegistry(all) {
    const statuses = new Map();
    for (const [status, count] of all.flatMap((one) => Object.entries(one.statuses))) {
        statuses.set(status, (statuses.get(status) ?? 0) + count);
    }
    return {
        registry: all[0]?.registry ?? '',
        statuses: Object.fromEntries(statuses),
        requests: sum(all.map(({ requests }) => requests)),
        retries: sum(all.map(({ retries }) => retries)),
        bytes: sum(all.map(({ bytes }) => bytes)),
    };
}
/** Undefined when no shard kept proofs. */
function mergeCaches(reports, total) {
    const caches = reports.flatMap(({ cache }) => cache ?? []);
    if (caches.length === 0)
        return undefined;
    return (0,cache_summary/* toCacheSummary */.y)({
        components: sum(caches.map(({ components }) => components)),
        of: total,
        listedAt: caches.flatMap(({ oldestListedAt }) => oldestListedAt ?? []),
        savedRequests: sum(caches.map(({ savedRequests }) => savedRequests)),
    });
}
function sum(counts) {
    return counts.reduce((total, count) => total + count, 0);
}

// EXTERNAL MODULE: ./lib/src/base/exact-number.js
var exact_number = __webpack_require__(8919);
// EXTERNAL MODULE: ./lib/src/report/checks.js
var checks = __webpack_require__(5412);
// EXTERNAL MODULE: ./node_modules/zod/v4/classic/schemas.js + 10 modules
var schemas = __webpack_require__(3798);
// EXTERNAL MODULE: ./node_modules/zod/v4/classic/iso.js
var iso = __webpack_require__(4377);
;// CONCATENATED MODULE: ./lib/src/report/document-schema.js
// The report's document as it may come back from a file: what schema/report.schema.json says, for parsing. Nothing is
// converted here: what passes is used as it was written, with its members in their order.



const document_schema_text = schemas/* string */.YjP();
const texts = schemas/* array */.YOg(document_schema_text);
const count = schemas/* int */.Whr().min(0);
const instant = iso/* datetime */.w$({ offset: true });
const hex256 = schemas/* string */.YjP().regex(/^[0-9a-f]{64}$/);
const outcome = schemas/* enum */.k5n(['verified', 'rejected', 'undetermined']);
/** JSON of any shape. A number that keeps its digits is an object to zod, so nothing of it is copied. */
const map = schemas/* custom */.IeY((value) => typeof value === 'object' && value !== null && !Array.isArray(value));
const signedBy = schemas/* discriminatedUnion */.gMt('type', [
    schemas/* strictObject */.rej({ type: schemas/* literal */.euz('key'), fingerprint: hex256, name: document_schema_text }),
    schemas/* strictObject */.rej({ type: schemas/* literal */.euz('identity'), subject: document_schema_text, issuer: document_schema_text, matched: document_schema_text }),
]);
const signature = schemas/* strictObject */.rej({
    keyid: document_schema_text,
    sig: document_schema_text,
    certificate: document_schema_text.optional(),
    chain: texts.optional(),
    format: schemas/* enum */.k5n(['bundle', 'legacy']),
    signedBy,
    manifest: document_schema_text,
    signedAt: document_schema_text.optional(),
});
const attestation = schemas/* strictObject */.rej({
    type: document_schema_text,
    predicateType: document_schema_text,
    predicateBuildType: document_schema_text.optional(),
    signatures: schemas/* array */.YOg(signature),
});
/** Of a policy's result; what else it has is the policy's own. */
const metadata = schemas/* looseObject */._H3({
    code: document_schema_text.min(1).optional(),
    term: schemas/* union */.KCZ([document_schema_text, texts.min(2)]).optional(),
    effective_on: document_schema_text.optional(),
    title: document_schema_text.optional(),
    description: document_schema_text.optional(),
    severity: document_schema_text.optional(),
    solution: document_schema_text.optional(),
    collections: texts.min(1).optional(),
    depends_on: texts.min(1).optional(),
    docs_url: document_schema_text.optional(),
});
const finding = schemas/* strictObject */.rej({
    msg: document_schema_text,
    metadata: metadata.extend({
        solution: document_schema_text,
        reason: schemas/* enum */.k5n(Object.keys(errors/* ERROR_KINDS */.z1)),
        details: texts.min(1).max(20).optional(),
    }),
});
const result = schemas/* strictObject */.rej({ msg: document_schema_text, metadata });
const findings = {
    violations: schemas/* array */.YOg(finding).min(1).optional(),
    undetermined: schemas/* array */.YOg(finding).min(1).optional(),
};
const git = schemas/* strictObject */.rej({
    url: document_schema_text,
    revision: document_schema_text.optional(),
    context: document_schema_text.optional(),
    devfileUrl: document_schema_text.optional(),
    dockerfileUrl: document_schema_text.optional(),
});
const componentSchema = schemas/* strictObject */.rej({
    name: document_schema_text,
    containerImage: document_schema_text.min(1),
    source: schemas/* strictObject */.rej({ git: git.optional() }),
    resolved: document_schema_text.optional(),
    platform: document_schema_text.optional(),
    index: document_schema_text.optional(),
    outcome,
    proofs: schemas/* discriminatedUnion */.gMt('from', [
        schemas/* strictObject */.rej({ from: schemas/* literal */.euz('registry') }),
        schemas/* strictObject */.rej({ from: schemas/* literal */.euz('cache'), listedAt: instant }),
    ])
        .optional(),
    ...findings,
    warnings: schemas/* array */.YOg(schemas/* union */.KCZ([schemas/* strictObject */.rej({ msg: document_schema_text }), result]))
        .min(1)
        .optional(),
    successes: schemas/* array */.YOg(result).min(1).optional(),
    success: schemas/* boolean */.zMY(),
    signatures: schemas/* array */.YOg(signature).min(1).optional(),
    attestations: schemas/* array */.YOg(attestation).min(1).optional(),
    taskBundles: texts.min(1).optional(),
});
const taskBundle = schemas/* strictObject */.rej({
    reference: document_schema_text,
    outcome: schemas/* enum */.k5n(['verified', 'rejected', 'undetermined', 'collected']),
    ...findings,
    signatures: schemas/* array */.YOg(signature).min(1).optional(),
    components: texts,
});
const usage = schemas/* strictObject */.rej({
    registries: schemas/* array */.YOg(schemas/* strictObject */.rej({
        registry: document_schema_text,
        statuses: schemas/* record */.g1P(document_schema_text, count),
        requests: count,
        retries: count,
        bytes: count,
    })),
    sharedLookups: count,
    sharedVerifications: count,
    wallMs: schemas/* number */.aig().min(0),
    peakRssBytes: count,
});
/** Everything but the components: those come one by one. */
const reportSchema = schemas/* strictObject */.rej({
    success: schemas/* boolean */.zMY(),
    result: outcome,
    shard: schemas/* strictObject */.rej({
        index: schemas/* int */.Whr().min(1),
        count: schemas/* int */.Whr().min(1).max(base_shard/* MAX_SHARDS */.hH),
        components: count,
        of: schemas/* int */.Whr().min(1),
        snapshot: hex256,
        settings: hex256,
        pins: hex256.optional(),
        release: hex256.optional(),
    })
        .refine(({ index, count, components, of }) => index <= count && components <= of)
        .optional(),
    components: schemas/* array */.YOg(schemas/* never */.ZmZ()),
    taskBundles: schemas/* array */.YOg(taskBundle).min(1).optional(),
    warnings: schemas/* array */.YOg(schemas/* strictObject */.rej({ msg: document_schema_text, metadata: schemas/* strictObject */.rej({ code: document_schema_text }) }))
        .min(1)
        .optional(),
    key: document_schema_text,
    policy: map.optional(),
    policySources: schemas/* array */.YOg(schemas/* strictObject */.rej({ url: document_schema_text, pinned: document_schema_text, fingerprint: hex256 })).optional(),
    trust: schemas/* strictObject */.rej({ source: document_schema_text, fingerprint: hex256.optional() }),
    usage,
    cache: schemas/* strictObject */.rej({
        hit: schemas/* enum */.k5n(['full', 'partial', 'none']),
        components: count,
        oldestListedAt: instant.optional(),
        savedRequests: count,
    })
        .optional(),
    'proofgate-version': document_schema_text,
    'started-at': instant,
    'effective-time': instant,
});

;// CONCATENATED MODULE: ./lib/src/report/json-splitter.js
// JSON text whose top level has one long list: the list's entries one by one, and all the rest. Neither the text nor what
// it means is ever in memory as a whole.
const [QUOTE, BACKSLASH, COMMA, COLON] = ['"', '\\', ',', ':'].map((sign) => sign.charCodeAt(0));
const [OPEN_LIST, CLOSE_LIST, OPEN_MAP, CLOSE_MAP] = ['[', ']', '{', '}'].map((sign) => sign.charCodeAt(0));
const MAX_NAME_BYTES = 256;
/**
 * Yields the text of each entry; returns the text of the rest, in which the list is empty. Whether these texts are JSON is
 * found out by whoever parses them.
 * @throws what `refuse` makes: UTF-8 that is none, a piece that is too long, the list twice
 */
function* splitJson(chunks, rules) {
    const scanner = new Scanner(rules);
    for (const chunk of chunks)
        yield* scanner.scan(chunk);
    return scanner.end();
}
class Scanner {
    #rules;
    #rest;
    #entry;
    #depth = 0;
    #isInString = false;
    #isEscaped = false;
    #isInList = false;
    #hasList = false;
    /** Bytes of the latest string of the top level; a longer one is not the list's name. */
    #name = [];
    #member = '';
    constructor(rules) {
        this.#rules = rules;
        this.#rest = new Piece(rules);
        this.#entry = new Piece(rules);
    }
    *scan(chunk) {
        let start = 0;
        for (let at = 0; at < chunk.length; at += 1) {
            const wasInList = this.#isInList;
            const isBorder = this.#read(chunk[at]);
            if (!isBorder)
                continue;
            // The list's brackets belong to the rest, its commas to nobody.
            if (!wasInList)
                this.#rest.append(chunk.subarray(start, at + 1));
            else {
                this.#entry.append(chunk.subarray(start, at));
                const text = this.#entry.take();
                if (this.#isInList || text.trim() !== '')
                    yield text;
            }
            start = wasInList && !this.#isInList ? at : at + 1;
        }
        (this.#isInList ? this.#entry : this.#rest).append(chunk.subarray(start));
    }
    end() {
        if (this.#isInList || this.#depth !== 0)
            throw this.#rules.refuse('it ends too early');
        return this.#rest.take();
    }
    /** True where a piece ends: at the list's brackets, and between its entries. */
    #read(byte) {
        if (this.#isInString) {
            this.#readString(byte);
            return false;
        }
        switch (byte) {
            case QUOTE:
                this.#isInString = true;
                if (this.#depth === 1)
                    this.#name = [];
                return false;
            case COLON:
                if (this.#depth === 1)
                    this.#member = this.#nameText();
                return false;
            case COMMA:
                if (this.#depth === 1)
                    this.#member = '';
                return this.#isInList && this.#depth === 2;
            case OPEN_LIST:
            case OPEN_MAP:
                this.#depth += 1;
                return byte === OPEN_LIST && this.#beginsList();
            case CLOSE_LIST:
            case CLOSE_MAP:
                this.#depth -= 1;
                return this.#isInList && this.#depth === 1 && this.#endList();
            default:
                return false;
        }
    }
    #readString(byte) {
        if (this.#isEscaped)
            this.#isEscaped = false;
        else if (byte === BACKSLASH)
            this.#isEscaped = true;
        else if (byte === QUOTE)
            this.#isInString = false;
        if (this.#depth === 1 && this.#isInString && this.#name.length < MAX_NAME_BYTES)
            this.#name.push(byte);
    }
    #nameText() {
        try {
            return String(JSON.parse(`"${Buffer.from(this.#name).toString('utf8')}"`));
        }
        catch {
            return '';
        }
    }
    #beginsList() {
        if (this.#depth !== 2 || this.#member !== this.#rules.list)
            return false;
        // Other readers take the first, or the last.
        if (this.#hasList)
            throw this.#rules.refuse(`it has ${JSON.stringify(this.#rules.list)} twice`);
        this.#hasList = true;
        this.#isInList = true;
        return true;
    }
    #endList() {
        this.#isInList = false;
        return true;
    }
}
/** Bytes that are collected, within bounds. */
class Piece {
    #rules;
    #parts = [];
    #length = 0;
    constructor(rules) {
        this.#rules = rules;
    }
    append(bytes) {
        this.#length += bytes.length;
        const { maxBytes, refuse } = this.#rules;
        if (this.#length > maxBytes)
            throw refuse(`a piece of it is longer than ${maxBytes} bytes`);
        // A copy: the chunk's memory is used again.
        if (bytes.length > 0)
            this.#parts.push(Buffer.from(bytes));
    }
    take() {
        const bytes = Buffer.concat(this.#parts, this.#length);
        this.#parts = [];
        this.#length = 0;
        try {
            return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
        }
        catch {
            throw this.#rules.refuse('it is not UTF-8');
        }
    }
}

// EXTERNAL MODULE: ./lib/src/report/policy-metadata.js
var policy_metadata = __webpack_require__(1789);
;// CONCATENATED MODULE: ./lib/src/report/parse.js







const MAX_PIECE_BYTES = 64 * 1024 * 1024;
/** Children of indexes included. */
const MAX_COMPONENTS = 100_000;
/**
 * Reads what `renderJson` wrote.
 * @param name what errors call it
 * @throws ProofgateError `BAD_REPORT`
 */
function parseReport(chunks, name) {
    const refuse = (why) => badReport(name, why);
    const parser = new ComponentParser(refuse);
    const pieces = splitJson(chunks, { list: 'components', maxBytes: MAX_PIECE_BYTES, refuse });
    let piece = pieces.next();
    const components = [];
    for (; !piece.done; piece = pieces.next()) {
        if (components.length >= MAX_COMPONENTS)
            throw refuse(`it has more than ${MAX_COMPONENTS} components`);
        components.push(parser.parse(piece.value, components.length));
    }
    const rest = check(reportSchema, parseJson(piece.value, refuse, exact_number/* exactNumber */.rf), '', refuse);
    const { success, result, shard } = rest;
    const outcomes = components.map(({ outcome }) => outcome);
    const expected = shard?.components === 0 && outcomes.length === 0 ? 'verified' : (0,report_report/* worstOutcome */.O)(outcomes);
    if (result !== expected || success !== (result === 'verified'))
        throw refuse(`it is ${result}, and its components do not say so`);
    return toReport(rest, components, parser);
}
/** Every problem with a report that was given. */
function badReport(name, why) {
    return new errors/* ProofgateError */.a0('BAD_REPORT', `the report ${name}: ${why}`, {
        hint: 'Give the reports that --report (or --output json=FILE) wrote, one of each shard of one release.',
    });
}
/** Rules of policies say the same of themselves for each component: they are kept once. */
class ComponentParser {
    #refuse;
    #rules = new Map();
    #texts = new Map();
    constructor(refuse) {
        this.#refuse = refuse;
    }
    parse(text, position) {
        const where = `components[${position}]`;
        const document = check(componentSchema, parseJson(text, this.#refuse), where, this.#refuse);
        const component = this.#toComponent(document);
        const { outcome, findings, successes } = component;
        const isConsistent = outcome === 'verified'
            ? findings.length === 0 && successes.length > 0
            : findings.some((finding) => finding.outcome === outcome) &&
                (outcome === 'rejected' || findings.every((finding) => finding.outcome === 'undetermined'));
        if (isConsistent && document.success === (outcome === 'verified'))
            return component;
        throw this.#refuse(`${where} is ${outcome}, and what was found does not say so`);
    }
    toFindings({ violations = [], undetermined = [], }) {
        return [
            ...violations.map((document) => this.#toFinding(document, 'rejected')),
            ...undetermined.map((document) => this.#toFinding(document, 'undetermined')),
        ];
    }
    #toComponent(document) {
        const { name, containerImage, source, resolved, platform, index, outcome, proofs } = document;
        const { warnings = [], successes = [], signatures, attestations, taskBundles } = document;
        return {
            name,
            containerImage,
            source: source,
            ...(resolved === undefined ? {} : { resolved }),
            ...(platform === undefined ? {} : { platform }),
            ...(index === undefined ? {} : { index }),
            outcome,
            ...(proofs === undefined ? {} : { proofs }),
            findings: this.toFindings(document),
            successes: successes.map((success) => this.#toSuccess(success)),
            warnings: warnings.flatMap((warning) => ('metadata' in warning ? [] : [warning.msg])),
            policyWarnings: warnings.flatMap((warning) => 'metadata' in warning ? [this.#toMessage(warning)] : []),
            signatures: (signatures ?? []),
            attestations: (attestations ?? []),
            taskBundles: taskBundles ?? [],
        };
    }
    /** Only a policy's rule violates a policy; everything else is said by checks, and those are known. */
    #toFinding({ msg, metadata }, outcome) {
        const { reason, details = [], solution: hint } = metadata;
        const said = { outcome, reason, message: msg, hint, details };
        if (reason === 'POLICY_VIOLATION') {
            const { code = '', term, rule } = this.#toRuleResult(metadata);
            return { code, ...said, ...(term === undefined ? {} : { term }), rule };
        }
        const { code = '', term } = metadata;
        if (!Object.hasOwn(checks/* CHECKS */.ui, code) || Array.isArray(term))
            throw this.#refuse('a finding is of no check');
        return { code, ...said, ...(typeof term === 'string' ? { term } : {}) };
    }
    #toSuccess({ msg, metadata }) {
        const { code = '', description } = metadata;
        const check = Object.hasOwn(checks/* CHECKS */.ui, code) ? checks/* CHECKS */.ui[code] : undefined;
        const message = this.#once(msg);
        if (check?.description === description && Object.keys(metadata).length === 2)
            return { code: this.#once(code), message };
        const { rule } = this.#toRuleResult(metadata);
        return { code: this.#once(code), message, rule };
    }
    #toMessage({ msg, metadata }) {
        return { message: msg, ...this.#toRuleResult(metadata) };
    }
    #toRuleResult(metadata) {
        const { rule, ...result } = (0,policy_metadata/* parsePolicyMetadata */.Ds)(metadata);
        const key = JSON.stringify(rule);
        const known = this.#rules.get(key) ?? rule;
        this.#rules.set(key, known);
        return { ...result, rule: known };
    }
    #once(text) {
        const known = this.#texts.get(text) ?? text;
        this.#texts.set(known, known);
        return known;
    }
}
function toReport(document, components, parser) {
    const { result, shard, taskBundles = [], warnings = [], key, policy, policySources, trust, usage, cache, } = document;
    return {
        version: document['proofgate-version'],
        result,
        ...(shard === undefined ? {} : { shard: shard }),
        startedAt: document['started-at'],
        effectiveTime: document['effective-time'],
        ...(policy === undefined ? {} : { policy: { spec: policy, sources: policySources ?? [] } }),
        components,
        taskBundles: taskBundles.map((bundle) => toTaskBundle(bundle, parser)),
        warnings: warnings.map(({ msg, metadata }) => ({ code: metadata.code, message: msg })),
        key,
        trust: trust,
        usage,
        ...(cache === undefined ? {} : { cache: cache }),
    };
}
function toTaskBundle(document, parser) {
    const { reference, outcome, signatures = [], components } = document;
    return {
        reference,
        outcome,
        findings: parser.toFindings(document),
        signatures: signatures,
        components,
    };
}
function parseJson(text, refuse, reviver) {
    try {
        return JSON.parse(text, reviver);
    }
    catch {
        throw refuse('it is no JSON');
    }
}
/** The value itself, not zod's copy of it. */
function check(schema, value, where, refuse) {
    const checked = schema.safeParse(value);
    if (checked.success)
        return value;
    const [issue] = checked.error.issues;
    const path = [where, ...(issue?.path ?? []).map((part) => String(part).slice(0, 80))].filter((part) => part !== '');
    throw refuse(`${path.join('.') || 'it'}: ${issue?.message.slice(0, 200) ?? 'it is no report'}`);
}

// EXTERNAL MODULE: ./lib/src/shard-summary.js
var shard_summary = __webpack_require__(9983);
;// CONCATENATED MODULE: ./lib/src/merge.js
// The reports of a release's shards → the one report of the release. It vouches for nothing that it cannot see: what is
// missing, or does not fit, is an error and never a report with less in it.






/**
 * One report of all shards, in the order of shards. Its result is the worst of theirs.
 * @param version of this program: reports of another one are not merged
 * @throws ProofgateError `BAD_REPORT`: they are not the reports of one release's shards; `SHARDS_DISAGREE`: one is missing,
 *   or they saw different things
 */
function mergeReports(given, version) {
    const shards = given
        .map((one) => toShardReport(one, version))
        .toSorted((a, b) => a.shard.index - b.shard.index);
    const [first] = shards;
    if (first === undefined)
        throw disagree('there is no report to merge');
    for (const other of shards)
        assertSameRelease(first, other);
    assertComplete(shards, first.shard);
    assertSameConditions(shards);
    assertOwnComponents(shards, first.shard);
    return compose(shards, first);
}
function toShardReport({ name, report }, version) {
    const { shard } = report;
    if (report.version !== version) {
        throw badReport(name, `Proofgate ${report.version.slice(0, 40)} wrote it, and this is ${version}`);
    }
    if (shard === undefined)
        throw badReport(name, 'it is of no shard, but of a whole release');
    return { name, report, shard };
}
function assertSameRelease(first, { name, shard }) {
    const differs = ['count', 'of', 'snapshot', 'settings'].find((key) => shard[key] !== first.shard[key]);
    if (differs === undefined)
        return;
    const what = {
        count: 'of another number of shards',
        of: 'of another snapshot',
        snapshot: 'of another snapshot',
    };
    const why = differs === 'settings' ? 'made with other options' : what[differs];
    throw badReport(name, `it is ${why} than ${first.name}`);
}
function assertComplete(shards, { count }) {
    const byIndex = Map.groupBy(shards, ({ shard }) => shard.index);
    for (const [index, [one, other]] of byIndex) {
        if (one === undefined || other === undefined)
            continue;
        throw badReport(other.name, `it is of shard ${(0,base_shard/* formatShard */._D)({ index, count })}, and so is ${one.name}`);
    }
    const all = Array.from({ length: count }, (_, position) => position + 1);
    const missing = all.filter((index) => !byIndex.has(index)).map((index) => (0,base_shard/* formatShard */._D)({ index, count }));
    if (missing.length === 0)
        return;
    const more = missing.length > 5 ? ` and ${missing.length - 5} more` : '';
    throw disagree(`there is no report of shard ${missing.slice(0, 5).join(', ')}${more}`, 'Run the shards that are missing, and merge again.');
}
/** Whoever knows keys, policy, release or trust root knows the same; who does not has verified nothing by them. */
function assertSameConditions(shards) {
    const conditions = [
        { what: 'keys or policy', of: ({ shard }) => shard.pins, isNeeded: () => true },
        {
            what: 'components, as policies see them,',
            of: ({ shard }) => shard.release,
            isNeeded: ({ report }) => report.policy !== undefined && hasRules(report),
        },
        { what: 'trust root', of: ({ report }) => report.trust.fingerprint, isNeeded: () => false },
    ];
    for (const { what, of, isNeeded } of conditions) {
        const known = shards.filter((one) => of(one) !== undefined);
        const other = known.find((one) => of(one) !== of(known[0]));
        const blind = shards.find((one) => of(one) === undefined && isNeeded(one) && hasVerified(one));
        const wrong = other ?? blind;
        if (wrong === undefined)
            continue;
        throw disagree(`the ${what} of ${wrong.name} are not those of ${(known[0] ?? shards[0])?.name}`, 'Something changed between the runs of the shards: name the policy by digest, and run all of them again.');
    }
}
function hasVerified({ report }) {
    return (0,report_report/* countOutcomes */.X)(report.components).verified > 0;
}
/** False for a policy without sources: nobody looked at the release as a whole then. */
function hasRules({ policy }) {
    return (policy?.sources.length ?? 0) > 0;
}
/** Each has all components that are its own, and no other, by the rule that decided it; together they are the snapshot. */
function assertOwnComponents(shards, { snapshot }) {
    const images = shards.map(({ report }) => rootsOf(report));
    const all = images.flat();
    const wrong = shards.find(({ shard }, position) => {
        const own = images[position] ?? [];
        const expected = (0,base_shard/* imagesOfShard */.U0)(all, shard);
        return (own.length !== shard.components || own.length !== expected.size || own.some((one) => !expected.has(one)));
    });
    if (wrong !== undefined)
        throw disagree(`${wrong.name} has not the components of its shard`);
    if ((0,shard_summary/* fingerprintImages */.$)(all) !== snapshot)
        throw disagree('the components of the reports are not those of the snapshot');
}
/** Of the snapshot: children of an index are its own. */
function rootsOf({ components }) {
    return components.flatMap(({ containerImage, index }) => (index === undefined ? [containerImage] : []));
}
function compose(shards, first) {
    const reports = shards.map(({ report }) => report);
    const components = reports.flatMap((report) => report.components);
    assertOneOutcome(components);
    const informed = shards.find(({ shard }) => shard.pins !== undefined) ?? first;
    const { policy, key } = informed.report;
    const trust = reports.find((report) => report.trust.fingerprint !== undefined)?.trust ?? first.report.trust;
    const cache = mergeCaches(reports, components.length);
    return {
        version: first.report.version,
        result: (0,report_report/* worstOutcome */.O)(components.map(({ outcome }) => outcome)),
        startedAt: earliest(reports.map(({ startedAt }) => startedAt)),
        // Each shard has its own when it is the moment of its run.
        effectiveTime: earliest(reports.map(({ effectiveTime }) => effectiveTime)),
        ...(policy === undefined ? {} : { policy }),
        components,
        taskBundles: mergeTaskBundles(reports),
        warnings: mergeWarnings(reports),
        key,
        trust,
        usage: mergeUsages(reports.map(({ usage }) => usage)),
        ...(cache === undefined ? {} : { cache }),
    };
}
/** An image may be there twice, as a component and as the child of an index. */
function assertOneOutcome(components) {
    const seen = new Map();
    for (const component of components) {
        const id = JSON.stringify([component.name, component.containerImage]);
        const other = seen.get(id);
        if (other !== undefined && other.outcome !== component.outcome) {
            throw disagree(`${JSON.stringify(component.name.slice(0, 160))} is ${other.outcome} in one report and ${component.outcome} in another`);
        }
        seen.set(id, component);
    }
}
function earliest(times) {
    return times.reduce((one, other) => (Date.parse(other) < Date.parse(one) ? other : one));
}
/** Nobody can say what holds for the release. */
function disagree(why, hint = 'Run all shards again, on the same snapshot and with the same options.') {
    return new errors/* ProofgateError */.a0('SHARDS_DISAGREE', why, { hint });
}

// EXTERNAL MODULE: ./lib/src/options/option-reader.js
var option_reader = __webpack_require__(7172);
// EXTERNAL MODULE: ./lib/src/output-options.js
var output_options = __webpack_require__(6994);
// EXTERNAL MODULE: external "node:fs"
var external_node_fs_ = __webpack_require__(3024);
// EXTERNAL MODULE: external "node:path"
var external_node_path_ = __webpack_require__(6760);
;// CONCATENATED MODULE: ./lib/src/report-files.js
// Reports that were written earlier, read from files and folders.





const MAX_FILE_BYTES = 1024 * 1024 * 1024;
const MAX_DEPTH = 4;
const MAX_ENTRIES = 10_000;
const CHUNK_BYTES = 1024 * 1024;
/**
 * The reports at `paths`, each a file or a folder with .json files, also further down.
 * @throws ProofgateError `UNREADABLE_FILE`, `BAD_REPORT`
 */
function readReports(paths) {
    const files = paths.flatMap((path) => named(path, () => listFiles(path)));
    if (files.length > base_shard/* MAX_SHARDS */.hH) {
        throw new errors/* ProofgateError */.a0('BAD_REPORT', `${files.length} reports are more than the ${base_shard/* MAX_SHARDS */.hH} of a release`);
    }
    return files.map((path) => ({
        name: JSON.stringify(path),
        report: named(path, () => parseReport(chunksOf(path), JSON.stringify(path))),
    }));
}
function listFiles(path) {
    if (!(0,external_node_fs_.statSync)(path).isDirectory())
        return [path];
    const found = [];
    let left = MAX_ENTRIES;
    const visit = (folder, depth) => {
        const directory = (0,external_node_fs_.opendirSync)(folder);
        try {
            for (let entry = directory.readSync(); entry !== null; entry = directory.readSync()) {
                left -= 1;
                if (left < 0 || depth > MAX_DEPTH)
                    throw new Error('it holds too many files or folders');
                const file = (0,external_node_path_.join)(folder, entry.name);
                // Links are not followed.
                if (entry.isDirectory())
                    visit(file, depth + 1);
                else if (entry.isFile() && entry.name.endsWith('.json'))
                    found.push(file);
            }
        }
        finally {
            directory.closeSync();
        }
    };
    visit(path, 1);
    if (found.length === 0)
        throw new Error('it holds no .json file');
    return found.toSorted();
}
function* chunksOf(path) {
    const file = (0,external_node_fs_.openSync)(path, 'r');
    try {
        const chunk = Buffer.alloc(CHUNK_BYTES);
        let total = 0;
        for (let length = -1; length !== 0; total += length) {
            length = (0,external_node_fs_.readSync)(file, chunk);
            if (total + length > MAX_FILE_BYTES)
                throw new Error(`it is longer than ${MAX_FILE_BYTES} bytes`);
            yield chunk.subarray(0, length);
        }
    }
    finally {
        (0,external_node_fs_.closeSync)(file);
    }
}
function named(path, read) {
    try {
        return read();
    }
    catch (cause) {
        if (cause instanceof errors/* ProofgateError */.a0)
            throw cause;
        const why = cause instanceof Error ? ('code' in cause ? String(cause.code) : cause.message) : String(cause);
        throw new errors/* ProofgateError */.a0('UNREADABLE_FILE', `cannot read ${JSON.stringify(path)}: ${why}`, {
            cause,
            hint: 'Name the reports that the shards wrote, or the folder that holds them and nothing else.',
        });
    }
}

;// CONCATENATED MODULE: ./lib/src/merge-command.js
// `proofgate merge REPORT…`, and the action's `merge`: one report, and one exit code, from the reports of a release's shards.





/** Reads and merges what `merge` names; never throws for what is wrong with options and reports. */
function runMergeCommand(raw, version, surface) {
    const reader = new option_reader/* OptionReader */.F(raw, surface);
    const paths = reader.list('merge').map(({ text }) => text);
    const options = { ...(0,output_options/* readOutputs */.T)(reader, surface), strict: reader.boolean('strict') };
    for (const name of ['images', 'snapshot', 'shard', 'policy']) {
        if (reader.isGiven(name))
            reader.add('BAD_OPTION', `${reader.label(name)} is given with ${reader.label('merge')}`);
    }
    if (options.output.some(({ format }) => format === 'policy-input')) {
        reader.add('BAD_OPTION', 'reports do not hold what policies were evaluated on', 'Ask each shard for policy-input.');
    }
    if (reader.problems.length > 0)
        return { ok: false, problems: reader.problems };
    try {
        return { ok: true, report: mergeReports(readReports(paths), version), options };
    }
    catch (error) {
        if (error instanceof errors/* ProofgateError */.a0)
            return { ok: false, problems: [error] };
        throw error;
    }
}


/***/ })

};
