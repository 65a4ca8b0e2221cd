/**
 * An encoded answer that is too long to be held in one piece. Its parts are made while the client reads them: the
 * sender waits until the client has taken a part before it asks for the next one.
 */
export interface LongAnswer {
  /** The length of the whole message in bytes. */
  readonly length: number;
  /**
   * The message in parts. A message is cut between two fields and never inside a key-value pair: each part begins with
   * the tag of a field. The tag and length of a message that contains pairs may be in one part and its pairs in later
   * parts. May be called only once. Throws the error that keeps the rest from being read.
   */
  parts(): AsyncIterable<Uint8Array>;
  /** Releases what the answer holds. Must be called on every path, even without a call of `parts`; may be repeated. */
  close(): void;
}

/** The encoded answer of a method. */
export type Answer = Uint8Array | LongAnswer;

/** The whole message in one piece, for callers within this process. */
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
