import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** The bytes of V8's heap that a result keeps, with the result. */
export function heapBytesOf<Made>(make: () => Made): { readonly made: Made; readonly heapBytes: number } {
  setFlagsFromString("--expose-gc");
  const gc: () => void = runInNewContext("gc");
  gc();
  const before = process.memoryUsage().heapUsed;
  const made = make();
  gc();
  return { made, heapBytes: process.memoryUsage().heapUsed - before };
}
