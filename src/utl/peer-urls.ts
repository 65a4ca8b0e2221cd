import { ExitCode, Failure, quote } from "../cli/index.js";

/**
 * Parses comma-separated peer URLs and sorts them.
 *
 * @throws Failure with etcd's text
 */
export function peerUrls(text: string): readonly string[] {
  return text.split(",").map(peerUrl).sort();
}

/** Parses `a=url1,a=url2,b=url3`. A name may occur once for each of its URLs. @throws Failure */
export function initialMembers(text: string): readonly { name: string; peerUrls: readonly string[] }[] {
  const urlsOf = new Map<string, string[]>();
  for (const pair of text.split(",").filter((part) => part !== "")) {
    const [name = "", ...url] = pair.split("=");
    urlsOf.set(name, [...(urlsOf.get(name) ?? []), url.join("=")]);
  }
  return [...urlsOf].map(([name, urls]) => ({ name, peerUrls: urls.map(peerUrl).sort() }));
}

function peerUrl(text: string): string {
  const url = text.trim();
  const [, scheme = "", rest = ""] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/.exec(url) ?? [];
  if (scheme === "unix" || scheme === "unixs") return url;
  if (/[\s\p{Cc}]/u.test(url)) throw wrong(`parse ${quote(url)}: net/url: invalid control character in URL`);
  if (scheme !== "http" && scheme !== "https") throw wrong(`URL scheme must be http, https, unix, or unixs: ${url}`);
  const [authority = "", ...path] = rest.split("/");
  if (!/^(\[[0-9a-z:.%]+\]|[^:[\]]*):\d*$/i.test(authority)) {
    throw wrong(`URL address does not have the form "host:port": ${url}`);
  }
  if (path.length > 0) throw wrong(`URL must not contain a path: ${url}`);
  return url;
}

function wrong(message: string): Failure {
  return new Failure(ExitCode.Error, message);
}
