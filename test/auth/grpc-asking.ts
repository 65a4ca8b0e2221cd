import { Client, credentials, Metadata, type ServiceError, status } from "@grpc/grpc-js";
import type { Asking, Outcome } from "./matrix.js";

/** Makes requests to a server over gRPC. */
export class GrpcAsking implements Asking {
  readonly #client: Client;

  constructor(endpoint: string) {
    this.#client = new Client(endpoint, credentials.createInsecure(), { "grpc.enable_retries": 0 });
  }

  call(path: string, stream: boolean, request: Uint8Array, token: string | undefined): Promise<Outcome> {
    const metadata = new Metadata();
    if (token !== undefined) metadata.set("token", token);
    return new Promise((resolve) => {
      if (stream) {
        const call = this.#client.makeBidiStreamRequest(path, Buffer.from, asIs, metadata);
        call.on("data", (bytes: Uint8Array) => {
          resolve({ bytes });
          call.cancel();
        });
        call.on("error", (error: ServiceError) => resolve(outcomeOf(error)));
        call.write(request);
        // The method has one request, but the client opens it as a bidirectional stream.
        if (path.endsWith("/Snapshot")) call.end();
        return;
      }
      this.#client.makeUnaryRequest(path, Buffer.from, asIs, request, metadata, {}, (error, bytes) => {
        resolve(error === null ? { bytes: bytes ?? new Uint8Array(0) } : outcomeOf(error));
      });
    });
  }

  close(): void {
    this.#client.close();
  }
}

function asIs(bytes: Buffer): Uint8Array {
  return bytes;
}

function outcomeOf({ code, details }: ServiceError): Outcome {
  const name = (status[code] ?? "").toLowerCase().replace(/(?:^|_)(.)/g, (_, letter: string) => letter.toUpperCase());
  return { code: name, text: details };
}
