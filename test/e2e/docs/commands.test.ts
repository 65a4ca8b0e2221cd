import { afterEach, test } from "vitest";
import { ServerProcess } from "../../support/server-process.js";
import { commandsOf } from "./page.js";
import { haveCurl, Reader } from "./reader.js";

// Runs the commands of pages that need one server.

let reader: Reader | undefined;
let server: ServerProcess | undefined;
afterEach(async () => {
  await reader?.leave();
  await server?.stop();
});

for (const { page, section } of [
  { page: "README.md", section: "A first minute" },
  { page: "docs/cli.md", section: "A tour" },
  { page: "docs/cli.md", section: "etcd gateway" },
  { page: "docs/cli.md", section: "etcd grpc-proxy" },
  { page: "docs/cli.md", section: "etcdutl" },
  { page: "docs/settings.md", section: undefined },
  { page: "docs/monitoring.md", section: undefined },
  { page: "docs/console.md", section: undefined },
]) {
  test.skipIf(["docs/monitoring.md", "docs/console.md"].includes(page) && !haveCurl())(
    `${page}${section === undefined ? "" : `, ${section}`}: every command has the result that the page says`,
    async () => {
      server = await ServerProcess.start({ kind: "ours" });
      reader = await Reader.sitDown({ endpoint: server.endpoint, etcdctl: "ours" });
      await reader.follow(commandsOf(page, section));
    },
  );
}
