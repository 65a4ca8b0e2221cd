/**
 * The two halves of a 64-bit integer. Going through memory costs one bigint; shifting and masking would cost four.
 * Whoever sets `words` or `integer` reads the other before anything else runs.
 */
export const words = new Uint32Array(2);
export const integer = new BigUint64Array(words.buffer);

integer[0] = 1n;
/** Where this machine keeps the low half. */
export const low = words[0] === 1 ? 0 : 1;
export const high = 1 - low;
