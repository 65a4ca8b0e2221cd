import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { fail } from "./http-answer.js";
import { redirect } from "./http-paths.js";

/** The path of the console's page, and the prefix of its files. */
export const consolePrefix = "/console/";

/** A file of the console as it is sent. */
interface ConsoleFile {
  readonly type: string;
  readonly plain: Variant;
  readonly gzip: Variant;
  readonly caching: string;
}

interface Variant {
  readonly bytes: Buffer;
  /** The entity tag of these bytes, in quotes. */
  readonly tag: string;
}

const types: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml",
};

/** A year. The name of such a file contains a hash of its bytes. */
const forGood = "public, max-age=31536000, immutable";

/** The page runs only its own script, reaches only this server, and cannot be put into another page. */
const protections: Readonly<Record<string, string>> = {
  "Content-Security-Policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
    "font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
};

/** Serves the files of the console's page. They are read by the first request, and then kept: some 200 KiB. */
export class ConsoleFiles {
  readonly #folder: URL;
  #loading: Promise<ReadonlyMap<string, ConsoleFile>> | undefined;

  /** @param folder the folder that `bin/bundle-console` makes, with a slash at its end */
  constructor(folder: URL) {
    this.#folder = folder;
  }

  /** Whether a path belongs to the console. */
  static has(path: string): boolean {
    return path === consolePrefix.slice(0, -1) || path.startsWith(consolePrefix);
  }

  /** Answers a request for a path of the console. */
  async answer(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    for (const [name, value] of Object.entries(protections)) response.setHeader(name, value);
    // The files are for this page alone, whatever the API allows to others.
    for (const name of response.getHeaderNames()) if (name.startsWith("access-control-")) response.removeHeader(name);
    const { method } = request;
    if (method !== "GET" && method !== "HEAD") {
      response.setHeader("Allow", "GET, HEAD");
      fail(response, 405, "Method Not Allowed");
      return;
    }
    if (!path.startsWith(consolePrefix)) {
      redirect(request, response, consolePrefix);
      return;
    }
    const file = (await this.#files()).get(path.slice(consolePrefix.length) || "index.html");
    if (file === undefined) fail(response, 404, "404 page not found");
    else send(file, request, response);
  }

  #files(): Promise<ReadonlyMap<string, ConsoleFile>> {
    if (this.#loading === undefined) {
      const loading = load(this.#folder);
      this.#loading = loading;
      // A later request tries again.
      loading.catch(() => {
        this.#loading = undefined;
      });
    }
    return this.#loading;
  }
}

async function load(folder: URL): Promise<ReadonlyMap<string, ConsoleFile>> {
  const names = (await readdir(folder)).filter((name) => types[endingOf(name)] !== undefined);
  const read = async (name: string): Promise<readonly [string, ConsoleFile]> => {
    const [plain, gzip] = await Promise.all([readFile(new URL(name, folder)), readFile(new URL(`${name}.gz`, folder))]);
    const type = types[endingOf(name)] ?? "";
    const caching = /-[0-9a-f]{16}\./.test(name) ? forGood : "no-cache";
    return [name, { type, caching, plain: variantOf(plain), gzip: variantOf(gzip) }];
  };
  return new Map(await Promise.all(names.map(read)));
}

function endingOf(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1);
}

function variantOf(bytes: Buffer): Variant {
  return { bytes, tag: `"${createHash("sha256").update(bytes).digest("base64url").slice(0, 22)}"` };
}

function send({ type, caching, plain, gzip }: ConsoleFile, request: IncomingMessage, response: ServerResponse): void {
  const packed = acceptsGzip(request.headers["accept-encoding"] ?? "");
  const { bytes, tag } = packed ? gzip : plain;
  response.setHeader("Cache-Control", caching);
  response.setHeader("ETag", tag);
  response.setHeader("Vary", "Accept-Encoding");
  if (names(request.headers["if-none-match"] ?? "", tag)) {
    response.statusCode = 304;
    response.end();
    return;
  }
  response.setHeader("Content-Type", type);
  if (packed) response.setHeader("Content-Encoding", "gzip");
  response.setHeader("Content-Length", bytes.length);
  response.end(request.method === "HEAD" ? undefined : bytes);
}

/** Whether a list of codings, such as `br, gzip;q=0.5`, has gzip with a weight above zero (RFC 9110, 12.5.3). */
function acceptsGzip(codings: string): boolean {
  const weights = new Map(
    codings.split(",").map((coding) => {
      const [name = "", ...parameters] = coding.split(";").map((part) => part.trim().toLowerCase());
      const weight = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2);
      return [name, weight === undefined ? 1 : Number(weight)];
    }),
  );
  return (weights.get("gzip") ?? weights.get("*") ?? 0) > 0;
}

/** Whether a list of entity tags contains this one, or means any (RFC 9110, 13.1.2). */
function names(list: string, tag: string): boolean {
  return list.split(",").some((one) => {
    const wanted = one.trim().replace(/^W\//, "");
    return wanted === tag || wanted === "*";
  });
}
