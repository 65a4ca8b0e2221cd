import { errorText, type Logger, silentLogger, systemClock, systemRandom } from "../base/index.js";
import {
  causesOf,
  FlagError,
  type FlagValues,
  MemberStartError,
  type RunningMember,
  type Settings,
  type Surroundings,
  settingsOf,
  startMember,
} from "../main/index.js";
import { Etcd, type EtcdPlace } from "./etcd.js";
import { HostHold } from "./host-hold.js";
import { type EtcdOptions, flagsOf, settingOf } from "./options.js";
import { StartError } from "./start-error.js";

/**
 * Starts a member in this process. Without options it keeps its data in memory, listens on a free port of this machine,
 * and logs nothing.
 *
 * ```ts
 * await using etcd = await startEtcd();
 * const client = etcd.client();
 * await client.text.put("greeting", "hello");
 * console.log(await client.text.get("greeting")); // hello
 * ```
 *
 * @throws StartError when a setting cannot be used, an address cannot be listened on, or the data cannot be read
 */
export function startEtcd(options: EtcdOptions = {}): Promise<Etcd> {
  const around = { clock: systemClock, random: systemRandom };
  return startAmong(options, around, (member, place) => new Etcd(member, place));
}

/**
 * Starts a member in the given surroundings, which may be simulated.
 *
 * @param make makes the object that the program gets; by default an `Etcd`
 */
export async function startAmong<Handle extends Etcd>(
  options: EtcdOptions,
  around: Surroundings,
  make: (member: RunningMember, place: EtcdPlace) => Handle,
): Promise<Handle> {
  const flags = flagsOf(options);
  const settings = settingsFrom(flags);
  const hold = new HostHold();
  try {
    const logger = options.logger ?? silentLogger;
    return make(await start(settings, logger, around), { clock: around.clock, logger, hold });
  } catch (error) {
    hold.end();
    throw error;
  }
}

function settingsFrom(flags: FlagValues): Settings {
  try {
    return settingsOf(flags, true);
  } catch (error) {
    if (!(error instanceof FlagError)) throw error;
    const [cause] = causesOf(error.message, flags, true);
    throw new StartError(error.message, cause === undefined ? undefined : nameOf(cause, flags));
  }
}

/** The setting that gave a flag its value: the value of one setting may stand for two flags. */
function nameOf(flag: string, flags: FlagValues): string {
  return /^setting (\w+)$/.exec(flags.source(flag) ?? "")?.[1] ?? settingOf(flag);
}

async function start(settings: Settings, logger: Logger, around: Surroundings): Promise<RunningMember> {
  const never = new Promise<void>(() => undefined);
  let member: RunningMember | undefined;
  try {
    member = await startMember(settings, logger, never, around);
  } catch (error) {
    const flag = error instanceof MemberStartError ? error.flag : undefined;
    throw new StartError(errorText(error), flag && settingOf(flag), { cause: error });
  }
  if (member === undefined) throw new StartError("the member was told to stop before it was ready");
  return member;
}
