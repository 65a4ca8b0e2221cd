/**
 * Command lines of programs with commands, as cobra and pflag read them and as etcd's programs print: a program is a
 * tree of commands (`Program`, `CommandSpec`), which `runProgram` finds, runs and refuses with etcd's texts and exit
 * codes. Knows no command, and opens no connection and no database.
 */
export type { CommandSpec } from "./command-spec.js";
export { completionCommand } from "./completion-command.js";
export { badArgs, Exit, ExitCode, Failure, unsupported } from "./failure.js";
export { findCommand, flagsOf, inheritedBy } from "./find-command.js";
export { FlagError, FlagSet, type FlagSpec, HelpWanted } from "./flag-set.js";
export { hexId, humanSize, NumberError, parseInt64, parseUint64, saturated } from "./go-numbers.js";
export {
  arrayOf,
  type Bytes,
  bytesOf,
  bytesOfArray,
  hexEscaped,
  quote,
  textOf,
  unquote,
} from "./go-text.js";
export { complain, mayPaint, onTerminal, paint, print, printLine, readable } from "./output.js";
export type { Program, RunningCommand } from "./program.js";
export { Progress } from "./progress.js";
export { restoreSpec } from "./restore-spec.js";
export { runProcess, runProgram } from "./run.js";
export { stderrLogger } from "./stderr-logger.js";
export { around, type Surroundings } from "./surroundings.js";
export { reasonOf, textOfError } from "./system-error.js";
export { drawTable, joined, type Rows } from "./table.js";
