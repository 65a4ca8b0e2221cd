import { randomFillSync } from "node:crypto";

/** A source of random numbers; it is passed in, so that a run can be repeated from its seed. */
export interface Random {
  /** A whole number in `[0, below)`; `below` is at most 2^32. */
  int(below: number): number;
  /** 64 random bits, unsigned. */
  bits64(): bigint;
}

export const systemRandom: Random = {
  int: (below) => Math.floor(Math.random() * below),
  bits64() {
    const word = new BigUint64Array(1);
    randomFillSync(word);
    return word[0] ?? 0n;
  },
};

/** A source that yields the same numbers for the same seed, on every machine (mulberry32; not for secrets). */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next32 = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  return {
    int: (below) => Math.floor((next32() / 0x1_0000_0000) * below),
    bits64: () => (BigInt(next32()) << 32n) | BigInt(next32()),
  };
}
