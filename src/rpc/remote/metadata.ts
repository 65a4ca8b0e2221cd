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

/** The value behind all others in the metadata of a change that is made in the console. */
const consoleMark = "console";
/** The bit after those of the values: the call is a change that is made in the console. */
const fromConsoleBit = 1 << readMetadata.length;

/** The bit after that: the metadata is that of the last call of the same client, and does not cross again. */
const repeatedBit = fromConsoleBit << 1;

/** The values of the call that is being written, at the places of their names. One array serves all calls. */
const values: (string | undefined)[] = [];

export function writeMetadata(message: MessageWriter, call: Call): void {
  let present = call.fromConsole ? fromConsoleBit : 0;
  for (let at = 0; at < readMetadata.length; at++) {
    const name = readMetadata[at] ?? "";
    const value = needed(name, call.metadata(name));
    values[at] = value;
    if (value !== undefined) present |= 1 << at;
  }
  message.number(present);
  if (present !== 0) for (const value of values) if (value !== undefined) message.text(value);
}

/** Nearly every call has the version of its client. The gate refuses some that are not ASCII, and needs no other. */
function needed(name: string, value: string | undefined): string | undefined {
  return name === "client-api-version" && value !== undefined && !/[\x80-\xff]/.test(value) ? undefined : value;
}

/** Writes that the metadata is that of the last call of the same client. */
export function writeRepeated(message: MessageWriter): void {
  message.number(repeatedBit);
}

/** @param last the metadata of the last call of the same client, for a call that repeats it */
export function readMetadataOf(message: MessageReader, last: Metadata = noMetadata): Metadata {
  const present = message.number();
  if (present === 0) return noMetadata;
  if (present === repeatedBit) return last;
  const values = readMetadata.map((_, at) => ((present & (1 << at)) === 0 ? undefined : message.text()));
  return (present & fromConsoleBit) === 0 ? values : [...values, consoleMark];
}

export function isFromConsole(metadata: Metadata): boolean {
  return metadata.length > readMetadata.length;
}

export function metadataValue(metadata: Metadata, name: string): string | undefined {
  return metadata === noMetadata ? undefined : metadata[(readMetadata as readonly string[]).indexOf(name)];
}
