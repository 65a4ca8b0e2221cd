import { type Bytes, type Program, runProgram, type Surroundings } from "../cli/index.js";
import { root } from "./command-table.js";
import { Context } from "./context.js";

const etcdutl: Program<Context> = {
  root,
  suggested: ["defrag", "snapshot", "hashkv", "version", "completion", "migrate"],
  footer: "'etcdutl <command> --help' says more.",
  refusal: { twice: true, usageOn: "stderr" },
  open: (flags) => new Context(flags),
};

/** Runs a command line of etcdutl. Only one may run at a time. @returns its exit code */
export function run(argv: readonly Bytes[], surroundings: Surroundings): Promise<number> {
  return runProgram(etcdutl, argv, surroundings);
}
