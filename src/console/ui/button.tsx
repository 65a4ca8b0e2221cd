import type { ComponentChildren } from "preact";
import { Icon, type IconName } from "./icon.js";

export interface ButtonProps {
  readonly children: ComponentChildren;
  readonly kind?: "plain" | "primary" | "danger" | "quiet";
  readonly icon?: IconName;
  readonly type?: "button" | "submit";
  readonly disabled?: boolean;
  readonly title?: string;
  onClick?(): void;
}

export function Button({ children, kind = "plain", icon, type = "button", disabled, title, onClick }: ButtonProps) {
  return (
    <button class={`button ${kind}`} type={type} disabled={disabled} title={title} onClick={() => onClick?.()}>
      {icon && <Icon name={icon} />}
      <span>{children}</span>
    </button>
  );
}

export interface IconButtonProps {
  readonly icon: IconName;
  /** Says what the button does; shown when the pointer rests on it. */
  readonly label: string;
  /** Whether it is on, for a button that switches something. */
  readonly pressed?: boolean;
  readonly disabled?: boolean;
  onClick(): void;
}

export function IconButton({ icon, label, pressed, disabled, onClick }: IconButtonProps) {
  return (
    <button
      class="icon-button"
      type="button"
      aria-label={label}
      title={label}
      aria-pressed={pressed}
      disabled={disabled}
      onClick={onClick}
    >
      <Icon name={icon} />
    </button>
  );
}
