import { execFileSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { asCurl, asEtcdctl, asTypeScript } from "../../src/console/copy-as.js";
import { binaryOf } from "../../src/console/text/binary.js";

const here = { origin: "http://127.0.0.1:2379" };
const there = { origin: "https://etcd.example:2379", user: "ada" };

describe("a read as a command line of etcdctl", () => {
  for (const { name, line, want } of [
    { name: "names a key", line: asEtcdctl({ key: "app/a b" }, here), want: "etcdctl get 'app/a b'" },
    { name: "names a prefix", line: asEtcdctl({ key: "app/", prefix: true }, here), want: "etcdctl get --prefix app/" },
    { name: "names a revision", line: asEtcdctl({ key: "a", revision: 7 }, here), want: "etcdctl get --rev=7 a" },
    { name: "keeps a key that looks like a flag", line: asEtcdctl({ key: "-x" }, here), want: "etcdctl get -- -x" },
    {
      name: "names the member and the user",
      line: asEtcdctl({ key: "a" }, there),
      want: "etcdctl --endpoints=https://etcd.example:2379 --user=ada get a",
    },
    {
      name: "keeps a user's name that is not ASCII",
      line: asEtcdctl({ key: "a" }, { ...here, user: "Zoë 王" }),
      want: "etcdctl '--user=Zoë 王' get a",
    },
  ]) {
    test(name, () => expect(line).toBe(want));
  }
});

describe("a read with curl", () => {
  for (const { name, line, want } of [
    {
      name: "names a key",
      line: asCurl({ key: "greeting" }, here),
      want: `curl -s http://127.0.0.1:2379/v3/kv/range -d '{"key":"Z3JlZXRpbmc="}'`,
    },
    {
      name: "names a prefix, a revision and a token",
      line: asCurl({ key: "a", prefix: true, revision: 7 }, there),
      want:
        'curl -s https://etcd.example:2379/v3/kv/range -H "Authorization: $TOKEN" ' +
        `-d '{"key":"YQ==","range_end":"Yg==","revision":7}'`,
    },
  ]) {
    test(name, () => expect(line).toBe(want));
  }
});

describe("a read as a program", () => {
  test("names a key with its text", () => {
    expect(asTypeScript({ key: binaryOf("ü"), revision: 7 }, there)).toBe(
      [
        'import { Client, keyFromText } from "etcd-ts/client";',
        "",
        'await using client = new Client({ endpoints: ["https://etcd.example:2379"], auth: { user: "ada", ' +
          'password: process.env.ETCD_PASSWORD ?? "" } });',
        'const key = keyFromText("ü");',
        "const { kvs } = await client.range({ key, revision: 7 });",
        "for (const { key, value } of kvs) console.log(key, Buffer.from(value).toString());",
        "",
      ].join("\n"),
    );
  });

  for (const { name, target, lines } of [
    {
      name: "writes other bytes one by one",
      target: { key: '\xff"\\' },
      lines: ['const key = "\\xff\\"\\\\";', "const { kvs } = await client.range({ key });"],
    },
    {
      name: "reads a prefix",
      target: { key: "app/", prefix: true },
      lines: ['const key = "app/";', "const { kvs } = await client.range({ key, rangeEnd: prefixEnd(key) });"],
    },
    {
      name: "reads all keys",
      target: { key: "", prefix: true },
      lines: ['const key = "\\x00";', 'const { kvs } = await client.range({ key, rangeEnd: "\\x00" });'],
    },
  ]) {
    test(name, () => expect(asTypeScript(target, here).split("\n").slice(3, 5)).toEqual(lines));
  }
});

test("a shell reads every word as the key that it was made of", () => {
  for (const key of ["it's", 'a"b', "\x01f\x7f", "\\x41", "$(x)`y`", "\xff\xfe", "-n", "a\nb\tc"]) {
    const word = asEtcdctl({ key: `k${key}` }, here).replace("etcdctl get ", "");
    const read = execFileSync("bash", ["-c", `printf %s ${word} | od -An -v -tx1`], { encoding: "utf8" });
    const bytes = Array.from(`k${key}`, (byte) => byte.charCodeAt(0).toString(16).padStart(2, "0"));
    expect(read.split(/\s+/).filter((code) => code !== "")).toEqual(bytes);
  }
});
