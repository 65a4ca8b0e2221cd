import type { ComponentChild } from "preact";
import type { IconName } from "../ui/icon.js";

/** A part of the page that navigation leads to. */
export interface View {
  /** In the URL: `#/keys`. */
  readonly path: string;
  readonly title: string;
  readonly icon: IconName;
  /** The second key of the shortcut, after `g`. */
  readonly key: string;
  /** Whether only root can use it. */
  readonly rootOnly?: boolean;
  readonly component: () => ComponentChild;
}
