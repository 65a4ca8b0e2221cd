import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { LogJournal } from "../../src/main/log-journal.js";
import { LogQueue } from "../../src/main/log-queue.js";

// Tests the messages of a member to systemd, and its lines in the journal.

const command = fileURLToPath(new URL("../../bin/etcd", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "etcd-systemd-"));
const children: ChildProcess[] = [];
const servers: Server[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  for (const server of servers.splice(0)) server.close();
});
afterAll(() => rmSync(folder, { recursive: true }));

const havePython = spawnSync("python3", ["--version"]).status === 0;
if (!havePython && process.env.CI === "true") throw new Error("python3 not found");

/** Receives datagrams with the sender's process id from the kernel, as systemd does, and prints them. */
const receiver = `
import socket, struct, sys
path = sys.argv[1]
inbox = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
inbox.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
inbox.bind("\\0" + path[1:] if path.startswith("@") else path)
print("listening", flush=True)
while True:
    message, ancillary, _, _ = inbox.recvmsg(4096, 256)
    print(struct.unpack("iII", ancillary[0][2][:12])[0], message.decode(), flush=True)
`;

function launch(program: string, words: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const child = spawn(program, words, {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  children.push(child);
  const printed = { text: "" };
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (chunk: Buffer) => {
      printed.text += chunk.toString();
    });
  }
  return { child, printed };
}

let members = 0;
const flags = () => [
  ...[`--data-dir=${join(folder, `m${members++}`)}`, "--listen-peer-urls=http://127.0.0.1:0"],
  ...["--listen-client-urls=http://127.0.0.1:0", "--advertise-client-urls=http://127.0.0.1:1"],
];

describe.skipIf(!havePython)("systemd is notified of a member", () => {
  for (const { name, path } of [
    { name: "at a path", path: join(folder, "notify") },
    { name: "at an abstract address", path: `@etcd-ts-test-${randomUUID()}` },
  ]) {
    test(`from the process that it started, ${name}`, async () => {
      const heard = launch("python3", ["-c", receiver, path]).printed;
      await expect.poll(() => heard.text).toContain("listening");
      const { child } = launch(command, flags(), { NOTIFY_SOCKET: path, WATCHDOG_USEC: "200000" });
      await expect.poll(() => heard.text).toMatch(new RegExp(`\n${child.pid} READY=1\n`));
      await expect.poll(() => heard.text).toMatch(new RegExp(`(${child.pid} WATCHDOG=1\n.*){3}`, "s"));
      child.kill("SIGTERM");
      await expect.poll(() => heard.text).toContain(`\n${child.pid} STOPPING=1\n`);
    });
  }
});

test("a member that the launcher gave no datagram socket uses systemd-notify", async () => {
  const told = join(folder, "told");
  const tool = join(folder, "systemd-notify");
  writeFileSync(tool, `#!/bin/sh\necho "$@" >> ${told}\n`);
  chmodSync(tool, 0o755);
  const env = { NOTIFY_SOCKET: join(folder, "nobody"), PATH: `${folder}${delimiter}${process.env.PATH}` };
  const { child } = launch(process.execPath, [command, ...flags()], env);
  await expect.poll(() => existsSync(told) && readFileSync(told, "utf8")).toBe("READY=1\n");
  child.kill("SIGTERM");
  await expect.poll(() => readFileSync(told, "utf8")).toBe("READY=1\nSTOPPING=1\n");
});

test("if systemd cannot be notified, the member logs it and serves", async () => {
  const { printed } = launch(command, flags(), { NOTIFY_SOCKET: join(folder, "nobody"), PATH: process.env.PATH });
  await expect.poll(() => printed.text).toContain("failed to notify systemd for readiness");
  expect(printed.text).toContain("ready to serve client requests");
});

/** A journal that records the data of each connection. */
async function startJournal(path: string) {
  const texts: string[] = [];
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    const at = texts.push("") - 1;
    sockets.push(socket);
    socket.on("data", (chunk: Buffer) => {
      texts[at] += chunk.toString();
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return { texts, sockets };
}

test("the journal gets the name of the stream, and then lines with their priorities", async () => {
  const path = join(folder, "journal");
  const { texts, sockets } = await startJournal(path);
  const queue = new LogQueue(new LogJournal(path), (lines) => `<4>lost ${lines}\n`);
  queue.write("<6>one\n");
  queue.write("<3>two\n");
  await queue.settled();
  await expect.poll(() => texts).toEqual(["etcd\n\n6\n1\n0\n0\n0\n<6>one\n<3>two\n"]);
  // The journal is restarted. A line may be lost in the old connection, but none later.
  const closed = new Promise((resolve) => sockets[0]?.once("close", resolve));
  sockets[0]?.destroy();
  await closed;
  await expect
    .poll(() => {
      queue.write("<6>three\n");
      return texts[1] ?? "";
    })
    .toContain("<6>three\n");
  for (const socket of sockets) socket.destroy();
});

test("without a journal there is an error that says so", () => {
  expect(() => new LogJournal(join(folder, "none"))).toThrow(/^can't find journal \(/);
});
