import { expect, test } from "vitest";
import { silentLogger, systemClock } from "../../src/base/index.js";
import { clientMemory } from "../../src/main/client-memory.js";

const mebibyte = 1024 * 1024;

for (const { name, said, machine, streams, connections, kibibytes } of [
  {
    name: "100,000 watch streams on 1,000 connections",
    said: 2_048,
    machine: 64 * 1_024,
    streams: 100_000,
    connections: 1_000,
    kibibytes: 14,
  },
  {
    name: "10,000 connections with TLS, each with a call",
    said: 0,
    machine: 4 * 1_024,
    streams: 10_000,
    connections: 10_000,
    kibibytes: 36,
  },
]) {
  test(`there is room for ${name}`, () => {
    const memory = clientMemory(said * mebibyte, machine * mebibyte, systemClock, silentLogger);
    for (let at = 0; at < connections; at++) expect(memory.pot("connections").tryTake(kibibytes * 1_024)).toBe(true);
    // A stream counts as in `memory.test.ts` of the gRPC server, and has a watcher of a key with 34 bytes.
    for (let at = 0; at < streams; at++) expect(memory.pot("calls").tryTake(1_792 + 194)).toBe(true);
    memory.pot("connections").release(connections * kibibytes * 1_024);
    memory.pot("calls").release(streams * (1_792 + 194));
    expect(memory.heldBytes).toBe(0);
  });
}

for (const { name, said, machine, want } of [
  { name: "an eighth of the container", said: 0, machine: 1_024, want: 128 },
  { name: "at least 64 MiB", said: 0, machine: 256, want: 64 },
  { name: "at most 256 MiB by default", said: 0, machine: 64 * 1_024, want: 256 },
  {
    name: "an eighth of the operator's setting, without a maximum",
    said: 16 * 1_024,
    machine: 64 * 1_024,
    want: 2_048,
  },
  { name: "at least 64 MiB with any setting", said: 1, machine: 1_024, want: 64 },
]) {
  test(`clients have ${name}`, () => {
    const { limitBytes } = clientMemory(said * mebibyte, machine * mebibyte, systemClock, silentLogger);
    expect(limitBytes).toBe(want * mebibyte);
  });
}
