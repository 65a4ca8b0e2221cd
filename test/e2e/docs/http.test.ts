import { execFile } from "node:child_process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ServerProcess } from "../../support/server-process.js";
import { commandsOf } from "./page.js";
import { haveCurl, statementsOf } from "./reader.js";

// Runs the commands of docs/http.md one after the other.

const commands = commandsOf("docs/http.md").flatMap(({ text }) => statementsOf(text));
const patienceSeconds = 10;

let server: ServerProcess;

beforeAll(async () => {
  server = await ServerProcess.start({ kind: "ours" });
});

afterAll(async () => {
  await server?.stop();
});

describe.skipIf(!haveCurl())("the commands of docs/http.md work", () => {
  test("there are some", () => {
    expect(commands.length).toBeGreaterThan(20);
  });

  for (const command of commands) {
    test(command, async () => {
      const printed = await run(command, command.includes("/watch") ? 2 : undefined);
      expect(command).toMatch(/^curl /);
      expect(printed.status).toBe(200);
      if (command.includes("/v3/")) expect(printed.stdout).not.toContain('"error"');
      if (command.includes("/v3/") && !command.includes(" > "))
        expect(printed.stdout).toMatch(/^\{"(header|result)":\{/);
    });
  }
});

/** Runs a command. A command with a stream is ended after `lines` lines. */
function run(command: string, lines: number | undefined): Promise<{ stdout: string; status: number }> {
  // curl writes the status to stderr, apart from the answer.
  const asked = command
    .replaceAll("localhost:2379", server.endpoint)
    .replace("snapshot.json", "/dev/null")
    .replace(/^curl /, `exec curl -m ${patienceSeconds} -w '%{stderr}%{http_code}' `);
  return new Promise((resolve, reject) => {
    const child = execFile("bash", ["-c", asked], (error, stdout, stderr) => {
      const left = lines !== undefined && stdout.split("\n").length > lines;
      if (error !== null && !left) reject(error);
      else resolve({ stdout, status: left ? 200 : Number(stderr) });
    });
    let seen = 0;
    child.stdout?.on("data", (text: string) => {
      seen += text.split("\n").length - 1;
      if (lines !== undefined && seen >= lines) child.kill();
    });
  });
}
