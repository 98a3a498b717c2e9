// Names and numbers as people write them.

/** +12125550100 as (212) 555-0100. Other countries stay as they are: without their plans any grouping would be a guess. */
export function formatNumber(address: string): string {
  const us = /^\+1(\d{3})(\d{3})(\d{4})$/.exec(address);
  return us ? `(${us[1]}) ${us[2]}-${us[3]}` : address;
}

export const nameOrNumber = (row: { name: string | null; address: string }): string => row.name || formatNumber(row.address);

/** Two letters at most; none for a bare number. */
export function initials(name: string | null): string {
  const words = (name ?? "").split(/\s+/).filter((word) => /^\p{L}/u.test(word));
  const letters = words.length > 1 ? [words[0], words[words.length - 1]] : words.slice(0, 1);
  return letters.map((word) => [...(word as string)][0]?.toUpperCase()).join("");
}
