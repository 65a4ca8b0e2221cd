/**
 * Parses the peer URLs of a new member as etcd does: trimmed and sorted.
 *
 * @returns undefined when there are none, or one is not `http://host:port`, `https://host:port` or `unix://socket`
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
      // A host and a port are required; a user and a query are accepted, although members ignore them.
      return /^(?:[^@/?#]*@)?(?:\[[0-9a-z:.%]+\]|[^:[\]@/?#]*):\d*(?:[?#].*)?$/i.test(rest)
        ? `${scheme.toLowerCase()}://${rest}`
        : undefined;
    default:
      return undefined;
  }
}
