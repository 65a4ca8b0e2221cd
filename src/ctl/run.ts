import { errorStack } from "../base/index.js";
import type { CommandSpec } from "./command-spec.js";
import { root } from "./command-table.js";
import { Context } from "./context.js";
import { Exit, ExitCode, Failure } from "./failure.js";
import { findCommand, flagsOf, inheritedBy } from "./find-command.js";
import { FlagError, FlagSet, HelpWanted } from "./flag-set.js";
import { type Bytes, bytesOf } from "./go-text.js";
import { complain } from "./output.js";
import { around, type Surroundings, surroundWith } from "./surroundings.js";

/** Runs a command line. Only one may run at a time. @returns its exit code */
export async function run(argv: readonly Bytes[], surroundings: Surroundings): Promise<number> {
  surroundWith(surroundings);
  let path: readonly CommandSpec[] = [root];
  try {
    if (argv[0] === "help") return await help(findCommand(root, argv.slice(1)).path);
    const found = findCommand(root, argv);
    path = found.path;
    const flags = new FlagSet(flagsOf(path));
    flags.parse(found.rest);
    const command = path.at(-1);
    if (command?.run === undefined) return await help(path);
    return await execute(command, path, flags);
  } catch (error) {
    if (error instanceof HelpWanted) return await help(path);
    if (error instanceof FlagError) return await refuse(error, path);
    throw error;
  }
}

async function execute(command: CommandSpec, path: readonly CommandSpec[], flags: FlagSet): Promise<number> {
  const context = new Context(flags, {
    inherited: inheritedBy(path).map(({ name }) => name),
    variables: command.name === "watch" ? ["ETCDCTL_WATCH_KEY", "ETCDCTL_WATCH_RANGE_END"] : [],
  });
  try {
    await command.run?.(context);
    return 0;
  } catch (error) {
    if (error instanceof Exit) return error.code;
    if (!(error instanceof Failure)) {
      complain(bytesOf(`Error: ${errorStack(error)}`));
      return ExitCode.Error;
    }
    complain(`Error: ${error.message}`);
    if (around.stderr.isTTY) await hint(error, context);
    return error.code;
  } finally {
    context.close();
  }
}

async function hint(failure: Failure, context: Context): Promise<void> {
  const { hintFor } = await import("./hints.js");
  const text = await hintFor(failure, context);
  if (text !== undefined) complain(bytesOf(text));
}

async function help(path: readonly CommandSpec[]): Promise<number> {
  const { printHelp } = await import("./help.js");
  printHelp(path);
  return 0;
}

/** Refuses a command line as etcdctl does: prints the error twice, and the help on standard output. */
async function refuse(error: FlagError, path: readonly CommandSpec[]): Promise<number> {
  const wrongFlag = !error.message.startsWith("unknown command");
  complain(`Error: ${error.message}`);
  if (wrongFlag) {
    await help(path);
    complain("");
  } else complain("Run 'etcdctl --help' for usage.");
  complain(`Error: ${error.message}`);
  if (around.stderr.isTTY && error.unknown !== undefined) {
    const { flagHint } = await import("./hints.js");
    const text = flagHint(error.unknown, flagsOf(path));
    if (text !== undefined) complain(bytesOf(text));
  }
  return ExitCode.Error;
}
