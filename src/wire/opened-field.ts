/** Wire type of a field with a length. */
const lengthDelimited = 2;

/** The tag and length of a message field; the bytes of the message follow in other parts of the answer. */
export function openedField(number: number, length: number): Uint8Array {
  const bytes = [number * 8 + lengthDelimited];
  let rest = length;
  for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  bytes.push(rest);
  return Uint8Array.from(bytes);
}
