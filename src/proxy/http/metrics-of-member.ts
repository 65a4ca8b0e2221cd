import { get as getPlain, type RequestOptions } from "node:http";
import { get as getSecurely } from "node:https";
import type { TlsOptions } from "../../client/index.js";

/** The longest answer that is passed on. */
const bodyBytesMax = 64 * 1024 * 1024;
const answerMsMax = 10_000;

/**
 * Reads `/metrics` of a member.
 *
 * @param endpoint `host:port` or a URL
 * @throws Error when the member does not answer
 */
export function metricsOfMember(endpoint: string, tls: TlsOptions | undefined): Promise<string> {
  const [, scheme, authority = endpoint] = /^(https?):\/\/([^/]+)/.exec(endpoint) ?? [];
  const secure = scheme === "https" || (scheme === undefined && tls !== undefined);
  const url = `${secure ? "https" : "http"}://${authority}/metrics`;
  const options: RequestOptions = { timeout: answerMsMax, agent: false, ...(secure && securityOf(tls)) };
  return new Promise((resolve, reject) => {
    const request = (secure ? getSecurely : getPlain)(url, options, (response) => {
      const parts: Buffer[] = [];
      let bytes = 0;
      response.on("data", (part: Buffer) => {
        bytes += part.length;
        parts.push(part);
        if (bytes > bodyBytesMax) request.destroy(new Error(`the metrics are longer than ${bodyBytesMax} bytes`));
      });
      response.on("end", () => resolve(Buffer.concat(parts).toString()));
      response.on("error", reject);
    });
    request.on("timeout", () => request.destroy(new Error("the member does not answer")));
    request.on("error", reject);
  });
}

function securityOf(tls: TlsOptions | undefined) {
  return {
    rejectUnauthorized: tls?.insecureSkipVerify !== true,
    ...(tls?.ca !== undefined && { ca: Buffer.from(tls.ca) }),
    ...(tls?.cert !== undefined && { cert: Buffer.from(tls.cert) }),
    ...(tls?.key !== undefined && { key: Buffer.from(tls.key) }),
  };
}
