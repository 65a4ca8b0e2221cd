import { expect, test } from "vitest";
import { parsePeerUrls } from "../../src/cluster/index.js";

for (const { texts, want } of [
  { texts: ["http://b:2", " http://a:1 "], want: ["http://a:1", "http://b:2"] },
  { texts: ["HTTPS://a.example:2380"], want: ["https://a.example:2380"] },
  { texts: ["http://[::1]:1", "http://[fe80::1%25eth0]:1"], want: ["http://[::1]:1", "http://[fe80::1%25eth0]:1"] },
  { texts: ["http://:1", "http://a:"], want: ["http://:1", "http://a:"] },
  { texts: ["unix:///tmp/a.sock"], want: ["unix:///tmp/a.sock"] },
]) {
  test(`${texts.join(",")} are peer URLs`, () => expect(parsePeerUrls(texts)).toEqual(want));
}

for (const text of ["", "a:1", "ftp://a:1", "http://a", "http://a:1/", "http://a:1/b", "http://a:b", "http://::1:1"]) {
  test(`"${text}" is not a peer URL`, () => expect(parsePeerUrls(["http://a:1", text])).toBeUndefined());
}

test("a member without a URL is invalid", () => expect(parsePeerUrls([])).toBeUndefined());
