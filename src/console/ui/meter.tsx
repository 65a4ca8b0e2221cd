export interface MeterProps {
  readonly value: number;
  readonly max: number;
  /** Names what is measured, with its value in words. */
  readonly label: string;
}

/** A bar that shows a share of something. */
export function Meter({ value, max, label }: MeterProps) {
  const share = max > 0 ? Math.min(1, Math.max(0, value / max)) : 0;
  return (
    <span class="meter" role="img" aria-label={label} title={label}>
      <span style={{ inlineSize: `${(share * 100).toFixed(1)}%` }} />
    </span>
  );
}
