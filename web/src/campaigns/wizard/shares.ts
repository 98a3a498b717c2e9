// Several texts beside one another: how the recipients are shared out.
import type { Variant } from "../../gen/wire";

export const MOST_VARIANTS = 10; // as the server's domain/campaigns/variants.py

export const letter = (index: number): string => String.fromCharCode(65 + index);
export const sumOf = (variants: readonly Variant[]): number => variants.reduce((sum, one) => sum + one.share, 0);

/** Shares that add up to 100 and differ by one at most, the first ones being the larger. */
export function evenly(variants: readonly Variant[]): Variant[] {
  const [share, over] = [Math.floor(100 / variants.length), 100 % variants.length];
  return variants.map((one, index) => ({ ...one, share: share + (index < over ? 1 : 0) }));
}
