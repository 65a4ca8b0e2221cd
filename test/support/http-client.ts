import { type IncomingHttpHeaders, request } from "node:http";

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface HttpQuestion {
  readonly path: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** The number of lines after which the client disconnects; by default it reads to the end. */
  readonly lines?: number;
}

/** The timeout of a request in ms. A request that takes longer hangs. */
const patienceMs = 100_000;

/** Makes a request over a new connection. The path is sent unchanged. */
export function askHttp(endpoint: string, question: HttpQuestion): Promise<HttpAnswer> {
  const [host = "", port = ""] = endpoint.split(":");
  const { path, method = "POST", headers = {}, body, lines } = question;
  return new Promise((resolve, reject) => {
    const asked = request({ host, port, path, method, headers, agent: false, timeout: patienceMs }, (response) => {
      const chunks: Buffer[] = [];
      const answered = (): void => {
        const { statusCode: status = 0, headers: got } = response;
        resolve({ status, headers: got, body: Buffer.concat(chunks).toString("utf8") });
      };
      response.on("data", (chunk: Buffer) => {
        chunks.push(chunk);
        if (lines === undefined || Buffer.concat(chunks).toString("utf8").split("\n").length <= lines) return;
        answered();
        asked.destroy();
      });
      response.once("end", answered);
      response.once("error", reject);
    });
    asked.once("timeout", () => asked.destroy(new Error(`no answer to ${method} ${path} in ${patienceMs} ms`)));
    asked.once("error", reject);
    asked.end(body);
  });
}
