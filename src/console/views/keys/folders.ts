import type { Binary } from "../../text/binary.js";

/** The folders that lead to a prefix or key, the outermost first. */
export function foldersTo(key: Binary, separator: Binary): readonly Binary[] {
  const folders: Binary[] = [];
  for (let at = key.indexOf(separator); at >= 0; at = key.indexOf(separator, at + separator.length)) {
    folders.push(key.slice(0, at + separator.length));
  }
  return folders;
}
