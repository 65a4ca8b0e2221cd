import { expect, test } from "vitest";
import { ManualClock, silentLogger } from "../../../src/base/index.js";
import { differenceOfUrls } from "../../../src/server/start/url-match.js";

const names = {
  address: async (name: string) => ({ "a.test": "2001:db8::1", "b.test": "127.0.0.1" })[name] ?? "192.0.2.1",
  services: async () => [],
};
const deps = { names, clock: new ManualClock(), logger: silentLogger };

for (const { name, one, other, same } of [
  { name: "two spellings of an IPv6 address", one: "http://[::1]:2380", other: "http://[0:0::1]:2380", same: true },
  { name: "capitals", one: "http://[2001:DB8::1]:1", other: "http://[2001:db8::1]:1", same: true },
  { name: "a name and its IPv6 address", one: "http://a.test:1", other: "http://[2001:db8:0::1]:1", same: true },
  { name: "IPv4 written as IPv6", one: "http://[::ffff:127.0.0.1]:1", other: "http://b.test:1", same: true },
  { name: "two addresses", one: "http://[::1]:1", other: "http://[::2]:1", same: false },
  { name: "two ports", one: "http://[::1]:1", other: "http://[0::1]:2", same: false },
]) {
  test(`${name}: ${same ? "one URL" : "two URLs"}`, async () => {
    const difference = await differenceOfUrls([one], [other], deps);
    expect(difference === undefined).toBe(same);
  });
}
