import type { Logger } from "../base/index.js";
import { AlarmAction, type AlarmMember, type AlarmRequest, AlarmType } from "../wire/index.js";
import type { AlarmStore } from "./alarm-store.js";

const names = new Map<AlarmType, string>([
  [AlarmType.NOSPACE, "NOSPACE"],
  [AlarmType.CORRUPT, "CORRUPT"],
]);

/** Lists, raises or disarms alarms. @returns the alarms that the request was about */
export function applyAlarm(
  alarms: AlarmStore,
  logger: Logger,
  { action, memberId, alarm }: AlarmRequest,
): AlarmMember[] {
  if (action === AlarmAction.GET) return alarms.get(alarm);
  const name = names.get(alarm);
  // Only a query may name NONE. An unknown alarm is not stored, since it would forbid nothing.
  if (name === undefined) return [];
  const before = alarms.has(alarm);
  switch (action) {
    case AlarmAction.ACTIVATE: {
      const raised = alarms.activate(memberId, alarm);
      if (!before) logger.warn("alarm raised", { alarm: name, from: memberId.toString(16) });
      return [raised];
    }
    case AlarmAction.DEACTIVATE: {
      const disarmed = alarms.deactivate(memberId, alarm);
      if (before && !alarms.has(alarm)) logger.warn("alarm disarmed", { alarm: name, from: memberId.toString(16) });
      return disarmed === undefined ? [] : [disarmed];
    }
    default:
      return [];
  }
}
