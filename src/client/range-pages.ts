import { assert, type Key, keyAfter } from "../base/index.js";
import type { Decoded, RangeRequest, RangeResponse } from "../wire/index.js";
import type { Calls } from "./calls.js";
import type { CallOptions } from "./options.js";

/** Pairs of one page: large enough that round trips do not count, small enough for a program's memory. */
const pageKeysUsual = 1_000;

/** A range to read page by page, always in key order. */
export type PagedRange = Omit<Partial<RangeRequest>, "key" | "limit" | "sortOrder" | "sortTarget"> & {
  readonly key: Key;
  /** Most keys of one page; 1,000 by default. */
  readonly pageKeys?: number;
};

/**
 * The answers to a Range request page by page in key order, all at one revision: the first page's when the request
 * names none. A compaction of that revision in between ends it with the error "required revision has been compacted".
 *
 * @throws ClientError
 */
export async function* rangePages(
  client: Pick<Calls, "range">,
  { pageKeys = pageKeysUsual, ...request }: PagedRange,
  call?: CallOptions,
): AsyncGenerator<Decoded<RangeResponse>, void> {
  assert(pageKeys >= 1, "a page has room for a key");
  let { key, revision = 0 } = request;
  for (;;) {
    const page = await client.range({ ...request, key, revision, limit: pageKeys }, call);
    yield page;
    const last = page.kvs.at(-1);
    if (!page.more || last === undefined) return;
    key = keyAfter(last.key);
    if (revision === 0) revision = page.header?.revision ?? 0;
  }
}
