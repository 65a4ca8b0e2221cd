/**
 * The two halves of a 64-bit integer, over shared memory. Converting through memory costs one bigint; shifting and
 * masking would cost four. A caller that sets `words` or `integer` must read the other before any other code runs.
 */
export const words = new Uint32Array(2);
export const integer = new BigUint64Array(words.buffer);

integer[0] = 1n;
/** Index of the low half on this machine. */
export const low = words[0] === 1 ? 0 : 1;
export const high = 1 - low;
