import { type Clock, EtcdError, LoopTurn } from "../../base/index.js";

/** How long a client may stall in the middle of a long answer, which keeps its revision from being compacted. */
const stalledMsMax = 60_000;

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

/** A call whose answer is sent in parts. */
export interface PartsOutput {
  readonly cancelled: boolean;
  /** The object that all calls of a connection share. */
  readonly client: object;
  /** Sends the prefix of an answer of this length. */
  beginAnswer(bytes: number): void;
  writePart(part: Uint8Array): void;
  /** Resolves when the client has room for the next part, or the call has ended. */
  drained(): Promise<void>;
  /** Ends the call in the middle of its answer. */
  cut(error: unknown): void;
}

/** Sends an answer in parts, as fast as the client takes them. At most one part is queued. */
export async function sendParts(answer: LongAnswer, output: PartsOutput, clock: Clock): Promise<void> {
  const turn = LoopTurn.of(clock);
  try {
    if (output.cancelled) return;
    output.beginAnswer(answer.length);
    for await (const part of answer.parts()) {
      if (output.cancelled) return;
      output.writePart(part);
      const stalled = clock.after(stalledMsMax, () => output.cut(new EtcdError("overloaded")));
      await output.drained();
      stalled.cancel();
      if (turn.over) await turn.pause(output.client, "long");
    }
  } catch (error) {
    if (!output.cancelled) output.cut(error);
  } finally {
    answer.close();
  }
}
