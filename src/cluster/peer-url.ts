/**
 * The URLs of a member that is added, as etcd has them: sorted, without the blanks around them.
 *
 * @returns undefined when there are none, or one is no `http://host:port`, `https://host:port` or `unix://socket`
 */
export function parsePeerUrls(texts: readonly string[]): readonly string[] | undefined {
  const urls: string[] = [];
  for (const text of texts) {
    const url = parsePeerUrl(text.trim());
    if (url === undefined) return undefined;
    urls.push(url);
  }
  return urls.length === 0 ? undefined : urls.sort();
}

function parsePeerUrl(text: string): string | undefined {
  const [, scheme = "", rest = ""] = /^([a-z][a-z0-9+.-]*):\/\/([^\s\p{Cc}]*)$/iu.exec(text) ?? [];
  switch (scheme.toLowerCase()) {
    case "unix":
    case "unixs":
      return text;
    case "http":
    case "https":
      // A host and a port; a user before them, and a query behind, say nothing that a member would look at.
      return /^(?:[^@/?#]*@)?(?:\[[0-9a-z:.%]+\]|[^:[\]@/?#]*):\d*(?:[?#].*)?$/i.test(rest)
        ? `${scheme.toLowerCase()}://${rest}`
        : undefined;
    default:
      return undefined;
  }
}
