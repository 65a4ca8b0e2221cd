import { loadSchema } from "../load-schema.js";
import { parseMessage } from "./parse.js";
import { printMessage } from "./print.js";
import { PartPrinter } from "./print-parts.js";
import { JsonScanner } from "./scanner.js";
import { MessageTypes } from "./types.js";

/** Converts messages to and from JSON, by the full name of their type. */
export interface JsonForms {
  /** @throws JsonError */
  parse(type: string, json: Buffer): Uint8Array;
  /** @throws WireError */
  print(type: string, bytes: Uint8Array): string;
  /** Prints a message of `bytes` bytes that arrives in parts. */
  printer(type: string, bytes: number): PartPrinter;
  /** @param bytesMax the longest accepted value */
  scanner(bytesMax: number): JsonScanner;
}

/** Builds the conversions from the .proto files. */
export async function makeJsonForms(): Promise<JsonForms> {
  const types = new MessageTypes(await loadSchema());
  return {
    parse: (type, json) => parseMessage(types, type, json),
    print: (type, bytes) => printMessage(types, type, bytes),
    printer: (type, bytes) => new PartPrinter(types, type, bytes),
    scanner: (bytesMax) => new JsonScanner(bytesMax),
  };
}
