import type { Decoded, Event } from "../wire/index.js";
import type { Calls } from "./calls.js";
import { canceled, WatchCanceledError } from "./client-error.js";
import type { CallOptions } from "./options.js";
import type { WatchOptions } from "./watch.js";

/**
 * Resolves at the first wanted event of a watch. It also resolves when the history is compacted, since the event may be
 * lost then: the caller must look at the keys again in any case.
 */
export async function firstEvent(
  calls: Calls,
  options: WatchOptions,
  call: CallOptions,
  wanted: (event: Decoded<Event>) => boolean = () => true,
): Promise<void> {
  try {
    const watch = await calls.watch(options, call);
    try {
      for await (const { events } of watch) if (events.some(wanted)) return;
      throw canceled();
    } finally {
      watch.cancel();
    }
  } catch (error) {
    if (!(error instanceof WatchCanceledError && error.compactRevision > 0)) throw error;
  }
}
