/** `npm run generate` runs this program, which writes all files of src/wire/generated. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { generate, protoDirectory } from "./generator.js";

const target = join(protoDirectory(), "..", "src", "wire", "generated");
const files = generate(protoDirectory());
rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });
for (const [name, text] of files) writeFileSync(join(target, name), text);
