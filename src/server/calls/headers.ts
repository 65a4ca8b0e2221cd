import type { ClusterId, MemberId } from "../../base/index.js";
import type { Store } from "../../mvcc/index.js";
import type { ResponseHeader } from "../../wire/index.js";
import type { LogPosition } from "../log/log-position.js";

/** Opens every answer: which member gave it, and where it stood. */
export class Headers {
  readonly #clusterId: ClusterId;
  readonly #memberId: MemberId;
  readonly #store: Store;
  readonly #position: LogPosition;

  constructor(clusterId: ClusterId, memberId: MemberId, store: Store, position: LogPosition) {
    this.#clusterId = clusterId;
    this.#memberId = memberId;
    this.#store = store;
    this.#position = position;
  }

  /** @param revision what the answer is about; without it, or 0, the current one */
  at(revision = 0): ResponseHeader {
    return {
      clusterId: this.#clusterId,
      memberId: this.#memberId,
      revision: revision === 0 ? this.#store.revision : revision,
      raftTerm: this.#position.term,
    };
  }

  /** For an answer that is not about the key space. */
  withoutRevision(): ResponseHeader {
    return { ...this.at(), revision: 0 };
  }
}
