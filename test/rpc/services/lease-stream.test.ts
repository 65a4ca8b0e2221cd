import { once } from "node:events";
import { afterEach, describe, expect, test } from "vitest";
import { apiLevels, assert, GrpcCode } from "../../../src/base/index.js";
import { grpcTransport } from "../../../src/client/grpc-transport.js";
import { type Etcd, startEtcd } from "../../../src/embed/index.js";
import { services } from "../../../src/wire/index.js";
import { TestClient } from "../../support/client.js";
import { until } from "../../support/until.js";

// Tests how streams of LeaseKeepAlive end, and how that is counted: by the real cause at every level, as in etcd 3.7.

const running: { stop(): Promise<unknown> | undefined }[] = [];
afterEach(async () => {
  for (const one of running.splice(0).reverse()) await one.stop();
});

describe.each(apiLevels)("LeaseKeepAlive at level %s", (apiLevel) => {
  async function opened() {
    const etcd = await startEtcd({ apiLevel });
    const client = new TestClient(new URL(etcd.endpoints[0] ?? "").host);
    running.push(etcd, { stop: async () => client.close() });
    const { id } = await client.unary("etcdserverpb.Lease", "LeaseGrant", { ttl: 60 });
    const stream = client.stream("etcdserverpb.Lease", "LeaseKeepAlive");
    // A status that is not OK is emitted as an error, too.
    stream.on("error", () => undefined);
    stream.write({ id });
    expect((await once(stream, "data"))[0]).toMatchObject({ id, ttl: 60 });
    return { etcd, id, stream };
  }

  async function counted(etcd: Etcd, code: string): Promise<void> {
    const labels = `grpc_code="${code}",grpc_method="LeaseKeepAlive",grpc_service="etcdserverpb.Lease"`;
    await until(async () =>
      (await etcd.metrics()).includes(`grpc_server_handled_total{${labels},grpc_type="bidi_stream"} 1`),
    );
  }

  test("a client that leaves ends it as cancelled", async () => {
    const { etcd, id } = await opened();
    // A stream that @grpc/grpc-js cancels ends its requests first, which the member may notice before the reset.
    const link = grpcTransport({ endpoints: etcd.endpoints }).links[0];
    assert(link !== undefined, "there is a link for each endpoint");
    running.push({ stop: async () => link.close() });
    const { LeaseKeepAlive } = services["etcdserverpb.Lease"];
    await new Promise<void>((resolve, reject) => {
      const call = { metadata: {}, timeoutMs: Number.POSITIVE_INFINITY };
      const stream = link.stream(LeaseKeepAlive, call, {
        message: () => {
          stream.cancel();
          resolve();
        },
        closed: reject,
      });
      stream.send(LeaseKeepAlive.request.create({ id }));
    });
    await counted(etcd, "Canceled");
  });

  test("a client that ends its requests ends it without an error", async () => {
    const { etcd, stream } = await opened();
    stream.end();
    await once(stream, "end");
    await counted(etcd, "OK");
  });

  test("a member that stops ends it as unavailable, so that clients go to another", async () => {
    const { etcd, stream } = await opened();
    const ended = new Promise((resolve) => stream.once("status", resolve));
    await etcd.stop();
    expect(await ended).toMatchObject({ code: GrpcCode.Unavailable, details: "etcdserver: server stopped" });
  });
});
