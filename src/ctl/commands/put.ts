import { arrayOf, type Bytes, badArgs, type FlagSet, NumberError, parseInt64 } from "../../cli/index.js";
import { PutRequest } from "../../wire/index.js";
import type { Context } from "../context.js";
import { orFail } from "../failure-of.js";
import { allOfInput } from "../input.js";

export async function put(context: Context): Promise<void> {
  const request = await putRequest(context.flags, context.args);
  const client = await context.connect();
  const response = await orFail(client.put(request, context.call));
  await context.answer({ kind: "put", response });
}

const wrongCount = "put command needs 1 argument and input from stdin or 2 arguments";

/** The request of `put`, as a command or in a transaction. A missing value is read from stdin. @throws Failure */
export async function putRequest(flags: FlagSet, args: readonly Bytes[]): Promise<PutRequest> {
  const [key, given] = args;
  if (key === undefined) throw badArgs(wrongCount);
  const ignoreValue = flags.bool("ignore-value");
  if (ignoreValue && given !== undefined) {
    throw badArgs("put command needs only 1 argument when 'ignore-value' is set");
  }
  let value = given ?? "";
  if (given === undefined && !ignoreValue) {
    value = await allOfInput();
    if (value === "") throw badArgs(wrongCount);
  }
  return PutRequest.create({
    key,
    value: arrayOf(value),
    lease: leaseOf(flags.text("lease")),
    prevKv: flags.bool("prev-kv"),
    ignoreValue,
    ignoreLease: flags.bool("ignore-lease"),
  });
}

function leaseOf(text: Bytes): bigint {
  try {
    return parseInt64(text, 16);
  } catch (error) {
    if (error instanceof NumberError) throw badArgs(`bad lease ID (${error.message}), expecting ID in Hex`);
    throw error;
  }
}
