/**
 * An encoded answer that is too long to be held in one piece. Its parts are made while the client takes them, so
 * whoever sends it waits for the client before it asks for the next part.
 */
export interface LongAnswer {
  /** Bytes of the message: the length of all parts together. */
  readonly length: number;
  /**
   * The message in parts. A cut lies between two fields, never inside of a key-value pair: a part begins with the tag
   * of a field, and a message that holds pairs may be opened (tag and length) in one part and filled by later ones.
   * May be called once. Throws what keeps the rest from being read.
   */
  parts(): AsyncIterable<Uint8Array>;
  /** Lets go of what the answer holds. To be called on every path, also when `parts` never was; may be repeated. */
  close(): void;
}

/** What a method answers with: a message, encoded. */
export type Answer = Uint8Array | LongAnswer;

/** The whole message in one piece, for a reader within this process. */
export async function wholeOf(answer: Answer): Promise<Uint8Array> {
  if (answer instanceof Uint8Array) return answer;
  try {
    const whole = Buffer.allocUnsafeSlow(answer.length);
    let at = 0;
    for await (const part of answer.parts()) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  } finally {
    answer.close();
  }
}
