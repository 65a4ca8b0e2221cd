import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import protobuf from "protobufjs";
import { type Emitted, emitFile } from "./emit.js";
import { emitSchema, type ProtoFile } from "./emit-schema.js";

/** The names of the .proto files and of the generated files. */
const names = [
  "kv",
  "auth",
  "rpc",
  "membership",
  "store-v2",
  "raft-internal",
  "raft",
  "wal",
  "snap",
  "lease",
  "health",
  "lock",
  "election",
  "console",
  "reflection",
  "reflection-v1alpha",
];

/** Files that are only in the schema, since they need no codecs. */
const schemaOnly = new Set(["reflection-v1alpha"]);

/** The names of src/wire/protobuf.ts that are values. The others are types. */
const values = new Set(["asEncoded"]);

/** Generates the text of each file in src/wire/generated, by its name. */
export function generate(protoDir: string): Map<string, string> {
  const root = new protobuf.Root();
  root.resolvePath = (_origin, target) => join(protoDir, target);
  const options = { keepCase: true, alternateCommentMode: true };
  for (const name of names) root.loadSync(`${name}.proto`, options);
  root.resolveAll();
  const found = new Map<string, protobuf.ReflectionObject[]>(names.map((name) => [name, []]));
  collect(root, (object) => found.get(nameOf(object))?.push(object));
  const texts = new Map<string, string>();
  const files: ProtoFile[] = [];
  for (const [name, objects] of found) {
    const source = readFileSync(join(protoDir, `${name}.proto`), "utf8");
    if (!schemaOnly.has(name)) {
      texts.set(`${name}.ts`, fileText(name, emitFile(objects, source.includes('syntax = "proto2"'))));
    }
    const imports = [...source.matchAll(/^import "(.+)\.proto";$/gm)].map(([, imported = ""]) => imported);
    files.push({ name, imports, objects });
  }
  return texts.set("schema.ts", emitSchema(files));
}

/** The folder of the .proto files, for the compiled generator and for its source. */
export function protoDirectory(): string {
  const here = dirname(fileURLToPath(import.meta.url));
  return here.endsWith("build") ? dirname(here) : here;
}

/** Calls `found` for all definitions in a package. */
function collect(namespace: protobuf.NamespaceBase, found: (object: protobuf.ReflectionObject) => void): void {
  for (const object of namespace.nestedArray) {
    const leaf =
      object instanceof protobuf.Type || object instanceof protobuf.Enum || object instanceof protobuf.Service;
    if (leaf) found(object);
    else if (object instanceof protobuf.Namespace) collect(object, found);
  }
}

function nameOf(object: protobuf.ReflectionObject): string {
  return (object.filename ?? "").replace(/^.*\//, "").replace(/\.proto$/, "");
}

function fileText(name: string, emitted: Emitted): string {
  const body = emitted.lines.join("\n");
  const imports: string[] = [];
  const base = [...(/\bemptyBytes\b/.test(body) ? ["emptyBytes"] : []), ...(/\bKey\b/.test(body) ? ["type Key"] : [])];
  if (base.length === 1 && base[0] === "type Key") imports.push('import type { Key } from "../../base/index.js";');
  else if (base.length > 0) imports.push(`import { ${base.join(", ")} } from "../../base/index.js";`);
  const fieldNumbers = emitted.names.has("FieldNumbers");
  if (fieldNumbers) imports.push('import type { FieldNumbers } from "../malformed.js";');
  const used = [...emitted.names].filter((item) => item !== "FieldNumbers").sort();
  const written = used.map((item) => (values.has(item) ? item : `type ${item}`));
  imports.push(`import { ${written.join(", ")} } from "../protobuf.js";`);
  imports.push('import { Reader } from "../reader.js";');
  imports.push('import { sharedWriter } from "../writer.js";');
  for (const file of names.filter((other) => other !== name)) {
    const list = [...emitted.messages].filter((type) => nameOf(type) === file).map((type) => type.name);
    if (list.length === 0) continue;
    list.sort();
    const line = `import { ${list.join(", ")} } from "./${file}.js";`;
    imports.push(line.length <= 120 ? line : `import {\n  ${list.join(",\n  ")},\n} from "./${file}.js";`);
  }
  const note = `// Written by \`npm run generate\` from proto/${name}.proto; changes belong there.`;
  return `${[note, ...imports].join("\n")}\n${body}\n`;
}
