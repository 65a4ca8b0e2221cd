import { type ErrorKind, EtcdError, errorStack, errorText } from "../base/index.js";
import type { MessageReader } from "./message-reader.js";
import type { MessageWriter } from "./message-writer.js";

/** An unexpected error of another thread. Its stack is that of the thread in which it was thrown. */
class RemoteError extends Error {
  override readonly name = "RemoteError";

  constructor(message: string, stack: string) {
    super(message);
    this.stack = stack;
  }
}

/** Writes an error as the next fields of a message. */
export function writeError(message: MessageWriter, error: unknown): void {
  const refusal = error instanceof EtcdError;
  message.flag(refusal).text(refusal ? error.kind : errorText(error));
  if (!refusal) message.text(errorStack(error));
}

/** Reads what `writeError` has written. A refusal is an `EtcdError` again. */
export function readError(message: MessageReader): Error {
  const refusal = message.flag();
  const text = message.text();
  return refusal ? new EtcdError(text as ErrorKind) : new RemoteError(text, message.text());
}
