import { expect, test } from "vitest";
import { canonicalAddress } from "../../src/base/index.js";

for (const [text, canonical] of [
  ["0:0:0:0:0:0:0:1", "::1"],
  ["::1", "::1"],
  ["2001:DB8::0:1", "2001:db8::1"],
  ["0::0", "::"],
  ["::ffff:127.0.0.1", "127.0.0.1"],
  ["::FFFF:7f00:1", "127.0.0.1"],
  ["FE80:0::1%eth0", "fe80::1%eth0"],
  ["127.0.0.1", "127.0.0.1"],
  ["localhost", "localhost"],
  ["", ""],
] as const) {
  test(`the address ${JSON.stringify(text)} is ${JSON.stringify(canonical)}`, () => {
    expect(canonicalAddress(text)).toBe(canonical);
  });
}
