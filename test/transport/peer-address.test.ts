import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { systemClock } from "../../src/base/index.js";
import { createMessage } from "../../src/raft/index.js";
import { HttpPeerClient } from "../../src/transport/index.js";
import { peerAddress } from "../../src/transport/peer-address.js";
import { probeText } from "../../src/transport/prober.js";
import { TestMember } from "./member.js";

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

for (const { url, want } of [
  { url: "http://a:2380", want: { kind: "tcp", secure: false, host: "a", port: 2380 } },
  { url: "http://a", want: { kind: "tcp", secure: false, host: "a", port: 80 } },
  { url: "https://[::1]:1", want: { kind: "tcp", secure: true, host: "::1", port: 1 } },
  { url: "https://a", want: { kind: "tcp", secure: true, host: "a", port: 443 } },
  {
    url: "unix://localhost:20001",
    want: { kind: "socket", secure: false, host: "localhost", socketPath: "localhost:20001" },
  },
  { url: "unixs://m1:20001", want: { kind: "socket", secure: true, host: "m1", socketPath: "m1:20001" } },
  {
    url: "unix:///run/a b.sock",
    want: { kind: "socket", secure: false, host: "localhost", socketPath: "/run/a b.sock" },
  },
  { url: "unix://", want: undefined },
  { url: "http://:2380", want: undefined },
  { url: "ftp://a:1", want: undefined },
  { url: "a:2380", want: undefined },
] as const) {
  test(`peerAddress() of ${url}`, () => {
    expect(peerAddress(url)).toEqual(want);
  });
}

function socketFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "etcd-sockets-"));
  stops.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test("members behind socket files exchange messages over streams", async () => {
  const folder = socketFolder();
  const members: TestMember[] = [];
  for (const id of [1n, 2n]) {
    const member = await TestMember.start(id, { socketPath: join(folder, `localhost:${id}`) });
    stops.push(() => member.stop());
    members.push(member);
  }
  const [one, two] = members;
  if (one === undefined || two === undefined) throw new Error("two members were started");
  expect(one.url).toBe(`unix://${join(folder, "localhost:1")}`);
  one.transport.addPeer(two.id, [two.url]);
  two.transport.addPeer(one.id, [one.url]);
  await one.connected(two);
  one.transport.send([createMessage("MsgHeartbeat", 2n, 1n, 3, { commit: 7 })]);
  expect(await two.message("MsgHeartbeat")).toMatchObject({ from: 1n, commit: 7 });
});

test("a member behind a socket file can be asked for its version, and a request to an invalid URL fails", async () => {
  const asked: string[] = [];
  const member = await TestMember.start(1n, {
    socketPath: join(socketFolder(), "localhost:1"),
    others: (request, response) => {
      asked.push(`${request.url} of ${request.headers.host}`);
      response.end(probeText(0));
    },
  });
  stops.push(() => member.stop());
  const client = new HttpPeerClient({ clock: systemClock, dialTimeoutMs: 1_000 });
  stops.push(() => client.stop());
  const { signal } = new AbortController();
  await expect(client.versions(member.url, signal)).rejects.toThrow("the peer answered with status 200");
  expect(asked).toEqual(["/version of localhost"]);
  await expect(client.versions("ftp://a:1", signal)).rejects.toThrow("cannot connect to the peer URL ftp://a:1");
});
