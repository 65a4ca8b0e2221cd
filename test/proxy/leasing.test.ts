import { describe, expect, test } from "vitest";
import type { Client } from "../../src/client/index.js";
import { until } from "../support/until.js";
import { ProxiedMember } from "./proxied-member.js";

const bytes = (text: string): Buffer => Buffer.from(text);
const leasingPrefix = "marks/";

async function read(client: Client, key: string): Promise<string | undefined> {
  const { kvs } = await client.range({ key });
  return kvs[0] && Buffer.from(kvs[0].value).toString();
}

/** Two proxies in leasing mode in front of a member, and what the proxies ask it for. */
async function leased() {
  const there = await ProxiedMember.start();
  const [one, other] = [
    there.client(await there.proxy({ leasingPrefix })),
    there.client(await there.proxy({ leasingPrefix })),
  ];
  const member = there.member.client();
  const marks = async (): Promise<readonly string[]> =>
    (await member.range({ key: leasingPrefix, rangeEnd: "marks0" })).kvs.map(({ key }) => key);
  /** Reads until the proxy holds the key. */
  const take = (client: Client, key: string): Promise<void> =>
    until(async () => {
      await read(client, key);
      return (await marks()).includes(leasingPrefix + key);
    });
  const ranges = async (): Promise<number> => {
    const metrics = await there.member.metrics();
    const count = (method: string): number =>
      Number(
        new RegExp(`grpc_server_started_total\\{grpc_method="${method}",.*KV".*\\} (\\d+)`).exec(metrics)?.[1] ?? 0,
      );
    return count("Range") + count("Txn");
  };
  return { there, one, other, member, marks, take, ranges };
}

describe("in leasing mode", () => {
  test("a held key is read without the member, with the writes of its own proxy", async () => {
    const { there, one, take, ranges } = await leased();
    await using _ = there;
    await one.put({ key: "a", value: bytes("1") });
    await take(one, "a");
    const before = await ranges();
    for (let at = 0; at < 50; at++) expect(await read(one, "a")).toBe("1");
    expect(await ranges()).toBe(before);
    const put = await one.put({ key: "a", value: bytes("2"), prevKv: true });
    expect(Buffer.from(put.prevKv?.value ?? []).toString()).toBe("1");
    const { kvs, header } = await one.range({ key: "a" });
    expect(kvs[0]).toMatchObject({ key: "a", version: 2, modRevision: put.header?.revision });
    expect(header?.revision).toBe(put.header?.revision);
    expect((await one.deleteRange({ key: "a" })).deleted).toBe(1);
    expect(await read(one, "a")).toBeUndefined();
    expect(await ranges()).toBe(before + 2);
  });

  test("another proxy's write is seen at once, whatever kind of write it is", async () => {
    const { there, one, other, marks, take } = await leased();
    await using _ = there;
    const writes: readonly (readonly [string, () => Promise<unknown>, string | undefined])[] = [
      ["put", () => other.put({ key: "put", value: bytes("new") }), "new"],
      ["del", () => other.deleteRange({ key: "del" }), undefined],
      ["range", () => other.deleteRange({ key: "r", rangeEnd: "s" }), undefined],
      ["txn", () => other.txn({ success: [{ request: { case: "requestPut", value: putOf("txn", "new") } }] }), "new"],
    ];
    for (const [key, write, wanted] of writes) {
      await one.put({ key, value: bytes("old") });
      await take(one, key);
      expect(await read(one, key)).toBe("old");
      await write();
      expect(await read(one, key)).toBe(wanted);
      await until(async () => !(await marks()).includes(leasingPrefix + key));
    }
  });

  test("two proxies that write one key lose no write", async () => {
    const { there, one, other, take } = await leased();
    await using _ = there;
    await one.put({ key: "n", value: bytes("0") });
    await take(one, "n");
    const count = async (client: Client): Promise<void> => {
      for (let at = 0; at < 15; ) {
        const { kvs } = await client.range({ key: "n" });
        const [kv] = kvs;
        const { succeeded } = await client.txn({
          compare: [
            {
              ...{ key: "n", rangeEnd: "", result: 0, target: 2 },
              targetUnion: { case: "modRevision", value: kv?.modRevision ?? 0 },
            },
          ],
          success: [{ request: { case: "requestPut", value: putOf("n", String(Number(kv?.value.toString()) + 1)) } }],
        });
        if (succeeded) at++;
      }
    };
    await Promise.all([count(one), count(other)]);
    expect((await one.range({ key: "n" })).kvs[0]?.version).toBe(31);
  });

  test("a proxy that stops gives its keys up", async () => {
    const { there, one, member, take, marks } = await leased();
    await using _ = there;
    const endpoint = await there.proxy({ leasingPrefix });
    const third = there.client(endpoint);
    await member.put({ key: "b", value: bytes("1") });
    await take(third, "b");
    await there.stopProxy(endpoint);
    expect(await marks()).toEqual([]);
    await one.put({ key: "b", value: bytes("2") });
    expect(await read(one, "b")).toBe("2");
  });
});

function putOf(key: string, value: string) {
  return { key, value: bytes(value), lease: 0n, prevKv: false, ignoreValue: false, ignoreLease: false };
}
