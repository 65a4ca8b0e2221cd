/** The addresses at which a member may serve this page, by the URLs that it advertises to clients. */
export function consoleUrls(clientUrls: readonly string[]): readonly string[] {
  return clientUrls.filter((url) => /^https?:\/\//.test(url)).map((url) => `${url.replace(/\/+$/, "")}/console/`);
}
