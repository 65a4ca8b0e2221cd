import { type Key, keyAfter } from "../base/index.js";
import type { CallOptions, Client, Decoded, RangeRequest, RangeResponse } from "../client/index.js";

/** Pairs of one page: large enough that round trips do not count, small enough for a terminal's memory. */
const pageKeys = 1_000;

/**
 * The answers to a Range request page by page in key order, all at one revision: the first page's when the request
 * names none.
 *
 * @throws ClientError
 */
export async function* rangePages(
  client: Client,
  request: Partial<RangeRequest> & { readonly key: Key },
  call?: CallOptions,
): AsyncGenerator<Decoded<RangeResponse>, void> {
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
