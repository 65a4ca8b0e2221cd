import { type Bytes, badArgs, NumberError, parseInt64, quote } from "../cli/index.js";

/** The version that `--target-version` names, `3.6.0` for `3.6`. @throws Failure with etcd's text */
export function targetVersion(text: Bytes): string {
  const parts = text.split(".");
  if (parts.length !== 2) throw badArgs(`wrong target version format, expected "X.Y", got ${quote(text)}`);
  const [major = 0n, minor = 0n] = parts.map(numberIn);
  if (major < 3n || (major === 3n && minor < 5n)) {
    throw badArgs(`target version "${major}.${minor}" not supported. Minimal "3.5"`);
  }
  return `${major}.${minor}.0`;
}

function numberIn(text: Bytes): bigint {
  try {
    return parseInt64(text, 10);
  } catch (error) {
    if (!(error instanceof NumberError)) throw error;
    throw badArgs(`failed to parse target version: ${error.message}`);
  }
}
