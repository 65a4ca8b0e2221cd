import { type ApiLevel, apiLevels, isAtLeast } from "../base/index.js";
import { type Bytes, ExitCode, inheritedBy, type Program, runProgram, type Surroundings } from "../cli/index.js";
import { root } from "./command-table.js";
import { Context } from "./context.js";
import { releaseOf, releaseVariable } from "./release.js";

const suggested =
  "get put del txn compaction alarm defrag endpoint move-leader watch version lease member snapshot make-mirror lock " +
  "elect auth user role check completion downgrade options";

/** etcdctl with the outputs of a release. */
function etcdctl(release: ApiLevel): Program<Context> {
  return {
    root,
    suggested: suggested.split(" "),
    footer: "'etcdctl <command> --help' says more. Every flag has a variable: ETCDCTL_ENDPOINTS for --endpoints.",
    // etcdctl 3.5 prints the error of a wrong command line twice, around the help.
    refusal: { twice: !isAtLeast(release, "3.6"), usageOn: isAtLeast(release, "3.7") ? "stderr" : "stdout" },
    open: (flags, path) =>
      new Context(flags, {
        release,
        inherited: inheritedBy(path).map(({ name }) => name),
        variables: path.at(-1)?.name === "watch" ? ["ETCDCTL_WATCH_KEY", "ETCDCTL_WATCH_RANGE_END"] : [],
      }),
    hintFor: async (failure, context) => (await import("./hints.js")).hintFor(failure, context),
  };
}

/** Runs a command line of etcdctl. Only one may run at a time. @returns its exit code */
export async function run(argv: readonly Bytes[], surroundings: Surroundings): Promise<number> {
  const release = releaseOf(surroundings.env);
  if (release !== undefined) return await runProgram(etcdctl(release), argv, surroundings);
  const wanted = JSON.stringify(surroundings.env[releaseVariable]);
  surroundings.stderr.write(`Error: ${releaseVariable} is ${wanted}: expected one of ${apiLevels.join(", ")}\n`);
  return ExitCode.BadArgs;
}
