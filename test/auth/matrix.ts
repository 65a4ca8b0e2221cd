import { readFileSync } from "node:fs";
import {
  AuthEnableRequest,
  AuthenticateRequest,
  AuthRoleAddRequest,
  AuthRoleGrantPermissionRequest,
  AuthUserAddRequest,
  AuthUserGrantRoleRequest,
  authpb,
  LeaseGrantRequest,
  type Method,
  PutRequest,
  services,
} from "../../src/wire/index.js";
import { type Asker, askers, leases, revocable, rows } from "./matrix-rows.js";

/** The answers of etcd 3.5.30. */
export const theirs = readFileSync(new URL("testdata/matrix-3.5.txt", import.meta.url), "utf8");
/** The same answers, except for one gap in etcd: a watch without an end gets keys that its user may not read. */
export const ours = theirs.replace(
  "E T + - + - - +  Watch from a key of mine on\n",
  "E T - - - - - +  Watch from a key of mine on\n",
);

/** The outcome of a call, or the first answer of a stream. */
export type Outcome = { readonly bytes: Uint8Array } | { readonly code: string; readonly text: string };

/** A way to make requests to one server. */
export interface Asking {
  call(path: string, stream: boolean, request: Uint8Array, token: string | undefined): Promise<Outcome>;
}

/** Creates users, roles, keys and leases, and makes all requests as all users. @returns the answers */
export async function matrix(server: Asking): Promise<string> {
  await prepare(server);
  const tokens = new Map<Asker, string>([["forger", "abcdefghijklmnop.1"]]);
  for (const asker of askers) {
    if (asker === "nobody" || asker === "forger") continue;
    const { Authenticate } = services["etcdserverpb.Auth"];
    const { token } = await must(server, Authenticate, AuthenticateRequest.create({ name: asker, password: asker }));
    tokens.set(asker, token);
  }
  await prepareKeys(server, tokens.get("root"));
  const marks = new Marks();
  let text = "";
  for (const { name, path, stream, encode, spares } of rows) {
    // The requests run concurrently, since none of them affects the others.
    const outcomes = await Promise.all(
      askers.map((asker) =>
        asker === spares ? undefined : server.call(path, stream, encode(asker), tokens.get(asker)),
      ),
    );
    const columns = outcomes.map((outcome) => (outcome === undefined ? "." : marks.of(summary(path, outcome))));
    text += `${columns.join(" ")}  ${name}\n`;
  }
  return `${askers.join(", ")}\n${text}${marks.legend}`;
}

/** Assigns a character to each different outcome. */
class Marks {
  readonly #known = new Map([
    ["ok", "+"],
    ["PermissionDenied etcdserver: permission denied", "-"],
    ["InvalidArgument etcdserver: user name is empty", "E"],
    ["Unauthenticated etcdserver: invalid auth token", "T"],
  ]);

  of(outcome: string): string {
    const known = this.#known.get(outcome);
    if (known !== undefined) return known;
    const mark = String.fromCharCode("a".charCodeAt(0) + this.#known.size - 4);
    this.#known.set(outcome, mark);
    return mark;
  }

  get legend(): string {
    return [...this.#known].map(([outcome, mark]) => `${mark} is ${outcome}\n`).join("");
  }
}

function summary(path: string, outcome: Outcome): string {
  if ("code" in outcome) return `${outcome.code} ${outcome.text}`;
  if (path !== services["etcdserverpb.Watch"].Watch.path) return "ok";
  const { canceled, cancelReason } = services["etcdserverpb.Watch"].Watch.response.decode(outcome.bytes);
  return canceled ? cancelReason.replace(/^rpc error: code = (\w+) desc =/, "$1") : "ok";
}

/** Creates the users and roles, and enables authentication. */
export async function prepare(server: Asking): Promise<void> {
  const { UserAdd, UserGrantRole, RoleAdd, RoleGrantPermission, AuthEnable } = services["etcdserverpb.Auth"];
  const { READ, WRITE, READWRITE } = authpb.PermissionType;
  for (const [role, permType, ranges] of [
    [
      "reads",
      READ,
      [
        ["b", "d"],
        ["d", "e"],
        ["p", ""],
      ],
    ],
    [
      "writes",
      WRITE,
      [
        ["b", "e"],
        ["p", ""],
      ],
    ],
    ["opens", READWRITE, [["x", "\0"]]],
  ] as const) {
    await must(server, RoleAdd, AuthRoleAddRequest.create({ name: role }));
    for (const [key, rangeEnd] of ranges) {
      const perm = authpb.Permission.create({ permType, key, rangeEnd });
      await must(server, RoleGrantPermission, AuthRoleGrantPermissionRequest.create({ name: role, perm }));
    }
  }
  for (const [name, roles] of [
    ["root", ["root"]],
    ["reader", ["reads"]],
    ["writer", ["writes"]],
    ["both", ["reads", "writes"]],
    ["open", ["opens"]],
    ["idle", []],
  ] as const) {
    await must(server, UserAdd, AuthUserAddRequest.create({ name, password: name }));
    for (const role of roles) {
      await must(server, UserGrantRole, AuthUserGrantRoleRequest.create({ user: name, role }));
    }
  }
  await must(server, AuthEnable, AuthEnableRequest.create());
}

async function prepareKeys(server: Asking, token: string | undefined): Promise<void> {
  const value = Buffer.from("0");
  const { Put } = services["etcdserverpb.KV"];
  for (const key of "abcdefgopqxyz") await must(server, Put, PutRequest.create({ key, value }), token);
  const { LeaseGrant } = services["etcdserverpb.Lease"];
  const grant = async (kind: "mine" | "mixed" | "empty", id: bigint, name: string): Promise<void> => {
    await must(server, LeaseGrant, LeaseGrantRequest.create({ id, ttl: 1000 }), token);
    const keys = { mine: [`c${name}`], mixed: [`c${name}`, `a${name}`], empty: [] }[kind];
    for (const key of keys) await must(server, Put, PutRequest.create({ key, value, lease: id }), token);
  };
  for (const kind of ["mine", "mixed", "empty"] as const) {
    await grant(kind, leases[kind], `-${kind}`);
    for (const asker of askers) await grant(kind, revocable(kind, asker), `-${kind}-${asker}`);
  }
}

/** Like `call`, for a request that must succeed. */
export async function must<Request, Response>(
  server: Asking,
  method: Method<Request, Response>,
  request: Request,
  token?: string,
): Promise<Response> {
  const outcome = await server.call(method.path, false, method.request.encode(request), token);
  if ("code" in outcome) throw new Error(`${method.path}: ${outcome.code} ${outcome.text}`);
  return method.response.decode(outcome.bytes);
}
