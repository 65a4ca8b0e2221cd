import type { HttpQuestion } from "../../support/http-client.js";

/** A question, and what of its answer cannot be equal. */
export interface GatewayStep extends HttpQuestion {
  readonly hide?: RegExp;
  /** Name of the user whose token the step sends; the user has logged in before. */
  readonly as?: string;
}
