import type { ClusterId, MemberId } from "../../base/index.js";
import type { Store } from "../../mvcc/index.js";
import type { ResponseHeader } from "../../wire/index.js";
import type { LogPosition } from "../log/log-position.js";

/** Makes the headers of answers, which contain the ids of cluster and member, the term and the revision. */
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

  /** The header of an answer about the key space. @param revision 0 or undefined for the current one */
  at(revision = 0): ResponseHeader {
    return {
      clusterId: this.#clusterId,
      memberId: this.#memberId,
      revision: revision === 0 ? this.#store.revision : revision,
      raftTerm: this.#position.term,
    };
  }

  /** The header of an answer that does not concern the key space. */
  withoutRevision(): ResponseHeader {
    return { ...this.at(), revision: 0 };
  }
}
