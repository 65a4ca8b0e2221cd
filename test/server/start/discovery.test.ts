import { expect, test } from "vitest";
import { ManualClock, type MemberId, silentLogger } from "../../../src/base/index.js";
import { discoverMembers, type Registration, type Registry } from "../../../src/server/start/discovery.js";

const [token, size, members] = ["t1", "/_etcd/registry/t1/_config/size", "/_etcd/registry/t1/members/"];
const id = (number: number): MemberId => BigInt(number) as MemberId;

/** A discovery service in memory. */
class FakeRegistry implements Registry {
  readonly keys = new Map<string, Registration>();
  closed = false;
  /** How many of the next requests fail. */
  failures = 0;
  #revision = 1;
  #told: () => void = () => undefined;

  set(key: string, value: string): void {
    this.#revision++;
    const createRevision = this.keys.get(key)?.createRevision ?? this.#revision;
    this.keys.set(key, { key, value, createRevision });
    this.#told();
  }

  async get(key: string): Promise<string | undefined> {
    this.#fail();
    return this.keys.get(key)?.value;
  }

  async list(prefix: string) {
    this.#fail();
    return { found: [...this.keys.values()].filter(({ key }) => key.startsWith(prefix)), revision: this.#revision };
  }

  async put(key: string, value: string): Promise<void> {
    this.#fail();
    this.set(key, value);
  }

  async *follow(prefix: string, revision: number): AsyncGenerator<Registration> {
    for (let from = revision; ; ) {
      for (const one of [...this.keys.values()]) {
        if (!one.key.startsWith(prefix) || one.createRevision < from) continue;
        from = one.createRevision + 1;
        yield one;
      }
      this.#fail();
      await new Promise<void>((resolve) => {
        this.#told = resolve;
      });
    }
  }

  close(): void {
    this.closed = true;
  }

  #fail(): void {
    if (this.failures-- > 0) throw new Error("unavailable");
  }
}

function join(registry: Registry, number: number, clock = new ManualClock()) {
  const own = `m${number}=http://h${number}:2380`;
  return discoverMembers(token, id(number), own, { registry, clock, logger: silentLogger });
}

/** A registry that expects `expected` members. */
function registryFor(expected: string): FakeRegistry {
  const registry = new FakeRegistry();
  registry.set(size, expected);
  return registry;
}

const member = (number: number) => ({ name: `m${number}`, peerUrls: [`http://h${number}:2380`] });

test("v3 discovery: members register under /_etcd/registry/TOKEN/members/ID and find each other", async () => {
  const registry = registryFor("3");
  const joined = await Promise.all([0x11, 0x3, 0x2].map((number) => join(registry, number)));
  expect(joined).toEqual(Array(3).fill([member(0x11), member(3), member(2)]));
  expect(registry.keys.get(`${members}11`)?.value).toBe("m17=http://h17:2380");
  expect(registry.closed).toBe(true);
});

for (const { name, expected, others, error } of [
  { name: "a token that nobody has prepared", expected: undefined, others: 0, error: "discovery: size key not found" },
  { name: "a size that is no number", expected: "three", others: 0, error: "discovery: size key is bad" },
  { name: "a size of zero", expected: "0", others: 0, error: "discovery: size key is bad" },
  { name: "a cluster that is complete", expected: "2", others: 2, error: "discovery: cluster is full" },
]) {
  test(`v3 discovery: ${name} ends the start`, async () => {
    const registry = new FakeRegistry();
    if (expected !== undefined) registry.set(size, expected);
    for (let other = 1; other <= others; other++) registry.set(`${members}${other}`, `m${other}=http://h${other}:2380`);
    await expect(join(registry, 9)).rejects.toThrow(`failed to join discovery cluster (${error})`);
    expect([registry.keys.has(`${members}9`), registry.closed]).toEqual([false, true]);
  });
}

test("v3 discovery: a member that is registered already finds its place again", async () => {
  const registry = registryFor("2");
  for (const number of [1, 2]) registry.set(`${members}${number}`, `m${number}=http://h${number}:2380`);
  expect(await join(registry, 2)).toEqual([member(1), member(2)]);
});

test("v3 discovery: an entry without a URL ends the start, and one without a name is left out", async () => {
  const registry = registryFor("2");
  registry.set(`${members}1`, "m1=no-url");
  await expect(join(registry, 2)).rejects.toThrow("failed to join discovery cluster (discovery: invalid peer URL)");
  registry.keys.delete(`${members}1`);
  registry.keys.delete(`${members}2`);
  registry.set(`${members}5`, "nonsense");
  const joined = join(registry, 2);
  registry.set(`${members}3`, "m3=http://h3:2380,m3=http://h3:2390");
  expect(await joined).toEqual([
    { name: "m3", peerUrls: ["http://h3:2380", "http://h3:2390"] },
    { name: "m2", peerUrls: ["http://h2:2380"] },
  ]);
});

test("v3 discovery: a service that does not answer is asked again after 2, 4, ... seconds", async () => {
  const registry = registryFor("1");
  registry.failures = 3;
  const clock = new ManualClock();
  let done = false;
  const joined = join(registry, 1, clock).finally(() => {
    done = true;
  });
  const waits: number[] = [];
  for (let waited = 0; !done; waited++) {
    if (waited % 2 === 0) for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
    const before = registry.failures;
    clock.advance(1_000);
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
    if (registry.failures < before) waits.push(waited + 1);
  }
  expect(await joined).toEqual([member(1)]);
  expect(waits.slice(0, 3)).toEqual([2, 6, 14]);
});

test("v3 discovery: a stream of registrations that breaks is opened again", async () => {
  const registry = registryFor("2");
  const clock = new ManualClock();
  const joined = join(registry, 1, clock);
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  registry.failures = 1;
  registry.set("/_etcd/registry/t1/other", "");
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
  registry.set(`${members}2`, "m2=http://h2:2380");
  clock.advance(2_000);
  expect(await joined).toEqual([member(1), member(2)]);
});
