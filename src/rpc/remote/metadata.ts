import type { Call } from "../../server/index.js";
import type { MessageReader, MessageWriter } from "../../threads/index.js";

/** The metadata that the state's thread reads. Front ends send no other. */
export const readMetadata = [
  "token",
  "authorization",
  "hasleader",
  "grpcgateway-accept",
  "client-api-version",
] as const;

/** Values in the order of `readMetadata`. */
export type Metadata = readonly (string | undefined)[];

const noMetadata: Metadata = [];

export function writeMetadata(message: MessageWriter, call: Call): void {
  const values = readMetadata.map((name) => needed(name, call.metadata(name)));
  let present = 0;
  for (let at = 0; at < values.length; at++) if (values[at] !== undefined) present |= 1 << at;
  message.number(present);
  for (const value of values) if (value !== undefined) message.text(value);
}

/** Nearly every call has the version of its client. The gate refuses some that are not ASCII, and needs no other. */
function needed(name: string, value: string | undefined): string | undefined {
  return name === "client-api-version" && value !== undefined && !/[\x80-\xff]/.test(value) ? undefined : value;
}

export function readMetadataOf(message: MessageReader): Metadata {
  const present = message.number();
  if (present === 0) return noMetadata;
  return readMetadata.map((_, at) => ((present & (1 << at)) === 0 ? undefined : message.text()));
}

export function metadataValue(metadata: Metadata, name: string): string | undefined {
  return metadata === noMetadata ? undefined : metadata[(readMetadata as readonly string[]).indexOf(name)];
}
