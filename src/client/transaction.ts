import type { Key } from "../base/index.js";
import {
  Compare,
  CompareResult,
  CompareTarget,
  type Decoded,
  DeleteRangeRequest,
  type DeleteRangeResponse,
  PutRequest,
  type PutResponse,
  RangeRequest,
  type RangeResponse,
  type RequestOp,
  type ResponseHeader,
  type ResponseOp,
} from "../wire/index.js";
import type { Calls } from "./calls.js";
import type { CallOptions } from "./options.js";

/** An operation of a transaction, and the type of its answer. */
export interface Operation<Answer> {
  readonly request: RequestOp;
  /** Reads the operation's own answer. */
  answer(response: Decoded<ResponseOp>): Answer;
}

type Answers<Operations extends readonly Operation<unknown>[]> = {
  readonly [At in keyof Operations]: Operations[At] extends Operation<infer Answer> ? Answer : never;
};

/** The result of a transaction: which branch was performed, and the answer to each of its operations. */
export type TransactionResult<Then extends readonly Operation<unknown>[], Else extends readonly Operation<unknown>[]> =
  | { readonly succeeded: true; readonly header: ResponseHeader | undefined; readonly answers: Answers<Then> }
  | { readonly succeeded: false; readonly header: ResponseHeader | undefined; readonly answers: Answers<Else> };

/**
 * A transaction that is put together step by step. Operations of one branch take effect together, at one revision.
 *
 * ```ts
 * await client.text.put("lamp", "broken");
 * const result = await client
 *   .if(compare("lamp").value("==", textCodec.encode("on")))
 *   .thenDo(ops.put({ key: "lamp", value: textCodec.encode("off") }))
 *   .elseDo(ops.range({ key: "lamp" }))
 *   .commit();
 * if (!result.succeeded) console.log(result.answers[0].kvs.length); // 1
 * ```
 */
export class Transaction<
  Then extends readonly Operation<unknown>[] = [],
  Else extends readonly Operation<unknown>[] = [],
> {
  readonly #calls: Pick<Calls, "txn">;
  readonly #compare: readonly Compare[];
  readonly #then: Then;
  readonly #else: Else;

  /** Created by `EtcdClient.if`. */
  constructor(calls: Pick<Calls, "txn">, compare: readonly Compare[], then: Then, otherwise: Else) {
    this.#calls = calls;
    this.#compare = compare;
    this.#then = then;
    this.#else = otherwise;
  }

  /** Operations for the case that all comparisons hold. */
  thenDo<const Operations extends readonly Operation<unknown>[]>(
    ...operations: Operations
  ): Transaction<Operations, Else> {
    return new Transaction(this.#calls, this.#compare, operations, this.#else);
  }

  /** Operations for the case that a comparison does not hold. */
  elseDo<const Operations extends readonly Operation<unknown>[]>(
    ...operations: Operations
  ): Transaction<Then, Operations> {
    return new Transaction(this.#calls, this.#compare, this.#then, operations);
  }

  /** Performs the transaction, once: after the error Unavailable it may or may not have happened. */
  async commit(call?: CallOptions): Promise<TransactionResult<Then, Else>> {
    const request = {
      compare: this.#compare,
      success: this.#then.map((operation) => operation.request),
      failure: this.#else.map((operation) => operation.request),
    };
    const { succeeded, header, responses } = await this.#calls.txn(request, call);
    const operations = succeeded ? this.#then : this.#else;
    const answers = operations.map((operation, at) => operation.answer(responses[at] ?? { response: undefined }));
    return { succeeded, header, answers } as unknown as TransactionResult<Then, Else>;
  }
}

/** Operations for transactions, with etcd's own messages; omitted fields are zero. */
export const ops = {
  range: (request: Partial<RangeRequest>): Operation<Decoded<RangeResponse>> => ({
    request: { request: { case: "requestRange", value: RangeRequest.create(request) } },
    answer: ({ response }) => (response?.case === "responseRange" ? response.value : wrongAnswer()),
  }),
  put: (request: Partial<PutRequest>): Operation<Decoded<PutResponse>> => ({
    request: { request: { case: "requestPut", value: PutRequest.create(request) } },
    answer: ({ response }) => (response?.case === "responsePut" ? response.value : wrongAnswer()),
  }),
  deleteRange: (request: Partial<DeleteRangeRequest>): Operation<Decoded<DeleteRangeResponse>> => ({
    request: { request: { case: "requestDeleteRange", value: DeleteRangeRequest.create(request) } },
    answer: ({ response }) => (response?.case === "responseDeleteRange" ? response.value : wrongAnswer()),
  }),
};

function wrongAnswer(): never {
  throw new TypeError("the server answered another operation than the one that was sent");
}

const results = {
  "==": CompareResult.EQUAL,
  "!=": CompareResult.NOT_EQUAL,
  ">": CompareResult.GREATER,
  "<": CompareResult.LESS,
} as const;

/** How a comparison relates what is stored to what is given. */
export type CompareOperator = keyof typeof results;

/**
 * Comparisons with a key for transactions. With `rangeEnd` they must hold for every key of `[key, rangeEnd)`; a range
 * without keys counts as one key that does not exist. Such a key has no value, and zero for all else.
 */
export function compare(key: Key, rangeEnd: Key = "") {
  const on = (operator: CompareOperator, target: CompareTarget, targetUnion: Compare["targetUnion"]): Compare =>
    Compare.create({ key, rangeEnd, result: results[operator], target, targetUnion });
  return {
    value: (operator: CompareOperator, value: Uint8Array) =>
      on(operator, CompareTarget.VALUE, { case: "value", value }),
    /** Number of puts since the key was created; 0 for a key that does not exist. */
    version: (operator: CompareOperator, value: number) =>
      on(operator, CompareTarget.VERSION, { case: "version", value }),
    createRevision: (operator: CompareOperator, value: number) =>
      on(operator, CompareTarget.CREATE, { case: "createRevision", value }),
    modRevision: (operator: CompareOperator, value: number) =>
      on(operator, CompareTarget.MOD, { case: "modRevision", value }),
    lease: (operator: CompareOperator, value: bigint) => on(operator, CompareTarget.LEASE, { case: "lease", value }),
    exists: () => on(">", CompareTarget.CREATE, { case: "createRevision", value: 0 }),
    isAbsent: () => on("==", CompareTarget.CREATE, { case: "createRevision", value: 0 }),
  };
}
