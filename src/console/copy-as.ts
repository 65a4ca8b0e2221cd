import { type Binary, binaryOf, prefixRange, shownParts, textOf, toBase64 } from "./text/binary.js";
import { etcdctlLine, shellWord } from "./text/shell.js";

/** The target of a read: a key, or all keys that begin with a prefix. */
export interface ReadTarget {
  readonly key: Binary;
  readonly prefix?: boolean;
  /** Absent for the current revision. */
  readonly revision?: number | undefined;
}

/** Where it is read, and by whom. */
export interface ReadPlace {
  /** Such as `http://127.0.0.1:2379`. */
  readonly origin: string;
  readonly user?: string | undefined;
}

/** The address that etcdctl uses by itself. */
const usualOrigins = ["http://127.0.0.1:2379", "http://localhost:2379"];

/** The command line of etcdctl that reads the same. */
export function asEtcdctl({ key, prefix, revision }: ReadTarget, { origin, user }: ReadPlace): string {
  const flags = [
    ...(usualOrigins.includes(origin) ? [] : [`--endpoints=${origin}`]),
    ...(user === undefined ? [] : [`--user=${binaryOf(user)}`]),
  ];
  const range = [...(prefix === true ? ["--prefix"] : []), ...(revision === undefined ? [] : [`--rev=${revision}`])];
  // A key that begins with a dash would be taken for a flag.
  return etcdctlLine([...flags, "get", ...range, ...(key.startsWith("-") ? ["--"] : []), key]);
}

/** The same read with curl. A user's token is expected in the variable TOKEN. */
export function asCurl({ key, prefix, revision }: ReadTarget, { origin, user }: ReadPlace): string {
  const range = prefix === true ? prefixRange(key) : { key, rangeEnd: "" };
  const body = {
    key: toBase64(range.key),
    ...(range.rangeEnd === "" ? {} : { range_end: toBase64(range.rangeEnd) }),
    ...(revision === undefined ? {} : { revision }),
  };
  const token = user === undefined ? "" : ' -H "Authorization: $TOKEN"';
  return `curl -s ${shellWord(`${origin}/v3/kv/range`)}${token} -d ${shellWord(JSON.stringify(body))}`;
}

/** The same read as a program with the client of this project. */
export function asTypeScript({ key, prefix, revision }: ReadTarget, { origin, user }: ReadPlace): string {
  const needsUtf8 = /\P{ASCII}/u.test(key) && textOf(key) !== undefined;
  const imports = [
    "Client",
    ...(needsUtf8 ? ["keyFromText"] : []),
    ...(prefix === true && key !== "" ? ["prefixEnd"] : []),
  ];
  const all = prefix === true && key === "";
  const written = all ? '"\\x00"' : needsUtf8 ? `keyFromText(${JSON.stringify(textOf(key))})` : bytesLiteral(key);
  const end = all ? [`rangeEnd: "\\x00"`] : prefix === true ? ["rangeEnd: prefixEnd(key)"] : [];
  const fields = ["key", ...end, ...(revision === undefined ? [] : [`revision: ${revision}`])];
  const auth =
    user === undefined ? "" : `, auth: { user: ${JSON.stringify(user)}, password: process.env.ETCD_PASSWORD ?? "" }`;
  return [
    `import { ${imports.join(", ")} } from "etcd-ts/client";`,
    "",
    `await using client = new Client({ endpoints: [${JSON.stringify(origin)}]${auth} });`,
    `const key = ${written};`,
    `const { kvs } = await client.range({ ${fields.join(", ")} });`,
    "for (const { key, value } of kvs) console.log(key, Buffer.from(value).toString());",
    "",
  ].join("\n");
}

/** A string with one character per byte, as source text. */
function bytesLiteral(binary: Binary): string {
  const text = shownParts(binary).map((part) => (part.escaped ? part.text : part.text.replace(/["\\]/g, "\\$&")));
  return `"${text.join("")}"`;
}
