/**
 * A member as a program: settings from flags, variables or a file, and their composition to a running member with its
 * ports. `bin/etcd` runs `etcd.ts` of this room, which alone reads the command line, handles signals, opens the log and
 * ends the process. Programs that embed a member use the parts below, which do none of that.
 */
export { setFlag } from "./command-line.js";
export { FlagError } from "./flag-error.js";
export { type FlagName, findFlag, flagTable } from "./flag-table.js";
export { FlagValues } from "./flag-values.js";
export { type RunningMember, type Surroundings, startMember } from "./member.js";
export { causesOf } from "./mistakes.js";
export { type Settings, settingsOf } from "./settings.js";
export { StartError as MemberStartError } from "./start-error.js";
