import type { GrpcCode } from "../../base/index.js";
import type { MessageReader, MessageWriter } from "../../threads/index.js";
import { CallError, type CallStatus } from "../services/status.js";

export function writeStatus(message: MessageWriter, { code, details }: CallStatus): void {
  message.number(code).text(details);
}

/** Reads the status of a refused call as the error that has this status. */
export function readRefusal(message: MessageReader): CallError {
  const code = message.number() as GrpcCode;
  return new CallError(code, message.text());
}
