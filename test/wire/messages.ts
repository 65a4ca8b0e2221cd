import { fileURLToPath } from "node:url";
import protobuf from "protobufjs";
import { fullName } from "../../proto/schema.js";
import * as auth from "../../src/wire/generated/auth.js";
import * as consoleCalls from "../../src/wire/generated/console.js";
import * as election from "../../src/wire/generated/election.js";
import * as health from "../../src/wire/generated/health.js";
import * as kv from "../../src/wire/generated/kv.js";
import * as lease from "../../src/wire/generated/lease.js";
import * as lock from "../../src/wire/generated/lock.js";
import * as membership from "../../src/wire/generated/membership.js";
import * as raft from "../../src/wire/generated/raft.js";
import * as raftInternal from "../../src/wire/generated/raft-internal.js";
import * as reflection from "../../src/wire/generated/reflection.js";
import * as rpc from "../../src/wire/generated/rpc.js";
import * as storeV2 from "../../src/wire/generated/store-v2.js";
import type { Codec } from "../../src/wire/protobuf.js";

/** A message of any type, for tests of all types. */
export type AnyMessage = Readonly<Record<string, unknown>>;

export interface MessageUnderTest {
  readonly name: string;
  readonly codec: Codec<AnyMessage>;
  /** The type that protobufjs makes from the .proto file. */
  readonly type: protobuf.Type;
  readonly proto2: boolean;
}

const generated = new Map<string, Readonly<Record<string, unknown>>>(
  Object.entries({
    auth,
    console: consoleCalls,
    election,
    health,
    kv,
    lease,
    lock,
    membership,
    raft,
    "raft-internal": raftInternal,
    reflection,
    rpc,
    "store-v2": storeV2,
  }),
);

/** All messages of all .proto files, by their full names. */
export const messages: ReadonlyMap<string, MessageUnderTest> = findMessages();

export function messageNamed(name: string): MessageUnderTest {
  const found = messages.get(name);
  if (found === undefined) throw new Error(`there is no message ${name}`);
  return found;
}

function findMessages(): Map<string, MessageUnderTest> {
  const root = new protobuf.Root();
  root.resolvePath = (_origin, target) => fileURLToPath(new URL(`../../proto/${target}`, import.meta.url));
  // The marks of fields are in comments. The default mode keeps only some of these.
  for (const file of generated.keys()) root.loadSync(`${file}.proto`, { keepCase: true, alternateCommentMode: true });
  root.resolveAll();
  const found = new Map<string, MessageUnderTest>();
  const visit = (namespace: protobuf.NamespaceBase): void => {
    for (const object of namespace.nestedArray) {
      if (object instanceof protobuf.Type) found.set(fullName(object), messageOf(object));
      else if (object instanceof protobuf.Namespace) visit(object);
    }
  };
  visit(root);
  return found;
}

function messageOf(type: protobuf.Type): MessageUnderTest {
  const file = (type.filename ?? "").replace(/^.*\/(.*)\.proto$/, "$1");
  const codec = generated.get(file)?.[type.name];
  if (!isCodec(codec)) throw new Error(`no codec was generated for ${type.fullName}`);
  return { name: fullName(type), codec, type, proto2: file === "raft" || file === "store-v2" };
}

function isCodec(value: unknown): value is Codec<AnyMessage> {
  return typeof value === "object" && value !== null && "decode" in value && "encode" in value;
}
