import {
  type Bytes,
  badArgs,
  bytesOf,
  ExitCode,
  Failure,
  NumberError,
  parseUint64,
  printLine,
  quote,
  textOf,
} from "../../cli/index.js";
import type { MemberAddResponse } from "../../wire/index.js";
import type { Context } from "../context.js";
import { orFail } from "../failure-of.js";
import { isSerializable } from "./get.js";

export async function add(context: Context): Promise<void> {
  const [name, ...more] = context.args;
  if (name === undefined) throw badArgs("member name not provided");
  if (more.length > 0) {
    const meant = context.args.filter((word) => word.toLowerCase().startsWith("http"));
    throw badArgs(`too many arguments${meant.map((url) => `, did you mean --peer-urls=${url}`).join("")}`);
  }
  const urls = context.flags.text("peer-urls");
  if (urls === "") throw badArgs("member peer urls not provided");
  const client = await context.connect();
  const request = { peerUrls: peerUrls(urls), isLearner: context.flags.bool("learner") };
  const response = await orFail(client.addMember(request, context.call));
  await context.answer({ kind: "memberAdd", response });
  if (context.format === "simple") printSettings(name, urls, response);
}

/** Parses peer URLs with the checks that Go's client makes before it sends a request. @throws Failure */
function peerUrls(list: Bytes): string[] {
  return list.split(",").map((text) => {
    const url = text.trim();
    const [, scheme, host = "", path] = /^(\w+):\/\/([^/?#]*)([^?#]*)/.exec(url) ?? [];
    if (scheme === "unix" || scheme === "unixs") return textOf(url);
    if (scheme !== "http" && scheme !== "https") {
      throw new Failure(ExitCode.Error, `URL scheme must be http, https, unix, or unixs: ${url}`);
    }
    if (!/^(\[[^\]]*\]|[^:]*):[^:]*$/.test(host)) {
      throw new Failure(ExitCode.Error, `URL address does not have the form "host:port": ${url}`);
    }
    if (path !== "") throw new Failure(ExitCode.Error, `URL must not contain a path: ${url}`);
    return textOf(url);
  });
}

/** Prints the variables with which the new member has to be started. */
function printSettings(name: Bytes, urls: Bytes, { member: added, members }: MemberAddResponse): void {
  const cluster = members.flatMap((member) =>
    member.peerUrls.map((url) => `${member.id === added?.id ? name : bytesOf(member.name)}=${bytesOf(url)}`),
  );
  printLine("");
  printLine(`ETCD_NAME=${quote(name)}`);
  printLine(`ETCD_INITIAL_CLUSTER=${quote(cluster.join(","))}`);
  printLine(`ETCD_INITIAL_ADVERTISE_PEER_URLS=${quote(urls)}`);
  printLine('ETCD_INITIAL_CLUSTER_STATE="existing"');
}

export async function remove(context: Context): Promise<void> {
  const id = memberId(context);
  const client = await context.connect();
  const response = await orFail(client.removeMember(id, context.call));
  await context.answer({ kind: "memberRemove", id, response });
}

export async function update(context: Context): Promise<void> {
  const id = memberId(context);
  const urls = context.flags.text("peer-urls");
  if (urls === "") throw badArgs("member peer urls not provided");
  const client = await context.connect();
  const request = { id, peerUrls: peerUrls(urls) };
  const response = await orFail(client.updateMember(request, context.call));
  await context.answer({ kind: "memberUpdate", id, response });
}

export async function promote(context: Context): Promise<void> {
  const id = memberId(context);
  const client = await context.connect();
  const response = await orFail(client.promoteMember(id, context.call));
  await context.answer({ kind: "memberPromote", id, response });
}

export async function list(context: Context): Promise<void> {
  const serializable = isSerializable(context.flags.text("consistency"));
  const client = await context.connect();
  const response = await orFail(client.members({ ...context.call, serializable }));
  await context.answer({ kind: "members", response });
}

function memberId({ args }: Context): bigint {
  const [text] = args;
  if (text === undefined || args.length !== 1) throw badArgs("member ID is not provided");
  try {
    return parseUint64(text, 16);
  } catch (error) {
    if (error instanceof NumberError) throw badArgs(`bad member ID arg (${error.message}), expecting ID in Hex`);
    throw error;
  }
}
