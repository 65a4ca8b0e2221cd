import { expect, test } from "vitest";
import { silentLogger, systemClock } from "../../src/base/index.js";
import { clientMemory } from "../../src/main/client-memory.js";

const mebibyte = 1024 * 1024;

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
