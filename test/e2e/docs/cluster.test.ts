import { afterEach, expect, test } from "vitest";
import { until } from "../../support/until.js";
import { commandsOf } from "./page.js";
import { Reader } from "./reader.js";

// Runs the commands of pages that need a cluster.

let reader: Reader | undefined;
afterEach(async () => {
  await reader?.leave();
  reader = undefined;
});

test("README.md: the cluster loses its leader and gets another one", async () => {
  reader = await Reader.sitDown({
    before: async (statement, typing) => {
      const [, name] = /^kill -9 .*cluster\.etcd\/(\w+)/.exec(statement) ?? [];
      if (name !== undefined) {
        await typing.run(`etcdctl move-leader $(etcdctl member list | grep ${name} | cut -d, -f1)`);
      }
      // As in etcd, a write that is forwarded to a leader that has just died is lost. A person would not be so fast.
      if (statement.startsWith("etcdctl put greeting bonjour")) await until(() => hasOneLeader(typing));
    },
  });
  const [first, second, killed, ...more] = commandsOf("README.md", "A cluster");
  expect(more).toEqual([]);
  expect(killed?.text).toContain("kill -9");
  await reader.follow([first, second, killed].filter((block) => block !== undefined));
});

test("docs/operations.md: every command has the result that the page says", { timeout: 180_000 }, async () => {
  reader = await Reader.sitDown({
    before: async (statement, typing) => {
      // The page says that the removed member ends by itself. While it ends, it may be the one that is asked.
      if (statement.startsWith("etcdctl member list -w table")) await until(() => hasEnded(typing, "three"));
      if (statement.startsWith("npm run cluster -- one")) await until(() => hasEnded(typing, "one"));
    },
  });
  await reader.follow(commandsOf("docs/operations.md"));
  const { stdout } = await reader.run("etcdctl member list");
  expect(stdout).not.toContain(" three,");
  expect(stdout.match(/started/g)).toHaveLength(3);
});

/** Whether a member answers that it leads. */
async function hasOneLeader(reader: Reader): Promise<boolean> {
  const { stdout } = await reader.run("etcdctl endpoint status");
  return stdout.split("\n").filter((line) => line.split(", ")[4] === "true").length === 1;
}

/** Whether the process of a stopped member has ended. */
async function hasEnded(reader: Reader, name: string): Promise<boolean> {
  const { stdout } = await reader.run(`pgrep -f 'data-dir cluster.etcd/${name}'`);
  return stdout === "";
}
