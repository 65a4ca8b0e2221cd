/**
 * etcdutl: commands for the files of members that do not run. They check the command line, call functions of `server`
 * for such files, and print the answer. `ctl` runs some of them under their old names.
 */
export { defragDirectory } from "./commands/defrag.js";
export { type RestoreFlags, restoreSnapshot } from "./commands/snapshot-restore.js";
export { run } from "./run.js";
