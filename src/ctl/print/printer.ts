import type { Answer, PrintOptions } from "./answer.js";

/** Prints an answer. Only the requested format is loaded. @throws Failure when it does not support the answer */
export async function printAnswer(answer: Answer, format: string, options: PrintOptions): Promise<void> {
  switch (format) {
    case "json":
      (await import("./json.js")).printJson(answer, options);
      break;
    case "fields":
      (await import("./fields.js")).printFields(answer, options);
      break;
    case "protobuf":
      (await import("./protobuf.js")).printProtobuf(answer);
      break;
    case "table":
      (await import("./table.js")).printTable(answer, options.release);
      break;
    default:
      (await import("./simple.js")).printSimple(answer, options);
      break;
  }
}
