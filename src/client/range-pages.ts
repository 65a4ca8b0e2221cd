import { assert, GrpcCode, keyAfter } from "../base/index.js";
import { type Decoded, type RangeRequest, type RangeResponse, services } from "../wire/index.js";
import { Answers } from "./answers.js";
import type { Caller } from "./caller.js";
import type { Calls, PagedRange } from "./calls.js";
import { ClientError } from "./client-error.js";
import type { CallOptions } from "./options.js";

const { RangeStream } = services["etcdserverpb.KV"];

/** Pairs of one page: large enough that round trips do not count, small enough for a program's memory. */
const pageKeysUsual = 1_000;

type Page = Decoded<RangeResponse>;
/** The part of a range behind its first page. */
type Rest = Omit<PagedRange, "pageKeys"> & { readonly revision: number };

/**
 * Reads long ranges page by page. The first page is a call. It tells the revision of all others, which come on one
 * stream from servers that have RangeStream (etcd 3.7), and by further calls from others.
 */
export class RangePages {
  readonly #caller: Caller;
  readonly #calls: Pick<Calls, "range">;
  /** Whether a server may know RangeStream; false after one did not. */
  #streams = true;

  constructor(caller: Caller, calls: Pick<Calls, "range">) {
    this.#caller = caller;
    this.#calls = calls;
  }

  /** As of `EtcdClient.pages`. @throws ClientError */
  async *pages(
    { pageKeys = pageKeysUsual, ...request }: PagedRange,
    call: CallOptions = {},
  ): AsyncGenerator<Page, void> {
    assert(pageKeys >= 1, "a page has room for a key");
    let { key, revision = 0 } = request;
    for (;;) {
      const page = await this.#calls.range({ ...request, key, revision, limit: pageKeys }, call);
      yield page;
      const last = page.kvs.at(-1);
      if (!page.more || last === undefined) return;
      key = keyAfter(last.key);
      if (revision === 0) revision = page.header?.revision ?? 0;
      if (!this.#streams || hasBounds(request)) continue;
      const left = { ...page, count: page.count - page.kvs.length };
      for await (const streamed of this.#stream({ ...request, key, revision }, pageKeys, left, call)) {
        yield streamed;
        if (!streamed.more) return;
        key = keyAfter(streamed.kvs.at(-1)?.key ?? key);
      }
    }
  }

  /**
   * Streams the rest of a range. It ends early, for further calls to go on, when the server does not know the method,
   * or the stream is lost.
   *
   * @param left the header and the count of the rest
   */
  async *#stream(rest: Rest, pageKeys: number, left: Page, call: CallOptions): AsyncGenerator<Page, void> {
    let answers: Answers<{ readonly rangeResponse: Page | undefined }> | undefined;
    let { count } = left;
    try {
      // The time limit of a call is one for each chunk here, since the whole range may take long.
      const { timeoutMs: _, ...unlimited } = call;
      answers = await Answers.open(this.#caller, RangeStream, rest, unlimited);
      for (;;) {
        const next = await this.#caller.deadlineOf(call).limit(answers.next());
        if (next.done === true) return;
        const { kvs = [], header = left.header } = next.value.rangeResponse ?? {};
        for (let from = 0; from < kvs.length; from += pageKeys) {
          const part = kvs.slice(from, from + pageKeys);
          const more = part.length < count;
          yield { header, kvs: part, more, count };
          count -= part.length;
        }
      }
    } catch (error) {
      if (!this.#mayGoOn(error)) throw error;
    } finally {
      answers?.cancel();
    }
  }

  /** Whether calls can go on after the error of a stream. */
  #mayGoOn(error: unknown): boolean {
    if (!(error instanceof ClientError)) return false;
    if (error.code === GrpcCode.Unimplemented) this.#streams = false;
    return !this.#streams || error.code === GrpcCode.Unavailable || this.#caller.forgetRefusedToken(error);
  }
}

/** Whether the request leaves out keys by their revisions, which a stream cannot do. */
function hasBounds(request: Partial<RangeRequest>): boolean {
  const { minModRevision = 0, maxModRevision = 0, minCreateRevision = 0, maxCreateRevision = 0 } = request;
  return [minModRevision, maxModRevision, minCreateRevision, maxCreateRevision].some((bound) => bound !== 0);
}
