import type { Backend } from "../backend/index.js";
import { emptyBytes } from "../base/index.js";
import { AlarmMember, AlarmType } from "../wire/index.js";

/** Which members have raised which alarms: a bucket whose keys are the alarms and whose values are empty. */
export class AlarmStore {
  readonly #backend: Backend;
  #raised: AlarmMember[] = [];

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  /** Reads them back, in place of those it knows. */
  async restore(): Promise<void> {
    const raised: AlarmMember[] = [];
    for await (const batch of this.#backend.batches("alarm")) {
      raised.push(...batch.map(([key]) => AlarmMember.decode(key)));
    }
    this.#raised = raised;
  }

  /** In the order they were raised; those of any type for `NONE`. */
  get(alarm: AlarmType): AlarmMember[] {
    return this.#raised.filter((raised) => alarm === AlarmType.NONE || raised.alarm === alarm);
  }

  has(alarm: AlarmType): boolean {
    return this.#raised.some((raised) => raised.alarm === alarm);
  }

  /** Raises the alarm, if that member has not raised it already. */
  activate(memberId: bigint, alarm: AlarmType): AlarmMember {
    const before = this.#find(memberId, alarm);
    if (before !== undefined) return before;
    const raised = AlarmMember.create({ memberId, alarm });
    this.#raised.push(raised);
    this.#backend.put("alarm", AlarmMember.encode(raised), emptyBytes);
    return raised;
  }

  /** Takes the alarm back; undefined when that member had not raised it. */
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
