import { errorStack, nearest } from "../base/index.js";
import { argumentBytes } from "./arguments.js";
import type { CommandSpec } from "./command-spec.js";
import { Exit, ExitCode, Failure } from "./failure.js";
import { findCommand, flagsOf } from "./find-command.js";
import { FlagError, FlagSet, HelpWanted } from "./flag-set.js";
import { type Bytes, bytesOf } from "./go-text.js";
import { complain, print, printed } from "./output.js";
import type { Program, RunningCommand } from "./program.js";
import { around, type Surroundings, surroundWith } from "./surroundings.js";

/** Runs the command line of this process, then exits with its exit code. */
export async function runProcess(argv: readonly string[], run: (argv: readonly Bytes[]) => Promise<number>) {
  // When the reader of the output closes its pipe, the command exits at once, since the rest would be lost.
  process.stdout.on("error", () => process.exit(ExitCode.Error));
  const code = await run(argumentBytes(argv));
  await printed();
  process.exit(code);
}

/** Runs a command line. Only one may run at a time. @returns its exit code */
export async function runProgram<C extends RunningCommand>(
  program: Program<C>,
  argv: readonly Bytes[],
  surroundings: Surroundings,
): Promise<number> {
  surroundWith(surroundings);
  const { root, suggested } = program;
  let path: readonly CommandSpec<C>[] = [root];
  try {
    if (argv[0] === "help") return await help(program, findCommand(root, argv.slice(1), suggested).path);
    const found = findCommand(root, argv, suggested);
    path = found.path;
    const flags = new FlagSet(flagsOf(path));
    flags.parse(found.rest);
    const command = path.at(-1);
    if (command?.run === undefined) return await help(program, path);
    const { exactArguments = flags.args.length } = command;
    if (flags.args.length !== exactArguments) {
      throw new FlagError(`accepts ${exactArguments} arg(s), received ${flags.args.length}`);
    }
    flags.requireAll();
    return await execute(program, path, flags);
  } catch (error) {
    if (error instanceof HelpWanted) return await help(program, path);
    if (error instanceof FlagError) return await refuse(program, error, path);
    throw error;
  }
}

async function execute<C extends RunningCommand>(
  program: Program<C>,
  path: readonly CommandSpec<C>[],
  flags: FlagSet,
): Promise<number> {
  const running = program.open(flags, path);
  try {
    await path.at(-1)?.run?.(running);
    return 0;
  } catch (error) {
    if (error instanceof Exit) return error.code;
    if (!(error instanceof Failure)) {
      complain(bytesOf(`Error: ${errorStack(error)}`));
      return ExitCode.Error;
    }
    complain(`Error: ${error.message}`);
    const hint = around.stderr.isTTY === true ? await program.hintFor?.(error, running) : undefined;
    if (hint !== undefined) complain(bytesOf(hint));
    return error.code;
  } finally {
    running.close();
  }
}

async function help({ footer }: { readonly footer: string }, path: readonly CommandSpec[]): Promise<number> {
  const { helpOf } = await import("./help.js");
  print(helpOf(path, footer));
  return 0;
}

/** Refuses a command line as etcd's program does: prints the error, and the usage when a flag is wrong. */
async function refuse<C extends RunningCommand>(
  { root, footer, refusal }: Program<C>,
  error: FlagError,
  path: readonly CommandSpec[],
): Promise<number> {
  const wrongFlag = !error.message.startsWith("unknown command");
  complain(`Error: ${error.message}`);
  if (wrongFlag) {
    const { helpOf } = await import("./help.js");
    if (refusal.usageOn === "stdout") print(helpOf(path, footer));
    else complain(helpOf(path, footer).replace(/\n$/, ""));
    complain("");
  } else complain(`Run '${root.name} --help' for usage.`);
  if (refusal.twice) complain(`Error: ${error.message}`);
  if (around.stderr.isTTY === true && error.unknown !== undefined) {
    const flags = flagsOf(path).map(({ name }) => name);
    const name = nearest(error.unknown, flags);
    if (name !== undefined) complain(bytesOf(`hint: did you mean --${name}?`));
  }
  return ExitCode.Error;
}
