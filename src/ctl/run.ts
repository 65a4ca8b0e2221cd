import { type Bytes, inheritedBy, type Program, runProgram, type Surroundings } from "../cli/index.js";
import { root } from "./command-table.js";
import { Context } from "./context.js";

const suggested =
  "get put del txn compaction alarm defrag endpoint move-leader watch version lease member snapshot make-mirror lock " +
  "elect auth user role check completion";

/** etcdctl. Like etcdctl 3.5, it prints the error of a wrong command line twice, around the help. */
export const etcdctl: Program<Context> = {
  root,
  suggested: suggested.split(" "),
  footer: "'etcdctl <command> --help' says more. Every flag has a variable: ETCDCTL_ENDPOINTS for --endpoints.",
  refusal: { twice: true, usageOn: "stdout" },
  open: (flags, path) =>
    new Context(flags, {
      inherited: inheritedBy(path).map(({ name }) => name),
      variables: path.at(-1)?.name === "watch" ? ["ETCDCTL_WATCH_KEY", "ETCDCTL_WATCH_RANGE_END"] : [],
    }),
  hintFor: async (failure, context) => (await import("./hints.js")).hintFor(failure, context),
};

/** Runs a command line of etcdctl. Only one may run at a time. @returns its exit code */
export function run(argv: readonly Bytes[], surroundings: Surroundings): Promise<number> {
  return runProgram(etcdctl, argv, surroundings);
}
