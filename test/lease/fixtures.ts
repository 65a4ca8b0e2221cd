import { type Backend, openMemoryBackend } from "../../src/backend/index.js";
import { finish, type LeaseId, ManualClock, silentLogger, unboundedWork } from "../../src/base/index.js";
import { type CheckpointOptions, type Lease, Lessor } from "../../src/lease/index.js";

export interface Bench {
  readonly clock: ManualClock;
  readonly backend: Backend;
  readonly lessor: Lessor;
}

/** A lessor on an empty backend. Its minimum TTL is 2 s. */
export async function openBench(checkpoints?: CheckpointOptions, persist = false): Promise<Bench> {
  const clock = new ManualClock();
  const backend = await openBackend(clock);
  return { clock, backend, lessor: makeLessor(backend, clock, checkpoints, persist) };
}

export function openBackend(clock: ManualClock): Promise<Backend> {
  const onFailure = (error: Error): void => {
    throw error;
  };
  return openMemoryBackend({ clock, logger: silentLogger, onFailure });
}

export function makeLessor(
  backend: Backend,
  clock: ManualClock,
  checkpoints?: CheckpointOptions,
  persist = false,
): Lessor {
  const persistsCheckpoints = (): boolean => persist;
  return new Lessor({ backend, clock, logger: silentLogger, minTtlSeconds: 2, checkpoints, persistsCheckpoints });
}

/** All leases, as a client gets them. */
export function leasesOf(lessor: Lessor): Lease[] {
  return finish(lessor.leasesInSteps(unboundedWork));
}

export function id(value: number | bigint): LeaseId {
  return BigInt(value) as LeaseId;
}

/** The kind of the `EtcdError` that `run` throws. */
export function refusal(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return kindOf(error);
  }
  return "nothing thrown";
}

export function kindOf(error: unknown): unknown {
  return error instanceof Error && "kind" in error ? error.kind : error;
}
