import type { MemoryAccount } from "../../base/index.js";
import type { Binding } from "../../rpc/index.js";
import { services } from "../../wire/index.js";
import type { Upstream } from "../upstream.js";
import type { WatchCounters } from "./watch-counters.js";
import { WatchGroup } from "./watch-group.js";
import { WatchSession } from "./watch-session.js";

const { Watch } = services["etcdserverpb.Watch"];

/** etcdserverpb.Watch: all watchers of the proxy's clients. */
export class WatchProxy {
  readonly #upstream: Upstream;
  readonly #memory: MemoryAccount;
  readonly #groups = new Map<string, WatchGroup>();
  readonly counters: WatchCounters = { broadcasts: 0, coalesced: 0, eventsCoalesced: 0 };

  constructor(upstream: Upstream, memory: MemoryAccount) {
    this.#upstream = upstream;
    this.#memory = memory;
  }

  get binding(): Binding {
    const shared = {
      clock: this.#upstream.clock,
      memory: this.#memory,
      group: (metadata: Readonly<Record<string, string>>) => this.#group(metadata),
    };
    return { kind: "stream", path: Watch.path, run: (stream) => new WatchSession(shared, stream).run() };
  }

  /**
   * The group of watchers with this metadata. Watchers with another token have another group: a member must judge what
   * their user may read.
   */
  #group(metadata: Readonly<Record<string, string>>): WatchGroup {
    const { token, authorization, hasleader } = metadata;
    const kind = JSON.stringify([token, authorization, hasleader]);
    let group = this.#groups.get(kind);
    if (group === undefined) {
      const created = new WatchGroup(this.#upstream, metadata, this.counters, () => {
        if (this.#groups.get(kind) === created) this.#groups.delete(kind);
      });
      group = created;
      this.#groups.set(kind, group);
    }
    return group;
  }
}
