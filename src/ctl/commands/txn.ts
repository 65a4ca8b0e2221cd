import type { ApiLevel } from "../../base/index.js";
import { assertNever } from "../../base/index.js";
import {
  arrayOf,
  type Bytes,
  badArgs,
  ExitCode,
  Failure,
  FlagError,
  FlagSet,
  HelpWanted,
  NumberError,
  parseInt64,
  printLine,
  quote,
  saturated,
  unquote,
} from "../../cli/index.js";
import { type Compare, CompareResult, CompareTarget, type RequestOp } from "../../wire/index.js";
import { argify } from "../argify.js";
import type { Context } from "../context.js";
import { orFail } from "../failure-of.js";
import { linesOfInput } from "../input.js";
import { delFlags, getFlags, putFlags } from "../specs/key-flags.js";
import { deleteRequest } from "./del.js";
import { rangeRequest } from "./get.js";
import { putRequest } from "./put.js";

export async function txn(context: Context): Promise<void> {
  if (context.args.length > 0) throw badArgs("txn command does not accept argument");
  const client = await context.connect();
  const lines = linesOfInput();
  const prompt = (text: string): void => {
    if (context.flags.bool("interactive")) printLine(text);
  };
  prompt("compares:");
  const compare = await section(lines, compareOf);
  prompt("success requests (get, put, del):");
  const operation = (line: Bytes) => operationOf(line, context.release);
  const success = await section(lines, operation);
  prompt("failure requests (get, put, del):");
  const failure = await section(lines, operation);
  const response = await orFail(client.txn({ compare, success, failure }));
  await context.answer({ kind: "txn", response });
}

/** Parses the lines of a section, which ends with an empty line. */
async function section<T>(lines: AsyncGenerator<Bytes, void>, read: (line: Bytes) => T | Promise<T>): Promise<T[]> {
  const found: T[] = [];
  for (;;) {
    const next = await lines.next();
    if (next.done === true) throw new Failure(ExitCode.InvalidInput, "EOF");
    const line = next.value.trim();
    if (line === "") return found;
    found.push(await read(line));
  }
}

function malformed(text: string): Failure {
  return new Failure(ExitCode.InvalidInput, text);
}

const results: Readonly<Record<string, number>> = {
  "=": CompareResult.EQUAL,
  "!=": CompareResult.NOT_EQUAL,
  ">": CompareResult.GREATER,
  "<": CompareResult.LESS,
};

/** Parses a comparison such as `value("key") = "text"` or `ver("key") > "3"`. @throws Failure */
function compareOf(line: Bytes): Compare {
  const paren = line.indexOf("(");
  if (paren < 0) throw malformed(`malformed comparison: ${line}`);
  const target = line.slice(0, paren);
  const { key, operator, value } = scan(line, target, line.slice(paren + 1));
  const union = targetOf(line, target, value);
  const result = results[operator];
  if (result === undefined) throw malformed(`malformed comparison: ${line} (unknown operator ${operator})`);
  return { ...union, result, key, rangeEnd: "" };
}

/** Parses the part `"key") = "value"`. A refusal quotes what could be parsed. */
function scan(line: Bytes, target: Bytes, text: Bytes): { key: Bytes; operator: Bytes; value: Bytes } {
  let rest = text.trimStart();
  const key = unquote(rest);
  rest = rest.slice(key?.length ?? 0);
  const operator = key === undefined ? undefined : /^\)\s*(\S+)/.exec(rest);
  rest = rest.slice(operator?.[0].length ?? 0).trimStart();
  const value = operator === undefined || operator === null ? undefined : unquote(rest);
  const found = { key: key?.value ?? "", operator: operator?.[1] ?? "", value: value?.value ?? "" };
  if (value !== undefined) return found;
  const got = `${target}(${quote(found.key)}) ${found.operator} ${quote(found.value)}`;
  throw malformed(`malformed comparison: ${line}; got ${got}`);
}

function targetOf(line: Bytes, target: Bytes, value: Bytes): Pick<Compare, "target" | "targetUnion"> {
  const number = (radix: 10 | 16): bigint => {
    try {
      return parseInt64(value, radix);
    } catch (error) {
      if (error instanceof NumberError) throw malformed(`invalid txn compare request: ${line}`);
      throw error;
    }
  };
  switch (target) {
    case "ver":
    case "version":
      return { target: CompareTarget.VERSION, targetUnion: { case: "version", value: saturated(number(10)) } };
    case "c":
    case "create":
      return { target: CompareTarget.CREATE, targetUnion: { case: "createRevision", value: saturated(number(10)) } };
    case "m":
    case "mod":
      return { target: CompareTarget.MOD, targetUnion: { case: "modRevision", value: saturated(number(10)) } };
    case "val":
    case "value":
      return { target: CompareTarget.VALUE, targetUnion: { case: "value", value: arrayOf(value) } };
    case "lease":
      // etcdctl 3.5 crashes on this target. Lease ids are written in hexadecimal, as in all other commands.
      return { target: CompareTarget.LEASE, targetUnion: { case: "lease", value: number(16) } };
    default:
      throw malformed(`malformed comparison: ${line} (unknown target ${target})`);
  }
}

const operations = { put: putFlags, get: getFlags, del: delFlags } as const;

async function operationOf(line: Bytes, release: ApiLevel): Promise<RequestOp> {
  const [word = "", ...argv] = argify(line);
  if (argv.length < 1) throw malformed(`invalid txn compare request: ${line}`);
  const names = (["put", "get", "del"] as const).filter((candidate) => candidate.startsWith(word));
  const [name] = names;
  if (name === undefined || names.length > 1) throw malformed(`invalid txn request: ${line}`);
  const flags = new FlagSet(operations[name]);
  try {
    flags.parse(argv);
  } catch (error) {
    if (error instanceof FlagError || error instanceof HelpWanted) throw malformed(`invalid txn request: ${line}`);
    throw error;
  }
  switch (name) {
    case "put":
      return { request: { case: "requestPut", value: await putRequest(flags, flags.args) } };
    case "get":
      return { request: { case: "requestRange", value: rangeRequest(flags, flags.args) } };
    case "del":
      return { request: { case: "requestDeleteRange", value: deleteRequest(flags, flags.args, release) } };
    default:
      return assertNever(name);
  }
}
