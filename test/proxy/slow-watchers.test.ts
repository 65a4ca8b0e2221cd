import { expect, test } from "vitest";
import { MemoryAccount } from "../../src/base/index.js";
import { type Decoded, grpcTransport, type Link } from "../../src/client/index.js";
import { services, WatchCreateRequest, type WatchResponse } from "../../src/wire/index.js";
import { until } from "../support/until.js";
import { ProxiedMember } from "./proxied-member.js";

const mib = 1024 * 1024;
const { Watch } = services["etcdserverpb.Watch"];

/** Watches the key "k" over a connection of its own. @returns the revisions of its events, and its stream */
function watching(endpoint: string) {
  const [link] = grpcTransport({ endpoints: [endpoint] }).links as [Link];
  const revisions: number[] = [];
  let created = false;
  const stream = link.stream(
    Watch,
    { metadata: {}, timeoutMs: Number.POSITIVE_INFINITY },
    {
      message(response) {
        const { created: isCreated, events } = response as Decoded<WatchResponse>;
        created ||= isCreated;
        for (const { kv } of events) revisions.push(kv?.modRevision ?? 0);
      },
      closed: () => undefined,
    },
  );
  stream.send({ requestUnion: { case: "createRequest", value: WatchCreateRequest.create({ key: "k" }) } });
  return { revisions, stream, isCreated: () => created, close: () => link.close() };
}

test("a watcher that does not read holds up no other, takes bounded memory, and misses nothing", async () => {
  await using there = await ProxiedMember.start();
  const memory = MemoryAccount.unlimited();
  const endpoint = await there.proxy({}, memory);
  const slow = Array.from({ length: 5 }, () => watching(endpoint));
  const fast = watching(endpoint);
  await until(() => [...slow, fast].every(({ isCreated }) => isCreated()));
  for (const { stream } of slow) stream.pause();
  const member = there.member.client();
  const written: number[] = [];
  for (let at = 0; at < 120; at++) {
    const { header } = await member.put({ key: "k", value: Buffer.alloc(mib / 4, at) });
    written.push(header?.revision ?? 0);
    expect(memory.pot("watches").heldBytes).toBeLessThan(5 * 5 * mib);
  }
  await until(() => fast.revisions.length === written.length);
  expect(fast.revisions).toEqual(written);
  for (const { revisions } of slow) expect(revisions.length).toBeLessThan(written.length);
  for (const { stream } of slow) stream.resume();
  await until(() => slow.every(({ revisions }) => revisions.length >= written.length));
  for (const { revisions } of slow) expect(revisions).toEqual(written);
  for (const { close } of [...slow, fast]) close();
});
