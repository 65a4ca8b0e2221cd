import type { Backend } from "../backend/index.js";
import { emptyBytes } from "../base/index.js";
import { AlarmMember, AlarmType } from "../wire/index.js";

/** The alarms that members have raised. They are the keys of the bucket `alarm`, with empty values. */
export class AlarmStore {
  readonly #backend: Backend;
  #raised: AlarmMember[] = [];

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  /** Reads the alarms from the backend, in place of those in memory. */
  async restore(): Promise<void> {
    const raised: AlarmMember[] = [];
    for await (const batch of this.#backend.batches("alarm")) {
      raised.push(...batch.map(([key]) => AlarmMember.decode(key)));
    }
    this.#raised = raised;
  }

  /** The raised alarms of one type, in the order they were raised; of all types for `NONE`. */
  get(alarm: AlarmType): AlarmMember[] {
    return this.#raised.filter((raised) => alarm === AlarmType.NONE || raised.alarm === alarm);
  }

  has(alarm: AlarmType): boolean {
    return this.#raised.some((raised) => raised.alarm === alarm);
  }

  /** Raises the alarm, unless that member has raised it already. */
  activate(memberId: bigint, alarm: AlarmType): AlarmMember {
    const before = this.#find(memberId, alarm);
    if (before !== undefined) return before;
    const raised = AlarmMember.create({ memberId, alarm });
    this.#raised.push(raised);
    this.#backend.put("alarm", AlarmMember.encode(raised), emptyBytes);
    return raised;
  }

  /** Disarms the alarm; returns undefined when that member had not raised it. */
  deactivate(memberId: bigint, alarm: AlarmType): AlarmMember | undefined {
    const raised = this.#find(memberId, alarm);
    if (raised === undefined) return undefined;
    this.#raised.splice(this.#raised.indexOf(raised), 1);
    this.#backend.delete("alarm", AlarmMember.encode(raised));
    return raised;
  }

  #find(memberId: bigint, alarm: AlarmType): AlarmMember | undefined {
    return this.#raised.find((raised) => raised.memberId === memberId && raised.alarm === alarm);
  }
}
