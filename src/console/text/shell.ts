import { type Binary, shownParts } from "./binary.js";

/** One word of a command line. Bytes that a terminal cannot show are written in the form `$'\xNN'` of bash and zsh. */
export function shellWord(word: Binary): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  const parts = shownParts(word);
  if (parts.every(({ escaped }) => !escaped)) {
    const text = parts.map((part) => part.text).join("");
    return `'${text.replaceAll("'", "'\\''")}'`;
  }
  const escaped = parts.map((part) => (part.escaped ? part.text : part.text.replace(/[\\']/g, "\\$&")));
  return `$'${splitAfterEscapes(escaped.join(""))}'`;
}

/** A command line of etcdctl. @param words binary strings, which are quoted where they need it */
export function etcdctlLine(words: readonly Binary[]): string {
  return ["etcdctl", ...words.map(shellWord)].join(" ");
}

/** In `\x1f` of some shells a third hexadecimal digit would count too, so that the next letter starts a new string. */
function splitAfterEscapes(text: string): string {
  return text.replace(/\\x[0-9a-f]{2}(?=[0-9a-fA-F])/g, (escaped) => `${escaped}'$'`);
}
