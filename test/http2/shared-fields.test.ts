import { expect, test } from "vitest";
import { HpackDecoder } from "../../src/http2/hpack-decoder.js";

/** A literal that is added to the table, with texts of less than 127 bytes. */
function added(name: string, value: string): Buffer {
  const text = (of: string): Buffer => Buffer.concat([Buffer.from([of.length]), Buffer.from(of, "latin1")]);
  return Buffer.concat([Buffer.from([0x40]), text(name), text(value)]);
}

const newest = Buffer.from([0x80 | 62]);

test("connections have the same fields in common, other than those that identify somebody", () => {
  const [one, other] = [new HpackDecoder(10_000), new HpackDecoder(10_000)];
  for (const { name, shared } of [
    { name: "user-agent", shared: true },
    { name: "token", shared: false },
    { name: "authorization", shared: false },
  ]) {
    const [left, right] = [one, other].map((decoder) => decoder.decode(added(name, "value")).fields[0]);
    expect([left, left === right]).toEqual([{ name, value: "value" }, shared]);
  }
});

test("timeouts that differ from call to call do not drive out what connections have in common", () => {
  const [one, other] = [new HpackDecoder(10_000), new HpackDecoder(10_000)];
  const agent = added("user-agent", "of many");
  const [kept] = one.decode(agent).fields;
  for (let us = 0; us < 2_000; us++) one.decode(added("grpc-timeout", `${us}u`));
  expect(other.decode(agent).fields[0]).toBe(kept);
});

test("a client's streams have a list that it repeats in common", () => {
  const decoder = new HpackDecoder(10_000);
  const first = decoder.decode(added("user-agent", "value"));
  const again = decoder.decode(newest);
  expect(again).toBe(first);
  const longer = decoder.decode(Buffer.concat([newest, newest]));
  expect([longer.fields.length, first.fields.length]).toEqual([2, 1]);
  expect(decoder.decode(newest)).not.toBe(longer);
});

test("lists that differ only in the timeouts of their calls are of one kind", () => {
  const decoder = new HpackDecoder(10_000);
  const listOf = (agent: string, ...timeout: string[]) =>
    decoder.decode(Buffer.concat([added("user-agent", agent), ...timeout.map((text) => added("grpc-timeout", text))]));
  const first = listOf("one", "1S");
  const second = listOf("one", "2S");
  expect([second.kind === first.kind, second.fields[1]?.value]).toEqual([true, "2S"]);
  for (const other of [listOf("other", "2S"), listOf("one"), listOf("one", "2S", "3S"), listOf("one", "\0")]) {
    expect(other.kind).not.toBe(first.kind);
  }
});

test("a field that identifies somebody makes another kind of list with each new value", () => {
  const decoder = new HpackDecoder(10_000);
  const kinds = ["a", "b", "a"].map((token) => decoder.decode(added("token", token)).kind);
  expect(new Set(kinds).size).toBe(3);
});

test("a list that is longer than 2 KiB is not kept for later streams", () => {
  const decoder = new HpackDecoder(10_000);
  decoder.decode(added("user-agent", "v".repeat(100)));
  const block = Buffer.concat(Array.from({ length: 20 }, () => newest));
  expect(decoder.decode(block)).not.toBe(decoder.decode(block));
});

test("any number of different fields is decoded as sent", () => {
  const decoder = new HpackDecoder(10_000);
  for (let at = 0; at < 2_000; at++) {
    expect(decoder.decode(added("x-number", String(at))).fields).toEqual([{ name: "x-number", value: String(at) }]);
  }
});
