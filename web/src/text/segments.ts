// What a text costs on the air, as 3GPP TS 23.038 counts it; the same rules as the server's.

export type Encoding = "GSM-7" | "UCS-2";

export interface Segments {
  readonly count: number;
  readonly encoding: Encoding;
  /** Septets or UTF-16 units that still fit into the last segment. */
  readonly left: number;
  /** The first character outside of GSM-7, and what the text would cost without all of its kind. */
  readonly costly: { readonly char: string; readonly without: number } | null;
}

// No backtick, no tab, no ç and no á í ó ú.
const BASIC = new Set(
  "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà",
);
const ESCAPED = new Set("\f^{}\\[~]|€"); // each costs an escape and itself
const LIMITS: Record<Encoding, readonly [single: number, several: number]> = { "GSM-7": [160, 153], "UCS-2": [70, 67] };

/** An escape pair or a surrogate pair is never split: a cut within it moves before it. */
function pack(sizes: readonly number[], encoding: Encoding): { count: number; left: number } {
  const [single, several] = LIMITS[encoding];
  const units = sizes.reduce((sum, size) => sum + size, 0);
  if (units <= single) return { count: Math.min(1, units), left: single - units };
  let count = 1;
  let used = 0;
  for (const size of sizes) {
    if (used + size > several) {
      count += 1;
      used = 0;
    }
    used += size;
  }
  return { count, left: several - used };
}

const isGsm = (char: string): boolean => BASIC.has(char) || ESCAPED.has(char);

function measure(chars: readonly string[]): { count: number; left: number; encoding: Encoding } {
  const encoding: Encoding = chars.every(isGsm) ? "GSM-7" : "UCS-2";
  const sizes = chars.map((char) => (encoding === "GSM-7" ? (ESCAPED.has(char) ? 2 : 1) : char.length));
  return { ...pack(sizes, encoding), encoding };
}

export function countSegments(text: string): Segments {
  const chars = [...text];
  const measured = measure(chars);
  const first = chars.find((char) => !isGsm(char));
  if (first === undefined) return { ...measured, costly: null };
  return { ...measured, costly: { char: first, without: measure(chars.filter(isGsm)).count } };
}

/** How to name a character that may be invisible or a mere mark. */
export function nameOf(char: string): string {
  if (char === "\t") return "A tab";
  if (/^[\p{Z}\p{C}]$/u.test(char)) return `An invisible character (U+${(char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")})`;
  return char;
}

// What keyboards put in by themselves and what reads the same in GSM-7. Letters stay: another letter is another word.
const PLAIN: Record<string, string> = { "'": "‘’‛′`´", '"': "“”‟„″", "-": "‐‑‒–—−", "...": "…", "- ": "•", " ": "\t\u00a0\u2007\u2009\u202f", "": "\u200b\u2060\ufeff" };
const KIN = new Map(Object.entries(PLAIN).flatMap(([plain, chars]) => [...chars].map((char) => [char, plain] as const)));

export const plain = (text: string): string => [...text].map((char) => KIN.get(char) ?? char).join("");
