import type { HttpQuestion } from "../../support/http-client.js";

/** A request, and the parts of its answer that are not compared. */
export interface GatewayStep extends HttpQuestion {
  readonly hide?: RegExp;
  /** The user whose token the step sends. The user has logged in before. */
  readonly as?: string;
}
